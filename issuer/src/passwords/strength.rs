//! Which passwords are good enough to be set.

use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

use super::Password;

/// A password that was judged good enough to be set.
#[derive(Debug)]
pub struct NewPassword(pub(super) Password);

/// Why a password cannot be set. There are no rules on which characters it has (NIST SP 800-63B, section 5.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer than [`NewPassword::MIN_CHARACTERS`] characters.
    #[error("a password has at least {min} characters", min = NewPassword::MIN_CHARACTERS)]
    TooShort,
    /// It is, or is nearly, one of those that were seen in breaches, a word, a date, a row of keys, or made of what is
    /// known about its owner.
    #[error("this password is common and easy to guess")]
    Guessable,
}

impl NewPassword {
    /// Code points after normalisation, as NIST SP 800-63B counts characters.
    pub const MIN_CHARACTERS: usize = 8;

    /// The least score: 10^6 guesses and more, what zxcvbn calls safe against guesses that somebody counts. Ours are
    /// counted, and a second factor stands behind. The next step would refuse eight random characters.
    const ENOUGH: Score = Score::Two;

    /// How many characters are judged, the first ones. zxcvbn tries every reading of signs that may stand for letters,
    /// and the work grows with their kinds and the square of the length: whoever sets a password must not keep a thread
    /// for seconds. Measured on a busy machine, the worst 32 characters take 0.1 s, common ones under 1 ms. What is good
    /// at its beginning is good; what is not is refused, though more follows.
    const JUDGED: usize = 32;

    /// How many characters of its own a password has to have beside words that are known about its owner and the service.
    const BESIDE_WORDS: usize = 6;

    /// Looks at once at what costs nothing to see: the length, and whether the password is a word known `about` its owner
    /// or the service with little more, such as a year.
    ///
    /// # Errors
    /// [`WeakPassword`].
    pub(super) fn check_at_once(password: &Password, about: &[&str]) -> Result<(), WeakPassword> {
        let text = password.as_str();
        if text.chars().count() < Self::MIN_CHARACTERS {
            return Err(WeakPassword::TooShort);
        }
        let mut rest = plain_letters(text);
        let before = rest.len();
        let words = about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        // The longest first: what is left of one must not hide another.
        let mut words: Vec<Zeroizing<String>> =
            words.map(plain_letters).filter(|word| word.chars().count() >= 4).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        for word in &words {
            rest = Zeroizing::new(rest.replace(word.as_str(), ""));
        }
        if rest.len() < before && rest.chars().count() < Self::BESIDE_WORDS {
            return Err(WeakPassword::Guessable);
        }
        Ok(())
    }

    /// Judges a password with what is known `about` its owner, such as the address of mail. Up to 0.1 s of work:
    /// [`Passwords::judge`](super::Passwords::judge) does it away from the threads that serve.
    ///
    /// # Errors
    /// [`WeakPassword`].
    pub fn judge(password: Password, about: &[&str]) -> Result<Self, WeakPassword> {
        let text = password.as_str();
        if text.chars().count() < Self::MIN_CHARACTERS {
            return Err(WeakPassword::TooShort);
        }
        // An address counts in its parts, too: ann.smith@example.com is ann and smith to a thief.
        let parts = about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        let known: Vec<&str> =
            about.iter().copied().chain(parts).filter(|s| !s.is_empty()).collect();
        let beginning: Zeroizing<String> =
            Zeroizing::new(text.chars().take(Self::JUDGED).collect());
        if zxcvbn(&beginning, &known).score() < Self::ENOUGH {
            return Err(WeakPassword::Guessable);
        }
        Ok(Self(password))
    }
}

/// Small letters and digits alone, and for signs that stand for letters the letters.
fn plain_letters(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len() * 2));
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            '@' | '4' => plain.push('a'),
            '3' => plain.push('e'),
            '1' | '!' => plain.push('i'),
            '0' => plain.push('o'),
            '$' | '5' => plain.push('s'),
            '7' => plain.push('t'),
            c if c.is_alphanumeric() => plain.push(c),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(typed: &str) -> Option<WeakPassword> {
        let about = ["ann.smithson@example.com"];
        NewPassword::judge(Password::new(typed).unwrap(), &about).err()
    }

    #[test]
    fn length_counts_in_characters() {
        assert_eq!(judged("k4Tz9!q"), Some(WeakPassword::TooShort));
        assert_eq!(judged("k4Tz9!qw"), None);
        assert_eq!(judged("夜明け前の鐘"), Some(WeakPassword::TooShort));
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
            assert_eq!(judged(typed), Some(WeakPassword::Guessable), "{typed}");
        }
    }

    #[test]
    fn words_of_the_service_make_no_password() {
        let about =
            ["Tegata", "Sakura Coffee", "shop.example", "Hanako's Pixel", "hanako@example.org"];
        let checked = |typed: &str| {
            let password = Password::new(typed).unwrap();
            NewPassword::check_at_once(&password, &about)
                .and_then(|()| NewPassword::judge(password, &about).map(drop))
                .err()
        };
        for typed in [
            "tegata2026",
            "Tegata123!",
            "T3g@t@2026",
            "tegatategata",
            "2026.tegata",
            "tegata20260101",
            "SakuraCoffee1",
            "sakura-tegata",
            "hanakopixel77",
            "pixelpixel",
            "example2026",
            "hanako.tegata.1",
        ] {
            assert_eq!(checked(typed), Some(WeakPassword::Guessable), "{typed}");
        }
        for typed in ["tegata k4Tz9!qw", "sakura falls on quiet herons", "four quiet herons"] {
            assert_eq!(checked(typed), None, "{typed}");
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
        let weak_at_first = format!("{}k4Tz9!qwXv", "a".repeat(32));
        assert_eq!(judged(&weak_at_first), Some(WeakPassword::Guessable));
        assert_eq!(judged(&format!("k4Tz9!qwXv{}", "a".repeat(200))), None);
    }
}
