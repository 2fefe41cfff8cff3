//! Carries what was committed over from SQLite's log into the database, on a thread of its own: the one that writes has
//! enough to do, and does not wait for the disk twice.
//!
//! The log begins anew only when all of it is carried over and nobody writes. While payments come one after the other
//! somebody always does, so when it has grown long the writer is asked to carry over the rest, which is little by then.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use rusqlite::Connection;

use super::{StoreError, connect, refused};

/// How long what was committed gathers: a page that was written a hundred times by then is carried over once.
const PAUSE: Duration = Duration::from_millis(500);

/// Pages in the log from which on the writer is asked for the rest: 128 MiB.
const LONG: u32 = 32 * 1024;

/// The thread ends with this.
pub(super) struct Checkpoints {
    committed: SyncSender<()>,
    is_long: Arc<AtomicBool>,
    _until: Sender<()>,
}

impl Checkpoints {
    pub(super) fn start(file: &Path) -> Result<Self, StoreError> {
        let connection = connect(file)?;
        let (committed, commits) = sync_channel(1);
        let (until, ended) = channel();
        let is_long = Arc::new(AtomicBool::new(false));
        let long = Arc::clone(&is_long);
        let work = move || work(&connection, &commits, &ended, &long);
        let thread = std::thread::Builder::new().name("checkpoints".into()).spawn(work);
        thread.map_err(|_| StoreError::Unavailable("no thread for checkpoints"))?;
        Ok(Self { committed, is_long, _until: until })
    }

    /// There is something in the log.
    pub(super) fn committed(&self) {
        // If it was told already, that is as good.
        let _ = self.committed.try_send(());
    }

    /// Between two transactions of the writer's: carries over the rest of a long log.
    pub(super) fn shorten(&self, writer: &Connection) {
        if self.is_long.swap(false, Ordering::Relaxed) {
            // What is left stays in the log, where it is as safe; the next time comes.
            let _ = carry_over(writer);
        }
    }
}

fn work(
    connection: &Connection,
    commits: &Receiver<()>,
    ended: &Receiver<()>,
    is_long: &AtomicBool,
) {
    while commits.recv().is_ok() {
        if ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
        match carry_over(connection) {
            Ok(pages) => is_long.store(pages > LONG, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "SQLite checkpoint failed"),
        }
    }
}

/// Waits for nobody; gives how many pages the log has.
fn carry_over(connection: &Connection) -> Result<u32, StoreError> {
    let pages =
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(1));
    // Of none it says -1.
    pages.map(|pages| pages.try_into().unwrap_or(0)).map_err(refused)
}
