//! The log of a folder: changes, syncs, and where each operation returned.

use crate::disk::{Change, Disk, FileId};

/// One entry of the log.
#[derive(Clone, Debug)]
pub enum Event {
    /// Something changed and is not durable yet.
    Change(Change),
    /// What this file holds, length included, is durable.
    Sync(FileId),
    /// What was changed in this file since its last sync is readable, and will not reach the disk by any later sync.
    SyncFailed(FileId),
    /// The folder's names are durable.
    SyncNames,
}

/// What a recorded run did to the disk.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    /// The disk before the first event.
    pub start: Disk,
    /// All events, in order.
    pub events: Vec<Event>,
    /// How many events there were when each operation returned.
    pub operations: Vec<usize>,
}

impl EventLog {
    /// Whether this event ends what may be lost together: a cut right before it has most to lose.
    #[must_use]
    pub fn is_sync(&self, event: usize) -> bool {
        !matches!(self.events.get(event), Some(Event::Change(_)))
    }
}
