//! A state of the model: the issuer's state of the account, and what owner and attacker know.

use std::collections::BTreeSet;

use tegata::UnixTime;
use tegata::protocol::SessionId;
use tegata_policy::{
    Account, ActiveAccount, Controls, Generation, PendingVerification, PolicyContext, ResetId,
    SecretId,
};

use crate::action::{Actor, Message, TypedValue};

/// Seconds that one wait takes: longer than a verification stays fresh, and shorter than a mailed code's lifetime.
const WAIT: u64 = 8 * 60;

/// A state of the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) account: Account,
    pub(crate) waits: u8,
    /// How many values of authenticators were typed since the last wait.
    pub(crate) values_typed: u8,
    pub(crate) owner: OwnerState,
    pub(crate) attacker: AttackerState,
    pub(crate) pending: Vec<PendingMessage>,
}

/// What the owner knows and has done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each was done or not, in any order")]
pub(crate) struct OwnerState {
    pub(crate) password: SecretId,
    pub(crate) factor: SecretId,
    pub(crate) enrolment: Option<SecretId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) reset: Option<ResetId>,
    /// The code in the last mail of a reset that the owner requested.
    pub(crate) code: Option<SecretId>,
    pub(crate) sent: Vec<(Message, [TypedValue; 2])>,
    /// One of the recovery codes that the owner was shown in this run, or has from before an attacker's changes.
    pub(crate) recovery: Option<SecretId>,
    /// The code in the last mail to a new address of the owner.
    pub(crate) address_code: Option<SecretId>,
    /// The code in the last notice of a change.
    pub(crate) notice: Option<SecretId>,
    /// The owner finished a reset.
    pub(crate) reset_done: bool,
    /// The owner enrolled another factor.
    pub(crate) enrolled: bool,
    /// The owner changed the address.
    pub(crate) address_changed: bool,
    /// The owner unfroze the account.
    pub(crate) unfroze: bool,
    /// The owner reverted changes.
    pub(crate) reverted: bool,
    /// The owner provisioned a payment credential.
    pub(crate) provisioned: bool,
    /// How many steps of the scenario are done.
    pub(crate) steps_done: usize,
}

/// What the attacker knows and has done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AttackerState {
    pub(crate) passwords: BTreeSet<SecretId>,
    pub(crate) codes: BTreeSet<SecretId>,
    /// Codes of notices, which freeze the account and revert changes.
    pub(crate) notices: BTreeSet<SecretId>,
    pub(crate) factors: BTreeSet<SecretId>,
    /// Recovery codes: one of each ten that the attacker was shown.
    pub(crate) recovery: BTreeSet<SecretId>,
    /// The attacker's own addresses.
    pub(crate) addresses: BTreeSet<SecretId>,
    /// The value or recovery code that the attacker saw the owner type.
    pub(crate) seen: Option<TypedValue>,
    pub(crate) enrolment: Option<SecretId>,
    /// The code in the last mail to a new address that the attacker requested.
    pub(crate) address_code: Option<SecretId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) resets: BTreeSet<ResetId>,
    pub(crate) old_password: SecretId,
    /// The attacker guessed at a mailed code.
    pub(crate) guessed: bool,
    /// The attacker replayed a message of the owner.
    pub(crate) replayed: bool,
    /// How many messages the attacker sent that could match nothing.
    pub(crate) hopeless: u8,
    /// How many messages the attacker sent.
    pub(crate) messages: u8,
}

/// A message whose comparison is not completed yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PendingMessage {
    pub(crate) actor: Actor,
    pub(crate) message: Message,
    /// The value to compare now, and the one to compare next.
    pub(crate) typed: [TypedValue; 2],
    pub(crate) verification: PendingVerification,
}

impl OwnerState {
    /// The owner at the start of a run.
    pub(crate) fn new(
        password: SecretId,
        factor: SecretId,
        session: Option<SessionId>,
        notice: Option<SecretId>,
        recovery: Option<SecretId>,
    ) -> Self {
        Self {
            password,
            factor,
            enrolment: None,
            session,
            reset: None,
            code: None,
            sent: Vec::new(),
            recovery,
            address_code: None,
            notice,
            reset_done: false,
            enrolled: false,
            address_changed: false,
            unfroze: false,
            reverted: false,
            provisioned: false,
            steps_done: 0,
        }
    }
}

impl AttackerState {
    /// An attacker who knows an old password and nothing else.
    pub(crate) fn new(old_password: SecretId) -> Self {
        Self {
            passwords: BTreeSet::new(),
            codes: BTreeSet::new(),
            notices: BTreeSet::new(),
            factors: BTreeSet::new(),
            recovery: BTreeSet::new(),
            addresses: BTreeSet::new(),
            seen: None,
            enrolment: None,
            address_code: None,
            session: None,
            resets: BTreeSet::new(),
            old_password,
            guessed: false,
            replayed: false,
            hopeless: 0,
            messages: 0,
        }
    }
}

impl State {
    /// The policy context after the waits so far.
    pub(crate) fn context(&self, controls: Controls) -> PolicyContext {
        context(u64::from(self.waits), controls)
    }

    /// The time step before the values of this state.
    pub(crate) fn time_step(&self) -> u64 {
        self.context(Controls::ALL).now.seconds() / 30
    }

    /// The next value of an authenticator.
    pub(crate) fn value(&self, factor: SecretId) -> TypedValue {
        TypedValue::Value(factor, self.time_step() + 1 + u64::from(self.values_typed))
    }

    pub(crate) fn active_account(&self) -> Option<&ActiveAccount> {
        match &self.account {
            Account::Active(account) => Some(account),
            _ => None,
        }
    }
}

/// The policy context `waits` waits after the start of a run.
pub(crate) fn context(waits: u64, controls: Controls) -> PolicyContext {
    let start = 1_800_000_000;
    let now = UnixTime::new(start + waits * WAIT).unwrap_or(UnixTime::MAX);
    PolicyContext { now, generation: Generation(1), used_up_to: 0, controls }
}
