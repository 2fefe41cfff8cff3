//! The transition of an active account: its state, the context, and the effects collected so far.

use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use crate::context::{Control, PolicyContext};
use crate::devices::{Device, Session};
use crate::effect::{Effect, MailRecipient, Notification, SecretKind};
use crate::event::Reply;
use crate::ids::SecretId;
use crate::limits::{FRESH, MAILED_CODE_LIFE, REVERT_WINDOW, within};
use crate::state::{ActiveAccount, Freeze, MailedCode};
use crate::verification::{ExpectedEvidence, PendingVerification, Purpose};

/// The result of one operation on an active account.
pub(super) type TransitionResult = Result<Reply, Refusal>;

/// An active account while an event is applied to it.
pub(super) struct Transition<'a> {
    pub(super) account: &'a mut ActiveAccount,
    pub(super) context: &'a PolicyContext,
    pub(super) effects: Vec<Effect>,
    pub(super) closed: bool,
}

impl<'a> Transition<'a> {
    /// Starts the transition by removing what has expired.
    pub(super) fn new(account: &'a mut ActiveAccount, context: &'a PolicyContext) -> Self {
        let mut transition = Self { account, context, effects: Vec::new(), closed: false };
        transition.remove_expired();
        transition
    }

    /// The effects, and whether the account is closed.
    pub(super) fn finish(self) -> (Vec<Effect>, bool) {
        (self.effects, self.closed)
    }

    pub(super) fn is_on(&self, control: Control) -> bool {
        self.context.controls.is_on(control)
    }

    /// The next unused number within the account.
    pub(super) fn next_number(&mut self) -> u32 {
        self.account.next += 1;
        self.account.next
    }

    /// Stores a new secret, generated or taken from the request.
    pub(super) fn store_secret(&mut self, kind: SecretKind) -> SecretId {
        let secret = SecretId(self.next_number());
        self.effects.push(Effect::StoreSecret(secret, kind));
        secret
    }

    /// Stores a new code to mail.
    pub(super) fn create_mailed_code(&mut self) -> MailedCode {
        let secret = self.store_secret(SecretKind::MailedCode);
        MailedCode { secret, since: self.context.now, tries: 0 }
    }

    pub(super) fn delete_secret(&mut self, secret: SecretId) {
        self.effects.push(Effect::DeleteSecret(secret));
    }

    /// Mails the verified address, and the one before it for as long as its owner can revert the change.
    pub(super) fn notify(&mut self, notification: &Notification) {
        let current = self.account.evidence.address;
        let old = self.account.snapshot.as_ref().map(|snapshot| snapshot.evidence.address);
        for to in [Some(current), old.filter(|old| *old != current)].into_iter().flatten() {
            self.effects.push(Effect::SendMail {
                to: MailRecipient::Stored(to),
                notification: notification.clone(),
            });
        }
    }

    /// Replies that a comparison has to be made.
    pub(super) fn request_verification(
        &self,
        purpose: Purpose,
        expected: ExpectedEvidence,
        counts: bool,
    ) -> Reply {
        Reply::VerificationRequired(PendingVerification {
            purpose,
            expected,
            counts,
            epoch: self.account.epoch,
        })
    }

    pub(super) fn device(&mut self, id: DeviceId) -> Option<&mut Device> {
        self.account.devices.iter_mut().find(|device| device.id == id)
    }

    /// A valid session; `NotLoggedIn` without one.
    pub(super) fn session(&mut self, id: SessionId) -> Result<&mut Session, Refusal> {
        let session = self.account.sessions.iter_mut().find(|session| session.id == id);
        session.ok_or(Refusal::NotLoggedIn)
    }

    /// A valid session of an account that does not have to enrol a factor first.
    pub(super) fn enrolled_session(&mut self, id: SessionId) -> Result<&mut Session, Refusal> {
        if self.account.must_enrol {
            self.session(id)?;
            return Err(Refusal::EnrolmentRequired);
        }
        self.session(id)
    }

    /// Requires a second factor verified in this session within five minutes.
    pub(super) fn require_fresh_factor(&mut self, id: SessionId) -> Result<(), Refusal> {
        let is_required = self.is_on(Control::FreshFactor) && self.is_on(Control::SecondFactor);
        let now = self.context.now;
        let factor = self.session(id)?.factor;
        if is_required && !factor.is_some_and(|at| within(at, FRESH, now)) {
            return Err(Refusal::FactorRequired);
        }
        Ok(())
    }

    /// Requires the signature of the session's device, or a second factor verified within five minutes: whoever has the
    /// token alone ends, forgets, freezes and removes nothing.
    pub(super) fn require_signature_or_factor(
        &mut self,
        id: SessionId,
        signer: Option<DeviceId>,
    ) -> Result<(), Refusal> {
        let device = self.session(id)?.device;
        if signer == Some(device) { Ok(()) } else { self.require_fresh_factor(id) }
    }

    /// Requires a log-in with the second factor within five minutes.
    pub(super) fn require_recent_log_in(&mut self, id: SessionId) -> Result<(), Refusal> {
        let now = self.context.now;
        if !within(self.session(id)?.since, FRESH, now) {
            return Err(Refusal::LoginTooOld);
        }
        self.require_fresh_factor(id)
    }

    /// Requires the same, on an account that is not frozen.
    pub(super) fn require_unfrozen_log_in(&mut self, id: SessionId) -> Result<(), Refusal> {
        self.require_recent_log_in(id)?;
        if self.account.is_frozen() { Err(Refusal::Frozen) } else { Ok(()) }
    }

    /// Voids all sessions, resets and payment credentials.
    pub(super) fn raise_epoch(&mut self) {
        self.account.epoch.0 += 1;
        self.account.last_payer = None;
        self.remove_expired();
    }

    fn remove_expired(&mut self) {
        let context = self.context;
        let now = context.now;
        let epoch = self.account.epoch;
        let valid: Vec<_> = self.account.sessions(self.context).map(|session| session.id).collect();
        for session in self.account.sessions.extract_if(.., |session| !valid.contains(&session.id))
        {
            self.effects.push(Effect::EndSession(session.id));
        }
        self.end_resets(|reset| !reset.counts(epoch, context));
        self.account.credential = self.account.credential(self.context).copied();
        self.promote_waiting_credential();
        self.remove_unfinished_changes();
        // An owner who froze the account by a notice still has to be able to revert the changes, also while an operator
        // investigates or a recovery code holds it.
        let over = |since| !within(since, REVERT_WINDOW, now);
        if self.account.frozen < Some(Freeze::Notice)
            && self.account.snapshot.as_ref().is_some_and(|snapshot| over(snapshot.since))
        {
            self.discard_snapshot();
        }
    }

    /// Removes the enrolment of a factor and the change of an address whose session or time is over.
    fn remove_unfinished_changes(&mut self) {
        let sessions: Vec<_> = self.account.sessions.iter().map(|session| session.id).collect();
        if let Some(gone) = self.account.enrolment.take_if(|e| !sessions.contains(&e.session)) {
            self.delete_secret(gone.secret);
        }
        let now = self.context.now;
        let gone = self.account.address_change.take_if(|change| {
            !sessions.contains(&change.session) || !within(change.code.since, MAILED_CODE_LIFE, now)
        });
        if let Some(gone) = gone {
            self.delete_secret(gone.code.secret);
            self.delete_secret(gone.address);
        }
    }
}

impl MailedCode {
    /// Counts an attempt and returns the code's secret, if it may still be compared.
    pub(super) fn count_attempt(&mut self, context: &PolicyContext) -> Option<SecretId> {
        if !self.may_be_compared(context) {
            return None;
        }
        self.tries = self.tries.saturating_add(1);
        Some(self.secret)
    }
}
