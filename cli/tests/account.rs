//! The account commands of `tegata wallet`, as a shopper and an attacker run them: the real program against a running issuer.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tegata::Clock;
use tegata_testkit::TestIssuer;
use tegata_testkit::shopper::{NEW_PASSWORD, PASSWORD, sealed_answer};

use crate::command::{Wallet, document, done, failed, tegata, text};

mod command;
mod prompts;
mod till;

const HANAKO: &str = "hanako@example.org";

/// Somebody's wallet, and what their authenticator holds.
struct CliShopper {
    wallet: Wallet,
    uri: String,
    recovery: Vec<String>,
}

impl CliShopper {
    fn new() -> Self {
        let wallet = Wallet::made();
        std::fs::write(wallet.0.path().join("pw"), PASSWORD).unwrap();
        std::fs::write(wallet.0.path().join("new-pw"), NEW_PASSWORD).unwrap();
        done(&wallet.run(&["pin", "--new", "@new-pin"]));
        Self { wallet, uri: String::new(), recovery: Vec::new() }
    }

    fn file(&self, name: &str, holds: &str) -> String {
        std::fs::write(self.wallet.0.path().join(name), holds).unwrap();
        format!("@{name}")
    }

    fn begin(&self, args: &[&str]) -> InteractiveCommand {
        InteractiveCommand::begin(&self.wallet, &[&["--pin", "@new-pin"], args].concat())
    }

    fn run(&self, args: &[&str]) -> std::process::Output {
        self.wallet.run(&[&["--pin", "@new-pin"], args].concat())
    }

    fn signs_up(&mut self, issuer: &TestIssuer) {
        let args = ["sign-up", HANAKO, "--issuer", &issuer.url(), "--password", "@pw", "--reveal"];
        let mut running = self.begin(&[&args[..], &["--code", "-", "--totp", "-"]].concat());
        running.says("A code is on its way to hanako@example.org.");
        let code = issuer.code_in_mail(HANAKO, 0, "verification code");
        running.types(&format!("{}-{}", &code[..4], &code[4..]));
        self.uri = running.until(|line| line.starts_with("otpauth://"));
        running.types(&issuer.next_totp(&self.uri));
        let printed = running.done();
        assert!(printed.contains("signed up at http://127.0.0.1:"), "{printed}");
        self.recovery = printed
            .split_whitespace()
            .filter(|word| word.len() == 19 && word.matches('-').count() == 3)
            .map(str::to_owned)
            .collect();
        assert_eq!(self.recovery.len(), 10, "{printed}");
    }

    /// Enrols a second factor that is stored in the wallet, with one of the new recovery codes typed back.
    fn keeps_factor_here(&self) {
        let args = ["second-factor", "--keep-here", "--recovery-code-written", "-"];
        let mut running = self.begin(&args);
        let is_code = |word: &&str| word.len() == 19 && word.matches('-').count() == 3;
        let line = running.until(|line| line.split_whitespace().any(|word| is_code(&word)));
        running.types(line.split_whitespace().find(is_code).unwrap());
        assert!(running.done().contains("which is weaker"));
    }

    fn devices(&self) -> Value {
        let output = self.run(&["devices", "--json"]);
        serde_json::from_str(done(&output)).unwrap()
    }

    fn with_factor(&self, issuer: &TestIssuer, args: &[&str]) -> std::process::Output {
        let totp = self.file("totp", &issuer.next_totp(&self.uri));
        self.run(&[args, &["--password", "@pw", "--totp", &totp]].concat())
    }

    /// A reset: code and factor as they come, and the new password.
    fn resets(
        &self,
        issuer: &TestIssuer,
        nth: usize,
        code: Option<&str>,
        totp: &str,
    ) -> InteractiveCommand {
        let totp = self.file("totp", totp);
        let args = ["reset", HANAKO, "--issuer", &issuer.url(), "--new-password", "@new-pw"];
        let mut running = self.begin(&[&args[..], &["--code", "-", "--totp", &totp]].concat());
        running.says("If hanako@example.org has an account");
        let mailed = issuer.code_in_mail(HANAKO, nth, "password reset code");
        running.types(code.unwrap_or(&mailed));
        running
    }
}

/// The program while it runs and is talked to.
struct InteractiveCommand {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl InteractiveCommand {
    fn begin(wallet: &Wallet, args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tegata"))
            .args(["wallet", "--passphrase", "@pass"])
            .args(args)
            .current_dir(wallet.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = child.stdout.take().unwrap();
        Self { child, input, output: BufReader::new(output) }
    }

    fn until(&mut self, is: impl Fn(&str) -> bool) -> String {
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).unwrap() == 0 {
                let mut error = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
                panic!("it ended: {error}");
            }
            if is(line.trim_end()) {
                return line.trim_end().to_owned();
            }
        }
    }

    fn says(&mut self, what: &str) {
        self.until(|line| line.contains(what));
    }

    fn types(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// The exit code, and what it said last on both sides.
    fn ended(mut self) -> (Option<i32>, String, String) {
        drop(self.input);
        let mut printed = String::new();
        let mut error = String::new();
        self.output.read_to_string(&mut printed).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        (self.child.wait().unwrap().code(), printed, error)
    }

    fn done(self) -> String {
        let (exit, printed, error) = self.ended();
        assert_eq!((exit, error.as_str()), (Some(0), ""));
        printed
    }

    fn refused(self) {
        let (exit, printed, error) = self.ended();
        assert_eq!((exit, printed.as_str()), (Some(1), ""), "{error}");
        assert!(error.contains("invalid credentials") && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn a_shopper_signs_up_logs_in_and_out_and_resets_her_password() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    let view = hanako.devices();
    assert_eq!((&view["address"], &view["recovery_codes_left"]), (&json!(HANAKO), &json!(10)));
    let words = hanako.run(&["devices"]);
    assert!(done(&words).contains("a terminal") && done(&words).contains("this one"));

    done(&hanako.run(&["devices", "--log-out"]));
    failed(&hanako.run(&["devices"]), 1, "not logged in at an issuer: tegata wallet log-in");
    // On the owner's device the password is enough, and address and issuer are known.
    failed(&hanako.run(&["log-in", "--password", "@new-pw"]), 1, "invalid credentials");
    done(&hanako.run(&["log-in", "--password", "@pw"]));
    done(&hanako.with_factor(&issuer, &["log-in"]));
    let sessions = hanako.devices()["sessions"].as_array().unwrap().len();
    assert_eq!(sessions, 1, "a log-in ends the session before it");

    let printed = hanako.resets(&issuer, 0, None, &issuer.next_totp(&hanako.uri)).done();
    assert!(printed.contains("password changed"), "{printed}");
    failed(&hanako.run(&["devices"]), 1, "not logged in");
    failed(&hanako.run(&["log-in", "--password", "@pw"]), 1, "invalid credentials");
    done(&hanako.run(&["log-in", "--password", "@new-pw"]));
}

#[test]
fn a_wallet_pays_after_sign_up_and_renews_its_credential() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    let payments = || {
        let listed = hanako.run(&["list", "--json"]);
        let listed: Value = serde_json::from_str(done(&listed)).unwrap();
        let kinds = listed.as_array().unwrap().iter();
        let ids: Vec<_> =
            kinds.filter(|it| it["kind"] == "payment").map(|it| it["id"].clone()).collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
        ids[0].clone()
    };
    let first = payments();
    let shown = hanako.run(&["pay", "--json"]);
    let shown: Value = serde_json::from_str(done(&shown)).unwrap();
    let digits = shown["digits"].as_str().or(shown["code"].as_str()).unwrap();
    assert!(digits.len() == 24 && digits.starts_with("4960"), "{shown}");

    let given = hanako.run(&["add", "payment", "--json"]);
    let given: Value = serde_json::from_str(done(&given)).unwrap();
    assert_eq!(given["id"], payments());
    assert_ne!(given["id"], first, "in the place of the one before");
    // Ten minutes later the second factor is asked for again.
    issuer.clock.advance(600);
    failed(&hanako.run(&["add", "payment"]), 2, "no second factor");
    let wrong = hanako.file("totp", "000000");
    failed(&hanako.run(&["add", "payment", "--totp", &wrong]), 1, "invalid credentials");
    let right = hanako.file("totp", &issuer.next_totp(&hanako.uri));
    done(&hanako.run(&["add", "payment", "--label", "Shop", "--totp", &right]));
    assert!(done(&hanako.run(&["show", "Shop"])).contains("prefix       4960"));
    // A log-in with the factor fetches one, too; one without leaves the one there is.
    done(&hanako.with_factor(&issuer, &["log-in"]));
    let before = payments();
    done(&hanako.run(&["log-in", "--password", "@pw"]));
    assert_eq!(payments(), before);
    done(&hanako.run(&["devices", "--log-out"]));
    failed(&hanako.run(&["add", "payment"]), 1, "not logged in");
    failed(&hanako.run(&["add", "payment", "--prefix", "4960"]), 2, "--seed");
}

#[test]
fn a_session_is_used_with_the_pin_only() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    let without = |args: &[&str]| hanako.wallet.run(args);
    for command in [
        &["devices"][..],
        &["freeze", "--lift"],
        &["add", "payment"],
        &["cards"],
        &["log-in"],
        &["history"],
    ] {
        failed(&without(command), 2, "give --pin @FILE");
    }
    done(&hanako.run(&["devices"]));
    // What only restricts needs this device, and no PIN.
    assert!(done(&without(&["devices", "--this"])).starts_with("logged in"));
    done(&without(&["freeze"]));
    assert!(done(&without(&["devices", "--this"])).contains("frozen: no payments"));
    done(&hanako.run(&["devices"]));
    done(&without(&["devices", "--log-out"]));
    assert!(done(&without(&["devices", "--this"])).starts_with("not logged in"));
    failed(&hanako.run(&["devices"]), 1, "not logged in");
    done(&without(&["pin", "--lost", "--yes"]));
    failed(&without(&["devices"]), 1, "not logged in");
    // The device's key went with the lock: the password alone does not log in.
    failed(&without(&["log-in", "--password", "@pw"]), 1, "invalid credentials");
    // Without a lock a session lasts as long as its command, and a factor is not kept.
    let totp = hanako.file("totp", &issuer.next_totp(&hanako.uri));
    let printed = without(&["log-in", "--password", "@pw", "--totp", &totp]);
    assert_eq!(printed.status.code(), Some(0));
    assert!(text(&printed.stderr).contains("No payment lock is set"));
    failed(&without(&["devices"]), 1, "not logged in");
    failed(&without(&["second-factor", "--keep-here"]), 2, "set a PIN first");
}

#[test]
fn cards_come_are_chosen_and_go() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    let cards = |args: &[&str]| hanako.run(&[&["cards"], args].concat());
    assert_eq!(done(&cards(&[])), "no card yet: to pay, run tegata wallet cards add CARD\n");
    assert!(done(&cards(&["add", "pm_card_visa"])).starts_with("visa 4242, charged  "));
    // Cards of one second stand in no order.
    issuer.clock.advance(1);
    let kept: Value =
        serde_json::from_str(done(&cards(&["add", "pm_card_jcb", "--json"]))).unwrap();
    let jcb = kept["cards"][1]["card"].as_str().unwrap().to_owned();
    let printed = done(&cards(&["default", &jcb])).to_owned();
    assert!(
        printed.contains("visa 4242  ") && printed.contains("jcb 0505, charged  "),
        "{printed}"
    );
    done(&cards(&["default", "4242"]));
    // The one that is left pays only once it is chosen.
    assert!(done(&cards(&["remove", "4242"])).starts_with("jcb 0505  "));
    assert!(done(&cards(&["default", "0505"])).starts_with("jcb 0505, charged  "));
    assert_eq!(done(&cards(&["list"])), done(&cards(&[])));

    failed(&cards(&["remove", "4242"]), 1, "4242: no such card");
    failed(&cards(&["add", "4242424242424242"]), 2, "test card");
    failed(&cards(&["add", "pm_card_of_nobody"]), 1, "no such card");
    failed(&cards(&["add", "pm_card_chargeDeclined"]), 1, "declined");
    let asks = ["add", "pm_card_threeDSecure2Required"];
    failed(&cards(&asks), 2, "--confirm");
    assert!(done(&cards(&[&asks[..], &["--confirm"]].concat())).contains("visa 3220  "));
    done(&cards(&["add", "pm_card_jcb"]));
    failed(&cards(&["remove", "0505"]), 1, "more than one card ends in these digits; give its id");
    issuer.clock.advance(600);
    failed(&cards(&["add", "pm_card_jcb"]), 1, "tegata wallet log-in with it");
    done(&hanako.run(&["devices", "--log-out"]));
    failed(&cards(&[]), 1, "not logged in");
}

#[test]
fn the_thief_who_knows_all_but_the_second_factor_gets_nothing() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    let attacker = CliShopper::new();
    let log_in = ["log-in", HANAKO, "--issuer", &issuer.url(), "--password", "@pw"];
    failed(&attacker.run(&log_in), 1, "invalid credentials");
    let guess = attacker.file("guess", "000000");
    let guessed = [&log_in[..], &["--totp", &guess]].concat();
    failed(&attacker.run(&guessed), 1, "invalid credentials");
    let guess = attacker.file("guess", "0000-0000-0000-0000");
    let guessed = [&log_in[..], &["--recovery-code", &guess]].concat();
    failed(&attacker.run(&guessed), 1, "invalid credentials");
    failed(
        &attacker.run(&[&log_in[..], &["--factor-here"]].concat()),
        1,
        "no second factor of hanako@example.org is stored in this wallet",
    );

    // The owner's mailbox without the second factor, and the other way round.
    attacker.resets(&issuer, 0, None, "000000").refused();
    attacker.resets(&issuer, 1, Some("00000000"), &issuer.next_totp(&hanako.uri)).refused();
    // The code of the owner's reset, read out to the attacker, on the attacker's device.
    let code = issuer.code_in_mail(HANAKO, 1, "password reset code");
    attacker.resets(&issuer, 2, Some(&code), &issuer.next_totp(&hanako.uri)).refused();
    let to: Vec<_> = issuer.mailbox.mails().iter().map(|m| m.to.address().to_owned()).collect();
    assert!(to.iter().all(|to| to == HANAKO), "{to:?}");
    failed(&attacker.run(&["devices"]), 1, "not logged in");
    // No way to say where a mail should go.
    failed(&attacker.run(&["reset", HANAKO, "--mail-to", "attacker@example.com"]), 2, "--mail-to");
    assert_eq!(hanako.devices()["devices"].as_array().unwrap().len(), 1);
}

#[test]
fn a_stored_factor_is_found_whatever_its_issuer_is_called() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    // The wallet makes the value itself: its clock and the issuer's have to be the same.
    issuer.clock.set(0);
    let phone = CliShopper::new();
    let uri = |name: &str| hanako.uri.replace("Tegata", name);
    let other = "otpauth://totp/Mail:hanako@example.org?secret=JBSWY3DPEHPK3PXP";
    done(&phone.run(&["add", "otp", &uri("Acme%20Pay")]));
    let log_in = ["log-in", HANAKO, "--issuer", &issuer.url(), "--password", "@pw"];
    // Another service knows the same address: which one is meant has to be said.
    done(&phone.run(&["add", "otp", other]));
    let which = phone.run(&[&log_in[..], &["--factor-here"]].concat());
    failed(&which, 2, "say which with --factor-here=NAME");
    // The step was used at the sign-up, so that the value is found, sent and refused.
    let named = phone.run(&[&log_in[..], &["--factor-here=Acme Pay"]].concat());
    failed(&named, 1, "invalid credentials");
    failed(&phone.run(&[&log_in[..], &["--factor-here=Bank"]].concat()), 1, "no second factor");
    done(&phone.run(&["remove", "Mail", "--yes"]));
    failed(&phone.run(&[&log_in[..], &["--factor-here"]].concat()), 1, "invalid credentials");
}

#[test]
fn the_own_factor_is_stored_by_an_enrolment_alone() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    failed(&hanako.run(&["add", "otp", &hanako.uri]), 1, "second-factor --keep-here");
    // The other way round: it was here before the account.
    let phone = CliShopper::new();
    let stored = document(&phone.run(&["add", "otp", &hanako.uri, "--json"]));
    let log_in =
        ["log-in", HANAKO, "--issuer", &issuer.url(), "--password", "@pw", "--factor-here"];
    failed(&phone.run(&log_in), 1, "tegata wallet remove");
    done(&phone.run(&["remove", stored["id"].as_str().unwrap(), "--yes"]));
    failed(&phone.run(&log_in), 1, "no second factor");
}

#[test]
fn a_replaced_factor_works_and_a_strangers_change_is_reverted() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    // Renewed recovery codes: the log-in has just been, with the factor.
    let renewed = hanako.with_factor(&issuer, &["second-factor", "--recovery-codes", "--json"]);
    let renewed: Value = serde_json::from_str(done(&renewed)).unwrap();
    let codes = renewed["recovery_codes"].as_array().unwrap();
    assert_eq!(codes.len(), 10);
    assert!(!codes.iter().any(|code| hanako.recovery.iter().any(|old| code == old)));

    // Ten minutes later a change asks for a full log-in again.
    issuer.clock.advance(600);
    let change = ["second-factor", "--reveal", "--new-totp", "-", "--password", "@pw"];
    failed(&hanako.run(&change), 2, "give --totp");
    let totp = hanako.file("totp", &issuer.next_totp(&hanako.uri));
    let mut running = hanako.begin(&[&change[..], &["--totp", &totp]].concat());
    let new = running.until(|line| line.starts_with("otpauth://"));
    assert_ne!(new, hanako.uri);
    running.types(&issuer.next_totp(&new));
    assert!(running.done().contains("the second factor was replaced"));
    failed(&hanako.with_factor(&issuer, &["log-in"]), 1, "invalid credentials");

    // The owner did not do it: the notice's code freezes, and with an earlier recovery code reverts the change.
    let code =
        hanako.file("code", &issuer.code_in_mail(HANAKO, 0, "two-step verification was changed"));
    let wrong = hanako.file("wrong-code", "0000-0000-0000-0000");
    let short = hanako.file("short-code", "00000000");
    failed(&hanako.run(&["freeze", "--code", &short]), 2, "16 letters and digits");
    failed(&hanako.run(&["freeze", "--code", &wrong]), 1, "invalid credentials");
    done(&hanako.run(&["freeze", "--code", &code]));
    failed(&hanako.run(&["devices"]), 1, "not logged in");
    let totp = hanako.file("totp", &issuer.next_totp(&new));
    let back = ["freeze", "--take-back", "--code", &code, "--totp"];
    failed(&hanako.run(&[&back[..], &[&totp]].concat()), 1, "invalid credentials");
    let totp = hanako.file("totp", &issuer.next_totp(&hanako.uri));
    failed(&hanako.run(&[&back[..], &[&totp]].concat()), 1, "invalid credentials");
    let recovery = hanako.file("recovery", &hanako.recovery[0]);
    let back = ["freeze", "--take-back", "--code", &code, "--recovery-code", &recovery];
    let printed = hanako.run(&back);
    assert!(done(&printed).contains("tegata wallet reset"));
    failed(&hanako.run(&["log-in", "--password", "@pw"]), 1, "invalid credentials");
    hanako.resets(&issuer, 0, None, &issuer.next_totp(&hanako.uri)).done();
    // The phone was not known for long when the change was made, so it counts as new.
    let totp = hanako.file("totp", &issuer.next_totp(&hanako.uri));
    done(&hanako.run(&["log-in", "--password", "@new-pw", "--totp", &totp]));
}

#[test]
fn after_a_lost_phone_a_recovery_code_leads_to_a_new_factor() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    let new_phone = CliShopper::new();
    let code = new_phone.file("recovery", &hanako.recovery[0]);
    let log_in = ["log-in", HANAKO, "--issuer", &issuer.url(), "--password", "@pw"];
    let args = [&log_in[..], &["--device-name", "new phone", "--recovery-code", &code]].concat();
    let printed = new_phone.run(&args);
    assert!(done(&printed).contains("enrol a new one now with tegata wallet second-factor"));
    failed(
        &new_phone.run(&["second-factor", "--recovery-codes"]),
        1,
        "enrol a second factor first",
    );
    // The lost phone is forgotten, and needs the second factor from then on.
    let devices = new_phone.devices()["devices"].clone();
    let forgotten = devices.as_array().unwrap().iter().find(|d| d["this"] == json!(false)).unwrap();
    done(&new_phone.run(&["devices", "--forget", forgotten["device"].as_str().unwrap()]));
    failed(&hanako.run(&["devices"]), 1, "log in first: tegata wallet log-in");
    failed(&hanako.run(&["devices"]), 1, "the wallet is not logged in");
    failed(&hanako.run(&["log-in", "--password", "@pw"]), 1, "invalid credentials");
    assert_eq!(new_phone.devices()["devices"].as_array().unwrap().len(), 1);

    // The wallet makes the first value itself: its clock and the issuer's have to be the same.
    issuer.clock.set(0);
    failed(&new_phone.run(&["second-factor", "--json"]), 2, "--keep-here");
    new_phone.keeps_factor_here();
    assert!(done(&new_phone.run(&["list"])).contains("Tegata:hanako@example.org"));
    assert_eq!(new_phone.devices()["must_enrol"], json!(false));
    // Of two that were kept, the one that counts is left.
    new_phone.keeps_factor_here();
    let list = new_phone.run(&["list"]);
    assert_eq!(done(&list).matches("Tegata:hanako@example.org").count(), 1);

    // Frozen, and let go by a log-in with the factor just now.
    done(&new_phone.run(&["freeze"]));
    assert!(done(&new_phone.run(&["devices"])).contains("frozen: no payments"));
    done(&new_phone.run(&["freeze", "--lift"]));
    assert_eq!(new_phone.devices()["frozen"], json!(false));
}

#[test]
fn a_recovery_code_freezes_from_any_device_and_another_one_unfreezes() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    let other = CliShopper::new();
    let url = issuer.url();
    let freeze = |code: &str| {
        let code = other.file("recovery", code);
        let args = ["freeze", HANAKO, "--issuer", &url, "--by-factor", "--recovery-code", &code];
        other.run(&args)
    };
    failed(&freeze("0000-0000-0000-0000"), 1, "invalid credentials");
    assert!(done(&freeze(&hanako.recovery[0])).contains("needs another recovery code"));
    assert_eq!(hanako.devices()["frozen"], json!(true));
    let lift = hanako.with_factor(&issuer, &["freeze", "--lift"]);
    failed(&lift, 1, "give a recovery code as well");
    let used = hanako.file("used", &hanako.recovery[0]);
    let lift = hanako.with_factor(&issuer, &["freeze", "--lift", "--lift-code", &used]);
    failed(&lift, 1, "invalid credentials");
    let code = hanako.file("code", &hanako.recovery[1]);
    done(&hanako.with_factor(&issuer, &["freeze", "--lift", "--lift-code", &code]));
    assert_eq!(hanako.devices()["frozen"], json!(false));
}

#[test]
fn a_session_is_sent_to_its_issuer_only_and_never_in_clear() {
    let issuer = TestIssuer::with_sandbox();
    let other = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    let there = ["log-in", "--issuer", &other.url(), "--password", "@pw"];
    failed(&hanako.run(&there), 1, "tegata wallet devices --log-out first");
    let clear = ["log-in", HANAKO, "--issuer", "http://pay.example.org", "--password", "@pw"];
    failed(&CliShopper::new().run(&clear), 2, "https://");
    let literal = ["log-in", "--password", PASSWORD];
    failed(&hanako.run(&literal), 2, "a secret cannot be an argument: give --password @FILE");
    let nobody = CliShopper::new();
    failed(&nobody.run(&["log-in", "--password", "@pw"]), 2, "give the address");
    failed(&nobody.run(&["log-in", HANAKO, "--password", "@pw"]), 2, "give --issuer URL");

    drop(issuer);
    failed(&hanako.run(&["devices"]), 1, "cannot be reached");
    // The issuer cannot be reached: it is done on this device all the same.
    failed(
        &hanako.run(&["devices", "--log-out"]),
        1,
        "logged out here, but the issuer was not notified",
    );
    failed(&hanako.run(&["devices"]), 1, "not logged in");
}

#[test]
fn an_owner_takes_with_her_all_that_is_kept_of_her() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    done(&hanako.run(&["cards", "add", "pm_card_visa"]));
    issuer.clock.advance(1);
    let shop = till::EnrolledTill::new(&issuer, "till-1", "Tegata Ginza");
    let code = till::code_for(&hanako, &shop.card);
    assert_eq!(shop.scans("sale-1", code["code"].as_str().unwrap(), 1200), "approved");
    done(&hanako.run(&["freeze"]));
    done(&hanako.run(&["freeze", "--lift"]));
    // Later, so that it asks for a full log-in.
    issuer.clock.advance(600);
    let totp = hanako.file("totp", &issuer.next_totp(&hanako.uri));
    let args = ["my-data", "--to", "mine.json", "--password", "@pw", "--totp", &totp];
    failed(&hanako.run(&["my-data", "--password", "@pw"]), 2, "give --totp");
    assert!(done(&hanako.run(&args)).contains("mine.json: all data that"));
    failed(&hanako.run(&args), 1, "cannot write mine.json");
    let file = hanako.wallet.0.path().join("mine.json");
    let all: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(all["account"]["address"], HANAKO);
    assert_eq!(all["cards"][0]["last4"], "4242");
    let paid = all["payments"].as_array().unwrap();
    assert_eq!((paid.len(), &paid[0]["amount"], &all["decimals"]), (1, &json!(1200), &json!(0)));
    let events = all["events"].as_array().unwrap();
    let deeds = events.iter().rev().map(|event| event["deed"].as_str().unwrap());
    // What becomes of a payment comes when it comes.
    let deeds: Vec<_> = deeds.filter(|deed| !deed.starts_with("payment_")).collect();
    assert_eq!(deeds[..5], ["signed_up", "provisioned", "card_added", "frozen", "unfrozen"]);
    assert_eq!(*deeds.last().unwrap(), "exported");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn an_address_change_that_was_not_the_owners_is_reverted() {
    const NEW: &str = "hanako@example.com";
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    failed(&hanako.run(&["address", "hanako"]), 2, "address");
    // Ten minutes later it asks for a full log-in.
    issuer.clock.advance(600);
    let moves = ["address", NEW, "--password", "@pw", "--code", "-"];
    failed(&hanako.run(&moves), 2, "give --totp");
    let totp = hanako.file("totp", &issuer.next_totp(&hanako.uri));
    let mut running = hanako.begin(&[&moves[..], &["--totp", &totp]].concat());
    running.says("A code is on its way to hanako@example.com.");
    running.types("00000000");
    running.refused();
    assert_eq!(hanako.devices()["address"], HANAKO);

    // The log-in is fresh now. Mails are Japanese from here on.
    let mut running = hanako.begin(&["address", NEW, "--language", "ja", "--code", "-"]);
    running.says("A code is on its way to hanako@example.com.");
    running.types(&issuer.code_in_mail(NEW, 0, "確認コード"));
    let printed = running.done();
    assert!(printed.contains("hanako@example.org was notified"), "{printed}");
    let view = hanako.devices();
    assert_eq!((&view["address"], &view["language"]), (&json!(NEW), &json!("ja")));
    done(&hanako.with_factor(&issuer, &["log-in"]));

    // The owner did not do it.
    let code = hanako.file("code", &issuer.code_in_mail(HANAKO, 0, "email address was changed"));
    let totp = hanako.file("totp", &issuer.next_totp(&hanako.uri));
    let back = ["freeze", HANAKO, "--take-back", "--code", &code, "--totp", &totp];
    failed(&hanako.run(&back), 1, "this wallet is logged in as hanako@example.com");
    done(&hanako.run(&["devices", "--log-out"]));
    assert!(done(&hanako.run(&back)).contains("the changes were undone"));
    let totp = issuer.next_totp(&hanako.uri);
    hanako.resets(&issuer, 0, None, &totp).done();
}

#[test]
fn a_deletion_waits_seven_days_and_can_be_cancelled() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    failed(&hanako.run(&["keep"]), 1, "no such operation is pending");
    failed(&hanako.run(&["close"]), 2, "confirm with --yes");
    issuer.clock.advance(600);
    failed(&hanako.run(&["close", "--yes", "--password", "@pw"]), 2, "give --totp");
    let closed = hanako.with_factor(&issuer, &["close", "--yes", "--json"]);
    let closed: Value = serde_json::from_str(done(&closed)).unwrap();
    let in_seven_days = issuer.clock.now().seconds() + 7 * 24 * 60 * 60;
    let due = closed["closing"].as_u64().unwrap();
    assert!(in_seven_days.abs_diff(due) < 120, "{closed}");
    assert!(done(&hanako.run(&["devices"])).contains("to be deleted in"));
    let again = hanako.run(&["close", "--yes"]);
    assert!(done(&again).contains("until then, cancel with tegata wallet keep"));
    assert_eq!(hanako.devices()["closing"], due, "asked for twice, it is as if it was once");

    assert!(done(&hanako.run(&["keep"])).contains("deletion cancelled"));
    assert_eq!(hanako.devices().get("closing"), None);
    done(&hanako.run(&["devices", "--log-out"]));
    failed(&hanako.run(&["keep"]), 1, "tegata wallet log-in");
}

/// Reads a request to its end, and gives its body: a connection that is closed before is reset.
fn read_request(stream: &mut std::net::TcpStream) -> Vec<u8> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    body
}

#[test]
fn overlong_answers_and_redirects_are_refused() {
    let printed = |answer: &(dyn Fn(&[u8]) -> Vec<u8> + Sync)| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let person = CliShopper::new();
        std::thread::scope(|threads| {
            threads.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                let request = read_request(&mut stream);
                let _ = stream.write_all(&answer(&request));
                drop(stream);
                listener.set_nonblocking(true).unwrap();
                std::thread::sleep(Duration::from_millis(50));
                assert!(listener.accept().is_err(), "it was asked again");
            });
            person.run(&["log-in", HANAKO, "--issuer", &url, "--password", "@pw"])
        })
    };
    let with = |status: &str, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
            .into_bytes()
    };
    let here = with("302 Found\r\nlocation: /elsewhere", "");
    failed(&printed(&|_| here.clone()), 1, "cannot be read");
    failed(&printed(&|_| with("200 OK", "<html>")), 1, "cannot be read");
    let padding = " ".repeat(300_000);
    let logged_in = |request: &[u8]| {
        let answer = json!({"session": "AQ", "must_enrol": false});
        String::from_utf8(sealed_answer(request, &answer)).unwrap()
    };
    let long = |request: &[u8]| with("200 OK", &format!("{}{padding}", logged_in(request)));
    failed(&printed(&long), 1, "cannot be read");
    let short = |request: &[u8]| with("200 OK", &logged_in(request));
    assert!(done(&printed(&short)).contains("logged in"));
}

#[test]
fn each_command_says_how_it_is_used() {
    let commands = ["sign-up", "log-in", "second-factor", "reset", "devices", "my-data", "freeze"];
    for command in commands.into_iter().chain(["address", "close", "keep"]) {
        let output = tegata(std::path::Path::new("."), &["wallet", command, "--help"]);
        assert!(
            text(&output.stdout).contains(&format!("Example: tegata wallet {command}")),
            "{command}"
        );
    }
}
