//! A server key in a file: made once, whole or not at all, for its owner alone, and never over another.

use std::io::Write;
use std::path::{Path, PathBuf};

use tegata::{Random, RandomUnavailable};
use zeroize::Zeroizing;

use super::ServerKey;

/// What is wrong with a file of a server key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read, or holds something else.
    #[error("{0}")]
    Unreadable(String),
    /// The file cannot be made.
    #[error("cannot create {file}: {error}")]
    NotMade {
        /// The file that was to be made.
        file: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// The operating system gives no randomness.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

/// Reads the key in this file; `None` if there is no such file.
///
/// # Errors
/// [`KeyFileError::Unreadable`].
pub fn read_key_file(file: &Path) -> Result<Option<ServerKey>, KeyFileError> {
    if !file.exists() {
        return Ok(None);
    }
    ServerKey::read(file).map(Some).map_err(KeyFileError::Unreadable)
}

/// Makes a key in a new file. It is written beside it first, and gets its name when it is on the disk; where there is a
/// file of that name, that one stays.
///
/// # Errors
/// [`KeyFileError::NotMade`], [`KeyFileError::Random`].
pub fn make_key_file(file: &Path, random: &dyn Random) -> Result<ServerKey, KeyFileError> {
    let mut bytes = Zeroizing::new([0; 32]);
    random.fill(&mut *bytes)?;
    let text = Zeroizing::new(hex::encode(*bytes));
    write_new(file, text.as_bytes())
        .map_err(|error| KeyFileError::NotMade { file: file.to_owned(), error })?;
    Ok(ServerKey::of_bytes(&bytes))
}

fn write_new(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    // Made with mode 0600.
    let mut half = tempfile::NamedTempFile::new_in(folder)?;
    half.write_all(text)?;
    half.write_all(b"\n")?;
    half.as_file().sync_all()?;
    half.persist_noclobber(file).map_err(|error| error.error)?;
    // The name itself is on the disk once its folder is.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tegata::SystemRandom;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.key");
        assert!(read_key_file(&file).unwrap().is_none());
        let made = make_key_file(&file, &SystemRandom::new()).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!((text.trim_end().len(), text.trim_end()), (64, &*hex::encode(made.expose())));
        assert_eq!(read_key_file(&file).unwrap(), Some(made));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let metadata = std::fs::metadata(&file).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        }
        let again = make_key_file(&file, &SystemRandom::new());
        assert!(matches!(again, Err(KeyFileError::NotMade { .. })));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "never written over");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
    }

    #[test]
    fn what_is_no_key_is_said_without_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.key");
        write_new(&file, b"CANARY").unwrap();
        let said = read_key_file(&file).unwrap_err().to_string();
        assert!(said.contains("64 hex digits") && !said.contains("CANARY"), "{said}");
    }
}
