//! The processor's time that was used, by us and by the PostgreSQL of this run: it says what work costs on a machine that
//! others keep busy, too. Linux alone tells.

use std::time::Duration;

use tegata_testkit::postgres;

/// What `/proc` counts in: it has been a hundredth of a second on every Linux for long.
const TICKS: u64 = 100;

/// Ours, clients and service together; PostgreSQL's.
pub(super) fn so_far() -> [Duration; 2] {
    let stats = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let server = postgres::pid();
    let mut ticks = [0; 2];
    for entry in stats {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // Behind the name, which may hold anything: state, parent, …, and 11 further on user and system time.
        let Some((_, stat)) = stat.rsplit_once(')') else { continue };
        let fields: Vec<u64> = stat.split(' ').map(|field| field.parse().unwrap_or(0)).collect();
        let parent = fields[2];
        let used = fields[12] + fields[13];
        if pid == std::process::id() {
            ticks[0] += used;
        } else if server.is_some_and(|server| [pid.into(), parent].contains(&u64::from(server))) {
            ticks[1] += used;
        }
    }
    ticks.map(|ticks| Duration::from_millis(ticks * 1000 / TICKS))
}

pub(super) fn since(before: [Duration; 2]) -> [Duration; 2] {
    let now = so_far();
    [0, 1].map(|n| now[n].saturating_sub(before[n]))
}
