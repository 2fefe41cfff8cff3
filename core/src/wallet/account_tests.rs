//! Tests of the account's requests, and of completing them.

use super::error::Error;
use super::open::Wallet;
use super::profile::{AccountProfile, AccountStatus};
use super::request::PendingRequest;
use super::test_phone::{TestPhone, cheap, sealed_response};
use crate::SystemClock;
use crate::protocol::{
    DeviceKey, DeviceNumber, ForgetDevice, GetAccount, Handle, IssuerProblem, Language, LogInCode,
    LogOut, MailedCodeText, MessageSignature, PasswordText, PaymentPage, Refusal, Response,
    SecondFactor, Ticket, TotpText,
};
use crate::vault::{PaymentUnlock, UnlockMethod};

fn profile(issuer: &str) -> AccountProfile {
    AccountProfile {
        handle: "hanako@example.org".parse().unwrap(),
        issuer: issuer.parse().unwrap(),
        device_name: "Hanako's phone".to_owned().try_into().unwrap(),
    }
}

fn response(status: u16, body: &str) -> Response {
    Response { status, body: body.into(), retry_after: None, challenge: None }
}

fn problem(name: &str) -> Response {
    response(403, &format!(r#"{{"type":"urn:tegata:problem:{name}"}}"#))
}

/// Logs in; the issuer answers with this session token.
fn log_in(wallet: &mut Wallet, profile: &AccountProfile, token: &str) -> bool {
    let password = PasswordText::new("four quiet herons").unwrap();
    let asked = wallet.account().log_in(profile, password, None).unwrap();
    let body = format!(r#"{{"session":"{token}","must_enrol":false}}"#);
    wallet.account().complete(&asked, &sealed_response(asked.envelope(), &body)).unwrap()
}

fn session(wallet: &mut Wallet) -> Option<String> {
    let asked = wallet.account().session_request(&GetAccount {}).ok()?;
    Some(asked.envelope().session().unwrap().expose().to_owned())
}

const HERE: &str = "http://127.0.0.1:8080";

#[test]
fn each_request_is_signed_for_its_purpose() {
    let phone = TestPhone::new(SystemClock);
    let at = profile(HERE);
    let mut wallet = phone.open();
    let account = wallet.account();
    let key = account.device_key().unwrap();
    let ticket = || Ticket::new("AQ").unwrap();
    let code = MailedCodeText::new("12345678").unwrap();
    let totp = TotpText::new("123456").unwrap();
    let password = PasswordText::new("four quiet herons").unwrap();
    let factor = SecondFactor::Totp(totp.clone());
    let log_in_code = LogInCode { ticket: ticket(), code: code.clone() };
    macro_rules! signed {
        ($($request:expr, $purpose:literal;)*) => {$(
            let asked = $request.unwrap();
            let to = asked.issuer();
            let request = asked.envelope();
            assert_eq!(to.as_str(), HERE);
            let signature = MessageSignature::read(request.signature().unwrap()).unwrap();
            assert!(signature.is_of(&key, $purpose, request.body()), $purpose);
            assert!(request.session().is_none());
        )*};
    }
    signed! {
        account.begin_sign_up(&at, Language::Ja), "sign-up";
        account.verify_sign_up_code(&at, ticket(), code.clone(), password.clone()), "sign-up-code";
        account.finish_sign_up(&at, ticket(), totp), "sign-up-factor";
        account.log_in(&at, password.clone(), Some(factor.clone())), "log-in";
        account.request_log_in_code(&at), "log-in-code";
        account.log_in_with_code(&at, password.clone(), None, log_in_code), "log-in";
        account.begin_password_reset(&at, None), "reset";
        account.verify_password_reset(&at, ticket(), code, factor), "reset-proof";
        account.finish_password_reset(&at, ticket(), password), "reset-finish";
    }
}

#[test]
fn a_session_survives_a_restart_and_goes_to_its_issuer() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    let mut unlock = PaymentUnlock::without_lock();
    wallet.payments().set_pin(&mut unlock, b"739164", cheap()).unwrap();
    wallet.payments().set_unlock_key(&mut unlock, &[0x4b; 32]).unwrap();
    assert_eq!(wallet.account().get().unwrap(), None);
    assert_eq!(wallet.account().session_request(&GetAccount {}).unwrap_err(), Error::NotLoggedIn);
    let ticket = Ticket::new("AQ").unwrap();
    let totp = TotpText::new("123456").unwrap();
    let asked = wallet.account().finish_sign_up(&profile(HERE), ticket, totp).unwrap();
    let body = r#"{"session":"CANARY-token","recovery_codes":["000G-40R4-0M30-FZQZ"]}"#;
    let response = sealed_response(asked.envelope(), body);
    let shown = wallet.account().complete(&asked, &response).unwrap();
    assert_eq!(shown[0].text().expose(), "000G-40R4-0M30-FZQZ");
    assert!(!format!("{wallet:?} {:?}", wallet.account().get()).contains("CANARY"));
    wallet.close().unwrap();

    let mut wallet = phone.open();
    let known = wallet.account().get().unwrap().unwrap();
    assert_eq!((&known.profile, known.logged_in), (&profile(HERE), true));
    assert_eq!(
        wallet.account().session_request(&GetAccount {}).unwrap_err(),
        Error::PaymentsLocked
    );
    let _unlock = wallet.payments().unlock(UnlockMethod::Key(&[0x4b; 32])).unwrap();
    let asked = wallet.account().session_request(&GetAccount {}).unwrap();
    let to = asked.issuer();
    let request = asked.envelope();
    assert_eq!((to.as_str(), request.session().unwrap().expose()), (HERE, "CANARY-token"));
    let key = wallet.account().device_key().unwrap();
    let signature = MessageSignature::read(request.signature().unwrap()).unwrap();
    assert_eq!(signature.session_signer(request.path(), request.body()), Some(key));
    let file = std::fs::read(phone.folder.path().join("wallet")).unwrap();
    for clear in [&b"CANARY"[..], b"000G-40R4", b"hanako"] {
        assert!(!file.windows(clear.len()).any(|bytes| bytes == clear), "in clear");
    }
}

#[test]
fn a_stale_request_is_signed_again_once_under_its_id() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    let password = PasswordText::new("four quiet herons").unwrap();
    let mut asked = wallet.account().log_in(&profile(HERE), password, None).unwrap();
    let read = |asked: &PendingRequest<_>| {
        let header = asked.envelope().signature().unwrap();
        MessageSignature::read(header).unwrap().freshness().clone()
    };
    let first = read(&asked);
    assert_eq!(first.challenge, None);
    let stale = Response {
        challenge: Some("AQ".to_owned()),
        ..response(401, r#"{"type":"urn:tegata:problem:stale"}"#)
    };
    let unrelated = Response { challenge: None, ..stale.clone() };
    assert!(!wallet.account().sign_again(&mut asked, &unrelated).unwrap(), "nothing to sign");
    assert!(!wallet.account().sign_again(&mut asked, &problem("refused")).unwrap());
    assert!(wallet.account().sign_again(&mut asked, &stale).unwrap());
    let again = read(&asked);
    assert_eq!(again.request, first.request);
    assert_eq!(again.challenge, stale.challenge());
    assert!(!wallet.account().sign_again(&mut asked, &stale).unwrap(), "once");
    let result = wallet.account().complete(&asked, &stale).unwrap_err();
    assert_eq!(result, Error::Issuer(IssuerProblem::Stale));

    // What comes next is signed with the challenge of the last answer, of this issuer alone, and has an id of its own.
    let next = Response { challenge: Some("Ag".to_owned()), ..problem("refused") };
    wallet.account().complete(&asked, &next).unwrap_err();
    let next_here = wallet.account().request_log_in_code(&profile(HERE)).unwrap();
    let header = next_here.envelope().signature().unwrap();
    let freshness = MessageSignature::read(header).unwrap().freshness().clone();
    assert_eq!(freshness.challenge, next.challenge());
    assert_ne!(freshness.request, first.request);
    let elsewhere = profile("https://pay.example.org");
    let elsewhere = wallet.account().request_log_in_code(&elsewhere).unwrap();
    let header = elsewhere.envelope().signature().unwrap();
    assert_eq!(MessageSignature::read(header).unwrap().freshness().challenge, None);
}

#[test]
fn a_wallet_has_one_account_and_one_session() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    let elsewhere = profile("https://pay.example.org");
    assert!(!log_in(&mut wallet, &profile(HERE), "first"));
    assert!(!log_in(&mut wallet, &elsewhere, "second"));
    let asked = wallet.account().session_request(&LogOut {}).unwrap();
    assert_eq!(asked.issuer(), &elsewhere.issuer);
    assert_eq!(asked.envelope().session().unwrap().expose(), "second");
    assert_eq!(wallet.len(), 1);

    wallet.account().discard_session().unwrap();
    wallet.account().discard_session().unwrap();
    assert_eq!(wallet.account().session_request(&LogOut {}).unwrap_err(), Error::NotLoggedIn);
    let known = wallet.account().get().unwrap().unwrap();
    assert_eq!(
        (known.profile, known.logged_in),
        (elsewhere, false),
        "the wallet still knows the account"
    );
}

#[test]
fn only_what_ends_a_session_drops_it() {
    let phone = TestPhone::new(SystemClock);
    let at = profile(HERE);
    let mut wallet = phone.open();
    let own = wallet.account().device_key().unwrap().id();
    let other = DeviceKey([4; 65]).id();
    let code = MailedCodeText::new("12345678").unwrap();
    let password = "nine loud magpies";
    macro_rules! after {
        ($(|$account:ident| $asked:expr => $kept:expr;)*) => {$(
            log_in(&mut wallet, &at, "one");
            let $account = wallet.account();
            let asked = $asked.unwrap();
            assert!(wallet.account().complete(&asked, &problem("refused")).is_err());
            assert_eq!(session(&mut wallet).as_deref(), Some("one"), "{}", stringify!($asked));
            wallet.account().complete(&asked, &response(200, "{}")).unwrap();
            assert_eq!(session(&mut wallet).is_some(), $kept, "{}", stringify!($asked));
        )*};
    }
    after! {
        |account| account.session_request(&LogOut {}) => false;
        |account| account.session_request(&ForgetDevice { device: DeviceNumber(own) }) => false;
        |account| account.session_request(&ForgetDevice { device: DeviceNumber(other) }) => true;
        |account| account.confirm_address_change("new@example.org".parse().unwrap(), code.clone()) => true;
        |account| account.finish_password_reset(&at, Ticket::new("AQ").unwrap(), PasswordText::new(password).unwrap()) => false;
        |account| account.notice_request(&at, &LogOut {}) => false;
        |account| account.notice_request(&profile("https://pay.example.org"), &LogOut {}) => true;
    }
}

#[test]
fn an_unknown_session_is_dropped_and_a_newer_one_stays() {
    let phone = TestPhone::new(SystemClock);
    let at = profile(HERE);
    let mut wallet = phone.open();
    log_in(&mut wallet, &at, "old");
    let asked = wallet.account().session_request(&GetAccount {}).unwrap();
    let log_out = wallet.account().session_request(&LogOut {}).unwrap();
    log_in(&mut wallet, &at, "new");
    let unknown = problem("not-logged-in");
    let failed = wallet.account().complete(&asked, &unknown).unwrap_err();
    assert_eq!(failed, Error::NotLoggedIn);
    wallet.account().complete(&log_out, &response(200, "{}")).unwrap();
    assert_eq!(session(&mut wallet).as_deref(), Some("new"));
    let asked = wallet.account().session_request(&GetAccount {}).unwrap();
    assert_eq!(wallet.account().complete(&asked, &unknown).unwrap_err(), Error::NotLoggedIn);
    assert_eq!(session(&mut wallet), None);
}

#[test]
fn cached_payments_are_shown_to_their_account_only() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    let page = |sale: &str| -> PaymentPage {
        let text = format!(
            r#"{{"payments":[{{"payment":"00000000000000000000000000000001","shop":"Ginza","reference":"{sale}",
            "amount":1980,"currency":"JPY","state":"paid","time":1800000000,"since":1800000001}}],
            "earlier":false,"decimals":0}}"#
        );
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(wallet.account().cache_payments(page("CANARY-1")), Err(Error::NotLoggedIn));
    let at = profile(HERE);
    log_in(&mut wallet, &at, "one");
    assert_eq!(wallet.account().cached_payments().unwrap(), None);
    wallet.account().cache_payments(page("CANARY-1")).unwrap();
    let second = wallet.account().cache_payments(page("CANARY-2")).unwrap();
    assert_eq!((&second.profile, &second.page), (&at, &page("CANARY-2")));
    assert_eq!(wallet.len(), 2, "the account, and the payments that came last");
    drop(wallet);
    let mut wallet = phone.open();
    assert_eq!(wallet.account().cached_payments().unwrap(), Some(second.clone()));
    // Payments stay after a log-out, and are not shown to another account.
    wallet.account().discard_session().unwrap();
    assert_eq!(wallet.account().cached_payments().unwrap(), Some(second));
    log_in(&mut wallet, &profile("https://pay.example.org"), "two");
    assert_eq!(wallet.account().cached_payments().unwrap(), None);
    let file = std::fs::read(phone.folder.path().join("wallet")).unwrap();
    assert!(!file.windows(6).any(|bytes| bytes == b"CANARY"), "in clear");
    let large = PaymentPage { payments: vec![page("x").payments[0].clone(); 400], ..page("x") };
    assert!(matches!(wallet.account().cache_payments(large), Err(Error::Invalid(_))));
}

#[test]
fn the_wallet_uses_the_new_address() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    log_in(&mut wallet, &profile(HERE), "one");
    let to = "new@example.org".parse::<Handle>().unwrap();
    let code = MailedCodeText::new("12345678");
    let asked = wallet.account().confirm_address_change(to.clone(), code.unwrap()).unwrap();
    let known = |wallet: &mut Wallet| wallet.account().get().unwrap().unwrap();
    wallet.account().complete(&asked, &problem("refused")).unwrap_err();
    assert_eq!(known(&mut wallet).profile, profile(HERE));
    wallet.account().complete(&asked, &response(200, "{}")).unwrap();
    let expected = AccountProfile { handle: to, ..profile(HERE) };
    assert_eq!(known(&mut wallet), AccountStatus { profile: expected, logged_in: true });
}

#[test]
fn each_failed_response_has_a_problem() {
    let phone = TestPhone::new(SystemClock);
    let at = profile(HERE);
    let mut wallet = phone.open();
    let asked = wallet.account().begin_password_reset(&at, None).unwrap();
    let mut why = |status, body: &str, retry_after| {
        let response = Response { retry_after, ..response(status, body) };
        match wallet.account().complete(&asked, &response) {
            Err(Error::Issuer(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    let mut named = |status, name: &str, retry_after| {
        why(status, &format!(r#"{{"type":"urn:tegata:problem:{name}"}}"#), retry_after)
    };
    for refusal in Refusal::ALL.into_iter().filter(|it| *it != Refusal::NotLoggedIn) {
        assert_eq!(named(403, refusal.name(), None), IssuerProblem::Refused(refusal));
    }
    assert_eq!(named(422, "weak-password", None), IssuerProblem::WeakPassword);
    assert_eq!(named(503, "stopped", None), IssuerProblem::Stopped);
    assert_eq!(named(503, "busy", Some(7)), IssuerProblem::Busy(7));
    assert_eq!(named(429, "too-many", Some(60)), IssuerProblem::Busy(60));
    assert_eq!(named(400, "malformed", None), IssuerProblem::Malformed);
    assert_eq!(named(500, "internal", None), IssuerProblem::InternalError);
    for (status, body) in
        [(200, ""), (200, "[]"), (200, r#"{"ticket":"?"}"#), (502, "<html>"), (503, "{}")]
    {
        assert_eq!(why(status, body, None), IssuerProblem::UnreadableAnswer, "{status} {body}");
    }
    assert_eq!(why(200, &" ".repeat(Response::LARGEST + 1), None), IssuerProblem::UnreadableAnswer);
}
