//! A state of the model: the account as the issuer has it, and who knows what.

use std::collections::BTreeSet;

use tegata::UnixTime;
use tegata::protocol::SessionId;
use tegata_policy::{
    Account, ActiveAccount, Controls, Generation, PendingVerification, PolicyContext, ResetId,
    SecretId,
};

use crate::act::{Given, Message, Who};

/// Seconds that one wait takes: longer than what was just proved stays fresh, and shorter than a mailed code's life.
const WAIT: u64 = 6 * 60;

/// How long a run can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Waits in all.
    pub waits: u8,
    /// Messages of the thief.
    pub messages: u8,
    /// What of the thief's is under way at once.
    pub under_way: usize,
}

/// A state of the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) account: Account,
    pub(crate) waits: u8,
    /// How many values of authenticators were typed since the last wait.
    pub(crate) typed: u8,
    pub(crate) she: She,
    pub(crate) he: He,
    pub(crate) under_way: Vec<UnderWay>,
}

/// What she has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each was done or not, in any order")]
pub(crate) struct She {
    pub(crate) password: SecretId,
    pub(crate) factor: SecretId,
    pub(crate) enrolling: Option<SecretId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) reset: Option<ResetId>,
    /// The code in her last mail of a reset that she asked for.
    pub(crate) code: Option<SecretId>,
    pub(crate) sent: Vec<(Message, [Given; 2])>,
    /// One of the recovery codes that she was shown tonight.
    pub(crate) recovery: Option<SecretId>,
    /// The code in her last mail for a new address.
    pub(crate) move_code: Option<SecretId>,
    /// The code in her last notice of a change.
    pub(crate) notice: Option<SecretId>,
    /// She finished a reset.
    pub(crate) reset_done: bool,
    /// She enrolled another factor.
    pub(crate) enrolled: bool,
    /// She moved her account to another address.
    pub(crate) moved: bool,
    /// She let her account go that was frozen.
    pub(crate) unfroze: bool,
    /// She took changes back.
    pub(crate) took_back: bool,
    /// She got a payment credential.
    pub(crate) provisioned: bool,
    /// How many of her errands she ran.
    pub(crate) errands: usize,
}

/// What he has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct He {
    pub(crate) passwords: BTreeSet<SecretId>,
    pub(crate) codes: BTreeSet<SecretId>,
    /// Codes of notices, which freeze and take back.
    pub(crate) notices: BTreeSet<SecretId>,
    pub(crate) factors: BTreeSet<SecretId>,
    /// Recovery codes: of each ten that he was shown, one.
    pub(crate) recovery: BTreeSet<SecretId>,
    /// Addresses that are his.
    pub(crate) addresses: BTreeSet<SecretId>,
    /// The value or recovery code that he saw her type.
    pub(crate) seen: Option<Given>,
    pub(crate) enrolling: Option<SecretId>,
    /// The code in the last mail to an address that he asked to move the account to.
    pub(crate) move_code: Option<SecretId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) resets: BTreeSet<ResetId>,
    pub(crate) old_password: SecretId,
    /// He guessed at a mailed code.
    pub(crate) guessed: bool,
    /// He sent a message of hers once more.
    pub(crate) replayed: bool,
    /// How many messages he sent that could find nothing.
    pub(crate) hopeless: u8,
    /// How many messages he sent.
    pub(crate) messages: u8,
}

/// A message whose comparison was not told yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UnderWay {
    pub(crate) who: Who,
    pub(crate) message: Message,
    /// What is compared now, and what after it.
    pub(crate) given: [Given; 2],
    pub(crate) verification: PendingVerification,
}

impl State {
    /// The world at that many waits.
    pub(crate) fn context(&self, controls: Controls) -> PolicyContext {
        context(u64::from(self.waits), controls)
    }

    /// The last step of the clock before this state's values.
    pub(crate) fn step(&self) -> u64 {
        self.context(Controls::ALL).now.seconds() / 30
    }

    /// What an authenticator shows next.
    pub(crate) fn value(&self, factor: SecretId) -> Given {
        Given::Value(factor, self.step() + 1 + u64::from(self.typed))
    }

    pub(crate) fn live(&self) -> Option<&ActiveAccount> {
        match &self.account {
            Account::Active(live) => Some(live),
            _ => None,
        }
    }
}

/// The world, so many waits after a night long ago.
pub(crate) fn context(waits: u64, controls: Controls) -> PolicyContext {
    let night = 1_800_000_000;
    let now = UnixTime::new(night + waits * WAIT).unwrap_or(UnixTime::MAX);
    PolicyContext { now, generation: Generation(1), used_up_to: 0, controls }
}
