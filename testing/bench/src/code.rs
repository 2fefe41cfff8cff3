//! Peers that make and check codes.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use totp_rs::{Algorithm, Builder, Totp};

/// A period of three seconds, as in the payment code.
const PERIOD: u64 = 3;

/// One credential of totp-rs: SHA-256, eight digits, no tolerance, so that a check is one computation.
#[must_use]
pub fn totp(secret: &[u8]) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA256)
        .with_digits(8)
        .with_secret(secret.to_vec())
        .with_skew(0)
        .with_step_duration(PERIOD)
        .build()
        .unwrap()
}

/// Twenty-four digits the way one would join them from a TOTP crate: prefix, number, time-based value.
#[must_use]
pub fn digits(totp: &Totp, time: u64) -> String {
    format!("5012345678901234{}", totp.generate(time))
}

/// HMAC-SHA-256 with the key already taken in: half the work of each check is done once.
pub struct Midstate(Hmac<Sha256>);

impl Midstate {
    /// Takes the key in.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).unwrap())
    }

    /// Whether `code` is the value of RFC 4226 at `time`.
    #[must_use]
    pub fn check(&self, code: u32, time: u64) -> bool {
        let mut mac = self.0.clone();
        mac.update(&(time / PERIOD).to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let at = usize::from(digest[31] & 0x0f);
        let word = u32::from_be_bytes([digest[at], digest[at + 1], digest[at + 2], digest[at + 3]]);
        (word & 0x7fff_ffff) % 100_000_000 == code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NOW, SECRET};

    #[test]
    fn both_peers_accept_the_same_code_and_no_other() {
        let totp = totp(&SECRET);
        let code = totp.generate(NOW).to_string();
        let value: u32 = code.parse().unwrap();
        assert!(totp.check(&code, NOW).is_some());
        assert!(totp.check(&code, NOW + PERIOD).is_none());
        assert!(Midstate::new(&SECRET).check(value, NOW));
        assert!(!Midstate::new(&SECRET).check(value, NOW + PERIOD));
    }

    #[test]
    fn the_digits_are_twenty_four() {
        assert_eq!(digits(&totp(&SECRET), NOW).len(), 24);
    }
}
