//! The break-in of 2019 and its kin, tried on a running issuer over HTTP: the rows of the design's table of abuse.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;
use tegata::protocol::Refusal;
use tegata::protocol::{
    BeginFactorEnrolment, BeginPasswordReset, Call, ConfirmFactorEnrolment, EventNumber,
    ExportAccount, FinishPasswordReset, FreezeAccount, FreezeByCode, IssuerError, IssuerProblem,
    MailedCodeText, NoticeCode, RecoveryCode, RenewRecoveryCodes, Request, RevertChanges,
    SIGNATURE_HEADER, SecondFactor, Ticket, TotpText, UnfreezeAccount, VerifyFactor,
    VerifyPasswordReset, VerifySignUpCode,
};
use tegata::vault::Keystore;

use tegata_testkit::{
    TestIssuer, TestShopper,
    shopper::{NEW_PASSWORD, PASSWORD, code_in, device_name, password, refusal},
};

tegata_testkit::on_both! {
    a_shopper_signs_up_logs_in_and_resets_her_password,
    the_break_in_of_2019_ends_at_each_of_its_steps,
    steps_out_of_order_are_refused_and_change_nothing,
    a_signature_of_another_device_or_purpose_is_refused,
    a_mailed_code_is_compared_five_times_across_restarts,
    of_sixty_four_at_once_one_wins,
    a_totp_value_is_accepted_once_and_in_one_spelling,
    a_recovery_code_stands_in_once_and_then_a_new_factor_is_due,
    a_recovery_code_reopens_a_frozen_account_of_a_lost_phone,
    an_unknown_address_is_answered_like_a_known_one,
    the_owners_device_gets_through_a_flood_on_the_account,
    the_owners_device_gets_through_a_full_hash_queue,
    a_rate_limit_tells_when_to_retry_and_nothing_else,
    no_page_of_an_export_is_read_without_a_mail_to_the_owner,
    an_export_has_each_event_of_the_account_once_in_order,
    guesses_at_a_notice_code_do_not_shut_the_owner_out,
    host_headers_change_nothing,
}

/// `cargo xtask attack` makes ten thousand, in minutes.
fn guesses() -> usize {
    std::env::var("TEGATA_TEST_GUESSES").map_or(500, |guesses| guesses.parse().unwrap())
}

const HANAKO: &str = "hanako@example.org";

fn wrong_code() -> MailedCodeText {
    MailedCodeText::new("00000000").unwrap()
}

fn wrong_totp() -> SecondFactor {
    SecondFactor::Totp(TotpText::new("000000").unwrap())
}

/// An attacker with a device of their own who claims to be Hanako.
fn attacker(issuer: &TestIssuer) -> TestShopper<'_> {
    issuer.new_shopper(HANAKO)
}

fn a_shopper_signs_up_logs_in_and_resets_her_password(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let view = hanako.view().unwrap();
    assert_eq!(view.address.address(), HANAKO);
    assert_eq!((view.devices.len(), view.sessions.len()), (1, 1));
    assert_eq!(view.recovery_codes_left, 10);

    // On the owner's device the password is enough to log in, and not enough to spend.
    hanako.session = Some(hanako.try_log_in(PASSWORD, None).unwrap().session);
    hanako.complete_log_in(PASSWORD).unwrap();

    let ticket = hanako.begin_reset().unwrap();
    let code = hanako.mailed_code(2);
    hanako.submit_reset_proof(&ticket, code, hanako.next_totp()).unwrap();
    hanako.finish_reset(&ticket, NEW_PASSWORD).unwrap();
    assert_eq!(refusal(hanako.view()), Refusal::NotLoggedIn, "all sessions end");
    let factor = Some(hanako.next_totp());
    assert_eq!(refusal(hanako.try_log_in(PASSWORD, factor)), Refusal::InvalidCredentials);
    hanako.complete_log_in(NEW_PASSWORD).unwrap();
    assert!(issuer.mails(HANAKO, 3)[2].0.contains("was reset"));
}

fn the_break_in_of_2019_ends_at_each_of_its_steps(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let attacker = attacker(issuer);
    // No message has a field for where the mail should go, nor for what the attacker knows of the owner.
    let asked = json!({
        "handle": HANAKO, "device": String::from(attacker.key()), "device_name": "a phone",
    });
    let extra = [
        ("address", json!("attacker@example.com")),
        ("email", json!("attacker@example.com")),
        ("to", json!("attacker@example.com")),
        ("birth_date", json!("2019-01-01")),
        ("telephone", json!("0312345678")),
    ];
    for (field, value) in extra {
        let mut with = asked.clone();
        with[field] = value;
        assert_eq!(
            raw(&attacker, BeginPasswordReset::PATH, "reset", &with.to_string()).0,
            400,
            "{field}"
        );
    }
    let several = [
        json!([HANAKO, "attacker@example.com"]),
        json!({ "a": HANAKO }),
        json!(format!("{HANAKO},attacker@example.com")),
        json!(format!("{HANAKO} attacker@example.com")),
        json!(format!("{HANAKO}\nthief@example.com")),
        json!("hanako@\u{ff45}xample.org"),
    ];
    for handle in several {
        let mut with = asked.clone();
        with["handle"] = handle;
        assert_eq!(
            raw(&attacker, BeginPasswordReset::PATH, "reset", &with.to_string()).0,
            400,
            "{with}"
        );
    }
    let twice = asked.to_string().replacen('{', r#"{"handle":"attacker@example.com","#, 1);
    assert_eq!(raw(&attacker, BeginPasswordReset::PATH, "reset", &twice).0, 400);
    assert_eq!(issuer.settled_mail_count(HANAKO), 1, "only that of the sign-up");

    // The attacker asks: the mail goes to the owner and says that the device is not known; they have neither code nor
    // factor.
    let ticket = attacker.begin_reset().unwrap();
    let mail = issuer.mails(HANAKO, 2).remove(1).1;
    assert!(mail.contains("a device that your account does not know"), "{mail}");
    assert!(!mail.contains("Hanako's phone"), "{mail}");
    assert_eq!(
        refusal(attacker.submit_reset_proof(&ticket, wrong_code(), wrong_totp())),
        Refusal::InvalidCredentials
    );
    assert_eq!(refusal(attacker.finish_reset(&ticket, NEW_PASSWORD)), Refusal::InvalidCredentials);
    // The mailbox alone, and the second factor alone.
    let code = hanako.mailed_code(2);
    let result = attacker.submit_reset_proof(&ticket, code.clone(), wrong_totp());
    assert_eq!(refusal(result), Refusal::InvalidCredentials);
    let result = attacker.submit_reset_proof(&ticket, wrong_code(), hanako.next_totp());
    assert_eq!(refusal(result), Refusal::InvalidCredentials);
    assert_eq!(refusal(attacker.finish_reset(&ticket, NEW_PASSWORD)), Refusal::InvalidCredentials);
    // The password, on the attacker's device.
    assert_eq!(refusal(attacker.try_log_in(PASSWORD, None)), Refusal::InvalidCredentials);
    assert_eq!(
        refusal(attacker.try_log_in(PASSWORD, Some(wrong_totp()))),
        Refusal::InvalidCredentials
    );
    assert!(hanako.view().is_ok());
}

/// The answer to a hand-written body signed by the attacker's device: status and problem.
fn raw(person: &TestShopper<'_>, path: &str, purpose: &str, body: &str) -> (u16, String) {
    let signature = person.issuer.signature(purpose, body.as_bytes(), &*person.device);
    let headers = [(SIGNATURE_HEADER, signature)];
    let response = person.issuer.post(path, &headers, body.as_bytes());
    (response.status, String::from_utf8(response.body).unwrap())
}

fn steps_out_of_order_are_refused_and_change_nothing(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let mut other = hanako.clone();
    other.device = issuer.device();
    let ticket = hanako.begin_reset().unwrap();
    let code = hanako.mailed_code(2);
    assert_eq!(
        refusal(hanako.finish_reset(&ticket, NEW_PASSWORD)),
        Refusal::InvalidCredentials,
        "skipped"
    );
    let another = other.begin_reset().unwrap();
    let result = other.submit_reset_proof(&another, code.clone(), hanako.next_totp());
    assert_eq!(refusal(result), Refusal::InvalidCredentials, "the code of another reset");
    let result = other.submit_reset_proof(&ticket, code.clone(), hanako.next_totp());
    assert_eq!(refusal(result), Refusal::InvalidCredentials, "relayed to another device");
    hanako.submit_reset_proof(&ticket, code.clone(), hanako.next_totp()).unwrap();
    let result = hanako.submit_reset_proof(&ticket, code, hanako.next_totp());
    assert_eq!(refusal(result), Refusal::InvalidCredentials, "repeated");
    assert_eq!(refusal(other.finish_reset(&ticket, NEW_PASSWORD)), Refusal::InvalidCredentials);
    hanako.finish_reset(&ticket, NEW_PASSWORD).unwrap();
    assert_eq!(
        refusal(hanako.finish_reset(&ticket, PASSWORD)),
        Refusal::InvalidCredentials,
        "repeated"
    );
    let result = other.submit_reset_proof(&another, other.mailed_code(3), hanako.next_totp());
    assert_eq!(refusal(result), Refusal::InvalidCredentials, "pending when the password was reset");
}

fn a_signature_of_another_device_or_purpose_is_refused(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let other = issuer.device();
    let ticket = hanako.begin_reset().unwrap();
    let call =
        FinishPasswordReset { ticket, device: hanako.key(), password: password(NEW_PASSWORD) };
    let body = serde_json::to_vec(&call).unwrap();
    let sign = |device: &dyn Keystore, purpose| issuer.signature(purpose, &body, device);
    let not_signed = |headers: &[(&str, String)], body: &[u8]| {
        let response = issuer.post(FinishPasswordReset::PATH, headers, body);
        assert_eq!(response.status, 401);
        assert!(String::from_utf8(response.body).unwrap().contains(":not-signed"));
    };
    let good = sign(&*hanako.device, "reset-finish");
    not_signed(&[], &body);
    not_signed(&[(SIGNATURE_HEADER, sign(&*other, "reset-finish"))], &body);
    not_signed(&[(SIGNATURE_HEADER, sign(&*hanako.device, "reset-proof"))], &body);
    not_signed(&[(SIGNATURE_HEADER, good.clone())], &[&body[..], b" "].concat());
    not_signed(&[(SIGNATURE_HEADER, good.clone()), (SIGNATURE_HEADER, good)], &body);
}

fn a_mailed_code_is_compared_five_times_across_restarts(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let ticket = hanako.begin_reset().unwrap();
    let code = hanako.mailed_code(2);
    let guess = |from: usize, to: usize| {
        thread::scope(|scope| {
            for part in 0..16 {
                let ticket = &ticket;
                let hanako = &hanako;
                let code = &code;
                scope.spawn(move || {
                    for number in (from..to).filter(|number| number % 16 == part) {
                        let guess = MailedCodeText::new(&format!("{number:08}")).unwrap();
                        if guess.expose() == code.expose() {
                            continue;
                        }
                        let result = hanako.submit_reset_proof(ticket, guess, wrong_totp());
                        assert_eq!(refusal(result), Refusal::InvalidCredentials);
                    }
                });
            }
        });
    };
    let before = issuer.comparisons("mailed-code");
    guess(0, 3);
    let compared = issuer.comparisons("mailed-code") - before;
    issuer.restart();
    guess(3, guesses());
    // Now the code itself is not compared any more.
    assert_eq!(
        refusal(hanako.submit_reset_proof(&ticket, code, hanako.next_totp())),
        Refusal::InvalidCredentials
    );
    assert_eq!(compared + issuer.comparisons("mailed-code"), 5);
    assert_eq!(issuer.comparisons("totp"), 0, "a factor is compared after the code was right");
}

/// The number of 64 concurrent attempts that are accepted.
fn winners(race: impl Fn() -> bool + Sync) -> usize {
    let won = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                if race() {
                    won.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    won.into_inner()
}

fn of_sixty_four_at_once_one_wins(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    // One TOTP value, on new devices all of them.
    let factor = hanako.next_totp();
    let log_in = |factor: &SecondFactor| {
        let mut person = hanako.clone();
        person.device = issuer.device();
        person.try_log_in(PASSWORD, Some(factor.clone())).is_ok()
    };
    assert_eq!(winners(|| log_in(&factor)), 1);
    issuer.advance_clock(3660);
    // One recovery code.
    let code = SecondFactor::RecoveryCode(hanako.recovery[0].clone());
    assert_eq!(winners(|| log_in(&code)), 1);
    // One reset.
    let ticket = hanako.begin_reset().unwrap();
    hanako.submit_reset_proof(&ticket, hanako.mailed_code(2), hanako.next_totp()).unwrap();
    assert_eq!(winners(|| hanako.finish_reset(&ticket, NEW_PASSWORD).is_ok()), 1);
    hanako.complete_log_in(NEW_PASSWORD).unwrap();
}

fn a_totp_value_is_accepted_once_and_in_one_spelling(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let SecondFactor::Totp(totp) = hanako.next_totp() else { unreachable!() };
    hanako.call_in_session(&VerifyFactor { totp: totp.clone() }).unwrap();
    assert_eq!(
        refusal(hanako.call_in_session(&VerifyFactor { totp: totp.clone() })),
        Refusal::InvalidCredentials
    );
    let factor = Some(SecondFactor::Totp(totp.clone()));
    assert_eq!(refusal(hanako.try_log_in(PASSWORD, factor)), Refusal::InvalidCredentials);
    let SecondFactor::Totp(fresh) = hanako.next_totp() else { unreachable!() };
    let digits = fresh.expose();
    let wide: String =
        digits.bytes().filter_map(|d| char::from_u32(0xff10 + u32::from(d - b'0'))).collect();
    let session = hanako.session.as_ref().unwrap().expose().to_owned();
    let payment_code = "496012345678901234567890";
    for text in [
        wide,
        format!("{} {}", &digits[..3], &digits[3..]),
        format!(" {digits}"),
        payment_code.to_owned(),
    ] {
        let headers = [("Authorization", format!("Bearer {session}"))];
        let body = json!({ "totp": text }).to_string();
        assert_eq!(
            issuer.post(VerifyFactor::PATH, &headers, body.as_bytes()).status,
            400,
            "{text}"
        );
    }
    hanako.call_in_session(&VerifyFactor { totp: fresh }).unwrap();
}

fn a_recovery_code_stands_in_once_and_then_a_new_factor_is_due(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let mut new_phone = hanako.clone();
    new_phone.device = issuer.device();
    let code = SecondFactor::RecoveryCode(hanako.recovery[3].clone());
    let logged_in = new_phone.try_log_in(PASSWORD, Some(code.clone())).unwrap();
    assert!(logged_in.must_enrol);
    new_phone.session = Some(logged_in.session);
    assert_eq!(
        refusal(new_phone.call_in_session(&RenewRecoveryCodes {})),
        Refusal::EnrolmentRequired
    );
    assert_eq!(refusal(new_phone.try_log_in(PASSWORD, Some(code))), Refusal::InvalidCredentials);
    let view = new_phone.view().unwrap();
    assert_eq!((view.recovery_codes_left, view.must_enrol), (9, true));
    assert!(RecoveryCode::parse("0000-0000-0000-0000").is_ok(), "well formed, and nobody's");
}

fn a_recovery_code_reopens_a_frozen_account_of_a_lost_phone(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    hanako.call_in_session(&FreezeAccount {}).unwrap();
    let mut new_phone = hanako.clone();
    new_phone.device = issuer.device();
    let code = SecondFactor::RecoveryCode(hanako.recovery[0].clone());
    new_phone.session = Some(new_phone.try_log_in(PASSWORD, Some(code)).unwrap().session);
    assert_eq!(
        refusal(new_phone.call_in_session(&UnfreezeAccount { recovery_code: None })),
        Refusal::EnrolmentRequired
    );
    let factor = new_phone.call_in_session(&BeginFactorEnrolment {}).unwrap().otpauth;
    new_phone.authenticator = Some(factor.expose().to_owned());
    let SecondFactor::Totp(totp) = new_phone.next_totp() else { unreachable!() };
    new_phone.call_in_session(&ConfirmFactorEnrolment { totp }).unwrap();
    // Everything else waits until the owner unfreezes.
    assert_eq!(refusal(new_phone.call_in_session(&BeginFactorEnrolment {})), Refusal::Frozen);
    assert_eq!(refusal(new_phone.call_in_session(&RenewRecoveryCodes {})), Refusal::Frozen);
    assert!(new_phone.view().unwrap().frozen);
    new_phone.call_in_session(&UnfreezeAccount { recovery_code: None }).unwrap();
    assert!(!new_phone.view().unwrap().frozen);
}

fn an_unknown_address_is_answered_like_a_known_one(issuer: &TestIssuer) {
    issuer.signed_up_shopper(HANAKO);
    let known = attacker(issuer);
    let unknown = issuer.new_shopper("nobody@example.org");
    let ask = |person: &TestShopper<'_>| {
        let handle: tegata::protocol::Handle = person.address.parse().unwrap();
        let device_name = device_name();
        let body = serde_json::to_string(&BeginPasswordReset {
            handle,
            device: person.key(),
            device_name,
            recovery_code: None,
        });
        let (status, body) = raw(person, BeginPasswordReset::PATH, "reset", &body.unwrap());
        let mut result: serde_json::Value = serde_json::from_str(&body).unwrap();
        if let Some(ticket) = result["ticket"].as_str() {
            result["ticket"] = json!(ticket.len());
        }
        result["instance"] = json!(null);
        (status, result.to_string())
    };
    let a = known.begin_reset().unwrap();
    let b = unknown.begin_reset().unwrap();
    for _ in 0..7 {
        assert_eq!(ask(&known), ask(&unknown), "and past what one network is mailed, too");
    }
    for _ in 0..7 {
        let tell = |person: &TestShopper<'_>, ticket: &Ticket| {
            let code = wrong_code();
            let second_factor = wrong_totp();
            let ticket = ticket.clone();
            let device = person.key();
            let call = VerifyPasswordReset { ticket, device, code, second_factor };
            let body = serde_json::to_string(&call).unwrap();
            let (status, body) = raw(person, VerifyPasswordReset::PATH, "reset-proof", &body);
            let mut problem: serde_json::Value = serde_json::from_str(&body).unwrap();
            problem["instance"] = json!(null);
            (status, problem)
        };
        assert_eq!(tell(&known, &a), tell(&unknown, &b));
    }
    for factor in [None, Some(wrong_totp())] {
        let result = known.try_log_in("nine loud magpies", factor.clone());
        assert_eq!(result.unwrap_err(), unknown.try_log_in(PASSWORD, factor).unwrap_err());
    }
    // Signing up with an address that is taken: the same answer, and the owner is told.
    assert_eq!(
        known.begin_sign_up().unwrap().expose().len(),
        unknown.begin_sign_up().unwrap().expose().len()
    );
    assert!(issuer.mails("nobody@example.org", 1)[0].0.contains("verification code"));
    let result = issuer.mails(HANAKO, 5);
    assert!(result.iter().any(|mail| mail.0.contains("already have an account")), "{result:?}");
    assert_eq!(result.iter().filter(|mail| mail.0.contains("password reset code")).count(), 3);
    unproved_passwords_are_not_judged(issuer);
}

/// A password is judged only after proof: what is said of one made of the address would reveal the account.
fn unproved_passwords_are_not_judged(issuer: &TestIssuer) {
    let known = issuer.signed_up_shopper("wvkxjqzmph@example.org");
    let finish = |address: &str, new: &str| {
        let person = issuer.new_shopper(address);
        // One network is mailed one more code for an address each hour.
        issuer.advance_clock(60 * 60);
        let ticket = person.begin_reset().unwrap();
        let device = person.key();
        let call = FinishPasswordReset { ticket, device, password: password(new) };
        let body = serde_json::to_string(&call).unwrap();
        let (status, body) = raw(&person, FinishPasswordReset::PATH, "reset-finish", &body);
        let mut problem: serde_json::Value = serde_json::from_str(&body).unwrap();
        problem["instance"] = json!(null);
        (status, problem)
    };
    for new in ["wvkxjqzmph", "password1", "short", NEW_PASSWORD] {
        let result = finish("nobody@example.org", new);
        assert_eq!(result.0, 403, "{new}");
        assert_eq!(finish(&known.address, new), result, "{new}");
    }
    // Nor is that of a sign-up whose code was tried too often.
    let never = issuer.new_shopper("never@example.org");
    let ticket = never.begin_sign_up().unwrap();
    let tries = |with: &str| {
        let ticket = ticket.clone();
        let device = never.key();
        let code = wrong_code();
        let answer_key = never.answer_key.public();
        let password = password(with);
        never.call_sealed(&VerifySignUpCode { ticket, device, code, password, answer_key })
    };
    for _ in 0..5 {
        assert_eq!(refusal(tries(NEW_PASSWORD)), Refusal::InvalidCredentials);
    }
    assert_eq!(refusal(tries("password1")), Refusal::InvalidCredentials);
}

fn the_owners_device_gets_through_a_flood_on_the_account(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let stop = AtomicBool::new(false);
    let mut attackers: Vec<_> = (0..4).map(|_| attacker(issuer)).collect();
    thread::scope(|scope| {
        for attacker in &mut attackers {
            let stop = &stop;
            scope.spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let _ = attacker.try_log_in("password1", Some(wrong_totp()));
                    let _ = attacker.begin_reset();
                }
            });
        }
        // Whatever happens, the flood ends with the test.
        let owner = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..3 {
                hanako.complete_log_in(PASSWORD).unwrap();
            }
            let before = issuer.mails(HANAKO, 1).len();
            let ticket = hanako.begin_reset().unwrap();
            for nth in before + 1.. {
                let (subject, body) = issuer.mails(HANAKO, nth).swap_remove(nth - 1);
                let proved = subject.contains("password reset code")
                    && hanako
                        .submit_reset_proof(&ticket, code_in(&body), hanako.next_totp())
                        .is_ok();
                if proved {
                    break;
                }
            }
            hanako.finish_reset(&ticket, NEW_PASSWORD).unwrap();
            hanako.complete_log_in(NEW_PASSWORD).unwrap();
        }));
        stop.store(true, Ordering::SeqCst);
        owner.unwrap();
    });
}

fn the_owners_device_gets_through_a_full_hash_queue(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let ticket = hanako.begin_reset().unwrap();
    hanako.submit_reset_proof(&ticket, hanako.mailed_code(2), hanako.next_totp()).unwrap();
    let stop = AtomicBool::new(false);
    let sent_away = AtomicUsize::new(0);
    let attacker = issuer.new_shopper("nobody@example.org");
    thread::scope(|scope| {
        for nth in 0..64 {
            // One address for each try: no budget of an address is ever used up.
            let mut attacker = attacker.clone();
            let stop = &stop;
            let sent_away = &sent_away;
            scope.spawn(move || {
                for time in 0.. {
                    attacker.address = format!("nobody-{nth}-{time}@example.org");
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let result = attacker.try_log_in("password1", Some(wrong_totp()));
                    if matches!(result, Err(IssuerError::Problem(IssuerProblem::Busy(_)))) {
                        sent_away.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        let owner = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            while sent_away.load(Ordering::SeqCst) == 0 {
                thread::yield_now();
            }
            for _ in 0..3 {
                hanako.complete_log_in(PASSWORD).unwrap();
            }
            hanako.finish_reset(&ticket, NEW_PASSWORD).unwrap();
            hanako.complete_log_in(NEW_PASSWORD).unwrap();
        }));
        stop.store(true, Ordering::SeqCst);
        owner.unwrap();
    });
}

fn a_rate_limit_tells_when_to_retry_and_nothing_else(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let wrong = |person: &TestShopper<'_>| person.try_log_in("nine loud magpies", None);
    let later = |seconds| Err(IssuerError::Problem(IssuerProblem::Busy(seconds)));
    for address in [HANAKO, "nobody@example.org"] {
        let stranger = issuer.new_shopper(address);
        for _ in 0..10 {
            assert_eq!(refusal(wrong(&stranger)), Refusal::InvalidCredentials);
        }
        assert_eq!(wrong(&stranger).map(drop), later(180), "{address}");
        issuer.advance_clock(60);
        // On another device as well, and with the right password, too.
        let other = issuer.new_shopper(address);
        let result = other.try_log_in(PASSWORD, Some(hanako.next_totp()));
        assert_eq!(result.map(drop), later(90), "{address}");
        issuer.advance_clock(89);
        assert_eq!(wrong(&stranger).map(drop), later(1), "{address}");
        // Nobody keeps the owner out.
        hanako.try_log_in(PASSWORD, None).unwrap();
        issuer.advance_clock(1);
        assert_eq!(refusal(wrong(&stranger)), Refusal::InvalidCredentials);

        for _ in 0..5 {
            let _ = stranger.begin_sign_up();
        }
        let result = stranger.begin_sign_up().map(drop);
        let day = 24 * 60 * 60;
        let past = if address == HANAKO { 180 } else { 0 };
        assert_eq!(result, later(day - past), "{address}: one of the owner's was their own");
    }
    issuer.advance_clock(30);
    hanako.complete_log_in(PASSWORD).unwrap();
    // The owner's device has a count of its own, right values included.
    issuer.advance_clock(3660);
    for _ in 0..10 {
        assert_eq!(refusal(wrong(&hanako)), Refusal::InvalidCredentials);
    }
    issuer.advance_clock(60);
    assert_eq!(hanako.try_log_in(PASSWORD, None).map(drop), later(3600));
    assert_eq!(
        refusal(wrong(&issuer.new_shopper(HANAKO))),
        Refusal::InvalidCredentials,
        "others have theirs"
    );
    issuer.advance_clock(3600);
    hanako.complete_log_in(PASSWORD).unwrap();
    // So it is with the second factor, to the second.
    let guesses = || {
        refusal(hanako.call_in_session(&VerifyFactor { totp: TotpText::new("000000").unwrap() }))
    };
    let result = (0..=30).map(|_| guesses()).find(|result| *result != Refusal::InvalidCredentials);
    let Some(Refusal::TooManyAttempts { wait }) = result else { panic!("{result:?}") };
    issuer.advance_clock(wait - 1);
    assert_eq!(guesses(), Refusal::TooManyAttempts { wait: 1 });
    issuer.advance_clock(1);
    assert_eq!(guesses(), Refusal::InvalidCredentials);
}

fn an_export_has_each_event_of_the_account_once_in_order(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    // More than a page, within one second of the issuer's clock.
    for _ in 0..260 {
        hanako.call_in_session(&FreezeAccount {}).unwrap();
        hanako.call_in_session(&UnfreezeAccount { recovery_code: None }).unwrap();
    }
    let first = hanako.call_in_session(&ExportAccount { before: None }).unwrap();
    assert!(first.earlier && first.events.len() == 500);
    let before = first.events.last().map(|event| event.event.clone());
    let rest = hanako.call_in_session(&ExportAccount { before }).unwrap();
    assert!(!rest.earlier);
    assert_eq!(rest.account.address.address(), HANAKO);
    let events = first.events.iter().chain(&rest.events);
    let deeds: Vec<_> = events.map(|event| (event.deed.as_str(), event.by_operator)).collect();
    let mut expected = vec![("exported", false)];
    expected.extend([("unfrozen", false), ("frozen", false)].repeat(260));
    expected.push(("signed_up", false));
    assert_eq!(deeds, expected);

    // Another account's events are not in it, and an old log-in gives nothing.
    let taro = issuer.signed_up_shopper("taro@example.org");
    let other = taro.call_in_session(&ExportAccount { before: None }).unwrap();
    assert_eq!(other.events.len(), 2);
    assert!(issuer.mails("taro@example.org", 2)[1].0.contains("was exported"));
    issuer.advance_clock(300);
    assert_eq!(
        refusal(hanako.call_in_session(&ExportAccount { before: None })),
        Refusal::LoginTooOld
    );
    hanako.session = Some(hanako.try_log_in(PASSWORD, None).unwrap().session);
    assert_eq!(
        refusal(hanako.call_in_session(&ExportAccount { before: None })),
        Refusal::FactorRequired
    );
}

fn no_page_of_an_export_is_read_without_a_mail_to_the_owner(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    // The number of an event that is after all of them: what comes is what the first page would have.
    let before = Some(EventNumber::new(&"f".repeat(32)).unwrap());
    let last = ExportAccount { before };
    let expect_exports = |nth: usize| {
        let events = hanako.call_in_session(&last).unwrap().events;
        let exports = events.iter().filter(|event| event.deed == "exported").count();
        let mails = issuer.settled_mail_count(HANAKO);
        let given_out = issuer.mails(HANAKO, mails);
        let given_out = given_out.iter().filter(|mail| mail.0.contains("was exported")).count();
        assert_eq!((exports, given_out), (nth, nth));
    };
    expect_exports(1);
    expect_exports(1);
    // In another session, the owner is told again.
    hanako.complete_log_in(PASSWORD).unwrap();
    let result = hanako.call_in_session(&last).unwrap().events;
    assert_eq!(result.iter().filter(|event| event.deed == "exported").count(), 2);
}

fn guesses_at_a_notice_code_do_not_shut_the_owner_out(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let handle = || HANAKO.parse().unwrap();
    hanako.complete_log_in(PASSWORD).unwrap();
    let old = hanako.next_totp();
    hanako.call_in_session(&RenewRecoveryCodes {}).unwrap();
    let mails = issuer.mails(HANAKO, 2);
    let (_, notice) = mails.iter().find(|(subject, _)| subject.contains("replaced")).unwrap();
    let code = notice.lines().find_map(|line| NoticeCode::parse(line.trim()).ok()).unwrap();
    let anyone = |code: &NoticeCode| {
        let call = FreezeByCode { handle: handle(), code: code.clone() };
        issuer.send(&Request::written(&call).unwrap())
    };
    let take_back = |code: &NoticeCode, second_factor: SecondFactor| {
        let call = RevertChanges { handle: handle(), code: code.clone(), second_factor };
        issuer.send(&Request::written(&call).unwrap())
    };
    let wrong = NoticeCode::parse("0000-0000-0000-0000").unwrap();
    for _ in 0..25 {
        assert_eq!(refusal(anyone(&wrong)), Refusal::InvalidCredentials);
        assert_eq!(refusal(take_back(&wrong, wrong_totp())), Refusal::InvalidCredentials);
    }
    anyone(&code).unwrap();
    assert!(hanako.view().is_err(), "logged out");
    take_back(&code, old).unwrap();
    assert_eq!(refusal(hanako.try_log_in(PASSWORD, None)), Refusal::InvalidCredentials, "void");
}

fn host_headers_change_nothing(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let call = BeginPasswordReset {
        handle: HANAKO.parse().unwrap(),
        device: hanako.key(),
        device_name: device_name(),
        recovery_code: None,
    };
    let body = serde_json::to_vec(&call).unwrap();
    let headers = [
        (SIGNATURE_HEADER, issuer.signature("reset", &body, &*hanako.device)),
        ("Host", "attacker.example.com".to_owned()),
        ("X-Forwarded-Host", "attacker.example.com".to_owned()),
        ("Forwarded", "host=attacker.example.com".to_owned()),
    ];
    assert_eq!(issuer.post(BeginPasswordReset::PATH, &headers, &body).status, 200);
    let (subject, mail) = issuer.mails(HANAKO, 2).swap_remove(1);
    for text in [subject, mail] {
        assert!(!text.contains("attacker") && !text.contains("http") && !text.contains("www"));
    }
}
