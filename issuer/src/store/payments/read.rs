//! Payments, read one by one, by till, by account, and counted while open.

use tegata::UnixTime;
use tegata::code::{ShopName, TillId};

use super::super::Store;
use super::super::error::StoreError;
use super::super::sql::{Query, Row, values};
use super::authorisation::{Authorisation, BY_ID, columns};
use crate::domain::{AccountId, AuthorisationId, first_of};

/// How many payments are not final.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenPaymentCounts {
    /// Authorised, with no card charged yet.
    pub authorised: u64,
    /// Being charged, or with an unknown outcome of the charge.
    pub charging: u64,
    /// Being voided or refunded.
    pub reversing: u64,
}

/// A payment with the name of its shop, as the account's owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentWithShop {
    /// The payment as its row has it.
    pub authorisation: Authorisation,
    /// The shop that the till is of.
    pub shop: ShopName,
}

/// Selects the name of the shop, after the columns of an authorisation.
macro_rules! shop {
    () => {
        "(SELECT shop FROM tills WHERE tills.till = authorisations.till)"
    };
}

impl PaymentWithShop {
    fn read(row: Row) -> Result<Self, StoreError> {
        let mut row = row.of_table("authorisations");
        let authorisation = Authorisation::take(&mut row)?;
        let shop = ShopName::new(&row.text()?).map_err(|_| StoreError::Unreadable("tills"))?;
        Ok(Self { authorisation, shop })
    }
}

impl Store {
    /// Reads an authorisation.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn authorisation(
        &self,
        id: AuthorisationId,
    ) -> Result<Option<Authorisation>, StoreError> {
        let row = self.database.row(BY_ID, values![id.0]).await?;
        row.map(Authorisation::read).transpose()
    }

    /// Reads the authorisation of a till's sale number, if there is one.
    ///
    /// # Errors
    /// Errors of the database.
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

    /// Reads these authorisations, those that there are, in no particular order.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn authorisations(
        &self,
        ids: impl Iterator<Item = AuthorisationId>,
    ) -> Result<Vec<Authorisation>, StoreError> {
        let reads = ids.map(|id| Query::new(BY_ID, values![id.0])).collect();
        let rows = self.database.query_all(reads).await?;
        rows.into_iter().flatten().map(Authorisation::read).collect()
    }

    /// Reads up to `n` charged authorisations made at this moment or later, the oldest first; those after this one, if
    /// one is named.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn charged_since(
        &self,
        since: UnixTime,
        after: Option<AuthorisationId>,
        n: u32,
    ) -> Result<Vec<Authorisation>, StoreError> {
        const CHARGED: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM authorisations WHERE authorisation >= $1 AND authorisation > $2 \
             AND state = 'charged' ORDER BY authorisation LIMIT $3"
        );
        let after = after.map_or([0; 16], |after| after.0);
        let rows = self.database.rows(CHARGED, values![first_of(since), after, n]).await?;
        rows.into_iter().map(Authorisation::read).collect()
    }

    /// Reads the last `n` authorisations of a till, newest first.
    ///
    /// # Errors
    /// Errors of the database.
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

    /// Reads the last `n` payments of an account, newest first; those before this one, if one is named.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn payments_of(
        &self,
        account: AccountId,
        before: Option<AuthorisationId>,
        n: u32,
    ) -> Result<Vec<PaymentWithShop>, StoreError> {
        const OF: &str = concat!(
            "SELECT ",
            columns!(),
            ", ",
            shop!(),
            " FROM authorisations WHERE account = $1 AND authorisation < $2 \
             ORDER BY authorisation DESC LIMIT $3"
        );
        let before = before.map_or([0xff; 16], |before| before.0);
        let rows = self.database.rows(OF, values![account.0, before, n]).await?;
        rows.into_iter().map(PaymentWithShop::read).collect()
    }

    /// Reads one payment of an account.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn payment_of(
        &self,
        account: AccountId,
        id: AuthorisationId,
    ) -> Result<Option<PaymentWithShop>, StoreError> {
        const ONE: &str = concat!(
            "SELECT ",
            columns!(),
            ", ",
            shop!(),
            " FROM authorisations WHERE account = $1 AND authorisation = $2"
        );
        let row = self.database.row(ONE, values![account.0, id.0]).await?;
        row.map(PaymentWithShop::read).transpose()
    }

    /// Counts the authorisations that are not final.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn open_payment_counts(&self) -> Result<OpenPaymentCounts, StoreError> {
        const OPEN: &str = "SELECT state, COUNT(*) FROM (SELECT (SELECT a.state FROM authorisations a \
            WHERE a.authorisation = o.authorisation) AS state FROM charges_open o) AS open GROUP BY state";
        let mut counts = OpenPaymentCounts::default();
        for row in self.database.rows(OPEN, values![]).await? {
            let mut row = row.of_table("authorisations");
            let state = row.text()?;
            let count: u64 = row.int()?;
            match state.as_str() {
                "authorised" => counts.authorised += count,
                "reversing" => counts.reversing += count,
                _ => counts.charging += count,
            }
        }
        Ok(counts)
    }

    /// Gives when the oldest authorisation that is not final was made.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn oldest_open_payment(&self) -> Result<Option<UnixTime>, StoreError> {
        // Ids sort by when they were made.
        const OLDEST: &str = "SELECT made FROM authorisations WHERE authorisation = \
            (SELECT authorisation FROM charges_open ORDER BY authorisation LIMIT 1)";
        let Some(row) = self.database.row(OLDEST, values![]).await? else { return Ok(None) };
        let made = UnixTime::new(row.of_table("authorisations").int()?);
        made.map(Some).map_err(|_| StoreError::Unreadable("authorisations"))
    }
}
