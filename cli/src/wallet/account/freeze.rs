//! `tegata wallet freeze`: freezes the account by this device's signature, with a second factor or with a code, unfreezes it,
//! reverts changes.

use clap::Args;
use serde_json::json;
use tegata::protocol::{
    FreezeByCode, NoticeCode, Refusal, RevertChanges, SecondFactor, UnfreezeAccount,
};
use tegata::{AccountProfile, Wallet};

use super::account_args::AccountArgs;
use super::factor::lifting_code;
use super::log_in::LogInArgs;
use super::prompts::{mailed_code, retry};
use super::requests::{ExecuteError, execute, execute_in_session};
use crate::failure::Failure;
use crate::issuer_client::IssuerClient;
use crate::output::Output;
use crate::secret::{SecretSource, ask_again, can_prompt, prompt_visible};
use crate::wallet::files::WalletFiles;

const FROZEN: &str = "frozen: no payments. Unfreeze with tegata wallet freeze --lift";
const FROZEN_BY_RECOVERY_CODE: &str = "frozen: no payments. Unfreeze with tegata wallet freeze --lift, which needs another recovery code";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that is there or not")]
pub(crate) struct Freeze {
    #[command(flatten)]
    account: AccountArgs,
    /// The code from a mail about a change: freezes the account without a session. @FILE, or - for a line of standard
    /// input.
    #[arg(long, value_name = "@FILE", conflicts_with = "lift")]
    code: Option<SecretSource>,
    /// Have a code mailed to the account's address and freeze with it, on a device that the account does not know.
    #[arg(long, conflicts_with_all = ["code", "take_back", "lift"])]
    by_mail: bool,
    /// The eight digits of the mailed code: @FILE, or - for a line of standard input, read once the mail is on its way.
    #[arg(long, value_name = "@FILE", requires = "by_mail")]
    mailed_code: Option<SecretSource>,
    /// Freeze with the second factor, on a device that the account does not know. A freeze made with a recovery code needs
    /// another one to be lifted.
    #[arg(long, conflicts_with_all = ["code", "by_mail", "take_back", "lift"])]
    by_factor: bool,
    /// Undo the changes of the last seven days, with the code from a mail and a recovery code from before
    /// them, or the second factor if it was not replaced.
    #[arg(long, conflicts_with = "lift")]
    take_back: bool,
    /// Unfreeze an account that you froze.
    #[arg(long)]
    lift: bool,
    /// The recovery code that lifts a freeze which another one made, or the code of a notice: @FILE, or - for a line of
    /// standard input.
    #[arg(long, value_name = "@FILE", requires = "lift")]
    lift_code: Option<SecretSource>,
    #[command(flatten)]
    log_in: LogInArgs,
}

impl Freeze {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        let needs_pin = self.lift || self.log_in.factor.is_here();
        let (mut wallet, profile) =
            if needs_pin { self.account.open(files)? } else { self.account.open_locked(files)? };
        let address = profile.handle.address();
        let client = IssuerClient::new(&profile.issuer)?;
        let (words, state) = if self.take_back {
            let source = self.code.as_ref();
            let factor = &self.log_in.factor;
            retry(&[source, factor.source()], || {
                let code = notice_code(source)?;
                let second_factor = factor.read(&mut wallet, &profile.handle)?;
                let call = RevertChanges { handle: profile.handle.clone(), code, second_factor };
                execute(wallet.account().notice_request(&profile, &call), &client, &mut wallet)
            })?;
            // The password is void because whoever made the changes knew it.
            let words = "the changes were undone and all devices logged out; the password no longer works: tegata wallet reset";
            (words, "taken back")
        } else if self.lift {
            self.lift(&mut wallet, &profile)?;
            ("no longer frozen", "lifted")
        } else if self.by_factor {
            let factor = &self.log_in.factor;
            let with_recovery_code = retry(&[factor.source()], || {
                let second_factor = factor.read(&mut wallet, &profile.handle)?;
                let is_recovery_code = matches!(second_factor, SecondFactor::RecoveryCode(_));
                let request = wallet.account().freeze_by_factor(&profile, second_factor);
                execute(request, &client, &mut wallet)?;
                Ok(is_recovery_code)
            })?;
            (if with_recovery_code { FROZEN_BY_RECOVERY_CODE } else { FROZEN }, "frozen")
        } else if self.by_mail {
            // One in a file has the mail sent however many others ask; it is not used up.
            let recovery_code = self.log_in.factor.recovery_code_in_file()?;
            let request = wallet.account().request_freeze_code(&profile, recovery_code);
            let ticket = execute(request, &client, &mut wallet)?;
            output.print_progress(&format!(
                "If {address} has an account, a code is on its way there."
            ))?;
            retry(&[self.mailed_code.as_ref()], || {
                let code = mailed_code(self.mailed_code.as_ref())?;
                let account = wallet.account();
                let request = account.freeze_by_mailed_code(&profile, ticket.clone(), code);
                execute(request, &client, &mut wallet)
            })?;
            (FROZEN, "frozen")
        } else if self.code.is_some() {
            retry(&[self.code.as_ref()], || {
                let code = notice_code(self.code.as_ref())?;
                let call = FreezeByCode { handle: profile.handle.clone(), code };
                execute(wallet.account().notice_request(&profile, &call), &client, &mut wallet)
            })?;
            let words = "frozen, and all devices logged out: no payments. Undo the changes with tegata wallet freeze --take-back";
            (words, "frozen")
        } else {
            execute(wallet.account().freeze_from_device(), &client, &mut wallet)?;
            (FROZEN, "frozen")
        };
        let document = json!({ "account": address, "freeze": state });
        output.print(&format!("{address}: {words}"), &document)
    }

    /// Lifts the freeze, with a recovery code where it needs one.
    fn lift(&self, wallet: &mut Wallet, profile: &AccountProfile) -> Result<(), Failure> {
        let source = self.lift_code.as_ref();
        let recovery_code = source.map(|source| lifting_code(Some(source))).transpose()?;
        let call = UnfreezeAccount { recovery_code };
        match self.log_in.execute_after_log_in(wallet, profile, &call) {
            Err(ExecuteError::Issuer(error))
                if error.refusal() == Some(Refusal::RecoveryCodeRequired) && can_prompt() =>
            {
                retry(&[None], || {
                    let call = UnfreezeAccount { recovery_code: Some(lifting_code(None)?) };
                    execute_in_session(wallet, &call)
                })?;
                Ok(())
            }
            answered => {
                answered?;
                Ok(())
            }
        }
    }
}

/// Reads the 16 letters and digits of a notice.
fn notice_code(source: Option<&SecretSource>) -> Result<NoticeCode, Failure> {
    ask_again(source.is_none(), || {
        let text = prompt_visible(source, "code", "Code from the notice: ")?;
        NoticeCode::parse(&text).map_err(|error| Failure::Mistyped(error.to_string()))
    })
}
