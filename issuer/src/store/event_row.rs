//! An event of the log as a row.

use tegata::UnixTime;
use tegata_policy::AuditEvent;

use super::error::StoreError;
use super::sql::{Row, Statement, values};
use crate::domain::{AccountId, EventId};

/// An event of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// The id, by which events sort.
    pub id: EventId,
    /// The account that it is about, if any. Events about payments name it in their detail instead: see
    /// [`about`](Self::about).
    pub account: Option<AccountId>,
    /// The event's name, by [`audit_event_name`], or that of an operator's act.
    pub deed: String,
    /// The person or job that did it.
    pub actor: String,
    /// When it was done.
    pub at: UnixTime,
    /// More about it, as JSON. It names no person and holds no secret.
    pub detail: String,
}

/// Gives the name that an event has in the log.
#[must_use]
pub fn audit_event_name(event: AuditEvent) -> String {
    // serde writes a unit variant as a string.
    let name = serde_json::to_value(event).ok();
    name.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

impl EventRow {
    /// Gives the account that it is about, from its column or from its detail.
    #[must_use]
    pub fn about(&self) -> Option<AccountId> {
        let in_detail = || {
            let detail: serde_json::Value = serde_json::from_str(&self.detail).ok()?;
            let mut id = [0; 16];
            hex::decode_to_slice(detail.get("account")?.as_str()?, &mut id).ok()?;
            Some(AccountId(id))
        };
        self.account.or_else(in_detail)
    }

    /// Gives the statements that add the event, and that it waits to be sealed.
    pub(super) fn statements(self) -> [Statement; 2] {
        const INSERT: &str = "INSERT INTO events (event, account, deed, actor, made, detail) \
            VALUES ($1, $2, $3, $4, $5, $6)";
        const WAIT: &str = "INSERT INTO events_waiting (event) VALUES ($1)";
        let wait = Statement::new(WAIT, values![self.id.0]);
        let account = self.account.map(|account| account.0);
        let at = self.at.seconds();
        let values = values![self.id.0, account, self.deed, self.actor, at, self.detail];
        [Statement::new(INSERT, values).single_row(), wait.single_row()]
    }

    /// Gives as many statements that count it for a decoy: nobody ever reads its events, and strangers make as many as
    /// they like.
    pub(super) fn decoy_statements(self) -> [Statement; 2] {
        const COUNT: &str = "INSERT INTO decoy_events (account, deed, minute, count) \
            VALUES ($1, $2, $3, 1) ON CONFLICT (account, deed, minute) \
            DO UPDATE SET count = decoy_events.count + 1";
        const NOTHING: &str = "DELETE FROM events_waiting WHERE event = $1";
        let account = self.account.map_or([0; 16], |account| account.0);
        let count = Statement::new(COUNT, values![account, self.deed, self.at.seconds() / 60]);
        [count.single_row(), Statement::new(NOTHING, values![self.id.0]).single_row()]
    }

    pub(super) fn read(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: EventId(row.array()?),
            account: row.optional(Row::array)?.map(AccountId),
            deed: row.text()?,
            actor: row.text()?,
            at: UnixTime::new(row.int()?).map_err(|_| StoreError::Unreadable("events"))?,
            detail: row.text()?,
        })
    }
}
