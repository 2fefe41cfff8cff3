//! The recorder between a thread and its disk: it passes each change on to the real file system and logs it, or refuses
//! it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fs;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{DirEntryExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::io::{Errno, Result};

use crate::disk::{Change, Disk, FileId};
use crate::event_log::{Event, EventLog};

/// A fault of the disk at a call of our choice.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The kind of failure.
    pub kind: FaultKind,
    /// At which of the calls it counts, from 1 on.
    pub nth: usize,
}

/// How a disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The disk is full: the write takes half of its bytes, all later ones none until [`Recording::clear_fault`].
    Full,
    /// One write, or one change of length, is refused.
    Write,
    /// One sync is refused, and what was to be synced never reaches the disk, though it can still be read: what Linux
    /// does with dirty pages that it could not write.
    Sync,
}

thread_local! {
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
    static NO_SYNC: Cell<bool> = const { Cell::new(false) };
}

/// A recording that runs. It sees one thread, the one that started it, and one folder.
#[derive(Debug)]
pub struct Recording(());

impl Recording {
    /// Starts recording. What is in the folder now counts as synced.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn start(folder: &Path, fault: Option<Fault>) -> io::Result<Self> {
        let recorder = Recorder::new(folder, fault)?;
        RECORDER.with(|slot| slot.replace(Some(recorder)));
        Ok(Self(()))
    }

    /// Notes in the log that an operation has returned.
    pub fn mark_operation(&self) {
        with(|recorder| {
            recorder.notice_names();
            recorder.log.operations.push(recorder.log.events.len());
        });
    }

    /// Whether the fault has struck.
    #[must_use]
    pub fn fault_triggered(&self) -> bool {
        with(|recorder| recorder.fault_triggered).unwrap_or(false)
    }

    /// Ends the fault: the disk works from here on.
    pub fn clear_fault(&self) {
        with(|recorder| recorder.fault = None);
    }

    /// Stops recording and returns the log.
    #[must_use]
    pub fn finish(self) -> EventLog {
        let recorder = RECORDER.with(RefCell::take);
        recorder.map(|recorder| recorder.log).unwrap_or_default()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        RECORDER.with(RefCell::take);
    }
}

/// A guard under which syncs of this thread do nothing: no power is cut while a state is checked.
#[derive(Debug)]
pub struct NoSync(());

impl NoSync {
    /// Skips syncs until the guard is dropped.
    #[must_use]
    pub fn begin() -> Self {
        NO_SYNC.set(true);
        Self(())
    }
}

impl Drop for NoSync {
    fn drop(&mut self) {
        NO_SYNC.set(false);
    }
}

struct Recorder {
    folder: PathBuf,
    inode: u64,
    device: u64,
    known: BTreeMap<String, (u64, FileId)>,
    next: FileId,
    log: EventLog,
    fault: Option<Fault>,
    fault_triggered: bool,
}

pub(crate) fn write(file: BorrowedFd<'_>, at: Option<u64>, bytes: &[u8]) -> Result<usize> {
    let really = |bytes: &[u8]| match at {
        Some(at) => rustix::io::pwrite(file, bytes, at),
        None => rustix::io::write(file, bytes),
    };
    let seen = with(|recorder| {
        let id = recorder.find(file)?;
        Some(recorder.admit_write(bytes.len()).and_then(|room| {
            let at = at.map_or_else(|| rustix::fs::tell(file), Ok)?;
            let written = really(&bytes[..room])?;
            let bytes = bytes[..written].to_vec();
            recorder.change(Change::Write { file: id, at: whole(at), bytes });
            Ok(written)
        }))
    });
    seen.flatten().unwrap_or_else(|| really(bytes))
}

pub(crate) fn truncate(file: BorrowedFd<'_>, length: u64) -> Result<()> {
    let seen = with(|recorder| {
        let id = recorder.find(file)?;
        Some(recorder.admit_truncation().and_then(|()| {
            rustix::fs::ftruncate(file, length)?;
            recorder.change(Change::Truncate { file: id, length: whole(length) });
            Ok(())
        }))
    });
    seen.flatten().unwrap_or_else(|| rustix::fs::ftruncate(file, length))
}

/// Skips the real sync while a recording runs: the log says what it would make durable.
pub(crate) fn sync(file: BorrowedFd<'_>) -> Result<()> {
    let seen = with(|recorder| {
        if recorder.is_folder(file) {
            recorder.notice_names();
            return Some(recorder.admit_sync().map(|()| recorder.event(Event::SyncNames)));
        }
        let id = recorder.find(file)?;
        let answer = recorder.admit_sync();
        recorder.event(if answer.is_ok() { Event::Sync(id) } else { Event::SyncFailed(id) });
        Some(answer)
    });
    match seen.flatten() {
        Some(answer) => answer,
        None if NO_SYNC.try_with(Cell::get).unwrap_or(false) => Ok(()),
        None => rustix::fs::fsync(file),
    }
}

/// Looks into the folder at once: the next file made might get the same inode.
pub(crate) fn unlink(path: &CStr) -> Result<()> {
    with(Recorder::notice_names);
    let answer = rustix::fs::unlink(path);
    with(Recorder::notice_names);
    answer
}

/// Does `look` with the thread's recorder, if it has one and is not inside of it already.
fn with<T>(look: impl FnOnce(&mut Recorder) -> T) -> Option<T> {
    let looked = RECORDER.try_with(|slot| slot.try_borrow_mut().ok()?.as_mut().map(look));
    looked.ok().flatten()
}

impl Recorder {
    fn new(folder: &Path, fault: Option<Fault>) -> io::Result<Self> {
        let meta = fs::metadata(folder)?;
        let mut recorder = Self {
            folder: folder.to_owned(),
            inode: meta.ino(),
            device: meta.dev(),
            known: BTreeMap::new(),
            next: 0,
            log: EventLog::default(),
            fault,
            fault_triggered: false,
        };
        recorder.notice_names();
        let mut start = Disk::default();
        for (name, (_, file)) in &recorder.known {
            start.names.insert(name.clone(), *file);
            *start.file(*file) = fs::read(folder.join(name))?;
        }
        recorder.log = EventLog { start, ..EventLog::default() };
        Ok(recorder)
    }

    fn event(&mut self, event: Event) {
        self.log.events.push(event);
    }

    fn change(&mut self, change: Change) {
        self.event(Event::Change(change));
    }

    /// Which of the folder's files this is.
    fn find(&mut self, file: BorrowedFd<'_>) -> Option<FileId> {
        self.notice_names();
        let meta = rustix::fs::fstat(file).ok()?;
        let inode = meta.st_ino;
        let found = self.known.values().find(|(known, _)| *known == inode)?;
        (meta.st_dev == self.device).then_some(found.1)
    }

    fn is_folder(&self, file: BorrowedFd<'_>) -> bool {
        rustix::fs::fstat(file)
            .is_ok_and(|meta| (meta.st_dev, meta.st_ino) == (self.device, self.inode))
    }

    /// Compares the folder's names with those it had, and takes down what changed.
    fn notice_names(&mut self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let now: BTreeMap<String, u64> = entries
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.ino()))
            .collect();
        let mut changes = Vec::new();
        let mut known = BTreeMap::new();
        for (name, inode) in &now {
            let before = self.known.get(name).filter(|(before, _)| before == inode);
            // The same inode under another name is a renaming.
            let same = self.known.values().find(|(before, _)| before == inode);
            let file = before.or(same).map_or_else(
                || {
                    self.next += 1;
                    self.next - 1
                },
                |(_, file)| *file,
            );
            if before.is_none() {
                changes.push((name.clone(), Some(file)));
            }
            known.insert(name.clone(), (*inode, file));
        }
        let gone = self.known.keys().filter(|name| !now.contains_key(*name));
        changes.extend(gone.map(|name| (name.clone(), None)));
        self.known = known;
        if !changes.is_empty() {
            self.change(Change::Names(changes));
        }
    }

    /// How many of these bytes may be written.
    fn admit_write(&mut self, length: usize) -> Result<usize> {
        if self.fault_triggered && self.counts(FaultKind::Full) {
            return Err(Errno::NOSPC);
        }
        if self.strikes(FaultKind::Full) {
            return if length < 2 { Err(Errno::NOSPC) } else { Ok(length / 2) };
        }
        if self.strikes(FaultKind::Write) { Err(Errno::IO) } else { Ok(length) }
    }

    fn admit_truncation(&mut self) -> Result<()> {
        if self.strikes(FaultKind::Write) { Err(Errno::IO) } else { Ok(()) }
    }

    fn admit_sync(&mut self) -> Result<()> {
        if self.strikes(FaultKind::Sync) { Err(Errno::IO) } else { Ok(()) }
    }

    fn counts(&self, kind: FaultKind) -> bool {
        self.fault.is_some_and(|fault| fault.kind == kind)
    }

    /// Counts down one call of this kind; returns whether it is the one that fails.
    fn strikes(&mut self, kind: FaultKind) -> bool {
        match &mut self.fault {
            Some(fault) if fault.kind == kind && !self.fault_triggered => {
                fault.nth -= 1;
                self.fault_triggered = fault.nth == 0;
                self.fault_triggered
            }
            _ => false,
        }
    }
}

/// Offsets in the files of a vault fit any machine that tests it.
fn whole(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
