//! `tegata wallet log-in`, and the full log-in that changes of the account begin with.

use clap::Args;
use serde_json::json;
use tegata::protocol::Refusal;
use tegata::protocol::{LogOut, SessionCall};
use tegata::{AccountProfile, SplitSession, Wallet};

use super::factor::Given;
use super::{Trouble, Who, asking, carried, in_session, password, provision, unreadable};
use crate::failure::Failure;
use crate::issuer_client::IssuerClient;
use crate::output::Output;
use crate::secret::SecretSource;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct LogIn {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    proof: Proof,
}

/// What a log-in is proved by.
#[derive(Debug, Args)]
pub(super) struct Proof {
    /// The password: @FILE, or - for a line of standard input. Prompted for if omitted.
    #[arg(long, value_name = "@FILE")]
    password: Option<SecretSource>,
    #[command(flatten)]
    pub(super) factor: Given,
}

/// How a log-in went.
struct LoggedIn {
    /// Nothing but enrolling a new second factor is taken now.
    must_enrol: bool,
    /// A second factor was given.
    with_factor: bool,
}

impl LogIn {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        let (mut wallet, at) = self.who.open(files)?;
        let LoggedIn { must_enrol, with_factor } = self.proof.log_in(&mut wallet, &at, false)?;
        let due = if must_enrol {
            "\nA recovery code was used instead of the second factor: enrol a new one now with \
             tegata wallet second-factor."
        } else {
            ""
        };
        output.print(
            &format!("{}: logged in at {}{due}", at.handle.address(), at.issuer),
            &json!({
                "account": at.handle.address(), "issuer": at.issuer.as_str(), "logged_in": true,
                "must_enrol": must_enrol,
            }),
        )?;
        if with_factor && !must_enrol {
            provision::after(&mut wallet, files);
        }
        Ok(())
    }
}

impl Proof {
    /// Logs in, and ends the session before. With `fully` the second factor is not left out.
    fn log_in(
        &self,
        wallet: &mut Wallet,
        at: &AccountProfile,
        fully: bool,
    ) -> Result<LoggedIn, Failure> {
        let client = IssuerClient::new(&at.issuer)?;
        let before = wallet.account().session_request(&LogOut {}).ok();
        let mut with_factor = false;
        let must_enrol = asking(&[self.password.as_ref()], || {
            let password = password(self.password.as_ref())?;
            let factor = if fully {
                Some(self.factor.read(wallet, &at.handle)?)
            } else {
                let prompt = "Second factor (six digits, or a recovery code; leave empty if the account knows this device):  ";
                self.factor.read_if_any(wallet, &at.handle, prompt)?
            };
            with_factor = factor.is_some();
            carried(wallet.account().log_in(at, password, factor), &client, wallet)
        })?;
        if let Some(asked) = before {
            // One session is enough. If it cannot be told so, it is in the list of sessions, and ends by itself.
            let _ = client.send(asked.envelope());
        }
        Ok(LoggedIn { must_enrol, with_factor })
    }

    /// Asks for what takes a full log-in just now; logs in first where the issuer says that this one is too old.
    pub(super) fn fully<C: SessionCall<Answer: SplitSession>>(
        &self,
        wallet: &mut Wallet,
        at: &AccountProfile,
        call: &C,
    ) -> Result<<C::Answer as SplitSession>::Rest, Failure> {
        let known = wallet.account().get().map_err(unreadable)?;
        if known.is_some_and(|known| known.logged_in) {
            match in_session(wallet, call) {
                Err(Trouble::There(no))
                    if matches!(
                        no.refusal(),
                        Some(Refusal::NotLoggedIn | Refusal::LoginTooOld | Refusal::FactorRequired)
                    ) => {}
                answered => return Ok(answered?),
            }
        }
        self.log_in(wallet, at, true)?;
        Ok(in_session(wallet, call)?)
    }
}
