use tegata::protocol::{DeviceId, Refusal};

use super::test_issuer::*;
use crate::*;

fn finish(issuer: &mut TestIssuer, reset: ResetId, device: DeviceId) -> Reply {
    issuer.decide(Event::FinishReset { reset, device })
}

#[test]
fn a_reset_sets_a_password_and_creates_no_session() {
    let mut issuer = TestIssuer::with_paying_account();
    let old = issuer.password();
    issuer.reset_password(TABLET);
    assert_ne!(issuer.password(), old);
    assert!(issuer.was_sent(&Notification::PasswordReset));
    assert_eq!(issuer.active().sessions(&issuer.context).count(), 0);
    assert_eq!(refusal(issuer.log_in(PHONE, old, None)), Refusal::InvalidCredentials);
}

#[test]
fn reset_steps_cannot_be_skipped_repeated_or_mixed() {
    let mut issuer = TestIssuer::with_paying_account();
    let password = issuer.password();
    let reset = issuer.request_reset(PHONE);
    assert_eq!(refusal(finish(&mut issuer, reset, PHONE)), Refusal::InvalidCredentials, "skipped");

    let owner_code = issuer.last_code();
    let attacker_reset = issuer.request_reset(ATTACKER);
    let value = issuer.next_totp();
    let reply = issuer.verify_reset(attacker_reset, ATTACKER, owner_code, value);
    assert_eq!(refusal(reply), Refusal::InvalidCredentials, "the code of another reset");

    let value = issuer.next_totp();
    assert!(matches!(issuer.verify_reset(reset, PHONE, owner_code, value), Reply::ResetVerified));
    let value = issuer.next_totp();
    assert_eq!(
        refusal(issuer.verify_reset(reset, PHONE, owner_code, value)),
        Refusal::InvalidCredentials,
        "twice"
    );
    assert_eq!(
        refusal(finish(&mut issuer, attacker_reset, ATTACKER)),
        Refusal::InvalidCredentials,
        "verified for another"
    );
    assert_eq!(issuer.password(), password);
    assert!(matches!(finish(&mut issuer, reset, PHONE), Reply::Done));
    assert_eq!(refusal(finish(&mut issuer, reset, PHONE)), Refusal::InvalidCredentials, "twice");
}

#[test]
fn neither_mailbox_nor_factor_alone_verifies_a_reset() {
    let mut issuer = TestIssuer::with_paying_account();
    let reset = issuer.request_reset(ATTACKER);
    let code = issuer.last_code();
    let value = issuer.next_totp();
    for (code, factor) in [
        (code, TypedValue::Wrong),
        (TypedValue::Wrong, value),
        (TypedValue::Wrong, TypedValue::Wrong),
    ] {
        assert_eq!(
            refusal(issuer.verify_reset(reset, ATTACKER, code, factor)),
            Refusal::InvalidCredentials
        );
        assert_eq!(refusal(finish(&mut issuer, reset, ATTACKER)), Refusal::InvalidCredentials);
    }
    // Code and factor are not interchangeable.
    assert_eq!(
        refusal(issuer.verify_reset(reset, ATTACKER, value, code)),
        Refusal::InvalidCredentials
    );
}

#[test]
fn a_code_on_another_device_is_refused_and_not_counted() {
    let mut issuer = TestIssuer::with_paying_account();
    let reset = issuer.request_reset(PHONE);
    let code = issuer.last_code();
    let value = issuer.next_totp();
    for _ in 0..9 {
        let reply = issuer.verify_reset(reset, ATTACKER, code, value);
        assert_eq!(refusal(reply), Refusal::InvalidCredentials);
    }
    assert!(matches!(issuer.verify_reset(reset, PHONE, code, value), Reply::ResetVerified));
    assert_eq!(refusal(finish(&mut issuer, reset, ATTACKER)), Refusal::InvalidCredentials);
    assert!(matches!(finish(&mut issuer, reset, PHONE), Reply::Done));
}

#[test]
fn a_code_is_compared_five_times_despite_concurrency() {
    let mut issuer = TestIssuer::with_paying_account();
    let reset = issuer.request_reset(ATTACKER);
    let code = issuer.last_code();
    let value = issuer.next_totp();
    let event = || Event::VerifyReset { reset, device: ATTACKER, factor: FactorKind::Totp };
    let verifications: Vec<PendingVerification> =
        (0..10_000).map(|_| issuer.start(event())).collect();
    let compared = |verification: &&PendingVerification| {
        *verification.expected() != ExpectedEvidence::MailedCode(None)
    };
    assert_eq!(verifications.iter().filter(compared).count(), 5);
    for verification in verifications.into_iter().skip(5).take(5) {
        let Reply::VerificationRequired(verification) = issuer.complete(verification, code) else {
            panic!()
        };
        assert_eq!(refusal(issuer.complete(verification, value)), Refusal::InvalidCredentials);
    }
}

#[test]
fn concurrent_verifications_of_one_code_succeed_once() {
    for factor in [FactorKind::Totp, FactorKind::Recovery] {
        let mut issuer = TestIssuer::with_paying_account();
        let reset = issuer.request_reset(PHONE);
        let code = issuer.last_code();
        let typed = match factor {
            FactorKind::Totp => issuer.next_totp(),
            FactorKind::Recovery => issuer.recovery_code(),
        };
        let event = || Event::VerifyReset { reset, device: PHONE, factor };
        let verifications: Vec<PendingVerification> =
            (0..5).map(|_| issuer.start(event())).collect();
        let second: Vec<Reply> =
            verifications.into_iter().map(|c| issuer.complete(c, code)).collect();
        let replies = second.into_iter().map(|reply| match reply {
            Reply::VerificationRequired(verification) => issuer.complete(verification, typed),
            other => panic!("{other:?}"),
        });
        let proved = replies.filter(|reply| matches!(reply, Reply::ResetVerified)).count();
        assert_eq!(proved, 1);
    }
}

#[test]
fn codes_and_verified_resets_expire() {
    let mut issuer = TestIssuer::with_paying_account();
    let reset = issuer.request_reset(PHONE);
    let code = issuer.last_code();
    issuer.advance(15 * MINUTE);
    let value = issuer.next_totp();
    assert_eq!(
        refusal(issuer.verify_reset(reset, PHONE, code, value)),
        Refusal::InvalidCredentials
    );
    issuer.set_back(20 * MINUTE);
    let value = issuer.next_totp();
    assert_eq!(
        refusal(issuer.verify_reset(reset, PHONE, code, value)),
        Refusal::InvalidCredentials
    );

    let mut issuer = TestIssuer::with_paying_account();
    let reset = issuer.request_and_verify_reset(PHONE);
    issuer.advance(10 * MINUTE);
    assert_eq!(refusal(finish(&mut issuer, reset, PHONE)), Refusal::InvalidCredentials);
    issuer.set_back(10 * MINUTE);
    assert_eq!(refusal(finish(&mut issuer, reset, PHONE)), Refusal::InvalidCredentials);
}

#[test]
fn a_reset_voids_sessions_credentials_and_other_resets() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.session_on(PHONE).unwrap();
    let other = issuer.request_and_verify_reset(TABLET);
    let credential = issuer.active().credential(&issuer.context).unwrap().number;
    issuer.reset_password(PHONE);

    assert_eq!(
        refusal(issuer.decide(Event::UseSession { session, signer: Some(PHONE) })),
        Refusal::NotLoggedIn
    );
    assert_eq!(refusal(finish(&mut issuer, other, TABLET)), Refusal::InvalidCredentials);
    assert_eq!(issuer.active().caps(credential, &issuer.context), None);
    // Nothing can be paid before a log-in with the factor and a new credential; then with lower caps for a day.
    let session = issuer.log_in_fully(PHONE);
    assert_eq!(issuer.caps(), None);
    issuer.decide(Event::Provision { session, device: PHONE, last_used: None });
    assert_eq!(issuer.caps(), Some(Caps::Low));
    assert_eq!(issuer.active().caps(credential, &issuer.context), None);
    issuer.advance(DAY);
    assert_eq!(issuer.caps(), Some(Caps::Usual));
}

#[test]
fn a_reset_does_not_change_the_second_factor() {
    let mut issuer = TestIssuer::with_paying_account();
    let snapshot = issuer.active().evidence.clone();
    issuer.reset_password(PHONE);
    let after = &issuer.active().evidence;
    assert_eq!(after.factor.secret, snapshot.factor.secret);
    assert_eq!((after.address, &after.recovery), (snapshot.address, &snapshot.recovery));
}

#[test]
fn a_recovery_code_verifies_a_reset_once() {
    let mut issuer = TestIssuer::with_paying_account();
    let reset = issuer.request_reset(TABLET);
    let recovery = issuer.recovery_code();
    let code = issuer.last_code();
    assert!(matches!(issuer.verify_reset(reset, TABLET, code, recovery), Reply::ResetVerified));
    assert_eq!(issuer.active().recovery_left(), 9);
    let reset = issuer.request_reset(PHONE);
    let code = issuer.last_code();
    assert_eq!(
        refusal(issuer.verify_reset(reset, PHONE, code, recovery)),
        Refusal::InvalidCredentials
    );
}

#[test]
fn a_device_has_one_reset_mailed_to_the_verified_address() {
    let mut issuer = TestIssuer::with_paying_account();
    let first = issuer.request_reset(PHONE);
    let code = issuer.last_code();
    issuer.request_reset(PHONE);
    let value = issuer.next_totp();
    assert_eq!(
        refusal(issuer.verify_reset(first, PHONE, code, value)),
        Refusal::InvalidCredentials
    );
    assert_eq!(issuer.active().resets.len(), 1);
    let address = issuer.active().address();
    assert!(issuer.mails.iter().all(|(to, _)| *to == address));
}

fn mailed(issuer: &TestIssuer) -> usize {
    let is_code =
        |mail: &&(SecretId, Notification)| matches!(mail.1, Notification::ResetCode { .. });
    issuer.mails.iter().filter(is_code).count()
}

#[test]
fn past_the_budget_a_reset_mails_nothing() {
    let mut issuer = TestIssuer::with_paying_account();
    let event = |device, within_budget| {
        let to = ResetDestination::Verified;
        Event::RequestReset { device, to, within_budget }
    };
    let Reply::ResetStarted(reset) = issuer.decide(event(ATTACKER, false)) else { panic!() };
    assert_eq!(mailed(&issuer), 0);
    let verification =
        issuer.start(Event::VerifyReset { reset, device: ATTACKER, factor: FactorKind::Totp });
    assert_eq!(
        verification.expected(),
        &ExpectedEvidence::MailedCode(None),
        "a ticket without a reset"
    );
    // A known device has a budget of its own, whatever strangers did.
    for _ in 0..7 {
        issuer.decide(event(PHONE, false));
    }
    assert_eq!(mailed(&issuer), 5);
    issuer.advance(DAY);
    issuer.reset_password(PHONE);
}

#[test]
fn a_reset_of_a_stranger_replaces_the_oldest() {
    let mut issuer = TestIssuer::with_paying_account();
    let owners = issuer.request_reset(PHONE);
    let owners_code = issuer.last_code();
    let first = issuer.request_reset(ATTACKER);
    for number in 0..50 {
        issuer.request_reset(DeviceId([number + 100; 32]));
    }
    assert_eq!(mailed(&issuer), 52);
    assert_eq!(issuer.active().resets.len(), limits::CODES_PENDING + 1);
    let value = issuer.next_totp();
    let code = issuer.last_code();
    assert_eq!(
        refusal(issuer.verify_reset(first, ATTACKER, code, value)),
        Refusal::InvalidCredentials,
        "replaced, though its number is another's now"
    );
    let value = issuer.next_totp();
    let reply = issuer.verify_reset(owners, PHONE, owners_code, value);
    assert!(matches!(reply, Reply::ResetVerified), "{reply:?}");
}

#[test]
fn the_reset_factor_is_counted_after_the_code_matched() {
    let mut issuer = TestIssuer::with_paying_account();
    for _ in 0..40 {
        issuer.advance(DAY);
        let reset = issuer.request_reset(ATTACKER);
        issuer.verify_reset(reset, ATTACKER, TypedValue::Wrong, TypedValue::Wrong);
    }
    assert_eq!(issuer.active().attempts.factor_in_resets, limits::RecentAttempts::default());

    let mut compared = 0;
    for _ in 0..10 {
        let reset = issuer.request_reset(PHONE);
        let code = issuer.last_code();
        for _ in 0..5 {
            let event = Event::VerifyReset { reset, device: PHONE, factor: FactorKind::Totp };
            let verification = issuer.start(event);
            let Reply::VerificationRequired(verification) = issuer.complete(verification, code)
            else {
                panic!()
            };
            compared += u32::from(*verification.expected() != ExpectedEvidence::Totp(None));
        }
        issuer.advance(DAY / 2);
    }
    assert_eq!(compared, 20);
    // A recovery code still works when the factor has reached its limit.
    let reset = issuer.request_reset(TABLET);
    let recovery = issuer.recovery_code();
    let code = issuer.last_code();
    assert!(matches!(issuer.verify_reset(reset, TABLET, code, recovery), Reply::ResetVerified));
}

#[test]
fn a_reset_mail_names_a_known_device_and_no_other() {
    let mut issuer = TestIssuer::with_paying_account();
    let named = |issuer: &TestIssuer| match issuer.mails.last() {
        Some((_, Notification::ResetCode { device, .. })) => device.clone(),
        other => panic!("{other:?}"),
    };
    issuer.request_reset(ATTACKER);
    assert_eq!(named(&issuer), None);
    issuer.request_reset(PHONE);
    assert_eq!(named(&issuer).as_deref(), Some("her phone"));
}
