//! A passphrase in the one form that it has however it was typed.

use unicode_normalization::{UnicodeNormalization as _, is_nfkc_quick};
use zeroize::Zeroizing;

/// Gives a passphrase in Unicode's form NFKC: keyboards write one letter as one character or as two, in full width or
/// not. Bytes that are not UTF-8 stay as they are.
pub(super) fn normalize(typed: &[u8]) -> Zeroizing<Vec<u8>> {
    let normal = std::str::from_utf8(typed).ok().filter(|text| {
        !matches!(is_nfkc_quick(text.chars()), unicode_normalization::IsNormalized::Yes)
    });
    let Some(text) = normal else { return Zeroizing::new(typed.to_vec()) };
    // One character of 2 bytes or more can become 33 bytes: room enough, so that no copy of a secret is left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(typed.len().saturating_mul(18)));
    for character in text.nfkc() {
        let mut encoded = [0; 4];
        bytes.extend_from_slice(character.encode_utf8(&mut encoded).as_bytes());
    }
    bytes
}
