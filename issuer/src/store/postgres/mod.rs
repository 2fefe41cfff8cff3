//! PostgreSQL, and what speaks its language: for more than one machine. A pool of connections; a row that is read to be
//! changed is locked; what two transactions cannot both do is tried again.

mod tls;
mod values;

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use futures_util::future::{try_join, try_join_all};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::StoreError;
use super::database::{Transaction, Within, not_migrated};
use super::rows::{Read, Row, Statement, Value};

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// Connections at a time.
const CONNECTIONS: usize = 16;

/// How long a request waits for one.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a transaction is begun anew.
const TRIES: u32 = 8;

pub(in crate::store) struct Postgres {
    pool: Pool,
    pub(in crate::store) config: tokio_postgres::Config,
}

impl Postgres {
    pub(in crate::store) async fn open(url: &str) -> Result<Self, StoreError> {
        let mut config = config(url)?;
        config.application_name("tegata-issuer").connect_timeout(PATIENCE);
        // A server that is gone without a word is not waited for.
        config.tcp_user_timeout(PATIENCE);
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config.clone(), tls::connector()?, manager);
        let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: None };
        let pool = Pool::builder(manager).max_size(CONNECTIONS).timeouts(timeouts);
        let pool = pool.runtime(Runtime::Tokio1).build();
        let pool = pool.map_err(|_| StoreError::Unavailable("no pool of connections"))?;
        let postgres = Self { pool, config };
        postgres.migrate().await?;
        Ok(postgres)
    }

    async fn connection(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            deadpool_postgres::PoolError::Backend(error) => refused(&error),
            _ => StoreError::Unavailable("no connection was free in time"),
        })
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let runner = embedded::migrations::runner();
        let known = runner.get_migrations().iter().map(|m| m.version().into()).max().unwrap_or(0);
        let mut connection = self.connection().await?;
        // Several processes that all begin get in each other's way; who comes next finds the tables there.
        let mut tries = 1;
        loop {
            match runner.run_async(&mut **connection).await {
                Ok(_) => return Ok(()),
                Err(error) => match not_migrated(&error, known) {
                    StoreError::Refused(_) if tries < TRIES => tries += 1,
                    error => return Err(error),
                },
            }
        }
    }

    pub(in crate::store) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(sql).await.map_err(|error| refused(&error))?;
        let rows = connection.query(&statement, &parameters(&values)).await;
        rows.map_err(|error| refused(&error))?.iter().map(values::row).collect()
    }

    pub(in crate::store) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let mut pause = Duration::from_millis(1);
        for _ in 1..TRIES {
            match self.try_to_write(&work).await {
                Err(error) if is_conflict(&error) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                done => return done,
            }
        }
        self.try_to_write(&work).await
    }

    async fn try_to_write<T: Send + 'static>(
        &self,
        work: &(impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static),
    ) -> Result<T, StoreError> {
        let mut transaction = InTransaction::on(self.connection().await?);
        let done = work(&mut transaction).await;
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = transaction.end(end).await;
        let done = done?;
        ended.map_err(|error| match error {
            StoreError::Unavailable(_) => StoreError::InDoubt,
            other => other,
        })?;
        Ok(done)
    }

    /// One statement is a transaction by itself.
    pub(in crate::store) async fn write_one(&self, statement: Statement) -> Result<(), StoreError> {
        let Statement { sql, values, or } = statement;
        let connection = self.connection().await?;
        let prepared = connection.prepare_cached(sql).await.map_err(|error| refused(&error))?;
        let touched = connection.execute(&prepared, &parameters(&values)).await;
        match (touched.map_err(|error| refused(&error)), or) {
            (Ok(0), Some(error)) => Err(error),
            (Err(StoreError::Unavailable(_)), _) => Err(StoreError::InDoubt),
            (touched, _) => touched.map(drop),
        }
    }
}

/// A transaction that begins with the first that is asked of it, on the same way to the server: a payment waits for the
/// server as seldom as can be. A connection that is let go before the end is closed, which rolls back.
struct InTransaction {
    connection: Option<Object>,
    has_begun: bool,
}

impl Drop for InTransaction {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

impl InTransaction {
    fn on(connection: Object) -> Self {
        Self { connection: Some(connection), has_begun: false }
    }

    async fn end(mut self, how: &'static str) -> Result<(), StoreError> {
        if self.has_begun
            && let Some(connection) = &self.connection
        {
            connection.batch_execute(how).await.map_err(|error| refused(&error))?;
        }
        // Back to the others.
        drop(self.connection.take());
        Ok(())
    }

    /// What is asked now, with the beginning before it if nothing was asked yet.
    async fn ask<T>(
        &mut self,
        what: impl for<'a> AsyncFnOnce(&'a Object) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.connection.as_ref().ok_or(StoreError::BrokeOff)?;
        if std::mem::replace(&mut self.has_begun, true) {
            return what(connection).await;
        }
        let begin =
            async { connection.batch_execute("BEGIN").await.map_err(|error| refused(&error)) };
        try_join(begin, what(connection)).await.map(|((), done)| done)
    }
}

#[async_trait]
impl Transaction for InTransaction {
    /// All of them are on their way before the first is answered; the server takes them in order.
    async fn read(&mut self, reads: Vec<Read>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.ask(async |connection: &Object| {
            let mut prepared = Vec::with_capacity(reads.len());
            for Read { sql, values, locks } in reads {
                let locked = if locks { format!("{sql} FOR UPDATE") } else { sql.to_owned() };
                let statement = connection.prepare_cached(&locked).await;
                prepared.push((statement.map_err(|error| refused(&error))?, values));
            }
            let query = |(statement, values): (_, Vec<Value>)| async move {
                let rows = connection.query(&statement, &parameters(&values)).await;
                rows.map_err(|error| refused(&error))?.iter().map(values::row).collect()
            };
            try_join_all(prepared.into_iter().map(query)).await
        })
        .await
    }

    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.ask(async |connection: &Object| {
            let mut prepared = Vec::with_capacity(statements.len());
            for statement in statements {
                let prepare = connection.prepare_cached(statement.sql).await;
                prepared.push((prepare.map_err(|error| refused(&error))?, statement));
            }
            let execute = |(prepared, statement): (_, Statement)| async move {
                let Statement { values, or, .. } = statement;
                let touched = connection.execute(&prepared, &parameters(&values)).await;
                match (touched.map_err(|error| refused(&error))?, or) {
                    (0, Some(error)) => Err(error),
                    _ => Ok(()),
                }
            };
            try_join_all(prepared.into_iter().map(execute)).await.map(drop)
        })
        .await
    }
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as _).collect()
}

/// What somebody else's transaction caused: it could not have run at the same time.
fn is_conflict(error: &StoreError) -> bool {
    let conflicts = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    matches!(error, StoreError::Refused(code) if conflicts.iter().any(|c| c.code() == code))
}

/// The server's own words may quote a value; its codes do not.
fn refused(error: &tokio_postgres::Error) -> StoreError {
    match error.code() {
        // It shuts down, or has no place for one more.
        Some(code) if ["57P01", "57P02", "57P03", "53300"].contains(&code.code()) => {
            StoreError::Unavailable("the database ends or is full")
        }
        Some(code) => StoreError::Refused(code.code().to_owned()),
        None => StoreError::Unavailable("no connection to the database"),
    }
}

pub(in crate::store) fn config(url: &str) -> Result<tokio_postgres::Config, StoreError> {
    url.parse().map_err(|_| StoreError::Unavailable("its address is not one of PostgreSQL's"))
}
