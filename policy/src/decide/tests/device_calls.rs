use tegata::protocol::Refusal;

use super::test_issuer::*;
use crate::*;

#[test]
fn a_known_device_freezes_by_its_signature_alone() {
    let mut issuer = TestIssuer::with_paying_account();
    let reply = issuer.decide(Event::FreezeFromDevice { device: ATTACKER });
    assert_eq!(refusal(reply), Refusal::InvalidCredentials);
    assert!(!issuer.active().is_frozen());
    // Without a session, and as the owner's own freeze: the owner lifts it.
    issuer.decide(Event::EndDeviceSessions { device: PHONE });
    for _ in 0..2 {
        let reply = issuer.decide(Event::FreezeFromDevice { device: PHONE });
        assert!(matches!(reply, Reply::Done));
    }
    assert!(issuer.active().is_frozen() && issuer.was_sent(&Notification::Frozen));
    let frozen = issuer.mails.iter().filter(|mail| mail.1 == Notification::Frozen);
    assert_eq!(frozen.count(), 1);
    let session = issuer.log_in_fully(PHONE);
    assert!(matches!(
        issuer.decide(Event::Unfreeze { session, with_recovery_code: false }),
        Reply::Done
    ));
}

#[test]
fn a_device_ends_its_own_sessions_and_no_others() {
    let mut issuer = TestIssuer::with_account();
    let tablet = issuer.log_in_fully(TABLET);
    issuer.log_in_fully(PHONE);
    for device in [ATTACKER, PHONE, PHONE] {
        let reply = issuer.decide(Event::EndDeviceSessions { device });
        assert!(matches!(reply, Reply::Done));
    }
    assert_eq!(issuer.session_on(PHONE), None);
    assert_eq!(issuer.session_on(TABLET), Some(tablet));
    let ended = issuer.audit_events.iter().filter(|event| **event == AuditEvent::SessionsEnded);
    assert_eq!(ended.count(), 1, "nothing is logged of what changed nothing");
    assert_eq!(issuer.active().devices().len(), 2, "the device stays known");
}

#[test]
fn a_device_is_told_of_a_freeze_a_newer_device_and_its_session() {
    let mut issuer = TestIssuer::with_account();
    let flags = |issuer: &TestIssuer, device| issuer.active().device_flags(device, &issuer.context);
    let alone = DeviceFlags { logged_in: true, ..DeviceFlags::default() };
    assert_eq!(flags(&issuer, PHONE), alone);
    issuer.advance(DAY);
    issuer.log_in_fully(TABLET);
    let since = issuer.context.now;
    assert_eq!(flags(&issuer, PHONE), DeviceFlags { new_device: Some(since), ..alone });
    assert_eq!(flags(&issuer, TABLET), alone, "the older device is not new");
    issuer.decide(Event::FreezeFromDevice { device: PHONE });
    issuer.decide(Event::EndDeviceSessions { device: TABLET });
    let frozen = DeviceFlags { frozen: true, ..DeviceFlags::default() };
    assert_eq!(flags(&issuer, TABLET), frozen);
    issuer.advance(7 * DAY);
    assert_eq!(flags(&issuer, PHONE), DeviceFlags { logged_in: true, ..frozen });
    assert_eq!(flags(&issuer, ATTACKER), DeviceFlags::default(), "as of no account");
}
