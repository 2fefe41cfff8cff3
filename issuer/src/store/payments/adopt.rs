//! Payments whose rows were lost with a database, made anew from what the processor has of their charges.
//!
//! A row is adopted as charged, unless the till has heard since that nothing was paid: then it is reversing, and its money
//! is returned.

use std::sync::Arc;

use super::super::Store;
use super::super::error::StoreError;
use super::super::event_row::EventRow;
use super::super::partitions::is_detached;
use super::super::sql::{Row, Statement, values};
use super::super::transaction::Transaction;
use super::authorisation::{Authorisation, BY_ID, by_id};
use super::prior_sale::PriorSale;
use super::receipts::ReceiptWriter;
use super::request::TillRequest;
use super::state::AuthorisationState;
use crate::domain::{AuthorisationId, CustomerId, MailId};

/// A charged payment that may have no row.
#[derive(Clone)]
pub struct LostPayment {
    /// The row that it had when it was charged.
    pub authorisation: Authorisation,
    /// The till's request for it, if that is known.
    pub request: Option<TillRequest>,
    /// The processor's customer whose card was charged.
    pub customer: CustomerId,
}

/// Who adopts a payment, and how it is told.
#[derive(Clone)]
struct Adoption {
    actor: String,
    event: EventRow,
    receipts: Arc<dyn ReceiptWriter>,
}

/// The state that a lost payment gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdoptedState {
    /// It is charged, and the payment of its sale.
    Charged,
    /// It is being refunded: its till has heard since that the sale was not paid, or was paid by another payment.
    Reversing,
}

/// The answer to an adoption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdoptionOutcome {
    /// It has a row.
    HasRow,
    /// The store has no such till, no such account, or another customer for it: no row can be made.
    Unknown,
    /// It is of a month that was detached: its row is not lost.
    Detached,
    /// It has no row, and gets, or got, one in this state.
    Row(AdoptedState),
}

impl Store {
    /// Says what the adoption of a payment would come to, and changes nothing.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn plan_adoption(&self, lost: LostPayment) -> Result<AdoptionOutcome, StoreError> {
        self.adopt_with(lost, None).await
    }

    /// Makes the row of a payment that was charged. Its sale and the till's key lead to it, its account's sum of the day
    /// and last code count it, and the log and the owner are told, all in one transaction with `event`.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn adopt(
        &self,
        lost: LostPayment,
        actor: String,
        event: EventRow,
        receipts: Arc<dyn ReceiptWriter>,
    ) -> Result<AdoptionOutcome, StoreError> {
        self.adopt_with(lost, Some(Adoption { actor, event, receipts })).await
    }

    async fn adopt_with(
        &self,
        lost: LostPayment,
        adoption: Option<Adoption>,
    ) -> Result<AdoptionOutcome, StoreError> {
        self.database
            .write(move |transaction| {
                let lost = lost.clone();
                let adoption = adoption.clone();
                Box::pin(async move {
                    let plan = match lost.plan(transaction).await? {
                        Ok(plan) => plan,
                        Err(outcome) => return Ok(outcome),
                    };
                    if let Some(adoption) = adoption {
                        transaction.write(lost.statements(&plan, adoption)?).await?;
                    }
                    Ok(AdoptionOutcome::Row(plan.state))
                })
            })
            .await
    }
}

/// What is written for a payment that has no row.
struct Plan {
    state: AdoptedState,
    /// The earlier payment of the same sale that it replaces.
    replaced: Option<AuthorisationId>,
    /// Whether the till's key leads nowhere yet.
    is_key_free: bool,
    /// The number of the account's credential, if the store has it.
    number: Option<u32>,
}

impl LostPayment {
    async fn plan(
        &self,
        transaction: &mut dyn Transaction,
    ) -> Result<Result<Plan, AdoptionOutcome>, StoreError> {
        const PARTIES: &str = "SELECT p.account FROM payers p WHERE p.account = $1 \
            AND EXISTS (SELECT 1 FROM customers c WHERE c.account = $1 AND c.customer = $2) \
            AND EXISTS (SELECT 1 FROM tills t WHERE t.till = $3)";
        const NUMBER: &str =
            "SELECT number FROM credentials WHERE credential = $1 AND account = $2";
        let Authorisation { id, account, credential, till, .. } = &self.authorisation;
        if !transaction.rows(BY_ID, values![id.0]).await?.is_empty() {
            return Ok(Err(AdoptionOutcome::HasRow));
        }
        if is_detached(transaction, *id).await? {
            return Ok(Err(AdoptionOutcome::Detached));
        }
        let customer = self.customer.as_str().to_owned();
        let parties = values![account.0, customer, till.as_str().to_owned()];
        if transaction.rows_for_update(PARTIES, parties).await?.is_empty() {
            return Ok(Err(AdoptionOutcome::Unknown));
        }
        let number = transaction.rows(NUMBER, values![credential.0, account.0]).await?;
        let number = number.into_iter().next().map(|row| row.of_table("credentials").int());
        let (is_key_free, told_by_key) = self.told_by_key(transaction).await?;
        let (replaced, told_by_sale) = self.told_by_sale(transaction).await?;
        let is_told = told_by_key || told_by_sale;
        let state = if is_told { AdoptedState::Reversing } else { AdoptedState::Charged };
        Ok(Ok(Plan { state, replaced, is_key_free, number: number.transpose()? }))
    }

    /// Says whether the till's key leads nowhere yet, and whether the till has heard under it that nothing was paid.
    async fn told_by_key(
        &self,
        transaction: &mut dyn Transaction,
    ) -> Result<(bool, bool), StoreError> {
        const KEY: &str = "SELECT authorisation FROM idempotency WHERE till = $1 AND key = $2";
        let Some(TillRequest { key, .. }) = &self.request else { return Ok((false, false)) };
        let till = self.authorisation.till.as_str().to_owned();
        let found = transaction.rows(KEY, values![till, key.clone()]).await?;
        Ok((found.is_empty(), !found.is_empty()))
    }

    /// Gives the payment of the same sale that it replaces, and says whether the till has heard since that the sale was
    /// not paid, or was paid by another payment.
    async fn told_by_sale(
        &self,
        transaction: &mut dyn Transaction,
    ) -> Result<(Option<AuthorisationId>, bool), StoreError> {
        const SALE: &str = "SELECT authorisation FROM sales WHERE till = $1 AND reference = $2";
        let Authorisation { id, till, reference, .. } = &self.authorisation;
        let values = values![till.as_str().to_owned(), reference.clone()];
        let row = transaction.rows_for_update(SALE, values).await?.into_iter().next();
        let read = |row: &mut Row| Ok(AuthorisationId(row.array()?));
        let prior = match row {
            None => PriorSale::None,
            Some(row) => row
                .of_table("sales")
                .optional(read)?
                .map_or(PriorSale::WithoutAuthorisation, PriorSale::Authorisation),
        };
        Ok(match prior {
            PriorSale::None => (None, false),
            PriorSale::WithoutAuthorisation => (None, true),
            PriorSale::Authorisation(other) => {
                let other = by_id(transaction, other).await?;
                // An earlier one that came to nothing is what this one followed. Ids sort by when they were made.
                let is_followed = !other.state.counts() && other.id < *id;
                (is_followed.then_some(other.id), !is_followed)
            }
        })
    }

    fn statements(self, plan: &Plan, adoption: Adoption) -> Result<Vec<Statement>, StoreError> {
        let Adoption { actor, event, receipts } = adoption;
        let row = &self.authorisation;
        let mut writes = vec![row.insert_charged()];
        writes.extend(self.count(plan.number));
        if let (Some(TillRequest { key, hash }), true) = (&self.request, plan.is_key_free) {
            const ANSWER: &str = "INSERT INTO idempotency (till, key, hash, authorisation, asked) \
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
            let till = row.till.as_str().to_owned();
            let values = values![till, key.clone(), *hash, row.id.0, row.id.asked()];
            writes.push(Statement::new(ANSWER, values).error_if_no_rows(StoreError::Conflict));
        }
        if let Some((_, number)) = row.state.event() {
            let receipt = receipts.receipt(MailId::of_payment(row.id, number), row)?;
            writes.push(receipt.statement(row.account));
        }
        writes.extend(row.log_statements(&actor));
        match plan.state {
            AdoptedState::Charged => writes.push(row.sell(plan.replaced)),
            AdoptedState::Reversing => {
                let reversing = AuthorisationState::Reversing;
                let (_, more) = row.transition_to(reversing, row.changed, &actor, &*receipts)?;
                writes.extend(more);
            }
        }
        writes.extend(event.statements());
        Ok(writes)
    }

    /// Gives the statements that count it for its account: in the sum of its day, unless a later one has begun, and as the
    /// last code, unless a later one was accepted.
    fn count(&self, number: Option<u32>) -> Vec<Statement> {
        const SPENT: &str = "UPDATE payers SET \
            spent = CASE WHEN day = $1 THEN spent + $2 WHEN day < $1 THEN $2 ELSE spent END, \
            day = CASE WHEN day < $1 THEN $1 ELSE day END WHERE account = $3";
        const USED: &str = "UPDATE payers SET counter_of = $1, counter = $2 \
            WHERE account = $3 AND (counter_of < $1 OR counter_of = $1 AND counter < $2)";
        let Authorisation { account, counter, day, amount, .. } = self.authorisation;
        let spent = Statement::new(SPENT, values![day, amount, account.0]);
        let used = number.map(|number| Statement::new(USED, values![number, counter, account.0]));
        std::iter::once(spent).chain(used).collect()
    }
}

impl Authorisation {
    /// Gives the statement that adds its row with its charge.
    fn insert_charged(&self) -> Statement {
        const INSERT: &str = "INSERT INTO authorisations (authorisation, account, credential, \
            counter, till, reference, amount, currency, day, state, card, intent, made, changed, version) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
            ON CONFLICT DO NOTHING";
        let values = values![
            self.id.0,
            self.account.0,
            self.credential.0,
            self.counter,
            self.till.as_str().to_owned(),
            self.reference.clone(),
            self.amount,
            self.currency.clone(),
            self.day,
            self.state.name().to_owned(),
            self.card,
            self.intent.clone(),
            self.made.seconds(),
            self.changed.seconds(),
            self.version,
        ];
        Statement::new(INSERT, values).error_if_no_rows(StoreError::Conflict)
    }
}
