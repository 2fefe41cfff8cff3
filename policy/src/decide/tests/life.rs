use tegata::protocol::{DeviceId, Refusal};

use super::issuer::*;
use crate::state::Freeze;
use crate::*;

#[test]
fn a_session_ends_unused_after_thirty_days_and_used_after_ninety() {
    let mut issuer = Issuer::signed_up();
    let session = issuer.session_on(PHONE).unwrap();
    for _ in 0..4 {
        issuer.later(20 * DAY);
        assert!(matches!(issuer.decide(Event::Seen { session }), Answer::Done));
    }
    issuer.later(10 * DAY);
    assert_eq!(refusal(issuer.decide(Event::Seen { session })), Refusal::NotLoggedIn);

    let mut issuer = Issuer::signed_up();
    issuer.later(30 * DAY);
    assert_eq!(refusal(issuer.decide(Event::Seen { session })), Refusal::NotLoggedIn);
    issuer.back(30 * DAY);
    assert_eq!(refusal(issuer.decide(Event::Seen { session })), Refusal::NotLoggedIn);
}

#[test]
fn who_logs_out_is_out_and_ends_what_is_his_alone() {
    let mut issuer = Issuer::settled();
    let (phone, tablet) = (issuer.session_on(PHONE).unwrap(), issuer.logged_in(TABLET));
    let other = Event::EndSessions { session: tablet, which: Some(phone) };
    assert!(matches!(issuer.decide(other), Answer::Done));
    assert_eq!(issuer.session_on(PHONE), None);
    let gone = Event::EndSessions { session: tablet, which: Some(phone) };
    assert_eq!(refusal(issuer.decide(gone)), Refusal::NothingToDo);
    let phone = issuer.logged_in(PHONE);
    let others = Event::EndSessions { session: phone, which: None };
    assert!(matches!(issuer.decide(others), Answer::Done));
    assert_eq!((issuer.session_on(PHONE), issuer.session_on(TABLET)), (Some(phone), None));
    assert!(matches!(issuer.decide(Event::LogOut { session: phone }), Answer::Done));
    assert_eq!(refusal(issuer.decide(Event::LogOut { session: phone })), Refusal::NotLoggedIn);
}

#[test]
fn a_forgotten_device_loses_sessions_resets_and_credential_and_is_unknown() {
    let mut issuer = Issuer::settled();
    let session = issuer.logged_in(TABLET);
    let reset = issuer.proved_reset(PHONE);
    let forget = || Event::ForgetDevice { session, device: PHONE };
    assert!(matches!(issuer.decide(forget()), Answer::Done));
    assert_eq!((issuer.session_on(PHONE), issuer.caps()), (None, None));
    let finish = Event::ResetFinish { reset, device: PHONE };
    assert_eq!(refusal(issuer.decide(finish)), Refusal::Wrong);
    let password = issuer.password();
    assert_eq!(refusal(issuer.logs_in(PHONE, password, None)), Refusal::Wrong);
    assert_eq!(refusal(issuer.decide(forget())), Refusal::NothingToDo);
}

#[test]
fn a_credential_goes_to_the_device_of_the_session_and_there_is_one() {
    let mut issuer = Issuer::settled();
    let old = issuer.live().credential(&issuer.world).unwrap().number;
    let session = issuer.logged_in(TABLET);
    for device in [PHONE, THIEF] {
        let answer = issuer.decide(Event::Provision { session, device });
        assert_eq!(refusal(answer), Refusal::Wrong);
    }
    let answer = issuer.decide(Event::Provision { session, device: TABLET });
    assert!(matches!(answer, Answer::Provisioned(_)), "{answer:?}");
    assert_eq!(issuer.live().caps(old, &issuer.world), None);
    assert_eq!(issuer.caps(), Some(Caps::Low));
}

#[test]
fn devices_and_sessions_do_not_grow_for_ever_and_the_one_used_longest_ago_goes() {
    let mut issuer = Issuer::settled();
    for nth in 20..32 {
        issuer.logged_in(DeviceId([nth; 32]));
        issuer.later(DAY);
        let password = issuer.password();
        for _ in 0..5 {
            issuer.logs_in(DeviceId([nth; 32]), password, None);
        }
    }
    assert_eq!(issuer.live().devices().len(), limits::DEVICES);
    assert!(issuer.live().devices().iter().all(|device| device.id != PHONE));
    assert_eq!(issuer.live().sessions(&issuer.world).count(), limits::SESSIONS);
    assert_eq!(issuer.caps(), None, "the phone's");
}

#[test]
fn an_owner_freezes_with_any_session_and_lets_go_with_the_factor() {
    let mut issuer = Issuer::settled();
    let session = issuer.session_on(PHONE).unwrap();
    assert_eq!(refusal(issuer.decide(Event::Unfreeze { session })), Refusal::FactorNeeded);
    issuer.decide(Event::Freeze { session });
    assert!(issuer.live().is_frozen() && issuer.caps().is_none());
    let value = issuer.value();
    issuer.ask(Event::Prove { session }, &[value]);
    assert!(matches!(issuer.decide(Event::Unfreeze { session }), Answer::Done));
    assert_eq!(issuer.caps(), Some(Caps::Usual));
    assert_eq!(refusal(issuer.decide(Event::Unfreeze { session })), Refusal::NothingToDo);
}

#[test]
fn an_owner_who_froze_it_and_owes_a_factor_enrols_one_and_lets_go() {
    let mut issuer = Issuer::settled();
    let session = issuer.session_on(PHONE).unwrap();
    issuer.decide(Event::Freeze { session });
    // Whoever owes none changes nothing, however well he logged in.
    let session = issuer.logged_in(PHONE);
    assert_eq!(refusal(issuer.decide(Event::Enrol { session })), Refusal::Frozen);

    let (password, code) = (issuer.password(), issuer.recovery_code());
    let answer = issuer.logs_in(TABLET, password, Some(code));
    let Answer::LoggedIn { session: new, must_enrol: true } = answer else { panic!("{answer:?}") };
    assert_eq!(refusal(issuer.decide(Event::Unfreeze { session: new })), Refusal::EnrolFirst);
    // A session without the factor, as on a phone that was found, gains nothing by what she owes.
    let answer = issuer.logs_in(PHONE, password, None);
    let Answer::LoggedIn { session: found, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(refusal(issuer.decide(Event::Enrol { session: found })), Refusal::FactorNeeded);
    for by in [Freeze::Notice, Freeze::Operator, Freeze::Session] {
        let Account::Live(live) = &mut issuer.account else { panic!("no account") };
        live.frozen = Some(by);
        if by != Freeze::Session {
            assert_eq!(refusal(issuer.decide(Event::Enrol { session: new })), Refusal::Frozen);
        }
    }
    issuer.enrols(new);
    assert_eq!(refusal(issuer.decide(Event::Enrol { session: new })), Refusal::Frozen);
    assert_eq!(refusal(issuer.decide(Event::RenewRecovery { session: new })), Refusal::Frozen);
    assert!(matches!(issuer.decide(Event::Unfreeze { session: new }), Answer::Done));
    assert!(!issuer.live().is_frozen());
}

#[test]
fn an_operators_freeze_is_lifted_by_no_owner_and_by_no_undoing() {
    let mut issuer = Issuer::settled();
    let session = issuer.logged_in(PHONE);
    let old = issuer.live().evidence.factor.secret;
    issuer.enrols(session);
    let notice = issuer.mailed();
    issuer.decide(Event::Operator { frozen: true });
    issuer.decide(Event::Freeze { session });
    assert_eq!(refusal(issuer.decide(Event::Unfreeze { session })), Refusal::Frozen);
    issuer.ask(Event::FreezeCode, &[notice]);
    issuer.later(8 * DAY);
    let value = issuer.value_of(old);
    let undone = issuer.ask(Event::UndoCode { factor: FactorKind::Totp }, &[notice, value]);
    assert!(matches!(undone, Answer::Done), "{undone:?}");
    assert!(issuer.live().is_frozen());
    issuer.decide(Event::Operator { frozen: false });
    assert!(!issuer.live().is_frozen());
}

#[test]
fn what_is_kept_is_given_out_after_a_full_log_in_just_now_even_if_the_account_is_frozen() {
    let mut issuer = Issuer::settled();
    let export = |session, first| Event::Export { session, first };
    let session = issuer.session_on(PHONE).unwrap();
    assert_eq!(refusal(issuer.decide(export(session, true))), Refusal::LoginTooOld);
    let password = issuer.password();
    issuer.logs_in(PHONE, password, None);
    let session = issuer.session_on(PHONE).unwrap();
    assert_eq!(refusal(issuer.decide(export(session, true))), Refusal::FactorNeeded);
    let session = issuer.logged_in(PHONE);
    issuer.decide(Event::Freeze { session });
    assert!(matches!(issuer.decide(export(session, true)), Answer::Done));
    assert!(issuer.told(&Letter::Exported));
    let deeds = issuer.deeds.len();
    assert!(matches!(issuer.decide(export(session, false)), Answer::Done), "the next page");
    assert_eq!(issuer.deeds.len(), deeds);
    // Whoever says that it is a later page, and had none before, is told of all the same.
    let session = issuer.logged_in(PHONE);
    let mails = issuer.mails.len();
    for _ in 0..2 {
        assert!(matches!(issuer.decide(export(session, false)), Answer::Done));
        assert_eq!((issuer.deeds.len(), issuer.mails.len()), (deeds + 2, mails + 1));
    }
    issuer.later(5 * MINUTE);
    assert_eq!(refusal(issuer.decide(export(session, false))), Refusal::LoginTooOld);
}

#[test]
fn an_account_is_deleted_after_seven_days_unless_it_is_kept() {
    let mut issuer = Issuer::settled();
    let session = issuer.logged_in(PHONE);
    assert_eq!(refusal(issuer.decide(Event::Keep { session })), Refusal::NothingToDo);
    issuer.decide(Event::Close { session });
    let due = issuer.live().closing().unwrap();
    issuer.later(6 * DAY);
    assert_eq!(refusal(issuer.decide(Event::CloseDue)), Refusal::NothingToDo);
    assert!(matches!(issuer.decide(Event::Keep { session }), Answer::Done));
    issuer.later(2 * DAY);
    assert_eq!(refusal(issuer.decide(Event::CloseDue)), Refusal::NothingToDo);

    let session = issuer.logged_in(PHONE);
    issuer.decide(Event::Close { session });
    assert!(issuer.live().closing().unwrap() > due);
    issuer.later(7 * DAY);
    assert!(matches!(issuer.decide(Event::CloseDue), Answer::Done));
    assert_eq!(issuer.account, Account::Closed);
    let event = Event::LogIn { device: PHONE, name: String::new(), factor: None };
    assert_eq!(refusal(issuer.decide(event)), Refusal::Wrong);
    assert_eq!(refusal(issuer.decide(Event::Operator { frozen: false })), Refusal::Wrong);
}
