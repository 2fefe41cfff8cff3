//! The one-time part: RFC 6238 TOTP, HMAC-SHA256, 8 digits, period 3 s.

use std::fmt;

use ring::hmac;
use subtle::{Choice, ConstantTimeEq};
use totp_rs::{Algorithm, Builder, Totp};

use super::counter::Counter;
use crate::Secret;

pub(super) const OTP_DIGITS: u8 = 8;
const PERIOD: u64 = 3;

/// Eight decimal digits, as a number below 10^8.
#[derive(Clone, Copy)]
pub(super) struct Otp(u32);

impl Otp {
    /// Takes the last eight ASCII digits of a code.
    pub(super) fn from_digits(digits: &[u8]) -> Self {
        Self(digits.iter().fold(0, |v, d| v * 10 + u32::from(d - b'0')))
    }

    pub(super) fn value(self) -> u32 {
        self.0
    }
}

impl ConstantTimeEq for Otp {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for Otp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Otp([redacted])")
    }
}

/// The phone's generator: a few codes a minute, so the plain library does.
pub(super) fn generator(key: &Secret<32>) -> Totp {
    // The unchecked constructor skips what is constant here: 8 digits, 32 bytes of secret, a period of 3 s.
    Builder::new()
        .with_algorithm(Algorithm::SHA256)
        .with_digits(OTP_DIGITS)
        .with_step_duration(PERIOD)
        .with_secret(key.expose().to_vec())
        .build_noncompliant()
}

/// The code of a counter, by the phone's generator.
pub(super) fn generate(generator: &Totp, counter: Counter) -> Otp {
    Otp::from_digits(generator.generate(counter.totp_time()).to_string().as_bytes())
}

/// The issuer's checker: ring keeps the key's two hash states, so that a check costs two compressions.
#[derive(Clone)]
pub(super) struct Checker(hmac::Key);

impl Checker {
    pub(super) fn new(key: &Secret<32>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// The code of a counter (RFC 4226, section 5.3, over HMAC-SHA256). Equal to [`generate`].
    pub(super) fn otp(&self, counter: Counter) -> Otp {
        let signature = hmac::sign(&self.0, &counter.number().to_be_bytes());
        let tag = signature.as_ref();
        let at = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
        let word = tag[at..at + 4].iter().fold(0, |v, b| v << 8 | u32::from(*b));
        Otp((word & 0x7fff_ffff) % 10u32.pow(u32::from(OTP_DIGITS)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // RFC 6238, appendix B: SHA-256, seed of 32 bytes, 8 digits; its counters are used as they are.
    #[test]
    fn meets_rfc_6238() {
        let key = Secret::new(b"12345678901234567890123456789012");
        for (time, otp) in [
            (59u64, 46_119_246),
            (1_111_111_109, 68_084_774),
            (1_111_111_111, 67_062_674),
            (1_234_567_890, 91_819_424),
            (2_000_000_000, 90_698_825),
            (20_000_000_000, 77_737_706),
        ] {
            let counter = Counter::from_number(time / 30).unwrap();
            assert_eq!(Checker::new(&key).otp(counter).value(), otp);
            assert_eq!(generate(&generator(&key), counter).value(), otp);
        }
    }

    proptest! {
        #[test]
        fn both_sides_agree(key in any::<[u8; 32]>(), n in 0u64..84_467_433_600) {
            let key = Secret::new(&key);
            let counter = Counter::from_number(n).unwrap();
            prop_assert_eq!(generate(&generator(&key), counter).value(), Checker::new(&key).otp(counter).value());
        }
    }
}
