use tegata::protocol::{Refusal, SessionId};

use super::issuer::*;
use crate::*;

#[test]
fn an_account_has_a_verified_address_a_password_and_a_second_factor_from_its_first_moment() {
    let issuer = Issuer::signed_up();
    let live = issuer.live();
    assert_eq!(live.recovery_left(), 10);
    assert!(live.password.is_some() && !live.must_enrol());
    assert_eq!(issuer.deeds, [Deed::SignedUp]);
    assert_eq!(issuer.caps(), None, "nothing is paid without a credential");
}

#[test]
fn a_sign_up_skips_no_step() {
    let mut issuer = Issuer::opened(false);
    let answer = issuer.ask(Event::SignUpFactor { device: PHONE }, &[Given::Wrong]);
    assert_eq!(refusal(answer), Refusal::Wrong);
    let code = issuer.mailed();
    assert_eq!(
        refusal(issuer.ask(Event::SignUpCode { device: PHONE }, &[Given::Wrong])),
        Refusal::Wrong
    );
    assert_eq!(refusal(issuer.ask(Event::SignUpCode { device: THIEF }, &[code])), Refusal::Wrong);
    let Answer::Enrolling(factor) = issuer.ask(Event::SignUpCode { device: PHONE }, &[code]) else {
        panic!("not verified");
    };
    assert_eq!(refusal(issuer.ask(Event::SignUpCode { device: PHONE }, &[code])), Refusal::Wrong);
    let value = issuer.value_of(factor);
    for (device, value) in [(PHONE, Given::Wrong), (THIEF, value)] {
        assert_eq!(refusal(issuer.ask(Event::SignUpFactor { device }, &[value])), Refusal::Wrong);
    }
    assert!(matches!(issuer.account, Account::Opening(_)));
}

#[test]
fn a_sign_ups_code_is_compared_five_times_and_for_ten_minutes() {
    let mut issuer = Issuer::opened(false);
    let code = issuer.mailed();
    for _ in 0..5 {
        issuer.ask(Event::SignUpCode { device: PHONE }, &[Given::Wrong]);
    }
    let check = issuer.begin(Event::SignUpCode { device: PHONE });
    assert_eq!(check.compare(), &Compare::MailedCode(None));
    assert_eq!(refusal(issuer.tell(check, code)), Refusal::Wrong);

    let mut issuer = Issuer::opened(false);
    issuer.later(10 * MINUTE);
    let code = issuer.mailed();
    assert_eq!(refusal(issuer.ask(Event::SignUpCode { device: PHONE }, &[code])), Refusal::Wrong);
}

#[test]
fn the_right_code_twice_at_once_makes_one_account() {
    let mut issuer = Issuer::opened(false);
    let code = issuer.mailed();
    let checks = [(); 2].map(|()| issuer.begin(Event::SignUpCode { device: PHONE }));
    let answers = checks.map(|check| issuer.tell(check, code));
    assert!(matches!(answers, [Answer::Enrolling(_), Answer::Refused(_)]), "{answers:?}");
}

#[test]
fn who_has_an_account_is_told_so_by_mail_and_nowhere_else() {
    let (taken, free) = (Issuer::opened(true), Issuer::opened(false));
    assert_eq!(taken.account, free.account);
    assert!(matches!(taken.mails.as_slice(), [(_, Letter::AlreadyHere)]));
    assert!(matches!(free.mails.as_slice(), [(_, Letter::SignUp { .. })]));
}

#[test]
fn a_sign_up_that_nobody_finishes_leaves_no_address_behind() {
    let mut issuer = Issuer::opened(false);
    assert_eq!(refusal(issuer.decide(Event::CloseDue)), Refusal::Wrong);
    issuer.later(10 * MINUTE);
    assert!(matches!(issuer.decide(Event::CloseDue), Answer::Done));
    assert_eq!(issuer.account, Account::Closed);
}

#[test]
fn what_is_asked_of_an_account_is_refused_before_there_is_one() {
    let mut issuer = Issuer::opened(false);
    let before = issuer.account.clone();
    for event in [
        Event::LogIn { device: PHONE, name: String::new(), factor: None },
        Event::Reset { device: PHONE, name: String::new(), to: Destination::Verified },
        Event::ResetFinish { reset: ResetId(1), device: PHONE },
        Event::Provision { session: SessionId(1), device: PHONE },
        Event::Operator { frozen: true },
    ] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::Wrong);
    }
    assert_eq!(issuer.account, before);
}
