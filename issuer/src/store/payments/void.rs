//! Voids: a till takes a payment back, whether its request has arrived or not.

use std::sync::Arc;

use tegata::UnixTime;
use tegata::code::TillId;

use super::super::Store;
use super::super::error::StoreError;
use super::super::partitions::is_detached;
use super::super::sql::{Row, Statement, values};
use super::super::transaction::Transaction;
use super::authorisation::{Authorisation, by_id};
use super::prior_sale::PriorSale;
use super::receipts::ReceiptWriter;
use super::state::AuthorisationState;
use crate::domain::{AuthorisationId, VoidAge};

/// The payment that a void is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoidTarget {
    /// The payment of this sale number.
    Reference(String),
    /// The payment that was asked for under this idempotency key.
    Key(String),
    /// The authorisation of this id.
    Id(AuthorisationId),
}

/// What is to be voided, and by whom.
#[derive(Clone)]
pub struct VoidRequest {
    /// The till of the payment.
    pub till: TillId,
    /// Which of its payments.
    pub target: VoidTarget,
    /// Who asks, as the log names them.
    pub actor: String,
    /// The time of the request.
    pub now: UnixTime,
    /// How old a charged payment may be; `None` for an operator, who voids any.
    pub age: Option<VoidAge>,
    /// The writer of the receipt of a payment that is voided at once.
    pub receipts: Arc<dyn ReceiptWriter>,
}

impl std::fmt::Debug for VoidRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VoidRequest").field("target", &self.target).finish_non_exhaustive()
    }
}

/// The answer to a void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoidOutcome {
    /// There was no payment yet: one that comes under this sale number or key is refused.
    Forbidden,
    /// The till has no authorisation of this id.
    NotFound,
    /// It is of a month that was detached: nothing here knows it any more.
    Detached,
    /// It was charged too long ago for its till to void it; nothing was changed.
    TooOld,
    /// The authorisation as it is now. `Voided`, `Declined` and `Refunded` are final; `Reversing` is left to the
    /// charges.
    Found(Box<Authorisation>),
}

impl Store {
    /// Voids an authorisation of a till. One whose card was not charged is voided at once; one whose card was or may
    /// have been charged is `Reversing` from now on, and ends as voided or refunded. A payment that has not arrived yet
    /// is forbidden, and so is another one under the sale number of a declined one. The same void again changes
    /// nothing. The receipt of a payment that is voided at once is written in the same transaction.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn void(&self, request: VoidRequest) -> Result<VoidOutcome, StoreError> {
        let void = Arc::new(request);
        self.database
            .write(move |transaction| {
                let void = Arc::clone(&void);
                Box::pin(async move { void.decide(transaction).await })
            })
            .await
    }
}

impl VoidRequest {
    async fn decide(&self, transaction: &mut dyn Transaction) -> Result<VoidOutcome, StoreError> {
        let authorisation = match self.prior_sale(transaction).await? {
            PriorSale::Authorisation(id) => by_id(transaction, id).await?,
            PriorSale::WithoutAuthorisation => return Ok(VoidOutcome::Forbidden),
            PriorSale::None => {
                if let VoidTarget::Id(id) = self.target
                    && is_detached(transaction, id).await?
                {
                    return Ok(VoidOutcome::Detached);
                }
                return self.forbid(transaction).await;
            }
        };
        // What is not over is the till's to end, however old it is.
        let is_charged = authorisation.state == AuthorisationState::Charged;
        if is_charged && self.age.is_some_and(|age| age.excludes(authorisation.made, self.now)) {
            return Ok(VoidOutcome::TooOld);
        }
        let to = match authorisation.state {
            AuthorisationState::Authorised => AuthorisationState::Voided,
            AuthorisationState::Charging
            | AuthorisationState::Unknown
            | AuthorisationState::Charged => AuthorisationState::Reversing,
            AuthorisationState::Declined => {
                transaction.write(self.forbid_declined(authorisation.id)).await?;
                return Ok(VoidOutcome::Found(Box::new(authorisation)));
            }
            AuthorisationState::Reversing
            | AuthorisationState::Voided
            | AuthorisationState::Refunded => {
                return Ok(VoidOutcome::Found(Box::new(authorisation)));
            }
        };
        let (after, writes) =
            authorisation.transition_to(to, self.now, &self.actor, &*self.receipts)?;
        match transaction.write(writes).await {
            // Another process changed it since it was read: read it again.
            Err(StoreError::VersionConflict) => Err(StoreError::Conflict),
            Err(error) => Err(error),
            Ok(()) => Ok(VoidOutcome::Found(Box::new(after))),
        }
    }

    async fn prior_sale(&self, transaction: &mut dyn Transaction) -> Result<PriorSale, StoreError> {
        const BY_REFERENCE: &str =
            "SELECT authorisation FROM sales WHERE till = $1 AND reference = $2";
        const BY_KEY: &str = "SELECT authorisation FROM idempotency WHERE till = $1 AND key = $2";
        const BY_ID: &str =
            "SELECT authorisation FROM authorisations WHERE till = $1 AND authorisation = $2";
        let till = self.till.as_str().to_owned();
        let rows = match &self.target {
            VoidTarget::Reference(text) => {
                transaction.rows(BY_REFERENCE, values![till, text.clone()])
            }
            VoidTarget::Key(text) => transaction.rows(BY_KEY, values![till, text.clone()]),
            VoidTarget::Id(id) => transaction.rows(BY_ID, values![till, id.0]),
        };
        let id = |row: &mut Row| Ok(AuthorisationId(row.array()?));
        let Some(row) = rows.await?.into_iter().next() else { return Ok(PriorSale::None) };
        Ok(row
            .of_table("sales")
            .optional(id)?
            .map_or(PriorSale::WithoutAuthorisation, PriorSale::Authorisation))
    }

    /// Gives the statement that forbids the sale number of a declined payment: one more scan would make a new payment,
    /// and may be on its way. A key needs nothing, its answer is final.
    fn forbid_declined(&self, declined: AuthorisationId) -> Vec<Statement> {
        const FORBID: &str = "UPDATE sales SET authorisation = NULL, asked = $1 \
            WHERE till = $2 AND reference = $3 AND authorisation = $4";
        let VoidTarget::Reference(reference) = &self.target else { return Vec::new() };
        let till = self.till.as_str().to_owned();
        let asked = AuthorisationId::asked_at(self.now);
        let forbid = Statement::new(FORBID, values![asked, till, reference.clone(), declined.0]);
        // It was replaced since it was read: read it again.
        vec![forbid.error_if_no_rows(StoreError::Conflict)]
    }

    async fn forbid(&self, transaction: &mut dyn Transaction) -> Result<VoidOutcome, StoreError> {
        const REFERENCE: &str = "INSERT INTO sales (till, reference, asked) VALUES ($1, $2, $3) \
            ON CONFLICT DO NOTHING";
        const KEY: &str = "INSERT INTO idempotency (till, key, asked) VALUES ($1, $2, $3) \
            ON CONFLICT DO NOTHING";
        let till = self.till.as_str().to_owned();
        let asked = AuthorisationId::asked_at(self.now);
        let forbid = match &self.target {
            VoidTarget::Reference(text) => {
                Statement::new(REFERENCE, values![till, text.clone(), asked])
            }
            VoidTarget::Key(text) => Statement::new(KEY, values![till, text.clone(), asked]),
            VoidTarget::Id(_) => return Ok(VoidOutcome::NotFound),
        };
        // It arrived since it was looked for: look again.
        transaction.write(vec![forbid.error_if_no_rows(StoreError::Conflict)]).await?;
        Ok(VoidOutcome::Forbidden)
    }
}
