//! Whether processes run that seal with a key that is about to be deleted.

use std::time::Duration;

use super::OperatorError;
use crate::store::{AnnouncedProcess, Store};

/// Seconds that a process is watched for a sign of life, of which it gives one in five.
const WATCH: u32 = 17;

/// Refuses while a process lives that seals with a key older than this one. Those that give no sign of life for a while are
/// dead and forgotten: they are watched rather than their clocks compared.
pub(super) async fn refuse_older(store: &Store, newest: u8) -> Result<(), OperatorError> {
    let before = store.processes_sealing_before(newest).await?;
    if before.is_empty() {
        return Ok(());
    }
    for _ in 0..WATCH {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = store.processes_sealing_before(newest).await?;
        let processes = now.iter().filter(|process| is_alive(process, &before)).count();
        if processes > 0 {
            return Err(OperatorError::OldKeyInUse { processes });
        }
    }
    for dead in &before {
        store.forget_process(dead).await?;
    }
    Ok(())
}

fn is_alive(process: &AnnouncedProcess, before: &[AnnouncedProcess]) -> bool {
    !before.contains(process)
}
