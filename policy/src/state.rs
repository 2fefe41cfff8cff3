//! The issuer's state of one account, as decisions see it. It contains no secret and no personal data: those are stored
//! beside it under the [`SecretId`]s that it names. It is stored as JSON, so every field and variant keeps its stored name.

use serde::{Deserialize, Serialize};
use tegata::UnixTime;
use tegata::protocol::{DeviceId, SessionId};

use super::context::{Control, PolicyContext};
use super::devices::{Device, Session};
use super::ids::{CredentialNumber, Epoch, Generation, ResetId, SecretId};
use super::limits::{
    MAILED_CODE_LIFE, MAILED_CODE_TRIES, RecentAttempts, SESSION_IDLE, SESSION_LIFE, VERIFIED_LIFE,
    within,
};

/// An account, from its sign-up to its deletion.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Account {
    /// A sign-up whose mailed code or whose second factor is not verified yet.
    #[serde(rename = "Opening")]
    PendingSignUp(PendingSignUp),
    /// An account in use.
    #[serde(rename = "Live")]
    Active(Box<ActiveAccount>),
    /// A deleted account: its number is never used again.
    Closed,
}

/// A sign-up in progress on one device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingSignUp {
    pub(super) address: SecretId,
    pub(super) device: DeviceId,
    pub(super) name: String,
    pub(super) next: u32,
    pub(super) step: SignUpStep,
}

/// The progress of a sign-up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum SignUpStep {
    /// A code was mailed and is awaited.
    #[serde(rename = "Mailed")]
    CodeMailed(MailedCode),
    /// The code matched; the second factor's first value is awaited.
    #[serde(rename = "Verified")]
    CodeVerified {
        /// The hash of the chosen password.
        password: SecretId,
        /// The authenticator's secret, which was shown.
        factor: SecretId,
        /// When the code matched.
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

/// An account in use: it always has a verified address and a second factor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActiveAccount {
    pub(super) epoch: Epoch,
    pub(super) next: u32,
    pub(super) evidence: Evidence,
    /// `None` after changes were reverted: whoever made them knew the password.
    pub(super) password: Option<SecretId>,
    #[serde(rename = "enrolling")]
    pub(super) enrolment: Option<FactorEnrolment>,
    /// A recovery code was used in place of the factor: a new factor has to be enrolled before anything else.
    pub(super) must_enrol: bool,
    #[serde(rename = "moving")]
    pub(super) address_change: Option<AddressChange>,
    #[serde(rename = "before")]
    pub(super) snapshot: Option<RollbackSnapshot>,
    pub(super) frozen: Option<Freeze>,
    pub(super) spending: Spending,
    pub(super) credential: Option<Credential>,
    /// A new credential that counts later, in the place of the one above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) waiting: Option<WaitingCredential>,
    /// The device of the credential that was forgotten, until another one counts: forgetting it shortens no wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_payer: Option<DeviceId>,
    pub(super) devices: Vec<Device>,
    pub(super) sessions: Vec<Session>,
    pub(super) resets: Vec<Reset>,
    #[serde(rename = "used")]
    pub(super) attempts: AttemptLog,
    /// When the account is deleted, if a deletion is scheduled.
    #[serde(rename = "closing")]
    pub(super) deletion: Option<UnixTime>,
}

/// What proves that someone is the owner, apart from the password.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Evidence {
    /// The verified address: a code mailed there was typed in.
    pub(super) address: SecretId,
    pub(super) factor: Factor,
    /// The recovery codes that are not used yet.
    pub(super) recovery: Vec<SecretId>,
}

/// A second factor: a TOTP secret (RFC 6238, SHA-1, six digits, 30 seconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Factor {
    pub(super) secret: SecretId,
    /// The last time step whose value was accepted: none up to it is accepted again.
    pub(super) step: u64,
}

/// A new second factor whose first value is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FactorEnrolment {
    pub(super) secret: SecretId,
    pub(super) session: SessionId,
}

/// A new address whose code is awaited.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressChange {
    pub(super) address: SecretId,
    pub(super) code: MailedCode,
    pub(super) session: SessionId,
}

/// The evidence that the changes of the last days replaced. Reverting restores all of it at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RollbackSnapshot {
    pub(super) evidence: Evidence,
    /// When the last change was made.
    pub(super) since: UnixTime,
    /// One code per change, mailed to the address as it was before all of them; any of these freezes the account.
    pub(super) codes: Vec<SecretId>,
    /// One code per change, mailed to an address that a change put in its place, which may be an attacker's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) codes_elsewhere: Vec<SecretId>,
    /// The devices that had been known for long when the first change was made.
    pub(super) devices: Vec<DeviceId>,
    /// A notice's code froze the account, and no operator has lifted a freeze since, their own included.
    #[serde(rename = "froze", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) frozen_by_notice: bool,
}

/// Who froze an account, which decides who can lift the freeze. The later of these is the harder to lift, and takes the
/// place of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Freeze {
    /// The owner, in a session, by the signature of a known device, by a mailed code or by a value of the second factor.
    Session,
    /// Someone with the code of a change notice: reverting the changes lifts it, a recovery code from before them beside
    /// the second factor, or an operator.
    Notice,
    /// The owner, with a recovery code: another one lifts it, beside the second factor, or an operator. Whoever has the
    /// owner's phone has the second factor as well.
    RecoveryCode,
    /// An operator of the issuer.
    Operator,
}

/// Whether payments can be made from this account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Spending {
    /// Not before a log-in with the second factor and a new payment credential.
    Held,
    /// Yes, with lower caps for a while.
    Open {
        /// When the usual caps apply again.
        low_until: UnixTime,
    },
}

/// The payment credential of the one device that pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The credential's number within the account.
    pub number: CredentialNumber,
    /// The device that it was provisioned on.
    pub device: DeviceId,
    pub(super) epoch: Epoch,
    pub(super) generation: Generation,
}

/// A payment credential that counts later, since another device pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitingCredential {
    pub(super) credential: Credential,
    /// When it counts, unless the device that pays confirms it before.
    pub(super) from: UnixTime,
}

/// A password reset, or a code for logging in or for freezing, bound to the device that requested it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reset {
    pub(super) id: ResetId,
    pub(super) device: DeviceId,
    pub(super) epoch: Epoch,
    pub(super) generation: Generation,
    pub(super) stage: ResetStage,
}

/// The progress of a reset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum ResetStage {
    /// A code was mailed and is awaited.
    #[serde(rename = "Asked")]
    CodeMailed(MailedCode),
    /// The code and the second factor matched at this time; the new password is awaited.
    #[serde(rename = "Proved")]
    Verified(UnixTime),
    /// No reset: a code for logging in was mailed.
    #[serde(rename = "LogIn")]
    LogInCodeMailed(MailedCode),
    /// No reset: a code for freezing the account was mailed.
    #[serde(rename = "Freeze")]
    FreezeCodeMailed(MailedCode),
}

/// What a mailed code is for. It counts for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodePurpose {
    /// Resetting the password.
    Reset,
    /// Logging in where others tried too often.
    LogIn,
    /// Freezing the account.
    Freeze,
}

/// Recent attempts by all unknown devices together, and by everyone where a limit holds for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttemptLog {
    /// Codes mailed to strangers, of format 1. They are counted by address now, before an account is looked for.
    #[serde(rename = "codes")]
    codes_of_format_1: RecentAttempts,
    /// Passwords of strangers, of format 1. They are counted by address now.
    #[serde(rename = "logins")]
    logins_of_format_1: RecentAttempts,
    pub(super) factor: RecentAttempts,
    /// Values of the second factor sent with a mailed log-in code.
    #[serde(default, skip_serializing_if = "RecentAttempts::is_empty")]
    pub(super) factor_with_mailed_code: RecentAttempts,
    /// Wrong values of the second factor since the last right one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) wrong_factors: u32,
    pub(super) factor_in_resets: RecentAttempts,
    /// Values of the second factor sent to revert changes, with a code mailed to the address as it was.
    #[serde(rename = "undo")]
    pub(super) factor_in_reverts: RecentAttempts,
    /// Values sent with a code that was mailed to an address that a change put in its place.
    #[serde(rename = "undo_elsewhere", default, skip_serializing_if = "RecentAttempts::is_empty")]
    pub(super) factor_in_reverts_elsewhere: RecentAttempts,
    pub(super) address: RecentAttempts,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl RollbackSnapshot {
    /// The codes of all mailed notices.
    pub(super) fn notices(&self) -> impl Iterator<Item = SecretId> {
        self.codes.iter().chain(&self.codes_elsewhere).copied()
    }
}

impl PendingSignUp {
    /// The display name of the device that signs up.
    #[must_use]
    pub fn device_name(&self) -> &str {
        &self.name
    }

    /// The id of the stored address.
    #[must_use]
    pub fn address(&self) -> SecretId {
        self.address
    }

    /// The device that signs up.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }
}

impl MailedCode {
    /// Whether it is neither too old nor tried too often.
    pub(super) fn may_be_compared(&self, context: &PolicyContext) -> bool {
        let left = self.tries < MAILED_CODE_TRIES || !context.controls.is_on(Control::CountedTries);
        left && within(self.since, MAILED_CODE_LIFE, context.now)
    }
}

impl Reset {
    /// Whether it can still be completed in an account of this epoch.
    pub(super) fn counts(&self, epoch: Epoch, context: &PolicyContext) -> bool {
        let is_in_time = match &self.stage {
            ResetStage::CodeMailed(code)
            | ResetStage::LogInCodeMailed(code)
            | ResetStage::FreezeCodeMailed(code) => {
                within(code.since, MAILED_CODE_LIFE, context.now)
            }
            ResetStage::Verified(at) => within(*at, VERIFIED_LIFE, context.now),
        };
        self.epoch == epoch && self.generation == context.generation && is_in_time
    }

    /// The mailed code that it waits for, of any purpose.
    pub(super) fn code(&self) -> Option<&MailedCode> {
        match &self.stage {
            ResetStage::CodeMailed(code)
            | ResetStage::LogInCodeMailed(code)
            | ResetStage::FreezeCodeMailed(code) => Some(code),
            ResetStage::Verified(_) => None,
        }
    }

    /// The same, to count a comparison.
    pub(super) fn code_mut(&mut self) -> Option<&mut MailedCode> {
        match &mut self.stage {
            ResetStage::CodeMailed(code)
            | ResetStage::LogInCodeMailed(code)
            | ResetStage::FreezeCodeMailed(code) => Some(code),
            ResetStage::Verified(_) => None,
        }
    }

    /// What its code is for.
    pub(super) fn purpose(&self) -> CodePurpose {
        match self.stage {
            ResetStage::CodeMailed(_) | ResetStage::Verified(_) => CodePurpose::Reset,
            ResetStage::LogInCodeMailed(_) => CodePurpose::LogIn,
            ResetStage::FreezeCodeMailed(_) => CodePurpose::Freeze,
        }
    }
}

impl ActiveAccount {
    /// Whether this device verified that reset, which then waits for the new password. If not, ignore a password that is
    /// sent: judging it could reveal whose account it is.
    #[must_use]
    pub fn awaits_new_password(
        &self,
        id: ResetId,
        device: DeviceId,
        context: &PolicyContext,
    ) -> bool {
        self.resets.iter().any(|reset| {
            (reset.id, reset.device) == (id, device)
                && matches!(reset.stage, ResetStage::Verified(_))
                && reset.counts(self.epoch, context)
        })
    }

    /// The valid sessions, oldest first.
    pub fn sessions(&self, context: &PolicyContext) -> impl Iterator<Item = &Session> {
        self.sessions.iter().filter(move |session| self.counts(session, context))
    }

    /// A session by its number, if it is valid.
    #[must_use]
    pub fn session(&self, id: SessionId, context: &PolicyContext) -> Option<&Session> {
        self.sessions(context).find(|session| session.id == id)
    }

    /// The session of a request, if it is valid and the request may be made in it: signed by the session's device, or by
    /// the token alone for an hour after its last use and a day after that device's last signature.
    #[must_use]
    pub fn session_of_request(
        &self,
        id: SessionId,
        signer: Option<DeviceId>,
        context: &PolicyContext,
    ) -> Option<&Session> {
        let takes = |session: &&Session| {
            signer == Some(session.device) || session.takes_token_alone(context.now)
        };
        self.session(id, context).filter(takes)
    }

    pub(super) fn counts(&self, session: &Session, context: &PolicyContext) -> bool {
        session.epoch == self.epoch
            && session.generation == context.generation
            && within(session.since, SESSION_LIFE, context.now)
            && within(session.seen, SESSION_IDLE, context.now)
    }

    /// The known devices, in the order in which they were added.
    #[must_use]
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Whether every request but enrolling a second factor is refused.
    #[must_use]
    pub fn must_enrol(&self) -> bool {
        self.must_enrol
    }

    /// The recovery codes that are left.
    #[must_use]
    pub fn recovery_codes(&self) -> &[SecretId] {
        &self.evidence.recovery
    }

    /// How many recovery codes are left.
    #[must_use]
    pub fn recovery_left(&self) -> usize {
        self.evidence.recovery.len()
    }

    /// The id of the stored address.
    #[must_use]
    pub fn address(&self) -> SecretId {
        self.evidence.address
    }

    /// Whether it is frozen, by anyone.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// When the account is deleted, if its owner requested that.
    #[must_use]
    pub fn deletion(&self) -> Option<UnixTime> {
        self.deletion
    }

    /// The valid payment credential, if there is one.
    #[must_use]
    pub fn credential(&self, context: &PolicyContext) -> Option<&Credential> {
        let counts = |c: &&Credential| c.epoch == self.epoch && c.generation == context.generation;
        self.credential.as_ref().filter(counts)
    }
}
