use tegata::protocol::Refusal;

use super::test_issuer::*;
use crate::*;

/// Requests a code for this device; gives its number and the code.
fn request_code(
    issuer: &mut TestIssuer,
    device: tegata::protocol::DeviceId,
) -> (ResetId, TypedValue) {
    match issuer.decide(Event::RequestLogInCode { device, within_budget: true }) {
        Reply::LogInCodeRequested(number) => (number, issuer.last_code()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_log_in_code_counts_for_its_device_and_five_times() {
    let mut issuer = TestIssuer::with_paying_account();
    let (code, typed) = request_code(&mut issuer, TABLET);
    let verify = |device| Event::VerifyLogInCode { code, device };
    assert_eq!(refusal(issuer.run(verify(ATTACKER), &[typed])), Refusal::InvalidCredentials);
    for _ in 0..4 {
        assert!(matches!(issuer.run(verify(TABLET), &[typed]), Reply::Done));
    }
    let wrong = issuer.run(verify(TABLET), &[TypedValue::Wrong]);
    assert_eq!(refusal(wrong), Refusal::InvalidCredentials);
    assert_eq!(refusal(issuer.run(verify(TABLET), &[typed])), Refusal::InvalidCredentials);

    let (code, typed) = request_code(&mut issuer, TABLET);
    issuer.advance(15 * MINUTE);
    let late = issuer.run(Event::VerifyLogInCode { code, device: TABLET }, &[typed]);
    assert_eq!(refusal(late), Refusal::InvalidCredentials);
}

#[test]
fn codes_of_resets_and_of_log_ins_are_not_interchangeable() {
    let mut issuer = TestIssuer::with_paying_account();
    let reset = issuer.request_reset(TABLET);
    let reset_code = issuer.last_code();
    let (code, typed) = request_code(&mut issuer, TABLET);
    let value = issuer.next_totp();
    let result = issuer.verify_reset(code, TABLET, typed, value);
    assert_eq!(refusal(result), Refusal::InvalidCredentials);
    let result = issuer.run(Event::VerifyLogInCode { code: reset, device: TABLET }, &[reset_code]);
    assert_eq!(refusal(result), Refusal::InvalidCredentials);
    // Neither ends the other.
    let value = issuer.next_totp();
    let result = issuer.verify_reset(reset, TABLET, reset_code, value);
    assert!(matches!(result, Reply::ResetVerified), "{result:?}");
    let result = issuer.run(Event::VerifyLogInCode { code, device: TABLET }, &[typed]);
    assert!(matches!(result, Reply::Done), "{result:?}");
}

#[test]
fn wrong_factors_of_strangers_leave_the_mailed_code_lane_open() {
    let mut issuer = TestIssuer::with_paying_account();
    let password = issuer.password();
    for _ in 0..20 {
        issuer.log_in(ATTACKER, password, Some(TypedValue::Wrong));
    }
    let value = issuer.next_totp();
    let result = issuer.log_in(TABLET, password, Some(value));
    assert_eq!(refusal(result), Refusal::InvalidCredentials);
    let value = issuer.next_totp();
    let result = issuer.log_in_by(Lane::MailedCode, TABLET, password, Some(value));
    assert!(matches!(result, Reply::LoggedIn { must_enrol: false, .. }), "{result:?}");
}

#[test]
fn a_hundred_wrong_factors_in_a_row_void_the_authenticator() {
    let mut issuer = TestIssuer::with_paying_account();
    let password = issuer.password();
    let wrong = |issuer: &mut TestIssuer| {
        if issuer.active().attempts.wrong_factors.is_multiple_of(20) {
            issuer.advance(8 * DAY);
        }
        issuer.log_in(ATTACKER, password, Some(TypedValue::Wrong))
    };
    for _ in 0..49 {
        wrong(&mut issuer);
    }
    let value = issuer.next_totp();
    issuer.log_in(PHONE, password, Some(value));
    assert_eq!(issuer.active().attempts.wrong_factors, 0, "a right one ends the count");
    let was_warned =
        |issuer: &TestIssuer, left| issuer.was_sent(&Notification::WrongFactors { left });
    for nth in 1..=100 {
        assert_eq!((was_warned(&issuer, 50), was_warned(&issuer, 0)), (nth > 50, false));
        wrong(&mut issuer);
    }
    assert!(was_warned(&issuer, 0));
    let value = issuer.next_totp();
    let refused = issuer.log_in(PHONE, password, Some(value));
    assert_eq!(refusal(refused), Refusal::InvalidCredentials);
    // The password alone logs in on the phone; with a mailed code, too, another authenticator can be enrolled.
    let plain = issuer.log_in(PHONE, password, None);
    assert!(matches!(plain, Reply::LoggedIn { must_enrol: false, .. }), "{plain:?}");
    let unknown = issuer.log_in_by(Lane::MailedCode, TABLET, password, None);
    assert_eq!(refusal(unknown), Refusal::InvalidCredentials);
    let with_code = issuer.log_in_by(Lane::MailedCode, PHONE, password, None);
    let Reply::LoggedIn { session, must_enrol: true } = with_code else { panic!("{with_code:?}") };
    issuer.enrol_factor(session);
    assert_eq!(issuer.active().attempts.wrong_factors, 0);
    // What strangers have in a week is used up.
    issuer.advance(8 * DAY);
    issuer.log_in_fully(TABLET);
}

#[test]
fn a_recovery_code_enrols_in_place_of_a_void_authenticator() {
    let mut issuer = TestIssuer::with_paying_account();
    let password = issuer.password();
    for _ in 0..5 {
        issuer.advance(8 * DAY);
        for _ in 0..20 {
            issuer.log_in(ATTACKER, password, Some(TypedValue::Wrong));
        }
    }
    let code = issuer.recovery_code();
    let reply = issuer.log_in(TABLET, password, Some(code));
    let Reply::LoggedIn { session, must_enrol: true } = reply else { panic!("{reply:?}") };
    issuer.enrol_factor(session);
    // A replaced factor forgets the phone, and what strangers have in a week is used up.
    issuer.advance(8 * DAY);
    issuer.log_in_fully(PHONE);
}

#[test]
fn a_returned_attempt_of_a_sign_up_can_be_used_again() {
    let mut issuer = TestIssuer::with_pending_sign_up(false);
    let code = issuer.last_code();
    for _ in 0..20 {
        let verification = issuer.start(Event::VerifySignUpCode { device: PHONE });
        assert!(matches!(issuer.decide(Event::ReturnAttempt { verification }), Reply::Done));
    }
    for _ in 0..4 {
        let result = issuer.run(Event::VerifySignUpCode { device: PHONE }, &[TypedValue::Wrong]);
        assert_eq!(refusal(result), Refusal::InvalidCredentials);
    }
    let result = issuer.run(Event::VerifySignUpCode { device: PHONE }, &[code]);
    assert!(matches!(result, Reply::FactorSecret(_)), "{result:?}");
}
