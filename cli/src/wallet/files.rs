//! Creates, opens and deletes the files of a wallet.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tegata::vault::{
    Anchor, Argon2Params, FileAnchor, LockStatus, PaymentUnlock, SoftwareKeystore,
    SoftwareKeystoreError, UnlockMethod,
};
use tegata::{Device, Error, Random, SystemClock, SystemRandom, Wallet};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::secret::{SecretSource, ask_again, prompt_hidden};

/// The arguments that name a wallet's files and secrets.
#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// The wallet file.
    #[arg(long, value_name = "FILE", default_value = "tegata.vault", global = true)]
    vault: PathBuf,
    /// The keystore file. Default: the wallet file's name with .key appended.
    #[arg(long, value_name = "FILE", global = true)]
    keystore: Option<PathBuf>,
    /// The passphrase: @FILE, or - for standard input. Prompted for if omitted.
    #[arg(long, value_name = "@FILE", global = true)]
    passphrase: Option<SecretSource>,
    /// The PIN of the payment lock, if set: @FILE, or - for standard input. Prompted for if omitted.
    #[arg(long, value_name = "@FILE", global = true)]
    pin: Option<SecretSource>,
}

/// The files of a wallet, and the sources of its secrets.
pub(super) struct WalletFiles {
    pub(super) vault: PathBuf,
    pub(super) keystore: PathBuf,
    anchor: PathBuf,
    passphrase: Option<SecretSource>,
    pin: Option<SecretSource>,
    /// The token of the payment lock, once it was opened: until the command ends, the session can be used.
    unlocked: RefCell<Option<PaymentUnlock>>,
}

impl WalletFiles {
    pub(super) fn new(args: &FileArgs) -> Self {
        let beside = |path: &PathBuf, suffix| {
            let mut path = path.clone().into_os_string();
            path.push(suffix);
            PathBuf::from(path)
        };
        let keystore = args.keystore.clone().unwrap_or_else(|| beside(&args.vault, ".key"));
        Self {
            anchor: beside(&keystore, ".anchor"),
            vault: args.vault.clone(),
            keystore,
            passphrase: args.passphrase.clone(),
            pin: args.pin.clone(),
            unlocked: RefCell::new(None),
        }
    }

    pub(super) fn create(&self) -> Result<Wallet, Failure> {
        if self.vault.exists() {
            return Err(self.wallet_failure("make")(Error::AlreadyExists));
        }
        let is_typed = self.passphrase.is_none();
        let passphrase = ask_again(is_typed, || {
            let passphrase = self.passphrase("New passphrase: ")?;
            if passphrase.is_empty() {
                let why = "an empty passphrase gives no protection";
                return Err(Failure::Mistyped(why.to_owned()));
            }
            if is_typed && *self.passphrase(AGAIN)? != *passphrase {
                return Err(Failure::Mistyped("the passphrases do not match".to_owned()));
            }
            Ok(passphrase)
        })?;
        let random = random();
        let bytes = passphrase.as_bytes();
        let keystore =
            SoftwareKeystore::create(&self.keystore, bytes, Argon2Params::DESKTOP, random.clone())
                .map_err(|e| self.keystore_failure("make", &e))?;
        Wallet::create(&self.vault, &self.device(keystore, random))
            .map_err(self.wallet_failure("make"))
    }

    pub(super) fn open(&self) -> Result<Wallet, Failure> {
        self.open_by(Wallet::open)
    }

    /// Opens the wallet and its payment lock, if it has one: the session and the account's own second factor are under it.
    pub(super) fn open_unlocked(&self) -> Result<Wallet, Failure> {
        let mut wallet = self.open()?;
        self.unlock(&mut wallet)?;
        Ok(wallet)
    }

    /// Opens the wallet, and its payment lock if the PIN was given: for what works without, and shows less then.
    pub(super) fn open_with_given_pin(&self) -> Result<Wallet, Failure> {
        if self.pin.is_some() { self.open_unlocked() } else { self.open() }
    }

    /// Opens a wallet that is an older copy.
    pub(super) fn adopt(&self) -> Result<Wallet, Failure> {
        self.open_by(Wallet::open_rolled_back)
    }

    fn open_by(
        &self,
        open: fn(&Path, &Device) -> Result<Wallet, Error>,
    ) -> Result<Wallet, Failure> {
        if !self.vault.exists() {
            return Err(self.wallet_failure("open")(Error::NoWallet));
        }
        let passphrase = self.passphrase("Passphrase: ")?;
        let random = random();
        let keystore =
            SoftwareKeystore::open(&self.keystore, passphrase.as_bytes(), random.clone())
                .map_err(|e| self.keystore_failure("open", &e))?;
        open(&self.vault, &self.device(keystore, random)).map_err(self.wallet_failure("open"))
    }

    fn device(&self, keystore: SoftwareKeystore, random: Arc<dyn Random>) -> Device {
        let anchor: Arc<dyn Anchor> = Arc::new(FileAnchor::new(&self.anchor));
        let keystore = Arc::new(keystore);
        let clock = Arc::new(SystemClock);
        Device { keystore, anchor: Some(anchor), clock, random }
    }

    /// Unlocks payments, with the PIN if there is a payment lock. The PIN is read once.
    pub(super) fn unlock(&self, wallet: &mut Wallet) -> Result<PaymentUnlock, Failure> {
        if let Some(unlock) = &*self.unlocked.borrow() {
            return Ok(unlock.clone());
        }
        let failed = Failure::cannot("unlock payments");
        let mut payments = wallet.payments();
        match payments.lock_status().map_err(|e| failed(&e))? {
            None => Ok(PaymentUnlock::without_lock()),
            Some(LockStatus { pin_tries_left: None, .. }) => Err(Failure::Failed(
                "the PIN is blocked: tegata wallet pin --lost drops the payment credentials and the \
                 session, so that you can log in and provision again"
                    .into(),
            )),
            Some(_) => {
                let pin = self.pin("PIN: ")?;
                let unlock = payments.unlock(UnlockMethod::Pin(pin.as_bytes()));
                let unlock = unlock.map_err(|e| failed(&e))?;
                *self.unlocked.borrow_mut() = Some(unlock.clone());
                Ok(unlock)
            }
        }
    }

    pub(super) fn destroy(&self) -> Result<(), Failure> {
        Wallet::destroy(&self.vault).map_err(self.wallet_failure("remove"))?;
        FileAnchor::new(&self.anchor)
            .remove()
            .map_err(|e| Failure::cannot("remove the anchor")(&e))?;
        match std::fs::remove_file(&self.keystore) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::Failed(format!("cannot remove {}: {e}", self.keystore.display())))
            }
            _ => Ok(()),
        }
    }

    fn passphrase(&self, prompt: &str) -> Result<Zeroizing<String>, Failure> {
        prompt_hidden(self.passphrase.as_ref(), "passphrase", prompt)
    }

    fn pin(&self, prompt: &str) -> Result<Zeroizing<String>, Failure> {
        prompt_hidden(self.pin.as_ref(), "pin", prompt)
    }

    fn keystore_failure(&self, doing: &str, error: &SoftwareKeystoreError) -> Failure {
        Failure::Failed(format!("cannot {doing} the keystore {}: {error}", self.keystore.display()))
    }

    fn wallet_failure(&self, doing: &str) -> impl Fn(Error) -> Failure {
        move |error| {
            let advice = match error {
                Error::NoWallet => ": create one with tegata wallet init",
                Error::InUse => ": close it there first",
                Error::WrongDevice => ": is this its keystore?",
                Error::NewerFormat => ": update tegata",
                Error::RolledBack => {
                    ": restore the latest copy, or keep everything except payments with tegata wallet adopt"
                }
                Error::Corrupt => ": restore it, or destroy it and provision again",
                _ => "",
            };
            let path = self.vault.display();
            Failure::Failed(format!("cannot {doing} the wallet {path}: {error}{advice}"))
        }
    }
}

pub(super) const AGAIN: &str = "Repeat: ";

fn random() -> Arc<dyn Random> {
    Arc::new(SystemRandom::new())
}
