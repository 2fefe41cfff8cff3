//! PostgreSQL, and what speaks its language: for more than one machine. A pool of connections; a row that is read to be
//! changed is locked; what two transactions cannot both do is tried again.
//!
//! | file | idea |
//! |---|---|
//! | `mod` | the pool, and transactions that begin anew |
//! | `transaction` | one transaction: what is asked in it goes out together |
//! | `many` | many statements of the same words as one |
//! | `whole` | all that is written at the end as one |
//! | `lanes` | work of many of a kind in one transaction, in step |
//! | `tls`, `values` | how it is reached; values on the wire |

mod lanes;
mod many;
mod tls;
mod transaction;
mod values;
mod whole;

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
    Timeouts,
};
use tokio_postgres::error::SqlState;

use super::StoreError;
use super::batch::{Piece, piece};
use super::database::{Transaction, Within, schema_error};
use super::sql::{Read, Row, Statement, Value};
use lanes::Lanes;
use transaction::InTransaction;
use values::parameters;

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// Connections at a time.
const CONNECTIONS: usize = 16;

/// How long a request waits for one.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a transaction is begun anew.
const TRIES: u32 = 8;

/// Rows are found by their keys, always: how many there were when a statement was planned has not to matter, nor which values
/// it came with. A table that was empty then would be read from end to end long after.
const PLANS: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
    SET plan_cache_mode = force_generic_plan; SET jit = off";

pub(in crate::store) struct Postgres {
    pool: Pool,
    lanes: Lanes,
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
        let plans = Hook::async_fn(|connection: &mut ClientWrapper, _| {
            Box::pin(async { connection.batch_execute(PLANS).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager).max_size(CONNECTIONS).timeouts(timeouts);
        let pool = pool.post_create(plans).runtime(Runtime::Tokio1).build();
        let pool = pool.map_err(|_| StoreError::Unavailable("no connection pool"))?;
        migrate(&pool).await?;
        Ok(Self { lanes: Lanes::on(pool.clone()), pool, config })
    }

    pub(in crate::store) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let connection = connection(&self.pool).await?;
        let statement = connection.prepare_cached(sql).await.map_err(|error| refused(&error))?;
        let rows = connection.query(&statement, &parameters(&values)).await;
        rows.map_err(|error| refused(&error))?.iter().map(values::row).collect()
    }

    pub(in crate::store) async fn reads(
        &self,
        reads: Vec<Read>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut transaction = InTransaction::on(connection(&self.pool).await?);
        let read = transaction.read(reads).await;
        transaction.end(read).await
    }

    pub(in crate::store) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let (piece, told) = piece(work);
        piece.tell(write(&self.pool, &*piece).await);
        told.await.map_err(|_| StoreError::Panicked)?
    }

    pub(in crate::store) async fn write_together<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let (piece, told) = piece(work);
        self.lanes.send(piece).await?;
        told.await.map_err(|_| StoreError::CommitOutcomeUnknown)?
    }

    /// One statement is a transaction by itself.
    pub(in crate::store) async fn write_one(&self, statement: Statement) -> Result<(), StoreError> {
        let Statement { sql, values, or, .. } = statement;
        let connection = connection(&self.pool).await?;
        let prepared = connection.prepare_cached(sql).await.map_err(|error| refused(&error))?;
        let touched = connection.execute(&prepared, &parameters(&values)).await;
        match (touched.map_err(|error| refused(&error)), or) {
            (Ok(0), Some(error)) => Err(error),
            (Err(StoreError::Unavailable(_)), _) => Err(StoreError::CommitOutcomeUnknown),
            (touched, _) => touched.map(drop),
        }
    }
}

async fn connection(pool: &Pool) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| match error {
        deadpool_postgres::PoolError::Backend(error) => refused(&error),
        _ => StoreError::Unavailable("no connection was free in time"),
    })
}

async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    let runner = embedded::migrations::runner();
    let mut connection = connection(pool).await?;
    // Several processes that all begin get in each other's way; who comes next finds the tables there. Each migration can be
    // the one that another was quicker with.
    let most = TRIES as usize + runner.get_migrations().len();
    let mut tries = 1;
    loop {
        match runner.run_async(&mut **connection).await {
            Ok(_) => return Ok(()),
            Err(error) => match schema_error(&error) {
                StoreError::Refused(_) if tries < most => tries += 1,
                error => return Err(error),
            },
        }
    }
}

/// Begins anew as often as another transaction is in the way.
async fn write(pool: &Pool, piece: &dyn Piece) -> Result<(), StoreError> {
    let mut pause = Duration::from_millis(1);
    for _ in 1..TRIES {
        match try_to_write(pool, piece).await {
            Err(error) if is_conflict(&error) => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            done => return done,
        }
    }
    try_to_write(pool, piece).await
}

async fn try_to_write(pool: &Pool, piece: &dyn Piece) -> Result<(), StoreError> {
    let mut transaction = InTransaction::on(connection(pool).await?);
    let done = piece.run(&mut transaction).await;
    transaction.end(done).await
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
    url.parse().map_err(|_| StoreError::Unavailable("its address is not a PostgreSQL address"))
}
