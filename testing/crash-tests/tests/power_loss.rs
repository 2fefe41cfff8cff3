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
    Calm, Content, Device, Judge, Moment, Older, Recording, STEPS, Step, Tape, Verdict, Wreck,
    disk, long_form,
};

#[test]
fn nothing_acknowledged_is_lost_and_nothing_false_is_read_wherever_the_power_goes() {
    let home = tempfile::tempdir().unwrap();
    let tape = live(home.path(), STEPS);
    // What the tape says happened is what happened.
    assert_eq!(tape.moments().last().unwrap().seen(), disk::read(home.path()).unwrap());
    let tally = judge(
        &tape,
        STEPS,
        Depth { every: 1, drawn: long_form().map_or(1, |rounds| rounds / 4), singles: true },
    );
    println!("a life: {tally:?}");
}

#[test]
fn power_that_goes_again_while_a_wallet_is_recovered_or_removed_costs_no_more() {
    let home = tempfile::tempdir().unwrap();
    let tape = live(home.path(), STEPS);
    let judge_once = Judge::new().unwrap();
    let logged = |wreck: &Wreck| wreck.folder.get("vault-wal").is_some_and(|log| log.len() > 4096);
    let wrecks: Vec<Wreck> = tape
        .moments()
        .enumerate()
        .filter(|(cut, _)| tape.is_sync(*cut))
        .flat_map(|(cut, moment)| [moment.drawn(cut as u64), moment.extremes().remove(1)])
        .filter(|wreck| logged(wreck) && judge_once.content(&wreck.folder).unwrap().is_some())
        .collect();
    drop(judge_once);
    let looked_at = long_form().map_or(3, |rounds| rounds / 10).clamp(1, wrecks.len());
    let mut tally = Tally::default();
    for wreck in wrecks.iter().step_by(wrecks.len() / looked_at) {
        for names in [&["open", "close"][..], &["add", "close"], &["destroy"]] {
            let steps: Vec<Step> = names.iter().map(|name| named(name)).collect();
            let home = tempfile::tempdir().unwrap();
            disk::write(home.path(), &wreck.folder).unwrap();
            let tape = live(home.path(), &steps);
            tally += judge(&tape, &steps, Depth { every: 1, drawn: 2, singles: true });
        }
    }
    println!("a storm after the storm: {tally:?}");
}

/// SQLite folds the log in by itself once it has a thousand pages, and then writes it anew from its beginning, with what
/// stood there before still behind it.
#[test]
fn a_log_that_begins_anew_over_its_old_content_is_not_mixed_up() {
    let home = tempfile::tempdir().unwrap();
    let mut device = Device::new(home.path(), 1);
    let log = || home.path().join("vault-wal").metadata().map_or(0, |log| log.len());
    let fill = |device: &mut Device| {
        let calm = Calm::begin();
        (named("a transaction of 60 kB").run)(device).unwrap();
        drop(calm);
    };
    (named("create").run)(&mut device).unwrap();
    let (mut before, mut grown) = (0, 0);
    // Up to the last one before the thousandth page, as each takes about as many.
    while log() + (log() - before).max(grown) < 1000 * 4096 {
        grown = log() - before;
        before = log();
        fill(&mut device);
    }
    let longest = log();
    let steps = ["a transaction of 60 kB", "add", "put in place of it", "add another"].map(named);
    let tape = record(&mut device, home.path(), &steps);
    assert!(log() < longest + 2 * grown, "the log did not begin anew");
    let depth = match long_form() {
        Some(rounds) => Depth { every: 4, drawn: rounds / 100, singles: false },
        None => Depth { every: 16, drawn: 0, singles: false },
    };
    println!("a log of {log} bytes: {tally:?}", log = log(), tally = judge(&tape, &steps, depth));
}

#[test]
fn the_keystore_s_file_is_whole_or_not_there_wherever_the_power_goes() {
    let home = tempfile::tempdir().unwrap();
    let cheap = Argon2Params::new(8, 1, 1).unwrap();
    let create = |folder: &Path| {
        let random = Arc::new(SystemRandom::new());
        SoftwareKeystore::create(&folder.join("keystore"), b"p", cheap, random).map(drop)
    };
    let recording = Recording::start(home.path(), None).unwrap();
    create(home.path()).unwrap();
    recording.answered();
    let tape = recording.finish();

    let _calm = Calm::begin();
    let room = tempfile::tempdir().unwrap();
    let mut states = 0;
    for (cut, moment) in tape.moments().enumerate() {
        let drawn = (0..long_form().unwrap_or(10)).map(|nth| moment.drawn(nth as u64));
        let wrecks = moment.extremes().into_iter().chain(moment.tears()).chain(moment.singles());
        for Wreck { label, folder } in wrecks.chain(drawn) {
            disk::write(room.path(), &folder).unwrap();
            let random = Arc::new(SystemRandom::new());
            let opened = SoftwareKeystore::open(&room.path().join("keystore"), b"p", random);
            match opened {
                Ok(_) => {}
                Err(SoftwareKeystoreError::NotFound) if cut < tape.answers[0] => {
                    create(room.path()).unwrap();
                }
                Err(error) => panic!("cut {cut}, {label}: {error}"),
            }
            states += 1;
        }
    }
    println!("the keystore's file: {states} states");
}

/// How much is looked at.
#[derive(Clone, Copy)]
struct Depth {
    /// Of the cuts that are not at a sync, each so manieth.
    every: usize,
    /// States drawn by lot for each cut.
    drawn: usize,
    /// Each unsynced change lost alone and kept alone.
    singles: bool,
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

fn named(name: &str) -> Step {
    *STEPS.iter().find(|step| step.name == name).unwrap()
}

fn live(home: &Path, steps: &[Step]) -> Tape {
    record(&mut Device::new(home, 1), home, steps)
}

/// Does the steps, none of which may fail.
fn record(device: &mut Device, home: &Path, steps: &[Step]) -> Tape {
    let recording = Recording::start(home, None).unwrap();
    for step in steps {
        (step.run)(device).unwrap_or_else(|error| panic!("{}: {error}", step.name));
        recording.answered();
    }
    recording.finish()
}

/// Cuts the power before, between and after all events, and judges what can be left each time.
fn judge(tape: &Tape, steps: &[Step], depth: Depth) -> Tally {
    let judge = Judge::new().unwrap();
    let contents = contents(tape, &judge, depth);
    let mut tally = Tally::default();
    let mut seen = HashSet::new();
    for (cut, moment) in tape.moments().enumerate() {
        if cut % depth.every != 0 && !tape.is_sync(cut) {
            continue;
        }
        let step = tape.answers.partition_point(|&answer| answer < cut);
        let name = steps.get(step).map_or("the end", |step| step.name);
        let first = step.checked_sub(1).map_or(0, |before| tape.answers[before]);
        let last = tape.answers.get(step).copied().unwrap_or(cut);
        // Right at an answer that is the one state there may be; before it, those of the operation in flight.
        let range = if cut == last { cut..=cut } else { first..=last };
        let mut allowed: Vec<&Content> = contents[range].iter().collect();
        allowed.dedup();
        let in_parts = steps.get(step).is_some_and(|step| step.in_parts);
        assert!(in_parts || allowed.len() <= 2, "{name}: one operation, one transaction");
        let rolls_back = steps.get(step).is_some_and(|step| step.rolls_back) && cut != last;
        let older = if rolls_back { Older::Allowed } else { Older::Forbidden };

        tally.cuts += 1;
        for Wreck { label, folder } in wrecks(&moment, depth, cut, tape.is_sync(cut)) {
            let mut hasher = DefaultHasher::new();
            (&folder, first, last, cut == last).hash(&mut hasher);
            if !seen.insert(hasher.finish()) {
                continue;
            }
            tally.states += 1;
            match judge.judge(&folder, &allowed, older) {
                Verdict::Good => tally.opened += 1,
                Verdict::Nothing => tally.nothing += 1,
                Verdict::Broken(why) => {
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
fn contents(tape: &Tape, judge: &Judge, depth: Depth) -> Vec<Content> {
    let mut contents: Vec<Content> = Vec::new();
    let mut before = None;
    for (cut, moment) in tape.moments().enumerate() {
        let looked_at = cut % depth.every == 0 || tape.answers.contains(&cut);
        if let (false, Some(content)) = (looked_at, contents.last()) {
            contents.push(content.clone());
            continue;
        }
        let seen = moment.seen();
        // Nothing was changed by a sync.
        let content = match (&before, contents.last()) {
            (Some(before), Some(content)) if *before == seen => content.clone(),
            _ => judge.content(&seen).unwrap(),
        };
        contents.push(content);
        before = Some(seen);
    }
    contents
}

fn wrecks(moment: &Moment, depth: Depth, cut: usize, at_sync: bool) -> Vec<Wreck> {
    let mut wrecks = moment.extremes();
    if depth.singles {
        wrecks.extend(moment.tears());
        if at_sync {
            wrecks.extend(moment.singles());
        }
    }
    let seed = |nth: usize| (cut * 1_000_003 + nth) as u64;
    wrecks.extend((0..depth.drawn).map(|nth| moment.drawn(seed(nth))));
    wrecks
}
