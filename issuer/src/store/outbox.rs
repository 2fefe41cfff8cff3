//! The outbox: mails to send, written in the transaction that they are about.

use tegata::UnixTime;

use super::Store;
use super::error::StoreError;
use super::sealed_columns::sealed;
use super::sql::{Row, Statement, values};
use crate::domain::{AccountId, MailId, Sealed};

/// A mail to send.
#[derive(Clone, Debug)]
pub struct OutboxMail {
    /// The id, by which mails sort.
    pub id: MailId,
    /// When it was written, from which moment it can be sent.
    pub made: UnixTime,
    /// Its place among the mails that are due.
    pub priority: MailPriority,
    /// Recipient and content, sealed.
    pub content: Sealed,
}

/// Which mails are sent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPriority {
    /// A mail about the account: its owner may be waiting for the code in it.
    AccountMail,
    /// A receipt of a payment, which nobody waits for.
    Receipt,
}

impl MailPriority {
    /// Gives the number that rows have.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::AccountMail => 0,
            Self::Receipt => 1,
        }
    }
}

/// One of so many mails that are due is a receipt if one waits, however many account mails there are.
const RECEIPT_OF: u32 = 4;

/// A mail that this process alone may send until the lease ends.
#[derive(Clone, Debug)]
pub struct LeasedMail {
    /// The id, by which mails sort.
    pub id: MailId,
    /// The account that it is about.
    pub account: AccountId,
    /// Recipient and content, sealed.
    pub content: Sealed,
    /// When it was written.
    pub made: UnixTime,
    /// The number of this try, from 1. It also identifies the lease.
    pub tries: u64,
}

impl OutboxMail {
    pub(super) fn statement(self, account: AccountId) -> Statement {
        const INSERT: &str = "INSERT INTO outbox \
            (account, mail, key, sealed, made, not_before, tries, rank) \
            VALUES ($1, $2, $3, $4, $5, $5, 0, $6)";
        let at = self.made.seconds();
        let priority = self.priority.number();
        let Sealed { key, bytes } = self.content;
        Statement::new(INSERT, values![account.0, self.id.0, key, bytes, at, priority]).single_row()
    }
}

impl LeasedMail {
    fn read(row: Row) -> Result<Self, StoreError> {
        let mut row = row.of_table("outbox");
        Ok(Self {
            account: AccountId(row.array()?),
            id: MailId(row.array()?),
            content: sealed(&mut row)?,
            made: UnixTime::new(row.int()?).map_err(|_| StoreError::Unreadable("outbox"))?,
            tries: row.int::<u64>()? + 1,
        })
    }
}

impl Store {
    /// Leases up to `n` mails that are due, account mails before receipts, for which a quarter of the places is
    /// reserved. No other process gets them for `lease` seconds; after that, unless delivered or postponed, they are
    /// due again.
    ///
    /// # Errors
    /// Errors of the database.
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
                    let of = |priority: MailPriority, n: u32| {
                        values![priority.number(), now.seconds(), n]
                    };
                    let account_mails = of(MailPriority::AccountMail, n - n / RECEIPT_OF);
                    let mut rows = transaction.rows_for_update(DUE, account_mails).await?;
                    let left = n.saturating_sub(u32::try_from(rows.len()).unwrap_or(n));
                    rows.extend(
                        transaction.rows_for_update(DUE, of(MailPriority::Receipt, left)).await?,
                    );
                    let leased =
                        rows.into_iter().map(LeasedMail::read).collect::<Result<Vec<_>, _>>()?;
                    let take = |mail: &LeasedMail| {
                        Statement::new(LEASE, values![until, mail.id.0]).single_row()
                    };
                    transaction.write(leased.iter().map(take).collect()).await?;
                    Ok(leased)
                })
            })
            .await
    }

    /// Removes mails that the mail server has accepted.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn remove_delivered(
        &self,
        mails: impl IntoIterator<Item = &LeasedMail>,
    ) -> Result<(), StoreError> {
        const GONE: &str = "DELETE FROM outbox WHERE mail = $1";
        let gone = |mail: &LeasedMail| Statement::new(GONE, values![mail.id.0]).single_row();
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

    /// Makes a mail that was not accepted due again at `next`. Does nothing if another process has the lease by now.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn postpone(&self, mail: &LeasedMail, next: UnixTime) -> Result<(), StoreError> {
        const PUT_OFF: &str = "UPDATE outbox SET not_before = $1 \
            WHERE mail = $2 AND tries = $3";
        let values = values![next.seconds(), mail.id.0, mail.tries];
        self.write_one(PUT_OFF, values).await
    }
}
