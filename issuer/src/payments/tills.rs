//! Tills: how one is enrolled, how a request says whose it is, and the till's card.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;
use tegata::code::{Prefix, ShopName, TillId, UnsignedTillCard};
use tegata::protocol::{RecoveryCode, SecretText};
use tegata::{Random, RandomUnavailable};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{PaymentError, Payments};
use crate::domain::hash::sha256;
use crate::domain::{InternalError, TokenHash};

/// For how many seconds a code enrols a till.
pub(crate) const CODE_LIFE: i64 = 60 * 60;

/// What enrols a till once: 80 random bits, written as a recovery code is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "9GTX-0A4M-QR2C-7YVN")]
pub struct TillCode(RecoveryCode);

impl TillCode {
    /// Makes a new code.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        RecoveryCode::make(random).map(Self)
    }

    /// Gives the code as a person types it.
    #[must_use]
    pub fn text(&self) -> SecretText {
        self.0.text()
    }

    /// Gives the hash that is stored. The code has so many random bits that nobody finds it from the hash within the hour.
    pub(crate) fn hash(&self) -> TokenHash {
        let padded = Zeroizing::new(sha256(self.0.expose()));
        TokenHash::of(&padded)
    }
}

/// A till that was enrolled.
pub(crate) struct EnrolledTill {
    /// What all its requests carry from now on; shown once.
    pub(crate) token: SecretText,
    pub(crate) till: TillId,
    pub(crate) shop: ShopName,
}

impl Payments {
    /// Enrols the till that waits for this code, which is used up by it.
    pub(crate) async fn enrol_till(&self, code: &TillCode) -> Result<EnrolledTill, PaymentError> {
        let mut token = Zeroizing::new([0; 32]);
        let filled = self.environment.random.fill(&mut *token);
        filled.map_err(|error| InternalError::new("making a token", &error))?;
        let now = self.environment.clock.now();
        let event = self.event("till_enrolled", "till", now)?;
        let enrolled = self.store.enrol_till(code.hash(), TokenHash::of(&token), now, event);
        let (till, shop) = enrolled.await?.ok_or(PaymentError::UnknownTill)?;
        let token = Zeroizing::new(Base64UrlUnpadded::encode_string(&*token));
        Ok(EnrolledTill { token: SecretText::new(&token), till, shop })
    }

    /// Finds the till that has this token.
    pub(crate) async fn till(&self, token: &TokenHash) -> Result<(TillId, ShopName), PaymentError> {
        self.store.till(token).await?.ok_or(PaymentError::UnknownTill)
    }

    /// Gives what the payment codes that are taken here begin with.
    pub(crate) fn prefixes(&self) -> Vec<Prefix> {
        self.prefixes.list()
    }

    /// Signs the till's card, whose text a QR code shows.
    pub(crate) fn till_card(&self, till: TillId, shop: ShopName) -> String {
        let card = UnsignedTillCard { till, shop, issuer: self.name.clone() };
        card.sign(|message| self.keys.sign_till_card(message))
    }
}
