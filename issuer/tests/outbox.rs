//! Mails of a running issuer: whose goes first, which are not sent any more, and how many strangers may cause.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use tegata::protocol::{
    BeginPasswordReset, BeginSignUp, Call, DeviceSigned, FreezeAccount, IssuerError, IssuerProblem,
    Language, Refusal, Request, Response,
};
use tegata_issuer::mail::SendError;
use tegata_testkit::{
    TestIssuer, TestShopper,
    issuer::headers,
    shopper::{IssuerResult, PASSWORD, device_name, refusal},
};

tegata_testkit::on_both! {
    a_code_with_too_little_time_left_is_never_sent,
    a_code_says_until_when_it_is_valid,
    the_return_of_the_server_wakes_what_waits,
    a_refused_recipient_is_given_up_and_counted,
    mails_have_no_text_of_a_stranger_and_no_code_in_a_subject,
}

/// Makes a test on each store of every function named, with these settings.
macro_rules! on_both_with {
    ($settings:expr; $($name:ident),* $(,)?) => {
        mod sqlite_with_settings {
            $(#[test]
            fn $name() {
                super::$name(&super::TestIssuer::with($settings));
            })*
        }

        mod postgres_with_settings {
            $(#[test]
            fn $name() {
                super::$name(&super::TestIssuer::postgres_with($settings));
            })*
        }
    };
}

on_both_with! {
    "trusted_proxies = [\"127.0.0.0/8\"]\nforwarded = \"x-forwarded-for\"\n\
     mails_per_network = 30\nsign_up_mails = 200\n";
    a_flood_of_sign_ups_delays_no_other_mail,
    a_network_has_a_budget_of_mails,
    sign_ups_have_a_budget_that_stops_no_reset,
}

const HANAKO: &str = "hanako@example.org";
const NOBODY: &str = "nobody@example.org";

fn unavailable() -> SendError {
    SendError::Unavailable("the mail server refused the connection".to_owned())
}

/// Waits until this holds. The limit is for what never will.
fn wait_for(mut condition: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it never came");
}

fn given_up(issuer: &TestIssuer, reason: &str) -> u64 {
    let name = format!("tegata_mails_given_up_total{{reason=\"{reason}\"}}");
    issuer.counts(&name).into_values().sum()
}

/// Sends a message that the shopper's device signs, from this network.
fn call_from<C: Call + DeviceSigned>(
    shopper: &TestShopper<'_>,
    network: &str,
    call: &C,
) -> IssuerResult<C::Answer> {
    let request = Request::signed(call, &*shopper.device, shopper.issuer.freshness()).unwrap();
    let mut all = headers(&request);
    all.push(("X-Forwarded-For", network.to_owned()));
    let response: Response = shopper.issuer.post(request.path(), &all, request.body());
    request.answer(&response)
}

fn sign_up_from(shopper: &TestShopper<'_>, network: &str, address: &str) -> IssuerResult<()> {
    let call = BeginSignUp {
        address: address.parse().unwrap(),
        language: Language::En,
        device: shopper.key(),
        device_name: device_name(),
    };
    call_from(shopper, network, &call).map(drop)
}

fn reset_from(shopper: &TestShopper<'_>, network: &str, address: &str) -> IssuerResult<()> {
    let call = BeginPasswordReset {
        recovery_code: None,
        handle: address.parse().unwrap(),
        device: shopper.key(),
        device_name: device_name(),
    };
    call_from(shopper, network, &call).map(drop)
}

fn is_too_many(result: &IssuerResult<()>) -> bool {
    matches!(result, Err(IssuerError::Problem(IssuerProblem::Busy(wait))) if *wait > 0)
}

fn a_flood_of_sign_ups_delays_no_other_mail(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let taro = issuer.signed_up_shopper("taro@example.org");
    let attacker = issuer.new_shopper(NOBODY);
    let before = issuer.mailbox.mails().len();
    issuer.mail_server.hold();
    for n in 0..120 {
        let network = format!("198.51.100.{}", n % 6);
        sign_up_from(&attacker, &network, &format!("stranger-{n}@example.org")).unwrap();
    }
    sign_up_from(&attacker, "192.0.2.1", "honest@example.org").unwrap();
    let mut new_phone = taro.clone();
    new_phone.device = issuer.device();
    reset_from(&new_phone, "192.0.2.2", "taro@example.org").unwrap();
    reset_from(&hanako, "192.0.2.3", HANAKO).unwrap();
    issuer.mail_server.accept(Duration::from_millis(20));
    wait_for(|| issuer.mailbox.mails().len() - before == 123);
    let mails = issuer.mailbox.mails().split_off(before);
    let place = |to: &str| mails.iter().position(|mail| mail.to.address() == to).unwrap();
    // Before them only what was on its way already.
    assert!(place(HANAKO) < 24, "{}", place(HANAKO));
    assert!(place("taro@example.org") < 24, "{}", place("taro@example.org"));
    // A network that asks for one mail waits for one or two of each other network's, not for all.
    assert!(place("honest@example.org") < 48, "{}", place("honest@example.org"));
}

fn a_network_has_a_budget_of_mails(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let attacker = issuer.new_shopper(NOBODY);
    for n in 0..15 {
        sign_up_from(&attacker, "198.51.100.1", &format!("stranger-{n}@example.org")).unwrap();
        reset_from(&attacker, "198.51.100.1", &format!("nobody-{n}@example.org")).unwrap();
    }
    assert!(is_too_many(&sign_up_from(&attacker, "198.51.100.1", "more@example.org")));
    assert!(is_too_many(&reset_from(&attacker, "198.51.100.1", HANAKO)));
    assert!(is_too_many(&reset_from(&attacker, "198.51.100.1", NOBODY)));
    reset_from(&hanako, "198.51.100.1", HANAKO).unwrap();
    reset_from(&attacker, "198.51.100.2", HANAKO).unwrap();
    issuer.advance_clock(120);
    reset_from(&attacker, "198.51.100.1", NOBODY).unwrap();
    assert!(is_too_many(&reset_from(&attacker, "198.51.100.1", NOBODY)));
}

fn sign_ups_have_a_budget_that_stops_no_reset(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let attacker = issuer.new_shopper(NOBODY);
    let mut begun = 1;
    for n in 0..250 {
        let network = format!("203.0.{}.1", n / 25);
        let address = format!("stranger-{n}@example.org");
        begun += u32::from(sign_up_from(&attacker, &network, &address).is_ok());
    }
    assert_eq!(begun, 200);
    assert!(is_too_many(&sign_up_from(&attacker, "192.0.2.1", "honest@example.org")));
    let mut new_phone = hanako.clone();
    new_phone.device = issuer.device();
    reset_from(&new_phone, "192.0.2.1", HANAKO).unwrap();
}

fn a_code_with_too_little_time_left_is_never_sent(issuer: &TestIssuer) {
    let hanako = issuer.new_shopper(HANAKO);
    issuer.mail_server.refuse(unavailable());
    hanako.begin_sign_up().unwrap();
    wait_for(|| issuer.mail_server.tries() > 0);
    // It lives for fifteen minutes, of which ten have to be left.
    issuer.advance_clock(5 * 60);
    // Mails to decoys are among those that are given up.
    wait_for(|| given_up(issuer, "expired") > 0);
    issuer.mail_server.accept(Duration::ZERO);
    issuer.new_shopper(NOBODY).begin_sign_up().unwrap();
    issuer.mails(NOBODY, 1);
    assert!(issuer.mails(HANAKO, 0).is_empty());
}

fn a_code_says_until_when_it_is_valid(issuer: &TestIssuer) {
    let mut hanako = issuer.new_shopper(HANAKO);
    // 1,800,000,000 s after 1970 is 17:00 in Japan.
    let ticket = hanako.begin_sign_up().unwrap();
    let mail = issuer.mails(HANAKO, 1).remove(0).1;
    assert!(mail.contains("It is valid until 2027-01-15 17:15 (UTC+09:00)."), "{mail}");
    issuer.advance_clock(15 * 60 - 1);
    hanako.submit_first_mailed_code(&ticket).unwrap();
    let late = issuer.new_shopper(NOBODY);
    let ticket = late.begin_sign_up().unwrap();
    issuer.mails(NOBODY, 1);
    issuer.advance_clock(15 * 60);
    let mut late = late;
    assert_eq!(refusal(late.submit_first_mailed_code(&ticket)), Refusal::InvalidCredentials);
}

fn the_return_of_the_server_wakes_what_waits(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    issuer.mail_server.refuse(unavailable());
    let tries = issuer.mail_server.tries();
    hanako.call_in_session(&FreezeAccount {}).unwrap();
    wait_for(|| issuer.mail_server.tries() > tries);
    wait_for(|| issuer.counts("tegata_mail_server_unavailable").into_values().sum::<u64>() == 1);
    // The clock stands: what was postponed is not due again by itself.
    issuer.mail_server.accept(Duration::ZERO);
    assert_eq!(issuer.mails(HANAKO, 0).len(), 1);
    issuer.new_shopper(NOBODY).begin_sign_up().unwrap();
    issuer.mails(NOBODY, 1);
    assert!(issuer.mails(HANAKO, 2)[1].0.contains("frozen"));
    wait_for(|| issuer.counts("tegata_mail_server_unavailable").into_values().sum::<u64>() == 0);
}

fn a_refused_recipient_is_given_up_and_counted(issuer: &TestIssuer) {
    issuer.mail_server.refuse(SendError::Rejected("550 5.1.1".to_owned()));
    issuer.new_shopper(HANAKO).begin_sign_up().unwrap();
    wait_for(|| given_up(issuer, "recipient") == 1);
    let failures = "tegata_mail_failures_total{reason=\"recipient\"}";
    assert_eq!(issuer.counts(failures).into_values().sum::<u64>(), 1);
    issuer.mail_server.accept(Duration::ZERO);
    issuer.new_shopper(NOBODY).begin_sign_up().unwrap();
    issuer.mails(NOBODY, 1);
    assert!(issuer.mails(HANAKO, 0).is_empty());
}

fn mails_have_no_text_of_a_stranger_and_no_code_in_a_subject(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let mut stranger = hanako.clone();
    stranger.device = issuer.device();
    let call = |shopper: &TestShopper<'_>, name: &str| BeginPasswordReset {
        recovery_code: None,
        handle: HANAKO.parse().unwrap(),
        device: shopper.key(),
        device_name: name.to_owned().try_into().unwrap(),
    };
    let name = "Your account is locked, call 0120-000-000";
    stranger.call_signed(&call(&stranger, name)).unwrap();
    hanako.call_signed(&call(&hanako, name)).unwrap();
    stranger.complete_log_in(PASSWORD).unwrap();
    hanako.complete_log_in(PASSWORD).unwrap();
    let mails = issuer.mails(HANAKO, 4);
    for (subject, body) in &mails {
        assert!(!subject.contains(|c: char| c.is_ascii_digit()), "{subject}");
        assert!(!body.contains("0120") && !subject.contains("locked"), "{body}");
    }
    let with = |part: &str| mails.iter().filter(|(_, body)| body.contains(part)).count();
    assert_eq!(with("on your device \"Hanako's phone\""), 1, "{mails:?}");
    assert_eq!(with("that your account does not know"), 1, "{mails:?}");
    assert_eq!(with("that your account did not know"), 1, "{mails:?}");
}
