//! An anchor in a file of its own, for a desktop, where the system offers nothing better to a program in the terminal.
//!
//! ```text
//! file = "tegata-anchor" ‖ 0x01 ‖ vault id (16) ‖ be64(epoch) ‖ be32(wrong PINs)
//! ```

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{Anchor, AnchorError, AnchorState, VaultId, durable};

/// An [`Anchor`] in a file. It detects that the vault's file alone was put back, but not that both files were.
#[derive(Debug)]
pub struct FileAnchor(PathBuf);

const MAGIC: &[u8; 14] = b"tegata-anchor\x01";
const LENGTH: usize = 14 + 16 + 8 + 4;

impl FileAnchor {
    /// Makes an anchor at this path, where a file need not exist yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Removes the file, if it exists: call it when the vault is destroyed.
    ///
    /// # Errors
    /// [`AnchorError::Failed`].
    pub fn remove(&self) -> Result<(), AnchorError> {
        durable::remove(&self.0).map(drop).map_err(|error| failed(&error))
    }
}

impl Anchor for FileAnchor {
    fn load(&self) -> Result<Option<AnchorState>, AnchorError> {
        let bytes = match durable::read_at_most(&self.0, LENGTH) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let damaged = || AnchorError::Failed("the anchor's file is damaged".into());
        decode(&bytes).map(Some).ok_or_else(damaged)
    }

    fn store(&self, anchored: &AnchorState) -> Result<(), AnchorError> {
        durable::replace(&self.0, &encode(anchored)).map_err(|error| failed(&error))
    }
}

fn encode(anchored: &AnchorState) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[..14].copy_from_slice(MAGIC);
    bytes[14..30].copy_from_slice(anchored.vault.as_bytes());
    bytes[30..38].copy_from_slice(&anchored.epoch.to_be_bytes());
    bytes[38..].copy_from_slice(&anchored.failed_pin_tries.to_be_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<AnchorState> {
    let bytes = bytes.strip_prefix(MAGIC)?;
    let (vault, bytes) = bytes.split_first_chunk()?;
    let (epoch, tries) = bytes.split_first_chunk()?;
    Some(AnchorState {
        vault: VaultId::new(*vault),
        epoch: u64::from_be_bytes(*epoch),
        failed_pin_tries: u32::from_be_bytes(tries.try_into().ok()?),
    })
}

fn failed(error: &io::Error) -> AnchorError {
    AnchorError::Failed(durable::describe(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_file_round_trips_and_is_frozen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchor");
        let anchor = FileAnchor::new(&path);
        assert_eq!(anchor.load(), Ok(None));
        let vault = VaultId::new([0xab; 16]);
        for epoch in [1, 2] {
            let anchored = AnchorState { vault, epoch, failed_pin_tries: 9 };
            anchor.store(&anchored).unwrap();
            assert_eq!(anchor.load(), Ok(Some(anchored)));
        }
        let bytes = std::fs::read(&path).unwrap();
        let expected =
            [b"tegata-anchor\x01", &[0xab; 16][..], &[0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 9]];
        assert_eq!(bytes, expected.concat());

        for damaged in [&bytes[1..], &bytes[..41], &[&bytes[..], b"1"].concat(), b"", b"x"] {
            std::fs::write(&path, damaged).unwrap();
            assert!(matches!(anchor.load(), Err(AnchorError::Failed(_))));
        }
        anchor.remove().unwrap();
        assert_eq!(anchor.load(), Ok(None));
        anchor.remove().unwrap();
    }
}
