use tegata::protocol::{DeviceId, Refusal};

use super::test_issuer::*;
use crate::*;

/// Freezes with what was typed, on a device.
fn freeze(issuer: &mut TestIssuer, device: DeviceId, typed: TypedValue) -> Reply {
    issuer.run(Event::FreezeByFactor { device, factor: typed.kind() }, &[typed])
}

/// Lifts the freeze, with a recovery code or without one.
fn lift(
    issuer: &mut TestIssuer,
    session: tegata::protocol::SessionId,
    code: Option<TypedValue>,
) -> Reply {
    let event = Event::Unfreeze { session, with_recovery_code: code.is_some() };
    issuer.run(event, code.as_slice())
}

#[test]
fn a_value_of_the_second_factor_freezes_once_from_any_device() {
    let mut issuer = TestIssuer::with_paying_account();
    assert_eq!(
        refusal(freeze(&mut issuer, TABLET, TypedValue::Wrong)),
        Refusal::InvalidCredentials
    );
    assert!(!issuer.active().is_frozen());
    let value = issuer.next_totp();
    assert!(matches!(freeze(&mut issuer, TABLET, value), Reply::Done));
    assert!(issuer.active().is_frozen() && issuer.was_sent(&Notification::Frozen));
    assert_eq!(refusal(freeze(&mut issuer, TABLET, value)), Refusal::InvalidCredentials);
    // It is the owner's own freeze, and the device is as strange as before.
    assert!(issuer.active().devices().iter().all(|device| device.id != TABLET));
    let session = issuer.log_in_fully(PHONE);
    assert!(matches!(lift(&mut issuer, session, None), Reply::Done));
}

#[test]
fn a_freeze_by_a_recovery_code_is_lifted_with_another_one() {
    let mut issuer = TestIssuer::with_paying_account();
    let used = issuer.recovery_code();
    assert!(matches!(freeze(&mut issuer, TABLET, used), Reply::Done));
    assert!(issuer.was_sent(&Notification::RecoveryCodeUsed { left: 9 }));
    // Whoever has the phone has its second factor as well, and lifts nothing by it.
    let session = issuer.log_in_fully(PHONE);
    assert_eq!(refusal(lift(&mut issuer, session, None)), Refusal::RecoveryCodeRequired);
    for wrong in [TypedValue::Wrong, used] {
        assert_eq!(refusal(lift(&mut issuer, session, Some(wrong))), Refusal::InvalidCredentials);
    }
    assert!(issuer.active().is_frozen() && issuer.caps().is_none());
    let other = issuer.recovery_code();
    assert!(matches!(lift(&mut issuer, session, Some(other)), Reply::Done));
    assert!(issuer.was_sent(&Notification::Unfrozen));
    assert_eq!(issuer.caps(), Some(Caps::Usual));
}

#[test]
fn a_freeze_by_a_recovery_code_takes_the_place_of_a_weaker_one_alone() {
    let mut issuer = TestIssuer::with_paying_account();
    issuer.decide(Event::FreezeFromDevice { device: PHONE });
    let code = issuer.recovery_code();
    freeze(&mut issuer, TABLET, code);
    issuer.decide(Event::FreezeFromDevice { device: PHONE });
    let value = issuer.next_totp();
    freeze(&mut issuer, TABLET, value);
    let session = issuer.log_in_fully(PHONE);
    assert_eq!(refusal(lift(&mut issuer, session, None)), Refusal::RecoveryCodeRequired);

    issuer.decide(Event::SetOperatorFreeze { frozen: true });
    let code = issuer.recovery_code();
    freeze(&mut issuer, TABLET, code);
    let code = issuer.recovery_code();
    assert_eq!(refusal(lift(&mut issuer, session, Some(code))), Refusal::Frozen);
}

#[test]
fn reverting_changes_lifts_no_freeze_by_a_recovery_code() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.log_in_fully(PHONE);
    issuer.change_address(session);
    let notice = issuer.last_code();
    let code = issuer.recovery_code();
    freeze(&mut issuer, TABLET, code);
    // A thief with mail and second factor of the phone: a notice's freeze takes no stronger one's place.
    issuer.run(Event::FreezeByCode, &[notice]);
    let value = issuer.next_totp();
    let reverted = Event::RevertChanges { factor: FactorKind::Totp };
    assert!(matches!(issuer.run(reverted, &[notice, value]), Reply::Done));
    assert!(issuer.active().is_frozen());
}

#[test]
fn a_freeze_by_a_notice_is_lifted_with_a_recovery_code_from_before() {
    let mut issuer = TestIssuer::with_paying_account();
    let before = issuer.recovery_code();
    let session = issuer.log_in_fully(PHONE);
    issuer.decide(Event::RenewRecoveryCodes { session });
    let notice = issuer.last_code();
    issuer.run(Event::FreezeByCode, &[notice]);
    let session = issuer.log_in_fully(PHONE);
    let after = issuer.recovery_code();
    assert_eq!(refusal(lift(&mut issuer, session, Some(after))), Refusal::InvalidCredentials);
    assert!(matches!(lift(&mut issuer, session, Some(before)), Reply::Done));
    // Whoever reads the notices has had their turn.
    issuer.run(Event::FreezeByCode, &[notice]);
    assert!(!issuer.active().is_frozen());
}

#[test]
fn wrong_values_typed_to_freeze_make_no_authenticator_void() {
    let mut issuer = TestIssuer::with_paying_account();
    for _ in 0..limits::WRONG_FACTORS {
        freeze(&mut issuer, TABLET, TypedValue::Wrong);
    }
    assert_eq!(issuer.active().attempts.wrong_factors, 0);
    issuer.log_in_fully(TABLET);
    // On a device that the account knows they count with its others, and not those of recovery codes.
    for _ in 0..limits::FACTOR_KNOWN_DEVICE.tries {
        freeze(&mut issuer, PHONE, TypedValue::Wrong);
    }
    let value = issuer.next_totp();
    assert_eq!(refusal(freeze(&mut issuer, PHONE, value)), Refusal::InvalidCredentials);
    let code = issuer.recovery_code();
    assert!(matches!(freeze(&mut issuer, PHONE, code), Reply::Done));
}
