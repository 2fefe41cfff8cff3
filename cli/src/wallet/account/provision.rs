//! What payment codes are made from, asked of the issuer: after a sign-up, after a log-in with a second factor, and by
//! `tegata wallet add payment` without a seed.

use serde_json::json;
use tegata::Wallet;
use tegata::protocol::Refusal;
use tegata::protocol::{SecondFactor, VerifyFactor};
use tegata::vault::RecordId;

use super::factor::Given;
use super::{Trouble, in_session, unreadable};
use crate::failure::Failure;
use crate::issuer_client::IssuerClient;
use crate::output::Output;
use crate::wallet::files::WalletFiles;

/// `tegata wallet add payment`: asks for one, and for the second factor if it was not proved just now.
pub(in crate::wallet) fn run(
    label: Option<&str>,
    factor: &Given,
    files: &WalletFiles,
    output: &Output,
) -> Result<(), Failure> {
    let mut wallet = files.open()?;
    let given = match get(&mut wallet, files, label) {
        Err(Trouble::There(no)) if no.refusal() == Some(Refusal::FactorRequired) => {
            prove(&mut wallet, factor)?;
            get(&mut wallet, files, label)
        }
        given => given,
    };
    let id = given?.to_string();
    output.print(&id, &json!({ "id": id }))
}

/// After a sign-up or a log-in, which have worked whatever comes of this: what kept it from working is told beside.
pub(super) fn after(wallet: &mut Wallet, files: &WalletFiles) {
    if let Err(trouble) = get(wallet, files, None) {
        let failure = Failure::from(trouble);
        eprintln!(
            "No payment credential yet ({failure}). Fetch one later with tegata wallet add payment"
        );
    }
}

fn prove(wallet: &mut Wallet, factor: &Given) -> Result<(), Failure> {
    let known = wallet.account().get().map_err(unreadable)?;
    let of = known.ok_or_else(|| unreadable(tegata::Error::NotLoggedIn))?.profile.handle;
    let SecondFactor::Totp(totp) = factor.read(wallet, &of)? else {
        let text = "a recovery code is only accepted at login: use it with tegata wallet log-in";
        return Err(Failure::Usage(text.into()));
    };
    in_session(wallet, &VerifyFactor { totp })?;
    Ok(())
}

/// Asks, and keeps what comes. A request that was asked before and never answered is asked again.
fn get(wallet: &mut Wallet, files: &WalletFiles, label: Option<&str>) -> Result<RecordId, Trouble> {
    // First: without it the answer could not be kept.
    let unlock = files.unlock(wallet)?;
    let mut fresh = false;
    loop {
        let asked = wallet.account().provision().map_err(unreadable)?;
        let host = asked.issuer().as_str().split_once("://").map_or("", |(_, host)| host);
        let response = IssuerClient::new(asked.issuer())?.send(asked.envelope())?;
        let name = label.unwrap_or(host);
        match wallet
            .account()
            .complete_provision(&unlock, name, &asked, &response)
            .map_err(Trouble::of)
        {
            // The answer was lost, and what it would have given is void by now.
            Err(Trouble::There(no))
                if no.refusal() == Some(Refusal::NoPendingOperation) && !fresh =>
            {
                wallet.account().discard_provision().map_err(unreadable)?;
                fresh = true;
            }
            given => return given,
        }
    }
}
