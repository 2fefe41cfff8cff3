//! The card that a till shows: how a shopper knows whose till it is before paying there.

use crate::{Payments, WalletError, id};

/// A till card whose signature by the issuer was checked.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TillCard {
    /// The id of the till: pass it to `next_code`, and the code is valid at this till only.
    pub till: String,
    /// The name of the shop: show it before there is a code.
    pub shop: String,
    /// The name of the issuer.
    pub issuer: String,
}

#[uniffi::export]
impl Payments {
    /// Reads the card that a till shows as a QR code, scanned or typed, and checks it with the key that came with this
    /// credential: needs no network. Make no code for a card that this refuses. Fails with `NotFound` for a credential
    /// that no issuer provisioned, since no key came with it.
    pub fn read_till_card(&self, id: String, text: String) -> Result<TillCard, WalletError> {
        let id = id::parse(&id)?;
        let card = self.0.with(|wallet| wallet.payments().read_till_card(&id, &text))?;
        Ok(TillCard {
            till: card.till().to_string(),
            shop: card.shop().to_string(),
            issuer: card.issuer().to_string(),
        })
    }
}
