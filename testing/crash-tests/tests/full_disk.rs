//! The disk is full, or fails, at every write and every sync of a wallet's life.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use tegata::Error;
use tegata_crash_tests::{
    Answer, CheckResult, Content, EventLog, Fault, FaultKind, Recording, Rollback, STEPS,
    StateChecker, WorkloadDevice, disk, extended_rounds,
};

/// The short form tries every fifth write and sync, the extended run every one.
const STRIDE: usize = 5;

#[test]
fn a_full_disk_is_reported_and_loses_nothing() {
    check_every_fault(FaultKind::Full);
}

#[test]
fn a_failed_write_is_reported_and_loses_nothing() {
    check_every_fault(FaultKind::Write);
}

#[test]
fn data_of_a_failed_sync_is_not_acknowledged() {
    check_every_fault(FaultKind::Sync);
}

/// Lets the first call fail, then the second, until the workload runs without a fault.
fn check_every_fault(kind: FaultKind) {
    let expected = run_workload(None).1;
    let mut faults = 0;
    let mut reported = 0;
    for nth in (1..).step_by(extended_rounds().map_or(STRIDE, |_| 1)) {
        let fault = Fault { kind, nth };
        let (run, inventory) = run_workload(Some(fault));
        if run.faulty.is_none() {
            break;
        }
        faults += 1;
        reported += usize::from(run.reported.is_some());
        assert_eq!(
            inventory, expected,
            "{fault:?}: other content in the end, after {:?}",
            run.reported
        );
        run.check_after_fault(fault);
    }
    println!("{kind:?}: {faults} faults, {reported} reported");
    assert!(reported > 0);
}

/// A run of the workload with at most one fault.
struct Run {
    log: EventLog,
    /// The result of each operation. One that failed was run again.
    answers: Vec<(&'static str, Answer)>,
    /// The index of the first result after the fault, if there was one.
    faulty: Option<usize>,
    reported: Option<&'static str>,
}

/// Runs all steps, one that fails a second time. Returns what the wallet held before it was destroyed and in the end.
fn run_workload(fault: Option<Fault>) -> (Run, Vec<Vec<String>>) {
    let home = tempfile::tempdir().unwrap();
    let recording = Recording::start(home.path(), fault).unwrap();
    let mut device = WorkloadDevice::new(home.path(), 1);
    let mut answers = Vec::new();
    let mut inventories = Vec::new();
    let mut reported = None;
    let mut faulty = None;
    for step in STEPS {
        if step.name == "destroy" {
            inventories.push(device.inventory().unwrap());
            recording.mark_operation();
            answers.push(("inventory", Ok(())));
        }
        let mut answer = (step.run)(&mut device);
        recording.mark_operation();
        let failed = answer.is_err();
        answers.push((step.name, answer.clone()));
        if recording.fault_triggered() {
            faulty = faulty.or(Some(answers.len() - 1));
        }
        if failed {
            // Reported as what it is, once; the wallet works as soon as the disk does.
            assert!(
                matches!(answer, Err(Error::Failed(_))),
                "{}, {fault:?}: {answer:?}",
                step.name
            );
            assert!(
                recording.fault_triggered() && reported.is_none(),
                "{}, {fault:?}: {answer:?}",
                step.name
            );
            recording.clear_fault();
            reported = Some(step.name);
            answer = (step.run)(&mut device);
            recording.mark_operation();
            assert_eq!(answer, Ok(()), "{} again, {fault:?}", step.name);
            answers.push((step.name, answer));
        } else if recording.fault_triggered() {
            recording.clear_fault();
        }
    }
    inventories.push(device.inventory().unwrap());
    device.close().unwrap();
    assert!(
        disk::read(home.path()).unwrap().keys().eq(["anchor", "vault"]),
        "{fault:?}: files left over"
    );
    (Run { log: recording.finish(), answers, faulty, reported }, inventories)
}

impl Run {
    /// Cuts the power right after the answer before the fault and the three after it: what was acknowledged must be
    /// there.
    fn check_after_fault(&self, fault: Fault) {
        let checker = StateChecker::new().unwrap();
        let points: Vec<_> = self.log.crash_points().collect();
        let faulty = self.faulty.unwrap();
        let mut before: Content = None;
        for (nth, &at) in self.log.operations.iter().enumerate() {
            let (name, answer) = &self.answers[nth];
            if nth + 1 < faulty || nth > faulty + 2 {
                continue;
            }
            let step = STEPS.iter().find(|step| step.name == *name && answer.is_err());
            let now = checker.content(&points[at].seen()).unwrap();
            // One that was broken off between its parts may have done some of them.
            let parts: Vec<Content> = match (nth.checked_sub(1), step.is_some_and(|it| it.in_parts))
            {
                (Some(last), true) => points[self.log.operations[last]..at]
                    .iter()
                    .map(|point| checker.content(&point.seen()).unwrap())
                    .collect(),
                _ => vec![],
            };
            let mut allowed = vec![&now];
            if answer.is_err() {
                allowed.extend(parts.iter().chain([&before]));
            }
            let rolls_back = step.is_some_and(|step| step.rolls_back);
            let rollback = if rolls_back { Rollback::Allowed } else { Rollback::Forbidden };
            for state in points[at].extremes() {
                if let CheckResult::Invalid(why) = checker.check(&state.folder, &allowed, rollback)
                {
                    panic!("{fault:?}, after '{name}' ({answer:?}), {}: {why}", state.label);
                }
            }
            before = now;
        }
    }
}
