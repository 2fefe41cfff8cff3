//! Tries within a span of time that slides with the clock, counted durably.

use tegata::UnixTime;
use tegata::account::limits::Limit;

use super::StoreError;
use super::rows::Row;

/// When tries were made, oldest first.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Taken(Vec<u64>);

impl Taken {
    pub(super) fn read(row: Row) -> Result<Self, StoreError> {
        let text = row.of("throttle").text()?;
        serde_json::from_str(&text).map(Self).map_err(|_| StoreError::Unreadable("throttle"))
    }

    /// As it is kept, and from when on it says nothing any more.
    pub(super) fn write(&self, limit: Limit) -> (String, u64) {
        let last = self.0.iter().max().copied().unwrap_or_default();
        (serde_json::Value::from(self.0.clone()).to_string(), last + limit.seconds)
    }

    /// Takes one of the tries; `false` when none is left. A clock that was set back gives none back.
    pub(super) fn take(&mut self, limit: Limit, now: UnixTime) -> bool {
        let now = now.seconds();
        self.0.retain(|at| now.saturating_sub(*at) < limit.seconds);
        let left = self.0.len() < limit.tries;
        if left {
            self.0.push(now);
        }
        left
    }
}
