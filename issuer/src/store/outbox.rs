//! Mails that wait, written in the transaction that they tell of.

use tegata::UnixTime;

use super::account::sealed;
use super::ids::{AccountId, MailId};
use super::rows::{Row, Statement, values};
use super::{Store, StoreError};
use crate::keys::Sealed;

/// A mail that this process may send until the lease ends.
#[derive(Clone, Debug)]
pub struct Leased {
    /// Its number.
    pub id: MailId,
    /// Whose it is.
    pub account: AccountId,
    /// To whom, and what.
    pub letter: Sealed,
    /// When it was made.
    pub made: UnixTime,
    /// Which try this is, from 1. It is also whose lease this is.
    pub tries: u64,
}

impl Leased {
    fn read(row: Row) -> Result<Self, StoreError> {
        let mut row = row.of("outbox");
        Ok(Self {
            account: AccountId(row.array()?),
            id: MailId(row.array()?),
            letter: sealed(&mut row)?,
            made: UnixTime::new(row.int()?).map_err(|_| StoreError::Unreadable("outbox"))?,
            tries: row.int::<u64>()? + 1,
        })
    }
}

impl Store {
    /// Up to `n` mails that are due. No one else is given them for `lease` seconds; then, if they were neither delivered
    /// nor put off, they are due again.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn due(&self, now: UnixTime, lease: u32, n: u32) -> Result<Vec<Leased>, StoreError> {
        const DUE: &str = "SELECT account, mail, key, sealed, made, tries FROM outbox \
            WHERE not_before <= $1 ORDER BY not_before LIMIT $2";
        const LEASE: &str = "UPDATE outbox SET not_before = $1, tries = tries + 1 \
            WHERE account = $2 AND mail = $3";
        let until = now.shifted(lease.into()).seconds();
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let rows = transaction.lock(DUE, values![now.seconds(), n]).await?;
                    let leased =
                        rows.into_iter().map(Leased::read).collect::<Result<Vec<_>, _>>()?;
                    let take = |mail: &Leased| {
                        Statement::new(LEASE, values![until, mail.account.0, mail.id.0])
                    };
                    transaction.write(leased.iter().map(take).collect()).await?;
                    Ok(leased)
                })
            })
            .await
    }

    /// A mail was taken by the server it was for: it waits no longer.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delivered(&self, mail: &Leased) -> Result<(), StoreError> {
        const GONE: &str = "DELETE FROM outbox WHERE account = $1 AND mail = $2";
        self.write_one(GONE, values![mail.account.0, mail.id.0]).await
    }

    /// A mail was not taken: it is due again then. Does nothing if the lease went over to someone else.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn failed(&self, mail: &Leased, next: UnixTime) -> Result<(), StoreError> {
        const PUT_OFF: &str = "UPDATE outbox SET not_before = $1 \
            WHERE account = $2 AND mail = $3 AND tries = $4";
        let values = values![next.seconds(), mail.account.0, mail.id.0, mail.tries];
        self.write_one(PUT_OFF, values).await
    }
}
