//! Text from others, in mails.

/// Makes what a stranger may have written safe for a mail: of letters, digits, spaces, hyphens and
/// apostrophes alone no mail program makes a link.
pub(super) fn no_link(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\'' | '’');
    text.replace(|c| !is_plain(c), "-")
}
