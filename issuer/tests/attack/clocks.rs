//! Clocks that jump: what was used stays used, what ran out stays out, and an owner gets through.

use tegata::protocol::Refusal;
use tegata::protocol::{BeginFactorEnrolment, ConfirmFactorEnrolment, SecondFactor, VerifyFactor};

use tegata_testkit::{
    TestIssuer, on_both,
    shopper::{PASSWORD, refusal},
};

on_both! {
    a_clock_set_back_a_day_reopens_nothing,
    a_clock_a_year_ahead_ends_what_expires_not_the_account,
}

const HANAKO: &str = "hanako@example.org";
const DAY: u64 = 24 * 60 * 60;
const YEAR: u64 = 365 * DAY;

fn a_clock_set_back_a_day_reopens_nothing(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let attacker = issuer.new_shopper(HANAKO);
    issuer.advance_clock(2 * DAY);
    hanako.complete_log_in(PASSWORD).unwrap();
    let SecondFactor::Totp(used) = SecondFactor::Totp(hanako.totp()) else { unreachable!() };
    // All that one network is mailed at once, and all tries at one of the codes.
    let tickets: Vec<_> = (0..3).map(|_| attacker.begin_reset().unwrap()).collect();
    let ticket = hanako.begin_reset().unwrap();
    let mails = issuer.mails(HANAKO, 5).len();
    let code = hanako.mailed_code(5);
    let wrong = tegata::protocol::MailedCodeText::new("00000000").unwrap();
    for _ in 0..5 {
        let result = hanako.submit_reset_proof(&ticket, wrong.clone(), hanako.next_totp());
        assert_eq!(refusal(result), Refusal::InvalidCredentials);
    }
    issuer.set_clock_back(DAY);
    // The value that was used, and those of steps that are over, though the clock is there again.
    assert_eq!(
        refusal(hanako.call_in_session(&VerifyFactor { totp: used })),
        Refusal::InvalidCredentials
    );
    assert_eq!(
        refusal(hanako.call_in_session(&VerifyFactor { totp: hanako.totp() })),
        Refusal::InvalidCredentials
    );
    let SecondFactor::Totp(next) = hanako.next_totp() else { unreachable!() };
    assert_eq!(
        refusal(hanako.call_in_session(&VerifyFactor { totp: next })),
        Refusal::InvalidCredentials
    );
    let compared = issuer.comparisons("mailed-code");
    assert_eq!(
        refusal(hanako.submit_reset_proof(&ticket, code, hanako.next_totp())),
        Refusal::InvalidCredentials
    );
    assert_eq!(issuer.comparisons("mailed-code"), compared, "its tries stay used");
    drop(tickets);
    assert!(attacker.begin_reset().is_err());
    assert_eq!(issuer.settled_mail_count(HANAKO), mails, "the network's mails stay used");
    // The owner's session holds, and works as before when the clock is right again.
    assert!(hanako.view().is_ok());
    issuer.advance_clock(DAY + 3600);
    hanako.complete_log_in(PASSWORD).unwrap();
}

fn a_clock_a_year_ahead_ends_what_expires_not_the_account(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let ticket = hanako.begin_reset().unwrap();
    let code = hanako.mailed_code(2);
    hanako.submit_reset_proof(&ticket, code, hanako.next_totp()).unwrap();
    let old = hanako.clone();
    issuer.advance_clock(YEAR);
    assert_eq!(refusal(hanako.view()), Refusal::NotLoggedIn);
    assert_eq!(refusal(hanako.finish_reset(&ticket, PASSWORD)), Refusal::InvalidCredentials);
    hanako.complete_log_in(PASSWORD).unwrap();
    // Set right again: what had run out and was swept stays out, and a value of that year is used up with all before it.
    issuer.set_clock_back(YEAR);
    assert_eq!(refusal(old.view()), Refusal::NotLoggedIn);
    assert_eq!(refusal(old.finish_reset(&ticket, PASSWORD)), Refusal::InvalidCredentials);
    let factor = Some(hanako.next_totp());
    assert_eq!(refusal(hanako.try_log_in(PASSWORD, factor)), Refusal::InvalidCredentials);
    // The way out: a recovery code, and a new factor.
    let code = SecondFactor::RecoveryCode(hanako.recovery[0].clone());
    hanako.session = Some(hanako.try_log_in(PASSWORD, Some(code)).unwrap().session);
    let enrol = hanako.call_in_session(&BeginFactorEnrolment {}).unwrap();
    hanako.authenticator = Some(enrol.otpauth.expose().to_owned());
    hanako.call_in_session(&ConfirmFactorEnrolment { totp: hanako.totp() }).unwrap();
    hanako.complete_log_in(PASSWORD).unwrap();
    assert!(!hanako.view().unwrap().must_enrol);
}
