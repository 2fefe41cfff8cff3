//! Processes of a server, and signals to all of them.

use std::path::PathBuf;
use std::process::Command;

use crate::postgres::run;

/// Sends a signal to a process and to all that it started.
pub(crate) fn signal_all(signal: &str, parent: &str) {
    // The parent first, so that it makes no more; listed before that, since those of a dead one are another's.
    let before = children(parent);
    run("kill", &[signal, parent]);
    for process in before.into_iter().chain(children(parent)) {
        // One that ended by itself is no fault.
        let _ = Command::new("kill").args([signal, &process]).output();
    }
}

/// The processes that this one started.
fn children(parent: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let is_child = |process: &PathBuf| {
        let stat = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
        // The name before it may contain anything.
        let after = stat.rsplit_once(") ").map(|(_, after)| after.to_owned());
        after.is_some_and(|after| after.split(' ').nth(1) == Some(parent))
    };
    let children = processes.map(|entry| entry.path()).filter(is_child);
    children.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}
