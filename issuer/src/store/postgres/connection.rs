//! Connections: the pool, their settings, their schema and their errors.

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError,
    RecyclingMethod, Runtime, Timeouts,
};
use tokio_postgres::error::SqlState;

use super::super::error::StoreError;
use super::super::schema::schema_error;
use super::tls;

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// Connections at a time.
const CONNECTIONS: usize = 16;

/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often setting up the schema is tried while other processes do the same.
const MIGRATE_TRIES: usize = 9;

/// Finds rows by their keys, always: a plan must depend neither on how many rows there were when it was made nor on the
/// first values. A table that was empty then would be scanned from end to end long after.
const PLANS: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
    SET plan_cache_mode = force_generic_plan; SET jit = off";

pub(in crate::store) fn config(url: &str) -> Result<tokio_postgres::Config, StoreError> {
    url.parse().map_err(|_| StoreError::Unavailable("its address is not a PostgreSQL address"))
}

/// Makes the configuration of the issuer's connections.
pub(super) fn issuer_config(url: &str) -> Result<tokio_postgres::Config, StoreError> {
    let mut config = config(url)?;
    config.application_name("tegata-issuer").connect_timeout(PATIENCE);
    // A server that disappears without closing its connections is not waited for.
    config.tcp_user_timeout(PATIENCE);
    Ok(config)
}

pub(super) fn pool(config: &tokio_postgres::Config) -> Result<Pool, StoreError> {
    let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config.clone(), tls::connector()?, manager_config);
    let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: None };
    let plans = Hook::async_fn(|connection: &mut ClientWrapper, _| {
        Box::pin(async { connection.batch_execute(PLANS).await.map_err(HookError::Backend) })
    });
    let builder = Pool::builder(manager).max_size(CONNECTIONS).timeouts(timeouts);
    let pool = builder.post_create(plans).runtime(Runtime::Tokio1).build();
    pool.map_err(|_| StoreError::Unavailable("no connection pool"))
}

pub(super) async fn connection(pool: &Pool) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => refused(&error),
        _ => StoreError::Unavailable("no connection was free in time"),
    })
}

/// Creates the tables if there are none, and refuses those of another edition.
pub(super) async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    let runner = embedded::migrations::runner();
    let mut connection = connection(pool).await?;
    // Several processes that start at once get in each other's way; the later ones find the tables there.
    let mut tries = 1;
    loop {
        match runner.run_async(&mut **connection).await {
            Ok(_) => return Ok(()),
            Err(error) => match schema_error(&error) {
                StoreError::Refused(_) if tries < MIGRATE_TRIES => tries += 1,
                error => return Err(error),
            },
        }
    }
}

/// Maps an error to its code: the server's text may quote a value.
pub(super) fn refused(error: &tokio_postgres::Error) -> StoreError {
    let conflicts = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    match error.code() {
        Some(code) if conflicts.contains(code) => StoreError::Conflict,
        // It shuts down, or has no connection left.
        Some(code) if ["57P01", "57P02", "57P03", "53300"].contains(&code.code()) => {
            StoreError::Unavailable("the database ends or is full")
        }
        Some(code) => StoreError::Refused(code.code().to_owned()),
        None => StoreError::Unavailable("no connection to the database"),
    }
}
