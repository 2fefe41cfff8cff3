//! One rule for every name, title and note that comes from outside: it has no character that ends a line, turns the
//! direction of writing or commands a terminal.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

/// The error of a text with a character that a line of text does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} has a control character, a line end or a mark of direction: expected one line of plain text"
)]
pub struct NotPlain(pub &'static str);

/// Whether a line of text may have this character.
///
/// Refused are control characters (C0, C1), the separators of lines and paragraphs, the marks that turn or isolate the
/// direction of writing (UAX #9), and those that nobody sees but a program obeys: zero-width space, byte-order mark,
/// interlinear annotation, tags. The joiners U+200C and U+200D are letters of a script and parts of emoji, so they stay.
#[must_use]
pub fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Writes each character that is not [plain](is_plain) as its escape, `\u{1b}`: for a terminal, whatever the source.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_plain(c) {
            escaped.push(c);
        } else {
            escaped.extend(c.escape_unicode());
        }
    }
    Cow::Owned(escaped)
}

/// Puts a question mark for each character that is not [plain](is_plain): for a text that cannot be refused. It never
/// becomes longer.
#[must_use]
pub fn replace(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if is_plain(c) { c } else { '?' }).collect())
}

/// Refuses a text that is not [plain](is_plain), by the name of its field.
pub(crate) fn check_plain(text: &str, field: &'static str) -> Result<(), NotPlain> {
    if text.chars().all(is_plain) { Ok(()) } else { Err(NotPlain(field)) }
}

/// Reads a text of an issuer's answer, [made plain](replace).
pub(crate) fn deserialize_plain<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    Ok(replace(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_direction_and_line_characters_are_not_plain() {
        for c in "\0\t\n\r\u{1b}\u{7f}\u{85}\u{9b}\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\
                  \u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{feff}"
            .chars()
        {
            assert!(!is_plain(c), "{c:?}");
            assert_eq!(escape(&format!("a{c}b")), format!("a{}b", c.escape_unicode()));
            assert_eq!(replace(&format!("a{c}b")), "a?b");
        }
        for c in "aÄ 　花é\u{301}\u{200d}\u{200c}👩🏽‍🚀م".chars() {
            assert!(is_plain(c), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_or_replaced_is_plain(text: String) {
            prop_assert!(escape(&text).chars().all(is_plain));
            prop_assert!(replace(&text).chars().all(is_plain));
            prop_assert_eq!(replace(&text).chars().count(), text.chars().count());
        }
    }
}
