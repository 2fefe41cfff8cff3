//! Lists of URIs: a file or a text of several lines, each of them an `otpauth` or `otpauth-migration` URI.

use super::otpauth::{OtpauthError, Scheme, scheme_and_rest};
use super::otpauth_migration::parse_entries;
use crate::vault::OtpCredential;

/// One credential of a list, or why it is none, and where it stands.
#[derive(Debug)]
pub struct ListEntry {
    /// The number of its line, from 1; blank lines count.
    pub line: usize,
    /// Its place in the export that the line is, from 1; `None` if the line is one credential.
    pub place: Option<usize>,
    /// Its names as people read them, as in `Mail:ann`; empty if they are not known.
    pub name: String,
    /// The credential, or why it is not one that a wallet stores.
    pub credential: Result<OtpCredential, OtpauthError>,
}

/// The first entry of a list that is wrong. Never repeats the line, which holds the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{error}")]
pub struct ListError {
    /// Where it is: `line 3, entry 2 (Mail:ann): `, or nothing in a list of one.
    place: String,
    /// What is wrong there.
    pub error: OtpauthError,
}

/// Reads every line of a text as a URI. Blank lines and byte-order marks are nothing; a line ends with LF, CR LF or CR.
/// A text without a URI gives no entry.
#[must_use]
pub fn read_list(text: &str) -> Vec<ListEntry> {
    let mut entries = Vec::new();
    for (number, line) in (1..).zip(lines(text)) {
        let uri = line.trim_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
        if uri.is_empty() {
            continue;
        }
        let is_export = matches!(scheme_and_rest(uri.as_bytes()), Ok((Scheme::Migration, _)));
        match parse_entries(uri.as_bytes()) {
            Err(error) => entries.push(ListEntry {
                line: number,
                place: None,
                name: String::new(),
                credential: Err(error),
            }),
            Ok(read) => entries.extend((1..).zip(read).map(|(place, entry)| ListEntry {
                line: number,
                place: is_export.then_some(place),
                name: entry.name,
                credential: entry.credential,
            })),
        }
    }
    entries
}

/// Reads all credentials of a list, or none of them.
///
/// # Errors
/// [`ListError`] for the first entry that is wrong, by the number of its line; for a text without a URI,
/// [`OtpauthError::NotOtpauthUri`].
pub fn parse_list(text: &str) -> Result<Vec<OtpCredential>, ListError> {
    all_of(read_list(text))
}

/// Takes the credentials of all entries, or none of them.
///
/// # Errors
/// As [`parse_list`].
pub fn all_of(entries: Vec<ListEntry>) -> Result<Vec<OtpCredential>, ListError> {
    if entries.is_empty() {
        return Err(ListError { place: String::new(), error: OtpauthError::NotOtpauthUri });
    }
    let is_list = entries.iter().any(|entry| entry.line != entries[0].line);
    let take = |entry: ListEntry| match entry.credential {
        Ok(credential) => Ok(credential),
        Err(error) => {
            // A wrong line that is the only one needs no number.
            let place = if is_list || entry.place.is_some() {
                entry.place_words() + ": "
            } else {
                String::new()
            };
            Err(ListError { place, error })
        }
    };
    entries.into_iter().map(take).collect()
}

impl ListEntry {
    /// Says where it is, for people: `line 3, entry 2 (Mail:ann)`.
    #[must_use]
    pub fn place_words(&self) -> String {
        let mut words = format!("line {}", self.line);
        if let Some(place) = self.place {
            words = format!("{words}, entry {place}");
        }
        if self.name.is_empty() { words } else { format!("{words} ({})", self.name) }
    }
}

/// The lines of a text, of which CR LF ends one and not two.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\n']) {
        lines.push(&rest[..at]);
        let end = if rest[at..].starts_with("\r\n") { 2 } else { 1 };
        rest = &rest[at + end..];
    }
    lines.push(rest);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "otpauth://totp/Mail:ann?secret=JBSWY3DPEHPK3PXP";
    const BANK: &str = "otpauth://totp/Bank:bob?secret=JBSWY3DPEHPK3PXP";
    const EXPORT: &str = "otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8SGEV4YW1wbGU6YWxpY2VAZ29vZ2xlLmNvbRoHRXhhbXBsZTAC";

    fn accounts(text: &str) -> Vec<String> {
        parse_list(text).unwrap().into_iter().map(|it| it.account).collect()
    }

    #[test]
    fn several_lines_are_several_uris() {
        for text in [
            format!("{MAIL}\n{BANK}"),
            format!("{MAIL}\r\n{BANK}\r\n"),
            format!("{MAIL}\r{BANK}"),
            format!("\u{feff}{MAIL}\n\n  \n{BANK} \n\n"),
            format!("\u{feff}\n{MAIL}\n\u{feff}{BANK}"),
        ] {
            assert_eq!(accounts(&text), ["ann", "bob"], "{text:?}");
        }
        assert_eq!(accounts(&format!("{MAIL}\n{EXPORT}")), ["ann", "alice@google.com"]);
    }

    #[test]
    fn the_wrong_line_is_named_by_its_number() {
        let says = |text: &str| parse_list(text).unwrap_err().to_string();
        assert!(says(&format!("{MAIL}\n\n{BANK}&digits=9")).starts_with("line 3: "));
        assert!(says(&format!("{MAIL}\r\nhttps://a\r\n{BANK}")).starts_with("line 2: not an"));
        assert!(says(&format!("{MAIL}\n{BANK}\u{b}{MAIL}")).starts_with("line 2: a line end"));
        assert!(says("").starts_with("not an otpauth URI"));
        assert!(says("\u{feff}\r\n\n").starts_with("not an otpauth URI"));
        assert!(says("https://a\n").starts_with("not an otpauth URI"));
        assert!(says("otpauth-migration://offline?data=A\n").starts_with("the data"));
        assert!(!says(&format!("{MAIL}\n{BANK}&digits=9")).contains("JBSW"));
    }
}
