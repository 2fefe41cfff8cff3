//! Checkpoints: a thread of its own copies what was committed from the write-ahead log into the database, so that the
//! writer does not wait for the disk twice.
//!
//! The log starts again only when all of it is copied and nobody writes. While payments come one after the other
//! somebody always does, so when the log has grown long the writer is asked for the last checkpoint, which is short by
//! then.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use rusqlite::Connection;

use super::super::error::StoreError;
use super::connection::{connect, refused};

/// How long commits gather: a page that was written a hundred times by then is copied once.
const PAUSE: Duration = Duration::from_millis(500);

/// Pages in the log from which on the writer is asked for a checkpoint: 128 MiB.
const LONG_LOG: u32 = 32 * 1024;

/// The checkpoint thread, which ends when this is dropped.
pub(super) struct Checkpointer {
    commits: SyncSender<()>,
    is_log_long: Arc<AtomicBool>,
    _stop: Sender<()>,
}

impl Checkpointer {
    pub(super) fn start(file: &Path) -> Result<Self, StoreError> {
        let connection = connect(file)?;
        let (commits, committed) = sync_channel(1);
        let (stop, stopped) = channel();
        let is_log_long = Arc::new(AtomicBool::new(false));
        let is_long = Arc::clone(&is_log_long);
        let work = move || run(&connection, &committed, &stopped, &is_long);
        let thread = std::thread::Builder::new().name("checkpoints".into()).spawn(work);
        thread.map_err(|_| StoreError::Unavailable("no thread for checkpoints"))?;
        Ok(Self { commits, is_log_long, _stop: stop })
    }

    /// Wakes the thread after a commit.
    pub(super) fn notify_commit(&self) {
        // A full channel means that it is awake already.
        let _ = self.commits.try_send(());
    }

    /// Checkpoints a long log on the writer's connection, between two of its transactions.
    pub(super) fn checkpoint_if_long(&self, writer: &Connection) {
        if self.is_log_long.swap(false, Ordering::Relaxed) {
            // After an error the rest stays in the log, where it is as safe, until the next time.
            let _ = checkpoint(writer);
        }
    }
}

fn run(
    connection: &Connection,
    committed: &Receiver<()>,
    stopped: &Receiver<()>,
    is_log_long: &AtomicBool,
) {
    while committed.recv().is_ok() {
        if stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
        match checkpoint(connection) {
            Ok(pages) => is_log_long.store(pages > LONG_LOG, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "SQLite checkpoint failed"),
        }
    }
}

/// Copies without waiting for anyone; gives the pages that the log has.
fn checkpoint(connection: &Connection) -> Result<u32, StoreError> {
    let pages =
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(1));
    // Without a log SQLite says -1.
    pages.map(|pages| pages.try_into().unwrap_or(0)).map_err(refused)
}
