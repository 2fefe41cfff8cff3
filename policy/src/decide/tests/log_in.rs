use tegata::protocol::Refusal;

use super::issuer::*;
use crate::*;

#[test]
fn on_a_known_device_the_password_suffices_to_log_in_and_not_to_pay() {
    let mut issuer = Issuer::settled();
    let password = issuer.password();
    let answer = issuer.logs_in(PHONE, password, None);
    let Answer::LoggedIn { session, must_enrol: false } = answer else { panic!("{answer:?}") };
    let provision = || Event::Provision { session, device: PHONE };
    assert_eq!(refusal(issuer.decide(provision())), Refusal::FactorNeeded);
    let value = issuer.value();
    assert!(matches!(issuer.ask(Event::Prove { session }, &[value]), Answer::Done));
    assert!(matches!(issuer.decide(provision()), Answer::Provisioned(_)));
    issuer.later(5 * MINUTE);
    assert_eq!(refusal(issuer.decide(provision())), Refusal::FactorNeeded);
}

#[test]
fn on_an_unknown_device_password_and_factor_are_needed_and_the_owner_is_told() {
    let mut issuer = Issuer::settled();
    let (password, value) = (issuer.password(), issuer.value());
    for (password, factor) in
        [(password, None), (password, Some(Given::Wrong)), (Given::Wrong, Some(value))]
    {
        assert_eq!(refusal(issuer.logs_in(THIEF, password, factor)), Refusal::Wrong);
    }
    assert_eq!(issuer.session_on(THIEF), None);
    issuer.logged_in(TABLET);
    assert!(issuer.told(&Letter::NewDevice { device: "a phone".into() }));
    assert_eq!(issuer.caps(), Some(Caps::Low), "for a day");
    issuer.later(DAY);
    assert_eq!(issuer.caps(), Some(Caps::Usual));
}

#[test]
fn nobody_learns_from_what_is_asked_for_whether_the_password_was_right() {
    let mut issuer = Issuer::settled();
    for password in [issuer.password(), Given::Wrong] {
        let factor = Some(FactorKind::Totp);
        let check = issuer.begin(Event::LogIn { device: THIEF, name: String::new(), factor });
        let answer = issuer.tell(check, password);
        assert!(matches!(answer, Answer::Check(_)), "{answer:?}");
    }
}

#[test]
fn a_value_of_the_factor_is_taken_once_also_by_two_at_the_same_moment() {
    let mut issuer = Issuer::settled();
    let (password, value) = (issuer.password(), issuer.value());
    let [one, other] = [TABLET, THIEF].map(|device| {
        let factor = Some(FactorKind::Totp);
        let check = issuer.begin(Event::LogIn { device, name: String::new(), factor });
        let Answer::Check(check) = issuer.tell(check, password) else { panic!() };
        check
    });
    assert!(matches!(issuer.tell(one, value), Answer::LoggedIn { .. }));
    assert_eq!(refusal(issuer.tell(other, value)), Refusal::Wrong);
    assert_eq!(refusal(issuer.logs_in(THIEF, password, Some(value))), Refusal::Wrong);
    issuer.back(10 * MINUTE);
    assert_eq!(refusal(issuer.logs_in(THIEF, password, Some(value))), Refusal::Wrong);
}

#[test]
fn after_a_restore_the_values_of_the_steps_before_it_are_refused_and_old_sessions_do_not_count() {
    let mut issuer = Issuer::settled();
    let (password, value) = (issuer.password(), issuer.value());
    let Given::Value(_, step) = value else { panic!() };
    issuer.world.used_up_to = step;
    issuer.world.generation = Generation(2);
    assert_eq!(refusal(issuer.logs_in(TABLET, password, Some(value))), Refusal::Wrong);
    assert_eq!(issuer.session_on(PHONE), None);
    assert_eq!(issuer.caps(), None);
    issuer.logged_in(TABLET);
}

#[test]
fn a_recovery_code_is_taken_once_and_then_a_factor_is_enrolled_before_anything_else() {
    let mut issuer = Issuer::settled();
    let old = issuer.session_on(PHONE).unwrap();
    let under_way = issuer.begin(Event::Prove { session: old });
    let (password, code) = (issuer.password(), issuer.recovery_code());
    let answer = issuer.logs_in(TABLET, password, Some(code));
    let Answer::LoggedIn { session, must_enrol: true } = answer else { panic!("{answer:?}") };
    assert!(issuer.told(&Letter::RecoveryUsed { left: 9 }));
    assert_eq!(refusal(issuer.logs_in(THIEF, password, Some(code))), Refusal::Wrong);

    for event in [
        Event::Provision { session, device: TABLET },
        Event::RenewRecovery { session },
        Event::MoveAddress { session },
        Event::Prove { session },
        Event::Unfreeze { session },
        Event::Close { session },
    ] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::EnrolFirst);
    }
    let value = issuer.value();
    assert_eq!(refusal(issuer.tell(under_way, value)), Refusal::EnrolFirst, "asked for before");
    issuer.enrols(session);
    let answer = issuer.decide(Event::Provision { session, device: TABLET });
    assert!(matches!(answer, Answer::Provisioned(_)), "{answer:?}");
    assert_eq!(issuer.caps(), Some(Caps::Low));
}

#[test]
fn the_tries_of_strangers_use_up_no_try_of_the_owner() {
    let mut issuer = Issuer::settled();
    for _ in 0..200 {
        issuer.logs_in(THIEF, Given::Wrong, Some(Given::Wrong));
    }
    let (password, value) = (issuer.password(), issuer.value());
    assert_eq!(refusal(issuer.logs_in(THIEF, password, Some(value))), Refusal::Wrong);
    assert!(matches!(issuer.logs_in(PHONE, password, None), Answer::LoggedIn { .. }));
    issuer.logged_in(PHONE);
}

#[test]
fn passwords_and_factors_are_compared_so_often_and_then_not_for_a_while() {
    let mut issuer = Issuer::settled();
    for _ in 0..10 {
        issuer.logs_in(PHONE, Given::Wrong, None);
    }
    let event = || Event::LogIn { device: PHONE, name: String::new(), factor: None };
    assert_eq!(issuer.begin(event()).compare(), &Compare::Password(None));
    issuer.later(60 * MINUTE);
    assert_ne!(issuer.begin(event()).compare(), &Compare::Password(None));

    let mut issuer = Issuer::settled();
    let password = issuer.password();
    for _ in 0..20 {
        issuer.logs_in(THIEF, password, Some(Given::Wrong));
    }
    let value = issuer.value();
    assert_eq!(refusal(issuer.logs_in(THIEF, password, Some(value))), Refusal::Wrong);
    let session = issuer.session_on(PHONE).unwrap();
    for _ in 0..30 {
        assert_eq!(refusal(issuer.ask(Event::Prove { session }, &[Given::Wrong])), Refusal::Wrong);
    }
    let too_often = |wait| Refusal::TooOften { wait };
    assert_eq!(refusal(issuer.decide(Event::Prove { session })), too_often(7 * DAY));
    issuer.later(7 * DAY - 1);
    assert_eq!(refusal(issuer.decide(Event::Prove { session })), too_often(1));
    issuer.later(1);
    assert!(matches!(issuer.decide(Event::Prove { session }), Answer::Check(_)));
}

#[test]
fn a_log_in_under_way_dies_with_the_password_the_factor_and_the_device_it_was_for() {
    let mut issuer = Issuer::settled();
    let login = |factor| Event::LogIn { device: PHONE, name: String::new(), factor };
    let password = issuer.password();

    let check = issuer.begin(login(None));
    issuer.resets(PHONE);
    assert_eq!(refusal(issuer.tell(check, password)), Refusal::Wrong, "the password as it was");

    let password = issuer.password();
    let check = issuer.begin(login(Some(FactorKind::Totp)));
    let Answer::Check(check) = issuer.tell(check, password) else { panic!() };
    issuer.resets(PHONE);
    let value = issuer.value();
    assert_eq!(refusal(issuer.tell(check, value)), Refusal::Wrong, "the password was right before");

    let password = issuer.password();
    let old = issuer.live().evidence.factor.secret;
    let check = issuer.begin(login(Some(FactorKind::Totp)));
    let Answer::Check(check) = issuer.tell(check, password) else { panic!() };
    let session = issuer.logged_in(TABLET);
    issuer.enrols(session);
    let value = issuer.value_of(old);
    assert_eq!(refusal(issuer.tell(check, value)), Refusal::Wrong, "the factor as it was");

    let check = issuer.begin(login(None));
    assert!(matches!(issuer.decide(Event::ForgetDevice { session, device: PHONE }), Answer::Done));
    assert_eq!(refusal(issuer.tell(check, password)), Refusal::Wrong, "known no longer");
    assert_eq!(issuer.session_on(PHONE), None);
}

#[test]
fn an_answer_to_another_question_than_was_asked_is_none() {
    let mut issuer = Issuer::settled();
    let found = [Found::Step(u64::MAX), Found::Code(SecretId(1)), Found::Nothing];
    for found in found {
        let event = Event::LogIn { device: PHONE, name: String::new(), factor: None };
        let check = issuer.begin(event);
        assert_eq!(refusal(issuer.decide(Event::Checked { check, found })), Refusal::Wrong);
    }
    let session = issuer.session_on(PHONE).unwrap();
    let other = issuer.live().evidence.recovery[0];
    for found in [Found::Match, Found::Code(other), Found::Step(1)] {
        let check = issuer.begin(Event::Prove { session });
        assert_eq!(refusal(issuer.decide(Event::Checked { check, found })), Refusal::Wrong);
    }
}
