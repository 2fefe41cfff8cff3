//! `tegata wallet pin`: sets, changes and removes the payment lock.

use clap::Args;
use serde_json::json;
use tegata::Wallet;
use tegata::vault::Argon2Params;
use zeroize::Zeroizing;

use super::files::{AGAIN, WalletFiles};
use crate::failure::Failure;
use crate::output::Output;
use crate::secret::{SecretSource, ask_again, prompt_hidden};

#[derive(Debug, Args)]
pub(crate) struct Pin {
    /// The new PIN, 6 to 64 digits that are not easy to guess: @FILE, or - for standard input. Prompted for if omitted.
    #[arg(long, value_name = "@FILE", conflicts_with_all = ["forget", "lost"])]
    new: Option<SecretSource>,
    /// Remove the lock: payments need no PIN from then on.
    #[arg(long, conflicts_with = "lost")]
    forget: bool,
    /// Drop the lock and what cannot be used without the PIN: all payment credentials, the session, a second factor of
    /// the account that is stored here, and this device's key: the issuer knows the device no longer.
    #[arg(long, requires = "yes")]
    lost: bool,
    /// Confirm that all this is dropped.
    #[arg(long, requires = "lost")]
    yes: bool,
}

/// What is gone with the lock, and what is needed to go on.
const LOST: &str = "the payment lock, all payment credentials, the session, a second factor stored here and this \
                    device's key were dropped: log in again with tegata wallet log-in and a second factor";

impl Pin {
    pub(super) fn run(&self, files: &WalletFiles, output: &Output) -> Result<(), Failure> {
        let mut wallet = files.open()?;
        let (state, words) = if self.lost {
            wallet.payments().remove_all().map_err(|e| Failure::cannot("drop payments")(&e))?;
            ("dropped", LOST)
        } else if self.forget {
            let mut unlock = files.unlock(&mut wallet)?;
            let removed = wallet.payments().remove_lock(&mut unlock);
            removed.map_err(|e| Failure::cannot("remove the lock")(&e))?;
            ("forgotten", "payments are no longer locked")
        } else {
            self.set(&mut wallet, files)?;
            ("set", "payments are locked with this PIN")
        };
        output.print(words, &json!({ "pin": state }))
    }

    fn set(&self, wallet: &mut Wallet, files: &WalletFiles) -> Result<(), Failure> {
        let mut unlock = files.unlock(wallet)?;
        let pin = self.read()?;
        let set = wallet.payments().set_pin(&mut unlock, pin.as_bytes(), Argon2Params::PHONE);
        set.map_err(|e| Failure::cannot("set the PIN")(&e))
    }

    fn read(&self) -> Result<Zeroizing<String>, Failure> {
        let new = self.new.as_ref();
        ask_again(new.is_none(), || {
            let pin = prompt_hidden(new, "new", "New PIN: ")?;
            if new.is_none() && *prompt_hidden(None, "new", AGAIN)? != *pin {
                return Err(Failure::Mistyped("the PINs do not match".into()));
            }
            Ok(pin)
        })
    }
}
