//! Mails that wait, written in the transaction that they tell of.

use tegata::UnixTime;

use super::account::sealed;
use super::sql::{Row, Statement, values};
use super::{Store, StoreError};
use crate::domain::{AccountId, MailId, Sealed};

/// Which mails go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPriority {
    /// What an account's owner is written: somebody may wait for the code in it.
    AccountMail,
    /// What she is told of a payment, which nobody waits for.
    Receipt,
}

impl MailPriority {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::AccountMail => 0,
            Self::Receipt => 1,
        }
    }
}

/// Of so many that are due, one is a receipt if one waits, however many letters there are.
const RECEIPT_OF: u32 = 4;

/// A mail that this process may send until the lease ends.
#[derive(Clone, Debug)]
pub struct LeasedMail {
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

impl LeasedMail {
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
    /// Up to `n` mails that are due, letters before receipts; a quarter of the places is the receipts' own. No one else is
    /// given them for `lease` seconds; then, if they were neither delivered nor put off, they are due again.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn lease_due_mails(
        &self,
        now: UnixTime,
        lease: u32,
        n: u32,
    ) -> Result<Vec<LeasedMail>, StoreError> {
        const DUE: &str = "SELECT account, mail, key, sealed, made, tries FROM outbox \
            WHERE rank = $1 AND not_before <= $2 ORDER BY not_before LIMIT $3";
        const LEASE: &str = "UPDATE outbox SET not_before = $1, tries = tries + 1 \
            WHERE mail = $2";
        let until = now.shifted(lease.into()).seconds();
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let of = |rank: MailPriority, n: u32| values![rank.number(), now.seconds(), n];
                    let letters = of(MailPriority::AccountMail, n - n / RECEIPT_OF);
                    let mut rows = transaction.lock(DUE, letters).await?;
                    let left = n.saturating_sub(u32::try_from(rows.len()).unwrap_or(n));
                    rows.extend(transaction.lock(DUE, of(MailPriority::Receipt, left)).await?);
                    let leased =
                        rows.into_iter().map(LeasedMail::read).collect::<Result<Vec<_>, _>>()?;
                    let take = |mail: &LeasedMail| {
                        Statement::new(LEASE, values![until, mail.id.0]).of_row()
                    };
                    transaction.write(leased.iter().map(take).collect()).await?;
                    Ok(leased)
                })
            })
            .await
    }

    /// Mails were taken by the server they were for: they wait no longer.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove_delivered(
        &self,
        mails: impl IntoIterator<Item = &LeasedMail>,
    ) -> Result<(), StoreError> {
        const GONE: &str = "DELETE FROM outbox WHERE mail = $1";
        let gone = |mail: &LeasedMail| Statement::new(GONE, values![mail.id.0]).of_row();
        let gone: Vec<_> = mails.into_iter().map(gone).collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.database
            .write(move |transaction| {
                let gone = gone.clone();
                Box::pin(async move { transaction.write(gone).await })
            })
            .await
    }

    /// A mail was not taken: it is due again then. Does nothing if the lease went over to someone else.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn postpone(&self, mail: &LeasedMail, next: UnixTime) -> Result<(), StoreError> {
        const PUT_OFF: &str = "UPDATE outbox SET not_before = $1 \
            WHERE mail = $2 AND tries = $3";
        let values = values![next.seconds(), mail.id.0, mail.tries];
        self.write_one(PUT_OFF, values).await
    }
}
