use tegata::protocol::{DeviceId, Refusal};

use super::issuer::*;
use crate::*;

fn finish(issuer: &mut Issuer, reset: ResetId, device: DeviceId) -> Answer {
    issuer.decide(Event::ResetFinish { reset, device })
}

#[test]
fn code_and_factor_on_one_device_give_a_new_password_and_no_session() {
    let mut issuer = Issuer::settled();
    let old = issuer.password();
    issuer.resets(TABLET);
    assert_ne!(issuer.password(), old);
    assert!(issuer.told(&Letter::WasReset));
    assert_eq!(issuer.live().sessions(&issuer.world).count(), 0);
    assert_eq!(refusal(issuer.logs_in(PHONE, old, None)), Refusal::Wrong);
}

#[test]
fn no_step_is_skipped_repeated_or_taken_from_another_reset() {
    let mut issuer = Issuer::settled();
    let password = issuer.password();
    let reset = issuer.asks_for_reset(PHONE);
    assert_eq!(refusal(finish(&mut issuer, reset, PHONE)), Refusal::Wrong, "skipped");

    let hers = issuer.mailed();
    let his = issuer.asks_for_reset(THIEF);
    let value = issuer.value();
    let answer = issuer.proves_reset(his, THIEF, hers, value);
    assert_eq!(refusal(answer), Refusal::Wrong, "the code of another reset");

    let value = issuer.value();
    assert!(matches!(issuer.proves_reset(reset, PHONE, hers, value), Answer::Proved));
    let value = issuer.value();
    assert_eq!(refusal(issuer.proves_reset(reset, PHONE, hers, value)), Refusal::Wrong, "twice");
    assert_eq!(refusal(finish(&mut issuer, his, THIEF)), Refusal::Wrong, "proved for another");
    assert_eq!(issuer.password(), password);
    assert!(matches!(finish(&mut issuer, reset, PHONE), Answer::Done));
    assert_eq!(refusal(finish(&mut issuer, reset, PHONE)), Refusal::Wrong, "twice");
}

#[test]
fn mailbox_alone_and_factor_alone_are_refused() {
    let mut issuer = Issuer::settled();
    let reset = issuer.asks_for_reset(THIEF);
    let (code, value) = (issuer.mailed(), issuer.value());
    for (code, factor) in
        [(code, Given::Wrong), (Given::Wrong, value), (Given::Wrong, Given::Wrong)]
    {
        assert_eq!(refusal(issuer.proves_reset(reset, THIEF, code, factor)), Refusal::Wrong);
        assert_eq!(refusal(finish(&mut issuer, reset, THIEF)), Refusal::Wrong);
    }
    // Neither stands for the other.
    assert_eq!(refusal(issuer.proves_reset(reset, THIEF, value, code)), Refusal::Wrong);
}

#[test]
fn a_code_relayed_to_another_device_is_refused_and_costs_no_try() {
    let mut issuer = Issuer::settled();
    let reset = issuer.asks_for_reset(PHONE);
    let (code, value) = (issuer.mailed(), issuer.value());
    for _ in 0..9 {
        let answer = issuer.proves_reset(reset, THIEF, code, value);
        assert_eq!(refusal(answer), Refusal::Wrong);
    }
    assert!(matches!(issuer.proves_reset(reset, PHONE, code, value), Answer::Proved));
    assert_eq!(refusal(finish(&mut issuer, reset, THIEF)), Refusal::Wrong);
    assert!(matches!(finish(&mut issuer, reset, PHONE), Answer::Done));
}

#[test]
fn a_code_is_compared_five_times_however_many_are_under_way() {
    let mut issuer = Issuer::settled();
    let reset = issuer.asks_for_reset(THIEF);
    let (code, value) = (issuer.mailed(), issuer.value());
    let event = || Event::ResetCode { reset, device: THIEF, factor: FactorKind::Totp };
    let checks: Vec<Check> = (0..10_000).map(|_| issuer.begin(event())).collect();
    let compared = |check: &&Check| *check.compare() != Compare::MailedCode(None);
    assert_eq!(checks.iter().filter(compared).count(), 5);
    for check in checks.into_iter().skip(5).take(5) {
        let Answer::Check(check) = issuer.tell(check, code) else { panic!() };
        assert_eq!(refusal(issuer.tell(check, value)), Refusal::Wrong);
    }
}

#[test]
fn of_many_who_prove_at_once_with_the_same_code_one_wins() {
    for factor in [FactorKind::Totp, FactorKind::Recovery] {
        let mut issuer = Issuer::settled();
        let reset = issuer.asks_for_reset(PHONE);
        let code = issuer.mailed();
        let given = match factor {
            FactorKind::Totp => issuer.value(),
            FactorKind::Recovery => issuer.recovery_code(),
        };
        let event = || Event::ResetCode { reset, device: PHONE, factor };
        let checks: Vec<Check> = (0..5).map(|_| issuer.begin(event())).collect();
        let second: Vec<Answer> = checks.into_iter().map(|c| issuer.tell(c, code)).collect();
        let answers = second.into_iter().map(|answer| match answer {
            Answer::Check(check) => issuer.tell(check, given),
            other => panic!("{other:?}"),
        });
        let proved = answers.filter(|answer| matches!(answer, Answer::Proved)).count();
        assert_eq!(proved, 1);
    }
}

#[test]
fn a_code_holds_for_ten_minutes_a_proved_reset_too_and_a_clock_set_back_revives_neither() {
    let mut issuer = Issuer::settled();
    let reset = issuer.asks_for_reset(PHONE);
    let code = issuer.mailed();
    issuer.later(10 * MINUTE);
    let value = issuer.value();
    assert_eq!(refusal(issuer.proves_reset(reset, PHONE, code, value)), Refusal::Wrong);
    issuer.back(20 * MINUTE);
    let value = issuer.value();
    assert_eq!(refusal(issuer.proves_reset(reset, PHONE, code, value)), Refusal::Wrong);

    let mut issuer = Issuer::settled();
    let reset = issuer.proved_reset(PHONE);
    issuer.later(10 * MINUTE);
    assert_eq!(refusal(finish(&mut issuer, reset, PHONE)), Refusal::Wrong);
    issuer.back(10 * MINUTE);
    assert_eq!(refusal(finish(&mut issuer, reset, PHONE)), Refusal::Wrong);
}

#[test]
fn old_sessions_credentials_and_other_resets_are_dead_after_a_reset() {
    let mut issuer = Issuer::settled();
    let session = issuer.session_on(PHONE).unwrap();
    let other = issuer.proved_reset(TABLET);
    let credential = issuer.live().credential(&issuer.world).unwrap().number;
    issuer.resets(PHONE);

    assert_eq!(refusal(issuer.decide(Event::Seen { session })), Refusal::NotLoggedIn);
    assert_eq!(refusal(finish(&mut issuer, other, TABLET)), Refusal::Wrong);
    assert_eq!(issuer.live().caps(credential, &issuer.world), None);
    // Nothing is paid before a log-in with the factor and a new credential; then with lower caps for a day.
    let session = issuer.logged_in(PHONE);
    assert_eq!(issuer.caps(), None);
    issuer.decide(Event::Provision { session, device: PHONE });
    assert_eq!(issuer.caps(), Some(Caps::Low));
    assert_eq!(issuer.live().caps(credential, &issuer.world), None);
    issuer.later(DAY);
    assert_eq!(issuer.caps(), Some(Caps::Usual));
}

#[test]
fn a_reset_changes_no_second_factor() {
    let mut issuer = Issuer::settled();
    let before = issuer.live().evidence.clone();
    issuer.resets(PHONE);
    let after = &issuer.live().evidence;
    assert_eq!(after.factor.secret, before.factor.secret);
    assert_eq!((after.address, &after.recovery), (before.address, &before.recovery));
}

#[test]
fn with_a_recovery_code_a_reset_needs_no_authenticator_and_the_code_is_used_up() {
    let mut issuer = Issuer::settled();
    let (reset, recovery) = (issuer.asks_for_reset(TABLET), issuer.recovery_code());
    let code = issuer.mailed();
    assert!(matches!(issuer.proves_reset(reset, TABLET, code, recovery), Answer::Proved));
    assert_eq!(issuer.live().recovery_left(), 9);
    let reset = issuer.asks_for_reset(PHONE);
    let code = issuer.mailed();
    assert_eq!(refusal(issuer.proves_reset(reset, PHONE, code, recovery)), Refusal::Wrong);
}

#[test]
fn a_device_has_one_reset_and_the_code_goes_to_the_verified_address_alone() {
    let mut issuer = Issuer::settled();
    let first = issuer.asks_for_reset(PHONE);
    let code = issuer.mailed();
    issuer.asks_for_reset(PHONE);
    let value = issuer.value();
    assert_eq!(refusal(issuer.proves_reset(first, PHONE, code, value)), Refusal::Wrong);
    assert_eq!(issuer.live().resets.len(), 1);
    let address = issuer.live().address();
    assert!(issuer.mails.iter().all(|(to, _)| *to == address));
}

#[test]
fn strangers_use_up_their_own_codes_and_get_the_same_answer_after() {
    let mut issuer = Issuer::settled();
    for _ in 0..50 {
        issuer.asks_for_reset(THIEF);
    }
    let codes = |issuer: &Issuer| {
        issuer.mails.iter().filter(|(_, letter)| matches!(letter, Letter::Reset { .. })).count()
    };
    assert_eq!(codes(&issuer), 5);
    let reset = issuer.asks_for_reset(THIEF);
    let check = issuer.begin(Event::ResetCode { reset, device: THIEF, factor: FactorKind::Totp });
    assert_eq!(check.compare(), &Compare::MailedCode(None), "something to type a code for");
    issuer.resets(PHONE);

    issuer.later(DAY);
    issuer.asks_for_reset(THIEF);
    assert_eq!(codes(&issuer), 7);
}

#[test]
fn who_has_no_mailbox_uses_up_no_try_on_the_factor_and_who_has_it_gets_twenty_a_week() {
    let mut issuer = Issuer::settled();
    for _ in 0..40 {
        issuer.later(DAY);
        let reset = issuer.asks_for_reset(THIEF);
        issuer.proves_reset(reset, THIEF, Given::Wrong, Given::Wrong);
    }
    assert_eq!(issuer.live().used.factor_in_resets, limits::Used::default());

    let mut compared = 0;
    for _ in 0..10 {
        let reset = issuer.asks_for_reset(PHONE);
        let code = issuer.mailed();
        for _ in 0..5 {
            let event = Event::ResetCode { reset, device: PHONE, factor: FactorKind::Totp };
            let check = issuer.begin(event);
            let Answer::Check(check) = issuer.tell(check, code) else { panic!() };
            compared += u32::from(*check.compare() != Compare::Totp(None));
        }
        issuer.later(DAY / 2);
    }
    assert_eq!(compared, 20);
    // A factor that is locked so is still recovered with a recovery code.
    let (reset, recovery) = (issuer.asks_for_reset(TABLET), issuer.recovery_code());
    let code = issuer.mailed();
    assert!(matches!(issuer.proves_reset(reset, TABLET, code, recovery), Answer::Proved));
}
