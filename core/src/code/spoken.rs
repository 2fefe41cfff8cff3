//! Digits as words, for a screen reader.

/// Languages a code can be read out in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SpokenLanguage {
    /// English, digit by digit.
    #[default]
    English,
    /// Japanese, digit by digit as telephone numbers are read.
    Japanese,
}

const ENGLISH: [&str; 10] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const JAPANESE: [&str; 10] =
    ["ゼロ", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう"];

/// Reads ASCII digits out, four by four; a comma makes a screen reader pause.
pub(super) fn digits(digits: &[u8], language: SpokenLanguage) -> String {
    let (words, pause) = match language {
        SpokenLanguage::English => (&ENGLISH, ", "),
        SpokenLanguage::Japanese => (&JAPANESE, "、"),
    };
    let group = |four: &[u8]| {
        let word =
            |d: &u8| words.get(usize::from(d.wrapping_sub(b'0'))).copied().unwrap_or_default();
        four.iter().map(word).collect::<Vec<_>>().join(" ")
    };
    digits.chunks(4).map(group).collect::<Vec<_>>().join(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_four_by_four() {
        assert_eq!(
            digits(b"01234567", SpokenLanguage::English),
            "zero one two three, four five six seven"
        );
        assert_eq!(digits(b"90123", SpokenLanguage::Japanese), "きゅう ゼロ いち に、さん");
    }
}
