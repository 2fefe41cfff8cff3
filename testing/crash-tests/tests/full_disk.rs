//! The disk is full, or fails, at every write and every sync of a wallet's life.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use tegata::Error;
use tegata_crash_tests::{
    Answer, Content, Device, Fault, FaultKind, Judge, Older, Recording, STEPS, Tape, Verdict, disk,
    long_form,
};

/// The short form tries every so manieth write and sync, the long form every one.
const STRIDE: usize = 5;

#[test]
fn a_full_disk_is_told_and_costs_nothing() {
    storm(FaultKind::Full);
}

#[test]
fn a_write_that_fails_is_told_and_costs_nothing() {
    storm(FaultKind::Write);
}

#[test]
fn what_a_failed_sync_did_not_save_is_not_acknowledged() {
    storm(FaultKind::Sync);
}

/// Lets the first call fail, then the second, until a life passes without any failure.
fn storm(kind: FaultKind) {
    let calm = life(None).1;
    let (mut faults, mut told) = (0, 0);
    for nth in (1..).step_by(long_form().map_or(STRIDE, |_| 1)) {
        let fault = Fault { kind, nth };
        let (run, inventory) = life(Some(fault));
        if run.struck.is_none() {
            break;
        }
        faults += 1;
        told += usize::from(run.told.is_some());
        assert_eq!(inventory, calm, "{fault:?}: another end of the story, after {:?}", run.told);
        run.judge(fault);
    }
    println!("{kind:?}: {faults} faults, {told} told");
    assert!(told > 0);
}

/// A life with at most one fault in it.
struct Run {
    tape: Tape,
    /// What each operation answered. One that was told of the fault was asked again.
    answers: Vec<(&'static str, Answer)>,
    /// Which of the answers was the first after the fault, if that came.
    struck: Option<usize>,
    told: Option<&'static str>,
}

/// Does all steps, each a second time if it was told of the fault, and gives what the wallet held before it was
/// destroyed and in the end.
fn life(fault: Option<Fault>) -> (Run, Vec<Vec<String>>) {
    let home = tempfile::tempdir().unwrap();
    let recording = Recording::start(home.path(), fault).unwrap();
    let mut device = Device::new(home.path(), 1);
    let (mut answers, mut inventories, mut told) = (Vec::new(), Vec::new(), None);
    let mut struck = None;
    for step in STEPS {
        if step.name == "destroy" {
            inventories.push(device.inventory().unwrap());
            recording.answered();
            answers.push(("inventory", Ok(())));
        }
        let mut answer = (step.run)(&mut device);
        recording.answered();
        let failed = answer.is_err();
        answers.push((step.name, answer.clone()));
        if recording.struck() {
            struck = struck.or(Some(answers.len() - 1));
        }
        if failed {
            // It is told as what it is, once, and the wallet goes on as soon as the disk does.
            assert!(
                matches!(answer, Err(Error::Failed(_))),
                "{}, {fault:?}: {answer:?}",
                step.name
            );
            assert!(recording.struck() && told.is_none(), "{}, {fault:?}: {answer:?}", step.name);
            recording.heal();
            told = Some(step.name);
            answer = (step.run)(&mut device);
            recording.answered();
            assert_eq!(answer, Ok(()), "{} again, {fault:?}", step.name);
            answers.push((step.name, answer));
        } else if recording.struck() {
            recording.heal();
        }
    }
    inventories.push(device.inventory().unwrap());
    device.close().unwrap();
    assert!(disk::read(home.path()).unwrap().keys().eq(["anchor", "vault"]), "{fault:?}: litter");
    (Run { tape: recording.finish(), answers, struck, told }, inventories)
}

impl Run {
    /// Cuts the power right after the answer before the fault and the three after it: what was acknowledged must be
    /// there.
    fn judge(&self, fault: Fault) {
        let judge = Judge::new().unwrap();
        let moments: Vec<_> = self.tape.moments().collect();
        let struck = self.struck.unwrap();
        let mut before: Content = None;
        for (nth, &at) in self.tape.answers.iter().enumerate() {
            let (name, answer) = &self.answers[nth];
            if nth + 1 < struck || nth > struck + 2 {
                continue;
            }
            let step = STEPS.iter().find(|step| step.name == *name && answer.is_err());
            let now = judge.content(&moments[at].seen()).unwrap();
            // One that was broken off between its parts may have done some of them.
            let parts: Vec<Content> = match (nth.checked_sub(1), step.is_some_and(|it| it.in_parts))
            {
                (Some(last), true) => moments[self.tape.answers[last]..at]
                    .iter()
                    .map(|moment| judge.content(&moment.seen()).unwrap())
                    .collect(),
                _ => vec![],
            };
            let mut allowed = vec![&now];
            if answer.is_err() {
                allowed.extend(parts.iter().chain([&before]));
            }
            let rolls_back = step.is_some_and(|step| step.rolls_back);
            let older = if rolls_back { Older::Allowed } else { Older::Forbidden };
            for wreck in moments[at].extremes() {
                if let Verdict::Broken(why) = judge.judge(&wreck.folder, &allowed, older) {
                    panic!("{fault:?}, after '{name}' ({answer:?}), {}: {why}", wreck.label);
                }
            }
            before = now;
        }
    }
}
