//! A payment as a row.

use serde_json::json;
use tegata::UnixTime;
use tegata::code::{CredentialId, TillId};

use super::super::error::StoreError;
use super::super::event_row::EventRow;
use super::super::sql::{Row, Statement, values};
use super::super::transaction::Transaction;
use super::state::{AuthorisationState, DeclineReason};
use crate::domain::{AccountId, AuthorisationId, EventId};

/// A payment as its row has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorisation {
    /// The id, by which authorisations sort.
    pub id: AuthorisationId,
    /// The account that pays.
    pub account: AccountId,
    /// The credential that the code was derived from.
    pub credential: CredentialId,
    /// The counter of that code.
    pub counter: u64,
    /// The till that asked.
    pub till: TillId,
    /// The till's own number for the sale.
    pub reference: String,
    /// The amount, in minor units of its currency.
    pub amount: u64,
    /// The currency's code in ISO 4217.
    pub currency: String,
    /// The day whose limit it counts against.
    pub day: u64,
    /// The state that it is in.
    pub state: AuthorisationState,
    /// Why the issuer declined it, if it did.
    pub reason: Option<DeclineReason>,
    /// The id of the card that is charged.
    pub card: Option<[u8; 16]>,
    /// The processor's id of the charge.
    pub intent: Option<String>,
    /// When it was made.
    pub made: UnixTime,
    /// When it last changed.
    pub changed: UnixTime,
    /// The number of its states so far.
    pub version: u64,
}

/// The columns that [`Authorisation::read`] takes, in its order.
macro_rules! columns {
    () => {
        "authorisation, account, credential, counter, till, reference, amount, currency, day, state, reason, \
         card, intent, made, changed, version"
    };
}
pub(super) use columns;

pub(super) const BY_ID: &str =
    concat!("SELECT ", columns!(), " FROM authorisations WHERE authorisation = $1");

impl Authorisation {
    pub(super) fn read(row: Row) -> Result<Self, StoreError> {
        Self::take(&mut row.of_table("authorisations"))
    }

    /// Reads it from a row in which more columns follow.
    pub(super) fn take(row: &mut Row) -> Result<Self, StoreError> {
        let unreadable = || StoreError::Unreadable("authorisations");
        let time = |seconds| UnixTime::new(seconds).map_err(|_| unreadable());
        Ok(Self {
            id: AuthorisationId(row.array()?),
            account: AccountId(row.array()?),
            credential: CredentialId(row.array()?),
            counter: row.int()?,
            till: row.text()?.parse().map_err(|_| unreadable())?,
            reference: row.text()?,
            amount: row.int()?,
            currency: row.text()?,
            day: row.int()?,
            state: AuthorisationState::parse(&row.text()?)?,
            reason: row.optional(Row::text)?.map(|text| DeclineReason::parse(&text)).transpose()?,
            card: row.optional(Row::array)?,
            intent: row.optional(Row::text)?,
            made: time(row.int()?)?,
            changed: time(row.int()?)?,
            version: row.int()?,
        })
    }

    /// Gives the statement that lists it as open, worked on since then.
    pub(super) fn opens(&self, since: u64) -> Statement {
        const OPEN: &str = "INSERT INTO charges_open (authorisation, since) VALUES ($1, $2)";
        Statement::new(OPEN, values![self.id.0, since]).single_row()
    }

    /// Gives the statements that log its state, if that is logged. The event names the account in its detail alone:
    /// events of a payment are found by the payment's id, not by an index of their own.
    pub(super) fn log_statements(&self, actor: &str) -> impl Iterator<Item = Statement> {
        let event = self.state.event().map(|(name, number)| {
            let mut detail = json!({
                "authorisation": self.id.to_string(),
                "account": self.account.to_string(),
                "amount": self.amount,
                "currency": self.currency,
            });
            if let Some(reason) = self.reason {
                detail["reason"] = reason.name().into();
            }
            EventRow {
                id: EventId::of_payment(self.id, number),
                account: None,
                deed: name.to_owned(),
                actor: actor.to_owned(),
                at: self.changed,
                detail: detail.to_string(),
            }
        });
        event.into_iter().flat_map(EventRow::statements)
    }
}

/// Reads an authorisation that must be there.
pub(super) async fn by_id(
    transaction: &mut dyn Transaction,
    id: AuthorisationId,
) -> Result<Authorisation, StoreError> {
    let row = transaction.rows(BY_ID, values![id.0]).await?.into_iter().next();
    Authorisation::read(row.ok_or(StoreError::Unreadable("authorisations"))?)
}
