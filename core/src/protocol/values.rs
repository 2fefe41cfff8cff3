//! The values in messages that may be printed: ids, names, keys.

use base64ct::{Base64UrlUnpadded, Encoding};

use super::ids::DeviceId;
use super::text::{InvalidText, SecretText};
use crate::text::is_plain;

/// Reads exactly `N` bytes of lower-case hexadecimal digits.
fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let length = base16ct::lower::decode(text, &mut bytes).ok()?.len();
    (length == N).then_some(bytes)
}

fn to_hex<const N: usize>(bytes: &[u8; N]) -> SecretText {
    SecretText::new(&base16ct::lower::encode_string(bytes))
}

/// Reads exactly `N` bytes of Base64url without padding.
fn from_base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    Base64UrlUnpadded::decode_vec(text).ok()?.try_into().ok()
}

fn to_base64<const N: usize>(bytes: &[u8; N]) -> SecretText {
    SecretText::new(&Base64UrlUnpadded::encode_string(bytes))
}

newtype! {
    /// The id of a card within its account, given by the issuer: 16 bytes in hex.
    #[derive(Clone, Copy, PartialEq, Eq)]
    public CardNumber(pub [u8; 16]), "a card id: 32 hex digits", from_hex, to_hex,
    [pattern: "[0-9a-f]{32}", min: 32, max: 32,]
}
newtype! {
    /// The id of a payment at the issuer: 16 bytes in hex. Nothing can be paid with it.
    #[derive(Clone, Copy, PartialEq, Eq)]
    public PaymentNumber(pub [u8; 16]), "a payment id: 32 hex digits", from_hex, to_hex,
    [pattern: "[0-9a-f]{32}", min: 32, max: 32,]
}
newtype! {
    /// The id that a device gives a repeatable request: 16 random bytes, in Base64url without padding.
    #[derive(Clone, Copy, PartialEq, Eq)]
    public RequestName(pub [u8; 16]), "a request id: 16 bytes in Base64url", from_base64, to_base64, []
}
newtype! {
    /// The id of a payment credential at its issuer: 16 bytes, in Base64url without padding.
    #[derive(Clone, Copy, PartialEq, Eq)]
    public CredentialName(pub [u8; 16]), "a credential id: 16 bytes in Base64url", from_base64,
    to_base64, []
}
newtype! {
    /// A public key of X25519 (RFC 7748): 32 bytes, in Base64url without padding.
    #[derive(Clone, Copy, PartialEq, Eq)]
    public X25519Key(pub [u8; 32]), "the 32 bytes of an X25519 key in Base64url", from_base64,
    to_base64, []
}
newtype! {
    /// A public key of Ed25519 (RFC 8032): 32 bytes, in Base64url without padding.
    #[derive(Clone, Copy, PartialEq, Eq)]
    public Ed25519Key(pub [u8; 32]), "the 32 bytes of an Ed25519 key in Base64url", from_base64,
    to_base64, []
}
newtype! {
    /// A device's public key: P-256, SEC1 uncompressed (65 bytes), in Base64url without padding.
    #[derive(Clone, Copy, PartialEq, Eq)]
    public DeviceKey(pub [u8; 65]), "a P-256 public key, SEC1 uncompressed, in Base64url",
    |text| from_base64(text).filter(|key: &[u8; 65]| key[0] == 4), to_base64,
    [pattern: "B[A-P][A-Za-z0-9_-]{84}[AEIMQUYcgkosw048]", max: 87,
        example: "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",]
}

impl DeviceKey {
    /// Computes the device's id, which is a hash of this key.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        DeviceId::of(&self.0)
    }
}

newtype! {
    /// An encrypted message: 1 to 4,096 bytes, in Base64url without padding.
    #[derive(Clone, PartialEq, Eq)]
    public Ciphertext(Vec<u8>), "1 to 4,096 bytes in Base64url",
    |text| Base64UrlUnpadded::decode_vec(text).ok().filter(|bytes| is_ciphertext(bytes)),
    |bytes| SecretText::new(&Base64UrlUnpadded::encode_string(bytes)), []
}

impl Ciphertext {
    /// Takes 1 to 4,096 bytes.
    ///
    /// # Errors
    /// [`InvalidText`] for another number of bytes.
    pub fn new(bytes: Vec<u8>) -> Result<Self, InvalidText> {
        let fits = is_ciphertext(&bytes);
        if fits { Ok(Self(bytes)) } else { Err(InvalidText("1 to 4,096 bytes in Base64url")) }
    }

    /// Gives the encrypted bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn is_ciphertext(bytes: &[u8]) -> bool {
    (1..=4096).contains(&bytes.len())
}

newtype! {
    /// A currency code of three letters (ISO 4217).
    #[derive(Clone, PartialEq, Eq)]
    public CurrencyName(String), "a currency: three capital letters",
    |text| {
        let fits = text.len() == 3 && text.bytes().all(|c| c.is_ascii_uppercase());
        fits.then(|| text.to_owned())
    },
    |text| SecretText::new(text), [pattern: "[A-Z]{3}", max: 3, example: "JPY",]
}

impl CurrencyName {
    /// Gives the three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

newtype! {
    /// A till's reference of a sale: 1 to 64 visible ASCII characters.
    #[derive(Clone, PartialEq, Eq)]
    public SaleNumber(String), "a sale reference: 1 to 64 visible ASCII characters",
    |text| {
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_graphic());
        fits.then(|| text.to_owned())
    },
    |text| SecretText::new(text), [pattern: "[!-~]{1,64}", max: 64, example: "2026-11-23-0042",]
}

impl SaleNumber {
    /// Gives the reference as the till wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many bytes the name of a device has at most.
pub const MAX_DEVICE_NAME_BYTES: usize = 64;

newtype! {
    /// The name of a device: 1 to 64 bytes, no control characters.
    #[derive(Clone, PartialEq, Eq)]
    public DeviceName(String), "a device name of 1 to 64 bytes without control characters",
    |text| is_device_name(text).then(|| text.to_owned()), |text| SecretText::new(text),
    [min: 1, max: 64, example: "Hanako's phone",]
}

/// Refuses what could break or turn a line, since the name goes into mails.
fn is_device_name(text: &str) -> bool {
    let fits = (1..=MAX_DEVICE_NAME_BYTES).contains(&text.len());
    let is_plain = !text.chars().any(|c| !is_plain(c));
    fits && is_plain && !text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_break_or_turn_a_line_are_refused() {
        let is_taken = |name: &str| DeviceName::try_from(name.to_owned()).is_ok();
        assert!(is_taken("花子の電話") && is_taken("a"));
        for bad in ["", " ", "a\nb", "a\u{202e}b", "a\u{2028}b", &"a".repeat(65)] {
            assert!(!is_taken(bad), "{bad:?}");
        }
    }

    #[test]
    fn malformed_sale_references_and_currencies_are_refused() {
        let is_sale = |text: &str| SaleNumber::try_from(text.to_owned()).is_ok();
        assert!(is_sale("a") && is_sale(&"x".repeat(64)));
        for bad in ["", "a b", "a\n", "\u{1b}[2J", "レジ", &"x".repeat(65)] {
            assert!(!is_sale(bad), "{bad:?}");
        }
        for bad in ["", "jpy", "JP", "JPYX", "ＪＰＹ"] {
            assert!(CurrencyName::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    fn matches(pattern: &str) -> impl Strategy<Value = String> {
        prop::string::string_regex(pattern).unwrap()
    }

    proptest! {
        #[test]
        fn texts_that_match_their_pattern_are_taken(
            key in matches(DeviceKey::PATTERN),
            card in matches(CardNumber::PATTERN),
            payment in matches(PaymentNumber::PATTERN),
            sale in matches(SaleNumber::PATTERN),
            currency in matches(CurrencyName::PATTERN),
        ) {
            prop_assert!(DeviceKey::try_from(key.clone()).is_ok(), "{}", key);
            prop_assert!(CardNumber::try_from(card.clone()).is_ok(), "{}", card);
            prop_assert!(PaymentNumber::try_from(payment.clone()).is_ok(), "{}", payment);
            prop_assert!(SaleNumber::try_from(sale.clone()).is_ok(), "{}", sale);
            prop_assert!(CurrencyName::try_from(currency.clone()).is_ok(), "{}", currency);
        }
    }
}
