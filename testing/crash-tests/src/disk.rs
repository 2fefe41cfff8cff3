//! What is on a disk: files, and the names that a folder gives them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A file, whatever its name is now. Never given twice in a tape, as inodes are.
pub type FileId = usize;

/// The files of one folder by name: what a person finds there after a power cut.
pub type Folder = BTreeMap<String, Vec<u8>>;

/// Files with and without a name.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// The bytes of each file; its place is its id. Shared with the same disk at other moments as long as they are the
    /// same.
    pub files: Vec<Arc<Vec<u8>>>,
    /// The folder.
    pub names: BTreeMap<String, FileId>,
}

/// What changes a disk. It is there for good only after a sync.
#[derive(Clone, Debug)]
pub enum Change {
    /// Bytes written.
    Write {
        /// Into this file.
        file: FileId,
        /// From this offset on.
        at: usize,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A new length.
    Truncate {
        /// Of this file.
        file: FileId,
        /// Bytes that are left.
        length: usize,
    },
    /// Names that came or went at once, as in a renaming.
    Names(Vec<(String, Option<FileId>)>),
}

impl Disk {
    /// Makes the change.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Write { file, at, bytes } => {
                let content = self.file(*file);
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*at..end].copy_from_slice(bytes);
            }
            Change::Truncate { file, length } => self.file(*file).resize(*length, 0),
            Change::Names(changes) => {
                for (name, file) in changes {
                    match file {
                        Some(file) => self.names.insert(name.clone(), *file),
                        None => self.names.remove(name),
                    };
                }
            }
        }
    }

    /// The bytes of a file; none if nothing was written to it yet.
    pub fn file(&mut self, file: FileId) -> &mut Vec<u8> {
        if self.files.len() <= file {
            self.files.resize(file + 1, Arc::default());
        }
        Arc::make_mut(&mut self.files[file])
    }

    /// The files that have a name.
    #[must_use]
    pub fn folder(&self) -> Folder {
        let bytes =
            |file: FileId| self.files.get(file).map(|bytes| bytes.to_vec()).unwrap_or_default();
        self.names.iter().map(|(name, &file)| (name.clone(), bytes(file))).collect()
    }
}

/// Reads all files of a folder.
///
/// # Errors
/// Those of the file system.
pub fn read(path: &Path) -> io::Result<Folder> {
    fs::read_dir(path)?
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?))
        })
        .collect()
}

/// Makes a folder hold these files and no others.
///
/// # Errors
/// Those of the file system.
pub fn write(path: &Path, folder: &Folder) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        fs::remove_file(entry?.path())?;
    }
    folder.iter().try_for_each(|(name, bytes)| fs::write(path.join(name), bytes))
}
