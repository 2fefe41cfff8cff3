//! What proves that the log of events is as it was written: a chain of hashes behind the writers, and signed checkpoints
//! of it in a file outside of the database. Whoever has the database and its password can still add lines at the end;
//! what was sealed before cannot be changed, moved, added to or cut off without [`verify`] telling.
//!
//! A seal names the lines that it is over, in their order; the lines themselves know nothing of the chain.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use tegata::UnixTime;

use crate::crypto::Keys;
use crate::domain::Month;
use crate::store::{
    DetachedRun, Detachment, EventCounts, EventRow, Seal, SealedEvents, Store, StoreError,
    extend_chain, initial_seal,
};

/// Why the log was not sealed or verified.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The checkpoint file cannot be read or written.
    #[error("the checkpoint file cannot be {what}: {error}")]
    File {
        /// The word `read` or `written`.
        what: &'static str,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// The store's history is not the one that was signed last: it is not signed on.
    #[error("the log does not match what was signed before: verify it")]
    NotOurs,
    /// The file holds what the keys of this store did not sign: it is that of another store.
    #[error(
        "the checkpoint file is that of another store: set another one, or put this store's back"
    )]
    OtherStore,
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A line of the checkpoint file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checkpoint {
    count: u64,
    head: String,
    at: UnixTime,
    signature: String,
}

impl Checkpoint {
    fn message(seal: &Seal, at: UnixTime) -> Vec<u8> {
        let count = seal.count.to_be_bytes();
        let at = at.seconds().to_be_bytes();
        [b"tegata/v1/checkpoint\0".as_slice(), &count, &seal.head, &at].concat()
    }

    /// What a line says, if the key signed it.
    fn read(line: &str, key: &[u8; 32]) -> Option<Seal> {
        let line: Self = serde_json::from_str(line).ok()?;
        let head = hex::decode(&line.head).ok()?.try_into().ok()?;
        let seal = Seal { count: line.count, head };
        let signature = Base64UrlUnpadded::decode_vec(&line.signature).ok()?;
        let key = UnparsedPublicKey::new(&ED25519, key);
        key.verify(&Self::message(&seal, line.at), &signature).ok().map(|()| seal)
    }
}

/// Events sealed in one transaction.
const BATCH: u32 = 512;
/// Seals whose events are looked at together.
const SEALS: u32 = 32;

/// Seals what was not yet, and signs how far the log is, in a line at the end of the file, unless that was said there
/// last. Gives how far.
///
/// # Errors
/// [`AuditError`]; what was sealed stays sealed.
pub async fn seal(
    store: &Store,
    keys: &Keys,
    checkpoints: &Path,
    now: UnixTime,
) -> Result<Seal, AuditError> {
    let seal = seal_unsigned(store).await?;
    if let Some(last) = last(checkpoints, &keys.checkpoint_key())? {
        if last == seal {
            return Ok(seal);
        }
        // A line for a count that never was, or was another, is not followed by a new one.
        let there = store.seals(last.count, 1).await?;
        if there.first() != Some(&last) {
            return Err(AuditError::NotOurs);
        }
    }
    if seal.count > 0 {
        append(checkpoints, keys, &seal, now)
            .map_err(|error| AuditError::File { what: "written", error })?;
    }
    Ok(seal)
}

/// Seals what was not yet, and signs nothing. Gives how far. What comes meanwhile is for the next time: a busy issuer
/// always has some more.
///
/// # Errors
/// Those of the store; what was sealed stays sealed.
pub async fn seal_unsigned(store: &Store) -> Result<Seal, StoreError> {
    loop {
        let (seal, sealed) = store.seal(BATCH).await?;
        if sealed < BATCH as usize {
            return Ok(seal);
        }
    }
}

fn append(file: &Path, keys: &Keys, seal: &Seal, at: UnixTime) -> std::io::Result<()> {
    let signature = keys.sign_checkpoint(&Checkpoint::message(seal, at));
    let line = Checkpoint {
        count: seal.count,
        head: hex::encode(seal.head),
        at,
        signature: Base64UrlUnpadded::encode_string(&signature),
    };
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    writeln!(file, "{}", serde_json::to_string(&line)?)?;
    file.sync_all()
}

fn not_read(error: std::io::Error) -> AuditError {
    AuditError::File { what: "read", error }
}

/// No file is no line.
fn open(file: &Path) -> Result<Option<File>, AuditError> {
    match File::open(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some).map_err(not_read),
    }
}

/// More than the longest line has.
const LINE: u64 = 1024;

/// Checks that a file of checkpoints is there not yet, or is this store's.
///
/// # Errors
/// [`AuditError::OtherStore`], [`AuditError::File`].
pub(crate) fn check_file(checkpoints: &Path, keys: &Keys) -> Result<(), AuditError> {
    last(checkpoints, &keys.checkpoint_key()).map(drop)
}

/// What the last line that the key signed says, of those at the end: one that was broken off in the middle may come after
/// it. In a year there are millions before it, and a seal comes every few seconds.
fn last(file: &Path, key: &[u8; 32]) -> Result<Option<Seal>, AuditError> {
    let Some(mut file) = open(file)? else { return Ok(None) };
    let length = file.metadata().map_err(not_read)?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LINE))).map_err(not_read)?;
    let mut end = Vec::new();
    file.read_to_end(&mut end).map_err(not_read)?;
    let end = String::from_utf8_lossy(&end);
    let signed = end.lines().rev().find_map(|line| Checkpoint::read(line, key));
    let has_whole_line = end.contains('\n');
    if signed.is_none() && has_whole_line { Err(AuditError::OtherStore) } else { Ok(signed) }
}

/// Reads all lines; `None` for one that the key did not sign.
fn read(file: &Path, key: &[u8; 32]) -> Result<Vec<Option<Seal>>, AuditError> {
    let Some(file) = open(file)? else { return Ok(Vec::new()) };
    let lines = BufReader::new(file).lines();
    lines.map(|line| line.map(|line| Checkpoint::read(&line, key)).map_err(not_read)).collect()
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SuspiciousActivity {
    /// Events are missing from this place on that were signed for.
    CutOff {
        /// The last that is there.
        last: u64,
        /// Up to where it was signed.
        signed: u64,
    },
    /// An event is missing at this place.
    Missing {
        /// The place of the event, from 1.
        place: u64,
    },
    /// Among these events one was changed, moved, put in or taken out.
    Changed {
        /// The first that it can be.
        from: u64,
        /// The last that it can be.
        to: u64,
    },
    /// The events up to here are in themselves as their seals say, and not what was signed.
    Rewritten {
        /// The count that was signed with another head.
        count: u64,
    },
    /// As many events are there as this, and not as many as are sealed or wait to be: one was put in past both, or one of
    /// those that wait was taken out.
    Uncounted {
        /// The number of events in the log.
        there: u64,
        /// The number of events that are sealed and there, or waiting.
        known: u64,
    },
    /// The record of a month that was detached was not signed by this key: its events count as missing.
    DetachmentNotSigned {
        /// The month that it is said to be of.
        month: Month,
    },
    /// A line of the file was not signed by this key.
    NotSigned {
        /// The number of the line, from 1.
        line: usize,
    },
}

impl std::fmt::Display for SuspiciousActivity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CutOff { last, signed } => {
                write!(f, "events {} to {signed} are signed but missing", last + 1)
            }
            Self::Missing { place } => write!(f, "event {place} is missing"),
            Self::Changed { from, to } => {
                write!(f, "one of the events {from} to {to} differs from what was sealed")
            }
            Self::Rewritten { count } => {
                write!(f, "the log up to event {count} differs from what was signed")
            }
            Self::Uncounted { there, known } => {
                write!(
                    f,
                    "the log has {there} events, but {known} are sealed or waiting to be sealed"
                )
            }
            Self::DetachmentNotSigned { month } => {
                write!(f, "the record of {month} as detached was not signed by this key")
            }
            Self::NotSigned { line } => write!(f, "line {line} was not signed by this key"),
        }
    }
}

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogVerification {
    /// Sealed events that were looked at.
    pub events: u64,
    /// How many of them are of months that were detached: they are gone, and the rest was held to the signed records of
    /// where they were.
    pub detached: u64,
    /// Up to where the file of checkpoints vouches for them.
    pub signed: u64,
    /// What is wrong, in the order of the log; empty if nothing is.
    pub findings: Vec<SuspiciousActivity>,
}

/// Goes through the whole log and holds it to its seals and to the checkpoints. Reads every event once, in pages.
///
/// # Errors
/// If the file or the store cannot be read.
pub async fn verify(
    store: &Store,
    checkpoints: &Path,
    key: &[u8; 32],
) -> Result<LogVerification, AuditError> {
    Ok(walk(store, checkpoints, key, None).await?.0)
}

/// Does the same, and gives the runs of events of a month that is still there.
pub(crate) async fn verify_with_runs(
    store: &Store,
    checkpoints: &Path,
    key: &[u8; 32],
    month: Month,
) -> Result<(LogVerification, Vec<DetachedRun>), AuditError> {
    walk(store, checkpoints, key, Some(month)).await
}

async fn walk(
    store: &Store,
    checkpoints: &Path,
    key: &[u8; 32],
    month: Option<Month>,
) -> Result<(LogVerification, Vec<DetachedRun>), AuditError> {
    let mut findings = Vec::new();
    let mut signed = BTreeMap::new();
    for (index, line) in read(checkpoints, key)?.into_iter().enumerate() {
        match line {
            Some(seal) => drop(signed.insert(seal.count, seal.head)),
            None => findings.push(SuspiciousActivity::NotSigned { line: index + 1 }),
        }
    }
    let mut gaps = BTreeMap::new();
    for detachment in store.detachments().await? {
        if is_signed(&detachment, key) {
            gaps.extend(detachment.runs.into_iter().map(|run| (run.places[0], run)));
        } else {
            findings.push(SuspiciousActivity::DetachmentNotSigned { month: detachment.month });
        }
    }
    let mut chain = Chain {
        at: initial_seal(),
        sealed: 0,
        held: 0,
        gone: 0,
        signed: &signed,
        gaps,
        gap: None,
        detached: 0,
        month,
        runs: Vec::new(),
        findings,
    };
    loop {
        let pages = store.sealed_events(chain.sealed, SEALS).await?;
        if pages.is_empty() {
            return Ok(chain.end(store).await?);
        }
        let ids: Vec<_> = pages.iter().flat_map(|page| page.events.iter().copied()).collect();
        let mut events = store.events(&ids).await?.into_iter();
        for page in &pages {
            chain.go(page, events.by_ref().take(page.events.len()).collect());
        }
    }
}

fn is_signed(detachment: &Detachment, key: &[u8; 32]) -> bool {
    let key = UnparsedPublicKey::new(&ED25519, key);
    key.verify(&detachment.message(), &detachment.signature).is_ok()
}

/// A run of events of a detached month that is being gone through.
#[derive(Clone, Copy)]
struct Gap {
    run: DetachedRun,
    /// How many of its events are there, and how many are not.
    there: u64,
    gone: u64,
}

struct Chain<'a> {
    at: Seal,
    /// Up to here there are seals.
    sealed: u64,
    /// Up to here it is what its seals say.
    held: u64,
    /// How many events are named by a seal and are gone.
    gone: u64,
    signed: &'a BTreeMap<u64, [u8; 32]>,
    /// Where events of detached months are, by the place of the first of each run.
    gaps: BTreeMap<u64, DetachedRun>,
    gap: Option<Gap>,
    /// How many events are gone with their months.
    detached: u64,
    /// The month whose runs are looked for, and those found so far.
    month: Option<Month>,
    runs: Vec<DetachedRun>,
    findings: Vec<SuspiciousActivity>,
}

impl Chain<'_> {
    /// Goes through the events of the next seal, `None` for those that are gone. They are the last before its count: if
    /// there are fewer than from the seal before, those between are missing.
    fn go(&mut self, page: &SealedEvents, events: Vec<Option<EventRow>>) {
        let seal = &page.seal;
        let count = events.len() as u64;
        let before = std::mem::replace(&mut self.sealed, seal.count);
        if before + count > seal.count {
            // More than have a place there: none of them is held to anything, and from the seal on the rest may still hold.
            self.findings.push(SuspiciousActivity::Changed { from: self.held + 1, to: seal.count });
            (self.at, self.held) = (*seal, seal.count);
            self.hold_to_signed();
            return;
        }
        for (place, event) in (seal.count - count + 1..).zip(events) {
            self.enter_gap(place);
            self.gone += u64::from(event.is_none());
            match event {
                Some(event) => self.extend(place, &event),
                None if self.gap.is_some() => self.skip(place, seal),
                None => continue,
            }
            self.leave_gap(place);
            if place == seal.count {
                if seal.head != self.at.head {
                    self.findings
                        .push(SuspiciousActivity::Changed { from: self.held + 1, to: place });
                    // From the seal on the rest may still hold.
                    self.at.head = seal.head;
                }
                self.held = place;
            }
            self.hold_to_signed();
        }
    }

    fn extend(&mut self, place: u64, event: &EventRow) {
        if place != self.at.count + 1 {
            self.findings.push(SuspiciousActivity::Missing { place: self.at.count + 1 });
            // The chain is broken here; it is held to the next seal as if nothing were before it.
            self.at.count = place - 1;
        }
        let before = self.at.head;
        self.at = extend_chain(&self.at, event);
        if let Some(gap) = &mut self.gap {
            gap.there += 1;
        }
        if self.month.is_some_and(|month| month.contains(event.id)) {
            self.note_run(place, before);
        }
    }

    /// Adds an event of the month that is looked for to its runs.
    fn note_run(&mut self, place: u64, before: [u8; 32]) {
        let after = self.at.head;
        match self.runs.last_mut().filter(|run| run.places[1] + 1 == place) {
            Some(run) => (run.places[1], run.after) = (place, after),
            None => self.runs.push(DetachedRun { places: [place; 2], before, after }),
        }
    }

    /// Begins with a run of a detached month: what is before it has to be what the record says.
    fn enter_gap(&mut self, place: u64) {
        let Some(run) = self.gaps.get(&place).copied() else { return };
        self.gap = Some(Gap { run, there: 0, gone: 0 });
        if self.at.count + 1 == place && self.at.head != run.before {
            self.findings.push(SuspiciousActivity::Changed { from: self.held + 1, to: place - 1 });
            self.at.head = run.before;
        }
    }

    /// Goes on over an event that is gone with its month. What the chain is within the run only its seals say; what it is
    /// after the run is signed.
    fn skip(&mut self, place: u64, seal: &Seal) {
        if place != self.at.count + 1 {
            self.findings.push(SuspiciousActivity::Missing { place: self.at.count + 1 });
        }
        self.detached += 1;
        self.at.count = place;
        if let Some(gap) = &mut self.gap {
            gap.gone += 1;
        }
        if place == seal.count {
            self.at.head = seal.head;
        }
    }

    /// Ends a run: all of it is gone, or all of it is there.
    fn leave_gap(&mut self, place: u64) {
        let Some(gap) = self.gap.filter(|gap| gap.run.places[1] == place) else { return };
        let Gap { run, there, gone } = gap;
        self.gap = None;
        let is_whole = there == 0 || (gone == 0 && self.at.head == run.after);
        if !is_whole {
            let [from, to] = run.places;
            self.findings.push(SuspiciousActivity::Changed { from, to });
        }
        self.at.head = run.after;
    }

    fn hold_to_signed(&mut self) {
        if self.signed.get(&self.at.count).is_some_and(|head| *head != self.at.head) {
            self.findings.push(SuspiciousActivity::Rewritten { count: self.at.count });
        }
    }

    async fn end(
        mut self,
        store: &Store,
    ) -> Result<(LogVerification, Vec<DetachedRun>), StoreError> {
        let last = self.at.count;
        if self.held < last {
            // Events whose seal is over others that are gone.
            self.findings.push(SuspiciousActivity::Changed { from: self.held + 1, to: last });
        }
        let signed = self.signed.last_key_value().map_or(0, |(count, _)| *count);
        let promised = signed.max(self.sealed);
        if promised > last {
            self.findings.push(SuspiciousActivity::CutOff { last, signed: promised });
        }
        let EventCounts { logged: there, sealed, waiting } = store.event_counts().await?;
        let known = (sealed + waiting).saturating_sub(self.gone);
        if there != known {
            self.findings.push(SuspiciousActivity::Uncounted { there, known });
        }
        let Self { detached, findings, runs, .. } = self;
        Ok((LogVerification { events: last, detached, signed, findings }, runs))
    }
}
