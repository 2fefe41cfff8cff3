//! Finds processes that run and seal with a key that is about to be deleted.

use std::time::Duration;

use crate::store::{AnnouncedProcess, Store, StoreError};

/// Seconds that a process is watched for a sign of life, of which it gives one in five.
const WATCH: u32 = 17;

/// Counts the processes that run and seal with a key older than this one. Those that give no sign of life for a while are
/// dead and forgotten: they are watched rather than their clocks compared.
pub(super) async fn count_older(store: &Store, newest: u8) -> Result<usize, StoreError> {
    let before = store.processes_sealing_before(newest).await?;
    if before.is_empty() {
        return Ok(0);
    }
    for _ in 0..WATCH {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = store.processes_sealing_before(newest).await?;
        let processes = now.iter().filter(|process| is_alive(process, &before)).count();
        if processes > 0 {
            return Ok(processes);
        }
    }
    for dead in &before {
        store.forget_process(dead).await?;
    }
    Ok(0)
}

fn is_alive(process: &AnnouncedProcess, before: &[AnnouncedProcess]) -> bool {
    !before.contains(process)
}
