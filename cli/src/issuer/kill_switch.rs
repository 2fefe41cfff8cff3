//! `tegata issuer stop` and `resume`: the kill switches.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tegata_issuer::admin::{GlobalState, KillSwitch, OpenPaymentCounts, RequestKinds};

use super::settings::{ReasonArgs, Settings, cannot};
use crate::failure::Failure;
use crate::output::Output;

/// An operation that a kill switch stops.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Operation {
    /// Sign-ups.
    SignUp,
    /// Logins.
    LogIn,
    /// Password resets.
    Reset,
    /// Provisioning of payment credentials.
    Provisioning,
    /// Payments at the till.
    Payments,
}

impl From<Operation> for KillSwitch {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::SignUp => Self::SignUp,
            Operation::LogIn => Self::LogIn,
            Operation::Reset => Self::Reset,
            Operation::Provisioning => Self::Provisioning,
            Operation::Payments => Self::Payments,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct KillSwitchArgs {
    /// The operations.
    #[arg(value_enum, required_unless_present = "all", conflicts_with = "all")]
    acts: Vec<Operation>,
    /// All operations.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    because: ReasonArgs,
    #[command(flatten)]
    settings: Settings,
}

impl KillSwitchArgs {
    pub(super) fn stop(self, output: &Output) -> Result<(), Failure> {
        let switches = self.switches();
        let reason = self.because.reason()?;
        let operator = self.settings.operator()?;
        let acts = if self.all { RequestKinds::All } else { RequestKinds::Only(&switches) };
        let global_state = operator.stop(acts, &reason).map_err(cannot("stop it"))?;
        if !global_state.stopped.contains(KillSwitch::Payments) {
            return print_stopped(&global_state, output);
        }
        // Read after the switch is on: payments that begin later are refused.
        let under_way = operator.under_way().map_err(cannot("count the payments in progress"))?;
        let OpenPaymentCounts { authorised, charging, reversing } = under_way;
        let (mut words, mut document) = describe(&global_state);
        let n = authorised + charging;
        let _ = write!(
            words,
            "\npayments in progress: {n} to be completed or voided, {reversing} being voided"
        );
        document["under_way"] =
            json!({ "authorised": authorised, "charging": charging, "reversing": reversing });
        output.print(&words, &document)
    }

    pub(super) fn resume(self, output: &Output) -> Result<(), Failure> {
        let switches = self.switches();
        let reason = self.because.reason()?;
        let operator = self.settings.operator()?;
        let acts = if self.all { RequestKinds::All } else { RequestKinds::Only(&switches) };
        print_stopped(&operator.resume(acts, &reason).map_err(cannot("resume it"))?, output)
    }

    fn switches(&self) -> Vec<KillSwitch> {
        self.acts.iter().copied().map(KillSwitch::from).collect()
    }
}

fn print_stopped(global_state: &GlobalState, output: &Output) -> Result<(), Failure> {
    let (words, document) = describe(global_state);
    output.print(&words, &document)
}

/// The stopped operations, in words and as JSON.
fn describe(global_state: &GlobalState) -> (String, Value) {
    let stopped =
        KillSwitch::ALL.into_iter().filter(|switch| global_state.stopped.contains(*switch));
    let stopped: Vec<_> = stopped.map(KillSwitch::name).collect();
    let words = match stopped.as_slice() {
        [] => "nothing is stopped".to_owned(),
        stopped => format!("stopped: {}", stopped.join(", ")),
    };
    (words, json!({ "stopped": stopped }))
}
