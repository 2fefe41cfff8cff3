//! Pages of rows for jobs and operators: each statement reads a bounded number of rows by a key.

use tegata::UnixTime;
use tegata_policy::Account;

use super::Store;
use super::account::SessionContext;
use super::error::StoreError;
use super::sql::{Row, Statement, values};
use crate::domain::{AccountId, EventId, first_of};

/// How far an account has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStage {
    /// A sign-up that is not finished.
    PendingSignUp,
    /// An account, active or closed.
    Other,
}

/// A session, found in a scan.
#[derive(Clone, Debug)]
pub struct SessionRow {
    token: [u8; 32],
    /// The session, with its account.
    pub context: SessionContext,
}

/// The mails that wait to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxBacklog {
    /// The number of mails.
    pub mails: u64,
    /// When the oldest was made; `None` if there is none.
    pub oldest: Option<UnixTime>,
}

impl Store {
    /// Reads up to `n` accounts made before this moment, in the order in which they were made, after this one. It reads
    /// their states, some kilobytes each.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn accounts_made_before(
        &self,
        moment: UnixTime,
        after: Option<AccountId>,
        n: u32,
    ) -> Result<Vec<(AccountId, AccountStage)>, StoreError> {
        // As serde writes it; texts of the account come later in it.
        const PAGE: &str = "SELECT account, CASE WHEN state LIKE '{\"Opening\"%' THEN 1 ELSE 0 END \
            FROM accounts WHERE account > $1 AND account < $2 ORDER BY account LIMIT $3";
        let after = after.map_or([0; 16], |account| account.0);
        let rows = self.database.rows(PAGE, values![after, first_of(moment), n]).await?;
        let read = |row: Row| {
            let mut row = row.of_table("accounts");
            let account = AccountId(row.array()?);
            let kind = if row.int::<u8>()? == 1 {
                AccountStage::PendingSignUp
            } else {
                AccountStage::Other
            };
            Ok((account, kind))
        };
        rows.into_iter().map(read).collect()
    }

    /// Deletes an unfinished sign-up, with its secrets and its mails; `false`, with nothing deleted, if it is finished
    /// by now.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn remove_pending_sign_up(&self, account: AccountId) -> Result<bool, StoreError> {
        const STATE: &str = "SELECT state FROM accounts WHERE account = $1";
        const REMOVE: [&str; 5] = [
            "DELETE FROM accounts WHERE account = $1",
            "DELETE FROM secrets WHERE account = $1",
            "DELETE FROM handles WHERE account = $1",
            "DELETE FROM sessions WHERE account = $1",
            "DELETE FROM outbox WHERE account = $1 AND rank = 3",
        ];
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let rows = transaction.rows_for_update(STATE, values![account.0]).await?;
                    let Some(row) = rows.into_iter().next() else { return Ok(false) };
                    let text = row.of_table("accounts").text()?;
                    let state = serde_json::from_str(&text)
                        .map_err(|_| StoreError::Unreadable("accounts"))?;
                    if !matches!(state, Account::PendingSignUp(_)) {
                        return Ok(false);
                    }
                    let remove = |sql: &&'static str| Statement::new(sql, values![account.0]);
                    transaction.write(REMOVE.iter().map(remove).collect()).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// Reads up to `n` requests of owners to delete their accounts, before this moment, after this event. A partial
    /// index holds them alone.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn deletion_requests_before(
        &self,
        moment: UnixTime,
        after: Option<EventId>,
        n: u32,
    ) -> Result<Vec<(EventId, AccountId)>, StoreError> {
        const PAGE: &str = "SELECT event, account FROM events WHERE deed = 'closing' \
            AND event > $1 AND event < $2 ORDER BY event LIMIT $3";
        let after = after.map_or([0; 16], |event| event.0);
        let rows = self.database.rows(PAGE, values![after, first_of(moment), n]).await?;
        let read = |row: Row| {
            let mut row = row.of_table("events");
            Ok((EventId(row.array()?), AccountId(row.array()?)))
        };
        rows.into_iter().map(read).collect()
    }

    /// Reads up to `n` sessions after this one, in the order of their tokens' hashes.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn session_rows(
        &self,
        after: Option<&SessionRow>,
        n: u32,
    ) -> Result<Vec<SessionRow>, StoreError> {
        const PAGE: &str = "SELECT s.token, s.account, s.session, a.state, t.generation, t.used_up_to, \
            t.stopped FROM sessions s JOIN accounts a ON a.account = s.account \
            LEFT JOIN standing t ON t.one = 1 WHERE s.token > $1 ORDER BY s.token LIMIT $2";
        let after = after.map_or([0; 32], |row| row.token);
        let rows = self.database.rows(PAGE, values![after, n]).await?;
        let read = |row: Row| {
            let mut row = row.of_table("sessions");
            Ok(SessionRow { token: row.array()?, context: SessionContext::read(&mut row)? })
        };
        rows.into_iter().map(read).collect()
    }

    /// Deletes these sessions: their tokens are not accepted any more.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn remove_sessions(&self, rows: Vec<SessionRow>) -> Result<(), StoreError> {
        const REMOVE: &str = "DELETE FROM sessions WHERE token = $1";
        self.database
            .write(move |transaction| {
                let remove = |row: &SessionRow| Statement::new(REMOVE, values![row.token]);
                let statements = rows.iter().map(remove).collect();
                Box::pin(async move { transaction.write(statements).await })
            })
            .await
    }

    /// Counts the mails that wait, one by one.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn outbox_backlog(&self) -> Result<OutboxBacklog, StoreError> {
        const WAITING: &str = "SELECT COUNT(*), MIN(made) FROM outbox";
        let unreadable = StoreError::Unreadable("outbox");
        let rows = self.database.scan(WAITING, values![]).await?;
        let row = rows.into_iter().next().ok_or(unreadable.clone())?;
        let mut row = row.of_table("outbox");
        let mails = row.int()?;
        let seconds = row.optional(Row::int)?;
        let oldest = seconds.map(UnixTime::new).transpose().map_err(|_| unreadable)?;
        Ok(OutboxBacklog { mails, oldest })
    }
}

#[cfg(test)]
mod tests {
    use tegata::SystemRandom;

    use super::*;

    #[test]
    fn ids_sort_around_the_first_of_a_second() {
        let at = |seconds| UnixTime::new(seconds).unwrap();
        let made = |seconds| AccountId::make(at(seconds), &SystemRandom::new()).unwrap().0;
        assert!(made(1_700_000_000) < first_of(at(1_700_000_001)));
        assert!(made(1_700_000_001) >= first_of(at(1_700_000_001)));
    }
}
