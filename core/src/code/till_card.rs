//! The till card: how a till's id reaches the phone in a way that the shopper can check.
//!
//! ```text
//! tegata-till: Base64url( version 1 | n, till id | n, shop | n, issuer | Ed25519 signature (64) )
//! ```
//! `n` is one byte: how many follow. The signature (RFC 8032) is over `tegata/v1/till-card`, a zero byte and everything
//! before it. Frozen.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::till::TillId;
use crate::text::is_plain;

/// The scheme that a till card begins with, which distinguishes it from a payment code.
const SCHEME: &str = "tegata-till:";
const VERSION: u8 = 1;
const LABEL: &[u8] = b"tegata/v1/till-card\0";
const SIGNATURE: usize = 64;
/// Bytes of a name in UTF-8 at most.
const NAME: usize = 96;
/// Bytes of all of it, before Base64url.
const LONGEST: usize = 1 + 33 + 2 * (NAME + 1) + SIGNATURE;

/// A name that a person reads: of a shop, or of an issuer. One line of 1 to 96 bytes of UTF-8, without spaces around it
/// and without the characters that change how text around them is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 96, example = "Tegata Ginza"))]
pub struct ShopName(Box<str>);

impl TryFrom<String> for ShopName {
    type Error = TillCardError;

    fn try_from(text: String) -> Result<Self, TillCardError> {
        Self::new(&text)
    }
}

impl From<ShopName> for String {
    fn from(name: ShopName) -> Self {
        name.0.into()
    }
}

impl ShopName {
    /// Checks a name and takes it.
    ///
    /// # Errors
    /// [`TillCardError::InvalidName`].
    pub fn new(text: &str) -> Result<Self, TillCardError> {
        let is_line = (1..=NAME).contains(&text.len()) && text.trim() == text;
        if is_line && text.chars().all(is_plain) {
            Ok(Self(text.into()))
        } else {
            Err(TillCardError::InvalidName)
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShopName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is not a valid till card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TillCardError {
    /// The text does not have the format of a till card.
    #[error("not a till card")]
    Malformed,
    /// A name in it is not valid.
    #[error("a name on a till card is one line of 1 to 96 bytes")]
    InvalidName,
    /// The card is not signed by this issuer.
    #[error("not a till of this issuer: the card is signed with another key")]
    InvalidSignature,
}

/// The content of a till card before the issuer signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedTillCard {
    /// The id of the till.
    pub till: TillId,
    /// The name of the shop, which the shopper can check.
    pub shop: ShopName,
    /// The name of the till's issuer.
    pub issuer: ShopName,
}

impl UnsignedTillCard {
    fn payload(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LONGEST);
        bytes.push(VERSION);
        for part in [self.till.as_str(), self.shop.as_str(), self.issuer.as_str()] {
            // Each of them is bounded far below 256 by its type.
            bytes.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }

    /// Signs the card and returns its text, which a till shows as a QR code. `sign` makes the Ed25519 signature over
    /// the message that it gets.
    #[must_use]
    pub fn sign(&self, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> String {
        let mut bytes = self.payload();
        let signature = sign(&[LABEL, &bytes].concat());
        bytes.extend_from_slice(&signature);
        format!("{SCHEME}{}", Base64UrlUnpadded::encode_string(&bytes))
    }
}

/// A till's card that its issuer signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TillCard(UnsignedTillCard);

impl TillCard {
    /// Reads a card and verifies it with the issuer's key, which comes with the payment credential. Surrounding spaces
    /// are ignored. Costs one verification of Ed25519.
    ///
    /// # Errors
    /// [`TillCardError`].
    pub fn read(text: &str, key: &[u8; 32]) -> Result<Self, TillCardError> {
        let body = text.trim().strip_prefix(SCHEME).ok_or(TillCardError::Malformed)?;
        // Nothing longer than the longest card is even decoded.
        if body.len() > LONGEST.div_ceil(3) * 4 {
            return Err(TillCardError::Malformed);
        }
        let bytes = Base64UrlUnpadded::decode_vec(body).map_err(|_| TillCardError::Malformed)?;
        let payload = bytes.len().checked_sub(SIGNATURE).ok_or(TillCardError::Malformed)?;
        let (payload, signature) = bytes.split_at(payload);
        let card = parse(payload)?;
        UnparsedPublicKey::new(&ED25519, key)
            .verify(&[LABEL, payload].concat(), signature)
            .map_err(|_| TillCardError::InvalidSignature)?;
        Ok(Self(card))
    }

    /// The id of the till, for a code of slots 5 to 9.
    #[must_use]
    pub fn till(&self) -> &TillId {
        &self.0.till
    }

    /// The name of the shop, which the wallet shows before it makes a code.
    #[must_use]
    pub fn shop(&self) -> &ShopName {
        &self.0.shop
    }

    /// The name of the till's issuer.
    #[must_use]
    pub fn issuer(&self) -> &ShopName {
        &self.0.issuer
    }
}

fn parse(payload: &[u8]) -> Result<UnsignedTillCard, TillCardError> {
    let mut rest = payload.strip_prefix(&[VERSION]).ok_or(TillCardError::Malformed)?;
    let mut part = || {
        let (length, after) = rest.split_first().ok_or(TillCardError::Malformed)?;
        let (part, after) =
            after.split_at_checked((*length).into()).ok_or(TillCardError::Malformed)?;
        rest = after;
        std::str::from_utf8(part).map_err(|_| TillCardError::Malformed)
    };
    let till = part()?.parse().map_err(|_| TillCardError::Malformed)?;
    let card =
        UnsignedTillCard { till, shop: ShopName::new(part()?)?, issuer: ShopName::new(part()?)? };
    if rest.is_empty() { Ok(card) } else { Err(TillCardError::Malformed) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    /// A pair whose secret is all the same byte.
    fn pair(byte: u8) -> (Ed25519KeyPair, [u8; 32]) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[byte; 32]).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        (pair, public)
    }

    fn signed(card: &UnsignedTillCard, byte: u8) -> String {
        card.sign(|message| pair(byte).0.sign(message).as_ref().try_into().unwrap())
    }

    fn card(till: &str, shop: &str) -> UnsignedTillCard {
        let issuer = ShopName::new("Tegata").unwrap();
        UnsignedTillCard { till: till.parse().unwrap(), shop: ShopName::new(shop).unwrap(), issuer }
    }

    #[test]
    fn the_bytes_are_frozen() {
        let text = signed(&card("till-1", "手形 Ginza"), 7);
        assert_eq!(text, FROZEN);
        let read = TillCard::read(&format!(" {text}\n"), &pair(7).1).unwrap();
        assert_eq!((read.till().as_str(), read.shop().as_str()), ("till-1", "手形 Ginza"));
        assert_eq!(read.issuer().as_str(), "Tegata");
        assert_eq!(hex::encode(card("till-1", "手形 Ginza").payload()), PAYLOAD);
    }

    const PAYLOAD: &str = "010674696c6c2d310ce6898be5bda22047696e7a6106546567617461";
    const FROZEN: &str = "tegata-till:AQZ0aWxsLTEM5omL5b2iIEdpbnphBlRlZ2F0YeY5iG0JNwqB-QdLOhlwMmOHq9zn\
        ZLrDemHqvjs6JACX7tkX2FsEgW2ClCbz6GlNdRYrizRjm6J1P012nSriUgE";

    #[test]
    fn another_issuers_card_is_refused() {
        let text = signed(&card("till-1", "A shop"), 7);
        assert_eq!(TillCard::read(&text, &pair(8).1), Err(TillCardError::InvalidSignature));
    }

    #[test]
    fn a_name_is_one_line_without_hidden_characters() {
        for bad in [
            "",
            " a",
            "a ",
            "a\nb",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{1b}[2Jb",
            "a\u{61c}b",
            &"a".repeat(97),
        ] {
            assert_eq!(ShopName::new(bad), Err(TillCardError::InvalidName), "{bad:?}");
        }
        assert!(ShopName::new(&"a".repeat(96)).is_ok());
    }

    proptest! {
        #[test]
        fn a_card_is_read_back_and_a_changed_byte_is_not(
            till in "[0-9A-Za-z._-]{1,32}",
            shop in "[a-z手形]{1,20}",
            at: prop::sample::Index,
            bit in 0_u8..8,
        ) {
            let unsigned = card(&till, &shop);
            let text = signed(&unsigned, 7);
            prop_assert_eq!(TillCard::read(&text, &pair(7).1), Ok(TillCard(unsigned)));
            let mut bytes = Base64UrlUnpadded::decode_vec(&text[SCHEME.len()..]).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let changed = format!("{SCHEME}{}", Base64UrlUnpadded::encode_string(&bytes));
            prop_assert!(TillCard::read(&changed, &pair(7).1).is_err());
        }
    }
}
