//! Files that appear whole under their name or not at all, and never in place of another.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;

use tempfile::{Builder, NamedTempFile, TempPath};

/// An empty file beside `path`, readable by its owner alone, that goes away unless it is put in place.
pub(super) fn create_temporary(path: &Path) -> io::Result<NamedTempFile> {
    Builder::new().prefix(".tegata-").suffix(".new").tempfile_in(parent_folder(path))
}

/// Writes `bytes` into a new file at `path`.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_temporary(path)?;
    file.write_all(bytes)?;
    persist_new(file.into_temp_path(), path)
}

/// Writes `bytes` into the file at `path`, in place of what was there: the one or the other is there at any time.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_temporary(path)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(path)
}

/// The bytes of a file, and one more than `most` of them if it is longer.
pub(super) fn read_at_most(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(most + 1);
    File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes a finished file durable, renames it to `path` unless a file is there already, and makes the name durable
/// too.
pub(super) fn persist_new(file: TempPath, path: &Path) -> io::Result<()> {
    File::options().write(true).open(&file)?.sync_all()?;
    file.persist_noclobber(path)?;
    // An error says that nothing was made. A name that may be gone after a power cut must not be found before it.
    sync_folder(path).inspect_err(|_| drop(std::fs::remove_file(path)))
}

/// Removes a file; returns whether there was one.
pub(super) fn remove(path: &Path) -> io::Result<bool> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes names that came or went beside `path` durable.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file, and its entries are the file system's own business.
    if cfg!(unix) { File::open(parent_folder(path))?.sync_all() } else { Ok(()) }
}

/// An error of the operating system, in plain words.
pub(super) fn describe(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "there is no such folder",
        ErrorKind::PermissionDenied => "the system does not permit it",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full",
        ErrorKind::ReadOnlyFilesystem => "the disk can only be read",
        ErrorKind::IsADirectory => "a folder has that name",
        ErrorKind::OutOfMemory => "there is not enough memory",
        _ => "the disk could not be read or written",
    }
}

fn parent_folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
