use tegata::protocol::Refusal;

use super::test_issuer::*;
use crate::*;

fn undo(issuer: &mut TestIssuer, notice: TypedValue, factor: TypedValue) -> Reply {
    issuer.run(Event::RevertChanges { factor: factor.kind() }, &[notice, factor])
}

#[test]
fn a_change_asks_for_a_full_log_in_within_five_minutes() {
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
        assert_eq!(refusal(issuer.decide(event)), Refusal::FactorNeeded);
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
fn the_old_address_is_told_of_each_change_and_of_all_that_follows_in_its_seven_days() {
    let mut issuer = TestIssuer::with_paying_account();
    let old = issuer.active().address();
    let session = issuer.log_in_fully(PHONE);
    issuer.change_address(session);
    let new = issuer.active().address();
    issuer.decide(Event::Freeze { session });
    for address in [old, new] {
        let told = |what: fn(&Notification) -> bool| {
            issuer.mails.iter().any(|(to, notification)| *to == address && what(notification))
        };
        assert!(told(|notification| matches!(
            notification,
            Notification::EvidenceChanged { what: Change::Address, .. }
        )));
        assert!(told(|notification| matches!(notification, Notification::Frozen)));
    }
}

#[test]
fn a_new_address_is_taken_after_its_code_was_typed_and_not_after_that_of_another() {
    let mut issuer = TestIssuer::with_paying_account();
    let old = issuer.active().address();
    let session = issuer.log_in_fully(PHONE);
    issuer.decide(Event::ChangeAddress { session });
    let first = issuer.last_code();
    let under_way = issuer.start(Event::VerifyNewAddress { session });
    issuer.decide(Event::ChangeAddress { session });
    assert_eq!(refusal(issuer.complete(under_way, first)), Refusal::Wrong, "the code of another");
    for _ in 0..5 {
        let reply = issuer.run(Event::VerifyNewAddress { session }, &[first]);
        assert_eq!(refusal(reply), Refusal::Wrong);
    }
    let code = issuer.last_code();
    let reply = issuer.run(Event::VerifyNewAddress { session }, &[code]);
    assert_eq!(refusal(reply), Refusal::Wrong, "tried five times");
    assert_eq!(issuer.active().address(), old);
}

/// The address that an account has, and the one it can go back to: each finds it, whatever number it is kept under. The
/// issuer of the tests looks after each step.
#[test]
fn an_account_moved_to_the_address_it_has_or_back_is_found_by_it_for_ever() {
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
    assert!(matches!(undo(&mut issuer, notice, value), Reply::Done));
}

#[test]
fn a_factor_counts_after_its_first_value_was_typed_and_not_that_of_another() {
    let mut issuer = TestIssuer::with_paying_account();
    let old = issuer.active().evidence.factor.secret;
    let session = issuer.log_in_fully(PHONE);
    let Reply::FactorSecret(first) = issuer.decide(Event::BeginFactorEnrolment { session }) else {
        panic!()
    };
    let under_way = issuer.start(Event::VerifyFactorEnrolment { session });
    issuer.decide(Event::BeginFactorEnrolment { session });
    let value = issuer.next_totp_of(first);
    assert_eq!(refusal(issuer.complete(under_way, value)), Refusal::Wrong);
    let reply = issuer.run(Event::VerifyFactorEnrolment { session }, &[TypedValue::Wrong]);
    assert_eq!(refusal(reply), Refusal::Wrong);
    assert_eq!(issuer.active().evidence.factor.secret, old);
    issuer.enrol_factor(session);
    assert_ne!(issuer.active().evidence.factor.secret, old);
}

#[test]
fn codes_of_resets_that_went_to_the_address_as_it_was_are_dead_after_a_change() {
    let mut issuer = TestIssuer::with_paying_account();
    let reset = issuer.request_reset(ATTACKER);
    let code = issuer.last_code();
    let session = issuer.log_in_fully(PHONE);
    issuer.change_address(session);
    let value = issuer.next_totp();
    assert_eq!(refusal(issuer.verify_reset(reset, ATTACKER, code, value)), Refusal::Wrong);
}

#[test]
fn changes_are_made_so_often_and_then_not_for_a_while() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.log_in_fully(PHONE);
    issuer.decide(Event::BeginFactorEnrolment { session });
    for _ in 0..10 {
        let reply = issuer.decide(Event::RenewRecoveryCodes { session });
        assert!(matches!(reply, Reply::RecoveryCodes(_)), "{reply:?}");
    }
    let too_often = |wait| Refusal::TooOften { wait };
    let week = 7 * DAY;
    assert_eq!(refusal(issuer.decide(Event::RenewRecoveryCodes { session })), too_often(week));
    issuer.advance(MINUTE);
    assert_eq!(
        refusal(issuer.decide(Event::VerifyFactorEnrolment { session })),
        too_often(week - MINUTE)
    );
    // To the second.
    issuer.advance(week - 3 * MINUTE);
    let session = issuer.log_in_fully(PHONE);
    let refused = refusal(issuer.decide(Event::RenewRecoveryCodes { session }));
    let Refusal::TooOften { wait } = refused else { panic!("{refused:?}") };
    issuer.advance(wait - 1);
    assert_eq!(refusal(issuer.decide(Event::RenewRecoveryCodes { session })), too_often(1));
    issuer.advance(1);
    let reply = issuer.decide(Event::RenewRecoveryCodes { session });
    assert!(matches!(reply, Reply::RecoveryCodes(_)), "{reply:?}");
}

/// What a thief with password and factor does first: he takes the account over.
fn after_takeover() -> (TestIssuer, TypedValue, SecretId) {
    let mut issuer = TestIssuer::with_paying_account();
    let factor = issuer.active().evidence.factor.secret;
    let session = issuer.log_in_fully(ATTACKER);
    issuer.enrol_factor(session);
    let notice = issuer.last_code();
    issuer.change_address(session);
    issuer.decide(Event::RenewRecoveryCodes { session });
    issuer.decide(Event::Provision { session, device: ATTACKER });
    issuer.decide(Event::RequestDeletion { session });
    (issuer, notice, factor)
}

#[test]
fn the_code_of_a_notice_freezes_and_logs_out_and_no_session_lifts_that() {
    let (mut issuer, notice, _) = after_takeover();
    assert!(issuer.caps().is_some());
    let wrong = issuer.run(Event::FreezeByCode, &[TypedValue::Wrong]);
    assert_eq!(refusal(wrong), Refusal::Wrong);
    assert!(matches!(issuer.run(Event::FreezeByCode, &[notice]), Reply::Done));
    assert_eq!((issuer.caps(), issuer.session_on(ATTACKER)), (None, None));

    let session = issuer.log_in_fully(ATTACKER);
    for event in [
        Event::Unfreeze { session },
        Event::Provision { session, device: ATTACKER },
        Event::BeginFactorEnrolment { session },
        Event::ChangeAddress { session },
        Event::RenewRecoveryCodes { session },
    ] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::Frozen);
    }
    issuer.advance(8 * DAY);
    assert_eq!(refusal(issuer.decide(Event::DeleteIfDue)), Refusal::Frozen, "asked for by a thief");
    assert!(issuer.active().snapshot.is_some(), "frozen, the changes can be taken back for longer");
}

#[test]
fn taking_changes_back_restores_address_factor_and_codes_and_drops_password_devices_and_sessions() {
    let (mut issuer, notice, old) = after_takeover();
    let snapshot = issuer.active().snapshot.clone().unwrap();
    let changed = issuer.next_totp();
    assert_eq!(refusal(undo(&mut issuer, notice, changed)), Refusal::Wrong, "his factor");
    assert_eq!(refusal(undo(&mut issuer, notice, TypedValue::Wrong)), Refusal::Wrong);
    let value = issuer.next_totp_of(old);
    assert_eq!(refusal(undo(&mut issuer, TypedValue::Wrong, value)), Refusal::Wrong);

    let value = issuer.next_totp_of(old);
    assert!(matches!(undo(&mut issuer, notice, value), Reply::Done));
    let active = issuer.active();
    assert_eq!(active.evidence.address, snapshot.evidence.address);
    assert_eq!(active.evidence.factor.secret, snapshot.evidence.factor.secret);
    assert_eq!(active.evidence.recovery, snapshot.evidence.recovery);
    assert_eq!(active.devices().iter().map(|device| device.id).collect::<Vec<_>>(), [PHONE]);
    assert_eq!((active.password, active.snapshot.as_ref(), active.deletion()), (None, None, None));
    assert_eq!((issuer.caps(), active.is_frozen()), (None, false));
    assert_eq!(active.sessions(&issuer.context).count(), 0);

    issuer.reset_password(PHONE);
    let session = issuer.log_in_fully(PHONE);
    issuer.decide(Event::Provision { session, device: PHONE });
    assert_eq!(issuer.caps(), Some(Caps::Low));
}

#[test]
fn changes_are_taken_back_once_with_a_recovery_code_from_before_as_well() {
    let (mut issuer, notice, _) = after_takeover();
    let recovery =
        TypedValue::Secret(issuer.active().snapshot.as_ref().unwrap().evidence.recovery[0]);
    assert!(matches!(undo(&mut issuer, notice, recovery), Reply::Done));
    assert_eq!(issuer.active().recovery_left(), 9);
    assert_eq!(refusal(undo(&mut issuer, notice, recovery)), Refusal::Wrong);
}

#[test]
fn a_value_that_was_used_before_the_change_takes_nothing_back() {
    let mut issuer = TestIssuer::with_paying_account();
    let password = issuer.password();
    let value = issuer.next_totp();
    let Reply::LoggedIn { session, .. } = issuer.log_in(PHONE, password, Some(value)) else {
        panic!("not logged in");
    };
    issuer.enrol_factor(session);
    let notice = issuer.last_code();
    assert_eq!(refusal(undo(&mut issuer, notice, value)), Refusal::Wrong);
}

#[test]
fn after_seven_days_nothing_is_taken_back_and_what_was_replaced_is_forgotten() {
    let (mut issuer, notice, old) = after_takeover();
    issuer.advance(7 * DAY);
    let value = issuer.next_totp_of(old);
    assert_eq!(refusal(undo(&mut issuer, notice, value)), Refusal::Wrong);
    assert_eq!(refusal(issuer.run(Event::FreezeByCode, &[notice])), Refusal::Wrong);
    assert_eq!(issuer.active().snapshot, None);
}

#[test]
fn wrong_codes_of_notices_use_up_nothing() {
    let (mut issuer, notice, old) = after_takeover();
    for _ in 0..100 {
        assert_eq!(refusal(issuer.run(Event::FreezeByCode, &[TypedValue::Wrong])), Refusal::Wrong);
        assert_eq!(
            refusal(undo(&mut issuer, TypedValue::Wrong, TypedValue::Value(old, 0))),
            Refusal::Wrong
        );
    }
    assert!(matches!(issuer.run(Event::FreezeByCode, &[notice]), Reply::Done));
    let value = issuer.next_totp_of(old);
    assert!(matches!(undo(&mut issuer, notice, value), Reply::Done));
}

#[test]
fn who_reads_a_notice_guesses_at_the_factor_twenty_times_a_week_and_a_recovery_code_counts_still() {
    let (mut issuer, notice, old) = after_takeover();
    for _ in 0..20 {
        assert_eq!(refusal(undo(&mut issuer, notice, TypedValue::Value(old, 0))), Refusal::Wrong);
    }
    let value = issuer.next_totp_of(old);
    assert_eq!(refusal(undo(&mut issuer, notice, value)), Refusal::Wrong, "used up");
    let recovery =
        TypedValue::Secret(issuer.active().snapshot.as_ref().unwrap().evidence.recovery[0]);
    assert!(matches!(undo(&mut issuer, notice, recovery), Reply::Done));
}

#[test]
fn who_moved_the_address_uses_up_nothing_of_who_reads_the_old_one() {
    let (mut issuer, notice, old) = after_takeover();
    let snapshot = issuer.active().snapshot.clone().unwrap();
    // Two changes after the move, his mails of which came to his address alone.
    assert_eq!((snapshot.codes.len(), snapshot.codes_elsewhere.len()), (3, 2));
    let his = TypedValue::Secret(snapshot.codes_elsewhere[1]);
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
        assert_eq!(refusal(undo(&mut issuer, his, TypedValue::Value(old, 0))), Refusal::Wrong);
    }
    let value = issuer.next_totp_of(old);
    assert_eq!(refusal(undo(&mut issuer, his, value)), Refusal::Wrong, "his are used up");
    let value = issuer.next_totp_of(old);
    assert!(matches!(undo(&mut issuer, notice, value), Reply::Done), "hers are not");
}

#[test]
fn a_code_given_again_and_again_does_not_keep_her_from_taking_the_changes_back() {
    let (mut issuer, notice, old) = after_takeover();
    assert!(matches!(issuer.run(Event::FreezeByCode, &[notice]), Reply::Done));
    let mails = issuer.mails.len();
    let epoch = issuer.active().epoch;
    let verification = issuer.start(Event::RevertChanges { factor: FactorKind::Totp });
    let his = TypedValue::Secret(issuer.active().snapshot.as_ref().unwrap().codes_elsewhere[0]);
    assert!(matches!(issuer.run(Event::FreezeByCode, &[his]), Reply::Done));
    assert_eq!((issuer.mails.len(), issuer.active().epoch), (mails, epoch));
    let Reply::VerificationRequired(verification) = issuer.complete(verification, notice) else {
        panic!("refused")
    };
    let value = issuer.next_totp_of(old);
    assert!(matches!(issuer.complete(verification, value), Reply::Done));
}

#[test]
fn so_it_is_while_an_operator_has_frozen_the_account_whoever_was_first() {
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
        let verification = issuer.start(Event::RevertChanges { factor: FactorKind::Totp });
        let his = TypedValue::Secret(issuer.active().snapshot.as_ref().unwrap().codes_elsewhere[0]);
        assert!(matches!(issuer.run(Event::FreezeByCode, &[his]), Reply::Done));
        assert_eq!(issuer.active().epoch, epoch);
        let Reply::VerificationRequired(verification) = issuer.complete(verification, notice)
        else {
            panic!("refused")
        };
        let value = issuer.next_totp_of(old);
        assert!(matches!(issuer.complete(verification, value), Reply::Done));
        assert!(issuer.active().is_frozen(), "by the operator");
    }
}

#[test]
fn a_notice_freezes_again_after_an_operator_let_go() {
    let (mut issuer, notice, _) = after_takeover();
    issuer.run(Event::FreezeByCode, &[notice]);
    issuer.decide(Event::SetOperatorFreeze { frozen: true });
    issuer.decide(Event::SetOperatorFreeze { frozen: false });
    let session = issuer.log_in_fully(ATTACKER);
    assert!(matches!(issuer.run(Event::FreezeByCode, &[notice]), Reply::Done));
    assert!(issuer.active().is_frozen());
    assert_eq!(refusal(issuer.decide(Event::UseSession { session })), Refusal::NotLoggedIn);
}

#[test]
fn undoing_under_way_twice_happens_once() {
    let (mut issuer, notice, old) = after_takeover();
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
    assert_eq!(refusal(issuer.complete(other, second)), Refusal::Wrong);
}
