//! Secrets in each message, searched afterwards: in the log at its most talkative, in what lies on the disk, in the texts
//! of problems, in the counts, and in a core dump.
//!
//! What is freed is wiped, by the allocator that the binary has, too; what is searched is therefore all that is still held.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use tegata::code::Seed;
use tegata::protocol::{
    BeginFactorEnrolment, ChangeAddress, ConfirmAddressChange, ConfirmFactorEnrolment, Language,
    NoticeCode, RenewRecoveryCodes, SecondFactor, VerifyFactor,
};

use crate::child::Child;
use tegata_testkit::{TestIssuer, TestShopper, shopper::code_in};
use tegata_testkit::{TestPayments, TestTill};

/// A word that stands in no program: the binary that is dumped has the tests' own passwords in it.
fn canary() -> String {
    use tegata::Random;
    let mut bytes = [0; 12];
    tegata::SystemRandom::new().fill(&mut bytes).unwrap();
    hex::encode(bytes)
}

#[test]
fn no_secret_is_in_log_disk_problems_counts_or_a_core_dump() {
    let mut issuer = TestIssuer::new();
    issuer.settings = issuer.settings.replace("\"error\"", "\"debug\"");
    let child = Child::start(&issuer, u64::MAX);
    let address = format!("{}@example.org", canary());
    let first = canary();
    let second = canary();
    let mut hanako = issuer.new_shopper(&address);
    hanako.password.clone_from(&first);
    hanako.complete_sign_up().unwrap();
    let mut secrets = vec![first, second.clone()];
    secrets.push(secret_of(hanako.authenticator.as_ref().unwrap()));
    secrets.push(hanako.mailed_code(1).expose().to_owned());
    secrets.push(hanako.session.as_ref().unwrap().expose().to_owned());
    let ticket = hanako.begin_reset().unwrap();
    let code = hanako.mailed_code(2);
    secrets.push(code.expose().to_owned());
    hanako.submit_reset_proof(&ticket, code, hanako.next_totp()).unwrap();
    hanako.finish_reset(&ticket, &second).unwrap();
    hanako.complete_log_in(&second).unwrap();
    secrets.push(hanako.session.as_ref().unwrap().expose().to_owned());
    let SecondFactor::Totp(totp) = hanako.next_totp() else { unreachable!() };
    secrets.push(format!("\"totp\":\"{}\"", totp.expose()));
    hanako.call_in_session(&VerifyFactor { totp }).unwrap();
    let codes = hanako.call_in_session(&RenewRecoveryCodes {}).unwrap().recovery_codes;
    for code in hanako.recovery.iter().chain(&codes) {
        secrets.push(json!(code).as_str().unwrap().to_owned());
    }
    secrets.push(notice_in(&mail(&issuer, &address, "replaced")));
    // The ticket of the reset that is over, and of one that is under way.
    secrets.push(ticket.expose().to_owned());
    secrets.push(hanako.begin_reset().unwrap().expose().to_owned());
    // A new second factor, and a new address.
    let otpauth = hanako.call_in_session(&BeginFactorEnrolment {}).unwrap().otpauth;
    hanako.authenticator = Some(otpauth.expose().to_owned());
    secrets.push(secret_of(otpauth.expose()));
    let SecondFactor::Totp(totp) = hanako.next_totp() else { unreachable!() };
    secrets.push(format!("\"totp\":\"{}\"", totp.expose()));
    hanako.call_in_session(&ConfirmFactorEnrolment { totp }).unwrap();
    secrets.push(notice_in(&mail(&issuer, &address, "two-step verification was changed")));
    let new = format!("{}@example.org", canary());
    let language = Language::En;
    let call = ChangeAddress { address: new.parse().unwrap(), language };
    hanako.call_in_session(&call).unwrap();
    let code = code_in(&mail(&issuer, &new, "Confirm your new email address"));
    secrets.push(code.expose().to_owned());
    hanako.call_in_session(&ConfirmAddressChange { code }).unwrap();
    for to in [&address, &new] {
        secrets.push(notice_in(&mail(&issuer, to, "email address was changed")));
    }
    let mut new_phone = hanako.clone();
    new_phone.device = issuer.device();
    let code = SecondFactor::RecoveryCode(codes[0].clone());
    let logged_in = new_phone.try_log_in(&second, Some(code)).unwrap();
    secrets.push(logged_in.session.expose().to_owned());
    let problems = problems(&hanako, &second);
    // All mails have gone, all connections are closed, one request came after.
    issuer.settled_mail_count(&address);
    issuer.close_connections();
    let metrics = metrics(&issuer);

    let log = std::fs::read_to_string(Child::log(&issuer)).unwrap();
    assert!(log.lines().count() > 20, "a log of what was asked");
    let mut private = secrets.clone();
    private.extend([address.clone(), new.clone(), "Hanako's phone".to_owned()]);
    for secret in &private {
        for (place, text) in [("log", &log), ("problems", &problems), ("metrics", &metrics)] {
            assert!(!text.contains(secret), "{secret} is in the {place}");
        }
    }
    let addresses = [address.as_str(), &new];
    let on_disk: Vec<_> = secrets.iter().map(String::as_str).chain(addresses).collect();
    nothing_on_disk_or_in_memory(&issuer, &child, &on_disk);
}

#[test]
fn no_payment_secret_is_in_logs_answers_files_or_a_core_dump() {
    let mut issuer = TestIssuer::new();
    issuer.settings = issuer.settings.replace("\"error\"", "\"debug\"");
    let payments = TestPayments::new(&issuer);
    let child = Child::start(&issuer, u64::MAX);
    let enrolment = payments.enrolment_code("till-1");
    let enrolled = payments.enrol(&enrolment);
    let token = enrolled.body["token"].as_str().unwrap().to_owned();
    let till = TestTill { id: "till-1".parse().unwrap(), token: token.clone() };
    // A seed that can be searched for as text.
    let seed = format!("{}{}", canary(), &canary()[..8]);
    let shopper = payments.payer_with_seed(Seed::from_slice(seed.as_bytes()).unwrap());
    let first = payments.code(&shopper, 0, None);
    let second = payments.code(&shopper, 1, None);
    let mut guess = second.clone().into_bytes();
    guess[23] = b'0' + (guess[23] - b'0' + 1) % 10;
    let guess = String::from_utf8(guess).unwrap();
    let mut answers = String::new();
    let mut asks = |what: &str, code: &str, amount: u64, says: &str| {
        let result = till.authorise(&payments, what, code, amount);
        assert_eq!(result.outcome(), says, "{what}");
        answers.push_str(&result.body.to_string());
    };
    asks("taken", &first, 100, "declined"); // the account has no card
    asks("replayed", &first, 100, "declined used");
    asks("guessed", &guess, 100, "declined not_valid");
    asks("too-much", &second, 60_000, "declined limit");
    asks("no-code", &second[1..], 100, "declined not_valid");
    for refused in [
        payments.enrol(&enrolment),
        payments.void(&till, &json!({ "reference": second, "code": second })),
        payments.post("/v1/authorisations", &[], &json!({ "code": second })),
    ] {
        assert_ne!(refused.status, 200);
        answers.push_str(&refused.body.to_string());
    }
    issuer.close_connections();
    let log = std::fs::read_to_string(Child::log(&issuer)).unwrap();
    assert!(log.lines().count() > 8, "a log of what was asked");
    let secrets = [first, second, guess, token, enrolment];
    for secret in secrets.iter().chain([&seed]) {
        for (place, text) in [("log", &log), ("answers", &answers)] {
            assert!(!text.contains(secret), "{secret} is in the {place}");
        }
    }
    // What is prepared for the next code holds the seed, as the process holds the key that opens them all.
    for file in store_files(&issuer) {
        assert_eq!(found(&file, &[&seed]), Vec::<String>::new(), "{}", file.display());
    }
    nothing_on_disk_or_in_memory(&issuer, &child, &secrets.each_ref().map(String::as_str));
}

fn store_files(issuer: &TestIssuer) -> [std::path::PathBuf; 2] {
    ["issuer.sqlite", "issuer.sqlite-wal"].map(|file| issuer.folder.path().join(file))
}

/// Searches the store's files, and what the issuer's process holds when all connections are closed.
fn nothing_on_disk_or_in_memory(issuer: &TestIssuer, child: &Child, secrets: &[&str]) {
    for file in store_files(issuer) {
        assert!(file.metadata().unwrap().len() > 0, "{}", file.display());
        assert_eq!(found(&file, secrets), Vec::<String>::new(), "{}", file.display());
    }
    let mut left = Vec::new();
    // A connection that the client has closed is let go of some time after; and a thread's stack, which no allocator wipes,
    // keeps what was on it until somebody else's request goes as deep.
    for round in 0..5 {
        let somebody = format!("somebody-{round}@example.org");
        let mut other = issuer.new_shopper(&somebody);
        other.complete_sign_up().unwrap();
        other.begin_reset().unwrap();
        let new = format!("somebody-else-{round}@example.org").parse().unwrap();
        other.call_in_session(&ChangeAddress { address: new, language: Language::En }).unwrap();
        issuer.settled_mail_count(&somebody);
        issuer.close_connections();
        metrics(issuer);
        let dump = dump(child, issuer.folder.path());
        assert!(!found(&dump, &["tegata_http_requests_total"]).is_empty(), "a dump of the issuer");
        left = found(&dump, secrets);
        std::fs::remove_file(dump).unwrap();
        if left.is_empty() {
            break;
        }
    }
    assert_eq!(left, Vec::<String>::new(), "in the core dump");
}

fn metrics(issuer: &TestIssuer) -> String {
    let url = format!("http://{}/metrics", issuer.internal_address());
    let mut answer = ureq::get(&url).header("Connection", "close").call().unwrap();
    answer.body_mut().read_to_string().unwrap()
}

/// The last mail to an address whose subject says so, once there is one.
fn mail(issuer: &TestIssuer, to: &str, says: &str) -> String {
    for at_least in 1.. {
        let mails = issuer.mails(to, at_least);
        if let Some((_, body)) = mails.into_iter().rfind(|(subject, _)| subject.contains(says)) {
            return body;
        }
    }
    unreachable!()
}

/// The code of a notice, as the mail has it.
fn notice_in(mail: &str) -> String {
    let mut lines = mail.lines().map(str::trim);
    lines.find(|line| NoticeCode::parse(line).is_ok()).unwrap().to_owned()
}

/// The secret of an `otpauth` URI.
fn secret_of(uri: &str) -> String {
    let (_, rest) = uri.split_once("secret=").unwrap();
    rest.split('&').next().unwrap().to_owned()
}

/// What problems say when each message is wrong in some way, with a secret in it.
fn problems(person: &TestShopper<'_>, password: &str) -> String {
    let mut texts = String::new();
    for (path, _) in tegata::protocol::endpoints() {
        for body in [
            json!({ "handle": person.address, "password": password, "nobody knows": password }),
            json!({ "password": { password: password } }),
            json!([person.address, password]),
        ] {
            let response = person.issuer.post(path, &[], body.to_string().as_bytes());
            assert!((400..500).contains(&response.status), "{path}");
            texts.push_str(&String::from_utf8(response.body).unwrap());
        }
        let cut = format!("{{\"password\":\"{password}");
        let response = person.issuer.post(path, &[], cut.as_bytes());
        texts.push_str(&String::from_utf8(response.body).unwrap());
    }
    texts
}

fn dump(child: &Child, folder: &Path) -> std::path::PathBuf {
    let name = folder.join("core");
    let number = child.number().to_string();
    let gcore = Command::new("gcore").arg("-o").arg(&name).arg(&number).output();
    let gcore = gcore.unwrap_or_else(|error| panic!("gcore (Debian package gdb): {error}"));
    let file = folder.join(format!("core.{number}"));
    assert!(file.exists(), "{}", String::from_utf8_lossy(&gcore.stderr));
    file
}

/// Which of them are in a file.
fn found(file: &Path, needles: &[&str]) -> Vec<String> {
    // grep's own search: a dump has half a gigabyte, and this is a debug build.
    let list = file.with_extension("needles");
    std::fs::write(&list, needles.join("\n")).unwrap();
    let mut grep = Command::new("grep");
    grep.env("LC_ALL", "C").args(["--text", "--only-matching", "--fixed-strings", "--file"]);
    let found = grep.arg(&list).arg(file).output().unwrap();
    assert!(found.status.code() < Some(2), "{}", String::from_utf8_lossy(&found.stderr));
    let found = String::from_utf8(found.stdout).unwrap();
    let found: std::collections::BTreeSet<_> = found.lines().map(str::to_owned).collect();
    found.into_iter().collect()
}
