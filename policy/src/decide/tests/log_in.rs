use tegata::protocol::Refusal;

use super::test_issuer::*;
use crate::*;

#[test]
fn the_password_alone_logs_in_on_a_known_device() {
    let mut issuer = TestIssuer::with_paying_account();
    let password = issuer.password();
    let reply = issuer.log_in(PHONE, password, None);
    let Reply::LoggedIn { session, must_enrol: false } = reply else { panic!("{reply:?}") };
    let provision = || Event::Provision { session, device: PHONE, last_used: None };
    assert_eq!(refusal(issuer.decide(provision())), Refusal::FactorRequired);
    let value = issuer.next_totp();
    assert!(matches!(issuer.run(Event::VerifyFactor { session }, &[value]), Reply::Done));
    assert!(matches!(issuer.decide(provision()), Reply::Provisioned(_)));
    issuer.advance(5 * MINUTE);
    assert_eq!(refusal(issuer.decide(provision())), Refusal::FactorRequired);
}

#[test]
fn a_device_is_known_for_90_days_from_its_last_factor() {
    let mut issuer = TestIssuer::with_account();
    let password = issuer.password();
    issuer.advance(89 * DAY);
    assert!(matches!(issuer.log_in(PHONE, password, None), Reply::LoggedIn { .. }));
    issuer.advance(DAY);
    assert_eq!(refusal(issuer.log_in(PHONE, password, None)), Refusal::InvalidCredentials);
    issuer.log_in_fully(PHONE);
    assert_eq!(issuer.active().devices().len(), 1);
    issuer.advance(80 * DAY);
    let Reply::LoggedIn { session, .. } = issuer.log_in(PHONE, password, None) else {
        panic!("not logged in");
    };
    let value = issuer.next_totp();
    issuer.run(Event::VerifyFactor { session }, &[value]);
    issuer.advance(89 * DAY);
    assert!(matches!(issuer.log_in(PHONE, password, None), Reply::LoggedIn { .. }));
}

#[test]
fn a_reset_forgets_every_other_device() {
    for device in [PHONE, TABLET] {
        let mut issuer = TestIssuer::with_paying_account();
        issuer.reset_password(device);
        let password = issuer.password();
        let known: Vec<_> = issuer.active().devices().iter().map(|device| device.id).collect();
        assert_eq!(known, [PHONE][..usize::from(device == PHONE)]);
        let reply = issuer.log_in(PHONE, password, None);
        assert_eq!(matches!(reply, Reply::LoggedIn { .. }), device == PHONE);
        assert_eq!(refusal(issuer.log_in(TABLET, password, None)), Refusal::InvalidCredentials);
    }
}

#[test]
fn log_ins_on_a_known_device_are_mailed_once_a_day() {
    let mut issuer = TestIssuer::with_paying_account();
    issuer.log_in_fully(TABLET);
    let password = issuer.password();
    let mails = |issuer: &TestIssuer| {
        issuer.mails.iter().filter(|(_, mail)| *mail == Notification::KnownDevice).count()
    };
    assert_eq!(mails(&issuer), 0, "the new device has a mail of its own");
    for _ in 0..3 {
        issuer.log_in(PHONE, password, None);
        issuer.log_in(TABLET, password, None);
        issuer.log_in(PHONE, TypedValue::Wrong, None);
    }
    assert_eq!(mails(&issuer), 2, "one for each device");
    issuer.advance(DAY);
    issuer.log_in(PHONE, password, None);
    assert_eq!(mails(&issuer), 3);
}

#[test]
fn an_unknown_device_needs_the_factor_and_notifies_the_owner() {
    let mut issuer = TestIssuer::with_paying_account();
    let password = issuer.password();
    let value = issuer.next_totp();
    for (password, factor) in
        [(password, None), (password, Some(TypedValue::Wrong)), (TypedValue::Wrong, Some(value))]
    {
        assert_eq!(refusal(issuer.log_in(ATTACKER, password, factor)), Refusal::InvalidCredentials);
    }
    assert_eq!(issuer.session_on(ATTACKER), None);
    issuer.log_in_fully(TABLET);
    assert!(issuer.was_sent(&Notification::NewDevice));
    assert_eq!(issuer.caps(), Some(Caps::Low), "for a day");
    issuer.advance(DAY);
    assert_eq!(issuer.caps(), Some(Caps::Usual));
}

#[test]
fn the_reply_does_not_reveal_a_right_password() {
    let mut issuer = TestIssuer::with_paying_account();
    for password in [issuer.password(), TypedValue::Wrong] {
        let factor = Some(FactorKind::Totp);
        let verification = issuer.start(Event::LogIn {
            device: ATTACKER,
            name: String::new(),
            factor,
            lane: Lane::Strangers,
        });
        let reply = issuer.complete(verification, password);
        assert!(matches!(reply, Reply::VerificationRequired(_)), "{reply:?}");
    }
}

#[test]
fn concurrent_log_ins_accept_a_totp_value_once() {
    let mut issuer = TestIssuer::with_paying_account();
    let password = issuer.password();
    let value = issuer.next_totp();
    let [one, other] = [TABLET, ATTACKER].map(|device| {
        let factor = Some(FactorKind::Totp);
        let verification = issuer.start(Event::LogIn {
            device,
            name: String::new(),
            factor,
            lane: Lane::Strangers,
        });
        let Reply::VerificationRequired(verification) = issuer.complete(verification, password)
        else {
            panic!()
        };
        verification
    });
    assert!(matches!(issuer.complete(one, value), Reply::LoggedIn { .. }));
    assert_eq!(refusal(issuer.complete(other, value)), Refusal::InvalidCredentials);
    assert_eq!(
        refusal(issuer.log_in(ATTACKER, password, Some(value))),
        Refusal::InvalidCredentials
    );
    issuer.set_back(10 * MINUTE);
    assert_eq!(
        refusal(issuer.log_in(ATTACKER, password, Some(value))),
        Refusal::InvalidCredentials
    );
}

#[test]
fn a_restore_voids_old_totp_values_and_sessions() {
    let mut issuer = TestIssuer::with_paying_account();
    let password = issuer.password();
    let value = issuer.next_totp();
    let TypedValue::Value(_, step) = value else { panic!() };
    issuer.context.used_up_to = step;
    issuer.context.generation = Generation(2);
    assert_eq!(refusal(issuer.log_in(TABLET, password, Some(value))), Refusal::InvalidCredentials);
    assert_eq!(issuer.session_on(PHONE), None);
    assert_eq!(issuer.caps(), None);
    issuer.log_in_fully(TABLET);
}

#[test]
fn a_recovery_code_works_once_and_forces_enrolment() {
    let mut issuer = TestIssuer::with_paying_account();
    let old = issuer.session_on(PHONE).unwrap();
    let pending = issuer.start(Event::VerifyFactor { session: old });
    let password = issuer.password();
    let code = issuer.recovery_code();
    let reply = issuer.log_in(TABLET, password, Some(code));
    let Reply::LoggedIn { session, must_enrol: true } = reply else { panic!("{reply:?}") };
    assert!(issuer.was_sent(&Notification::RecoveryCodeUsed { left: 9 }));
    assert_eq!(refusal(issuer.log_in(ATTACKER, password, Some(code))), Refusal::InvalidCredentials);

    for event in [
        Event::Provision { session, device: TABLET, last_used: None },
        Event::RenewRecoveryCodes { session },
        Event::ChangeAddress { session },
        Event::VerifyFactor { session },
        Event::Unfreeze { session, with_recovery_code: false },
        Event::RequestDeletion { session },
    ] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::EnrolmentRequired);
    }
    let value = issuer.next_totp();
    assert_eq!(
        refusal(issuer.complete(pending, value)),
        Refusal::EnrolmentRequired,
        "requested before"
    );
    issuer.enrol_factor(session);
    let reply = issuer.decide(Event::Provision { session, device: TABLET, last_used: None });
    assert!(matches!(reply, Reply::Provisioned(_)), "{reply:?}");
    assert_eq!(issuer.caps(), Some(Caps::Low));
}

#[test]
fn unknown_devices_do_not_use_up_the_owners_attempts() {
    let mut issuer = TestIssuer::with_paying_account();
    for _ in 0..200 {
        issuer.log_in(ATTACKER, TypedValue::Wrong, Some(TypedValue::Wrong));
    }
    let password = issuer.password();
    for _ in 0..30 {
        issuer.log_in(ATTACKER, password, Some(TypedValue::Wrong));
    }
    let value = issuer.next_totp();
    assert_eq!(refusal(issuer.log_in(TABLET, password, Some(value))), Refusal::InvalidCredentials);
    assert!(matches!(issuer.log_in(PHONE, password, None), Reply::LoggedIn { .. }));
    issuer.log_in_fully(PHONE);
}

#[test]
fn passwords_and_factors_are_rate_limited() {
    let mut issuer = TestIssuer::with_paying_account();
    for _ in 0..10 {
        issuer.log_in(PHONE, TypedValue::Wrong, None);
    }
    let event =
        || Event::LogIn { device: PHONE, name: String::new(), factor: None, lane: Lane::Strangers };
    assert_eq!(issuer.start(event()).expected(), &ExpectedEvidence::Password(None));
    issuer.advance(60 * MINUTE);
    assert_ne!(issuer.start(event()).expected(), &ExpectedEvidence::Password(None));

    let mut issuer = TestIssuer::with_paying_account();
    let password = issuer.password();
    for _ in 0..20 {
        issuer.log_in(ATTACKER, password, Some(TypedValue::Wrong));
    }
    let value = issuer.next_totp();
    assert_eq!(
        refusal(issuer.log_in(ATTACKER, password, Some(value))),
        Refusal::InvalidCredentials
    );
    let session = issuer.session_on(PHONE).unwrap();
    for _ in 0..30 {
        assert_eq!(
            refusal(issuer.run(Event::VerifyFactor { session }, &[TypedValue::Wrong])),
            Refusal::InvalidCredentials
        );
    }
    let too_often = |wait| Refusal::TooManyAttempts { wait };
    assert_eq!(refusal(issuer.decide(Event::VerifyFactor { session })), too_often(7 * DAY));
    issuer.advance(7 * DAY - 1);
    assert_eq!(refusal(issuer.decide(Event::VerifyFactor { session })), too_often(1));
    issuer.advance(1);
    assert!(matches!(
        issuer.decide(Event::VerifyFactor { session }),
        Reply::VerificationRequired(_)
    ));
}

#[test]
fn a_pending_log_in_fails_if_its_evidence_changes() {
    let mut issuer = TestIssuer::with_paying_account();
    let login =
        |factor| Event::LogIn { device: PHONE, name: String::new(), factor, lane: Lane::Strangers };
    let password = issuer.password();

    let verification = issuer.start(login(None));
    issuer.reset_password(PHONE);
    assert_eq!(
        refusal(issuer.complete(verification, password)),
        Refusal::InvalidCredentials,
        "the password as it was"
    );

    let password = issuer.password();
    let verification = issuer.start(login(Some(FactorKind::Totp)));
    let Reply::VerificationRequired(verification) = issuer.complete(verification, password) else {
        panic!()
    };
    issuer.reset_password(PHONE);
    let value = issuer.next_totp();
    assert_eq!(
        refusal(issuer.complete(verification, value)),
        Refusal::InvalidCredentials,
        "the password was right before"
    );

    let password = issuer.password();
    let old = issuer.active().evidence.factor.secret;
    let verification = issuer.start(login(Some(FactorKind::Totp)));
    let Reply::VerificationRequired(verification) = issuer.complete(verification, password) else {
        panic!()
    };
    let session = issuer.log_in_fully(TABLET);
    issuer.enrol_factor(session);
    let value = issuer.next_totp_of(old);
    assert_eq!(
        refusal(issuer.complete(verification, value)),
        Refusal::InvalidCredentials,
        "the factor as it was"
    );

    issuer.log_in_fully(PHONE);
    let verification = issuer.start(login(None));
    assert!(matches!(
        issuer.decide(Event::ForgetDevice { session, signer: Some(TABLET), device: PHONE }),
        Reply::Done
    ));
    assert_eq!(
        refusal(issuer.complete(verification, password)),
        Refusal::InvalidCredentials,
        "no longer known"
    );
    assert_eq!(issuer.session_on(PHONE), None);
}

#[test]
fn a_result_of_the_wrong_kind_matches_nothing() {
    let mut issuer = TestIssuer::with_paying_account();
    let result =
        [MatchResult::TotpStep(u64::MAX), MatchResult::Code(SecretId(1)), MatchResult::NoMatch];
    for result in result {
        let event = Event::LogIn {
            device: PHONE,
            name: String::new(),
            factor: None,
            lane: Lane::Strangers,
        };
        let verification = issuer.start(event);
        assert_eq!(
            refusal(issuer.decide(Event::CompleteVerification { verification, result })),
            Refusal::InvalidCredentials
        );
    }
    let session = issuer.session_on(PHONE).unwrap();
    let other = issuer.active().evidence.recovery[0];
    for result in [MatchResult::Match, MatchResult::Code(other), MatchResult::TotpStep(1)] {
        let verification = issuer.start(Event::VerifyFactor { session });
        assert_eq!(
            refusal(issuer.decide(Event::CompleteVerification { verification, result })),
            Refusal::InvalidCredentials
        );
    }
}
