//! What a folder went through: changes, syncs, and the moments at which an operation answered.

use crate::crash::Moment;
use crate::disk::{Change, Disk, FileId};

/// One entry of a tape.
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

/// A recorded run.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// The disk before the first event.
    pub start: Disk,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// After how many events each operation answered.
    pub answers: Vec<usize>,
}

impl Tape {
    /// The moments before the first event, after it, after the second, and so on.
    pub fn moments(&self) -> impl Iterator<Item = Moment> + '_ {
        let mut moment = Moment::new(self.start.clone());
        let first = moment.clone();
        std::iter::once(first).chain(self.events.iter().map(move |event| {
            moment.advance(event);
            moment.clone()
        }))
    }

    /// Whether this event ends what may be lost together: a cut right before it has most to lose.
    #[must_use]
    pub fn is_sync(&self, event: usize) -> bool {
        !matches!(self.events.get(event), Some(Event::Change(_)))
    }
}
