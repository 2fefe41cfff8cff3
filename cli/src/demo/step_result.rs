//! A step of the tour: the expected result and the actual one.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct StepResult {
    step: &'static str,
    expected: String,
    happened: String,
    pub(super) ok: bool,
}

impl StepResult {
    pub(super) fn new(step: &'static str, expected: &str, happened: String) -> Self {
        Self { step, expected: expected.to_owned(), ok: happened == expected, happened }
    }

    pub(super) fn line(&self) -> String {
        let Self { step, expected, happened, ok } = self;
        if *ok {
            format!("✔ {step}: {happened}")
        } else {
            format!("✘ {step}: {happened}, expected {expected}")
        }
    }
}
