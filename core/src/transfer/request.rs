//! The request that a new phone shows.
//!
//! ```text
//! tegata-move:1: Base64url( X25519 public key (32) | check (8) )
//! ```
//! The check is the beginning of SHA-256 over `tegata/v1/move-request`, a zero byte and the key. Frozen.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::digest::{SHA256, digest};

use super::error::TransferError;
use super::text;
use crate::hpke::PublicKey;
use crate::text::fold_digits;
use crate::vault::Argon2Params;

const SCHEME: &str = "tegata-move:";
const LABEL: &[u8] = b"tegata/v1/move-request\0";
const KEY: usize = 32;
const CHECK: usize = 8;
/// The salt of the number, in which nothing is secret.
const NUMBER: &[u8; 16] = b"tegata/v1/number";

/// A new phone's request: a public key that one answer is sealed to. Nothing in it is secret, and nothing in it says
/// whose it is: the owner compares the [`number`](Self::number) for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferRequest(PublicKey);

impl TransferRequest {
    pub(crate) fn new(key: PublicKey) -> Self {
        Self(key)
    }

    /// Reads what the new phone shows. Surrounding spaces are ignored.
    ///
    /// # Errors
    /// [`TransferError::InvalidRequest`], [`TransferError::ChecksumMismatch`], [`TransferError::NewerVersion`].
    pub fn read(text: &str) -> Result<Self, TransferError> {
        let body = text::body(text, SCHEME, TransferError::InvalidRequest)?;
        let mut bytes = [0; KEY + CHECK];
        let read = Base64UrlUnpadded::decode(body, &mut bytes)
            .map_err(|_| TransferError::ChecksumMismatch)?;
        let (key, check) = read.split_first_chunk().ok_or(TransferError::ChecksumMismatch)?;
        if *check != self::check(key) {
            return Err(TransferError::ChecksumMismatch);
        }
        PublicKey::new(*key).map(Self).ok_or(TransferError::InvalidRequest)
    }

    /// SHA-256 of its text, which identifies it and binds the answer to it.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, self.to_string().as_bytes()).as_ref());
        bytes
    }

    pub(crate) fn key(&self) -> &PublicKey {
        &self.0
    }

    /// The number that both phones show, for their owner to compare. Costs one Argon2id (32 MiB, 3 passes), so that an
    /// attacker cannot find another key with the same number while the owner waits (docs/threat-model.md).
    ///
    /// # Errors
    /// [`TransferError::OutOfMemory`] if 32 MiB are not available.
    pub fn number(&self) -> Result<TransferNumber, TransferError> {
        let computed = Argon2Params::TRANSFER_NUMBER.run(self.0.as_bytes(), NUMBER);
        let hash = computed.map_err(|_| TransferError::OutOfMemory)?;
        let value = hash.expose().iter().take(8).fold(0, |v, b| v << 8 | u64::from(*b));
        Ok(TransferNumber(value % TransferNumber::END))
    }
}

/// The text that is shown, as a QR code or to copy.
impl fmt::Display for TransferRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(self.0.as_bytes()))
    }
}

fn encode(key: &[u8; KEY]) -> String {
    let body = Base64UrlUnpadded::encode_string(&[&key[..], &check(key)].concat());
    format!("{SCHEME}1:{body}")
}

fn check(key: &[u8; KEY]) -> [u8; CHECK] {
    let hash = digest(&SHA256, &[LABEL, key].concat());
    let mut check = [0; CHECK];
    check.copy_from_slice(&hash.as_ref()[..CHECK]);
    check
}

/// The twelve digits that a request is compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferNumber(u64);

impl TransferNumber {
    const DIGITS: usize = 12;
    const END: u64 = 1_000_000_000_000;
}

/// Three groups of four digits, as it is shown.
impl fmt::Display for TransferNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third] = [100_000_000, 10_000, 1].map(|unit| self.0 / unit % 10_000);
        write!(f, "{first:04} {second:04} {third:04}")
    }
}

/// Twelve ASCII digits, with spaces and hyphens wherever a person puts them.
impl FromStr for TransferNumber {
    type Err = TransferError;

    fn from_str(text: &str) -> Result<Self, TransferError> {
        let digits = fold_digits(text);
        let all_digits = digits.len() == Self::DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        let value = all_digits.then(|| digits.parse().ok()).flatten();
        value.map(Self).ok_or(TransferError::InvalidNumber)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hpke::ReceiverKey;

    // The key of RFC 9180, appendix A.1.1. Text and number are frozen.
    const TEXT: &str = "tegata-move:1:OUjP4K0d22ldeA5ZB3GV2mxWUGsCcyl5SrAryoCBXE0VFMtWlDyPuw";

    fn request() -> TransferRequest {
        let key_hex = "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8";
        let key = ReceiverKey::from_slice(&hex::decode(key_hex).unwrap()).unwrap();
        TransferRequest::new(key.public())
    }

    #[test]
    fn request_text_and_number_are_frozen() {
        assert_eq!(request().to_string(), TEXT);
        assert_eq!(TransferRequest::read(&format!(" {TEXT}\n")), Ok(request()));
        assert_eq!(request().number().unwrap().to_string(), "0801 0294 1611");
    }

    #[test]
    fn invalid_and_mistyped_requests_differ() {
        for (text, why) in [
            ("", TransferError::InvalidRequest),
            ("tegata-move:", TransferError::InvalidRequest),
            ("tegata-move:AA", TransferError::InvalidRequest),
            ("tegata-move:0:AA", TransferError::InvalidRequest),
            ("tegata-move:01:AA", TransferError::InvalidRequest),
            ("tegata-move::AA", TransferError::InvalidRequest),
            ("tegata-moved:1:AA", TransferError::InvalidRequest),
            ("tegata-move:2:AA", TransferError::NewerVersion),
            ("tegata-move:1:", TransferError::ChecksumMismatch),
            ("tegata-move:1:AA", TransferError::ChecksumMismatch),
            (&TEXT.replace("move:1:", "move:1: "), TransferError::ChecksumMismatch),
            (&format!("{TEXT}A"), TransferError::ChecksumMismatch),
            (&format!("{TEXT}="), TransferError::ChecksumMismatch),
            (&"A".repeat(1 << 20), TransferError::InvalidRequest),
        ] {
            assert_eq!(TransferRequest::read(text), Err(why), "{text:.80}");
        }
        // A key to which everybody has the other half, its check right.
        let everybodys = encode(&[0; KEY]);
        assert_eq!(TransferRequest::read(&everybodys), Err(TransferError::InvalidRequest));
    }

    #[test]
    fn a_changed_character_is_detected() {
        for at in "tegata-move:1:".len()..TEXT.len() {
            for other in "ABab09-_".chars().filter(|c| !TEXT[at..].starts_with(*c)) {
                let text = format!("{}{other}{}", &TEXT[..at], &TEXT[at + 1..]);
                assert_eq!(
                    TransferRequest::read(&text),
                    Err(TransferError::ChecksumMismatch),
                    "{text}"
                );
            }
            assert_eq!(TransferRequest::read(&TEXT[..at]), Err(TransferError::ChecksumMismatch));
        }
    }

    #[test]
    fn a_number_is_read_as_a_person_writes_it() {
        let number: TransferNumber = "0012 0345 0678".parse().unwrap();
        assert_eq!(number.to_string(), "0012 0345 0678");
        for same in [
            "001203450678",
            " 0012-0345-0678 ",
            "00 12 03 45 06 78",
            "００１２　０３４５　０６７８",
        ] {
            assert_eq!(same.parse(), Ok(number), "{same}");
        }
        for wrong in ["", "1203450678", "0012034506789", "00120345067a"] {
            assert_eq!(
                wrong.parse::<TransferNumber>(),
                Err(TransferError::InvalidNumber),
                "{wrong}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_shown_request_is_read(key: [u8; 32]) {
            let key = ReceiverKey::from_slice(&key).unwrap();
            let request = TransferRequest::new(key.public());
            let text = request.to_string();
            prop_assert_eq!(text.len(), 68);
            prop_assert_eq!(TransferRequest::read(&text), Ok(request));
        }

        #[test]
        fn a_printed_number_is_read_back(value in 0..TransferNumber::END) {
            let number = TransferNumber(value);
            prop_assert_eq!(number.to_string().parse(), Ok(number));
        }
    }
}
