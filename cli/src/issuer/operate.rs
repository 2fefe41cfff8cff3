//! What holds for all accounts, or for one: `stop`, `resume`, `revoke`, `freeze`.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tegata_issuer::admin::Acts;
use tegata_issuer::store::{GlobalState, KillSwitch, OpenPaymentCounts};

use super::{Because, Settings, not};
use crate::failure::Failure;
use crate::output::Output;
use tegata_issuer::domain::AccountRef;

/// What can be stopped.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Act {
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

impl From<Act> for KillSwitch {
    fn from(act: Act) -> Self {
        match act {
            Act::SignUp => Self::SignUp,
            Act::LogIn => Self::LogIn,
            Act::Reset => Self::Reset,
            Act::Provisioning => Self::Provisioning,
            Act::Payments => Self::Payments,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Switching {
    /// The operations.
    #[arg(value_enum, required_unless_present = "all", conflicts_with = "all")]
    acts: Vec<Act>,
    /// All operations.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    settings: Settings,
}

impl Switching {
    pub(super) fn stop(self, output: &Output) -> Result<(), Failure> {
        let (switches, reason) = (self.switches(), self.because.reason()?);
        let operator = self.settings.operator()?;
        let acts = if self.all { Acts::All } else { Acts::These(&switches) };
        let global_state = operator.stop(acts, &reason).map_err(not("stop it"))?;
        if !global_state.stopped.contains(KillSwitch::Payments) {
            return answer(&global_state, output);
        }
        // Read after the switch was thrown: what begins later is refused.
        let under_way = operator.under_way().map_err(not("count the payments in progress"))?;
        let OpenPaymentCounts { authorised, charging, reversing } = under_way;
        let (mut words, mut document) = stopped(&global_state);
        let n = authorised + charging;
        let _ = write!(
            words,
            "\npayments in progress: {n} to be completed or voided, {reversing} being voided"
        );
        document["under_way"] =
            json!({ "authorised": authorised, "charging": charging, "reversing": reversing });
        output.answer(&words, &document)
    }

    pub(super) fn resume(self, output: &Output) -> Result<(), Failure> {
        let (switches, reason) = (self.switches(), self.because.reason()?);
        let operator = self.settings.operator()?;
        let acts = if self.all { Acts::All } else { Acts::These(&switches) };
        answer(&operator.resume(acts, &reason).map_err(not("resume it"))?, output)
    }

    fn switches(&self) -> Vec<KillSwitch> {
        self.acts.iter().copied().map(KillSwitch::from).collect()
    }
}

fn answer(global_state: &GlobalState, output: &Output) -> Result<(), Failure> {
    let (words, document) = stopped(global_state);
    output.answer(&words, &document)
}

/// What is stopped, in words and as a document.
fn stopped(global_state: &GlobalState) -> (String, Value) {
    let stopped =
        KillSwitch::ALL.into_iter().filter(|switch| global_state.stopped.contains(*switch));
    let stopped: Vec<_> = stopped.map(KillSwitch::name).collect();
    let words = match stopped.as_slice() {
        [] => "nothing is stopped".to_owned(),
        stopped => format!("stopped: {}", stopped.join(", ")),
    };
    (words, json!({ "stopped": stopped }))
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// Confirm for all accounts: every shopper has to log in and provision again.
    #[arg(long, required = true)]
    all: bool,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    settings: Settings,
}

impl Revoke {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let reason = self.because.reason()?;
        let global_state = self.settings.operator()?.revoke_all(&reason).map_err(not("revoke"))?;
        let words = "all sessions, resets and payment credentials are revoked";
        output
            .answer(words, &json!({ "revoked": self.all, "generation": global_state.generation.0 }))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Freeze {
    /// The account's e-mail address, or its id as in the report.
    #[arg(value_name = "ACCOUNT")]
    whose: AccountRef,
    /// Unfreeze it, whoever froze it.
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    settings: Settings,
}

impl Freeze {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let reason = self.because.reason()?;
        let frozen = !self.off;
        let operator = self.settings.operator()?;
        let account = operator.freeze(&self.whose, frozen, &reason).map_err(not("freeze"))?;
        let state = if frozen { "frozen" } else { "no longer frozen" };
        let words = format!("account {account} is {state}");
        output.answer(&words, &json!({ "account": account.to_string(), "frozen": frozen }))
    }
}
