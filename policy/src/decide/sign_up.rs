//! Signs up: a code mailed to the address, a password, a second factor. Only then does the account exist.

use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::decision::Decision;
use crate::context::PolicyContext;
use crate::devices::{Device, Session};
use crate::effect::{AuditEvent, Effect, MailRecipient, Notification, SecretKind};
use crate::event::{Event, Reply};
use crate::ids::{Epoch, SecretId};
use crate::limits::{
    LOW_CAPS, MAILED_CODE_LIFE, RECOVERY_CODES, RecentAttempts, VERIFIED_LIFE, later, within,
};
use crate::state::{
    Account, ActiveAccount, AttemptLog, Evidence, Factor, MailedCode, PendingSignUp, SignUpStep,
    Spending,
};
use crate::verification::{
    ExpectedEvidence, MatchResult, PendingVerification, Purpose, VerifiedEvidence,
};

/// Begins a sign-up. Reply and work are the same whether or not the address has an account (`taken`): if it has, the mail
/// says so instead of containing a code.
#[must_use]
pub fn begin_sign_up(
    device: DeviceId,
    name: String,
    taken: bool,
    context: &PolicyContext,
) -> (Account, Vec<Effect>) {
    let address = SecretId(1);
    let code = SecretId(2);
    let notification =
        if taken { Notification::AccountExists } else { Notification::SignUpCode { code } };
    let effects = vec![
        Effect::StoreSecret(address, SecretKind::Address),
        Effect::StoreSecret(code, SecretKind::MailedCode),
        Effect::SendMail { to: MailRecipient::Stored(address), notification },
    ];
    let step = SignUpStep::CodeMailed(MailedCode { secret: code, since: context.now, tries: 0 });
    (Account::PendingSignUp(PendingSignUp { address, device, name, next: code.0, step }), effects)
}

pub(super) fn decide(
    mut sign_up: PendingSignUp,
    event: Event,
    context: &PolicyContext,
) -> Decision {
    let device = match &event {
        Event::VerifySignUpCode { device } | Event::VerifySignUpFactor { device } => Some(*device),
        _ => None,
    };
    if device.is_some_and(|device| device != sign_up.device) {
        return Decision::refused(Account::PendingSignUp(sign_up), Refusal::InvalidCredentials);
    }
    match event {
        Event::VerifySignUpCode { .. } => {
            let reply = sign_up.verify_code(context);
            unchanged(sign_up, reply)
        }
        Event::VerifySignUpFactor { .. } => match sign_up.step {
            SignUpStep::CodeVerified { factor, since, .. }
                if within(since, VERIFIED_LIFE, context.now) =>
            {
                let expected = ExpectedEvidence::Totp(Some((factor, context.used_up_to)));
                unchanged(sign_up, request_verification(Purpose::SignUpFactor, expected, true))
            }
            _ => Decision::refused(Account::PendingSignUp(sign_up), Refusal::InvalidCredentials),
        },
        Event::ReturnAttempt { verification } => {
            sign_up.return_attempt(&verification);
            unchanged(sign_up, Reply::Done)
        }
        Event::CompleteVerification { verification, result } => {
            sign_up.complete(&verification, result, context)
        }
        Event::DeleteIfDue if sign_up.has_expired(context) => Decision {
            account: Account::Closed,
            effects: vec![Effect::EraseAccount],
            reply: Reply::Done,
        },
        _ => Decision::refused(Account::PendingSignUp(sign_up), Refusal::InvalidCredentials),
    }
}

fn unchanged(sign_up: PendingSignUp, reply: Reply) -> Decision {
    Decision { account: Account::PendingSignUp(sign_up), effects: Vec::new(), reply }
}

fn request_verification(purpose: Purpose, expected: ExpectedEvidence, counts: bool) -> Reply {
    Reply::VerificationRequired(PendingVerification {
        purpose,
        expected,
        counts,
        epoch: Epoch::default(),
    })
}

impl PendingSignUp {
    fn complete(
        self,
        verification: &PendingVerification,
        result: MatchResult,
        context: &PolicyContext,
    ) -> Decision {
        let verified = if verification.counts {
            verification.evidence(result)
        } else {
            VerifiedEvidence::Nothing
        };
        match (&verification.purpose, &self.step, verified) {
            (Purpose::SignUpCode, SignUpStep::CodeMailed(code), verified)
                if verified.is_among(std::slice::from_ref(&code.secret)) =>
            {
                self.accept_code(context)
            }
            (
                Purpose::SignUpFactor,
                SignUpStep::CodeVerified { factor, .. },
                VerifiedEvidence::TotpStep(secret, step),
            ) if *factor == secret => self.activate(step, context),
            _ => Decision::refused(Account::PendingSignUp(self), Refusal::InvalidCredentials),
        }
    }

    /// Whether the sign-up can no longer be completed, so that its address is deleted.
    fn has_expired(&self, context: &PolicyContext) -> bool {
        match &self.step {
            SignUpStep::CodeMailed(code) => !within(code.since, MAILED_CODE_LIFE, context.now),
            SignUpStep::CodeVerified { since, .. } => !within(*since, VERIFIED_LIFE, context.now),
        }
    }

    fn verify_code(&mut self, context: &PolicyContext) -> Reply {
        let code = match &mut self.step {
            SignUpStep::CodeMailed(code) => code.count_attempt(context),
            SignUpStep::CodeVerified { .. } => None,
        };
        let counts = code.is_some();
        let expected = ExpectedEvidence::MailedCode(code);
        request_verification(Purpose::SignUpCode, expected, counts)
    }

    fn return_attempt(&mut self, verification: &PendingVerification) {
        if let SignUpStep::CodeMailed(code) = &mut self.step
            && verification.counts
            && verification.expected == ExpectedEvidence::MailedCode(Some(code.secret))
        {
            code.tries = code.tries.saturating_sub(1);
        }
    }

    fn accept_code(mut self, context: &PolicyContext) -> Decision {
        let SignUpStep::CodeMailed(code) = &self.step else {
            return Decision::refused(Account::PendingSignUp(self), Refusal::InvalidCredentials);
        };
        let used_code = code.secret;
        let password = SecretId(self.next + 1);
        let factor = SecretId(self.next + 2);
        self.next += 2;
        self.step = SignUpStep::CodeVerified { password, factor, since: context.now };
        let effects = vec![
            Effect::DeleteSecret(used_code),
            Effect::StoreSecret(password, SecretKind::Password),
            Effect::StoreSecret(factor, SecretKind::Factor),
        ];
        Decision {
            account: Account::PendingSignUp(self),
            effects,
            reply: Reply::FactorSecret(factor),
        }
    }

    fn activate(self, step: u64, context: &PolicyContext) -> Decision {
        let SignUpStep::CodeVerified { password, factor, .. } = self.step else {
            return Decision::refused(Account::PendingSignUp(self), Refusal::InvalidCredentials);
        };
        let recovery: Vec<_> = (1..=RECOVERY_CODES).map(|n| SecretId(self.next + n)).collect();
        let session = SessionId(self.next + RECOVERY_CODES + 1);
        let account = ActiveAccount {
            epoch: Epoch::default(),
            next: session.0,
            evidence: Evidence {
                address: self.address,
                factor: Factor::new(factor, step),
                recovery: recovery.clone(),
            },
            password: Some(password),
            enrolment: None,
            must_enrol: false,
            address_change: None,
            snapshot: None,
            frozen: None,
            spending: Spending::Open { low_until: later(context.now, LOW_CAPS) },
            credential: None,
            waiting: None,
            last_payer: None,
            devices: vec![Device::new(self.device, self.name, context.now)],
            sessions: vec![Session {
                id: session,
                device: self.device,
                seen: context.now,
                since: context.now,
                factor: Some(context.now),
                epoch: Epoch::default(),
                generation: context.generation,
                signed: None,
                exported: false,
            }],
            resets: Vec::new(),
            attempts: AttemptLog::default(),
            deletion: None,
        };
        let mut effects = vec![Effect::ClaimAddress(self.address), Effect::CreateSession(session)];
        effects
            .extend(recovery.iter().map(|code| Effect::StoreSecret(*code, SecretKind::Recovery)));
        effects.push(Effect::Audit(AuditEvent::SignedUp));
        let reply = Reply::SignedUp { session, recovery };
        Decision { account: Account::Active(Box::new(account)), effects, reply }
    }
}

impl Device {
    pub(super) fn new(id: DeviceId, name: String, since: tegata::UnixTime) -> Self {
        let none = RecentAttempts::default;
        Self {
            id,
            name,
            since,
            logins: none(),
            factor: none(),
            codes: none(),
            verified: None,
            mailed: None,
        }
    }
}
