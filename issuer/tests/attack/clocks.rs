//! Clocks that jump: what was used stays used, what ran out stays out, and an owner gets through.

use tegata::protocol::Refusal;
use tegata::protocol::{EnrolFactor, EnrolFactorCode, Prove, SecondFactor};

use crate::people::{PASSWORD, Town, on_both, refusal};

on_both! {
    a_clock_set_back_a_day_reopens_nothing,
    a_clock_set_a_year_ahead_ends_what_runs_out_and_the_owner_gets_through,
}

const HANAKO: &str = "hanako@example.org";
const DAY: u64 = 24 * 60 * 60;
const YEAR: u64 = 365 * DAY;

fn a_clock_set_back_a_day_reopens_nothing(town: &Town) {
    let mut hanako = town.shopper(HANAKO);
    let thief = town.person(HANAKO);
    town.passes(2 * DAY);
    hanako.logs_in(PASSWORD).unwrap();
    let SecondFactor::Totp(used) = SecondFactor::Totp(hanako.totp()) else { unreachable!() };
    // All that strangers are mailed in a day, and all tries at one of the codes.
    let tickets: Vec<_> = (0..5).map(|_| thief.asks_for_reset().unwrap()).collect();
    let ticket = hanako.asks_for_reset().unwrap();
    let mails = town.mails(HANAKO, 7).len();
    let code = hanako.code_of_mail(7);
    let wrong = tegata::protocol::MailedCodeText::new("00000000").unwrap();
    for _ in 0..5 {
        let told = hanako.proves_reset(&ticket, wrong.clone(), hanako.next_totp());
        assert_eq!(refusal(told), Refusal::Wrong);
    }
    town.goes_back(DAY);
    // The value that was used, and those of steps that are over, though the clock is there again.
    assert_eq!(refusal(hanako.in_session(&Prove { totp: used })), Refusal::Wrong);
    assert_eq!(refusal(hanako.in_session(&Prove { totp: hanako.totp() })), Refusal::Wrong);
    let SecondFactor::Totp(next) = hanako.next_totp() else { unreachable!() };
    assert_eq!(refusal(hanako.in_session(&Prove { totp: next })), Refusal::Wrong);
    let compared = town.compared("mailed-code");
    assert_eq!(refusal(hanako.proves_reset(&ticket, code, hanako.next_totp())), Refusal::Wrong);
    assert_eq!(town.compared("mailed-code"), compared, "its tries stay used");
    drop(tickets);
    thief.asks_for_reset().unwrap();
    assert_eq!(town.mails_when_quiet(HANAKO), mails, "the day's mails stay used");
    // Her session holds, and when the clock is right again she goes on as before.
    assert!(hanako.view().is_ok());
    town.passes(DAY + 3600);
    hanako.logs_in(PASSWORD).unwrap();
}

fn a_clock_set_a_year_ahead_ends_what_runs_out_and_the_owner_gets_through(town: &Town) {
    let mut hanako = town.shopper(HANAKO);
    let ticket = hanako.asks_for_reset().unwrap();
    let code = hanako.code_of_mail(2);
    hanako.proves_reset(&ticket, code, hanako.next_totp()).unwrap();
    let old = hanako.clone();
    town.passes(YEAR);
    assert_eq!(refusal(hanako.view()), Refusal::NotLoggedIn);
    assert_eq!(refusal(hanako.finishes_reset(&ticket, PASSWORD)), Refusal::Wrong);
    hanako.logs_in(PASSWORD).unwrap();
    // Set right again: what had run out and was swept stays out, and a value of that year is used up with all before it.
    town.goes_back(YEAR);
    assert_eq!(refusal(old.view()), Refusal::NotLoggedIn);
    assert_eq!(refusal(old.finishes_reset(&ticket, PASSWORD)), Refusal::Wrong);
    let factor = Some(hanako.next_totp());
    assert_eq!(refusal(hanako.tries_to_log_in(PASSWORD, factor)), Refusal::Wrong);
    // The way out: a recovery code, and a new factor.
    let code = SecondFactor::RecoveryCode(hanako.recovery[0].clone());
    hanako.session = Some(hanako.tries_to_log_in(PASSWORD, Some(code)).unwrap().session);
    let enrol = hanako.in_session(&EnrolFactor {}).unwrap();
    hanako.authenticator = Some(enrol.otpauth.expose().to_owned());
    hanako.in_session(&EnrolFactorCode { totp: hanako.totp() }).unwrap();
    hanako.logs_in(PASSWORD).unwrap();
    assert!(!hanako.view().unwrap().must_enrol);
}
