//! What a till takes back, whether it has come or not.

use std::sync::Arc;

use tegata::UnixTime;
use tegata::code::TillId;

use super::super::Store;
use super::super::error::StoreError;
use super::super::sql::{Row, Statement, values};
use super::super::transaction::Transaction;
use super::authorisation::{Authorisation, AuthorisationState, PriorSale};
use super::authorise::by_id;
use super::receipts::ReceiptWriter;
use crate::domain::AuthorisationId;

/// What is to be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoidTarget {
    /// The sale of this number.
    Reference(String),
    /// What was asked for under this key.
    Key(String),
    /// This one.
    Id(AuthorisationId),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoidOutcome {
    /// There was nothing yet: what comes under this number or key is refused.
    Forbidden,
    /// There is nothing of this number at this till.
    NotFound,
    /// How it stands now. `Voided`, `Declined` and `Refunded` are over; `Reversing` is for whoever charges cards.
    Found(Box<Authorisation>),
}

impl Store {
    /// Takes back an authorisation of a till. What no card was charged for is void at once; what may have been charged
    /// is `Reversing` from now on, and so is what is: it ends as void or refunded. What did not come yet is forbidden,
    /// and so is what comes again under the number of a sale that was declined. The same again changes nothing. The
    /// account's owner is told of what is void at once in the same transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn void(
        &self,
        till: TillId,
        what: VoidTarget,
        actor: String,
        now: UnixTime,
        notices: Arc<dyn ReceiptWriter>,
    ) -> Result<VoidOutcome, StoreError> {
        let void = Arc::new(VoidRequest { till, what, actor, now, notices });
        self.database
            .write(move |transaction| {
                let void = Arc::clone(&void);
                Box::pin(async move { void.decide(transaction).await })
            })
            .await
    }
}

struct VoidRequest {
    till: TillId,
    what: VoidTarget,
    actor: String,
    now: UnixTime,
    notices: Arc<dyn ReceiptWriter>,
}

impl VoidRequest {
    async fn decide(&self, transaction: &mut dyn Transaction) -> Result<VoidOutcome, StoreError> {
        let found = self.found(transaction).await?;
        let authorisation = match found {
            PriorSale::Authorisation(id) => by_id(transaction, id).await?,
            PriorSale::WithoutAuthorisation => return Ok(VoidOutcome::Forbidden),
            PriorSale::None => return self.forbid(transaction).await,
        };
        let to = match authorisation.state {
            AuthorisationState::Authorised => AuthorisationState::Voided,
            AuthorisationState::Charging
            | AuthorisationState::Unknown
            | AuthorisationState::Charged => AuthorisationState::Reversing,
            AuthorisationState::Declined => {
                transaction.write(self.no_more(authorisation.id)).await?;
                return Ok(VoidOutcome::Found(Box::new(authorisation)));
            }
            AuthorisationState::Reversing
            | AuthorisationState::Voided
            | AuthorisationState::Refunded => {
                return Ok(VoidOutcome::Found(Box::new(authorisation)));
            }
        };
        let tell = (&*self.actor, &*self.notices);
        let (after, writes) = authorisation.moves(to, self.now, tell)?;
        match transaction.write(writes).await {
            // Moved between our reading and our writing: read again.
            Err(StoreError::VersionConflict) => Err(StoreError::Conflict),
            Err(error) => Err(error),
            Ok(()) => Ok(VoidOutcome::Found(Box::new(after))),
        }
    }

    async fn found(&self, transaction: &mut dyn Transaction) -> Result<PriorSale, StoreError> {
        const BY_REFERENCE: &str =
            "SELECT authorisation FROM sales WHERE till = $1 AND reference = $2";
        const BY_KEY: &str = "SELECT authorisation FROM idempotency WHERE till = $1 AND key = $2";
        const BY_ID: &str =
            "SELECT authorisation FROM authorisations WHERE till = $1 AND authorisation = $2";
        let till = self.till.as_str().to_owned();
        let rows = match &self.what {
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

    /// A declined payment is no sale, so one more scan would make it anew, and may be on its way: under this number nothing
    /// is made any more. A key needs nothing, it has its answer for good.
    fn no_more(&self, declined: AuthorisationId) -> Vec<Statement> {
        const FORBID: &str = "UPDATE sales SET authorisation = NULL, asked = $1 \
            WHERE till = $2 AND reference = $3 AND authorisation = $4";
        let VoidTarget::Reference(reference) = &self.what else { return Vec::new() };
        let (till, asked) = (self.till.as_str().to_owned(), AuthorisationId::asked_at(self.now));
        let forbid = Statement::new(FORBID, values![asked, till, reference.clone(), declined.0]);
        // It was made anew between our reading and our writing: read again.
        vec![forbid.error_if_no_rows(StoreError::Conflict)]
    }

    async fn forbid(&self, transaction: &mut dyn Transaction) -> Result<VoidOutcome, StoreError> {
        const REFERENCE: &str = "INSERT INTO sales (till, reference, asked) VALUES ($1, $2, $3) \
            ON CONFLICT DO NOTHING";
        const KEY: &str = "INSERT INTO idempotency (till, key, asked) VALUES ($1, $2, $3) \
            ON CONFLICT DO NOTHING";
        let till = self.till.as_str().to_owned();
        let asked = AuthorisationId::asked_at(self.now);
        let forbid = match &self.what {
            VoidTarget::Reference(text) => {
                Statement::new(REFERENCE, values![till, text.clone(), asked])
            }
            VoidTarget::Key(text) => Statement::new(KEY, values![till, text.clone(), asked]),
            VoidTarget::Id(_) => return Ok(VoidOutcome::NotFound),
        };
        // It came between our reading and our writing: read again.
        let forbid = forbid.error_if_no_rows(StoreError::Conflict);
        transaction.write(vec![forbid]).await?;
        Ok(VoidOutcome::Forbidden)
    }
}
