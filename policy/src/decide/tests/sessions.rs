use tegata::protocol::{DeviceId, Refusal};

use super::test_issuer::*;
use crate::state::Freeze;
use crate::*;

#[test]
fn sessions_end_after_30_idle_days_or_90_in_all() {
    let mut issuer = TestIssuer::with_account();
    let session = issuer.session_on(PHONE).unwrap();
    for _ in 0..4 {
        issuer.advance(20 * DAY);
        assert!(matches!(
            issuer.decide(Event::UseSession { session, signer: Some(PHONE) }),
            Reply::Done
        ));
    }
    issuer.advance(10 * DAY);
    assert_eq!(
        refusal(issuer.decide(Event::UseSession { session, signer: Some(PHONE) })),
        Refusal::NotLoggedIn
    );

    let mut issuer = TestIssuer::with_account();
    issuer.advance(30 * DAY);
    assert_eq!(
        refusal(issuer.decide(Event::UseSession { session, signer: Some(PHONE) })),
        Refusal::NotLoggedIn
    );
    issuer.set_back(30 * DAY);
    assert_eq!(
        refusal(issuer.decide(Event::UseSession { session, signer: Some(PHONE) })),
        Refusal::NotLoggedIn
    );
}

#[test]
fn a_token_alone_serves_an_idle_hour_and_a_day() {
    let mut issuer = TestIssuer::with_account();
    let session = issuer.session_on(PHONE).unwrap();
    let by = |signer| Event::UseSession { session, signer };
    for _ in 0..24 {
        issuer.advance(59 * MINUTE);
        assert!(matches!(issuer.decide(by(None)), Reply::Done));
    }
    issuer.advance(24 * MINUTE);
    for signer in [None, Some(TABLET)] {
        assert_eq!(refusal(issuer.decide(by(signer))), Refusal::NotLoggedIn, "a day");
    }
    assert!(matches!(issuer.decide(by(Some(PHONE))), Reply::Done), "the signature renews it");
    issuer.advance(60 * MINUTE);
    assert_eq!(refusal(issuer.decide(by(None))), Refusal::NotLoggedIn, "an idle hour");
    let policy = issuer.context;
    assert!(issuer.active().session_of_request(session, None, &policy).is_none());
    assert!(issuer.active().session_of_request(session, Some(PHONE), &policy).is_some());
    issuer.advance(20 * DAY);
    assert!(matches!(issuer.decide(by(Some(PHONE))), Reply::Done));
    assert!(matches!(issuer.decide(by(None)), Reply::Done));
}

#[test]
fn a_token_alone_ends_freezes_and_removes_nothing() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.log_in_fully(TABLET);
    issuer.decide(Event::RequestDeletion { session });
    let phone = issuer.session_on(PHONE);
    issuer.advance(5 * MINUTE);
    let card = || "visa 4242".to_owned();
    let acts = |signer| {
        [
            Event::RemoveCard { session, signer, card: card() },
            Event::CancelDeletion { session, signer },
            Event::Freeze { session, signer },
            Event::EndSessions { session, signer, which: phone },
            Event::ForgetDevice { session, signer, device: PHONE },
        ]
    };
    let mails = issuer.mails.len();
    for event in acts(None).into_iter().chain(acts(Some(PHONE))) {
        assert_eq!(refusal(issuer.decide(event)), Refusal::FactorRequired);
    }
    assert_eq!((issuer.mails.len(), issuer.session_on(PHONE)), (mails, phone));
    for event in acts(Some(TABLET)) {
        assert!(matches!(issuer.decide(event), Reply::Done));
    }
    let mailed: Vec<_> = issuer.mails[mails..].iter().map(|(_, mail)| mail.clone()).collect();
    let expected = [
        Notification::CardRemoved { card: card() },
        Notification::DeletionCancelled,
        Notification::Frozen,
        Notification::SessionsEnded,
        Notification::DeviceForgotten,
    ];
    assert_eq!(mailed, expected);

    let value = issuer.next_totp();
    issuer.run(Event::VerifyFactor { session }, &[value]);
    let other = issuer.log_in_fully(PHONE);
    let ends = Event::EndSessions { session, signer: None, which: Some(other) };
    assert!(matches!(issuer.decide(ends), Reply::Done), "the factor was verified just now");
}

#[test]
fn a_new_credential_lowers_the_caps_and_is_mailed() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.log_in_fully(PHONE);
    assert_eq!(issuer.caps(), Some(Caps::Usual));
    let before = issuer.mails.len();
    issuer.decide(Event::Provision { session, device: PHONE, last_used: None });
    assert_eq!(issuer.caps(), Some(Caps::Low), "on the same phone, too");
    assert_eq!(issuer.mails[before..].len(), 1);
    assert!(issuer.was_sent(&Notification::CredentialCreated));
    issuer.advance(DAY);
    assert_eq!(issuer.caps(), Some(Caps::Usual));
}

#[test]
fn sessions_can_be_ended_one_by_one_or_all_others() {
    let mut issuer = TestIssuer::with_paying_account();
    let phone = issuer.session_on(PHONE).unwrap();
    let tablet = issuer.log_in_fully(TABLET);
    let other = Event::EndSessions { session: tablet, signer: Some(TABLET), which: Some(phone) };
    assert!(matches!(issuer.decide(other), Reply::Done));
    assert_eq!(issuer.session_on(PHONE), None);
    let gone = Event::EndSessions { session: tablet, signer: Some(TABLET), which: Some(phone) };
    assert_eq!(refusal(issuer.decide(gone)), Refusal::NoPendingOperation);
    let phone = issuer.log_in_fully(PHONE);
    let others = Event::EndSessions { session: phone, signer: Some(PHONE), which: None };
    assert!(matches!(issuer.decide(others), Reply::Done));
    assert_eq!((issuer.session_on(PHONE), issuer.session_on(TABLET)), (Some(phone), None));
    assert!(matches!(issuer.decide(Event::LogOut { session: phone }), Reply::Done));
    assert_eq!(refusal(issuer.decide(Event::LogOut { session: phone })), Refusal::NotLoggedIn);
}

#[test]
fn a_forgotten_device_loses_everything_of_the_account() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.log_in_fully(TABLET);
    let reset = issuer.request_and_verify_reset(PHONE);
    let forget = || Event::ForgetDevice { session, signer: Some(TABLET), device: PHONE };
    assert!(matches!(issuer.decide(forget()), Reply::Done));
    assert_eq!((issuer.session_on(PHONE), issuer.caps()), (None, None));
    let finish = Event::FinishReset { reset, device: PHONE };
    assert_eq!(refusal(issuer.decide(finish)), Refusal::InvalidCredentials);
    let password = issuer.password();
    assert_eq!(refusal(issuer.log_in(PHONE, password, None)), Refusal::InvalidCredentials);
    assert_eq!(refusal(issuer.decide(forget())), Refusal::NoPendingOperation);
}

#[test]
fn a_credential_is_bound_to_the_sessions_device() {
    let mut issuer = TestIssuer::with_paying_account();
    let old = issuer.active().credential(&issuer.context).unwrap().number;
    let session = issuer.log_in_fully(TABLET);
    for device in [PHONE, ATTACKER] {
        let reply = issuer.decide(Event::Provision { session, device, last_used: None });
        assert_eq!(refusal(reply), Refusal::InvalidCredentials);
    }
    let reply = issuer.decide(Event::Provision { session, device: TABLET, last_used: None });
    assert!(matches!(reply, Reply::Provisioned(_)), "{reply:?}");
    assert_eq!(issuer.active().caps(old, &issuer.context), None);
    assert_eq!(issuer.caps(), Some(Caps::Low));
}

#[test]
fn new_devices_and_sessions_replace_the_oldest() {
    let mut issuer = TestIssuer::with_paying_account();
    for nth in 20..32 {
        issuer.log_in_fully(DeviceId([nth; 32]));
        issuer.advance(DAY);
        let password = issuer.password();
        for _ in 0..5 {
            issuer.log_in(DeviceId([nth; 32]), password, None);
        }
    }
    assert_eq!(issuer.active().devices().len(), limits::DEVICES);
    assert!(issuer.active().devices().iter().all(|device| device.id != PHONE));
    assert_eq!(issuer.active().sessions(&issuer.context).count(), limits::SESSIONS);
    assert_eq!(issuer.caps(), None, "the phone's");
}

#[test]
fn freezing_needs_a_session_and_unfreezing_the_factor() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.session_on(PHONE).unwrap();
    assert_eq!(
        refusal(issuer.decide(Event::Unfreeze { session, with_recovery_code: false })),
        Refusal::FactorRequired
    );
    issuer.decide(Event::Freeze { session, signer: Some(PHONE) });
    assert!(issuer.active().is_frozen() && issuer.caps().is_none());
    let value = issuer.next_totp();
    issuer.run(Event::VerifyFactor { session }, &[value]);
    assert!(matches!(
        issuer.decide(Event::Unfreeze { session, with_recovery_code: false }),
        Reply::Done
    ));
    assert_eq!(issuer.caps(), Some(Caps::Usual));
    assert_eq!(
        refusal(issuer.decide(Event::Unfreeze { session, with_recovery_code: false })),
        Refusal::NoPendingOperation
    );
}

#[test]
fn an_owner_can_enrol_a_factor_on_their_frozen_account() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.session_on(PHONE).unwrap();
    issuer.decide(Event::Freeze { session, signer: Some(PHONE) });
    // Without a factor to enrol, no change is possible, whatever the log-in.
    let session = issuer.log_in_fully(PHONE);
    assert_eq!(refusal(issuer.decide(Event::BeginFactorEnrolment { session })), Refusal::Frozen);

    let password = issuer.password();
    let code = issuer.recovery_code();
    let reply = issuer.log_in(TABLET, password, Some(code));
    let Reply::LoggedIn { session: new, must_enrol: true } = reply else { panic!("{reply:?}") };
    assert_eq!(
        refusal(issuer.decide(Event::Unfreeze { session: new, with_recovery_code: false })),
        Refusal::EnrolmentRequired
    );
    // A session without the factor, as on a found phone, cannot enrol one.
    let reply = issuer.log_in(PHONE, password, None);
    let Reply::LoggedIn { session: result, .. } = reply else { panic!("{reply:?}") };
    assert_eq!(
        refusal(issuer.decide(Event::BeginFactorEnrolment { session: result })),
        Refusal::FactorRequired
    );
    for by in [Freeze::Operator, Freeze::Notice, Freeze::RecoveryCode, Freeze::Session] {
        let Account::Active(active) = &mut issuer.account else { panic!("no account") };
        active.frozen = Some(by);
        let reply = issuer.decide(Event::BeginFactorEnrolment { session: new });
        assert_eq!(matches!(reply, Reply::Refused(Refusal::Frozen)), by == Freeze::Operator);
    }
    issuer.enrol_factor(new);
    assert_eq!(
        refusal(issuer.decide(Event::BeginFactorEnrolment { session: new })),
        Refusal::Frozen
    );
    assert_eq!(refusal(issuer.decide(Event::RenewRecoveryCodes { session: new })), Refusal::Frozen);
    assert!(matches!(
        issuer.decide(Event::Unfreeze { session: new, with_recovery_code: false }),
        Reply::Done
    ));
    assert!(!issuer.active().is_frozen());
}

#[test]
fn only_an_operator_lifts_an_operators_freeze() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.log_in_fully(PHONE);
    let old = issuer.recovery_code();
    issuer.enrol_factor(session);
    let notice = issuer.last_code();
    issuer.decide(Event::SetOperatorFreeze { frozen: true });
    issuer.decide(Event::Freeze { session, signer: Some(PHONE) });
    assert_eq!(
        refusal(issuer.decide(Event::Unfreeze { session, with_recovery_code: false })),
        Refusal::Frozen
    );
    issuer.run(Event::FreezeByCode, &[notice]);
    issuer.advance(8 * DAY);
    let undone = issuer.run(Event::RevertChanges { factor: FactorKind::Recovery }, &[notice, old]);
    assert!(matches!(undone, Reply::Done), "{undone:?}");
    assert!(issuer.active().is_frozen());
    issuer.decide(Event::SetOperatorFreeze { frozen: false });
    assert!(!issuer.active().is_frozen());
}

#[test]
fn an_export_needs_a_recent_log_in_and_works_when_frozen() {
    let mut issuer = TestIssuer::with_paying_account();
    let export = |session, first| Event::Export { session, first };
    let session = issuer.session_on(PHONE).unwrap();
    assert_eq!(refusal(issuer.decide(export(session, true))), Refusal::LoginTooOld);
    let password = issuer.password();
    issuer.log_in(PHONE, password, None);
    let session = issuer.session_on(PHONE).unwrap();
    assert_eq!(refusal(issuer.decide(export(session, true))), Refusal::FactorRequired);
    let session = issuer.log_in_fully(PHONE);
    issuer.decide(Event::Freeze { session, signer: Some(PHONE) });
    assert!(matches!(issuer.decide(export(session, true)), Reply::Done));
    assert!(issuer.was_sent(&Notification::DataExported));
    let audit_events = issuer.audit_events.len();
    assert!(matches!(issuer.decide(export(session, false)), Reply::Done), "the next page");
    assert_eq!(issuer.audit_events.len(), audit_events);
    // A request for a later page notifies the owner too if the session requested none before.
    let session = issuer.log_in_fully(PHONE);
    let mails = issuer.mails.len();
    for _ in 0..2 {
        assert!(matches!(issuer.decide(export(session, false)), Reply::Done));
        assert_eq!((issuer.audit_events.len(), issuer.mails.len()), (audit_events + 2, mails + 1));
    }
    issuer.advance(5 * MINUTE);
    assert_eq!(refusal(issuer.decide(export(session, false))), Refusal::LoginTooOld);
}

#[test]
fn an_account_is_deleted_after_seven_days_unless_cancelled() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.log_in_fully(PHONE);
    assert_eq!(
        refusal(issuer.decide(Event::CancelDeletion { session, signer: Some(PHONE) })),
        Refusal::NoPendingOperation
    );
    issuer.decide(Event::RequestDeletion { session });
    let due = issuer.active().deletion().unwrap();
    issuer.advance(6 * DAY);
    assert_eq!(refusal(issuer.decide(Event::DeleteIfDue)), Refusal::NoPendingOperation);
    assert!(matches!(
        issuer.decide(Event::CancelDeletion { session, signer: Some(PHONE) }),
        Reply::Done
    ));
    issuer.advance(2 * DAY);
    assert_eq!(refusal(issuer.decide(Event::DeleteIfDue)), Refusal::NoPendingOperation);

    let session = issuer.log_in_fully(PHONE);
    issuer.decide(Event::RequestDeletion { session });
    assert!(issuer.active().deletion().unwrap() > due);
    issuer.advance(7 * DAY);
    assert!(matches!(issuer.decide(Event::DeleteIfDue), Reply::Done));
    assert_eq!(issuer.account, Account::Closed);
    let event =
        Event::LogIn { device: PHONE, name: String::new(), factor: None, lane: Lane::Strangers };
    assert_eq!(refusal(issuer.decide(event)), Refusal::InvalidCredentials);
    assert_eq!(
        refusal(issuer.decide(Event::SetOperatorFreeze { frozen: false })),
        Refusal::InvalidCredentials
    );
}
