//! `tegata wallet log-in`, and the log-in with the second factor that changes of the account require.

use clap::Args;
use serde_json::json;
use tegata::protocol::Refusal;
use tegata::protocol::{LogInCode, LogOut, SessionCall};
use tegata::{AccountProfile, SplitSession, Wallet};

use super::account_args::AccountArgs;
use super::factor::FactorArgs;
use super::prompts::{mailed_code, password, retry};
use super::provision;
use super::requests::{
    ExecuteError, account_failure, execute, execute_in_session, warn_without_lock,
};
use crate::failure::Failure;
use crate::issuer_client::IssuerClient;
use crate::output::Output;
use crate::secret::SecretSource;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct LogIn {
    #[command(flatten)]
    account: AccountArgs,
    #[command(flatten)]
    log_in: LogInArgs,
}

/// The arguments with the secrets of a log-in.
#[derive(Debug, Args)]
pub(super) struct LogInArgs {
    /// The password: @FILE, or - for a line of standard input. Prompted for if omitted.
    #[arg(long, value_name = "@FILE")]
    password: Option<SecretSource>,
    /// The eight digits of the code that is mailed if others tried the address too often: @FILE, or - for a line of
    /// standard input, read once the mail is on its way.
    #[arg(long, value_name = "@FILE")]
    login_code: Option<SecretSource>,
    #[command(flatten)]
    pub(super) factor: FactorArgs,
}

/// The result of a log-in.
struct LoggedIn {
    /// Whether a new second factor has to be enrolled first.
    must_enrol: bool,
    /// Whether a second factor was sent.
    with_factor: bool,
}

impl LogIn {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        let (mut wallet, profile) = self.account.open(files)?;
        warn_without_lock(&mut wallet)?;
        let LoggedIn { must_enrol, with_factor } =
            self.log_in.log_in(&mut wallet, &profile, false)?;
        let due = if must_enrol {
            "\nA recovery code was used instead of the second factor: enrol a new one now with \
             tegata wallet second-factor."
        } else {
            ""
        };
        output.print(
            &format!("{}: logged in at {}{due}", profile.handle.address(), profile.issuer),
            &json!({
                "account": profile.handle.address(), "issuer": profile.issuer.as_str(), "logged_in": true,
                "must_enrol": must_enrol,
            }),
        )?;
        if with_factor && !must_enrol {
            provision::provision_after_log_in(&mut wallet, files);
        }
        Ok(())
    }
}

impl LogInArgs {
    /// Logs in, and ends the previous session. With `require_factor` the second factor cannot be omitted.
    fn log_in(
        &self,
        wallet: &mut Wallet,
        profile: &AccountProfile,
        require_factor: bool,
    ) -> Result<LoggedIn, Failure> {
        let client = IssuerClient::new(&profile.issuer)?;
        let before = wallet.account().session_request(&LogOut {}).ok();
        let mut with_factor = false;
        let must_enrol = retry(&[self.password.as_ref()], || {
            let password = password(self.password.as_ref())?;
            let factor = if require_factor {
                Some(self.factor.read(wallet, &profile.handle)?)
            } else {
                let prompt = "Second factor (six digits, or a recovery code; leave empty if the account knows this device):  ";
                self.factor.read_if_any(wallet, &profile.handle, prompt)?
            };
            with_factor = factor.is_some();
            let request = wallet.account().log_in(profile, password.clone(), factor.clone());
            match execute(request, &client, wallet) {
                Err(ExecuteError::Issuer(error))
                    if error.refusal() == Some(Refusal::CodeNeeded) =>
                {
                    let code = self.request_code(wallet, profile, &client)?;
                    let account = wallet.account();
                    let request = account.log_in_with_code(profile, password, factor, code);
                    execute(request, &client, wallet)
                }
                answered => answered,
            }
        })?;
        if let Some(mut request) = before {
            // If the issuer cannot be reached, the old session stays listed until it expires.
            let _ = client.send_signed(&mut request, wallet);
        }
        Ok(LoggedIn { must_enrol, with_factor })
    }

    /// Has a code mailed, since others tried the address too often, and reads it.
    fn request_code(
        &self,
        wallet: &mut Wallet,
        profile: &AccountProfile,
        client: &IssuerClient,
    ) -> Result<LogInCode, ExecuteError> {
        let ticket = execute(wallet.account().request_log_in_code(profile), client, wallet)?;
        eprintln!(
            "Others tried to log in with {} too often. If it has an account, a code is on its way there.",
            profile.handle.address()
        );
        let code = mailed_code(self.login_code.as_ref())?;
        Ok(LogInCode { ticket, code })
    }

    /// Sends a request that needs a recent log-in; logs in first if the issuer requires it.
    pub(super) fn execute_after_log_in<C: SessionCall<Answer: SplitSession>>(
        &self,
        wallet: &mut Wallet,
        profile: &AccountProfile,
        call: &C,
    ) -> Result<<C::Answer as SplitSession>::Rest, ExecuteError> {
        let known = wallet.account().get().map_err(account_failure)?;
        if known.is_some_and(|known| known.logged_in) {
            match execute_in_session(wallet, call) {
                Err(ExecuteError::Issuer(error))
                    if matches!(
                        error.refusal(),
                        Some(Refusal::NotLoggedIn | Refusal::LoginTooOld | Refusal::FactorRequired)
                    ) => {}
                answered => return answered,
            }
        }
        self.log_in(wallet, profile, true)?;
        execute_in_session(wallet, call)
    }
}
