//! Which passwords are good enough to be set.

use zxcvbn::{Score, zxcvbn};

use super::Password;

/// A password that was judged good enough to be set.
#[derive(Debug)]
pub struct NewPassword(pub(super) Password);

/// Why a password cannot be set. There are no rules on which characters it has (NIST SP 800-63B, section 5.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Fewer than [`NewPassword::MIN_CHARACTERS`] characters.
    #[error("a password has at least {min} characters", min = NewPassword::MIN_CHARACTERS)]
    TooShort,
    /// It is, or is nearly, one of those that were seen in breaches, a word, a date, a row of keys, or made of what is
    /// known about its owner.
    #[error("that password is among the first that a thief would try")]
    Guessable,
}

impl NewPassword {
    /// Code points after normalisation, as NIST SP 800-63B counts characters.
    pub const MIN_CHARACTERS: usize = 8;

    /// The least score: 10^6 guesses and more, what zxcvbn calls safe against guesses that somebody counts. Ours are
    /// counted, and a second factor stands behind. The next step would refuse eight random characters.
    const ENOUGH: Score = Score::Two;

    /// Judges a password with what is known `about` its owner, such as the address of mail. Some milliseconds of work:
    /// [`Passwords::judge`](super::Passwords::judge) does it away from the threads that serve.
    ///
    /// # Errors
    /// [`Weak`].
    pub fn judge(password: Password, about: &[&str]) -> Result<Self, Weak> {
        let text = password.as_str();
        if text.chars().count() < Self::MIN_CHARACTERS {
            return Err(Weak::TooShort);
        }
        // An address counts in its parts, too: ann.smith@example.com is ann and smith to a thief.
        let parts = about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        let known: Vec<&str> =
            about.iter().copied().chain(parts).filter(|s| !s.is_empty()).collect();
        if zxcvbn(text, &known).score() < Self::ENOUGH {
            return Err(Weak::Guessable);
        }
        Ok(Self(password))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(typed: &str) -> Option<Weak> {
        let about = ["ann.smithson@example.com"];
        NewPassword::judge(Password::new(typed).unwrap(), &about).err()
    }

    #[test]
    fn length_counts_in_characters() {
        assert_eq!(judged("k4Tz9!q"), Some(Weak::TooShort));
        assert_eq!(judged("k4Tz9!qw"), None);
        assert_eq!(judged("夜明け前の鐘"), Some(Weak::TooShort));
        assert_eq!(judged("夜明け前の鐘が鳴る"), None);
    }

    #[test]
    fn what_a_thief_tries_first_is_refused() {
        for typed in [
            "password",
            "Password1!",
            "12345678",
            "qwertyuiop",
            "aaaaaaaaaaaa",
            "abcdefgh",
            "20190101",
            "smithson",
            "Smithson1",
            "annsmithson",
            "iloveyou1",
            "ｐａｓｓｗｏｒｄ",
            "p@ssw0rd",
        ] {
            assert_eq!(judged(typed), Some(Weak::Guessable), "{typed}");
        }
    }

    #[test]
    fn no_kind_of_character_is_asked_for() {
        for typed in ["correct horse battery", "wvkxjqzmph", "4827160593174", "ツバメ飛ぶ空の下"]
        {
            assert_eq!(judged(typed), None, "{typed}");
        }
    }

    #[test]
    fn the_longest_password_is_judged_too() {
        assert_eq!(judged(&"a1B".repeat(85)), Some(Weak::Guessable));
    }
}
