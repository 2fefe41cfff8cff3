//! An authorisation, its states, and which of them may follow which.

use std::sync::Arc;

use serde_json::json;
use tegata::UnixTime;
use tegata::code::{CredentialId, TillId};

use super::super::Store;
use super::super::error::StoreError;
use super::super::event_row::EventRow;
use super::super::sql::{Row, Statement, values};
use super::authorise::DeclineReason;
use super::receipts::ReceiptWriter;
use crate::domain::AuthorisationId;
use crate::domain::{AccountId, EventId, MailId};

/// How far a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthorisationState {
    /// The code was taken. No card was asked for money yet.
    Authorised,
    /// The processor is being asked.
    Charging,
    /// The processor has said that the money moved.
    Charged,
    /// No money moved, and none will.
    Declined,
    /// The processor was asked and its answer did not come.
    Unknown,
    /// It is being taken back; how it ends depends on how far it was.
    Reversing,
    /// Taken back before any money moved.
    Voided,
    /// The money went back.
    Refunded,
}

impl AuthorisationState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Authorised,
        Self::Charging,
        Self::Charged,
        Self::Declined,
        Self::Unknown,
        Self::Reversing,
        Self::Voided,
        Self::Refunded,
    ];

    /// As rows have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorised => "authorised",
            Self::Charging => "charging",
            Self::Charged => "charged",
            Self::Declined => "declined",
            Self::Unknown => "unknown",
            Self::Reversing => "reversing",
            Self::Voided => "voided",
            Self::Refunded => "refunded",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|state| state.name() == text);
        found.ok_or(StoreError::Unreadable("authorisations"))
    }

    /// Whether that one may come after this one.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use AuthorisationState::{
            Authorised, Charged, Charging, Declined, Refunded, Reversing, Unknown, Voided,
        };
        match self {
            Authorised => matches!(next, Charging | Charged | Declined | Reversing | Voided),
            Charging => matches!(next, Charged | Declined | Unknown | Reversing),
            Unknown => matches!(next, Charged | Declined | Reversing),
            Charged => matches!(next, Reversing | Refunded),
            Reversing => matches!(next, Voided | Refunded),
            Declined | Voided | Refunded => false,
        }
    }

    /// What the log calls its coming about, and the byte that the line's number ends in, if it is one of those in which a
    /// code was taken, money moved, will not, or is to go back. No payment comes to one of these twice.
    const fn deed(self) -> Option<(&'static str, u8)> {
        match self {
            Self::Authorised => Some(("payment_authorised", 1)),
            Self::Declined => Some(("payment_declined", 2)),
            Self::Charged => Some(("payment_charged", 3)),
            Self::Reversing => Some(("payment_reversing", 4)),
            Self::Voided => Some(("payment_voided", 5)),
            Self::Refunded => Some(("payment_refunded", 6)),
            Self::Charging | Self::Unknown => None,
        }
    }

    /// Whether somebody has still to do something about it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Authorised | Self::Charging | Self::Unknown | Self::Reversing)
    }

    /// Whether its owner has a mail about it.
    const fn is_mailed(self) -> bool {
        matches!(self, Self::Charged | Self::Voided | Self::Refunded)
    }

    /// Whether it counts among what the account has spent: all but what never came to anything.
    #[must_use]
    pub const fn counts(self) -> bool {
        !matches!(self, Self::Declined | Self::Voided)
    }
}

/// What stands under a till's reference or key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PriorSale {
    /// Nothing was asked for yet.
    None,
    /// A void came first, or no was the answer.
    WithoutAuthorisation,
    /// This one.
    Authorisation(AuthorisationId),
}

/// Whoever charges cards, in the log.
const CHARGING: &str = "charging";

/// An authorisation as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorisation {
    /// Its number.
    pub id: AuthorisationId,
    /// Whose money.
    pub account: AccountId,
    /// Whose code.
    pub credential: CredentialId,
    /// Where.
    pub till: TillId,
    /// The till's own number for the sale.
    pub reference: String,
    /// In minor units of its currency.
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    /// Against which day's limit it counts.
    pub day: u64,
    /// How far it is.
    pub state: AuthorisationState,
    /// Why it was declined, if the issuer did.
    pub reason: Option<DeclineReason>,
    /// The card that is charged.
    pub card: Option<[u8; 16]>,
    /// What the processor calls the charge.
    pub intent: Option<String>,
    /// When.
    pub made: UnixTime,
    /// When it last changed.
    pub changed: UnixTime,
    /// How often it changed.
    pub version: u64,
}

/// All columns that [`Authorisation::read`] takes, in its order.
macro_rules! columns {
    () => {
        "authorisation, account, credential, till, reference, amount, currency, day, state, reason, \
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

    /// The same from a row in which more follows.
    pub(super) fn take(row: &mut Row) -> Result<Self, StoreError> {
        let unreadable = || StoreError::Unreadable("authorisations");
        let time = |seconds| UnixTime::new(seconds).map_err(|_| unreadable());
        Ok(Self {
            id: AuthorisationId(row.array()?),
            account: AccountId(row.array()?),
            credential: CredentialId(row.array()?),
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

    /// What moves it on from here, what the account has spent with it, whether it is over, and the mail and the line in the
    /// log that tell of it; how it stands then. Fails with `VersionConflict` if it was moved before.
    pub(super) fn moves(
        &self,
        to: AuthorisationState,
        now: UnixTime,
        (actor, tell): (&str, &dyn ReceiptWriter),
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
            // A day that is over has nothing to give back to.
            statements.push(Statement::new(GIVE_BACK, back));
        }
        let version = self.version + 1;
        let after = Self { state: to, changed: now, version, ..self.clone() };
        match (self.state.is_open(), to.is_open()) {
            (true, false) => statements.push(Statement::new(OVER, values![self.id.0]).single_row()),
            (false, true) => statements.push(self.opens(now.seconds())),
            (true, true) | (false, false) => (),
        }
        if let Some((_, deed)) = to.deed().filter(|_| to.is_mailed()) {
            let mail = tell.receipt(MailId::of_payment(self.id, deed), &after)?;
            statements.push(mail.statement(self.account));
        }
        statements.extend(after.line(actor));
        Ok((after, statements))
    }

    /// That it is not over, and that somebody works on it at this moment.
    pub(super) fn opens(&self, since: u64) -> Statement {
        const OPEN: &str = "INSERT INTO charges_open (authorisation, since) VALUES ($1, $2)";
        Statement::new(OPEN, values![self.id.0, since]).single_row()
    }

    /// The line in the log that says how it stands, if one does. It holds no code and nothing of the shopper but the
    /// account's number, in its words: a payment's lines are found by the payment, not by an index of their own.
    pub(super) fn line(&self, actor: &str) -> impl Iterator<Item = Statement> {
        let line = self.state.deed().map(|(deed, number)| {
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
                deed: deed.to_owned(),
                actor: actor.to_owned(),
                at: self.changed,
                detail: detail.to_string(),
            }
        });
        line.into_iter().flat_map(EventRow::statements)
    }
}

impl Store {
    /// Moves an authorisation on from this version, by compare-and-set; gives it as it stands then. What was neither
    /// charged nor will be counts no longer among what the account has spent. The log and the account's owner are told
    /// in the same transaction.
    ///
    /// # Errors
    /// `VersionConflict` if it is of another version by now, or this state may not follow its own; those of the database.
    pub async fn transition(
        &self,
        from: Authorisation,
        to: AuthorisationState,
        now: UnixTime,
        tell: Arc<dyn ReceiptWriter>,
    ) -> Result<Authorisation, StoreError> {
        self.database
            .write_batched(move |transaction| {
                let (from, tell) = (from.clone(), Arc::clone(&tell));
                Box::pin(async move {
                    let (after, writes) = from.moves(to, now, (CHARGING, &*tell))?;
                    transaction.write_last(writes).await?;
                    Ok(after)
                })
            })
            .await
    }

    /// From now on the card is being charged: says which, and under which of the processor's ids, before any money can
    /// move.
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
        const KEEP: &str = "UPDATE authorisations SET state = 'charging', card = $1, intent = $2, \
            changed = $3, version = version + 1 WHERE authorisation = $4 AND version = $5";
        let values = values![card, intent.clone(), now.seconds(), from.id.0, from.version];
        let keep =
            Statement::new(KEEP, values).error_if_no_rows(StoreError::VersionConflict).single_row();
        self.database
            .write_batched(move |transaction| {
                let keep = keep.clone();
                Box::pin(async move { transaction.write_last(vec![keep]).await })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_stays_so_and_money_that_moved_is_not_forgotten() {
        for over in
            [AuthorisationState::Declined, AuthorisationState::Voided, AuthorisationState::Refunded]
        {
            assert!(
                !AuthorisationState::ALL.into_iter().any(|next| over.may_become(next)),
                "{over:?}"
            );
        }
        for asked in
            [AuthorisationState::Charging, AuthorisationState::Unknown, AuthorisationState::Charged]
        {
            assert!(
                !asked.may_become(AuthorisationState::Voided),
                "{asked:?}: not before it is reversed"
            );
            assert!(!asked.may_become(AuthorisationState::Authorised));
        }
        assert!(!AuthorisationState::Charged.may_become(AuthorisationState::Declined));
        for state in AuthorisationState::ALL {
            assert_eq!(AuthorisationState::parse(state.name()), Ok(state));
        }
    }

    /// All ways from a state to where nothing follows.
    fn ways(from: AuthorisationState) -> Vec<Vec<AuthorisationState>> {
        let next = AuthorisationState::ALL.into_iter().filter(|next| from.may_become(*next));
        let mut ways: Vec<_> = next.flat_map(ways).collect();
        if ways.is_empty() {
            ways.push(Vec::new());
        }
        for way in &mut ways {
            way.insert(0, from);
        }
        ways
    }

    #[test]
    fn no_way_of_a_payment_leads_to_the_same_line_twice() {
        let mut numbers: Vec<_> =
            AuthorisationState::ALL.into_iter().filter_map(AuthorisationState::deed).collect();
        numbers.sort_by_key(|(_, number)| *number);
        let numbers: Vec<_> = numbers.into_iter().map(|(_, number)| number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        let ways = ways(AuthorisationState::Authorised);
        assert!(ways.len() > 10, "{ways:?}");
        for way in ways {
            let deeds: Vec<_> = way.iter().filter_map(|state| state.deed()).collect();
            let once: std::collections::HashSet<_> = deeds.iter().collect();
            assert_eq!(once.len(), deeds.len(), "{way:?}");
        }
    }
}
