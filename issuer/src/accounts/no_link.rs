//! What others wrote, in mails of ours.

/// What somebody wrote who may be a stranger, as it goes into a mail of ours: of letters, digits, spaces, hyphens and
/// apostrophes alone no mail program makes a link.
pub(super) fn no_link(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\'' | '’');
    text.replace(|c| !is_plain(c), "-")
}
