//! Which accounts have a card in common: two at most, so that a stolen one does not serve any number of accounts.

use tegata_policy::limits::CARD_ACCOUNTS;

use super::Store;
use super::error::StoreError;
use super::sql::{Row, Statement, values};
use crate::domain::AccountId;

/// The place of an account among those that have a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardPlace {
    /// The keyed hash of the card's fingerprint.
    pub fingerprint: [u8; 32],
    /// The number of the place, from 1.
    pub number: u8,
}

/// Who has a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardOwners(Vec<(u8, AccountId)>);

impl CardOwners {
    /// Gives the number of the place that this account has or may take; `None` if others have them all.
    #[must_use]
    pub fn place_for(&self, account: AccountId) -> Option<u8> {
        let own = self.0.iter().find(|(_, owner)| *owner == account).map(|(number, _)| *number);
        let is_free = |number: &u8| self.0.iter().all(|(taken, _)| taken != number);
        let places = u8::try_from(CARD_ACCOUNTS).unwrap_or(u8::MAX);
        own.or_else(|| (1..=places).find(is_free))
    }

    /// Gives the others that have it, unless this account has it already.
    pub fn earlier_than(&self, account: AccountId) -> impl Iterator<Item = AccountId> {
        let is_new = self.0.iter().all(|(_, owner)| *owner != account);
        self.0.iter().map(|(_, owner)| *owner).filter(move |_| is_new)
    }
}

impl CardPlace {
    /// Makes the statement that takes the place. It fails if another account has taken it since it was looked for.
    pub(super) fn statement(self, account: AccountId) -> Statement {
        const TAKE: &str = "INSERT INTO card_owners (fingerprint, place, account) VALUES ($1, $2, $3) \
            ON CONFLICT (fingerprint, place) DO UPDATE SET account = excluded.account \
            WHERE card_owners.account = excluded.account";
        Statement::new(TAKE, values![self.fingerprint, self.number, account.0])
            .error_if_no_rows(StoreError::Conflict)
    }
}

impl Store {
    /// Reads who has the card of this fingerprint.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn card_owners(&self, fingerprint: [u8; 32]) -> Result<CardOwners, StoreError> {
        const OWNERS: &str = "SELECT place, account FROM card_owners WHERE fingerprint = $1";
        let read = |row: Row| {
            let mut row = row.of_table("card_owners");
            Ok((row.int()?, AccountId(row.array()?)))
        };
        let rows = self.database.rows(OWNERS, values![fingerprint]).await?;
        Ok(CardOwners(rows.into_iter().map(read).collect::<Result<_, StoreError>>()?))
    }
}
