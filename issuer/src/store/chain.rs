//! The hash chain over the log of events; a seal is a link of it.

use ring::digest::{Context, SHA256, digest};

use super::error::StoreError;
use super::event_row::EventRow;
use super::sql::Row;

/// How far the log is sealed: the number of events, and the hash that the last of them gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The number of events up to here.
    pub count: u64,
    /// The hash over all of them.
    pub head: [u8; 32],
}

impl Seal {
    pub(super) fn take(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self { count: row.int()?, head: row.array()? })
    }

    pub(super) fn read(row: Row) -> Result<Self, StoreError> {
        Self::take(&mut row.of_table("event_seals"))
    }
}

/// Gives the seal before the first event.
pub(crate) fn initial_seal() -> Seal {
    let mut head = [0; 32];
    head.copy_from_slice(digest(&SHA256, b"tegata/v1/events").as_ref());
    Seal { count: 0, head }
}

/// Extends the chain by one event: SHA-256 over the head before it, its place and each of its parts, with lengths, so
/// that no two events are the same bytes.
pub(crate) fn extend_chain(before: &Seal, event: &EventRow) -> Seal {
    let count = before.count + 1;
    let mut hash = Context::new(&SHA256);
    hash.update(&before.head);
    hash.update(&count.to_be_bytes());
    hash.update(&event.id.0);
    hash.update(&event.at.seconds().to_be_bytes());
    let account = event.account.map(|account| account.0);
    let account = account.as_ref().map_or(&[][..], |account| account);
    for part in [account, event.deed.as_bytes(), event.actor.as_bytes(), event.detail.as_bytes()] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut head = [0; 32];
    head.copy_from_slice(hash.finish().as_ref());
    Seal { count, head }
}
