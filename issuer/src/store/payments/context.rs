//! What is known of a till's request before its code is looked at.

use tegata::code::TillId;

use super::super::error::StoreError;
use super::super::global_state::GlobalState;
use super::super::sql::{Query, Row, values};
use super::prior_sale::PriorSale;
use super::request::AuthoriseRequest;
use crate::domain::AuthorisationId;

/// The till, what it has asked before, and the global state.
pub(super) struct AuthoriseContext {
    pub(super) till: TillId,
    pub(super) answer: Option<IdempotencyRecord>,
    pub(super) sale: PriorSale,
    /// `None` if it cannot be read, which means stopped.
    pub(super) global_state: Option<GlobalState>,
}

/// The reason of a record whose authorisation another request had made.
pub(super) const REPEATED: &str = "repeated";

/// The answer to an idempotency key.
pub(super) struct IdempotencyRecord {
    pub(super) hash: Option<[u8; 32]>,
    pub(super) authorisation: Option<AuthorisationId>,
    /// Why it was declined without an authorisation; with one, [`REPEATED`] if another request had made it.
    pub(super) reason: Option<String>,
}

impl AuthoriseContext {
    /// Makes the query that reads it.
    pub(super) fn query(request: &AuthoriseRequest) -> Query {
        // The till is found in subqueries: after a join, PostgreSQL may scan all that the till ever asked.
        const BEFORE: &str = "SELECT t.till, i.asked, i.hash, i.authorisation, i.reason, \
            s.reference, s.authorisation, g.one, g.generation, g.used_up_to, g.stopped \
            FROM tills t LEFT JOIN idempotency i \
            ON i.till = (SELECT till FROM tills WHERE token = $1) AND i.key = $2 LEFT JOIN sales s \
            ON s.till = (SELECT till FROM tills WHERE token = $1) AND s.reference = $3 \
            LEFT JOIN standing g ON g.one = 1 WHERE t.token = $1";
        let values =
            values![*request.token.bytes(), request.key.clone(), request.sale.reference.clone()];
        Query::new(BEFORE, values)
    }

    pub(super) fn read(row: Row) -> Result<Self, StoreError> {
        let mut row = row.of_table("tills");
        let till = row.text()?.parse().map_err(|_| StoreError::Unreadable("tills"))?;
        let id = |row: &mut Row| Ok(AuthorisationId(row.array()?));
        let asked: Option<u64> = row.optional(Row::int)?;
        let record = IdempotencyRecord {
            hash: row.optional(Row::array)?,
            authorisation: row.optional(id)?,
            reason: row.optional(Row::text)?,
        };
        let reference: Option<String> = row.optional(Row::text)?;
        let sale = row.optional(id)?;
        let one: Option<i64> = row.optional(Row::int)?;
        let global_state = one.and_then(|_| GlobalState::read(&mut row).ok());
        let sale = match (reference, sale) {
            (None, _) => PriorSale::None,
            (Some(_), None) => PriorSale::WithoutAuthorisation,
            (Some(_), Some(id)) => PriorSale::Authorisation(id),
        };
        Ok(Self { till, answer: asked.map(|_| record), sale, global_state })
    }
}
