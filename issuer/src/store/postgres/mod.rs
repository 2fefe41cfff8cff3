//! PostgreSQL, and what speaks its language: for more than one machine. A pool of connections; a row that is read to be
//! changed is locked; what two transactions cannot both do is tried again.

mod tls;
mod values;

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use futures_util::future::try_join_all;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::StoreError;
use super::database::{Transaction, Within, not_migrated};
use super::rows::{Row, Statement, Value};

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

    /// Dropped before its commit, a transaction is rolled back.
    async fn try_to_write<T: Send + 'static>(
        &self,
        work: &(impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static),
    ) -> Result<T, StoreError> {
        let mut connection = self.connection().await?;
        let begun = connection.transaction().await.map_err(|error| refused(&error))?;
        let mut transaction = InTransaction(begun);
        let done = work(&mut transaction).await?;
        transaction.0.commit().await.map_err(|error| match refused(&error) {
            StoreError::Unavailable(_) => StoreError::InDoubt,
            other => other,
        })?;
        Ok(done)
    }
}

struct InTransaction<'a>(deadpool_postgres::Transaction<'a>);

impl InTransaction<'_> {
    async fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.0.prepare_cached(sql).await.map_err(|error| refused(&error))?;
        let rows = self.0.query(&statement, &parameters(values)).await;
        rows.map_err(|error| refused(&error))?.iter().map(values::row).collect()
    }
}

#[async_trait]
impl Transaction for InTransaction<'_> {
    async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.query(sql, &values).await
    }

    async fn lock(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.query(&format!("{sql} FOR UPDATE"), &values).await
    }

    /// All of them are on their way before the first is answered; the server takes them in order.
    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        let mut prepared = Vec::with_capacity(statements.len());
        for statement in &statements {
            let prepare = self.0.prepare_cached(statement.sql).await;
            prepared.push(prepare.map_err(|error| refused(&error))?);
        }
        let transaction = &self.0;
        let execute = |(statement, prepared): (Statement, _)| async move {
            let Statement { values, or, .. } = statement;
            let touched = transaction.execute(&prepared, &parameters(&values)).await;
            match (touched.map_err(|error| refused(&error))?, or) {
                (0, Some(error)) => Err(error),
                _ => Ok(()),
            }
        };
        try_join_all(statements.into_iter().zip(prepared).map(execute)).await.map(drop)
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
