//! What the issuer knows of one account when it decides. No secret and no personal data stands in it: those lie beside
//! it, under the [`SecretId`] that the state names.

use serde::{Deserialize, Serialize};
use tegata::UnixTime;
use tegata::protocol::{DeviceId, SessionId};

use super::ids::{CredentialNumber, Epoch, Generation, ResetId, SecretId};
use super::limits::{
    MAILED_CODE_LIFE, MAILED_CODE_TRIES, PROVED_LIFE, SESSION_IDLE, SESSION_LIFE, Used, within,
};
use super::world::{Control, World};

/// An account, or what is to become one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Account {
    /// A sign-up: its mailed code or the first value of its second factor was not typed yet.
    Opening(Opening),
    /// An account.
    Live(Box<Live>),
    /// Deleted: its number is never used again.
    Closed,
}

/// A sign-up that is under way, on one device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    pub(super) address: SecretId,
    pub(super) device: DeviceId,
    pub(super) name: String,
    pub(super) next: u32,
    pub(super) step: Step,
}

/// How far a sign-up is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Step {
    /// A code was mailed.
    Mailed(MailedCode),
    /// It was right; the second factor's first value is awaited.
    Verified {
        /// The hash of the password that was chosen.
        password: SecretId,
        /// The authenticator's secret, shown.
        factor: SecretId,
        /// Since when.
        since: UnixTime,
    },
}

/// A code in a mail.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailedCode {
    pub(super) secret: SecretId,
    pub(super) since: UnixTime,
    pub(super) tries: u8,
}

/// An account: it has a verified address and a second factor, always.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Live {
    pub(super) epoch: Epoch,
    pub(super) next: u32,
    pub(super) evidence: Evidence,
    /// `None` after changes were taken back: whoever made them knew it.
    pub(super) password: Option<SecretId>,
    pub(super) enrolling: Option<Enrolling>,
    /// A recovery code stood in for the factor: a new one is enrolled before anything else.
    pub(super) must_enrol: bool,
    pub(super) moving: Option<Moving>,
    pub(super) before: Option<Before>,
    pub(super) frozen: Option<Freeze>,
    pub(super) spending: Spending,
    pub(super) credential: Option<Credential>,
    pub(super) devices: Vec<Device>,
    pub(super) sessions: Vec<Session>,
    pub(super) resets: Vec<Reset>,
    pub(super) used: Tries,
    pub(super) closing: Option<UnixTime>,
}

/// What an owner proves herself by, the password apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Evidence {
    /// Verified: a code mailed there was typed.
    pub(super) address: SecretId,
    pub(super) factor: Factor,
    /// Those not used yet.
    pub(super) recovery: Vec<SecretId>,
}

/// A second factor: a TOTP secret (RFC 6238, SHA-1, six digits, 30 seconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Factor {
    pub(super) secret: SecretId,
    /// The step whose value was taken last: none up to it is taken again.
    pub(super) step: u64,
}

/// A factor whose first value was not typed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enrolling {
    pub(super) secret: SecretId,
    pub(super) session: SessionId,
}

/// A new address whose code was not typed yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Moving {
    pub(super) address: SecretId,
    pub(super) code: MailedCode,
    pub(super) session: SessionId,
}

/// What the changes of the last days replaced: it takes all of them back, together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Before {
    pub(super) evidence: Evidence,
    /// Of the last change.
    pub(super) since: UnixTime,
    /// A code for each change, mailed to the address as it was before them; any of them freezes.
    pub(super) codes: Vec<SecretId>,
    /// And one, mailed to the address that a change put in its place: whose that is only she knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) codes_elsewhere: Vec<SecretId>,
    /// The devices that were known for long when the first of them was made.
    pub(super) devices: Vec<DeviceId>,
    /// The code of a notice was given, and no operator has let go since, who may have frozen the account, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) froze: bool,
}

/// Who froze an account, which is who can let it go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Freeze {
    /// The owner, in a session.
    Session,
    /// Whoever had the code of a notice: the changes are taken back, or an operator looks at it.
    Notice,
    /// An operator.
    Operator,
}

/// Whether payments are made from this account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Spending {
    /// Not before a log-in with the second factor and a new payment credential.
    Held,
    /// With lower caps until then.
    Open {
        /// When the usual caps apply.
        low_until: UnixTime,
    },
}

/// The payment credential of the one device that pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Its number.
    pub number: CredentialNumber,
    /// The device that asked for it.
    pub device: DeviceId,
    pub(super) epoch: Epoch,
    pub(super) generation: Generation,
}

/// A device that the account was logged in on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its key.
    pub id: DeviceId,
    /// What its owner calls it.
    pub name: String,
    /// Since when it is known.
    pub since: UnixTime,
    pub(super) logins: Used,
    pub(super) factor: Used,
    pub(super) codes: Used,
}

/// A session on a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// The device it was made on.
    pub device: DeviceId,
    /// When it was last used, to some minutes.
    pub seen: UnixTime,
    /// When it was made, by password.
    pub since: UnixTime,
    pub(super) factor: Option<UnixTime>,
    pub(super) epoch: Epoch,
    pub(super) generation: Generation,
    /// Its owner was told that what is kept of her was given out in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) exported: bool,
}

/// A reset of the password, bound to the device that asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reset {
    pub(super) id: ResetId,
    pub(super) device: DeviceId,
    pub(super) epoch: Epoch,
    pub(super) generation: Generation,
    pub(super) stage: Stage,
}

/// How far a reset is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Stage {
    /// A code was mailed.
    Asked(MailedCode),
    /// The code and the second factor were right, then.
    Proved(UnixTime),
}

/// What was used up by devices that the account does not know, and in all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tries {
    pub(super) codes: Used,
    pub(super) logins: Used,
    pub(super) factor: Used,
    pub(super) factor_in_resets: Used,
    /// Values of the second factor given to take changes back, with a code mailed to the address as it was.
    pub(super) undo: Used,
    /// With one mailed to the address that a change put in its place.
    #[serde(default, skip_serializing_if = "Used::is_none")]
    pub(super) undo_elsewhere: Used,
    pub(super) address: Used,
}

impl Before {
    /// All codes that were mailed.
    pub(super) fn notices(&self) -> impl Iterator<Item = SecretId> {
        self.codes.iter().chain(&self.codes_elsewhere).copied()
    }
}

impl Opening {
    /// Under which number the address is kept.
    #[must_use]
    pub fn address(&self) -> SecretId {
        self.address
    }

    /// Whether this device may give the mailed code still: what comes with one that is not compared is not looked at.
    #[must_use]
    pub fn awaits_code(&self, device: DeviceId, world: &World) -> bool {
        let awaited = matches!(&self.step, Step::Mailed(code) if code.may_be_tried(world));
        awaited && self.device == device
    }
}

impl MailedCode {
    /// Whether it is not too old, and not tried too often.
    pub(super) fn may_be_tried(&self, world: &World) -> bool {
        let left = self.tries < MAILED_CODE_TRIES || !world.controls.on(Control::CountedTries);
        left && within(self.since, MAILED_CODE_LIFE, world.now)
    }
}

impl Reset {
    /// Whether it can come to anything in an account of this epoch.
    pub(super) fn counts(&self, epoch: Epoch, world: &World) -> bool {
        let is_in_time = match &self.stage {
            Stage::Asked(code) => within(code.since, MAILED_CODE_LIFE, world.now),
            Stage::Proved(at) => within(*at, PROVED_LIFE, world.now),
        };
        self.epoch == epoch && self.generation == world.generation && is_in_time
    }
}

impl Live {
    /// Whether this device proved that reset, which then waits for the new password. Until then a password that comes is
    /// not looked at: what is said of one may depend on whose account it is.
    #[must_use]
    pub fn is_proved(&self, id: ResetId, device: DeviceId, world: &World) -> bool {
        self.resets.iter().any(|reset| {
            (reset.id, reset.device) == (id, device)
                && matches!(reset.stage, Stage::Proved(_))
                && reset.counts(self.epoch, world)
        })
    }

    /// The sessions that count, oldest first.
    pub fn sessions(&self, world: &World) -> impl Iterator<Item = &Session> {
        self.sessions.iter().filter(move |session| self.counts(session, world))
    }

    /// A session, if it counts.
    #[must_use]
    pub fn session(&self, id: SessionId, world: &World) -> Option<&Session> {
        self.sessions(world).find(|session| session.id == id)
    }

    pub(super) fn counts(&self, session: &Session, world: &World) -> bool {
        session.epoch == self.epoch
            && session.generation == world.generation
            && within(session.since, SESSION_LIFE, world.now)
            && within(session.seen, SESSION_IDLE, world.now)
    }

    /// The devices it knows.
    #[must_use]
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Whether nothing but enrolling a new second factor is taken.
    #[must_use]
    pub fn must_enrol(&self) -> bool {
        self.must_enrol
    }

    /// How many recovery codes are left.
    #[must_use]
    pub fn recovery_left(&self) -> usize {
        self.evidence.recovery.len()
    }

    /// Under which number its address is kept.
    #[must_use]
    pub fn address(&self) -> SecretId {
        self.evidence.address
    }

    /// Whether it is frozen, by whomever.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// When it is deleted, if its owner asked for that.
    #[must_use]
    pub fn closing(&self) -> Option<UnixTime> {
        self.closing
    }

    /// The payment credential that counts, if there is one.
    #[must_use]
    pub fn credential(&self, world: &World) -> Option<&Credential> {
        let counts = |c: &&Credential| c.epoch == self.epoch && c.generation == world.generation;
        self.credential.as_ref().filter(counts)
    }
}

impl Session {
    /// When the second factor was proved in it last.
    #[must_use]
    pub fn factor_proved(&self) -> Option<UnixTime> {
        self.factor
    }
}
