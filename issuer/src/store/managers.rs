//! Managers of tills: whose code a void asks for.

use std::time::Duration;

use subtle::ConstantTimeEq;
use tegata::UnixTime;
use tegata::code::TillId;
use tegata_policy::limits::{AttemptLimit, RecentAttempts};

use super::Store;
use super::error::StoreError;
use super::event_row::EventRow;
use super::sql::{Row, Statement, values};
use crate::domain::{ManagerCodeHash, ManagerName};

/// Wrong codes at a till before it has to wait, and within how many seconds.
const WRONG_CODES: AttemptLimit = AttemptLimit { tries: 5, seconds: 5 * 60 };

/// The managers of a till, each with the hash of their code.
const OF_TILL: &str = "SELECT name, code FROM till_managers WHERE till = $1 ORDER BY name";

/// The result of looking at a manager's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagerCheck {
    /// The till has no managers: nobody is asked.
    NotNeeded,
    /// The code is this manager's.
    Manager(ManagerName),
    /// The till has managers, and no code came.
    Missing,
    /// The code is nobody's; it was counted.
    Wrong,
    /// Too many codes were wrong; this one was not compared.
    Wait(Duration),
}

fn read(row: Row) -> Result<(ManagerName, [u8; 32]), StoreError> {
    let mut row = row.of_table("till_managers");
    let name = ManagerName::new(&row.text()?);
    Ok((name.map_err(|_| StoreError::Unreadable("till_managers"))?, row.array()?))
}

impl Store {
    /// Adds a manager of a till, or gives the one of this name another code.
    ///
    /// # Errors
    /// `NoSuchTill` if there is no such till, or it was revoked; errors of the database.
    pub async fn add_manager(
        &self,
        till: TillId,
        name: ManagerName,
        code: ManagerCodeHash,
        now: UnixTime,
        event: EventRow,
    ) -> Result<(), StoreError> {
        const ADD: &str = "INSERT INTO till_managers (till, name, code, made) \
            SELECT till, $1, $2, $3 FROM tills WHERE till = $4 AND revoked IS NULL \
            ON CONFLICT (till, name) DO UPDATE SET code = excluded.code, made = excluded.made";
        self.database
            .write(move |transaction| {
                let values = values![
                    name.as_str().to_owned(),
                    code.0,
                    now.seconds(),
                    till.as_str().to_owned(),
                ];
                let add = Statement::new(ADD, values).error_if_no_rows(StoreError::NoSuchTill);
                let writes = [add].into_iter().chain(event.clone().statements()).collect();
                Box::pin(async move { transaction.write(writes).await })
            })
            .await
    }

    /// Removes a manager of a till; `false` if it has none of this name.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn remove_manager(
        &self,
        till: TillId,
        name: ManagerName,
        event: EventRow,
    ) -> Result<bool, StoreError> {
        const REMOVE: &str = "DELETE FROM till_managers WHERE till = $1 AND name = $2";
        let removed = self.database.write(move |transaction| {
            let values = values![till.as_str().to_owned(), name.as_str().to_owned()];
            let remove = Statement::new(REMOVE, values).error_if_no_rows(StoreError::NoSuchTill);
            let writes = [remove].into_iter().chain(event.clone().statements()).collect();
            Box::pin(async move { transaction.write(writes).await })
        });
        match removed.await {
            Ok(()) => Ok(true),
            Err(StoreError::NoSuchTill) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Names the managers of a till.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn managers(&self, till: &TillId) -> Result<Vec<ManagerName>, StoreError> {
        let rows = self.database.rows(OF_TILL, values![till.as_str().to_owned()]).await?;
        rows.into_iter().map(|row| read(row).map(|(name, _)| name)).collect()
    }

    /// Looks whose code this is. A wrong one is counted in the transaction that compares it, so that of any number at once
    /// five are compared.
    ///
    /// # Errors
    /// Errors of the database; callers treat them as "nobody's".
    pub async fn check_manager(
        &self,
        till: &TillId,
        code: Option<ManagerCodeHash>,
        now: UnixTime,
    ) -> Result<ManagerCheck, StoreError> {
        const MAKE: &str =
            "INSERT INTO till_manager_tries (till, wrong) VALUES ($1, '[]') ON CONFLICT DO NOTHING";
        const READ: &str = "SELECT wrong FROM till_manager_tries WHERE till = $1";
        const KEEP: &str = "UPDATE till_manager_tries SET wrong = $1 WHERE till = $2";
        let till = till.as_str().to_owned();
        if self.database.row(OF_TILL, values![till.clone()]).await?.is_none() {
            return Ok(ManagerCheck::NotNeeded);
        }
        let Some(code) = code else { return Ok(ManagerCheck::Missing) };
        self.database
            .write(move |transaction| {
                let till = till.clone();
                Box::pin(async move {
                    let unreadable = || StoreError::Unreadable("till_manager_tries");
                    transaction.write(vec![Statement::new(MAKE, values![till.clone()])]).await?;
                    let rows = transaction.rows_for_update(READ, values![till.clone()]).await?;
                    let row = rows.into_iter().next().ok_or_else(unreadable)?;
                    let text = row.of_table("till_manager_tries").text()?;
                    let mut wrong: RecentAttempts =
                        serde_json::from_str(&text).map_err(|_| unreadable())?;
                    // Taken before it is compared, and stored only if it is wrong.
                    if let Err(wait) = wrong.take_or_wait(WRONG_CODES, now) {
                        return Ok(ManagerCheck::Wait(Duration::from_secs(wait)));
                    }
                    let rows = transaction.rows(OF_TILL, values![till.clone()]).await?;
                    let managers = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
                    let found = managers.into_iter().find(|(_, hash)| hash.ct_eq(&code.0).into());
                    if let Some((name, _)) = found {
                        return Ok(ManagerCheck::Manager(name));
                    }
                    let text = serde_json::to_string(&wrong).map_err(|_| unreadable())?;
                    transaction.write(vec![Statement::new(KEEP, values![text, till])]).await?;
                    Ok(ManagerCheck::Wrong)
                })
            })
            .await
    }
}
