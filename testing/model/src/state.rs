//! A state of the model: the issuer's state of the account, and what owner and attacker know.

use std::collections::BTreeSet;

use tegata::UnixTime;
use tegata::protocol::SessionId;
use tegata_policy::{
    Account, ActiveAccount, Controls, CredentialNumber, Generation, PendingVerification,
    PolicyContext, ResetId, SecretId,
};

use crate::action::{Actor, Message, TypedValue};

/// A state of the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) account: Account,
    pub(crate) waits: u8,
    /// The seconds since the start.
    pub(crate) elapsed: u64,
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
    /// The recovery codes that the owner has on paper and has not used: those of before an attacker's changes.
    pub(crate) recovery: Vec<SecretId>,
    /// The last code mailed to the owner for logging in, and its number.
    pub(crate) log_in_code: Option<SecretId>,
    pub(crate) log_in_code_id: Option<ResetId>,
    /// A mailed code opened the lane of the owner's next log-in.
    pub(crate) has_mailed_lane: bool,
    /// The owner froze the account with a recovery code.
    pub(crate) froze: bool,
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
#[expect(clippy::struct_excessive_bools, reason = "each was done or not, in any order")]
pub(crate) struct AttackerState {
    pub(crate) passwords: BTreeSet<SecretId>,
    pub(crate) codes: BTreeSet<SecretId>,
    /// Codes of notices, which freeze the account and revert changes.
    pub(crate) notices: BTreeSet<SecretId>,
    pub(crate) factors: BTreeSet<SecretId>,
    /// Recovery codes: one of each ten that the attacker was shown.
    pub(crate) recovery: BTreeSet<SecretId>,
    /// The session and the credential that are under the closed payment lock of a stolen phone.
    pub(crate) locked: Option<(SessionId, CredentialNumber)>,
    /// The numbers of codes for freezing and for logging in that the attacker requested.
    pub(crate) freeze_codes: BTreeSet<ResetId>,
    pub(crate) log_in_codes: BTreeSet<ResetId>,
    /// A mailed code opened the lane of the attacker's next log-in.
    pub(crate) has_mailed_lane: bool,
    /// The attacker spent the budgets.
    pub(crate) spent: bool,
    /// The attacker's own addresses, or those of the owner that the attacker still reads.
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
        recovery: Vec<SecretId>,
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
            log_in_code: None,
            log_in_code_id: None,
            has_mailed_lane: false,
            froze: false,
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
            locked: None,
            freeze_codes: BTreeSet::new(),
            log_in_codes: BTreeSet::new(),
            has_mailed_lane: false,
            spent: false,
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
        context(self.elapsed, controls)
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

/// The policy context so many seconds after the start of a run.
pub(crate) fn context(elapsed: u64, controls: Controls) -> PolicyContext {
    let start = 1_800_000_000;
    let now = UnixTime::new(start + elapsed).unwrap_or(UnixTime::MAX);
    PolicyContext { now, generation: Generation(1), used_up_to: 0, controls }
}
