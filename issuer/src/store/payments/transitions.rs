//! How an authorisation moves from one state to the next.

use std::sync::Arc;

use tegata::UnixTime;

use super::super::Store;
use super::super::error::StoreError;
use super::super::sql::{Statement, values};
use super::authorisation::Authorisation;
use super::receipts::ReceiptWriter;
use super::state::AuthorisationState;
use crate::domain::MailId;

/// The actor of charges in the log.
const CHARGING_ACTOR: &str = "charging";

impl Authorisation {
    /// Gives it in its next state, and the statements for that: its row, the sum of the day, the list of open ones, the
    /// receipt and the log. They fail with `VersionConflict` if it was changed before.
    pub(super) fn transition_to(
        &self,
        to: AuthorisationState,
        now: UnixTime,
        actor: &str,
        receipts: &dyn ReceiptWriter,
    ) -> Result<(Self, Vec<Statement>), StoreError> {
        const MOVE: &str = "UPDATE authorisations SET state = $1, changed = $2, version = version + 1 \
            WHERE authorisation = $3 AND version = $4";
        const GIVE_BACK: &str =
            "UPDATE payers SET spent = spent - $1 WHERE account = $2 AND day = $3";
        const OVER: &str = "DELETE FROM charges_open WHERE authorisation = $1";
        if !self.state.may_become(to) {
            return Err(StoreError::VersionConflict);
        }
        let moved = values![to.name().to_owned(), now.seconds(), self.id.0, self.version];
        let mut statements = vec![
            Statement::new(MOVE, moved).error_if_no_rows(StoreError::VersionConflict).single_row(),
        ];
        if self.state.counts() && !to.counts() {
            let back = values![self.amount, self.account.0, self.day];
            // A day that has passed keeps no sum.
            statements.push(Statement::new(GIVE_BACK, back));
        }
        let version = self.version + 1;
        let after = Self { state: to, changed: now, version, ..self.clone() };
        match (self.state.is_open(), to.is_open()) {
            (true, false) => statements.push(Statement::new(OVER, values![self.id.0]).single_row()),
            (false, true) => statements.push(self.opens(now.seconds())),
            (true, true) | (false, false) => (),
        }
        if let Some((_, number)) = to.event().filter(|_| to.has_receipt()) {
            let mail = receipts.receipt(MailId::of_payment(self.id, number), &after)?;
            statements.push(mail.statement(self.account));
        }
        statements.extend(after.log_statements(actor));
        Ok((after, statements))
    }
}

impl Store {
    /// Moves an authorisation on from this version, by compare-and-set; gives it in its new state. A declined or voided
    /// one counts no longer among what the account has spent. The log entry and the receipt are written in the same
    /// transaction.
    ///
    /// # Errors
    /// `VersionConflict` if it is of another version by now, or this state may not follow its own; those of the
    /// database.
    pub async fn transition(
        &self,
        from: Authorisation,
        to: AuthorisationState,
        now: UnixTime,
        receipts: Arc<dyn ReceiptWriter>,
    ) -> Result<Authorisation, StoreError> {
        self.database
            .write_batched(move |transaction| {
                let from = from.clone();
                let receipts = Arc::clone(&receipts);
                Box::pin(async move {
                    let (after, writes) =
                        from.transition_to(to, now, CHARGING_ACTOR, &*receipts)?;
                    transaction.write_last(writes).await?;
                    Ok(after)
                })
            })
            .await
    }

    /// Stores which card is charged, and the processor's id of the charge, before any money can move. The state is
    /// `Charging` from now on.
    ///
    /// # Errors
    /// `VersionConflict` if it is of another version by now; those of the database.
    pub async fn store_intent(
        &self,
        from: Authorisation,
        card: [u8; 16],
        intent: String,
        now: UnixTime,
    ) -> Result<Authorisation, StoreError> {
        const STORE: &str = "UPDATE authorisations SET state = 'charging', card = $1, intent = $2, \
            changed = $3, version = version + 1 WHERE authorisation = $4 AND version = $5";
        let values = values![card, intent.clone(), now.seconds(), from.id.0, from.version];
        let store = Statement::new(STORE, values)
            .error_if_no_rows(StoreError::VersionConflict)
            .single_row();
        self.database
            .write_batched(move |transaction| {
                let store = store.clone();
                Box::pin(async move { transaction.write_last(vec![store]).await })
            })
            .await?;
        Ok(Authorisation {
            state: AuthorisationState::Charging,
            card: Some(card),
            intent: Some(intent),
            changed: now,
            version: from.version + 1,
            ..from
        })
    }
}
