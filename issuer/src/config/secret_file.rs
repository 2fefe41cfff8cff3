//! The one reader of files that hold a secret: it takes none that others than its owner can read.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

/// Reads a file that holds a secret.
///
/// # Errors
/// What is wrong with the file, for its owner: it cannot be read, or others can read it.
pub(crate) fn read_secret_file(file: &Path) -> Result<Zeroizing<String>, String> {
    let cannot = |error| format!("cannot read {}: {error}", file.display());
    let mut opened = File::open(file).map_err(cannot)?;
    // Asked of the file that is open, so that no other one is read.
    if is_seen_by_others(&opened.metadata().map_err(cannot)?) {
        return Err(format!("{} is readable by other users: chmod 600 it", file.display()));
    }
    let mut text = Zeroizing::new(String::new());
    opened.read_to_string(&mut text).map_err(cannot)?;
    Ok(text)
}

/// Tells whether others than its owner can read, write or run a file. A pipe or device is not a file that stays.
#[cfg(unix)]
pub(super) fn is_seen_by_others(file: &Metadata) -> bool {
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.permissions());
    file.is_file() && mode & 0o077 != 0
}

/// Whoever runs it elsewhere sees to it.
#[cfg(not(unix))]
pub(super) fn is_seen_by_others(_: &Metadata) -> bool {
    false
}
