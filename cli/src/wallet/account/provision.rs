//! Provisions a payment credential: after a sign-up, after a log-in with a second factor, and by
//! `tegata wallet add payment` without a seed.

use serde_json::json;
use tegata::Wallet;
use tegata::protocol::Refusal;
use tegata::protocol::{SecondFactor, VerifyFactor};
use tegata::vault::RecordId;

use super::factor::FactorArgs;
use super::requests::{ExecuteError, account_failure, execute_in_session};
use crate::failure::{Failure, tell};
use crate::issuer_client::IssuerClient;
use crate::output::Output;
use crate::wallet::files::WalletFiles;

/// Runs `tegata wallet add payment`; prompts for the second factor if the issuer requires it.
pub(in crate::wallet) fn run(
    label: Option<&str>,
    factor: &FactorArgs,
    files: &WalletFiles,
    output: &Output,
) -> Result<(), Failure> {
    let mut wallet = files.open_unlocked()?;
    let result = match provision(&mut wallet, files, label) {
        Err(ExecuteError::Issuer(error)) if error.refusal() == Some(Refusal::FactorRequired) => {
            verify_factor(&mut wallet, factor)?;
            provision(&mut wallet, files, label)
        }
        result => result,
    };
    let id = result?.to_string();
    output.print(&id, &json!({ "id": id }))
}

/// Provisions after a sign-up or a log-in. A failure is only reported, since that operation succeeded.
pub(super) fn provision_after_log_in(wallet: &mut Wallet, files: &WalletFiles) {
    if let Err(error) = provision(wallet, files, None) {
        let failure = Failure::from(error);
        tell(&format!(
            "No payment credential yet ({failure}). Fetch one later with tegata wallet add payment"
        ));
    }
}

fn verify_factor(wallet: &mut Wallet, factor: &FactorArgs) -> Result<(), Failure> {
    let known = wallet.account().get().map_err(account_failure)?;
    let of = known.ok_or_else(|| account_failure(tegata::Error::NotLoggedIn))?.profile.handle;
    let SecondFactor::Totp(totp) = factor.read(wallet, &of)? else {
        let text = "a recovery code is only accepted at login: use it with tegata wallet log-in";
        return Err(Failure::Usage(text.into()));
    };
    execute_in_session(wallet, &VerifyFactor { totp })?;
    Ok(())
}

/// Requests a payment credential and stores it. A pending request without a response is sent again.
fn provision(
    wallet: &mut Wallet,
    files: &WalletFiles,
    label: Option<&str>,
) -> Result<RecordId, ExecuteError> {
    // First, since the credential cannot be stored without it.
    let unlock = files.unlock(wallet)?;
    let mut fresh = false;
    loop {
        let mut request = wallet.account().provision().map_err(account_failure)?;
        let issuer = request.issuer().clone();
        let host = issuer.as_str().split_once("://").map_or("", |(_, host)| host);
        let client = IssuerClient::new(request.issuer())?;
        let response = client.send_signed(&mut request, wallet)?;
        let name = label.unwrap_or(host);
        match wallet
            .account()
            .complete_provision(&unlock, name, &request, &response)
            .map_err(ExecuteError::from_wallet)
        {
            // The response was lost, and its credential is void by now.
            Err(ExecuteError::Issuer(error))
                if error.refusal() == Some(Refusal::NoPendingOperation) && !fresh =>
            {
                wallet.account().discard_provision().map_err(account_failure)?;
                fresh = true;
            }
            result => return result,
        }
    }
}
