//! The arguments that select an account.

use clap::Args;
use tegata::protocol::{DeviceName, Handle};
use tegata::{AccountProfile, IssuerAddress, Wallet};

use super::requests::account_failure;
use crate::failure::Failure;
use crate::wallet::files::WalletFiles;

/// The account and its issuer. The wallet knows them after a log-in.
#[derive(Debug, Args)]
pub(crate) struct AccountArgs {
    /// The account's e-mail address. Default: the account that this wallet knows.
    address: Option<Handle>,
    /// The issuer's URL: https, or http to this machine. Default: this wallet's issuer.
    #[arg(long, value_name = "URL")]
    issuer: Option<IssuerAddress>,
    /// This device's name in the issuer's mails. Default: the name it has, or "a terminal".
    #[arg(long, value_name = "NAME", value_parser = device_name)]
    device_name: Option<DeviceName>,
}

fn device_name(text: &str) -> Result<DeviceName, String> {
    DeviceName::try_from(text.to_owned()).map_err(|error| error.to_string())
}

impl AccountArgs {
    /// Selects the account that the wallet knows.
    pub(super) fn of_wallet() -> Self {
        Self { address: None, issuer: None, device_name: None }
    }

    /// Opens the wallet and its payment lock, and resolves the account.
    pub(super) fn open(&self, files: &WalletFiles) -> Result<(Wallet, AccountProfile), Failure> {
        let mut wallet = files.open_unlocked()?;
        let profile = self.resolve(&mut wallet)?;
        Ok((wallet, profile))
    }

    /// Opens the wallet, and its payment lock only if the PIN was given, and resolves the account.
    pub(super) fn open_locked(
        &self,
        files: &WalletFiles,
    ) -> Result<(Wallet, AccountProfile), Failure> {
        let mut wallet = files.open_with_given_pin()?;
        let profile = self.resolve(&mut wallet)?;
        Ok((wallet, profile))
    }

    /// Completes the arguments with what the wallet knows.
    fn resolve(&self, wallet: &mut Wallet) -> Result<AccountProfile, Failure> {
        let account = wallet.account().get().map_err(account_failure)?;
        let logged_in = account.as_ref().is_some_and(|known| known.logged_in);
        let known = account.map(|account| account.profile);
        let (handle, issuer, name) = known.clone().map_or((None, None, None), |known| {
            (Some(known.handle), Some(known.issuer), Some(known.device_name))
        });
        let missing =
            |what: &str| Failure::Usage(format!("this wallet has no account: give {what}"));
        let handle = self.address.clone().or(handle).ok_or_else(|| missing("the address"))?;
        let issuer = self.issuer.clone().or(issuer).ok_or_else(|| missing("--issuer URL"))?;
        let device_name = self.device_name.clone().or(name).map_or_else(default_name, Ok)?;
        let profile = AccountProfile { handle, issuer, device_name };
        match known {
            Some(known) if logged_in && !same_account(&known, &profile) => {
                Err(Failure::Failed(format!(
                    "this wallet is logged in as {} at {}: run tegata wallet devices --log-out \
                 first, or use another --vault",
                    known.handle.address(),
                    known.issuer
                )))
            }
            _ => Ok(profile),
        }
    }
}

fn default_name() -> Result<DeviceName, Failure> {
    device_name("a terminal").map_err(Failure::Failed)
}

fn same_account(a: &AccountProfile, b: &AccountProfile) -> bool {
    (&a.handle, &a.issuer) == (&b.handle, &b.issuer)
}
