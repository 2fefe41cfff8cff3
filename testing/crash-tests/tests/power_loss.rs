//! The power goes, at every write and every sync of a wallet's life.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;

use tegata::SystemRandom;
use tegata::vault::{Argon2Params, SoftwareKeystore, SoftwareKeystoreError};
use tegata_crash_tests::{
    CheckResult, Content, CrashPoint, CrashState, EventLog, NoSync, Recording, Rollback, STEPS,
    StateChecker, Step, WorkloadDevice, disk, extended_rounds,
};

#[test]
fn power_loss_anywhere_loses_nothing_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    let log = record_workload(home.path(), STEPS);
    // The log agrees with the real folder.
    assert_eq!(log.crash_points().last().unwrap().seen(), disk::read(home.path()).unwrap());
    let tally = check_all_cuts(
        &log,
        STEPS,
        Coverage {
            every: 1,
            random: extended_rounds().map_or(1, |rounds| rounds / 4),
            single_changes: true,
        },
    );
    println!("the whole workload: {tally:?}");
}

#[test]
fn a_second_power_loss_during_recovery_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let log = record_workload(home.path(), STEPS);
    let once = StateChecker::new().unwrap();
    let logged =
        |state: &CrashState| state.folder.get("vault-wal").is_some_and(|log| log.len() > 4096);
    let states: Vec<CrashState> = log
        .crash_points()
        .enumerate()
        .filter(|(cut, _)| log.is_sync(*cut))
        .flat_map(|(cut, point)| [point.random(cut as u64), point.extremes().remove(1)])
        .filter(|state| logged(state) && once.content(&state.folder).unwrap().is_some())
        .collect();
    drop(once);
    let looked_at = extended_rounds().map_or(3, |rounds| rounds / 10).clamp(1, states.len());
    let mut tally = Tally::default();
    for state in states.iter().step_by(states.len() / looked_at) {
        for names in [&["open", "close"][..], &["add", "close"], &["destroy"]] {
            let steps: Vec<Step> = names.iter().map(|name| step_named(name)).collect();
            let home = tempfile::tempdir().unwrap();
            disk::write(home.path(), &state.folder).unwrap();
            let log = record_workload(home.path(), &steps);
            tally += check_all_cuts(
                &log,
                &steps,
                Coverage { every: 1, random: 2, single_changes: true },
            );
        }
    }
    println!("a storm after the crash: {tally:?}");
}

/// SQLite folds the log in by itself once it has a thousand pages, and then writes it again from its beginning, with
/// what stood there before still behind it.
#[test]
fn a_log_restarted_over_its_old_content_is_read_right() {
    let home = tempfile::tempdir().unwrap();
    let mut device = WorkloadDevice::new(home.path(), 1);
    let log = || home.path().join("vault-wal").metadata().map_or(0, |log| log.len());
    let fill = |device: &mut WorkloadDevice| {
        let no_sync = NoSync::begin();
        (step_named("a transaction of 60 kB").run)(device).unwrap();
        drop(no_sync);
    };
    (step_named("create").run)(&mut device).unwrap();
    let mut before = 0;
    let mut grown = 0;
    // Up to the last one before the thousandth page, as each takes about as many.
    while log() + (log() - before).max(grown) < 1000 * 4096 {
        grown = log() - before;
        before = log();
        fill(&mut device);
    }
    let longest = log();
    let steps =
        ["a transaction of 60 kB", "add", "put in place of it", "add another"].map(step_named);
    let recorded = record(&mut device, home.path(), &steps);
    assert!(log() < longest + 2 * grown, "the log did not begin again");
    let coverage = match extended_rounds() {
        Some(rounds) => Coverage { every: 4, random: rounds / 100, single_changes: false },
        None => Coverage { every: 16, random: 0, single_changes: false },
    };
    println!(
        "a log of {log} bytes: {tally:?}",
        log = log(),
        tally = check_all_cuts(&recorded, &steps, coverage)
    );
}

#[test]
fn a_keystores_file_is_whole_or_absent_after_power_loss() {
    let home = tempfile::tempdir().unwrap();
    let cheap = Argon2Params::new(8, 1, 1).unwrap();
    let create = |folder: &Path| {
        let random = Arc::new(SystemRandom::new());
        SoftwareKeystore::create(&folder.join("keystore"), b"p", cheap, random).map(drop)
    };
    let recording = Recording::start(home.path(), None).unwrap();
    create(home.path()).unwrap();
    recording.mark_operation();
    let log = recording.finish();

    let _no_sync = NoSync::begin();
    let room = tempfile::tempdir().unwrap();
    let mut checked = 0;
    for (cut, point) in log.crash_points().enumerate() {
        let drawn = (0..extended_rounds().unwrap_or(10)).map(|nth| point.random(nth as u64));
        let states =
            point.extremes().into_iter().chain(point.torn_writes()).chain(point.single_changes());
        for CrashState { label, folder } in states.chain(drawn) {
            disk::write(room.path(), &folder).unwrap();
            let random = Arc::new(SystemRandom::new());
            let opened = SoftwareKeystore::open(&room.path().join("keystore"), b"p", random);
            match opened {
                Ok(_) => {}
                Err(SoftwareKeystoreError::NotFound) if cut < log.operations[0] => {
                    create(room.path()).unwrap();
                }
                Err(error) => panic!("cut {cut}, {label}: {error}"),
            }
            checked += 1;
        }
    }
    println!("the keystore's file: {checked} states");
}

/// Which cuts and states are checked.
#[derive(Clone, Copy)]
struct Coverage {
    /// Of the cuts that are not at a sync, one in so many.
    every: usize,
    /// States drawn at random for each cut.
    random: usize,
    /// Whether each unsynced change is also lost alone and kept alone.
    single_changes: bool,
}

#[derive(Debug, Default)]
struct Tally {
    cuts: usize,
    states: usize,
    opened: usize,
    nothing: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.states += other.states;
        self.opened += other.opened;
        self.nothing += other.nothing;
    }
}

fn step_named(name: &str) -> Step {
    *STEPS.iter().find(|step| step.name == name).unwrap()
}

fn record_workload(home: &Path, steps: &[Step]) -> EventLog {
    record(&mut WorkloadDevice::new(home, 1), home, steps)
}

/// Records the steps, none of which may fail.
fn record(device: &mut WorkloadDevice, home: &Path, steps: &[Step]) -> EventLog {
    let recording = Recording::start(home, None).unwrap();
    for step in steps {
        (step.run)(device).unwrap_or_else(|error| panic!("{}: {error}", step.name));
        recording.mark_operation();
    }
    recording.finish()
}

/// Cuts the power before, between and after all events, and checks what can be left each time.
fn check_all_cuts(log: &EventLog, steps: &[Step], coverage: Coverage) -> Tally {
    let checker = StateChecker::new().unwrap();
    let contents = contents(log, &checker, coverage);
    let mut tally = Tally::default();
    let mut seen = HashSet::new();
    for (cut, point) in log.crash_points().enumerate() {
        if cut % coverage.every != 0 && !log.is_sync(cut) {
            continue;
        }
        let step = log.operations.partition_point(|&answer| answer < cut);
        let name = steps.get(step).map_or("the end", |step| step.name);
        let first = step.checked_sub(1).map_or(0, |before| log.operations[before]);
        let last = log.operations.get(step).copied().unwrap_or(cut);
        // Right at an answer that is the one state there may be; before it, those of the operation in flight.
        let range = if cut == last { cut..=cut } else { first..=last };
        let mut allowed: Vec<&Content> = contents[range].iter().collect();
        allowed.dedup();
        let in_parts = steps.get(step).is_some_and(|step| step.in_parts);
        assert!(in_parts || allowed.len() <= 2, "{name}: one operation, one transaction");
        let rolls_back = steps.get(step).is_some_and(|step| step.rolls_back) && cut != last;
        let rollback = if rolls_back { Rollback::Allowed } else { Rollback::Forbidden };

        tally.cuts += 1;
        for CrashState { label, folder } in states(&point, coverage, cut, log.is_sync(cut)) {
            let mut hasher = DefaultHasher::new();
            (&folder, first, last, cut == last).hash(&mut hasher);
            if !seen.insert(hasher.finish()) {
                continue;
            }
            tally.states += 1;
            match checker.check(&folder, &allowed, rollback) {
                CheckResult::Valid => tally.opened += 1,
                CheckResult::NoVault => tally.nothing += 1,
                CheckResult::Invalid(why) => {
                    let sizes: Vec<_> =
                        folder.iter().map(|(name, its)| (name, its.len())).collect();
                    panic!("cut {cut} in '{name}', {label}: {why}\nfiles: {sizes:?}")
                }
            }
        }
    }
    tally
}

/// What the vault holds after each event that is looked at, if everything is kept; as before after the others.
fn contents(log: &EventLog, checker: &StateChecker, coverage: Coverage) -> Vec<Content> {
    let mut contents: Vec<Content> = Vec::new();
    let mut before = None;
    for (cut, point) in log.crash_points().enumerate() {
        let looked_at = cut % coverage.every == 0 || log.operations.contains(&cut);
        if let (false, Some(content)) = (looked_at, contents.last()) {
            contents.push(content.clone());
            continue;
        }
        let seen = point.seen();
        // Nothing was changed by a sync.
        let content = match (&before, contents.last()) {
            (Some(before), Some(content)) if *before == seen => content.clone(),
            _ => checker.content(&seen).unwrap(),
        };
        contents.push(content);
        before = Some(seen);
    }
    contents
}

fn states(point: &CrashPoint, coverage: Coverage, cut: usize, at_sync: bool) -> Vec<CrashState> {
    let mut states = point.extremes();
    if coverage.single_changes {
        states.extend(point.torn_writes());
        if at_sync {
            states.extend(point.single_changes());
        }
    }
    let seed = |nth: usize| (cut * 1_000_003 + nth) as u64;
    states.extend((0..coverage.random).map(|nth| point.random(seed(nth))));
    states
}
