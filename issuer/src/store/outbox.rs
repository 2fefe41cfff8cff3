//! The outbox: mails to send, written in the transaction that they are about.

use tegata::UnixTime;

use super::Store;
use super::error::StoreError;
use super::sealed_columns::sealed;
use super::sql::{Query, Row, Statement, values};
use crate::domain::{AccountId, MailId, Sealed};

/// A mail to send.
#[derive(Clone, Debug)]
pub struct OutboxMail {
    /// The id, by which mails sort.
    pub id: MailId,
    /// When it was written, from which moment it can be sent.
    pub made: UnixTime,
    /// From when on it is not sent any more.
    pub expires: UnixTime,
    /// Its place among the mails that are due.
    pub priority: MailPriority,
    /// Whom it takes turns with.
    pub queue: MailQueue,
    /// Recipient and content, sealed.
    pub content: Sealed,
}

/// A keyed hash of the network or account that asked for a mail. Mails of different queues take turns; those of one queue
/// wait for one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailQueue(pub [u8; 16]);

/// Which mails are sent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPriority {
    /// A mail about an account, caused by its owner, by a device that it knows or by an operator.
    AccountMail,
    /// A receipt of a payment, which nobody waits for.
    Receipt,
    /// A code for an account, asked for on a device that it does not know.
    Stranger,
    /// A mail of a sign-up: anybody can ask for one, to any address.
    SignUp,
}

impl MailPriority {
    /// Those that people wait for, in the order in which they are sent.
    const WAITED_FOR: [Self; 3] = [Self::AccountMail, Self::Stranger, Self::SignUp];

    /// Gives the number that rows have.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::AccountMail => 0,
            Self::Receipt => 1,
            Self::Stranger => 2,
            Self::SignUp => 3,
        }
    }

    fn of_number(number: u8) -> Result<Self, StoreError> {
        let all = [Self::AccountMail, Self::Receipt, Self::Stranger, Self::SignUp];
        let found = all.into_iter().find(|priority| priority.number() == number);
        found.ok_or(StoreError::Unreadable("outbox"))
    }
}

/// How many mails are leased at once, and of which priority at most.
#[derive(Clone, Copy, Debug)]
pub struct MailPage {
    /// Mails of any priority.
    pub mails: u32,
    /// Places that receipts get if any are due, however many other mails are.
    pub receipts: u32,
    /// Mails that strangers asked for, sign-ups included, at most.
    pub strangers: u32,
    /// Mails of sign-ups, at most.
    pub sign_ups: u32,
}

impl From<u32> for MailPage {
    /// So many mails, a quarter of them receipts if so many are due.
    fn from(mails: u32) -> Self {
        Self { mails, receipts: mails / 4, strangers: mails, sign_ups: mails }
    }
}

impl MailPage {
    /// Chooses among those that are due, in the order of the priorities.
    fn choose(self, due: &[LeasedMail]) -> Vec<LeasedMail> {
        let of = |priority| due.iter().filter(move |mail| mail.priority == priority).cloned();
        let size = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let receipts: Vec<_> = of(MailPriority::Receipt).collect();
        let places = size(self.mails).saturating_sub(receipts.len().min(size(self.receipts)));
        let mut strangers = size(self.strangers);
        let mut sign_ups = size(self.sign_ups);
        let mut chosen = Vec::new();
        for mail in MailPriority::WAITED_FOR.into_iter().flat_map(of) {
            let is_stranger = mail.priority != MailPriority::AccountMail;
            let is_sign_up = mail.priority == MailPriority::SignUp;
            let has_place = !(is_stranger && strangers == 0 || is_sign_up && sign_ups == 0);
            if chosen.len() < places && has_place {
                strangers -= usize::from(is_stranger);
                sign_ups -= usize::from(is_sign_up);
                chosen.push(mail);
            }
        }
        let left = size(self.mails).saturating_sub(chosen.len());
        chosen.extend(receipts.into_iter().take(left));
        chosen
    }
}

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
    /// From when on it is not sent any more.
    pub expires: UnixTime,
    /// Its place among the mails that are due.
    pub priority: MailPriority,
    /// The number of this try, from 1. It also identifies the lease.
    pub tries: u64,
}

impl OutboxMail {
    pub(super) fn statement(self, account: AccountId) -> Statement {
        // A mail's turn is the moment at which it was written, or, if its queue has others waiting, 12 seconds after the
        // last of them: whoever asks for many waits behind whoever asks for few.
        const QUEUE: &str = "INSERT INTO outbox \
            (account, mail, key, sealed, made, not_before, expires, tries, rank, queue, postponed, turn) \
            VALUES ($1, $2, $3, $4, $5, $5, $6, 0, $7, $8, 0, COALESCE((SELECT MAX(turn) + 12 \
            FROM outbox WHERE rank = $7 AND queue = $8 AND turn + 12 > $5), $5))";
        // The transaction in which money moves looks at no other mail.
        const APPEND: &str = "INSERT INTO outbox \
            (account, mail, key, sealed, made, not_before, expires, tries, rank, queue, postponed, turn) \
            VALUES ($1, $2, $3, $4, $5, $5, $6, 0, $7, $8, 0, $5)";
        let made = self.made.seconds();
        let expires = self.expires.seconds();
        let rank = self.priority.number();
        let Sealed { key, bytes } = self.content;
        let values = values![account.0, self.id.0, key, bytes, made, expires, rank, self.queue.0];
        match self.priority {
            MailPriority::Receipt => Statement::new(APPEND, values).single_row(),
            _ => Statement::new(QUEUE, values),
        }
    }
}

impl LeasedMail {
    fn read(row: Row) -> Result<Self, StoreError> {
        let mut row = row.of_table("outbox");
        let unreadable = |_| StoreError::Unreadable("outbox");
        Ok(Self {
            account: AccountId(row.array()?),
            id: MailId(row.array()?),
            content: sealed(&mut row)?,
            made: UnixTime::new(row.int()?).map_err(unreadable)?,
            expires: UnixTime::new(row.int()?).map_err(unreadable)?,
            tries: row.int::<u64>()? + 1,
            priority: MailPriority::of_number(row.int()?)?,
        })
    }
}

impl Store {
    /// Leases mails that are due: those of accounts first, then codes that strangers asked for, then sign-ups, with places
    /// reserved for receipts. No other process gets them for `lease` seconds; after that, unless delivered or postponed,
    /// they are due again.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn lease_due_mails(
        &self,
        now: UnixTime,
        lease: u32,
        page: impl Into<MailPage>,
    ) -> Result<Vec<LeasedMail>, StoreError> {
        const DUE: &str = "SELECT account, mail, key, sealed, made, expires, tries, rank \
            FROM outbox WHERE rank = $1 AND not_before <= $2 ORDER BY turn, mail LIMIT $3";
        const LEASE: &str = "UPDATE outbox SET not_before = $1, tries = tries + 1, \
            postponed = 0 WHERE mail = $2";
        let page = page.into();
        let until = now.shifted(lease.into()).seconds();
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let due = |(priority, most): (MailPriority, u32)| {
                        let values = values![priority.number(), now.seconds(), most];
                        // One by one: a lateral join would not keep the order.
                        Query::new(DUE, values).for_update()
                    };
                    let mut found = Vec::new();
                    for part in [
                        (MailPriority::AccountMail, page.mails),
                        (MailPriority::Stranger, page.mails.min(page.strangers)),
                        (MailPriority::SignUp, page.mails.min(page.sign_ups)),
                        (MailPriority::Receipt, page.mails),
                    ] {
                        found.extend(transaction.query_all(vec![due(part)]).await?.remove(0));
                    }
                    let found = found.into_iter().map(LeasedMail::read);
                    let leased = page.choose(&found.collect::<Result<Vec<_>, _>>()?);
                    let take = |mail: &LeasedMail| {
                        Statement::new(LEASE, values![until, mail.id.0]).single_row()
                    };
                    transaction.write(leased.iter().map(take).collect()).await?;
                    Ok(leased)
                })
            })
            .await
    }

    /// Removes mails that the mail server has accepted, or that are given up.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn remove_delivered(
        &self,
        mails: impl IntoIterator<Item = &LeasedMail>,
    ) -> Result<(), StoreError> {
        let gone: Vec<_> = mails.into_iter().map(|mail| removal(mail.id)).collect();
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
        const PUT_OFF: &str = "UPDATE outbox SET not_before = $1, postponed = 1 \
            WHERE mail = $2 AND tries = $3";
        let values = values![next.seconds(), mail.id.0, mail.tries];
        self.write_one(PUT_OFF, values).await
    }

    /// Makes all postponed mails due at once, because the server takes mail again. Leases are left alone.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn wake_postponed_mails(&self, now: UnixTime) -> Result<(), StoreError> {
        const WAKE: &str = "UPDATE outbox SET not_before = $1 \
            WHERE postponed = 1 AND not_before > $1";
        self.write_one(WAKE, values![now.seconds()]).await
    }

    /// Removes up to 500 mails that are not to be sent any more, receipts apart; gives how many.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn remove_expired_mails(&self, now: UnixTime) -> Result<usize, StoreError> {
        const EXPIRED: &str = "SELECT mail FROM outbox WHERE rank <> 1 AND expires <= $1 \
            AND (postponed = 1 OR not_before <= $1) ORDER BY expires LIMIT 500";
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let rows = transaction.rows_for_update(EXPIRED, values![now.seconds()]).await?;
                    let id = |row: Row| Ok(removal(MailId(row.of_table("outbox").array()?)));
                    let gone = rows.into_iter().map(id).collect::<Result<Vec<_>, StoreError>>()?;
                    let count = gone.len();
                    if count > 0 {
                        transaction.write(gone).await?;
                    }
                    Ok(count)
                })
            })
            .await
    }
}

fn removal(mail: MailId) -> Statement {
    Statement::new("DELETE FROM outbox WHERE mail = $1", values![mail.0]).single_row()
}
