//! The value of a one-time-password credential: TOTP (RFC 6238) and HOTP (RFC 4226).

use std::fmt;

use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

use crate::UnixTime;
use crate::vault::{FieldOutOfRange, OtpAlgorithm, OtpCredential, OtpKind, RecordKind};

/// One value to type in somewhere. Wiped when dropped; does not print by itself.
#[derive(Clone, PartialEq, Eq)]
pub struct OtpCode {
    digits: Zeroizing<String>,
    seconds_left: Option<u64>,
}

impl OtpCode {
    /// 6 to 8 ASCII digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// For how many seconds it stays the value, at least 1; `None` for one that follows a counter.
    #[must_use]
    pub fn seconds_left(&self) -> Option<u64> {
        self.seconds_left
    }
}

impl fmt::Debug for OtpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpCode([redacted])")
    }
}

impl OtpCredential {
    /// The value at a time, or of the present counter: a wallet advances the counter, this does not.
    ///
    /// # Errors
    /// [`FieldOutOfRange`] if a field is not what the field's description asks for.
    pub fn code(&self, now: UnixTime) -> Result<OtpCode, FieldOutOfRange> {
        check(self)?;
        // HOTP is TOTP with a second's period, with the counter as its time (RFC 6238, section 4.2).
        let (period, time) = match self.kind {
            OtpKind::Totp(seconds) => (u64::from(seconds), now.seconds()),
            OtpKind::Hotp(counter) => (1, counter),
        };
        // Services give out secrets shorter than the RFCs ask for, which the checked constructor refuses; what would
        // make the unchecked one panic was checked above.
        let generator = Builder::new()
            .with_algorithm(self.algorithm.into())
            .with_digits(self.digits)
            .with_step_duration(period)
            .with_secret(self.reveal_secret().expose().to_vec())
            .build_noncompliant();
        let seconds_left = match self.kind {
            OtpKind::Totp(_) => Some(period - time % period),
            OtpKind::Hotp(_) => None,
        };
        Ok(OtpCode { digits: Zeroizing::new(generator.generate(time).to_string()), seconds_left })
    }
}

impl OtpAlgorithm {
    /// The name in `otpauth` URIs: `SHA1`, `SHA256` or `SHA512`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }
}

impl From<OtpAlgorithm> for Algorithm {
    fn from(algorithm: OtpAlgorithm) -> Self {
        match algorithm {
            OtpAlgorithm::Sha1 => Self::SHA1,
            OtpAlgorithm::Sha256 => Self::SHA256,
            OtpAlgorithm::Sha512 => Self::SHA512,
        }
    }
}

/// The check that the vault makes before it stores something.
pub(crate) fn check<T: RecordKind>(item: &T) -> Result<(), FieldOutOfRange> {
    item.check()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretBytes;

    fn credential(digits: u8, kind: OtpKind) -> OtpCredential {
        let issuer = "Mail".to_owned();
        let account = "ann".to_owned();
        let secret = SecretBytes::new(b"x");
        OtpCredential::new(issuer, account, OtpAlgorithm::Sha1, digits, kind, secret)
    }

    #[test]
    fn the_seconds_left_run_from_the_whole_period_to_one() {
        let credential = credential(6, OtpKind::Totp(7));
        let left =
            |time| credential.code(UnixTime::new(time).unwrap()).unwrap().seconds_left().unwrap();
        assert_eq!((0..8).map(left).collect::<Vec<_>>(), [7, 6, 5, 4, 3, 2, 1, 7]);
    }

    #[test]
    fn ranges_end_where_documented() {
        for kind in [OtpKind::Totp(u32::MAX), OtpKind::Hotp(u64::MAX)] {
            let code = credential(8, kind).code(UnixTime::MAX).unwrap();
            assert_eq!(code.digits().len(), 8);
        }
        let refused = |digits, kind| credential(digits, kind).code(UnixTime::EPOCH).is_err();
        assert!(refused(10, OtpKind::Totp(30)));
        assert!(refused(6, OtpKind::Totp(0)));
    }

    #[test]
    fn debug_output_of_a_code_is_redacted() {
        let code = credential(6, OtpKind::Hotp(1)).code(UnixTime::EPOCH).unwrap();
        assert_eq!(format!("{code:?}"), "OtpCode([redacted])");
    }
}
