//! What accounts spent on days that are over: dropped when no limit and nobody who looks for a mistake asks any more.

use tegata::UnixTime;

use super::super::rows::values;
use super::super::{Store, StoreError};
use super::attempts::DAY;

/// Days for which sums are kept after their own, give or take the one between UTC and the shops. A limit looks at today's
/// alone.
pub const SPENT_KEPT: u64 = 31;

impl Store {
    /// Drops what was spent more than [`SPENT_KEPT`] days ago. The payments stay, and can be taken back.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_spent(&self, now: UnixTime) -> Result<(), StoreError> {
        const ANY: &str = "SELECT 1 FROM spent WHERE day < $1 LIMIT 1";
        const DROP: &str = "DELETE FROM spent WHERE (account, day) IN \
            (SELECT account, day FROM spent WHERE day < $1 ORDER BY day LIMIT $2)";
        let day = (now.seconds() / DAY).saturating_sub(SPENT_KEPT);
        self.drop_all(ANY, DROP, values![day]).await
    }
}
