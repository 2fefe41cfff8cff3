//! Codes of 80 random bits, which nobody guesses, written so that a person can copy them by hand.
//!
//! Text of one is 16 characters of Crockford's Base32 (`0-9A-Z` without I, L, O, U) in groups of four; reading takes small
//! letters, I and L for 1, O for 0, and leaves out `-` and spaces.

use base32ct::{Base32UpperUnpadded, Encoding};
use zeroize::Zeroizing;

use super::text::SecretText;
use crate::text::fold_digits;
use crate::{Random, RandomUnavailable, Secret};

const BYTES: usize = 10;

/// Crockford's alphabet, and that of RFC 4648 (section 6), which a crate reads and writes: one stands for the other.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RFC_4648: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Each letter by the one at its place in the other alphabet; `None` for one that is in neither.
fn translate(text: &str, from: &[u8; 32], to: &[u8; 32]) -> Option<Zeroizing<String>> {
    let mut translated = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.bytes() {
        translated.push(char::from(to[from.iter().position(|letter| *letter == c)?]));
    }
    Some(translated)
}

/// As a person may have written it, in capitals, without groups and without what only looks like a letter.
fn tidy(text: &str) -> Zeroizing<String> {
    let folded = fold_digits(text);
    let written = folded.chars().map(|c| match narrow(c) {
        'I' | 'i' | 'L' | 'l' => '1',
        'O' | 'o' => '0',
        c => c.to_ascii_uppercase(),
    });
    let mut tidied = Zeroizing::new(String::with_capacity(folded.len()));
    tidied.extend(written);
    tidied
}

/// A full-width letter as the ASCII letter that it stands for, as keyboards in Japan give it.
fn narrow(c: char) -> char {
    match u32::from(c) {
        wide @ 0xff21..=0xff5a => char::from_u32(wide - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

fn read(text: &str) -> Option<Secret<BYTES>> {
    // Longer texts than any way to write one are not even decoded.
    if text.len() > 128 {
        return None;
    }
    let letters = translate(&tidy(text), CROCKFORD, RFC_4648)?;
    let mut code = Secret::zero();
    let length = Base32UpperUnpadded::decode(letters.as_bytes(), code.expose_mut()).ok()?.len();
    (length == BYTES).then_some(code)
}

fn write(code: &Secret<BYTES>) -> SecretText {
    let letters = Zeroizing::new(Base32UpperUnpadded::encode_string(code.expose()));
    let all = translate(&letters, RFC_4648, CROCKFORD).unwrap_or_default();
    let mut grouped = Zeroizing::new(String::with_capacity(20));
    for (at, c) in all.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            grouped.push('-');
        }
        grouped.push(c);
    }
    SecretText::new(&grouped)
}

#[cfg(any(test, feature = "openapi"))]
const PATTERN: &str = "([0-9A-TV-Za-tv-z][ -]?){16}";

newtype! {
    /// A recovery code, which replaces the second factor once.
    secret RecoveryCode(Secret<BYTES>), "a recovery code: 16 letters and digits", parse, read, write,
    [pattern: PATTERN, max: 64, example: "000G-40R4-0M30-FZQZ",]
}

impl RecoveryCode {
    /// Makes a new code from random bits.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        Secret::make(random).map(Self)
    }

    /// Exposes the ten bytes, which are what is compared.
    #[must_use]
    pub fn expose(&self) -> &[u8; BYTES] {
        self.0.expose()
    }

    /// Writes the code as a person writes it down: `9GTX-0A4M-…`.
    #[must_use]
    pub fn text(&self) -> SecretText {
        write(&self.0)
    }
}

newtype! {
    /// The code in the notice of a change: freezes the account or, with the second factor, undoes the changes.
    secret NoticeCode(Secret<BYTES>), "the code from the notice: 16 letters and digits", parse, read,
    write, [pattern: PATTERN, max: 64, example: "000G-40R4-0M30-FZQZ",]
}

impl NoticeCode {
    /// Makes a new code from random bits.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        Secret::make(random).map(Self)
    }

    /// Exposes the ten bytes, which are what is compared.
    #[must_use]
    pub fn expose(&self) -> &[u8; BYTES] {
        self.0.expose()
    }

    /// Writes the code as a person writes it down: `9GTX-0A4M-…`.
    #[must_use]
    pub fn text(&self) -> SecretText {
        write(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_has_four_groups_of_four() {
        let code = RecoveryCode(Secret::new(&[0, 1, 2, 3, 4, 5, 6, 7, 0xfe, 0xff]));
        assert_eq!(code.text().expose(), "000G-40R4-0M30-FZQZ");
    }

    #[test]
    fn a_code_is_read_from_a_full_width_keyboard() {
        let code = RecoveryCode::parse("000G-40R4-0M30-FZQZ").unwrap();
        for typed in [
            "０００Ｇ－４０Ｒ４－０Ｍ３０－ＦＺＱＺ",
            "０００ｇー４０ｒ４　０ｍ３０　ｆｚｑｚ",
            "ＯＯＯＧ40R4‐OM3O–FZQZ",
        ] {
            assert_eq!(RecoveryCode::parse(typed).unwrap().expose(), code.expose(), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn codes_are_read_however_they_are_written(bytes: [u8; 10]) {
            let code = RecoveryCode(Secret::new(&bytes));
            let text = code.text();
            let text = text.expose();
            for written in [
                text.to_owned(),
                text.to_lowercase(),
                text.replace('-', " "),
                text.replace('-', ""),
                text.replace('0', "o").replace('1', "l"),
                text.replace('1', "I"),
            ] {
                let read = RecoveryCode::parse(&written).unwrap();
                prop_assert_eq!(read.expose(), &bytes);
            }
        }

        #[test]
        fn texts_that_match_their_pattern_are_taken(
            recovery in prop::string::string_regex(RecoveryCode::PATTERN).unwrap(),
            notice in prop::string::string_regex(NoticeCode::PATTERN).unwrap(),
        ) {
            prop_assert!(RecoveryCode::parse(&recovery).is_ok(), "{}", recovery);
            prop_assert!(NoticeCode::parse(&notice).is_ok(), "{}", notice);
        }

        #[test]
        fn other_texts_are_refused(text in "\\PC{0,40}") {
            if let Ok(code) = RecoveryCode::parse(&text) {
                prop_assert_eq!(fold_digits(&text).chars().count(), 16);
                let again = RecoveryCode::parse(code.text().expose()).unwrap();
                prop_assert_eq!(again.expose(), code.expose());
            }
        }
    }
}
