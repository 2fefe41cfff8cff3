//! The files of a wallet, and opening them with a passphrase.

use std::path::PathBuf;
use std::sync::Arc;

use tegata::vault::{SoftwareKeystore, SoftwareKeystoreError, Stretch};
use tegata::{Error, Random, SystemClock, SystemRandom, Wallet};
use zeroize::Zeroizing;

use super::Command;
use crate::failure::Failure;
use crate::secret::SecretSource;

pub(super) struct WalletFiles {
    pub(super) vault: PathBuf,
    pub(super) keystore: PathBuf,
    passphrase: Option<SecretSource>,
}

impl WalletFiles {
    pub(super) fn new(command: &Command) -> Self {
        let beside = || {
            let mut path = command.vault.clone().into_os_string();
            path.push(".key");
            path.into()
        };
        Self {
            vault: command.vault.clone(),
            keystore: command.keystore.clone().unwrap_or_else(beside),
            passphrase: command.passphrase.clone(),
        }
    }

    pub(super) fn create(&self) -> Result<Wallet, Failure> {
        if self.vault.exists() {
            return Err(self.wallet_failure("make")(Error::Exists));
        }
        let passphrase = self.passphrase("New passphrase: ")?;
        if self.passphrase.is_none() && *self.passphrase("The same again: ")? != *passphrase {
            return Err(Failure::No(
                "the two passphrases are not the same; nothing was made".into(),
            ));
        }
        if passphrase.is_empty() {
            return Err(Failure::Usage("an empty passphrase guards nothing".to_owned()));
        }
        let random = random();
        let bytes = passphrase.as_bytes();
        let keystore =
            SoftwareKeystore::create(&self.keystore, bytes, Stretch::DESKTOP, random.clone())
                .map_err(|e| self.keystore_failure("make", &e))?;
        Wallet::create(&self.vault, &keystore, Arc::new(SystemClock), random)
            .map_err(self.wallet_failure("make"))
    }

    pub(super) fn open(&self) -> Result<Wallet, Failure> {
        if !self.vault.exists() {
            return Err(self.wallet_failure("open")(Error::NoWallet));
        }
        let passphrase = self.passphrase("Passphrase: ")?;
        let random = random();
        let keystore =
            SoftwareKeystore::open(&self.keystore, passphrase.as_bytes(), random.clone())
                .map_err(|e| self.keystore_failure("open", &e))?;
        Wallet::open(&self.vault, &keystore, Arc::new(SystemClock), random)
            .map_err(self.wallet_failure("open"))
    }

    pub(super) fn destroy(&self) -> Result<(), Failure> {
        Wallet::destroy(&self.vault).map_err(self.wallet_failure("remove"))?;
        match std::fs::remove_file(&self.keystore) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::No(format!("cannot remove {}: {e}", self.keystore.display())))
            }
            _ => Ok(()),
        }
    }

    fn passphrase(&self, prompt: &str) -> Result<Zeroizing<String>, Failure> {
        match &self.passphrase {
            // Arguments can be seen by other users of the machine, and stay in the shell's history.
            Some(SecretSource::Literal(_)) => Err(Failure::Usage(
                "a passphrase is no argument: give --passphrase @FILE, or - for standard input"
                    .into(),
            )),
            Some(source) => source.read("the passphrase"),
            None => rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|_| {
                Failure::Usage("no terminal to ask in: give --passphrase @FILE or -".into())
            }),
        }
    }

    fn keystore_failure(&self, doing: &str, error: &SoftwareKeystoreError) -> Failure {
        Failure::No(format!("cannot {doing} the keystore {}: {error}", self.keystore.display()))
    }

    fn wallet_failure(&self, doing: &str) -> impl Fn(Error) -> Failure {
        move |error| {
            let what_to_do = match error {
                Error::NoWallet => ": tegata wallet init makes one",
                Error::InUse => ": close it there first",
                Error::WrongDevice => ": is this its keystore?",
                Error::NewerFormat => ": update tegata",
                Error::Corrupt => ": restore it, or destroy it and provision anew",
                _ => "",
            };
            let path = self.vault.display();
            Failure::No(format!("cannot {doing} the wallet {path}: {error}{what_to_do}"))
        }
    }
}

fn random() -> Arc<dyn Random> {
    Arc::new(SystemRandom::new())
}
