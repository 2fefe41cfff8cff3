//! Kind 2: one-time passwords of any service.

use super::super::cbor::{DecodeError, EncodeResult, MapReader, MapWriter};
use super::super::error::FieldOutOfRange;
use super::body::RecordBody;
use super::check_text;
use crate::SecretBytes;

/// A TOTP (RFC 6238) or HOTP (RFC 4226) credential of any service.
#[derive(Clone, Debug)]
pub struct OtpCredential {
    /// The service: up to 256 bytes of UTF-8.
    pub issuer: String,
    /// The account there: up to 256 bytes of UTF-8.
    pub account: String,
    /// The hash function behind HMAC.
    pub algorithm: OtpAlgorithm,
    /// Digits of a value: 6 to 8.
    pub digits: u8,
    /// Whether values follow the time or a counter.
    pub kind: OtpKind,
    pub(crate) secret: SecretBytes,
}

/// The hash behind a one-time password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtpAlgorithm {
    /// HMAC-SHA1, what most services use.
    Sha1,
    /// HMAC-SHA256, as in RFC 6238.
    Sha256,
    /// HMAC-SHA512, as in RFC 6238.
    Sha512,
}

/// Whether the values of a one-time password follow the time or a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtpKind {
    /// TOTP: the time, by periods of so many seconds, at least 1.
    Totp(u32),
    /// HOTP: the counter that the next value is made with.
    Hotp(u64),
}

impl OtpCredential {
    /// A credential with a secret of 1 to 1,024 bytes.
    #[must_use]
    pub fn new(
        issuer: String,
        account: String,
        algorithm: OtpAlgorithm,
        digits: u8,
        kind: OtpKind,
        secret: SecretBytes,
    ) -> Self {
        Self { issuer, account, algorithm, digits, kind, secret }
    }

    /// The secret itself, for an export that the owner asked for.
    #[must_use]
    pub fn reveal_secret(&self) -> &SecretBytes {
        &self.secret
    }
}

impl OtpAlgorithm {
    fn number(self) -> u64 {
        match self {
            Self::Sha1 => 1,
            Self::Sha256 => 2,
            Self::Sha512 => 3,
        }
    }

    fn from_number(number: u64) -> Option<Self> {
        [Self::Sha1, Self::Sha256, Self::Sha512].into_iter().find(|it| it.number() == number)
    }
}

impl RecordBody for OtpCredential {
    const KIND: u8 = 2;

    fn check(&self) -> Result<(), FieldOutOfRange> {
        let expected = "a text of at most 256 bytes";
        check_text(&self.issuer, 0..=256, "the issuer", expected)?;
        check_text(&self.account, 0..=256, "the account", expected)?;
        if !(6..=8).contains(&self.digits) {
            return Err(FieldOutOfRange { field: "the number of digits", expected: "6 to 8" });
        }
        if self.kind == OtpKind::Totp(0) {
            return Err(FieldOutOfRange { field: "the period", expected: "at least one second" });
        }
        if !(1..=1024).contains(&self.secret.expose().len()) {
            return Err(FieldOutOfRange { field: "the secret", expected: "1 to 1,024 bytes" });
        }
        Ok(())
    }

    fn write(&self, map: &mut MapWriter) -> EncodeResult {
        map.text(1, &self.issuer)?;
        map.text(2, &self.account)?;
        map.uint(3, self.algorithm.number())?;
        map.uint(4, self.digits.into())?;
        match self.kind {
            OtpKind::Totp(seconds) => map.uint(5, seconds.into())?,
            OtpKind::Hotp(counter) => map.uint(6, counter)?,
        }
        map.bytes(7, self.secret.expose())
    }

    fn read(map: &mut MapReader<'_>) -> Result<Self, DecodeError> {
        let wrong = DecodeError::Malformed;
        Ok(Self {
            issuer: map.text(1)?.into(),
            account: map.text(2)?.into(),
            algorithm: OtpAlgorithm::from_number(map.uint(3)?).ok_or(wrong)?,
            digits: map.uint(4)?.try_into().map_err(|_| wrong)?,
            kind: match map.optional_uint(5)? {
                Some(seconds) => OtpKind::Totp(seconds.try_into().map_err(|_| wrong)?),
                None => OtpKind::Hotp(map.uint(6)?),
            },
            secret: SecretBytes::new(map.bytes(7)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::encode;
    use super::super::tests::{comes_back, is_written_as};
    use super::*;
    use crate::vault::VaultError;

    fn credential() -> OtpCredential {
        OtpCredential::new(
            "Mail".into(),
            "ann".into(),
            OtpAlgorithm::Sha1,
            6,
            OtpKind::Totp(30),
            SecretBytes::new(b"12345678901234567890"),
        )
    }

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let secret = "3132333435363738393031323334353637383930";
        let time = format!("a7 0002 01644d61696c 0263616e6e 0301 0406 05181e 0754{secret}");
        is_written_as(&credential(), &time);
        let counter = OtpCredential {
            algorithm: OtpAlgorithm::Sha512,
            digits: 8,
            kind: OtpKind::Hotp(7),
            ..credential()
        };
        let data = format!("a7 0002 01644d61696c 0263616e6e 0303 0408 0607 0754{secret}");
        is_written_as(&counter, &data);
    }

    #[test]
    fn a_field_out_of_range_is_not_written() {
        let wrong = |change: fn(&mut OtpCredential)| {
            let mut credential = credential();
            change(&mut credential);
            matches!(encode(&credential), Err(VaultError::OutOfRange(_)))
        };
        assert!(wrong(|c| c.issuer = "a".repeat(257)));
        assert!(wrong(|c| c.account = "a".repeat(257)));
        assert!(wrong(|c| c.digits = 5));
        assert!(wrong(|c| c.digits = 9));
        assert!(wrong(|c| c.kind = OtpKind::Totp(0)));
        assert!(wrong(|c| c.secret = SecretBytes::new(b"")));
        assert!(wrong(|c| c.secret = SecretBytes::new(&[0; 1025])));
    }

    proptest! {
        #[test]
        fn a_written_record_is_read_back(
            issuer in "\\PC{0,32}",
            account in "\\PC{0,32}",
            algorithm in prop::sample::select(vec![
                OtpAlgorithm::Sha1, OtpAlgorithm::Sha256, OtpAlgorithm::Sha512,
            ]),
            digits in 6_u8..=8,
            kind in prop_oneof![
                (1..=u32::MAX).prop_map(OtpKind::Totp),
                any::<u64>().prop_map(OtpKind::Hotp),
            ],
            secret in prop::collection::vec(any::<u8>(), 1..=1024),
        ) {
            let secret = SecretBytes::new(&secret);
            comes_back(&OtpCredential::new(issuer, account, algorithm, digits, kind, secret))?;
        }
    }
}
