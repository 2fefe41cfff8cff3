//! Requests that devices signed and that were carried out, each with its answer: written in the transaction of the effect.

use tegata::UnixTime;
use tegata::protocol::{DeviceId, RequestName};

use super::Store;
use super::error::StoreError;
use super::global_state::GlobalState;
use super::sql::{Row, Statement, values};
use super::transaction::Transaction;

/// Reads the state of the whole issuer, and what a request was answered with, if it was.
const FIND: &str = "SELECT t.generation, t.used_up_to, t.stopped, r.hash, r.answer FROM standing t \
    LEFT JOIN signed_requests r ON r.device = $1 AND r.request = $2 WHERE t.one = 1";

/// The name of a request: the device that signed it, and the id that the device gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedRequestKey {
    /// The device that signed it.
    pub device: DeviceId,
    /// The id that the device gave it.
    pub request: RequestName,
}

/// A request that was carried out before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriorRequest {
    /// What its message is recognised by.
    pub hash: [u8; 32],
    /// What it was answered with, sealed.
    pub answer: Vec<u8>,
}

/// A request that is carried out, and what it is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredRequest {
    /// The name of the request.
    pub key: SignedRequestKey,
    /// Its message's hash, and its answer.
    pub stored: PriorRequest,
    /// When it is forgotten.
    pub until: UnixTime,
}

impl PriorRequest {
    /// Reads the last two columns of a query that joins the table; `None` if they are null.
    pub(super) fn read(row: &mut Row) -> Result<Option<Self>, StoreError> {
        let Some(hash) = row.optional(Row::array)? else { return Ok(None) };
        Ok(Some(Self { hash, answer: row.blob()? }))
    }
}

impl AnsweredRequest {
    /// Fails the whole change if the request was answered before.
    pub(super) fn statement(self) -> Statement {
        const INSERT: &str = "INSERT INTO signed_requests (device, request, hash, answer, until) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let Self { key, stored, until } = self;
        let values =
            values![key.device.0, key.request.0, stored.hash, stored.answer, until.seconds()];
        Statement::new(INSERT, values).error_if_no_rows(StoreError::AnsweredBefore)
    }
}

/// Reads the state of the whole issuer as a transaction sees it, for a request that has to be carried out once.
///
/// # Errors
/// `AnsweredBefore` if it was.
pub(super) async fn read_unanswered(
    transaction: &mut dyn Transaction,
    key: SignedRequestKey,
) -> Result<GlobalState, StoreError> {
    let rows = transaction.rows(FIND, values![key.device.0, key.request.0]).await?;
    match read_found(rows)? {
        (global_state, None) => Ok(global_state),
        (_, Some(_)) => Err(StoreError::AnsweredBefore),
    }
}

fn read_found(rows: Vec<Row>) -> Result<(GlobalState, Option<PriorRequest>), StoreError> {
    let row = rows.into_iter().next().ok_or(StoreError::Unreadable("standing"))?;
    let mut row = row.of_table("standing");
    Ok((GlobalState::read(&mut row)?, PriorRequest::read(&mut row)?))
}

impl Store {
    /// Reads the state of the whole issuer, and what this request was answered with, if it was carried out before.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn prior_request(
        &self,
        key: SignedRequestKey,
    ) -> Result<(GlobalState, Option<PriorRequest>), StoreError> {
        read_found(self.database.rows(FIND, values![key.device.0, key.request.0]).await?)
    }

    /// Deletes the requests that are forgotten by now.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn prune_signed_requests(&self, now: UnixTime) -> Result<(), StoreError> {
        const ANY: &str = "SELECT 1 FROM signed_requests WHERE until <= $1 LIMIT 1";
        const PRUNE: &str = "DELETE FROM signed_requests WHERE (device, request) IN \
            (SELECT device, request FROM signed_requests WHERE until <= $1 ORDER BY until LIMIT $2)";
        self.delete_all(ANY, PRUNE, values![now.seconds()]).await
    }
}
