//! Decides events, one file per group of operations.

mod cards;
mod credential;
mod decision;
mod deletion;
mod evidence;
mod evidence_changes;
mod freeze;
mod freeze_code;
mod log_in;
mod log_in_code;
mod mailed_code;
mod reset;
mod sessions;
mod sign_up;
mod transition;

use transition::{Transition, TransitionResult};

use super::context::PolicyContext;
use super::state::{Account, Freeze};
use super::verification::{
    LogInAttempt, MatchResult, PendingVerification, Purpose, VerifiedEvidence,
};
use crate::effect::{AuditEvent, Effect};
use crate::event::{Event, Reply};
use tegata::protocol::Refusal;

pub use credential::{Caps, NextCredential, SpendingCredential};
pub use decision::Decision;
pub use sign_up::begin_sign_up;

/// Applies an event to an account. Pure: the same account, event and context give the same decision.
#[must_use]
pub fn decide(account: Account, event: Event, context: &PolicyContext) -> Decision {
    match account {
        Account::PendingSignUp(sign_up) => sign_up::decide(sign_up, event, context),
        Account::Active(mut active) => {
            let mut transition = Transition::new(&mut active, context);
            let reply = decide_active(&mut transition, event).unwrap_or_else(Reply::Refused);
            let (effects, closed) = transition.finish();
            let account = if closed { Account::Closed } else { Account::Active(active) };
            Decision { account, effects, reply }
        }
        Account::Closed => Decision::refused(Account::Closed, Refusal::InvalidCredentials),
    }
}

fn decide_active(transition: &mut Transition<'_>, event: Event) -> TransitionResult {
    match event {
        Event::VerifySignUpCode { .. } | Event::VerifySignUpFactor { .. } => {
            Err(Refusal::InvalidCredentials)
        }
        Event::LogIn { device, name, factor, lane } => {
            Ok(transition.log_in(LogInAttempt { device, name, factor, lane }))
        }
        Event::RequestLogInCode { device, within_budget } => {
            Ok(transition.request_log_in_code(device, within_budget))
        }
        Event::VerifyLogInCode { code, device } => Ok(transition.verify_log_in_code(code, device)),
        Event::RequestFreezeCode { device, within_budget } => {
            Ok(transition.request_freeze_code(device, within_budget))
        }
        Event::VerifyFreezeCode { code, device } => Ok(transition.verify_freeze_code(code, device)),
        Event::FreezeByFactor { device, factor } => {
            Ok(transition.verify_freeze_factor(device, factor))
        }
        Event::VerifyFactor { session } => transition.verify_factor(session),
        Event::BeginFactorEnrolment { session } => transition.begin_enrolment(session),
        Event::VerifyFactorEnrolment { session } => transition.verify_enrolment(session),
        Event::RenewRecoveryCodes { session } => transition.renew_recovery_codes(session),
        Event::ChangeAddress { session } => transition.change_address(session),
        Event::VerifyNewAddress { session } => transition.verify_new_address(session),
        Event::FreezeByCode => Ok(transition.verify_freeze_notice()),
        Event::RevertChanges { factor } => Ok(transition.verify_revert_notice(factor)),
        Event::Freeze { session, signer } => transition.freeze(session, signer),
        Event::FreezeFromDevice { device } => transition.freeze_from_device(device),
        Event::Unfreeze { session, with_recovery_code } => {
            transition.unfreeze(session, with_recovery_code)
        }
        Event::RequestReset { device, to, within_budget } => {
            Ok(transition.request_reset(device, to, within_budget))
        }
        Event::VerifyReset { reset, device, factor } => {
            Ok(transition.verify_reset_code(reset, device, factor))
        }
        Event::FinishReset { reset, device } => transition.finish_reset(reset, device),
        Event::CompleteVerification { verification, result } => {
            complete_verification(transition, verification, result)
        }
        // Only a new password comes with a code, and only in a sign-up.
        Event::ReturnAttempt { .. } => Err(Refusal::InvalidCredentials),
        Event::UseSession { session, signer } => transition.touch_session(session, signer),
        Event::LogOut { session } => transition.log_out(session),
        Event::EndSessions { session, signer, which } => {
            transition.end_sessions(session, signer, which)
        }
        Event::EndDeviceSessions { device } => Ok(transition.end_device_sessions(device)),
        Event::ForgetDevice { session, signer, device } => {
            transition.forget_device(session, signer, device)
        }
        Event::Export { session, first } => transition.export(session, first),
        Event::RequestDeletion { session } => transition.request_deletion(session),
        Event::CancelDeletion { session, signer } => transition.cancel_deletion(session, signer),
        Event::DeleteIfDue => transition.delete_if_due(),
        Event::Provision { session, device, last_used } => {
            transition.provision(session, device, last_used)
        }
        Event::ConfirmCredential { session, signer } => {
            transition.confirm_credential(session, signer)
        }
        Event::BeginCardSetup { session } => transition.begin_card_setup(session),
        Event::AddCard { session, origin, card } => transition.add_card(session, &origin, card),
        Event::SetDefaultCard { session } => transition.set_default_card(session),
        Event::RemoveCard { session, signer, card } => {
            transition.remove_card(session, signer, card)
        }
        Event::SetOperatorFreeze { frozen } => Ok(transition.set_operator_freeze(frozen)),
    }
}

fn complete_verification(
    transition: &mut Transition<'_>,
    verification: PendingVerification,
    result: MatchResult,
) -> TransitionResult {
    let counts = verification.counts && verification.epoch == transition.account.epoch;
    let verified = if counts { verification.evidence(result) } else { VerifiedEvidence::Nothing };
    // Whoever knows an address can try to freeze its account: that makes no authenticator void.
    let is_freeze = verification.purpose == Purpose::FreezeFactor;
    if counts && verified == VerifiedEvidence::Nothing && !is_freeze {
        transition.count_wrong_factor(&verification.expected);
    }
    match verification.purpose {
        Purpose::SignUpCode | Purpose::SignUpFactor => Err(Refusal::InvalidCredentials),
        Purpose::LogInCode { code, device } => {
            transition.complete_log_in_code(code, device, &verified)
        }
        Purpose::FreezeCode { code, device } => {
            transition.complete_freeze_code(code, device, &verified)
        }
        Purpose::FreezeFactor => transition.complete_freeze_factor(&verified),
        Purpose::Unfreeze { session } => transition.complete_unfreeze(session, &verified),
        Purpose::LogInPassword(log_in) => transition.apply_password(log_in, &verified),
        Purpose::LogInFactor(log_in) => transition.apply_log_in_factor(log_in, &verified),
        Purpose::VerifyFactor { session } => transition.complete_factor(session, &verified),
        Purpose::VerifyFactorEnrolment { session } => {
            transition.complete_enrolment(session, &verified)
        }
        Purpose::VerifyNewAddress { session } => {
            transition.complete_address_change(session, &verified)
        }
        Purpose::ResetCode { reset, device, factor } => {
            Ok(transition.apply_reset_code(reset, device, factor, &verified))
        }
        Purpose::ResetFactor { reset, device } => {
            transition.apply_reset_factor(reset, device, &verified, counts)
        }
        Purpose::FreezeNotice => transition.apply_freeze_notice(&verified),
        Purpose::RevertNotice { factor } => Ok(transition.apply_revert_notice(factor, &verified)),
        Purpose::RevertFactor => transition.revert_changes(&verified),
    }
}

impl Transition<'_> {
    /// Sets or lifts an operator's freeze, which no owner can lift.
    fn set_operator_freeze(&mut self, frozen: bool) -> Reply {
        let audit_event =
            if frozen { AuditEvent::FrozenByOperator } else { AuditEvent::UnfrozenByOperator };
        self.account.frozen = frozen.then_some(Freeze::Operator);
        self.account.waiting = self.account.waiting.filter(|_| !frozen);
        if frozen {
            self.effects.push(Effect::CancelCardSetup);
        }
        // After that, a notice can freeze the account again.
        if let Some(snapshot) = self.account.snapshot.as_mut().filter(|_| !frozen) {
            snapshot.frozen_by_notice = false;
        }
        self.effects.push(Effect::Audit(audit_event));
        Reply::Done
    }
}

#[cfg(test)]
mod tests;
