//! SQLite: embedded, nothing to set up. One thread writes, in the order in which work came, and commits all that is
//! queued as one transaction; a few connections read beside it. Other processes may use the same file: an operator's
//! commands do.

mod checkpoints;
mod connection;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::error::StoreError;
use super::sql::{Query, Row, Statement, Value};
use super::transaction::{Transaction, TransactionFuture};
use checkpoints::Checkpointer;
pub(in crate::store) use connection::{connect, create_private_file, migrate, refused};
use connection::{connect_read_only, rows, set_up_writer};
use writer::Writer;

/// Connections that read at a time. Reads are short and local.
const READERS: usize = 4;

/// How often opening the file is tried while other processes open it, too.
const OPEN_TRIES: u32 = 8;

pub(in crate::store) struct Sqlite {
    file: PathBuf,
    writer: Writer,
    readers: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Sqlite {
    pub(in crate::store) async fn open(file: &Path) -> Result<Self, StoreError> {
        let path = file.to_owned();
        let connection = blocking(move || {
            create_private_file(&path)?;
            // Several processes that start at once get in each other's way; the later ones find the tables there.
            let mut tries = 1;
            loop {
                match connect(&path).and_then(migrate) {
                    Err(StoreError::Refused(_) | StoreError::Unavailable(_))
                        if tries < OPEN_TRIES =>
                    {
                        std::thread::sleep(std::time::Duration::from_millis(1 << tries));
                        tries += 1;
                    }
                    opened => return opened,
                }
            }
        });
        Ok(Self {
            file: file.to_owned(),
            writer: Writer::start(set_up_writer(connection.await?)?, Checkpointer::start(file)?)?,
            readers: Arc::default(),
            permits: Arc::new(Semaphore::new(READERS)),
        })
    }

    pub(in crate::store) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.read(move |connection| rows(connection, sql, values)).await
    }

    pub(in crate::store) async fn query_all(
        &self,
        queries: Vec<Query>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        self.read(move |connection| {
            queries.into_iter().map(|query| rows(connection, query.sql, query.values)).collect()
        })
        .await
    }

    pub(in crate::store) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work, false).await
    }

    pub(in crate::store) async fn write_batched<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work, true).await
    }

    pub(in crate::store) async fn write_one(&self, statement: Statement) -> Result<(), StoreError> {
        self.write_batched(move |transaction| {
            let statement = statement.clone();
            Box::pin(async move { transaction.write(vec![statement]).await })
        })
        .await
    }

    /// Runs `work` on a connection that only reads.
    pub(in crate::store) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let acquired = Arc::clone(&self.permits).acquire_owned().await;
        let permit = acquired.map_err(|_| StoreError::Unavailable("closed"))?;
        let readers = Arc::clone(&self.readers);
        let file = self.file.clone();
        blocking(move || {
            let _permit = permit;
            let idle = readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = idle.map_or_else(|| connect_read_only(&file), Ok)?;
            let read = work(&connection);
            readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            read
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Panicked))
}
