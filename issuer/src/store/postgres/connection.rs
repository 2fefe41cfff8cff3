//! Connections: the pool, their settings, their schema and their errors.

use std::error::Error;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError,
    RecyclingMethod, Runtime, TimeoutType, Timeouts,
};
use tokio_postgres::error::SqlState;

use super::super::error::StoreError;
use super::super::schema::schema_error;
use super::super::sql_state::{READ_ONLY, unavailable};
use super::address::PostgresAddress;
use super::tls;

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// Connections at a time.
const CONNECTIONS: usize = 16;

/// How long a request waits for a connection.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection is used: after that it is made anew, so that what a server has changed is seen.
const MAX_AGE: Duration = Duration::from_mins(30);

/// How often setting up the schema is tried while other processes do the same.
const MIGRATE_TRIES: usize = 9;

/// Settings of each session, whatever the defaults of server, database and role are: transactions read what is committed
/// and may write, and none of them waits for ever. Those of later versions are set where they are known.
const SESSION: &str = "SET default_transaction_isolation = 'read committed'; \
    SET default_transaction_read_only = off; SET default_transaction_deferrable = off; \
    SET statement_timeout = '60s'; SET lock_timeout = '15s'; \
    SET idle_in_transaction_session_timeout = '60s'; \
    SELECT set_config(name, '0', false) FROM pg_settings \
        WHERE name IN ('transaction_timeout', 'idle_session_timeout'); \
    SELECT set_config('synchronous_commit', 'on', false) \
        WHERE current_setting('synchronous_commit') = 'off'";

/// Finds rows by their keys, always: a plan must depend neither on how many rows there were when it was made nor on the
/// first values. A table that was empty then would be scanned from end to end long after.
const PLANS: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
    SET plan_cache_mode = force_generic_plan; SET jit = off";

/// Makes the configuration of the issuer's connections.
pub(super) fn issuer_address(url: &str) -> Result<PostgresAddress, StoreError> {
    let mut address = PostgresAddress::parse(url)?;
    address.config.application_name("tegata-issuer").connect_timeout(PATIENCE);
    // A server that disappears without closing its connections is not waited for.
    address.config.tcp_user_timeout(PATIENCE);
    Ok(address)
}

pub(super) fn pool(address: &PostgresAddress) -> Result<Pool, StoreError> {
    let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let connector = tls::connector(address.root_certificates.as_deref())?;
    let manager = Manager::from_config(address.config.clone(), connector, manager_config);
    let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: None };
    let settings = Hook::async_fn(|connection: &mut ClientWrapper, _| {
        Box::pin(async {
            connection.batch_execute(SESSION).await.map_err(HookError::Backend)?;
            connection.batch_execute(PLANS).await.map_err(HookError::Backend)
        })
    });
    let age = Hook::sync_fn(|_: &mut ClientWrapper, metrics| {
        if metrics.age() < MAX_AGE { Ok(()) } else { Err(HookError::message("too old")) }
    });
    let builder = Pool::builder(manager).max_size(CONNECTIONS).timeouts(timeouts);
    let builder = builder.post_create(settings).pre_recycle(age).runtime(Runtime::Tokio1);
    builder.build().map_err(|_| StoreError::Unavailable("no connection pool"))
}

pub(super) async fn connection(pool: &Pool) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            refused(&error)
        }
        PoolError::Timeout(TimeoutType::Create) => {
            StoreError::Unavailable("the database does not answer: check host, port and firewall")
        }
        _ => StoreError::Unavailable("no connection was free in time"),
    })
}

/// Creates the tables if there are none, and refuses those of another edition.
pub(super) async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    let runner = embedded::migrations::runner();
    let mut connection = connection(pool).await?;
    // Looked at first: a role that may not create tables uses those that are there.
    let last = runner.get_last_applied_migration_async(&mut **connection).await.ok().flatten();
    if let (Some(last), Some(own)) = (last, runner.get_migrations().last()) {
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
        match runner.run_async(&mut **connection).await {
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

/// Takes a connection out of the pool if the error says that it is of no use any more; it goes back otherwise.
pub(super) fn drop_if_broken<T>(
    connection: Object,
    result: Result<T, StoreError>,
) -> Result<T, StoreError> {
    if result.as_ref().is_err_and(is_of_connection) {
        drop(Object::take(connection));
    }
    result
}

/// Whether the connection has to be made anew after this error.
pub(super) fn is_of_connection(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_) | StoreError::CommitOutcomeUnknown)
}

/// Whether all connections of the pool are to a server that takes no writes, which another may do by now.
pub(super) fn is_read_only(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(reason) if *reason == READ_ONLY)
}

/// Maps an error to its code: the server's text may quote a value.
pub(in crate::store) fn refused(error: &tokio_postgres::Error) -> StoreError {
    let conflicts = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    match error.code() {
        Some(code) if conflicts.contains(code) => StoreError::Conflict,
        Some(code) => match unavailable(code.code()) {
            Some(reason) => StoreError::Unavailable(reason),
            None => StoreError::Refused(code.code().to_owned()),
        },
        None => StoreError::Unavailable(why_unconnected(error)),
    }
}

/// Maps an error of a commit: whether it was done is not known, unless the server says that it was not.
pub(super) fn not_committed(error: &tokio_postgres::Error) -> StoreError {
    match refused(error) {
        StoreError::Unavailable(_)
            if error.code().is_none_or(|code| code.code().starts_with("57")) =>
        {
            StoreError::CommitOutcomeUnknown
        }
        other => other,
    }
}

/// What keeps a connection from being made, by the errors below the driver's.
fn why_unconnected(error: &tokio_postgres::Error) -> &'static str {
    let mut text = error.to_string();
    let mut below: Option<&(dyn Error + 'static)> = error.source();
    let mut kind = None;
    while let Some(source) = below {
        kind = kind.or(source.downcast_ref::<std::io::Error>().map(std::io::Error::kind));
        text = format!("{text}: {source}");
        below = source.source();
    }
    let text = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["certificate"]) {
        "the server's certificate is not trusted or not of this name: name its authority with \
         sslrootcert, and connect by the name in the certificate (TLS)"
    } else if says(&["does not support tls", "tls support"]) {
        "the server does not offer TLS, which sslmode asks for: set it up there (ssl = on)"
    } else if says(&["tls", "handshake"]) {
        "no TLS connection can be agreed on with the server"
    } else if says(&["lookup address", "resolve", "name or service"]) {
        "the host name is not known: check the address and the name service"
    } else if says(&["password missing", "password is missing"]) {
        "the server asks for a password, and the address has none"
    } else if says(&["refused"]) || kind == Some(std::io::ErrorKind::ConnectionRefused) {
        "the connection was refused: is PostgreSQL running there, and is the port right?"
    } else if says(&["no such file"]) || kind == Some(std::io::ErrorKind::NotFound) {
        "there is no socket: is PostgreSQL running, and is the folder right?"
    } else if says(&["timed out", "timeout"]) {
        "the database does not answer: check host, port and firewall"
    } else {
        "no connection to the database"
    }
}
