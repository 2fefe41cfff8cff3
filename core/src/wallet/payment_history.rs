//! The account's payments as the wallet keeps them, to be shown without a network.

use super::account::Account;
use super::error::Error;
use super::profile::AccountProfile;
use crate::UnixTime;
use crate::protocol::PaymentPage;
use crate::vault::{History, RecordId, VaultError};

/// The newest payments, as the issuer gave them once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentHistory {
    /// The account that they belong to.
    pub profile: AccountProfile,
    /// The time when the issuer gave them.
    pub fetched_at: UnixTime,
    /// The page of payments.
    pub page: PaymentPage,
}

impl Account<'_> {
    /// Stores the newest page of payments, sealed, in place of the one before, and gives it as it is stored.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`] if the wallet knows no account; [`Error::Invalid`] for a page that no issuer gives;
    /// [`Error::Failed`].
    pub fn cache_payments(&mut self, page: PaymentPage) -> Result<PaymentHistory, Error> {
        let account = self.record()?.ok_or(Error::NotLoggedIn)?;
        let text = serde_json::to_string(&page);
        let text = text.map_err(|_| Error::Failed("the history cannot be written".into()))?;
        let profile = AccountProfile::of(&account)?;
        let fetched_at = self.0.clock.now();
        let history = History {
            handle: account.handle,
            issuer_address: account.issuer_address,
            seen: fetched_at,
            page: text,
        };
        self.0.vault.transaction(|tx| {
            let id = match tx.list::<History>()?.pop() {
                Some((id, _)) => id,
                None => RecordId::make(tx.random()).map_err(VaultError::from)?,
            };
            Ok::<_, Error>(tx.put(&id, &history)?)
        })?;
        Ok(PaymentHistory { profile, fetched_at, page })
    }

    /// Gives the payments that were stored last, if they are this account's.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn cached_payments(&self) -> Result<Option<PaymentHistory>, Error> {
        let Some(account) = self.record()? else { return Ok(None) };
        let Some((_, history)) = self.0.vault.list::<History>()?.pop() else { return Ok(None) };
        let whose = (&history.handle, &history.issuer_address);
        if whose != (&account.handle, &account.issuer_address) {
            return Ok(None);
        }
        // From bytes, as all answers of an issuer: a parser of texts would make the library larger.
        let page = serde_json::from_slice(history.page.as_bytes());
        let page = page.map_err(|_| Error::Corrupt)?;
        Ok(Some(PaymentHistory {
            profile: AccountProfile::of(&account)?,
            fetched_at: history.seen,
            page,
        }))
    }
}
