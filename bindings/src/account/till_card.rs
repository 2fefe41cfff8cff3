//! The card that a till shows: how its shopper knows whose till it is before she pays there.

use crate::{Payments, WalletError, id};

/// What a till's card says, once it was held to its issuer's key.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TillCard {
    /// The till: name it when you ask for a code, and the code is good there alone.
    pub till: String,
    /// The shop's name: show it before there is a code.
    pub shop: String,
    /// Whose till it is.
    pub issuer: String,
}

#[uniffi::export]
impl Payments {
    /// Reads the card that a till shows as a QR code, scanned or typed, and holds it to the key that came with this
    /// credential: needs no network. Make no code for what it refuses. `NotFound` for a credential that no issuer
    /// provisioned, since no key came with it.
    pub fn till_card(&self, id: String, text: String) -> Result<TillCard, WalletError> {
        let id = id::parse(&id)?;
        let card = self.0.with(|wallet| wallet.payments().till_card(&id, &text))?;
        Ok(TillCard {
            till: card.till().to_string(),
            shop: card.shop().to_string(),
            issuer: card.issuer().to_string(),
        })
    }
}
