//! The rows that a new authorisation adds and changes.

use super::super::error::StoreError;
use super::super::sql::{Statement, values};
use super::authorisation::Authorisation;
use crate::domain::{AccountId, AuthorisationId};

/// A code that is used up by what it was shown for.
pub(super) struct UsedCode {
    pub(super) account: AccountId,
    /// The number of the account's credential that it is of.
    pub(super) number: u32,
    pub(super) counter: u64,
    /// The day that it is used on, and what is spent with it, in minor units.
    pub(super) day: u64,
    pub(super) spent: u64,
}

impl UsedCode {
    /// Gives the statement that marks the code as used, and adds to the day's sum. It conflicts with another that has used
    /// this code or a later one.
    pub(super) fn statement(self) -> Statement {
        const USE: &str = "UPDATE payers SET counter_of = $1, counter = $2, \
            spent = CASE WHEN day = $3 THEN spent ELSE 0 END + $4, day = $3 \
            WHERE account = $5 AND (counter_of < $1 OR counter_of = $1 AND counter < $2)";
        let Self { account, number, counter, day, spent } = self;
        Statement::new(USE, values![number, counter, day, spent, account.0])
            .error_if_no_rows(StoreError::Conflict)
            .single_row()
    }
}

impl Authorisation {
    /// Gives the statement that uses up the code of the account's credential of this number.
    pub(super) fn use_code(&self, number: u32) -> Statement {
        let Self { account, counter, day, .. } = *self;
        let spent = if self.state.counts() { self.amount } else { 0 };
        UsedCode { account, number, counter, day, spent }.statement()
    }

    /// Gives the statement that makes it the payment of its sale.
    pub(super) fn sell(&self, replaced: Option<AuthorisationId>) -> Statement {
        const SELL: &str = "INSERT INTO sales (till, reference, authorisation, asked) \
            VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        const SELL_AGAIN: &str = "UPDATE sales SET authorisation = $1, asked = $2 \
            WHERE till = $3 AND reference = $4 AND authorisation = $5";
        let till = self.till.as_str().to_owned();
        let reference = self.reference.clone();
        let asked = self.id.asked();
        let sale = match replaced {
            None => Statement::new(SELL, values![till, reference, self.id.0, asked]).single_row(),
            Some(before) => {
                let values = values![self.id.0, asked, till, reference, before.0];
                Statement::new(SELL_AGAIN, values)
            }
        };
        sale.error_if_no_rows(StoreError::Conflict)
    }

    /// Gives the statement that adds its row.
    pub(super) fn insert(&self) -> Statement {
        const INSERT: &str = "INSERT INTO authorisations (authorisation, account, credential, \
            counter, till, reference, amount, currency, day, state, reason, made, changed, version) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, 1)";
        let reason = self.reason.map(|reason| reason.name().to_owned());
        Statement::new(
            INSERT,
            values![
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
                reason,
                self.made.seconds(),
            ],
        )
        .single_row()
    }
}
