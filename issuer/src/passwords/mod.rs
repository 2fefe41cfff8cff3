//! Passwords: what is one, which are good enough, and the work of hashing them, kept off the threads that serve.

mod breached;
mod hash;
mod pool;
mod queues;
mod strength;

pub use breached::BreachedPasswords;
pub use hash::{HashUnreadable, PasswordHash};
pub use pool::{PasswordError, Passwords, PasswordsUnavailable};
pub use queues::HashQueue;
pub use strength::{NewPassword, WeakPassword};

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A password as somebody typed it, in Unicode's form NFKC, which NIST SP 800-63B (section 5.1.1.2) names first: an
/// `ａ` of a Japanese keyboard's wide letters is the `a` of the narrow ones, an accent is the same in one code point or two.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// What was typed is no password here: too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password has at most {max} bytes", max = Password::MAX_BYTES)]
pub struct PasswordTooLong;

impl Password {
    /// Bytes of UTF-8, before and after normalisation.
    pub const MAX_BYTES: usize = 256;

    /// Takes what was typed; nothing is trimmed or cut.
    ///
    /// # Errors
    /// [`PasswordTooLong`].
    pub fn new(typed: &str) -> Result<Self, PasswordTooLong> {
        if typed.len() > Self::MAX_BYTES {
            return Err(PasswordTooLong);
        }
        // One code point of NFKC's input can become 18: room enough, so that no copy of a secret is left behind.
        let mut normal = Zeroizing::new(String::with_capacity(Self::MAX_BYTES * 18));
        normal.extend(typed.nfkc());
        if normal.len() > Self::MAX_BYTES {
            return Err(PasswordTooLong);
        }
        Ok(Self(normal))
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differently_composed_passwords_are_the_same_password() {
        let same = |left: &str, right: &str| {
            let [left, right] = [left, right].map(|typed| Password::new(typed).unwrap());
            left.as_str() == right.as_str()
        };
        assert!(same("ｐａｓｓ１２３", "pass123"));
        assert!(same("caf\u{e9}", "cafe\u{301}"));
        assert!(same("ﾊﾟｽﾜｰﾄﾞ", "パスワード"));
        assert!(!same("Password", "password"));
        assert!(!same(" password", "password"));
    }

    #[test]
    fn the_longest_has_256_bytes_in_both_forms() {
        assert!(Password::new(&"a".repeat(256)).is_ok());
        assert_eq!(Password::new(&"a".repeat(257)).err(), Some(PasswordTooLong));
        // U+FDFA: 3 bytes that become 33.
        assert_eq!(Password::new(&"\u{fdfa}".repeat(80)).err(), Some(PasswordTooLong));
    }

    #[test]
    fn a_password_is_in_no_debug_print() {
        assert_eq!(format!("{:?}", Password::new("hunter22").unwrap()), "Password([redacted])");
    }
}
