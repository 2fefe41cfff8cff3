use tegata::protocol::Refusal;

use super::issuer::*;
use crate::*;

fn undo(issuer: &mut Issuer, notice: Given, factor: Given) -> Answer {
    issuer.ask(Event::UndoCode { factor: factor.kind() }, &[notice, factor])
}

#[test]
fn a_change_asks_for_a_full_log_in_within_five_minutes() {
    let mut issuer = Issuer::settled();
    let changes = |session| {
        [
            Event::Enrol { session },
            Event::RenewRecovery { session },
            Event::MoveAddress { session },
            Event::Close { session },
        ]
    };
    let old = issuer.session_on(PHONE).unwrap();
    for event in changes(old) {
        assert_eq!(refusal(issuer.decide(event)), Refusal::LoginTooOld);
    }
    let password = issuer.password();
    let answer = issuer.logs_in(PHONE, password, None);
    let Answer::LoggedIn { session, .. } = answer else { panic!("{answer:?}") };
    for event in changes(session) {
        assert_eq!(refusal(issuer.decide(event)), Refusal::FactorNeeded);
    }
    let session = issuer.logged_in(PHONE);
    issuer.enrols(session);
    issuer.moves(session);
    issuer.later(5 * MINUTE);
    for event in changes(session) {
        assert_eq!(refusal(issuer.decide(event)), Refusal::LoginTooOld);
    }
}

#[test]
fn the_old_address_is_told_of_each_change_and_of_all_that_follows_in_its_seven_days() {
    let mut issuer = Issuer::settled();
    let (old, session) = (issuer.live().address(), issuer.logged_in(PHONE));
    issuer.moves(session);
    let new = issuer.live().address();
    issuer.decide(Event::Freeze { session });
    for address in [old, new] {
        let told = |what: fn(&Letter) -> bool| {
            issuer.mails.iter().any(|(to, letter)| *to == address && what(letter))
        };
        assert!(told(|letter| matches!(letter, Letter::Changed { what: Change::Address, .. })));
        assert!(told(|letter| matches!(letter, Letter::Frozen)));
    }
}

#[test]
fn a_new_address_is_taken_after_its_code_was_typed_and_not_after_that_of_another() {
    let mut issuer = Issuer::settled();
    let (old, session) = (issuer.live().address(), issuer.logged_in(PHONE));
    issuer.decide(Event::MoveAddress { session });
    let first = issuer.mailed();
    let under_way = issuer.begin(Event::MoveAddressCode { session });
    issuer.decide(Event::MoveAddress { session });
    assert_eq!(refusal(issuer.tell(under_way, first)), Refusal::Wrong, "the code of another");
    for _ in 0..5 {
        let answer = issuer.ask(Event::MoveAddressCode { session }, &[first]);
        assert_eq!(refusal(answer), Refusal::Wrong);
    }
    let code = issuer.mailed();
    let answer = issuer.ask(Event::MoveAddressCode { session }, &[code]);
    assert_eq!(refusal(answer), Refusal::Wrong, "tried five times");
    assert_eq!(issuer.live().address(), old);
}

/// The address that an account has, and the one it can go back to: each finds it, whatever number it is kept under. The
/// issuer of the tests looks after each step.
#[test]
fn an_account_moved_to_the_address_it_has_or_back_is_found_by_it_for_ever() {
    let mut issuer = Issuer::settled();
    let session = issuer.logged_in(PHONE);
    issuer.moves_to(session, HOME);
    issuer.later(7 * DAY);
    let session = issuer.logged_in(PHONE);
    issuer.moves_to(session, "elsewhere@example.org");
    issuer.moves_to(session, "elsewhere@example.org");
    issuer.moves_to(session, HOME);
    issuer.later(7 * DAY);
    let session = issuer.logged_in(PHONE);
    let old = issuer.live().evidence.factor.secret;
    issuer.moves_to(session, HOME);
    let (notice, value) = (issuer.mailed(), issuer.value_of(old));
    assert!(matches!(undo(&mut issuer, notice, value), Answer::Done));
}

#[test]
fn a_factor_counts_after_its_first_value_was_typed_and_not_that_of_another() {
    let mut issuer = Issuer::settled();
    let (old, session) = (issuer.live().evidence.factor.secret, issuer.logged_in(PHONE));
    let Answer::Enrolling(first) = issuer.decide(Event::Enrol { session }) else { panic!() };
    let under_way = issuer.begin(Event::EnrolCode { session });
    issuer.decide(Event::Enrol { session });
    let value = issuer.value_of(first);
    assert_eq!(refusal(issuer.tell(under_way, value)), Refusal::Wrong);
    let answer = issuer.ask(Event::EnrolCode { session }, &[Given::Wrong]);
    assert_eq!(refusal(answer), Refusal::Wrong);
    assert_eq!(issuer.live().evidence.factor.secret, old);
    issuer.enrols(session);
    assert_ne!(issuer.live().evidence.factor.secret, old);
}

#[test]
fn codes_of_resets_that_went_to_the_address_as_it_was_are_dead_after_a_change() {
    let mut issuer = Issuer::settled();
    let reset = issuer.asks_for_reset(THIEF);
    let code = issuer.mailed();
    let session = issuer.logged_in(PHONE);
    issuer.moves(session);
    let value = issuer.value();
    assert_eq!(refusal(issuer.proves_reset(reset, THIEF, code, value)), Refusal::Wrong);
}

#[test]
fn changes_are_made_so_often_and_then_not_for_a_while() {
    let mut issuer = Issuer::settled();
    let session = issuer.logged_in(PHONE);
    issuer.decide(Event::Enrol { session });
    for _ in 0..10 {
        let answer = issuer.decide(Event::RenewRecovery { session });
        assert!(matches!(answer, Answer::RecoveryCodes(_)), "{answer:?}");
    }
    let too_often = |wait| Refusal::TooOften { wait };
    let week = 7 * DAY;
    assert_eq!(refusal(issuer.decide(Event::RenewRecovery { session })), too_often(week));
    issuer.later(MINUTE);
    assert_eq!(refusal(issuer.decide(Event::EnrolCode { session })), too_often(week - MINUTE));
    // To the second.
    issuer.later(week - 3 * MINUTE);
    let session = issuer.logged_in(PHONE);
    let told = refusal(issuer.decide(Event::RenewRecovery { session }));
    let Refusal::TooOften { wait } = told else { panic!("{told:?}") };
    issuer.later(wait - 1);
    assert_eq!(refusal(issuer.decide(Event::RenewRecovery { session })), too_often(1));
    issuer.later(1);
    let answer = issuer.decide(Event::RenewRecovery { session });
    assert!(matches!(answer, Answer::RecoveryCodes(_)), "{answer:?}");
}

/// What a thief with password and factor does first: he takes the account over.
fn taken_over() -> (Issuer, Given, SecretId) {
    let mut issuer = Issuer::settled();
    let factor = issuer.live().evidence.factor.secret;
    let session = issuer.logged_in(THIEF);
    issuer.enrols(session);
    let notice = issuer.mailed();
    issuer.moves(session);
    issuer.decide(Event::RenewRecovery { session });
    issuer.decide(Event::Provision { session, device: THIEF });
    issuer.decide(Event::Close { session });
    (issuer, notice, factor)
}

#[test]
fn the_code_of_a_notice_freezes_and_logs_out_and_no_session_lifts_that() {
    let (mut issuer, notice, _) = taken_over();
    assert!(issuer.caps().is_some());
    let wrong = issuer.ask(Event::FreezeCode, &[Given::Wrong]);
    assert_eq!(refusal(wrong), Refusal::Wrong);
    assert!(matches!(issuer.ask(Event::FreezeCode, &[notice]), Answer::Done));
    assert_eq!((issuer.caps(), issuer.session_on(THIEF)), (None, None));

    let session = issuer.logged_in(THIEF);
    for event in [
        Event::Unfreeze { session },
        Event::Provision { session, device: THIEF },
        Event::Enrol { session },
        Event::MoveAddress { session },
        Event::RenewRecovery { session },
    ] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::Frozen);
    }
    issuer.later(8 * DAY);
    assert_eq!(refusal(issuer.decide(Event::CloseDue)), Refusal::Frozen, "asked for by a thief");
    assert!(issuer.live().before.is_some(), "frozen, the changes can be taken back for longer");
}

#[test]
fn taking_changes_back_restores_address_factor_and_codes_and_drops_password_devices_and_sessions() {
    let (mut issuer, notice, old) = taken_over();
    let before = issuer.live().before.clone().unwrap();
    let changed = issuer.value();
    assert_eq!(refusal(undo(&mut issuer, notice, changed)), Refusal::Wrong, "his factor");
    assert_eq!(refusal(undo(&mut issuer, notice, Given::Wrong)), Refusal::Wrong);
    let value = issuer.value_of(old);
    assert_eq!(refusal(undo(&mut issuer, Given::Wrong, value)), Refusal::Wrong);

    let value = issuer.value_of(old);
    assert!(matches!(undo(&mut issuer, notice, value), Answer::Done));
    let live = issuer.live();
    assert_eq!(live.evidence.address, before.evidence.address);
    assert_eq!(live.evidence.factor.secret, before.evidence.factor.secret);
    assert_eq!(live.evidence.recovery, before.evidence.recovery);
    assert_eq!(live.devices().iter().map(|device| device.id).collect::<Vec<_>>(), [PHONE]);
    assert_eq!((live.password, live.before.as_ref(), live.closing()), (None, None, None));
    assert_eq!((issuer.caps(), live.is_frozen()), (None, false));
    assert_eq!(live.sessions(&issuer.world).count(), 0);

    issuer.resets(PHONE);
    let session = issuer.logged_in(PHONE);
    issuer.decide(Event::Provision { session, device: PHONE });
    assert_eq!(issuer.caps(), Some(Caps::Low));
}

#[test]
fn changes_are_taken_back_once_with_a_recovery_code_from_before_as_well() {
    let (mut issuer, notice, _) = taken_over();
    let recovery = Given::Secret(issuer.live().before.as_ref().unwrap().evidence.recovery[0]);
    assert!(matches!(undo(&mut issuer, notice, recovery), Answer::Done));
    assert_eq!(issuer.live().recovery_left(), 9);
    assert_eq!(refusal(undo(&mut issuer, notice, recovery)), Refusal::Wrong);
}

#[test]
fn a_value_that_was_used_before_the_change_takes_nothing_back() {
    let mut issuer = Issuer::settled();
    let (password, value) = (issuer.password(), issuer.value());
    let Answer::LoggedIn { session, .. } = issuer.logs_in(PHONE, password, Some(value)) else {
        panic!("not logged in");
    };
    issuer.enrols(session);
    let notice = issuer.mailed();
    assert_eq!(refusal(undo(&mut issuer, notice, value)), Refusal::Wrong);
}

#[test]
fn after_seven_days_nothing_is_taken_back_and_what_was_replaced_is_forgotten() {
    let (mut issuer, notice, old) = taken_over();
    issuer.later(7 * DAY);
    let value = issuer.value_of(old);
    assert_eq!(refusal(undo(&mut issuer, notice, value)), Refusal::Wrong);
    assert_eq!(refusal(issuer.ask(Event::FreezeCode, &[notice])), Refusal::Wrong);
    assert_eq!(issuer.live().before, None);
}

#[test]
fn wrong_codes_of_notices_use_up_nothing() {
    let (mut issuer, notice, old) = taken_over();
    for _ in 0..100 {
        assert_eq!(refusal(issuer.ask(Event::FreezeCode, &[Given::Wrong])), Refusal::Wrong);
        assert_eq!(refusal(undo(&mut issuer, Given::Wrong, Given::Value(old, 0))), Refusal::Wrong);
    }
    assert!(matches!(issuer.ask(Event::FreezeCode, &[notice]), Answer::Done));
    let value = issuer.value_of(old);
    assert!(matches!(undo(&mut issuer, notice, value), Answer::Done));
}

#[test]
fn who_reads_a_notice_guesses_at_the_factor_twenty_times_a_week_and_a_recovery_code_counts_still() {
    let (mut issuer, notice, old) = taken_over();
    for _ in 0..20 {
        assert_eq!(refusal(undo(&mut issuer, notice, Given::Value(old, 0))), Refusal::Wrong);
    }
    let value = issuer.value_of(old);
    assert_eq!(refusal(undo(&mut issuer, notice, value)), Refusal::Wrong, "used up");
    let recovery = Given::Secret(issuer.live().before.as_ref().unwrap().evidence.recovery[0]);
    assert!(matches!(undo(&mut issuer, notice, recovery), Answer::Done));
}

#[test]
fn who_moved_the_address_uses_up_nothing_of_who_reads_the_old_one() {
    let (mut issuer, notice, old) = taken_over();
    let before = issuer.live().before.clone().unwrap();
    // Two changes after the move, his mails of which came to his address alone.
    assert_eq!((before.codes.len(), before.codes_elsewhere.len()), (3, 2));
    let his = Given::Secret(before.codes_elsewhere[1]);
    let reads = |issuer: &Issuer, code: SecretId, address: SecretId| {
        issuer.mails.iter().all(|(to, letter)| match letter {
            Letter::Changed { code: mailed, .. } => *mailed != code || *to == address,
            _ => true,
        })
    };
    let now = issuer.live().evidence.address;
    assert!(before.codes.iter().all(|code| reads(&issuer, *code, before.evidence.address)));
    assert!(before.codes_elsewhere.iter().all(|code| reads(&issuer, *code, now)));

    for _ in 0..30 {
        assert_eq!(refusal(undo(&mut issuer, his, Given::Value(old, 0))), Refusal::Wrong);
    }
    let value = issuer.value_of(old);
    assert_eq!(refusal(undo(&mut issuer, his, value)), Refusal::Wrong, "his are used up");
    let value = issuer.value_of(old);
    assert!(matches!(undo(&mut issuer, notice, value), Answer::Done), "hers are not");
}

#[test]
fn a_code_given_again_and_again_does_not_keep_her_from_taking_the_changes_back() {
    let (mut issuer, notice, old) = taken_over();
    assert!(matches!(issuer.ask(Event::FreezeCode, &[notice]), Answer::Done));
    let (mails, epoch) = (issuer.mails.len(), issuer.live().epoch);
    let check = issuer.begin(Event::UndoCode { factor: FactorKind::Totp });
    let his = Given::Secret(issuer.live().before.as_ref().unwrap().codes_elsewhere[0]);
    assert!(matches!(issuer.ask(Event::FreezeCode, &[his]), Answer::Done));
    assert_eq!((issuer.mails.len(), issuer.live().epoch), (mails, epoch));
    let Answer::Check(check) = issuer.tell(check, notice) else { panic!("refused") };
    let value = issuer.value_of(old);
    assert!(matches!(issuer.tell(check, value), Answer::Done));
}

#[test]
fn so_it_is_while_an_operator_has_frozen_the_account_whoever_was_first() {
    for operator_first in [true, false] {
        let (mut issuer, notice, old) = taken_over();
        let mut acts = [Some(notice), None];
        if operator_first {
            acts.reverse();
        }
        for act in acts {
            let answer = match act {
                Some(notice) => issuer.ask(Event::FreezeCode, &[notice]),
                None => issuer.decide(Event::Operator { frozen: true }),
            };
            assert!(matches!(answer, Answer::Done), "{answer:?}");
        }
        assert_eq!(issuer.session_on(THIEF), None);
        let epoch = issuer.live().epoch;
        let check = issuer.begin(Event::UndoCode { factor: FactorKind::Totp });
        let his = Given::Secret(issuer.live().before.as_ref().unwrap().codes_elsewhere[0]);
        assert!(matches!(issuer.ask(Event::FreezeCode, &[his]), Answer::Done));
        assert_eq!(issuer.live().epoch, epoch);
        let Answer::Check(check) = issuer.tell(check, notice) else { panic!("refused") };
        let value = issuer.value_of(old);
        assert!(matches!(issuer.tell(check, value), Answer::Done));
        assert!(issuer.live().is_frozen(), "by the operator");
    }
}

#[test]
fn a_notice_freezes_again_after_an_operator_let_go() {
    let (mut issuer, notice, _) = taken_over();
    issuer.ask(Event::FreezeCode, &[notice]);
    issuer.decide(Event::Operator { frozen: true });
    issuer.decide(Event::Operator { frozen: false });
    let session = issuer.logged_in(THIEF);
    assert!(matches!(issuer.ask(Event::FreezeCode, &[notice]), Answer::Done));
    assert!(issuer.live().is_frozen());
    assert_eq!(refusal(issuer.decide(Event::Seen { session })), Refusal::NotLoggedIn);
}

#[test]
fn undoing_under_way_twice_happens_once() {
    let (mut issuer, notice, old) = taken_over();
    let event = || Event::UndoCode { factor: FactorKind::Totp };
    let checks = [(); 2].map(|()| issuer.begin(event()));
    let checks = checks.map(|check| match issuer.tell(check, notice) {
        Answer::Check(check) => check,
        other => panic!("{other:?}"),
    });
    let [first, second] = [issuer.value_of(old), issuer.value_of(old)];
    let [one, other] = checks;
    assert!(matches!(issuer.tell(one, first), Answer::Done));
    assert_eq!(refusal(issuer.tell(other, second)), Refusal::Wrong);
}
