use tegata::protocol::{Refusal, SessionId};

use super::test_issuer::*;
use crate::*;

#[test]
fn a_new_account_has_address_password_and_second_factor() {
    let issuer = TestIssuer::with_account();
    let active = issuer.active();
    assert_eq!(active.recovery_left(), 10);
    assert!(active.password.is_some() && !active.must_enrol());
    assert_eq!(issuer.audit_events, [AuditEvent::SignedUp]);
    assert_eq!(issuer.caps(), None, "nothing is paid without a credential");
}

#[test]
fn no_step_of_a_sign_up_can_be_skipped() {
    let mut issuer = TestIssuer::with_pending_sign_up(false);
    let reply = issuer.run(Event::VerifySignUpFactor { device: PHONE }, &[TypedValue::Wrong]);
    assert_eq!(refusal(reply), Refusal::InvalidCredentials);
    let code = issuer.last_code();
    assert_eq!(
        refusal(issuer.run(Event::VerifySignUpCode { device: PHONE }, &[TypedValue::Wrong])),
        Refusal::InvalidCredentials
    );
    assert_eq!(
        refusal(issuer.run(Event::VerifySignUpCode { device: ATTACKER }, &[code])),
        Refusal::InvalidCredentials
    );
    let Reply::FactorSecret(factor) =
        issuer.run(Event::VerifySignUpCode { device: PHONE }, &[code])
    else {
        panic!("not verified");
    };
    assert_eq!(
        refusal(issuer.run(Event::VerifySignUpCode { device: PHONE }, &[code])),
        Refusal::InvalidCredentials
    );
    let value = issuer.next_totp_of(factor);
    for (device, value) in [(PHONE, TypedValue::Wrong), (ATTACKER, value)] {
        assert_eq!(
            refusal(issuer.run(Event::VerifySignUpFactor { device }, &[value])),
            Refusal::InvalidCredentials
        );
    }
    assert!(matches!(issuer.account, Account::PendingSignUp(_)));
}

#[test]
fn a_sign_up_code_is_compared_five_times_in_its_life() {
    let mut issuer = TestIssuer::with_pending_sign_up(false);
    let code = issuer.last_code();
    for _ in 0..5 {
        issuer.run(Event::VerifySignUpCode { device: PHONE }, &[TypedValue::Wrong]);
    }
    let verification = issuer.start(Event::VerifySignUpCode { device: PHONE });
    assert_eq!(verification.expected(), &ExpectedEvidence::MailedCode(None));
    assert_eq!(refusal(issuer.complete(verification, code)), Refusal::InvalidCredentials);

    let mut issuer = TestIssuer::with_pending_sign_up(false);
    issuer.advance(15 * MINUTE);
    let code = issuer.last_code();
    assert_eq!(
        refusal(issuer.run(Event::VerifySignUpCode { device: PHONE }, &[code])),
        Refusal::InvalidCredentials
    );
}

#[test]
fn concurrent_right_codes_create_one_account() {
    let mut issuer = TestIssuer::with_pending_sign_up(false);
    let code = issuer.last_code();
    let verifications = [(); 2].map(|()| issuer.start(Event::VerifySignUpCode { device: PHONE }));
    let replies = verifications.map(|verification| issuer.complete(verification, code));
    assert!(matches!(replies, [Reply::FactorSecret(_), Reply::Refused(_)]), "{replies:?}");
}

#[test]
fn an_existing_account_is_revealed_by_mail_only() {
    let taken = TestIssuer::with_pending_sign_up(true);
    let free = TestIssuer::with_pending_sign_up(false);
    assert_eq!(taken.account, free.account);
    assert!(matches!(taken.mails.as_slice(), [(_, Notification::AccountExists)]));
    assert!(matches!(free.mails.as_slice(), [(_, Notification::SignUpCode { .. })]));
}

#[test]
fn an_unfinished_sign_up_is_erased() {
    let mut issuer = TestIssuer::with_pending_sign_up(false);
    assert_eq!(refusal(issuer.decide(Event::DeleteIfDue)), Refusal::InvalidCredentials);
    issuer.advance(15 * MINUTE);
    assert!(matches!(issuer.decide(Event::DeleteIfDue), Reply::Done));
    assert_eq!(issuer.account, Account::Closed);
}

#[test]
fn a_pending_sign_up_refuses_account_events() {
    let mut issuer = TestIssuer::with_pending_sign_up(false);
    let snapshot = issuer.account.clone();
    for event in [
        Event::LogIn { device: PHONE, name: String::new(), factor: None, lane: Lane::Strangers },
        Event::RequestReset { device: PHONE, to: ResetDestination::Verified, within_budget: true },
        Event::FinishReset { reset: ResetId(1), device: PHONE },
        Event::Provision { session: SessionId(1), device: PHONE, last_used: None },
        Event::SetOperatorFreeze { frozen: true },
    ] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::InvalidCredentials);
    }
    assert_eq!(issuer.account, snapshot);
}
