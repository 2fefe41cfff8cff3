//! The pool of connections, and the schema that the first of them sets up.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{PoolError, Timeouts};
use tokio::time::timeout;

use super::super::error::StoreError;
use super::super::schema::schema_error;
use super::address::PostgresAddress;
use super::dialler::Dialler;
use super::errors::{NO_ANSWER, is_of_connection, is_of_server, refused};

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

pub(super) type Pool = deadpool::managed::Pool<Dialler>;
pub(super) type Object = deadpool::managed::Object<Dialler>;

/// Connections at a time.
const CONNECTIONS: usize = 16;

/// How long a request waits for a connection: for one that is free, and for one that is made.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How often setting up the schema is tried while other processes do the same.
const MIGRATE_TRIES: usize = 9;

/// How long setting it up may take.
const MIGRATE_TIME: Duration = Duration::from_mins(1);

/// Makes the configuration of the issuer's connections.
pub(super) fn issuer_address(url: &str) -> Result<PostgresAddress, StoreError> {
    let mut address = PostgresAddress::parse(url)?;
    address.config.application_name("tegata-issuer");
    if address.config.get_tcp_user_timeout().is_none() {
        // A server that disappears without closing its connections is not waited for.
        address.config.tcp_user_timeout(PATIENCE);
    }
    Ok(address)
}

pub(super) fn pool(address: &PostgresAddress) -> Result<Pool, StoreError> {
    let timeouts = Timeouts { wait: Some(PATIENCE), ..Timeouts::default() };
    let builder = Pool::builder(Dialler::new(address)?).max_size(CONNECTIONS);
    let pool = builder.timeouts(timeouts).runtime(Runtime::Tokio1).build();
    pool.map_err(|_| StoreError::Unavailable("no connection pool"))
}

pub(super) async fn connection(pool: &Pool) -> Result<Object, StoreError> {
    match timeout(PATIENCE, pool.get()).await {
        Ok(got) => got.map_err(|error| match error {
            PoolError::Backend(error) => error,
            _ => StoreError::Unavailable("no connection was free in time"),
        }),
        Err(_) => Err(StoreError::Unavailable(NO_ANSWER)),
    }
}

/// Gives a connection back, unless the result says that it is of no use any more. If that is so of its server, the idle
/// ones to it are closed, too, and other hosts are tried before it.
pub(super) fn release<T>(
    connection: Object,
    result: Result<T, StoreError>,
) -> Result<T, StoreError> {
    match &result {
        Err(error) if is_of_connection(error) => {
            // First these: whoever waits for a place in the pool would be given one of them.
            if let Some(pool) = Object::pool(&connection).filter(|_| is_of_server(error)) {
                let host = connection.host();
                pool.manager().avoid(host);
                drop(pool.retain(|idle, _| idle.host() != host));
            }
            drop(Object::take(connection));
        }
        _ => drop(connection),
    }
    result
}

/// Creates the tables if there are none, and refuses those of another edition.
pub(super) async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    let runner = embedded::migrations::runner();
    let mut connection = connection(pool).await?;
    // Looked at first: a role that may not create tables uses those that are there.
    let last = runner.get_last_applied_migration_async(connection.client());
    let last = timeout(MIGRATE_TIME, last).await.map_err(|_| StoreError::Unavailable(NO_ANSWER))?;
    if let (Some(last), Some(own)) = (last.ok().flatten(), runner.get_migrations().last()) {
        if (last.version(), last.checksum()) == (own.version(), own.checksum()) {
            return Ok(());
        }
        if last.version() >= own.version() {
            return Err(StoreError::OtherEdition(last.version().into()));
        }
    }
    // Several processes that start at once get in each other's way; the later ones find the tables there.
    let mut tries = 1;
    loop {
        let migrated = timeout(MIGRATE_TIME, runner.run_async(connection.client())).await;
        match migrated.map_err(|_| StoreError::Unavailable(NO_ANSWER))? {
            Ok(_) => return Ok(()),
            Err(error) => match schema_error(&error, |driver| driver.downcast_ref().map(refused)) {
                StoreError::Refused(_) | StoreError::Conflict if tries < MIGRATE_TRIES => {
                    tries += 1;
                }
                error => return Err(error),
            },
        }
    }
}
