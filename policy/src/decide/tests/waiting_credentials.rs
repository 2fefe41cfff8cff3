use tegata::UnixTime;
use tegata::protocol::{DeviceId, Refusal};

use super::test_issuer::*;
use crate::*;

/// Provisions on a device where the owner is logged in, while a code was accepted at this time.
fn provision(issuer: &mut TestIssuer, device: DeviceId, last_used: Option<UnixTime>) {
    let session = issuer.log_in_fully(device);
    let reply = issuer.decide(Event::Provision { session, device, last_used });
    assert!(matches!(reply, Reply::Provisioned(_)), "{reply:?}");
}

fn pays(issuer: &TestIssuer) -> Option<DeviceId> {
    issuer.active().credential(&issuer.context).map(|credential| credential.device)
}

#[test]
fn a_credential_waits_if_another_device_paid_within_seven_days() {
    for (age, waits) in [(0, true), (7 * DAY - MINUTE, true), (7 * DAY, false)] {
        let mut issuer = TestIssuer::with_paying_account();
        let used = issuer.context.now;
        issuer.advance(age);
        provision(&mut issuer, TABLET, Some(used));
        assert_eq!(pays(&issuer), Some(if waits { PHONE } else { TABLET }), "{age}");
        assert_eq!(issuer.was_sent(&Notification::CredentialWaits), waits);
    }
    let mut issuer = TestIssuer::with_paying_account();
    provision(&mut issuer, TABLET, None);
    assert_eq!(pays(&issuer), Some(TABLET), "the first was never used");
    // The device that pays replaces its own credential at once.
    let now = issuer.context.now;
    provision(&mut issuer, TABLET, Some(now));
    assert_eq!(pays(&issuer), Some(TABLET));
    assert_eq!(issuer.active().next_credential(), None);
}

#[test]
fn a_waiting_credential_counts_after_a_day_under_low_caps() {
    let mut issuer = TestIssuer::with_paying_account();
    let used = issuer.context.now;
    provision(&mut issuer, TABLET, Some(used));
    let next = issuer.active().next_credential().unwrap();
    issuer.advance(DAY - 1);
    issuer.decide(Event::DeleteIfDue);
    assert_eq!((pays(&issuer), issuer.active().next_credential()), (Some(PHONE), Some(next)));
    issuer.advance(1);
    issuer.decide(Event::DeleteIfDue);
    assert_eq!((pays(&issuer), issuer.active().next_credential()), (Some(TABLET), None));
    assert_eq!(issuer.caps(), Some(Caps::Low));
    issuer.advance(DAY);
    assert_eq!(issuer.caps(), Some(Caps::Usual));
}

#[test]
fn the_device_that_pays_confirms_and_no_other() {
    let mut issuer = TestIssuer::with_paying_account();
    let used = issuer.context.now;
    provision(&mut issuer, TABLET, Some(used));
    let tablet = issuer.session_on(TABLET).unwrap();
    let phone = issuer.log_in_fully(PHONE);
    let confirm = |session, signer| Event::ConfirmCredential { session, signer };
    let reply = issuer.decide(confirm(tablet, Some(TABLET)));
    assert_eq!(refusal(reply), Refusal::NoPendingOperation);
    for signer in [None, Some(TABLET)] {
        let reply = issuer.decide(confirm(phone, signer));
        assert_eq!(refusal(reply), Refusal::InvalidCredentials, "the token alone");
    }
    assert!(matches!(issuer.decide(confirm(phone, Some(PHONE))), Reply::Done));
    assert_eq!((pays(&issuer), issuer.active().next_credential()), (Some(TABLET), None));
}

#[test]
fn a_waiting_credential_ends_with_a_freeze_a_reset_and_its_device() {
    let waiting = || {
        let mut issuer = TestIssuer::with_paying_account();
        let used = issuer.context.now;
        provision(&mut issuer, TABLET, Some(used));
        assert!(issuer.active().next_credential().is_some());
        issuer
    };
    let mut issuer = waiting();
    issuer.decide(Event::FreezeFromDevice { device: PHONE });
    let session = issuer.log_in_fully(PHONE);
    issuer.decide(Event::Unfreeze { session, with_recovery_code: false });
    assert_eq!((pays(&issuer), issuer.active().next_credential()), (Some(PHONE), None));

    let mut issuer = waiting();
    issuer.decide(Event::SetOperatorFreeze { frozen: true });
    issuer.decide(Event::SetOperatorFreeze { frozen: false });
    assert_eq!(issuer.active().next_credential(), None);

    let mut issuer = waiting();
    issuer.reset_password(PHONE);
    issuer.advance(2 * DAY);
    issuer.decide(Event::DeleteIfDue);
    assert_eq!((pays(&issuer), issuer.active().next_credential()), (None, None));

    let mut issuer = waiting();
    let session = issuer.log_in_fully(PHONE);
    issuer.decide(Event::ForgetDevice { session, signer: Some(PHONE), device: TABLET });
    assert_eq!((pays(&issuer), issuer.active().next_credential()), (Some(PHONE), None));
    // Forgetting the device that pays shortens nothing for the one that takes its place.
    let used = issuer.context.now;
    let session = issuer.log_in_fully(TABLET);
    issuer.decide(Event::ForgetDevice { session, signer: Some(TABLET), device: PHONE });
    provision(&mut issuer, TABLET, Some(used));
    assert_eq!(pays(&issuer), None);
    assert!(issuer.active().next_credential().is_some());
}
