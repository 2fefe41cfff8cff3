//! Registrations of cards: at most one is open for each account. What came to no card is cancelled at the processor.

use tegata::UnixTime;
use tegata::protocol::{DeviceId, SessionId};
use tegata_policy::{CardSetupOrigin, Epoch, Generation};

use super::Store;
use super::error::StoreError;
use super::sql::{Row, Statement, values};
use crate::domain::{AccountId, CardId, SetupId};

/// The registration of a card that an account has open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCardSetup {
    /// The processor's id of the setup intent.
    pub setup: SetupId,
    /// The id that the card will have.
    pub card: CardId,
    /// Where and when it was begun.
    pub origin: CardSetupOrigin,
    /// The attempts that failed, as far as they were counted.
    pub failed: u32,
}

/// Has what an account has open cancelled at the processor, and closes it.
pub(super) const CANCEL: [&str; 2] = [
    "INSERT INTO card_setups_gone (setup, due) SELECT setup, 0 FROM card_setups WHERE account = $1 \
     ON CONFLICT DO NOTHING",
    "DELETE FROM card_setups WHERE account = $1",
];

impl OpenCardSetup {
    fn read(row: &mut Row) -> Result<Self, StoreError> {
        let unreadable = StoreError::Unreadable("card_setups");
        Ok(Self {
            setup: SetupId::new(&row.text()?).map_err(|_| unreadable.clone())?,
            card: CardId(row.array()?),
            origin: CardSetupOrigin {
                session: SessionId(row.int()?),
                device: DeviceId(row.array()?),
                epoch: Epoch(row.int()?),
                generation: Generation(row.int()?),
                since: UnixTime::new(row.int()?).map_err(|_| unreadable)?,
            },
            failed: row.int()?,
        })
    }

    /// Adds the statements that put it in the place of what the account has open.
    pub(super) fn statements(self, account: AccountId, to: &mut Vec<Statement>) {
        const INSERT: &str = "INSERT INTO card_setups (account, setup, card, session, device, epoch, \
            generation, made, failed, due) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        to.extend(CANCEL.map(|sql| Statement::new(sql, values![account.0])));
        let CardSetupOrigin { session, device, epoch, generation, since } = self.origin;
        let values = values![
            account.0,
            self.setup.as_str().to_owned(),
            self.card.0,
            session.0,
            device.0,
            epoch.0,
            generation.0,
            since.seconds(),
            self.failed,
            since.seconds()
        ];
        to.push(Statement::new(INSERT, values));
    }
}

/// Makes the statement that uses a registration up. It fails if the account has it open no more.
pub(super) fn use_up(account: AccountId, setup: &SetupId) -> Statement {
    const USE: &str = "DELETE FROM card_setups WHERE account = $1 AND setup = $2";
    Statement::new(USE, values![account.0, setup.as_str().to_owned()])
        .error_if_no_rows(StoreError::NoSuchCard)
}

impl Store {
    /// Reads the registration that an account has open.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn card_setup(
        &self,
        account: AccountId,
    ) -> Result<Option<OpenCardSetup>, StoreError> {
        const OPEN: &str = "SELECT setup, card, session, device, epoch, generation, made, failed \
            FROM card_setups WHERE account = $1";
        let row = self.database.row(OPEN, values![account.0]).await?;
        row.map(|row| OpenCardSetup::read(&mut row.of_table("card_setups"))).transpose()
    }

    /// Leases up to `n` open registrations to look at. No other process gets them before `next`.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn card_setups_due(
        &self,
        now: UnixTime,
        next: UnixTime,
        n: u32,
    ) -> Result<Vec<(AccountId, OpenCardSetup)>, StoreError> {
        const DUE: &str = "SELECT account, setup, card, session, device, epoch, generation, made, \
            failed FROM card_setups WHERE due <= $1 ORDER BY due LIMIT $2";
        const LATER: &str = "UPDATE card_setups SET due = $1 WHERE account = $2";
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let rows = transaction.rows_for_update(DUE, values![now.seconds(), n]).await?;
                    let read = |row: Row| {
                        let mut row = row.of_table("card_setups");
                        Ok((AccountId(row.array()?), OpenCardSetup::read(&mut row)?))
                    };
                    let due = rows.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
                    let later = |(account, _): &(AccountId, OpenCardSetup)| {
                        Statement::new(LATER, values![next.seconds(), account.0])
                    };
                    transaction.write(due.iter().map(later).collect()).await?;
                    Ok(due)
                })
            })
            .await
    }

    /// Writes down how many attempts of a registration have failed.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn count_failed_setups(
        &self,
        account: AccountId,
        setup: &SetupId,
        failed: u32,
    ) -> Result<(), StoreError> {
        const COUNT: &str = "UPDATE card_setups SET failed = $1 WHERE account = $2 AND setup = $3";
        self.write_one(COUNT, values![failed, account.0, setup.as_str().to_owned()]).await
    }

    /// Closes a registration, unless it is closed, and has it cancelled at the processor.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn cancel_card_setup(
        &self,
        account: AccountId,
        setup: &SetupId,
    ) -> Result<(), StoreError> {
        const GONE: &str = "INSERT INTO card_setups_gone (setup, due) SELECT setup, 0 FROM card_setups \
            WHERE account = $1 AND setup = $2 ON CONFLICT DO NOTHING";
        const CLOSE: &str = "DELETE FROM card_setups WHERE account = $1 AND setup = $2";
        let setup = setup.as_str().to_owned();
        let write = [GONE, CLOSE];
        self.database
            .write(move |transaction| {
                let writes =
                    write.map(|sql| Statement::new(sql, values![account.0, setup.clone()]));
                Box::pin(async move { transaction.write(writes.into()).await })
            })
            .await
    }

    /// Leases up to `n` registrations that the processor has still to cancel. No other process gets them before `next`.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn card_setups_to_cancel(
        &self,
        now: UnixTime,
        next: UnixTime,
        n: u32,
    ) -> Result<Vec<SetupId>, StoreError> {
        const DUE: &str =
            "SELECT setup FROM card_setups_gone WHERE due <= $1 ORDER BY due LIMIT $2";
        const LATER: &str = "UPDATE card_setups_gone SET due = $1 WHERE setup = $2";
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let rows = transaction.rows_for_update(DUE, values![now.seconds(), n]).await?;
                    let read = |row: Row| {
                        let id = row.of_table("card_setups_gone").text()?;
                        SetupId::new(&id).map_err(|_| StoreError::Unreadable("card_setups_gone"))
                    };
                    let due = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
                    let later = |setup: &SetupId| {
                        Statement::new(LATER, values![next.seconds(), setup.as_str().to_owned()])
                    };
                    transaction.write(due.iter().map(later).collect()).await?;
                    Ok(due)
                })
            })
            .await
    }

    /// Removes a registration that the processor has cancelled.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn remove_cancelled_setup(&self, setup: &SetupId) -> Result<(), StoreError> {
        const GONE: &str = "DELETE FROM card_setups_gone WHERE setup = $1";
        self.write_one(GONE, values![setup.as_str().to_owned()]).await
    }
}
