//! The small texts that messages are made of. Each is checked where it is read, so that nothing later has to.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use super::ids::DeviceId;

/// A text in a message is not of the form that it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct InvalidText(pub(super) &'static str);

/// A text that a message carries and that is not to be printed. Wiped when dropped.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes a copy; the caller wipes its own.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The text itself. Each call site is a place where the secret can leak: keep them few.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Zeroizing::new(String::deserialize(deserializer)?)))
    }
}

macro_rules! text {
    ($(#[doc = $doc:literal])* $name:ident, $form:literal, $check:expr, $pattern:expr, $longest:literal, $example:literal) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, Serialize)]
        #[serde(transparent)]
        pub struct $name(SecretText);

        described! { $name, $pattern, concat!($($doc),*), $longest, $example }

        impl $name {
            /// Takes a text of that form.
            ///
            /// # Errors
            /// [`InvalidText`].
            pub fn new(text: &str) -> Result<Self, InvalidText> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(SecretText::new(text))) } else { Err(InvalidText($form)) }
            }

            /// The text itself. Each call site is a place where the secret can leak: keep them few.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = SecretText::deserialize(deserializer)?;
                Self::new(text.expose()).map_err(de::Error::custom)
            }
        }
    };
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|c| c.is_ascii_digit())
}

text! {
    /// A mailed code: eight ASCII digits.
    MailedCodeText, "the eight digits of the mailed code", |text| digits(text, 8),
    "[0-9]{8}", 8, "31415926"
}
text! {
    /// A code of the authenticator: six ASCII digits.
    TotpText, "six digits from the authenticator", |text| digits(text, 6),
    "[0-9]{6}", 6, "287082"
}
text! {
    /// A password: 1 to 256 bytes of UTF-8. Its strength is not checked here.
    PasswordText, "a password of 1 to 256 bytes", |text| (1..=256).contains(&text.len()),
    r"[\s\S]{1,256}", 256, "four quiet herons"
}
text! {
    /// The ticket of a pending sign-up or reset: opaque, 1 to 256 characters of Base64url.
    Ticket, "a ticket from the issuer", is_token,
    TOKEN, 256, "AQ8sXq3N_7c"
}
text! {
    /// A session token: opaque, 1 to 256 characters of Base64url.
    SessionToken, "a session token from the issuer", is_token,
    TOKEN, 256, "m3QxZk0v-9w"
}
text! {
    /// The id of an event of an account: 32 hexadecimal digits.
    EventNumber, "an event id: 32 hexadecimal digits", |text| {
        text.len() == 32 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    },
    "[0-9a-f]{32}", 32, "017f22e279b07cc3bfffffffffffffff"
}

#[cfg(any(test, feature = "openapi"))]
const TOKEN: &str = "[A-Za-z0-9_-]{1,256}";

fn is_token(text: &str) -> bool {
    let of_token = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    (1..=256).contains(&text.len()) && text.bytes().all(of_token)
}

text! {
    /// What a processor gave out for a card: up to 128 letters, digits and underscores that begin with a letter and are
    /// not a card's number.
    CardToken, "a card token of the processor, such as pm_card_visa", is_card_token,
    "[A-Za-z][0-9A-Za-z_]{0,127}", 128, "pm_card_visa"
}

/// A number typed in the place of a token goes no further than this.
fn is_card_token(text: &str) -> bool {
    let of_name = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    let named = text.bytes().next().is_some_and(|c| c.is_ascii_alphabetic());
    named && text.len() <= 128 && text.bytes().all(of_name)
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $form:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 32, max_length = 32, pattern = "^[0-9a-f]{32}$"))]
        pub struct $name(pub [u8; 16]);

        impl TryFrom<String> for $name {
            type Error = InvalidText;

            fn try_from(text: String) -> Result<Self, InvalidText> {
                let mut bytes = [0; 16];
                let read = base16ct::lower::decode(&text, &mut bytes).map(<[u8]>::len);
                if read == Ok(16) { Ok(Self(bytes)) } else { Err(InvalidText($form)) }
            }
        }

        impl From<$name> for String {
            fn from(number: $name) -> Self {
                base16ct::lower::encode_string(&number.0)
            }
        }
    };
}

number! {
    /// The id of a card within its account, given by the issuer: 16 bytes in hex.
    CardNumber, "a card id: 32 hex digits"
}
number! {
    /// The id of a payment at the issuer: 16 bytes in hex. Nothing can be paid with it.
    PaymentNumber, "a payment id: 32 hex digits"
}

macro_rules! word {
    ($(#[doc = $doc:literal])* $name:ident, $form:literal, $check:expr, $pattern:expr, $longest:literal, $example:literal) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        described! { $name, $pattern, concat!($($doc),*), $longest, $example }

        impl TryFrom<String> for $name {
            type Error = InvalidText;

            fn try_from(text: String) -> Result<Self, InvalidText> {
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err(InvalidText($form)) }
            }
        }

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

word! {
    /// A currency code of three letters (ISO 4217).
    CurrencyName, "a currency: three capital letters", |text| {
        text.len() == 3 && text.bytes().all(|c| c.is_ascii_uppercase())
    },
    "[A-Z]{3}", 3, "JPY"
}
word! {
    /// A till's reference of a sale: 1 to 64 visible ASCII characters.
    SaleNumber, "a sale reference: 1 to 64 visible ASCII characters", |text| {
        (1..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_graphic())
    },
    "[!-~]{1,64}", 64, "2026-11-23-0042"
}

/// Bytes of a device's name at most.
pub const MAX_DEVICE_NAME_BYTES: usize = 64;

/// The name of a device: 1 to 64 bytes, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 64, example = "Hanako's phone"))]
pub struct DeviceName(String);

impl TryFrom<String> for DeviceName {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        let fits = (1..=MAX_DEVICE_NAME_BYTES).contains(&text.len());
        // A name goes into mails: what could break or turn a line has no place in it.
        let plain = !text.chars().any(|c| c.is_control() || is_format(c));
        if fits && plain && !text.trim().is_empty() {
            Ok(Self(text))
        } else {
            Err(InvalidText("a device name of 1 to 64 bytes without control characters"))
        }
    }
}

/// Line and paragraph separators, and marks that turn the direction of writing.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl From<DeviceName> for String {
    fn from(name: DeviceName) -> Self {
        name.0
    }
}

/// A device's public key: P-256, SEC1 uncompressed (65 bytes), in Base64url without padding.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceKey(pub [u8; 65]);

described! {
    DeviceKey, "B[A-P][A-Za-z0-9_-]{84}[AEIMQUYcgkosw048]",
    "A device's public key: P-256, SEC1 uncompressed (65 bytes), in Base64url without padding.", 87,
    "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
}

impl DeviceKey {
    /// What the device is known by.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        DeviceId::of(&self.0)
    }
}

impl TryFrom<String> for DeviceKey {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        let wrong = InvalidText("a P-256 public key, SEC1 uncompressed, in Base64url");
        let bytes = Base64UrlUnpadded::decode_vec(&text).map_err(|_| wrong)?;
        let key: [u8; 65] = bytes.try_into().map_err(|_| wrong)?;
        if key[0] == 4 { Ok(Self(key)) } else { Err(wrong) }
    }
}

impl From<DeviceKey> for String {
    fn from(key: DeviceKey) -> Self {
        Base64UrlUnpadded::encode_string(&key.0)
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKey({})", self.id())
    }
}

macro_rules! bytes {
    ($(#[$doc:meta])* $name:ident, $count:literal, $form:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        pub struct $name(pub [u8; $count]);

        impl TryFrom<String> for $name {
            type Error = InvalidText;

            fn try_from(text: String) -> Result<Self, InvalidText> {
                let bytes = Base64UrlUnpadded::decode_vec(&text).map_err(|_| InvalidText($form))?;
                bytes.try_into().map(Self).map_err(|_| InvalidText($form))
            }
        }

        impl From<$name> for String {
            fn from(bytes: $name) -> Self {
                Base64UrlUnpadded::encode_string(&bytes.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), String::from(*self))
            }
        }
    };
}

bytes! {
    /// The id that a device gives a repeatable request: 16 random bytes, in Base64url without padding.
    RequestName, 16, "a request id: 16 bytes in Base64url"
}
bytes! {
    /// The id of a payment credential at its issuer: 16 bytes, in Base64url without padding.
    CredentialName, 16, "a credential id: 16 bytes in Base64url"
}
bytes! {
    /// A public key of X25519 (RFC 7748): 32 bytes, in Base64url without padding.
    X25519Key, 32, "the 32 bytes of an X25519 key in Base64url"
}
bytes! {
    /// A public key of Ed25519 (RFC 8032): 32 bytes, in Base64url without padding.
    Ed25519Key, 32, "the 32 bytes of an Ed25519 key in Base64url"
}

/// An encrypted message: 1 to 1,024 bytes, in Base64url without padding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
pub struct Ciphertext(Vec<u8>);

impl Ciphertext {
    /// Takes bytes of that number.
    ///
    /// # Errors
    /// [`InvalidText`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, InvalidText> {
        let fits = (1..=1024).contains(&bytes.len());
        if fits { Ok(Self(bytes)) } else { Err(InvalidText("1 to 1,024 bytes in Base64url")) }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<String> for Ciphertext {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        let bytes = Base64UrlUnpadded::decode_vec(&text);
        Self::new(bytes.map_err(|_| InvalidText("1 to 1,024 bytes in Base64url"))?)
    }
}

impl From<Ciphertext> for String {
    fn from(bytes: Ciphertext) -> Self {
        Base64UrlUnpadded::encode_string(&bytes.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_are_ascii_and_as_many_as_they_are() {
        assert!(TotpText::new("012345").is_ok());
        for bad in ["", "12345", "1234567", "12 345", " 123456", "１２３４５６", "12345a", "-12345"]
        {
            assert!(TotpText::new(bad).is_err(), "{bad}");
        }
        let payment_code = "496012345678901234567890";
        assert!(TotpText::new(payment_code).is_err() && MailedCodeText::new(payment_code).is_err());
    }

    #[test]
    fn a_name_that_could_break_or_turn_a_line_is_refused() {
        let taken = |name: &str| DeviceName::try_from(name.to_owned()).is_ok();
        assert!(taken("花子の電話") && taken("a"));
        for bad in ["", " ", "a\nb", "a\u{202e}b", "a\u{2028}b", &"a".repeat(65)] {
            assert!(!taken(bad), "{bad:?}");
        }
    }

    #[test]
    fn what_would_write_past_its_line_is_no_sale_and_no_currency() {
        let sale = |text: &str| SaleNumber::try_from(text.to_owned()).is_ok();
        assert!(sale("a") && sale(&"x".repeat(64)));
        for bad in ["", "a b", "a\n", "\u{1b}[2J", "レジ", &"x".repeat(65)] {
            assert!(!sale(bad), "{bad:?}");
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
        fn what_matches_the_form_that_is_described_is_taken(
            code in matches(MailedCodeText::PATTERN),
            totp in matches(TotpText::PATTERN),
            event in matches(EventNumber::PATTERN),
            password in matches(PasswordText::PATTERN),
            ticket in matches(Ticket::PATTERN),
            token in matches(SessionToken::PATTERN),
            key in matches(DeviceKey::PATTERN),
            card in matches(CardToken::PATTERN),
            sale in matches(SaleNumber::PATTERN),
            currency in matches(CurrencyName::PATTERN),
        ) {
            prop_assert!(CardToken::new(&card).is_ok(), "{}", card);
            prop_assert!(SaleNumber::try_from(sale.clone()).is_ok(), "{}", sale);
            prop_assert!(CurrencyName::try_from(currency.clone()).is_ok(), "{}", currency);
            prop_assert!(MailedCodeText::new(&code).is_ok(), "{}", code);
            prop_assert!(EventNumber::new(&event).is_ok(), "{}", event);
            prop_assert!(TotpText::new(&totp).is_ok(), "{}", totp);
            prop_assert_eq!(PasswordText::new(&password).is_ok(), password.len() <= 256);
            prop_assert!(Ticket::new(&ticket).is_ok() && SessionToken::new(&token).is_ok());
            prop_assert!(DeviceKey::try_from(key.clone()).is_ok(), "{}", key);
        }
    }

    #[test]
    fn texts_do_not_print() {
        let text = format!("{:?}", PasswordText::new("four quiet herons").unwrap());
        assert_eq!(text, "PasswordText([redacted])");
    }
}
