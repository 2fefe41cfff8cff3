//! The sandbox's card form, for whoever develops: what a processor's own form does with a real card. There is one only if
//! cards are charged in the sandbox, and the client secret of a registration is what lets its holder fill it in.

use axum::routing::post;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use tegata::protocol::CardSetupSecret;
use tegata_sandbox::{CardForm, CardFormResult, Sandbox};

use crate::http::body::StrictJson;
use crate::http::problem::Problem;
use crate::http::router::Routes;

/// Its route, which no description names.
pub(crate) fn routes(sandbox: Sandbox) -> Routes {
    Routes::new().route("/dev/card-form", post(fill_in)).layer(Extension(sandbox))
}

/// What the holder enters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CardEntry {
    client_secret: CardSetupSecret,
    /// The name of a test card.
    card: String,
    /// Whether the holder confirms it to the bank; missing before the bank has asked.
    #[serde(default)]
    confirmation: Option<bool>,
}

#[derive(Serialize)]
struct FormAnswer {
    result: &'static str,
}

async fn fill_in(
    Extension(sandbox): Extension<Sandbox>,
    request: StrictJson<CardEntry>,
) -> Result<Json<FormAnswer>, Problem> {
    let CardEntry { client_secret, card, confirmation } = request.value;
    let client_secret = client_secret.expose().to_owned();
    let form = CardForm { client_secret, card, confirmation };
    let filled_in = tokio::task::spawn_blocking(move || sandbox.fill_in(&form)).await;
    let filled_in = filled_in.map_err(|error| Problem::internal("filling in a form", &error))?;
    let result = match filled_in.map_err(|error| Problem::internal("filling in a form", &error))? {
        CardFormResult::Succeeded => "succeeded",
        CardFormResult::Asks => "asks",
        CardFormResult::Failed => "failed",
        CardFormResult::UnknownCard => "unknown-card",
        CardFormResult::Closed => "closed",
    };
    Ok(Json(FormAnswer { result }))
}
