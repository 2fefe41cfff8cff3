//! The content of a disk: files, and their names in one folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A file, whatever its name is now. Unlike an inode it is never reused within a log.
pub type FileId = usize;

/// The files of one folder by name: what a person finds there after a power cut.
pub type Folder = BTreeMap<String, Vec<u8>>;

/// Files with and without a name.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// The bytes of each file; its place is its id. Shared with the same disk at other points as long as they are the
    /// same.
    pub files: Vec<Arc<Vec<u8>>>,
    /// The names in the folder, each with its file.
    pub names: BTreeMap<String, FileId>,
}

/// What changes a disk. It is there for good only after a sync.
#[derive(Clone, Debug)]
pub enum Change {
    /// Bytes written into a file.
    Write {
        /// The file written to.
        file: FileId,
        /// The offset of the first byte.
        at: usize,
        /// What is written there.
        bytes: Vec<u8>,
    },
    /// A new length of a file.
    Truncate {
        /// The file that is cut or grows.
        file: FileId,
        /// Its length in bytes afterwards.
        length: usize,
    },
    /// Names that came or went at once, as in a renaming.
    Names(Vec<(String, Option<FileId>)>),
}

impl Disk {
    /// Applies the change to files and names.
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
