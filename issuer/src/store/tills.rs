//! Tills: enrolled with a code that can be used once, known by a token from then on, until they are revoked.

use tegata::UnixTime;
use tegata::code::{ShopName, TillId};

use super::Store;
use super::error::StoreError;
use super::event_row::EventRow;
use super::sql::{Row, Statement, values};
use crate::domain::TokenHash;

/// A till as its row has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Till {
    /// The id that the operator chose.
    pub id: TillId,
    /// The shop's name, which the wallet shows.
    pub shop: ShopName,
    /// When it was added.
    pub made: UnixTime,
    /// The stage that it is in.
    pub stage: TillStage,
}

/// The stage that a till is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TillStage {
    /// Its enrolment code can be used until then.
    AwaitingEnrolment(UnixTime),
    /// It is enrolled, and has a token.
    Enrolled,
    /// It was revoked then.
    Revoked(UnixTime),
}

const ALL: &str = "SELECT till, shop, made, code_until, token, revoked FROM tills ORDER BY till";

fn till(row: &mut Row) -> Result<(TillId, ShopName), StoreError> {
    let unreadable = || StoreError::Unreadable("tills");
    let id = row.text()?.parse().map_err(|_| unreadable())?;
    Ok((id, ShopName::new(&row.text()?).map_err(|_| unreadable())?))
}

fn time(seconds: u64) -> Result<UnixTime, StoreError> {
    UnixTime::new(seconds).map_err(|_| StoreError::Unreadable("tills"))
}

impl Till {
    fn read(row: Row) -> Result<Self, StoreError> {
        let mut row = row.of_table("tills");
        let (id, shop) = till(&mut row)?;
        let made = time(row.int()?)?;
        let until = time(row.int()?)?;
        let token = row.optional(Row::blob)?;
        let revoked = row.optional(Row::int)?;
        let stage = match (revoked, token) {
            (Some(at), _) => TillStage::Revoked(time(at)?),
            (None, Some(_)) => TillStage::Enrolled,
            (None, None) => TillStage::AwaitingEnrolment(until),
        };
        Ok(Self { id, shop, made, stage })
    }
}

impl Store {
    /// Gives the names of shops that have tills, at most so many.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn shop_names(&self, most: u32) -> Result<Vec<String>, StoreError> {
        const SHOPS: &str = "SELECT DISTINCT shop FROM tills WHERE revoked IS NULL LIMIT $1";
        let rows = self.database.scan(SHOPS, values![most]).await?;
        rows.into_iter().map(|row| row.of_table("tills").text()).collect()
    }

    /// Adds a till that `code` enrols until then. A revoked till, or one that was not enrolled in time, is replaced.
    ///
    /// # Errors
    /// `TillExists` if the till is in use, and those of the database.
    pub async fn add_till(
        &self,
        id: TillId,
        shop: ShopName,
        code: TokenHash,
        (now, until): (UnixTime, UnixTime),
        event: EventRow,
    ) -> Result<(), StoreError> {
        // One whose code expired unused was never enrolled.
        const ADD: &str = "INSERT INTO tills (till, shop, made, code, code_until) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (till) DO UPDATE SET shop = excluded.shop, \
            made = excluded.made, code = excluded.code, code_until = excluded.code_until, \
            token = NULL, revoked = NULL \
            WHERE tills.revoked IS NOT NULL OR (tills.token IS NULL AND tills.code_until <= $3)";
        self.database
            .write(move |transaction| {
                let values = values![
                    id.as_str().to_owned(),
                    shop.as_str().to_owned(),
                    now.seconds(),
                    *code.bytes(),
                    until.seconds(),
                ];
                let add = Statement::new(ADD, values).error_if_no_rows(StoreError::TillExists);
                let writes = [add].into_iter().chain(event.clone().statements()).collect();
                Box::pin(async move { transaction.write(writes).await })
            })
            .await
    }

    /// Enrols the till of this code: it is known by this token from now on. `None` if the code is unknown, used or
    /// expired. Of any number of requests at once, one succeeds.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn enrol_till(
        &self,
        code: TokenHash,
        token: TokenHash,
        now: UnixTime,
        event: EventRow,
    ) -> Result<Option<(TillId, ShopName)>, StoreError> {
        const FIND: &str = "SELECT till, shop FROM tills WHERE code = $1 AND code_until > $2";
        const TAKE: &str = "UPDATE tills SET code = NULL, token = $1 WHERE till = $2";
        self.database
            .write(move |transaction| {
                let event = event.clone();
                Box::pin(async move {
                    let found = values![*code.bytes(), now.seconds()];
                    let row = transaction.rows_for_update(FIND, found).await?.into_iter().next();
                    let Some(row) = row else { return Ok(None) };
                    let (id, shop) = till(&mut row.of_table("tills"))?;
                    let take = values![*token.bytes(), id.as_str().to_owned()];
                    let take = Statement::new(TAKE, take)
                        .error_if_no_rows(StoreError::Unreadable("tills"));
                    let event = EventRow { actor: format!("till {id}"), ..event };
                    let writes = [take].into_iter().chain(event.statements()).collect();
                    transaction.write(writes).await?;
                    Ok(Some((id, shop)))
                })
            })
            .await
    }

    /// Finds the till of this token.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn till(&self, token: &TokenHash) -> Result<Option<(TillId, ShopName)>, StoreError> {
        const FIND: &str = "SELECT till, shop FROM tills WHERE token = $1";
        let row = self.database.row(FIND, values![*token.bytes()]).await?;
        row.map(|row| till(&mut row.of_table("tills"))).transpose()
    }

    /// Reads all tills, by id.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn tills(&self) -> Result<Vec<Till>, StoreError> {
        self.database.rows(ALL, values![]).await?.into_iter().map(Till::read).collect()
    }

    /// Revokes a till, enrolled or not; `false` if there is none to revoke.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn revoke_till(
        &self,
        id: TillId,
        now: UnixTime,
        event: EventRow,
    ) -> Result<bool, StoreError> {
        const REVOKE: &str = "UPDATE tills SET code = NULL, token = NULL, revoked = $1 \
            WHERE till = $2 AND revoked IS NULL";
        let revoked = self.database.write(move |transaction| {
            let values = values![now.seconds(), id.as_str().to_owned()];
            let revoke = Statement::new(REVOKE, values).error_if_no_rows(StoreError::NoSuchTill);
            let writes = [revoke].into_iter().chain(event.clone().statements()).collect();
            Box::pin(async move { transaction.write(writes).await })
        });
        match revoked.await {
            Ok(()) => Ok(true),
            Err(StoreError::NoSuchTill) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
