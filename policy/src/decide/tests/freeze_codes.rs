use tegata::protocol::{DeviceId, Refusal};

use super::test_issuer::*;
use crate::*;

/// Requests a code for this device; gives its number and the code.
fn request_code(issuer: &mut TestIssuer, device: DeviceId) -> (ResetId, TypedValue) {
    match issuer.decide(Event::RequestFreezeCode { device, within_budget: true }) {
        Reply::FreezeCodeRequested(number) => (number, issuer.last_code()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mailed_code_freezes_from_its_device_once() {
    let mut issuer = TestIssuer::with_paying_account();
    let (code, typed) = request_code(&mut issuer, TABLET);
    let verify = |device| Event::VerifyFreezeCode { code, device };
    assert_eq!(refusal(issuer.run(verify(ATTACKER), &[typed])), Refusal::InvalidCredentials);
    let wrong = issuer.run(verify(TABLET), &[TypedValue::Wrong]);
    assert_eq!(refusal(wrong), Refusal::InvalidCredentials);
    assert!(!issuer.active().is_frozen());
    assert!(matches!(issuer.run(verify(TABLET), &[typed]), Reply::Done));
    assert!(issuer.active().is_frozen() && issuer.was_sent(&Notification::Frozen));
    assert_eq!(refusal(issuer.run(verify(TABLET), &[typed])), Refusal::InvalidCredentials);
    // Whoever reads the mail restricts, and no more: the device is as strange as before, and the owner lifts the freeze.
    assert!(issuer.active().devices().iter().all(|device| device.id != TABLET));
    let session = issuer.log_in_fully(PHONE);
    assert!(matches!(
        issuer.decide(Event::Unfreeze { session, with_recovery_code: false }),
        Reply::Done
    ));
}

#[test]
fn a_freeze_code_is_compared_five_times_in_its_life() {
    let mut issuer = TestIssuer::with_paying_account();
    let (code, typed) = request_code(&mut issuer, TABLET);
    let verify = |code| Event::VerifyFreezeCode { code, device: TABLET };
    for _ in 0..5 {
        issuer.run(verify(code), &[TypedValue::Wrong]);
    }
    assert_eq!(refusal(issuer.run(verify(code), &[typed])), Refusal::InvalidCredentials);
    let (code, typed) = request_code(&mut issuer, TABLET);
    issuer.advance(15 * MINUTE);
    assert_eq!(refusal(issuer.run(verify(code), &[typed])), Refusal::InvalidCredentials);
    assert!(!issuer.active().is_frozen());
}

#[test]
fn a_freeze_code_is_for_freezing_alone() {
    let mut issuer = TestIssuer::with_paying_account();
    let reset = issuer.request_reset(TABLET);
    let reset_code = issuer.last_code();
    let (code, typed) = request_code(&mut issuer, TABLET);
    let value = issuer.next_totp();
    let result = issuer.verify_reset(code, TABLET, typed, value);
    assert_eq!(refusal(result), Refusal::InvalidCredentials);
    let as_log_in = Event::VerifyLogInCode { code, device: TABLET };
    assert_eq!(refusal(issuer.run(as_log_in, &[typed])), Refusal::InvalidCredentials);
    let with_reset = Event::VerifyFreezeCode { code: reset, device: TABLET };
    assert_eq!(refusal(issuer.run(with_reset, &[reset_code])), Refusal::InvalidCredentials);
    // A flood of other codes takes its place from none.
    for byte in 100..200 {
        let event = Event::RequestLogInCode { device: DeviceId([byte; 32]), within_budget: true };
        issuer.decide(event);
    }
    let event = Event::VerifyFreezeCode { code, device: TABLET };
    assert!(matches!(issuer.run(event, &[typed]), Reply::Done));
}
