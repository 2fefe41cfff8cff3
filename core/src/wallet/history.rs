//! What the wallet keeps of the account's payments, to be shown without a network.

use super::account::at;
use super::{AccountAt, Error, OwnAccount};
use crate::UnixTime;
use crate::protocol::PaymentPage;
use crate::vault::{History, RecordId, VaultError};

/// Payments as the issuer told them once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPayments {
    /// Whose, and where.
    pub at: AccountAt,
    /// When.
    pub seen: UnixTime,
    /// They.
    pub page: PaymentPage,
}

impl OwnAccount<'_> {
    /// Keeps the newest page of payments, sealed, in the place of the one before; gives it as it is kept.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`] if the wallet knows no account; [`Error::Invalid`] for a page that no issuer gives;
    /// [`Error::Failed`].
    pub fn keep_payments(&mut self, page: PaymentPage) -> Result<KnownPayments, Error> {
        let account = self.kept()?.ok_or(Error::NotLoggedIn)?;
        let text = serde_json::to_string(&page);
        let text = text.map_err(|_| Error::Failed("the history cannot be written".into()))?;
        let (at, seen) = (at(&account)?, self.0.clock.now());
        let history = History {
            handle: account.handle,
            issuer_address: account.issuer_address,
            seen,
            page: text,
        };
        self.0.vault.transaction(|tx| {
            let id = match tx.list::<History>()?.pop() {
                Some((id, _)) => id,
                None => RecordId::make(tx.random()).map_err(VaultError::from)?,
            };
            Ok::<_, Error>(tx.put(&id, &history)?)
        })?;
        Ok(KnownPayments { at, seen, page })
    }

    /// The payments that were kept last, if they are this account's.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn kept_payments(&self) -> Result<Option<KnownPayments>, Error> {
        let Some(account) = self.kept()? else { return Ok(None) };
        let Some((_, history)) = self.0.vault.list::<History>()?.pop() else { return Ok(None) };
        let whose = (&history.handle, &history.issuer_address);
        if whose != (&account.handle, &account.issuer_address) {
            return Ok(None);
        }
        // From bytes, as all that an issuer says: the library would have a reader of texts besides.
        let page = serde_json::from_slice(history.page.as_bytes());
        let page = page.map_err(|_| Error::Corrupt)?;
        Ok(Some(KnownPayments { at: at(&account)?, seen: history.seen, page }))
    }
}
