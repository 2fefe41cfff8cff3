//! What `cargo xtask` is doing, on stderr, with the time that each step took.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// When the current step began, if there is one.
static STARTED: Mutex<Option<Instant>> = Mutex::new(None);

/// Announces a step on stderr, which leaves stdout to results, and prints how long the one before it took.
pub(crate) fn step(what: &str) {
    end_step();
    eprintln!("==> {what}");
    *STARTED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
}

/// Prints how long the current step took, if there is one.
pub(crate) fn end_step() {
    let started = STARTED.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(started) = started {
        eprintln!("    took {}", seconds(started.elapsed()));
    }
}

/// A duration as a person reads it: minutes and seconds, or seconds with one decimal below a minute.
pub(crate) fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    if whole < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_printed_in_the_unit_that_fits() {
        assert_eq!(seconds(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(59)), "59.0 s");
        assert_eq!(seconds(Duration::from_secs(605)), "10 min 05 s");
    }
}
