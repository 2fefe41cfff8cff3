//! `tegata wallet` as a script calls it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use serde_json::{Value, json};

use crate::command::{EXPORT, HELLO, SEED, Wallet, document, done, failed, here, tegata, text};

mod command;

#[test]
fn a_wallet_shows_the_codes_of_its_one_time_passwords() {
    let wallet = Wallet::made();
    failed(&wallet.run(&["add", "otp", "otpauth://totp/a"]), 1, "secret is missing");
    let counted = "otpauth://hotp/Bank:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=0";
    done(&wallet.run(&["add", "otp", HELLO]));
    done(&wallet.run(&["add", "otp", counted]));
    let all = wallet.run(&["list"]);
    let listed = done(&all);
    assert!(listed.contains("Example:alice@google.com") && listed.contains("Bank:bob"), "{listed}");
    assert_eq!(document(&wallet.run(&["status", "--json"]))["otps"], 2);

    // RFC 4226, appendix D: shown once each, by the issuer's name, the account's, or both.
    for (name, code) in [("Bank", "755224"), ("bob", "287082"), ("Bank:bob", "359152")] {
        assert!(done(&wallet.run(&["show", name])).contains(code));
    }
    // The device's clock decides which code it is: one of those around now.
    let shown = document(&wallet.run(&["show", "Example", "--json"]));
    let left = shown["seconds_left"].as_u64().unwrap();
    assert!((1..=30).contains(&left), "{shown}");
    let since = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let codes = [since, since - 30, since - 60].map(|at| {
        text(&here(&["otp", "code", HELLO, "--at", &at.to_string()]).stdout).trim_end().to_owned()
    });
    assert!(codes.iter().any(|code| shown["code"] == **code), "{shown} {codes:?}");
    let words = wallet.run(&["show", "Example"]);
    assert!(done(&words).trim_end().ends_with(" s left"));
    for output in [&words, &all, &wallet.run(&["list", "--json"])] {
        assert!(!text(&output.stdout).contains("JBSWY3DP"));
    }
    failed(&wallet.run(&["pay", "Bank"]), 1, "this is a one-time password");

    // Another authenticator's export, all of it or nothing.
    let (_, data) = EXPORT.split_once("data=").unwrap();
    let two = format!("{EXPORT}{data}");
    let stored = document(&wallet.run(&["add", "otp", &two, "--json"]));
    assert_eq!(stored["ids"].as_array().map(Vec::len), Some(2), "{stored}");
    assert_eq!(document(&wallet.run(&["status", "--json"]))["otps"], 4);
}

#[test]
fn a_wallet_from_its_making_to_its_end() {
    let wallet = Wallet::new();
    failed(
        &wallet.run(&["list"]),
        1,
        "there is no wallet here: create one with tegata wallet init",
    );
    done(&wallet.run(&["init"]));
    failed(&wallet.run(&["init"]), 1, "not overwritten");
    failed(&wallet.run(&["pay"]), 1, "there is no payment credential");

    let payment = ["add", "payment", "--label", "Corner shop", "--prefix", "4960"];
    done(&wallet.run(&[&payment[..], &["--seed", "@seed.hex"]].concat()));
    let pass = ["add", "pass", "--title", "Library card", "--format", "code128"];
    done(&wallet.run(&[&pass[..], &["--message", "A0042"]].concat()));
    let status = document(&wallet.run(&["status", "--json"]));
    assert_eq!((&status["records"], &status["payments"]), (&json!(2), &json!(1)));

    let all = wallet.run(&["list"]);
    assert!(done(&all).contains("Corner shop") && done(&all).contains("Library card"));
    let shown = wallet.run(&["show", "Library card"]);
    assert!(done(&shown).contains('▌'));
    failed(&wallet.run(&["show", "nothing"]), 1, "nothing here has the name nothing");
    failed(&wallet.run(&["pay", "Library card"]), 1, "this is a pass");

    // Two processes in a row never show the same code, and the issuer takes each.
    let codes: Vec<Value> = (0..2).map(|_| document(&wallet.run(&["pay", "--json"]))).collect();
    assert!(codes[0]["counter"].as_u64() < codes[1]["counter"].as_u64());
    for code in codes {
        let digits = code["code"].as_str().unwrap();
        let at = code["valid_from"].to_string();
        let rest = ["--seed", SEED, "--prefix", "4960", "--at", &at];
        done(&here(&[&["code", "verify", digits][..], &rest].concat()));
    }
    let printed = wallet.run(&["pay", "--till", "shibuya-01"]);
    assert_eq!(done(&printed).lines().count(), 7 + 1 + 15 + 1 + 1 + 2);
    assert!(text(&printed.stdout).ends_with("For the till shibuya-01 only\n"));

    let before = wallet.bytes();
    failed(&wallet.run_with("@wrong", &["list"]), 1, "the passphrase is wrong");
    failed(
        &wallet.run_with("@none", &["list"]),
        2,
        "cannot read the value of --passphrase from none",
    );
    failed(&tegata(wallet.0.path(), &["wallet", "list"]), 2, "give --passphrase");
    let literal = wallet.run_with("correct horse", &["list"]);
    failed(&literal, 2, "a secret cannot be an argument: give --passphrase @FILE");
    assert!(!text(&literal.stderr).contains("correct horse"));
    failed(&wallet.run(&["destroy"]), 2, "confirm with --yes");
    assert_eq!(wallet.bytes(), before);

    done(&wallet.run(&["destroy", "--yes"]));
    let left = std::fs::read_dir(wallet.0.path()).unwrap().count();
    assert_eq!(left, 4, "only the files that the test made");
}

#[test]
fn payments_ask_for_the_pin_and_ten_wrong_ones_block_it() {
    let wallet = Wallet::made();
    std::fs::write(wallet.0.path().join("other-pin"), "915283\n").unwrap();
    let payment = ["add", "payment", "--label", "Corner shop", "--prefix", "4960"];
    let payment = [&payment[..], &["--seed", "@seed.hex"]].concat();
    done(&wallet.run(&payment));
    done(&wallet.run(&["pin", "--new", "@new-pin"]));

    let with =
        |pin: &'static str, args: &[&'static str]| wallet.run(&[args, &["--pin", pin]].concat());
    failed(&wallet.run(&["pay"]), 2, "give --pin @FILE");
    failed(&with("739164", &["pay"]), 2, "a secret cannot be an argument");
    done(&with("@new-pin", &["pay"]));
    failed(&with("@other-pin", &["pay"]), 1, "wrong PIN, attempts left: 9");
    done(&with("@new-pin", &payment));
    done(&with("@new-pin", &["pin", "--new", "@other-pin"]));
    failed(&with("@new-pin", &["pay", "Corner shop"]), 1, "wrong PIN");
    let status = document(&wallet.run(&["status", "--json"]));
    assert_eq!(status["pin_tries_left"], json!(9));
    // Everything but paying goes on without it.
    assert!(done(&wallet.run(&["list"])).contains("Corner shop"));

    for _ in 0..8 {
        failed(&with("@new-pin", &["pay"]), 1, "wrong PIN");
    }
    failed(&with("@new-pin", &["pay"]), 1, "the PIN is blocked");
    failed(&with("@other-pin", &["pay"]), 1, "tegata wallet pin --lost");
    failed(&wallet.run(&["pin", "--lost"]), 2, "--yes");
    done(&wallet.run(&["pin", "--lost", "--yes"]));
    done(&wallet.run(&payment));
    done(&wallet.run(&["pay"]));

    done(&wallet.run(&["pin", "--new", "@new-pin"]));
    done(&with("@new-pin", &["pin", "--forget"]));
    done(&wallet.run(&["pay"]));
}

#[test]
fn an_older_copy_is_refused_until_adopted_without_payments() {
    let wallet = Wallet::made();
    let payment = ["add", "payment", "--label", "Corner shop", "--prefix", "4960"];
    done(&wallet.run(&[&payment[..], &["--seed", "@seed.hex"]].concat()));
    let uri = "otpauth://totp/Mail:ann?secret=JBSWY3DPEHPK3PXP";
    done(&wallet.run(&["add", "otp", uri]));
    let older = wallet.bytes();
    done(&wallet.run(&["pay"]));
    std::fs::write(wallet.0.path().join("tegata.vault"), &older).unwrap();
    failed(&wallet.run(&["pay"]), 1, "rolled back to an older copy");
    assert_eq!(wallet.bytes(), older);
    failed(&wallet.run(&["adopt"]), 2, "confirm with --yes");
    done(&wallet.run(&["adopt", "--yes"]));
    failed(&wallet.run(&["pay"]), 1, "there is no payment credential");
    let exported = wallet.run(&["export", "Mail"]);
    assert!(done(&exported).contains("JBSWY3DPEHPK3PXP"));
    std::fs::write(wallet.0.path().join("tegata.vault"), &older).unwrap();
    failed(&wallet.run(&["list"]), 1, "rolled back to an older copy");
}

#[test]
fn a_damaged_wallet_is_refused_and_left_as_it_is() {
    let wallet = Wallet::new();
    done(&wallet.run(&["init"]));
    let whole = wallet.bytes();
    let bytes = &whole[..whole.len() / 2];
    std::fs::write(wallet.0.path().join("tegata.vault"), bytes).unwrap();
    failed(&wallet.run(&["list"]), 1, "damaged or was altered");
    assert_eq!(wallet.bytes(), bytes);
    let key = wallet.0.path().join("tegata.vault.key");
    std::fs::write(&key, &std::fs::read(&key).unwrap()[..40]).unwrap();
    failed(&wallet.run(&["list"]), 1, "the keystore is damaged");
}

/// An export of Google Authenticator: one credential with SHA-1, one with MD5, one with SHA-1.
const EXPORT_WITH_MD5: &str =
    "otpauth-migration://offline?data=CgoKAQESA0I6YjACCg0KAQISAWMaAUQgBDACCgoKAQMSA0U6ZTAC";

#[test]
fn a_list_of_uris_is_stored_whole_or_not_at_all() {
    let wallet = Wallet::made();
    let mail = "otpauth://totp/Mail:ann?secret=JBSWY3DPEHPK3PXP";
    let bank = "otpauth://totp/Bank:bob?secret=JBSWY3DPEHPK3PXP";
    let list = |text: &str| std::fs::write(wallet.0.path().join("list"), text).unwrap();
    let otps = || document(&wallet.run(&["status", "--json"]))["otps"].clone();

    list(&format!("{mail}\n{bank}&digits=9\n{mail}\n"));
    let wrong = wallet.run(&["add", "otp", "@list"]);
    failed(&wrong, 1, "line 2: the number of digits");
    assert!(!text(&wrong.stderr).contains("JBSW"));
    assert_eq!(otps(), 0);
    let literal = format!("{mail}\n{bank}");
    failed(&wallet.run(&["add", "otp", &literal]), 1, "a line end");

    list(&format!("\u{feff}{mail}\r\n\r\n{bank}\r\n"));
    done(&wallet.run(&["add", "otp", "@list"]));
    assert_eq!(otps(), 2);

    // An entry that is not supported is named; the others are taken when that is what is wanted.
    list(EXPORT_WITH_MD5);
    failed(&wallet.run(&["add", "otp", "@list"]), 1, "line 1, entry 2 (D:c): the algorithm");
    assert_eq!(otps(), 2);
    let taken = wallet.run(&["add", "otp", "@list", "--skip-unsupported", "--json"]);
    assert!(text(&taken.stderr).contains("entry 2 (D:c)"), "{taken:?}");
    assert_eq!(document(&taken)["ids"].as_array().unwrap().len(), 2);
    assert_eq!(otps(), 4);
}

#[test]
fn a_second_import_is_told_and_one_can_be_removed() {
    let wallet = Wallet::made();
    let first = document(&wallet.run(&["add", "otp", HELLO, "--json"]))["id"].clone();
    let again = wallet.run(&["add", "otp", HELLO]);
    assert!(done(&again).contains("was here already"), "{again:?}");
    assert!(text(&again.stdout).contains(first.as_str().unwrap()));
    failed(&wallet.run(&["show", "Example"]), 1, "several items");
    failed(&wallet.run(&["remove", "Example", "--yes"]), 1, "several items");
    failed(&wallet.run(&["remove", first.as_str().unwrap()]), 2, "--yes");
    done(&wallet.run(&["remove", first.as_str().unwrap(), "--yes"]));
    assert!(done(&wallet.run(&["show", "Example"])).contains("s left"));
}

#[test]
fn a_name_from_outside_never_commands_the_terminal() {
    let wallet = Wallet::made();
    let pass = |title: &str| {
        wallet.run(&["add", "pass", "--title", title, "--format", "qr", "--message", "A"])
    };
    for c in ["\u{1b}[2J", "\n", "\u{202e}", "\u{2028}", "\u{9b}"] {
        failed(&pass(&format!("a{c}b")), 1, "expected one line of plain text");
        let shown = wallet.run(&["show", &format!("none{c}")]);
        let error = text(&shown.stderr).trim_end_matches('\n');
        assert!(error.chars().all(tegata::text::is_plain), "{error:?}");
    }
    // A wallet of an older version may hold such a title, and one that another app wrote.
    let (vault, key) =
        ["tegata.vault", "tegata.vault.key"].map(|it| wallet.0.path().join(it)).into();
    let random = std::sync::Arc::new(tegata::SystemRandom::new());
    let keystore =
        tegata::vault::SoftwareKeystore::open(&key, b"correct horse", random.clone()).unwrap();
    let keystore = std::sync::Arc::new(keystore);
    let clock = std::sync::Arc::new(tegata::SystemClock);
    let device = tegata::Device { keystore, anchor: None, clock, random };
    let mut older = tegata::vault::Vault::open(&vault, &device).unwrap();
    let title = "old\u{1b}[31m\n\u{202e}title".to_owned();
    let format = tegata::vault::PassFormat::Qr;
    let message = "A\u{7f}\u{202e}".to_owned();
    let alternate_text = Some("\u{1b}]0;x\u{7}".to_owned());
    older.add(&tegata::vault::Pass { title, format, message, alternate_text }).unwrap();
    older.close().unwrap();
    for args in
        [&["list"][..], &["list", "--json"], &["show", "old\\u{1b}[31m\\u{a}\\u{202e}title"]]
    {
        let shown = wallet.run(args);
        assert!(done(&shown).trim_end().chars().all(|c| c == '\n' || tegata::text::is_plain(c)));
    }
    let listed = document(&wallet.run(&["list", "--json"]));
    assert_eq!(listed[0]["title"], "old\u{1b}[31m\n\u{202e}title");
    assert_eq!(listed[0]["format"], "qr");
}
