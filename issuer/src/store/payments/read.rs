//! One authorisation, a till's last, and what is under way.

use tegata::code::TillId;

use super::super::rows::values;
use super::super::{AccountId, Store, StoreError};
use super::row::{Authorisation, AuthorisationId, BY_ID, columns};

/// What was begun and is not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnderWay {
    /// Authorised, and no card was asked yet.
    pub authorised: u64,
    /// A card is being charged, or it is not known whether it was.
    pub charging: u64,
    /// Being taken back.
    pub reversing: u64,
}

impl Store {
    /// An authorisation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn authorisation(
        &self,
        id: AuthorisationId,
    ) -> Result<Option<Authorisation>, StoreError> {
        let row = self.database.row(BY_ID, values![id.0]).await?;
        row.map(Authorisation::read).transpose()
    }

    /// What stands under a till's number for a sale, if anything does.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sale(
        &self,
        till: &TillId,
        reference: &str,
    ) -> Result<Option<Authorisation>, StoreError> {
        const SALE: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM authorisations WHERE authorisation = \
             (SELECT s.authorisation FROM sales s WHERE s.till = $1 AND s.reference = $2)"
        );
        let values = values![till.as_str().to_owned(), reference.to_owned()];
        self.database.row(SALE, values).await?.map(Authorisation::read).transpose()
    }

    /// The last `n` of a till, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn authorisations_at(
        &self,
        till: &TillId,
        n: u32,
    ) -> Result<Vec<Authorisation>, StoreError> {
        const AT: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM authorisations WHERE till = $1 ORDER BY authorisation DESC LIMIT $2"
        );
        let rows = self.database.rows(AT, values![till.as_str().to_owned(), n]).await?;
        rows.into_iter().map(Authorisation::read).collect()
    }

    /// The last `n` of an account, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn authorisations_of(
        &self,
        account: AccountId,
        n: u32,
    ) -> Result<Vec<Authorisation>, StoreError> {
        const OF: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM authorisations WHERE account = $1 ORDER BY authorisation DESC LIMIT $2"
        );
        let rows = self.database.rows(OF, values![account.0, n]).await?;
        rows.into_iter().map(Authorisation::read).collect()
    }

    /// How many authorisations were begun and are not over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn under_way(&self) -> Result<UnderWay, StoreError> {
        const OPEN: &str = "SELECT state, COUNT(*) FROM authorisations \
            WHERE state IN ('authorised', 'charging', 'unknown', 'reversing') GROUP BY state";
        let mut under_way = UnderWay::default();
        for row in self.database.rows(OPEN, values![]).await? {
            let mut row = row.of("authorisations");
            let (state, count) = (row.text()?, row.int::<u64>()?);
            match state.as_str() {
                "authorised" => under_way.authorised += count,
                "reversing" => under_way.reversing += count,
                _ => under_way.charging += count,
            }
        }
        Ok(under_way)
    }
}
