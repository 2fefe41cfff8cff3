//! The states that a power cut can leave.
//!
//! What was synced is there. Of what was not, any part may be there: whole changes, single sectors, a sector's front or
//! rear; a file may have grown without its data, by zeros or by what the disk held before. Changes of one place keep
//! their order, since a file system writes the latest of what it holds. Bytes that no call wrote stay as they were:
//! that is SQLite's "powersafe overwrite".

use fastrand::Rng;

use crate::disk::{Change, Disk, FileId, Folder};
use crate::event_log::{Event, EventLog};

/// What disks write at once, or think they do.
const SECTOR: usize = 512;

/// A point in time at which the power may go.
#[derive(Clone, Debug)]
pub struct CrashPoint {
    /// What is on the disk whatever happens.
    durable: Disk,
    /// What programs read.
    seen: Disk,
    /// What may be on the disk or not, in order.
    pending: Vec<Change>,
}

/// What becomes of one change.
#[derive(Clone, Debug)]
enum Outcome {
    Lost,
    Kept,
    /// The bytes before this one, or from this one on.
    Front(usize),
    Rear(usize),
    /// The sectors at the places that are true.
    Sectors(Vec<bool>),
}

/// What is at the end of a file whose length reached the disk before its data.
#[derive(Clone, Copy, Debug)]
enum Tail {
    AsWritten,
    Zeros,
    Noise,
}

/// A state, and how it came about.
#[derive(Clone, Debug)]
pub struct CrashState {
    /// How the state came about, for reports.
    pub label: String,
    /// The files after the crash.
    pub folder: Folder,
}

impl EventLog {
    /// The crash points before the first event, after it, after the second, and so on.
    pub fn crash_points(&self) -> impl Iterator<Item = CrashPoint> + '_ {
        let mut point = CrashPoint::new(self.start.clone());
        let first = point.clone();
        std::iter::once(first).chain(self.events.iter().map(move |event| {
            point.advance(event);
            point.clone()
        }))
    }
}

impl CrashPoint {
    pub(crate) fn new(disk: Disk) -> Self {
        Self { durable: disk.clone(), seen: disk, pending: Vec::new() }
    }

    pub(crate) fn advance(&mut self, event: &Event) {
        match event {
            Event::Change(change) => {
                self.seen.apply(change);
                self.pending.push(change.clone());
            }
            Event::Sync(file) => self.settle(|change| touches(change, *file)),
            Event::SyncNames => self.settle(|change| matches!(change, Change::Names(_))),
            // Readable as before, and passed over by every later sync.
            Event::SyncFailed(file) => self.pending.retain(|change| !touches(change, *file)),
        }
    }

    /// Makes durable what a sync is for.
    fn settle(&mut self, meant: impl Fn(&Change) -> bool) {
        for change in std::mem::take(&mut self.pending) {
            if meant(&change) {
                self.durable.apply(&change);
            } else {
                self.pending.push(change);
            }
        }
    }

    /// What a program reads now: what `kill -9` leaves, or a power cut after the system wrote out all it had.
    #[must_use]
    pub fn seen(&self) -> Folder {
        self.seen.folder()
    }

    /// The worst and the best: nothing and everything of what was not synced.
    #[must_use]
    pub fn extremes(&self) -> Vec<CrashState> {
        vec![
            CrashState { label: "nothing kept".into(), folder: self.durable.folder() },
            CrashState { label: "all kept".into(), folder: self.seen() },
        ]
    }

    /// Each change lost alone, and each kept alone; files that grew without their data.
    #[must_use]
    pub fn single_changes(&self) -> Vec<CrashState> {
        let mut states = Vec::new();
        for one in 0..self.pending.len() {
            states.push(self.state(format!("change {one} lost"), Tail::AsWritten, |at| {
                if at == one { Outcome::Lost } else { Outcome::Kept }
            }));
            states.push(self.state(format!("change {one} kept"), Tail::AsWritten, |at| {
                if at == one { Outcome::Kept } else { Outcome::Lost }
            }));
        }
        for tail in [Tail::Zeros, Tail::Noise] {
            states.push(self.state(format!("lengths alone, {tail:?}"), tail, |_| Outcome::Lost));
        }
        states
    }

    /// The last change torn at sectors' borders and inside of a sector, with all before it kept.
    #[must_use]
    pub fn torn_writes(&self) -> Vec<CrashState> {
        let Some(Change::Write { at, bytes, .. }) = self.pending.last() else {
            return Vec::new();
        };
        let at = *at;
        let length = bytes.len();
        let last = self.pending.len() - 1;
        let borders = (at..at + length).filter(|byte| byte % SECTOR == 0).map(|byte| byte - at);
        let cuts = borders.chain([1, length / 2, length / 2 + 7, length - 1]);
        let inside = cuts.filter(|cut| (1..length).contains(cut));
        inside
            .flat_map(|cut| [Outcome::Front(cut), Outcome::Rear(cut)])
            .map(|fate| {
                self.state(format!("last change torn, {fate:?}"), Tail::AsWritten, |at| {
                    if at == last { fate.clone() } else { Outcome::Kept }
                })
            })
            .collect()
    }

    /// A state drawn at random.
    #[must_use]
    pub fn random(&self, seed: u64) -> CrashState {
        let mut rng = Rng::with_seed(seed);
        let odds = rng.f64();
        let by_sector = rng.bool();
        let tail = [Tail::AsWritten, Tail::Zeros, Tail::Noise][rng.usize(..3)];
        let mut fates: Vec<Outcome> = Vec::new();
        for change in &self.pending {
            let kept = rng.f64() < odds;
            fates.push(match change {
                Change::Write { bytes, .. } if by_sector => {
                    let sectors = bytes.len() / SECTOR + 2;
                    Outcome::Sectors((0..sectors).map(|_| rng.f64() < odds).collect())
                }
                Change::Write { bytes, .. } if rng.u8(..8) == 0 => {
                    Outcome::Front(rng.usize(..=bytes.len()))
                }
                _ if kept => Outcome::Kept,
                _ => Outcome::Lost,
            });
        }
        self.state(format!("drawn with seed {seed}"), tail, |at| fates[at].clone())
    }

    fn state(&self, label: String, tail: Tail, fate: impl Fn(usize) -> Outcome) -> CrashState {
        let mut disk = self.durable.clone();
        // Where each file ended at its longest: what its length may be although the data is not there.
        let mut ends: Vec<usize> = disk.files.iter().map(|bytes| bytes.len()).collect();
        for (at, change) in self.pending.iter().enumerate() {
            for part in parts(change, &fate(at)) {
                disk.apply(&part);
            }
            if let Change::Write { file, at, bytes } = change {
                ends.resize(ends.len().max(file + 1), 0);
                ends[*file] = ends[*file].max(at + bytes.len());
            }
        }
        let mut noise = Rng::with_seed(ends.len() as u64);
        for (file, end) in ends.into_iter().enumerate() {
            let missing = end.saturating_sub(disk.files.get(file).map_or(0, |bytes| bytes.len()));
            if missing == 0 {
                continue;
            }
            let content = disk.file(file);
            match tail {
                Tail::AsWritten => {}
                Tail::Zeros => content.resize(content.len() + missing, 0),
                Tail::Noise => {
                    content.extend(std::iter::repeat_with(|| noise.u8(..)).take(missing));
                }
            }
        }
        CrashState { label, folder: disk.folder() }
    }
}

fn touches(change: &Change, file: FileId) -> bool {
    match change {
        Change::Write { file: its, .. } | Change::Truncate { file: its, .. } => *its == file,
        Change::Names(_) => false,
    }
}

/// What is left of a change.
fn parts(change: &Change, fate: &Outcome) -> Vec<Change> {
    let Change::Write { file, at, bytes } = change else {
        return if matches!(fate, Outcome::Lost) { Vec::new() } else { vec![change.clone()] };
    };
    let part = |from: usize, to: usize| Change::Write {
        file: *file,
        at: at + from,
        bytes: bytes[from..to].to_vec(),
    };
    let length = bytes.len();
    match fate {
        Outcome::Lost => Vec::new(),
        Outcome::Kept => vec![change.clone()],
        Outcome::Front(cut) => vec![part(0, *cut)],
        Outcome::Rear(cut) => vec![part(*cut, length)],
        Outcome::Sectors(kept) => {
            let first = at / SECTOR;
            let bounds = kept.iter().enumerate().filter(|(_, kept)| **kept).map(|(nth, _)| {
                let from = ((first + nth) * SECTOR).max(*at) - at;
                (from, ((first + nth + 1) * SECTOR - at).min(length))
            });
            bounds.filter(|(from, to)| from < to).map(|(from, to)| part(from, to)).collect()
        }
    }
}
