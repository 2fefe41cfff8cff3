use tegata::protocol::Refusal;

use super::test_issuer::*;
use crate::*;

fn revert(issuer: &mut TestIssuer, notice: TypedValue, factor: TypedValue) -> Reply {
    issuer.run(Event::RevertChanges { factor: factor.kind() }, &[notice, factor])
}

#[test]
fn a_change_requires_a_log_in_within_five_minutes() {
    let mut issuer = TestIssuer::with_paying_account();
    let changes = |session| {
        [
            Event::BeginFactorEnrolment { session },
            Event::RenewRecoveryCodes { session },
            Event::ChangeAddress { session },
            Event::RequestDeletion { session },
        ]
    };
    let old = issuer.session_on(PHONE).unwrap();
    for event in changes(old) {
        assert_eq!(refusal(issuer.decide(event)), Refusal::LoginTooOld);
    }
    let password = issuer.password();
    let reply = issuer.log_in(PHONE, password, None);
    let Reply::LoggedIn { session, .. } = reply else { panic!("{reply:?}") };
    for event in changes(session) {
        assert_eq!(refusal(issuer.decide(event)), Refusal::FactorRequired);
    }
    let session = issuer.log_in_fully(PHONE);
    issuer.enrol_factor(session);
    issuer.change_address(session);
    issuer.advance(5 * MINUTE);
    for event in changes(session) {
        assert_eq!(refusal(issuer.decide(event)), Refusal::LoginTooOld);
    }
}

#[test]
fn the_old_address_is_notified_for_seven_days() {
    let mut issuer = TestIssuer::with_paying_account();
    let old = issuer.active().address();
    let session = issuer.log_in_fully(PHONE);
    issuer.change_address(session);
    let new = issuer.active().address();
    issuer.decide(Event::Freeze { session, signer: Some(PHONE) });
    for address in [old, new] {
        let was_notified = |what: fn(&Notification) -> bool| {
            issuer.mails.iter().any(|(to, notification)| *to == address && what(notification))
        };
        assert!(was_notified(|notification| matches!(
            notification,
            Notification::EvidenceChanged { what: Change::Address, .. }
        )));
        assert!(was_notified(|notification| matches!(notification, Notification::Frozen)));
    }
}

#[test]
fn a_new_address_needs_the_code_mailed_to_it() {
    let mut issuer = TestIssuer::with_paying_account();
    let old = issuer.active().address();
    let session = issuer.log_in_fully(PHONE);
    issuer.decide(Event::ChangeAddress { session });
    let first = issuer.last_code();
    let pending = issuer.start(Event::VerifyNewAddress { session });
    issuer.decide(Event::ChangeAddress { session });
    assert_eq!(
        refusal(issuer.complete(pending, first)),
        Refusal::InvalidCredentials,
        "the code of another address"
    );
    for _ in 0..5 {
        let reply = issuer.run(Event::VerifyNewAddress { session }, &[first]);
        assert_eq!(refusal(reply), Refusal::InvalidCredentials);
    }
    let code = issuer.last_code();
    let reply = issuer.run(Event::VerifyNewAddress { session }, &[code]);
    assert_eq!(refusal(reply), Refusal::InvalidCredentials, "tried five times");
    assert_eq!(issuer.active().address(), old);
}

/// The account is found by its address and by the one it can return to, whatever ids they have; the test issuer asserts
/// that after each step.
#[test]
fn changing_to_the_same_address_keeps_the_account_findable() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.log_in_fully(PHONE);
    issuer.change_address_to(session, OWNER_ADDRESS);
    issuer.advance(7 * DAY);
    let session = issuer.log_in_fully(PHONE);
    issuer.change_address_to(session, "elsewhere@example.org");
    issuer.change_address_to(session, "elsewhere@example.org");
    issuer.change_address_to(session, OWNER_ADDRESS);
    issuer.advance(7 * DAY);
    let session = issuer.log_in_fully(PHONE);
    let old = issuer.active().evidence.factor.secret;
    issuer.change_address_to(session, OWNER_ADDRESS);
    let notice = issuer.last_code();
    let value = issuer.next_totp_of(old);
    assert!(matches!(revert(&mut issuer, notice, value), Reply::Done));
}

#[test]
fn a_new_factor_needs_its_own_first_value() {
    let mut issuer = TestIssuer::with_paying_account();
    let old = issuer.active().evidence.factor.secret;
    let session = issuer.log_in_fully(PHONE);
    let Reply::FactorSecret(first) = issuer.decide(Event::BeginFactorEnrolment { session }) else {
        panic!()
    };
    let pending = issuer.start(Event::VerifyFactorEnrolment { session });
    issuer.decide(Event::BeginFactorEnrolment { session });
    let value = issuer.next_totp_of(first);
    assert_eq!(refusal(issuer.complete(pending, value)), Refusal::InvalidCredentials);
    let reply = issuer.run(Event::VerifyFactorEnrolment { session }, &[TypedValue::Wrong]);
    assert_eq!(refusal(reply), Refusal::InvalidCredentials);
    assert_eq!(issuer.active().evidence.factor.secret, old);
    issuer.enrol_factor(session);
    assert_ne!(issuer.active().evidence.factor.secret, old);
}

#[test]
fn an_address_change_voids_reset_codes() {
    let mut issuer = TestIssuer::with_paying_account();
    let reset = issuer.request_reset(ATTACKER);
    let code = issuer.last_code();
    let session = issuer.log_in_fully(PHONE);
    issuer.change_address(session);
    let value = issuer.next_totp();
    assert_eq!(
        refusal(issuer.verify_reset(reset, ATTACKER, code, value)),
        Refusal::InvalidCredentials
    );
}

#[test]
fn changes_are_rate_limited() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.log_in_fully(PHONE);
    issuer.decide(Event::BeginFactorEnrolment { session });
    for _ in 0..10 {
        let reply = issuer.decide(Event::RenewRecoveryCodes { session });
        assert!(matches!(reply, Reply::RecoveryCodes(_)), "{reply:?}");
    }
    let too_often = |wait| Refusal::TooManyAttempts { wait };
    let week = 7 * DAY;
    assert_eq!(refusal(issuer.decide(Event::RenewRecoveryCodes { session })), too_often(week));
    issuer.advance(MINUTE);
    assert_eq!(
        refusal(issuer.decide(Event::VerifyFactorEnrolment { session })),
        too_often(week - MINUTE)
    );
    // The wait is exact to the second.
    issuer.advance(week - 3 * MINUTE);
    let session = issuer.log_in_fully(PHONE);
    let refused = refusal(issuer.decide(Event::RenewRecoveryCodes { session }));
    let Refusal::TooManyAttempts { wait } = refused else { panic!("{refused:?}") };
    issuer.advance(wait - 1);
    assert_eq!(refusal(issuer.decide(Event::RenewRecoveryCodes { session })), too_often(1));
    issuer.advance(1);
    let reply = issuer.decide(Event::RenewRecoveryCodes { session });
    assert!(matches!(reply, Reply::RecoveryCodes(_)), "{reply:?}");
}

/// An account taken over by an attacker who had password and factor, the code of a notice and a recovery code from before.
fn after_takeover() -> (TestIssuer, TypedValue, TypedValue) {
    let mut issuer = TestIssuer::with_paying_account();
    let recovery = issuer.recovery_code();
    let session = issuer.log_in_fully(ATTACKER);
    issuer.enrol_factor(session);
    let notice = issuer.last_code();
    issuer.change_address(session);
    issuer.decide(Event::RenewRecoveryCodes { session });
    issuer.decide(Event::Provision { session, device: ATTACKER, last_used: None });
    issuer.decide(Event::RequestDeletion { session });
    (issuer, notice, recovery)
}

/// An account whose address and recovery codes an attacker changed, the code of a notice and the factor.
fn after_address_change() -> (TestIssuer, TypedValue, SecretId) {
    let mut issuer = TestIssuer::with_paying_account();
    let factor = issuer.active().evidence.factor.secret;
    let session = issuer.log_in_fully(ATTACKER);
    issuer.decide(Event::RenewRecoveryCodes { session });
    let notice = issuer.last_code();
    issuer.change_address(session);
    issuer.decide(Event::RenewRecoveryCodes { session });
    (issuer, notice, factor)
}

#[test]
fn a_notice_code_freezes_and_ends_all_sessions() {
    let (mut issuer, notice, _) = after_takeover();
    assert!(issuer.caps().is_some());
    let wrong = issuer.run(Event::FreezeByCode, &[TypedValue::Wrong]);
    assert_eq!(refusal(wrong), Refusal::InvalidCredentials);
    assert!(matches!(issuer.run(Event::FreezeByCode, &[notice]), Reply::Done));
    assert_eq!((issuer.caps(), issuer.session_on(ATTACKER)), (None, None));

    let session = issuer.log_in_fully(ATTACKER);
    let lift = |with_recovery_code| Event::Unfreeze { session, with_recovery_code };
    assert_eq!(refusal(issuer.decide(lift(false))), Refusal::RecoveryCodeRequired);
    let of_attacker = issuer.recovery_code();
    assert_eq!(refusal(issuer.run(lift(true), &[of_attacker])), Refusal::InvalidCredentials);
    for event in [
        Event::Provision { session, device: ATTACKER, last_used: None },
        Event::BeginFactorEnrolment { session },
        Event::ChangeAddress { session },
        Event::RenewRecoveryCodes { session },
    ] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::Frozen);
    }
    issuer.advance(8 * DAY);
    assert_eq!(
        refusal(issuer.decide(Event::DeleteIfDue)),
        Refusal::Frozen,
        "requested by an attacker"
    );
    assert!(issuer.active().snapshot.is_some(), "while frozen, changes can be reverted for longer");
}

#[test]
fn reverting_restores_evidence_and_drops_the_password() {
    let (mut issuer, notice, old) = after_takeover();
    let snapshot = issuer.active().snapshot.clone().unwrap();
    let changed = issuer.next_totp();
    assert_eq!(
        refusal(revert(&mut issuer, notice, changed)),
        Refusal::InvalidCredentials,
        "the attacker's factor"
    );
    assert_eq!(
        refusal(revert(&mut issuer, notice, TypedValue::Wrong)),
        Refusal::InvalidCredentials
    );
    let lost = issuer.next_totp_of(snapshot.evidence.factor.secret);
    assert_eq!(
        refusal(revert(&mut issuer, notice, lost)),
        Refusal::InvalidCredentials,
        "the factor that was replaced"
    );
    assert_eq!(refusal(revert(&mut issuer, TypedValue::Wrong, old)), Refusal::InvalidCredentials);

    assert!(matches!(revert(&mut issuer, notice, old), Reply::Done));
    let active = issuer.active();
    assert_eq!(active.evidence.address, snapshot.evidence.address);
    assert_eq!(active.evidence.factor.secret, snapshot.evidence.factor.secret);
    assert_eq!(active.evidence.recovery, snapshot.evidence.recovery[1..]);
    assert_eq!(active.devices(), [], "the attacker's new factor forgot the phone");
    assert_eq!((active.password, active.snapshot.as_ref(), active.deletion()), (None, None, None));
    assert_eq!((issuer.caps(), active.is_frozen()), (None, false));
    assert_eq!(active.sessions(&issuer.context).count(), 0);

    issuer.reset_password(PHONE);
    let session = issuer.log_in_fully(PHONE);
    issuer.decide(Event::Provision { session, device: PHONE, last_used: None });
    assert_eq!(issuer.caps(), Some(Caps::Low));
}

#[test]
fn an_old_recovery_code_reverts_changes_once() {
    let (mut issuer, notice, recovery) = after_takeover();
    assert!(matches!(revert(&mut issuer, notice, recovery), Reply::Done));
    assert_eq!(issuer.active().recovery_left(), 9);
    assert_eq!(refusal(revert(&mut issuer, notice, recovery)), Refusal::InvalidCredentials);
}

#[test]
fn a_used_totp_value_reverts_nothing() {
    let mut issuer = TestIssuer::with_paying_account();
    let password = issuer.password();
    let value = issuer.next_totp();
    let Reply::LoggedIn { session, .. } = issuer.log_in(PHONE, password, Some(value)) else {
        panic!("not logged in");
    };
    issuer.change_address(session);
    let notice = issuer.last_code();
    assert_eq!(refusal(revert(&mut issuer, notice, value)), Refusal::InvalidCredentials);
    let value = issuer.next_totp();
    assert!(matches!(revert(&mut issuer, notice, value), Reply::Done));
}

/// The thief has the phone, which reads the mail and has the second factor in it, until the owner replaces both.
#[test]
fn what_was_replaced_takes_nothing_back() {
    let mut issuer = TestIssuer::with_paying_account();
    let stolen = issuer.active().evidence.factor.secret;
    let password = issuer.password();
    let recovery = issuer.recovery_code();
    let Reply::LoggedIn { session, .. } = issuer.log_in(TABLET, password, Some(recovery)) else {
        panic!("not logged in");
    };
    issuer.enrol_factor(session);
    let notice = issuer.last_code();
    issuer.decide(Event::Provision { session, device: TABLET, last_used: None });
    issuer.advance(5 * DAY);
    for _ in 0..30 {
        let value = issuer.next_totp_of(stolen);
        assert_eq!(refusal(revert(&mut issuer, notice, value)), Refusal::InvalidCredentials);
    }
    assert_eq!((issuer.session_on(PHONE), issuer.caps()), (None, Some(Caps::Usual)));
    assert_eq!(issuer.active().devices().len(), 1, "the new phone");
    // A later change of something else does not make it count again.
    let session = issuer.log_in_fully(TABLET);
    issuer.change_address(session);
    let value = issuer.next_totp_of(stolen);
    assert_eq!(refusal(revert(&mut issuer, notice, value)), Refusal::InvalidCredentials);
    // A recovery code from before does, whoever replaced the factor.
    let recovery = TypedValue::Secret(issuer.active().evidence.recovery[0]);
    assert!(matches!(revert(&mut issuer, notice, recovery), Reply::Done));
}

#[test]
fn a_factor_replaced_during_the_comparison_reverts_nothing() {
    let (mut issuer, notice, old) = after_address_change();
    let verification = issuer.start(Event::RevertChanges { factor: FactorKind::Totp });
    let Reply::VerificationRequired(verification) = issuer.complete(verification, notice) else {
        panic!("refused")
    };
    let session = issuer.session_on(ATTACKER).unwrap();
    issuer.enrol_factor(session);
    let value = issuer.next_totp_of(old);
    assert_eq!(refusal(issuer.complete(verification, value)), Refusal::InvalidCredentials);
}

#[test]
fn another_factor_forgets_every_other_device() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.log_in_fully(TABLET);
    issuer.enrol_factor(session);
    assert_eq!((issuer.session_on(PHONE), issuer.caps()), (None, None));
    assert_eq!(issuer.session_on(TABLET), Some(session));
    let password = issuer.password();
    assert_eq!(refusal(issuer.log_in(PHONE, password, None)), Refusal::InvalidCredentials);
    issuer.log_in_fully(PHONE);
}

#[test]
fn changes_cannot_be_reverted_after_seven_days() {
    let (mut issuer, notice, old) = after_takeover();
    issuer.advance(7 * DAY);
    assert_eq!(refusal(revert(&mut issuer, notice, old)), Refusal::InvalidCredentials);
    assert_eq!(refusal(issuer.run(Event::FreezeByCode, &[notice])), Refusal::InvalidCredentials);
    assert_eq!(issuer.active().snapshot, None);
}

#[test]
fn wrong_notice_codes_are_not_counted() {
    let (mut issuer, notice, old) = after_takeover();
    for _ in 0..100 {
        assert_eq!(
            refusal(issuer.run(Event::FreezeByCode, &[TypedValue::Wrong])),
            Refusal::InvalidCredentials
        );
        assert_eq!(
            refusal(revert(&mut issuer, TypedValue::Wrong, TypedValue::Wrong)),
            Refusal::InvalidCredentials
        );
    }
    assert!(matches!(issuer.run(Event::FreezeByCode, &[notice]), Reply::Done));
    assert!(matches!(revert(&mut issuer, notice, old), Reply::Done));
}

#[test]
fn reverting_compares_twenty_totp_values_a_week() {
    let (mut issuer, notice, old) = after_address_change();
    for _ in 0..20 {
        assert_eq!(
            refusal(revert(&mut issuer, notice, TypedValue::Value(old, 0))),
            Refusal::InvalidCredentials
        );
    }
    let value = issuer.next_totp_of(old);
    assert_eq!(refusal(revert(&mut issuer, notice, value)), Refusal::InvalidCredentials, "used up");
    let recovery =
        TypedValue::Secret(issuer.active().snapshot.as_ref().unwrap().evidence.recovery[0]);
    assert!(matches!(revert(&mut issuer, notice, recovery), Reply::Done));
}

#[test]
fn old_and_new_address_have_separate_attempt_limits() {
    let (mut issuer, notice, old) = after_address_change();
    let snapshot = issuer.active().snapshot.clone().unwrap();
    // That of the address and one after it; their mails to the new address went to the attacker alone.
    assert_eq!((snapshot.codes.len(), snapshot.codes_elsewhere.len()), (3, 2));
    let attacker_code = TypedValue::Secret(snapshot.codes_elsewhere[1]);
    let reads = |issuer: &TestIssuer, code: SecretId, address: SecretId| {
        issuer.mails.iter().all(|(to, notification)| match notification {
            Notification::EvidenceChanged { code: mailed, .. } => *mailed != code || *to == address,
            _ => true,
        })
    };
    let now = issuer.active().evidence.address;
    assert!(snapshot.codes.iter().all(|code| reads(&issuer, *code, snapshot.evidence.address)));
    assert!(snapshot.codes_elsewhere.iter().all(|code| reads(&issuer, *code, now)));

    for _ in 0..30 {
        assert_eq!(
            refusal(revert(&mut issuer, attacker_code, TypedValue::Value(old, 0))),
            Refusal::InvalidCredentials
        );
    }
    let value = issuer.next_totp_of(old);
    assert_eq!(
        refusal(revert(&mut issuer, attacker_code, value)),
        Refusal::InvalidCredentials,
        "the attacker's attempts are used up"
    );
    let value = issuer.next_totp_of(old);
    assert!(matches!(revert(&mut issuer, notice, value), Reply::Done), "the owner's are not");
}

#[test]
fn repeated_freeze_codes_do_not_block_reverting() {
    let (mut issuer, notice, old) = after_takeover();
    assert!(matches!(issuer.run(Event::FreezeByCode, &[notice]), Reply::Done));
    let mails = issuer.mails.len();
    let epoch = issuer.active().epoch;
    let verification = issuer.start(Event::RevertChanges { factor: FactorKind::Recovery });
    let attacker_code =
        TypedValue::Secret(issuer.active().snapshot.as_ref().unwrap().codes_elsewhere[0]);
    assert!(matches!(issuer.run(Event::FreezeByCode, &[attacker_code]), Reply::Done));
    assert_eq!((issuer.mails.len(), issuer.active().epoch), (mails, epoch));
    let Reply::VerificationRequired(verification) = issuer.complete(verification, notice) else {
        panic!("refused")
    };
    assert!(matches!(issuer.complete(verification, old), Reply::Done));
}

#[test]
fn an_operators_freeze_does_not_block_reverting() {
    for operator_first in [true, false] {
        let (mut issuer, notice, old) = after_takeover();
        let mut acts = [Some(notice), None];
        if operator_first {
            acts.reverse();
        }
        for act in acts {
            let reply = match act {
                Some(notice) => issuer.run(Event::FreezeByCode, &[notice]),
                None => issuer.decide(Event::SetOperatorFreeze { frozen: true }),
            };
            assert!(matches!(reply, Reply::Done), "{reply:?}");
        }
        assert_eq!(issuer.session_on(ATTACKER), None);
        let epoch = issuer.active().epoch;
        let verification = issuer.start(Event::RevertChanges { factor: FactorKind::Recovery });
        let attacker_code =
            TypedValue::Secret(issuer.active().snapshot.as_ref().unwrap().codes_elsewhere[0]);
        assert!(matches!(issuer.run(Event::FreezeByCode, &[attacker_code]), Reply::Done));
        assert_eq!(issuer.active().epoch, epoch);
        let Reply::VerificationRequired(verification) = issuer.complete(verification, notice)
        else {
            panic!("refused")
        };
        assert!(matches!(issuer.complete(verification, old), Reply::Done));
        assert!(issuer.active().is_frozen(), "by the operator");
    }
}

#[test]
fn a_notice_freezes_again_after_an_operator_unfroze() {
    let (mut issuer, notice, _) = after_takeover();
    issuer.run(Event::FreezeByCode, &[notice]);
    issuer.decide(Event::SetOperatorFreeze { frozen: true });
    issuer.decide(Event::SetOperatorFreeze { frozen: false });
    let session = issuer.log_in_fully(ATTACKER);
    assert!(matches!(issuer.run(Event::FreezeByCode, &[notice]), Reply::Done));
    assert!(issuer.active().is_frozen());
    assert_eq!(
        refusal(issuer.decide(Event::UseSession { session, signer: Some(PHONE) })),
        Refusal::NotLoggedIn
    );
}

#[test]
fn concurrent_reverts_succeed_once() {
    let (mut issuer, notice, old) = after_address_change();
    let event = || Event::RevertChanges { factor: FactorKind::Totp };
    let verifications = [(); 2].map(|()| issuer.start(event()));
    let verifications =
        verifications.map(|verification| match issuer.complete(verification, notice) {
            Reply::VerificationRequired(verification) => verification,
            other => panic!("{other:?}"),
        });
    let [first, second] = [issuer.next_totp_of(old), issuer.next_totp_of(old)];
    let [one, other] = verifications;
    assert!(matches!(issuer.complete(one, first), Reply::Done));
    assert_eq!(refusal(issuer.complete(other, second)), Refusal::InvalidCredentials);
}
