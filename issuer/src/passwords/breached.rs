//! Passwords that were seen in breaches: a list that the operator gives as a file.

use std::io::{self, BufRead, BufReader};
use std::path::Path;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use unicode_normalization::UnicodeNormalization;

use super::Password;

/// Passwords that are refused, each as the first eight bytes of its SHA-1: ten million take 80 MB.
#[derive(Default)]
pub struct BreachedPasswords(Vec<u64>);

impl BreachedPasswords {
    /// Reads a file with a password a line, or, as *Have I Been Pwned* gives them out, with the SHA-1 of one in 40 hex
    /// digits, and a colon and a count behind it or not.
    ///
    /// # Errors
    /// If it cannot be read, or has a line that is not UTF-8.
    pub fn load(file: &Path) -> io::Result<Self> {
        let mut known = Vec::new();
        for line in BufReader::new(std::fs::File::open(file)?).lines() {
            let line = line?;
            let line = line.trim_end_matches('\r');
            if !line.is_empty() {
                known.push(
                    hash_in(line).unwrap_or_else(|| hash_of(&line.nfkc().collect::<String>())),
                );
            }
        }
        known.sort_unstable();
        known.dedup();
        Ok(Self(known))
    }

    /// Whether the list has this password, as it was typed or in small letters.
    pub(super) fn contains(&self, password: &Password) -> bool {
        let text = password.as_str();
        let is_known = |text: &str| self.0.binary_search(&hash_of(text)).is_ok();
        is_known(text) || is_known(&zeroize::Zeroizing::new(text.to_lowercase()))
    }
}

fn hash_of(text: &str) -> u64 {
    first_eight(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref())
}

/// The hash that a line consists of, if it is one.
fn hash_in(line: &str) -> Option<u64> {
    let hash = line.split_once(':').map_or(line, |(hash, _)| hash);
    let mut bytes = [0; 20];
    hex::decode_to_slice(hash, &mut bytes).ok()?;
    Some(first_eight(&bytes))
}

fn first_eight(hash: &[u8]) -> u64 {
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

impl std::fmt::Debug for BreachedPasswords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BreachedPasswords({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_passwords_or_their_hashes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("breached");
        // $ printf 'violet tractor' | sha1sum
        let list =
            "magpie-lantern\r\n\nC9B3EFF55B65F03D9BCFB7B4DF0CC7B84C0C0A4A:3\nｍａｇｐｉｅ２\n";
        let hash = hex::encode_upper(digest(&SHA1_FOR_LEGACY_USE_ONLY, b"violet tractor"));
        std::fs::write(&file, list.replace("C9B3EFF55B65F03D9BCFB7B4DF0CC7B84C0C0A4A", &hash))
            .unwrap();
        let breached = BreachedPasswords::load(&file).unwrap();
        let has = |typed: &str| breached.contains(&Password::new(typed).unwrap());
        assert!(has("magpie-lantern") && has("Magpie-Lantern") && has("violet tractor"));
        assert!(has("magpie2"));
        assert!(!has("magpie-lanterns") && !has("") && !has(&hash));
        assert!(BreachedPasswords::load(&folder.path().join("none")).is_err());
    }
}
