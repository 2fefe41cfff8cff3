//! Cards: whose they are, which of them is charged, and which the processor has still to delete.

use tegata::UnixTime;

use super::Store;
use super::card_owners::CardPlace;
use super::card_setups;
use super::error::StoreError;
use super::outbox::OutboxMail;
use super::sql::{Row, Statement, values};
use crate::domain::{AccountId, CardId, CustomerId, MethodId, RegisteredCard, SetupId};

/// A card of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The card's id at this issuer.
    pub id: CardId,
    /// What the processor knows of it.
    pub registered: RegisteredCard,
    /// Whether payments of the account charge it.
    pub is_default: bool,
}

/// The card that an account is charged with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeableCard {
    /// The card's id at this issuer.
    pub card: CardId,
    /// What the processor knows of it.
    pub registered: RegisteredCard,
    /// The processor's id of the account.
    pub customer: CustomerId,
}

impl ChargeableCard {
    pub(super) fn take(row: &mut Row) -> Result<Self, StoreError> {
        let card = CardId(row.array()?);
        Ok(Self { card, registered: registered(row)?, customer: customer(row)? })
    }
}

/// A change of an account's cards.
#[derive(Clone, Debug)]
pub enum CardChange {
    /// Adds a card, if the account still has its registration open. The only one is charged by default.
    Add {
        /// The registration, which is used up by it.
        setup: SetupId,
        /// The card's id at this issuer.
        card: CardId,
        /// What the processor knows of it.
        registered: RegisteredCard,
        /// When it was added.
        made: UnixTime,
        /// The place that the account takes among those that have the card.
        place: CardPlace,
        /// Mails to accounts that had it before.
        notices: Vec<(AccountId, OutboxMail)>,
    },
    /// Charges this card from now on.
    Default(CardId),
    /// Removes this card. If it was charged, none is until another is chosen.
    Remove(CardId),
}

/// Removes all cards of a deleted account, and lists them for the processor to delete.
pub(super) const REMOVE_ALL: [&str; 4] = [
    "INSERT INTO cards_gone (method, due) SELECT method, 0 FROM cards WHERE account = $1 \
     ON CONFLICT DO NOTHING",
    "DELETE FROM cards WHERE account = $1",
    "DELETE FROM card_owners WHERE account = $1",
    "DELETE FROM customers WHERE account = $1",
];

impl CardChange {
    /// Adds its statements to those of a change that has locked the account.
    pub(super) fn statements(self, account: AccountId, to: &mut Vec<Statement>) {
        const ADD: &str = "INSERT INTO cards (account, card, method, brand, last4, made, \
            fingerprint, is_default) VALUES ($1, $2, $3, $4, $5, $6, $7, \
            CASE WHEN EXISTS (SELECT 1 FROM cards WHERE account = $1) THEN 0 ELSE 1 END)";
        const LEAVE: &str = "DELETE FROM card_owners WHERE account = $1 AND fingerprint NOT IN \
            (SELECT fingerprint FROM cards WHERE account = $1 AND fingerprint IS NOT NULL)";
        const DEFAULT: &str = "UPDATE cards SET is_default = CASE WHEN card = $1 THEN 1 ELSE 0 END \
            WHERE account = $2 AND EXISTS (SELECT 1 FROM cards WHERE account = $2 AND card = $1)";
        const GONE: &str = "INSERT INTO cards_gone (method, due) \
            SELECT method, 0 FROM cards WHERE account = $1 AND card = $2 ON CONFLICT DO NOTHING";
        const REMOVE: &str = "DELETE FROM cards WHERE account = $1 AND card = $2";
        let a = account.0;
        let missing = StoreError::NoSuchCard;
        match self {
            Self::Add { setup, card, registered: it, made, place, notices } => {
                to.push(card_setups::use_up(account, &setup));
                let fingerprint = place.fingerprint;
                to.push(place.statement(account));
                to.extend(notices.into_iter().map(|(earlier, mail)| mail.statement(earlier)));
                let method = it.method.as_str().to_owned();
                let values =
                    values![a, card.0, method, it.brand, it.last4, made.seconds(), fingerprint];
                to.push(Statement::new(ADD, values));
            }
            Self::Default(card) => {
                to.push(Statement::new(DEFAULT, values![card.0, a]).error_if_no_rows(missing));
            }
            Self::Remove(card) => {
                to.push(Statement::new(GONE, values![a, card.0]));
                to.push(Statement::new(REMOVE, values![a, card.0]).error_if_no_rows(missing));
                to.push(Statement::new(LEAVE, values![a]));
            }
        }
    }
}

/// Reads the columns `method, brand, last4`.
fn registered(row: &mut Row) -> Result<RegisteredCard, StoreError> {
    Ok(RegisteredCard { method: method(row)?, brand: row.text()?, last4: row.text()? })
}

fn method(row: &mut Row) -> Result<MethodId, StoreError> {
    MethodId::new(&row.text()?).map_err(|_| StoreError::Unreadable("cards"))
}

fn customer(row: &mut Row) -> Result<CustomerId, StoreError> {
    CustomerId::new(&row.text()?).map_err(|_| StoreError::Unreadable("customers"))
}

impl Store {
    /// Reads the cards of an account, in the order in which they were added.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn cards(&self, account: AccountId) -> Result<Vec<Card>, StoreError> {
        const CARDS: &str = "SELECT card, method, brand, last4, is_default FROM cards \
            WHERE account = $1 ORDER BY made, card";
        let read = |row: Row| {
            let mut row = row.of_table("cards");
            let id = CardId(row.array()?);
            let registered = registered(&mut row)?;
            Ok(Card { id, registered, is_default: row.int::<u8>()? == 1 })
        };
        let rows = self.database.rows(CARDS, values![account.0]).await?;
        rows.into_iter().map(read).collect()
    }

    /// Reads the card that an account is charged with, if it has one.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn chargeable_card(
        &self,
        account: AccountId,
    ) -> Result<Option<ChargeableCard>, StoreError> {
        const PAYABLE: &str = "SELECT c.card, c.method, c.brand, c.last4, o.customer \
            FROM cards c JOIN customers o ON o.account = c.account WHERE c.account = $1 AND c.is_default = 1";
        let row = self.database.row(PAYABLE, values![account.0]).await?;
        row.map(|row| ChargeableCard::take(&mut row.of_table("cards"))).transpose()
    }

    /// Reads a card of an account, unless its owner has removed it.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn card(
        &self,
        account: AccountId,
        card: CardId,
    ) -> Result<Option<RegisteredCard>, StoreError> {
        const CARD: &str =
            "SELECT method, brand, last4 FROM cards WHERE account = $1 AND card = $2";
        let row = self.database.row(CARD, values![account.0, card.0]).await?;
        row.map(|row| registered(&mut row.of_table("cards"))).transpose()
    }

    /// Reads the processor's id of an account, if it has one.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn customer(&self, account: AccountId) -> Result<Option<CustomerId>, StoreError> {
        const CUSTOMER: &str = "SELECT customer FROM customers WHERE account = $1";
        let row = self.database.row(CUSTOMER, values![account.0]).await?;
        row.map(|row| customer(&mut row.of_table("customers"))).transpose()
    }

    /// Stores the processor's id of an account, unless it has one already; gives the stored one.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn store_customer(
        &self,
        account: AccountId,
        made: CustomerId,
    ) -> Result<CustomerId, StoreError> {
        const KEEP: &str = "INSERT INTO customers (account, customer) VALUES ($1, $2) \
            ON CONFLICT DO NOTHING";
        self.write_one(KEEP, values![account.0, made.as_str().to_owned()]).await?;
        Ok(self.customer(account).await?.unwrap_or(made))
    }

    /// Leases up to `n` cards that the processor has still to delete. No other process gets them before `next`.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn cards_to_forget(
        &self,
        now: UnixTime,
        next: UnixTime,
        n: u32,
    ) -> Result<Vec<MethodId>, StoreError> {
        const DUE: &str = "SELECT method FROM cards_gone WHERE due <= $1 ORDER BY due LIMIT $2";
        const LATER: &str = "UPDATE cards_gone SET due = $1 WHERE method = $2";
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let rows = transaction.rows_for_update(DUE, values![now.seconds(), n]).await?;
                    let read = |row: Row| method(&mut row.of_table("cards_gone"));
                    let due = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
                    let later = |method: &MethodId| {
                        Statement::new(LATER, values![next.seconds(), method.as_str().to_owned()])
                    };
                    transaction.write(due.iter().map(later).collect()).await?;
                    Ok(due)
                })
            })
            .await
    }

    /// Removes a card that the processor has deleted.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn remove_forgotten_card(&self, method: &MethodId) -> Result<(), StoreError> {
        const GONE: &str = "DELETE FROM cards_gone WHERE method = $1";
        self.write_one(GONE, values![method.as_str().to_owned()]).await
    }
}
