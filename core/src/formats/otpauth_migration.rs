//! `otpauth-migration://` URIs, which Google Authenticator exports: any number of credentials as a Protocol Buffers
//! message (<https://protobuf.dev/programming-guides/encoding/>) in Base64. The message has no published schema; its
//! numbers are those that other readers agree on. An export in several QR codes is so many URIs, each whole by itself.

use base64ct::{Base64Unpadded, Encoding as _};
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::otpauth::{
    OtpauthError, Scheme, check_names, parse, parts, scheme_and_rest, split_label,
};
use crate::SecretBytes;
use crate::otp::check;
use crate::vault::{OtpAlgorithm, OtpCredential, OtpKind};

/// One credential of a URI, or why it cannot be stored, with the names that its owner knows it by.
#[derive(Debug)]
pub struct ExportEntry {
    /// The issuer and the account, as in `Mail:ann`, made plain; empty if they cannot be read or shown.
    pub name: String,
    /// The credential, or why it is not one that a wallet stores.
    pub credential: Result<OtpCredential, OtpauthError>,
}

/// Reads the one credential of an `otpauth` URI, or all of an `otpauth-migration` URI.
///
/// # Errors
/// [`OtpauthError`], one for each thing that can be wrong. One wrong credential refuses the export.
pub fn parse_all(uri: &[u8]) -> Result<Vec<OtpCredential>, OtpauthError> {
    parse_entries(uri)?.into_iter().map(|entry| entry.credential).collect()
}

/// Reads what [`parse_all`] reads, each credential by itself, so that the others of an export can be taken where one is
/// of a kind that no wallet stores, such as one with MD5.
///
/// # Errors
/// [`OtpauthError`] of the URI or of an export as a whole.
pub fn parse_entries(uri: &[u8]) -> Result<Vec<ExportEntry>, OtpauthError> {
    let query = match scheme_and_rest(uri)? {
        (Scheme::Otpauth, _) => return Ok(vec![ExportEntry::of(parse(uri))]),
        (Scheme::Migration, rest) => parts(rest).1,
    };
    let mut data = query.split('&').filter_map(|pair| pair.strip_prefix("data="));
    match (data.next(), data.next()) {
        (Some(data), None) => read(data),
        (Some(_), Some(_)) => Err(OtpauthError::DuplicateParameter("data")),
        (None, _) => Err(OtpauthError::MissingParameter("data")),
    }
}

impl ExportEntry {
    fn of(credential: Result<OtpCredential, OtpauthError>) -> Self {
        let name = credential.as_ref().map_or_else(
            |_| String::new(),
            |credential| full_name(&credential.issuer, &credential.account),
        );
        Self { name, credential }
    }
}

/// The names as people read them, unless they hold what looks like a secret.
fn full_name(issuer: &str, account: &str) -> String {
    if matches!(check_names(issuer, account), Err(OtpauthError::SecretInName(_))) {
        return String::new();
    }
    let between = if issuer.is_empty() || account.is_empty() { "" } else { ":" };
    crate::text::replace(&format!("{issuer}{between}{account}")).into_owned()
}

/// The entries in the parameter `data`.
fn read(data: &str) -> Result<Vec<ExportEntry>, OtpauthError> {
    let message = from_base64(data).ok_or(OtpauthError::InvalidMigration)?;
    let mut entries = Vec::new();
    let mut fields = Fields(&message);
    while let Some((number, value)) = fields.next()? {
        // The others number the QR codes of one export.
        if let (1, Value::Bytes(parameters)) = (number, value) {
            entries.push(ExportParameters::read(parameters)?.entry());
        }
    }
    Ok(entries)
}

/// The fields of one credential in an export, as they stand there.
#[derive(Default)]
struct ExportParameters<'m> {
    secret: &'m [u8],
    name: &'m [u8],
    issuer: &'m [u8],
    algorithm: u64,
    digits: u64,
    type_number: u64,
    counter: u64,
}

impl<'m> ExportParameters<'m> {
    fn read(parameters: &'m [u8]) -> Result<Self, OtpauthError> {
        let mut read = Self::default();
        let mut fields = Fields(parameters);
        while let Some(field) = fields.next()? {
            match field {
                (1, Value::Bytes(bytes)) => read.secret = bytes,
                (2, Value::Bytes(bytes)) => read.name = bytes,
                (3, Value::Bytes(bytes)) => read.issuer = bytes,
                (4, Value::Number(number)) => read.algorithm = number,
                (5, Value::Number(number)) => read.digits = number,
                (6, Value::Number(number)) => read.type_number = number,
                (7, Value::Number(number)) => read.counter = number,
                _ => {}
            }
        }
        Ok(read)
    }

    fn names(&self) -> Result<(String, String), OtpauthError> {
        let (label_issuer, account) = split_label(&text(self.name, "account")?);
        let issuer = match text(self.issuer, "issuer")? {
            issuer if issuer.is_empty() => label_issuer,
            issuer => issuer,
        };
        Ok((issuer, account))
    }

    fn entry(&self) -> ExportEntry {
        match self.names() {
            Err(error) => ExportEntry { name: String::new(), credential: Err(error) },
            Ok((issuer, account)) => ExportEntry {
                name: full_name(&issuer, &account),
                credential: self.credential(issuer, account),
            },
        }
    }

    fn credential(&self, issuer: String, account: String) -> Result<OtpCredential, OtpauthError> {
        check_names(&issuer, &account)?;
        let algorithm = match self.algorithm {
            0 | 1 => OtpAlgorithm::Sha1,
            2 => OtpAlgorithm::Sha256,
            3 => OtpAlgorithm::Sha512,
            _ => return Err(OtpauthError::UnknownAlgorithm),
        };
        let digits = match self.digits {
            0 | 1 => 6,
            2 => 8,
            _ => return Err(OtpauthError::InvalidNumber("digits")),
        };
        let kind = match self.type_number {
            1 => OtpKind::Hotp(self.counter),
            2 => OtpKind::Totp(30),
            _ => return Err(OtpauthError::UnknownType),
        };
        let secret = SecretBytes::new(self.secret);
        let credential = OtpCredential::new(issuer, account, algorithm, digits, kind, secret);
        check(&credential)?;
        Ok(credential)
    }
}

fn text(bytes: &[u8], what: &'static str) -> Result<String, OtpauthError> {
    let text = std::str::from_utf8(bytes).map_err(|_| OtpauthError::InvalidUtf8(what))?;
    Ok(text.to_owned())
}

fn from_base64(encoded: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Reserved at once: memory that grows leaves copies of a secret behind.
    let mut letters = Zeroizing::new(Vec::with_capacity(encoded.len()));
    letters.extend(percent_decode_str(encoded));
    let padding = letters.iter().rev().take_while(|&&letter| letter == b'=').count();
    let bare = letters.len() - padding;
    letters.truncate(bare);
    let mut message = Zeroizing::new(vec![0; bare]);
    let length = Base64Unpadded::decode(&*letters, &mut message).ok()?.len();
    message.truncate(length);
    Some(message)
}

/// The fields of a message that are left to read.
struct Fields<'m>(&'m [u8]);

/// The two wire types that this message has: VARINT and LEN.
#[derive(Clone, Copy)]
enum Value<'m> {
    Number(u64),
    Bytes(&'m [u8]),
}

impl<'m> Fields<'m> {
    fn next(&mut self) -> Result<Option<(u64, Value<'m>)>, OtpauthError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        self.field().map(Some).ok_or(OtpauthError::InvalidMigration)
    }

    fn field(&mut self) -> Option<(u64, Value<'m>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    /// Seven bits a byte, the lowest first; the top bit says that more follow.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if bits << shift >> shift != bits {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(data: &str) -> Result<Vec<OtpCredential>, OtpauthError> {
        read(data)?.into_iter().map(|entry| entry.credential).collect()
    }

    fn message(bytes: &[u8]) -> Result<Vec<OtpCredential>, OtpauthError> {
        all(&Base64Unpadded::encode_string(bytes))
    }

    fn one(parameters: &[u8]) -> Result<Vec<OtpCredential>, OtpauthError> {
        let length = u8::try_from(parameters.len()).unwrap();
        message(&[&[0x0a, length], parameters].concat())
    }

    #[test]
    fn every_field_is_read() {
        let first = [10, 2, 1, 2, 18, 3, b'B', b':', b'b', 32, 3, 40, 2, 48, 1, 56, 0xac, 2];
        let second = [10, 1, 9, 18, 1, b'c', 26, 1, b'D', 48, 2];
        let both = [&[10, 18][..], &first, &[10, 11], &second, &[16, 1, 24, 1, 32, 0, 40, 7]];
        let read = message(&both.concat()).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!((&*read[0].issuer, &*read[0].account), ("B", "b"));
        assert_eq!((read[0].algorithm, read[0].digits), (OtpAlgorithm::Sha512, 8));
        assert_eq!(read[0].kind, OtpKind::Hotp(300));
        assert_eq!(read[0].reveal_secret().expose(), [1, 2]);
        assert_eq!((&*read[1].issuer, &*read[1].account), ("D", "c"));
        assert_eq!((read[1].algorithm, read[1].digits), (OtpAlgorithm::Sha1, 6));
        assert_eq!(read[1].kind, OtpKind::Totp(30));
    }

    #[test]
    fn each_fault_of_an_export_has_its_error() {
        let wrong = |parameters: &[u8]| one(parameters).unwrap_err();
        assert_eq!(wrong(&[10, 1, 1, 48, 0]), OtpauthError::UnknownType);
        assert_eq!(wrong(&[10, 1, 1, 48, 2, 32, 4]), OtpauthError::UnknownAlgorithm);
        assert_eq!(wrong(&[10, 1, 1, 48, 2, 40, 3]), OtpauthError::InvalidNumber("digits"));
        assert_eq!(wrong(&[10, 1, 1, 48, 2, 18, 1, 0xff]), OtpauthError::InvalidUtf8("account"));
        assert!(matches!(wrong(&[48, 2]), OtpauthError::OutOfRange(_)));
        for damaged in [
            &[10][..],
            &[10, 2, 1],
            &[11, 0],
            &[48],
            &[48, 0x80],
            &[48, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        ] {
            assert_eq!(wrong(damaged), OtpauthError::InvalidMigration, "{damaged:?}");
        }
        assert_eq!(all("A").unwrap_err(), OtpauthError::InvalidMigration);
        assert_eq!(all("C g").unwrap_err(), OtpauthError::InvalidMigration);
        // The last letter holds four bits and two that have to be zero.
        assert!(read("EAE").unwrap().is_empty());
        assert_eq!(all("EAF").unwrap_err(), OtpauthError::InvalidMigration);
        assert!(read("").unwrap().is_empty());
    }

    #[test]
    fn one_entry_that_is_not_supported_is_named_and_the_rest_read() {
        let good = [10, 1, 1, 18, 3, b'B', b':', b'b', 48, 2];
        let md5 = [10, 1, 2, 18, 1, b'c', 26, 1, b'D', 32, 4, 48, 2];
        let message = [&[10, 10][..], &good, &[10, 13], &md5, &[10, 10], &good].concat();
        let entries = read(&Base64Unpadded::encode_string(&message)).unwrap();
        assert_eq!(entries.iter().filter(|entry| entry.credential.is_ok()).count(), 2);
        assert_eq!(entries[1].name, "D:c");
        let error = entries[1].credential.as_ref().unwrap_err();
        assert_eq!(*error, OtpauthError::UnknownAlgorithm);
        assert!(error.is_unsupported());
    }

    #[test]
    fn names_of_an_export_are_plain_and_no_secret() {
        let wrong = |name: &[u8]| {
            let length = u8::try_from(name.len()).unwrap();
            one(&[&[10, 1, 1, 48, 2, 18, length], name].concat()).unwrap_err()
        };
        assert!(matches!(wrong(b"a\x1b[2J"), OtpauthError::NotPlain(_)));
        assert!(matches!(wrong("a\u{202e}b".as_bytes()), OtpauthError::NotPlain(_)));
        assert_eq!(wrong(b"a secret=x"), OtpauthError::SecretInName("account"));
    }

    proptest! {
        #[test]
        fn any_message_gets_an_answer_that_a_wallet_can_store(
            noise: Vec<u8>,
            fields in prop::collection::vec((1_u8..8, any::<bool>(), 0_u8..6, any::<u8>()), 0..8),
        ) {
            let field = |(number, is_number, small, byte): (u8, bool, u8, u8)| {
                if is_number { vec![number << 3, small] } else { vec![number << 3 | 2, 1, byte] }
            };
            let parameters: Vec<u8> = fields.into_iter().flat_map(field).collect();
            for answer in [message(&noise), one(&parameters)] {
                for credential in answer.unwrap_or_default() {
                    prop_assert!(check(&credential).is_ok());
                }
            }
        }
    }
}
