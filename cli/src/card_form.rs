//! The processor's card form, as far as a terminal has one: that of the sandbox. A real card is registered in an app, by
//! the form of the processor's own library.

use serde::Deserialize;
use serde_json::json;
use tegata::protocol::CardSetup;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::issuer_client::IssuerClient;

/// What the form shows once it is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FormResult {
    Succeeded,
    /// The bank asks the holder to confirm.
    Asks,
    Failed,
    UnknownCard,
    Closed,
}

#[derive(Deserialize)]
struct FormAnswer {
    result: FormResult,
}

/// Fills in the sandbox's form. The client secret goes to the issuer that gave it.
pub(crate) fn fill_in(
    client: &IssuerClient,
    setup: &CardSetup,
    card: &str,
    confirmation: Option<bool>,
) -> Result<FormResult, Failure> {
    let entry = json!({
        "client_secret": setup.client_secret.expose(), "card": card, "confirmation": confirmation,
    });
    let body = Zeroizing::new(entry.to_string());
    let answer = client.post("/dev/card-form", &[], body.as_bytes())?;
    if answer.status == 404 {
        return Err(Failure::Failed(
            "this issuer charges real cards: add one in the app, where the processor's form is"
                .into(),
        ));
    }
    let read = serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == 200);
    let answer: Option<FormAnswer> = read;
    answer
        .map(|answer| answer.result)
        .ok_or_else(|| Failure::Failed("the sandbox's card form cannot be filled in".into()))
}
