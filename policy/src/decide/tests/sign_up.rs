use tegata::protocol::{Refusal, SessionId};

use super::test_issuer::*;
use crate::*;

#[test]
fn an_account_has_a_verified_address_a_password_and_a_second_factor_from_its_first_moment() {
    let issuer = TestIssuer::with_account();
    let active = issuer.active();
    assert_eq!(active.recovery_left(), 10);
    assert!(active.password.is_some() && !active.must_enrol());
    assert_eq!(issuer.audit_events, [AuditEvent::SignedUp]);
    assert_eq!(issuer.caps(), None, "nothing is paid without a credential");
}

#[test]
fn a_sign_up_skips_no_step() {
    let mut issuer = TestIssuer::with_pending_sign_up(false);
    let reply = issuer.run(Event::VerifySignUpFactor { device: PHONE }, &[TypedValue::Wrong]);
    assert_eq!(refusal(reply), Refusal::Wrong);
    let code = issuer.last_code();
    assert_eq!(
        refusal(issuer.run(Event::VerifySignUpCode { device: PHONE }, &[TypedValue::Wrong])),
        Refusal::Wrong
    );
    assert_eq!(
        refusal(issuer.run(Event::VerifySignUpCode { device: ATTACKER }, &[code])),
        Refusal::Wrong
    );
    let Reply::FactorSecret(factor) =
        issuer.run(Event::VerifySignUpCode { device: PHONE }, &[code])
    else {
        panic!("not verified");
    };
    assert_eq!(
        refusal(issuer.run(Event::VerifySignUpCode { device: PHONE }, &[code])),
        Refusal::Wrong
    );
    let value = issuer.next_totp_of(factor);
    for (device, value) in [(PHONE, TypedValue::Wrong), (ATTACKER, value)] {
        assert_eq!(
            refusal(issuer.run(Event::VerifySignUpFactor { device }, &[value])),
            Refusal::Wrong
        );
    }
    assert!(matches!(issuer.account, Account::PendingSignUp(_)));
}

#[test]
fn a_sign_ups_code_is_compared_five_times_and_for_ten_minutes() {
    let mut issuer = TestIssuer::with_pending_sign_up(false);
    let code = issuer.last_code();
    for _ in 0..5 {
        issuer.run(Event::VerifySignUpCode { device: PHONE }, &[TypedValue::Wrong]);
    }
    let verification = issuer.start(Event::VerifySignUpCode { device: PHONE });
    assert_eq!(verification.expected(), &ExpectedEvidence::MailedCode(None));
    assert_eq!(refusal(issuer.complete(verification, code)), Refusal::Wrong);

    let mut issuer = TestIssuer::with_pending_sign_up(false);
    issuer.advance(10 * MINUTE);
    let code = issuer.last_code();
    assert_eq!(
        refusal(issuer.run(Event::VerifySignUpCode { device: PHONE }, &[code])),
        Refusal::Wrong
    );
}

#[test]
fn the_right_code_twice_at_once_makes_one_account() {
    let mut issuer = TestIssuer::with_pending_sign_up(false);
    let code = issuer.last_code();
    let verifications = [(); 2].map(|()| issuer.start(Event::VerifySignUpCode { device: PHONE }));
    let replies = verifications.map(|verification| issuer.complete(verification, code));
    assert!(matches!(replies, [Reply::FactorSecret(_), Reply::Refused(_)]), "{replies:?}");
}

#[test]
fn who_has_an_account_is_told_so_by_mail_and_nowhere_else() {
    let taken = TestIssuer::with_pending_sign_up(true);
    let free = TestIssuer::with_pending_sign_up(false);
    assert_eq!(taken.account, free.account);
    assert!(matches!(taken.mails.as_slice(), [(_, Notification::AccountExists)]));
    assert!(matches!(free.mails.as_slice(), [(_, Notification::SignUpCode { .. })]));
}

#[test]
fn a_sign_up_that_nobody_finishes_leaves_no_address_behind() {
    let mut issuer = TestIssuer::with_pending_sign_up(false);
    assert_eq!(refusal(issuer.decide(Event::DeleteIfDue)), Refusal::Wrong);
    issuer.advance(10 * MINUTE);
    assert!(matches!(issuer.decide(Event::DeleteIfDue), Reply::Done));
    assert_eq!(issuer.account, Account::Closed);
}

#[test]
fn what_is_asked_of_an_account_is_refused_before_there_is_one() {
    let mut issuer = TestIssuer::with_pending_sign_up(false);
    let snapshot = issuer.account.clone();
    for event in [
        Event::LogIn { device: PHONE, name: String::new(), factor: None },
        Event::RequestReset { device: PHONE, name: String::new(), to: ResetDestination::Verified },
        Event::FinishReset { reset: ResetId(1), device: PHONE },
        Event::Provision { session: SessionId(1), device: PHONE },
        Event::SetOperatorFreeze { frozen: true },
    ] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::Wrong);
    }
    assert_eq!(issuer.account, snapshot);
}
