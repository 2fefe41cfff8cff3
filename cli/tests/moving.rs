//! `tegata wallet move`, with two wallets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;

use serde_json::json;

use crate::command::{Wallet, document, done, failed, text};

mod command;

const COUNTED: &str = "otpauth://hotp/Bank:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=0";

/// With a payment credential, a one-time password and a pass.
fn old_phone() -> Wallet {
    let wallet = Wallet::made();
    let payment = ["add", "payment", "--label", "Corner shop", "--prefix", "4960"];
    done(&wallet.run(&[&payment[..], &["--seed", "@seed.hex"]].concat()));
    done(&wallet.run(&["add", "otp", COUNTED]));
    let pass = ["add", "pass", "--title", "Library card", "--format", "code128"];
    done(&wallet.run(&[&pass[..], &["--message", "A0042"]].concat()));
    wallet
}

/// Begins a move, and leaves the request where the old phone finds it. Gives the number.
fn begun(new: &Wallet, old: &Wallet) -> String {
    let shown = document(&new.run(&["move", "begin", "--json"]));
    fs::write(old.0.path().join("request.txt"), shown["request"].as_str().unwrap()).unwrap();
    shown["number"].as_str().unwrap().to_owned()
}

fn copy_transfer(from: &Wallet, to: &Wallet) {
    fs::copy(from.0.path().join("moved.txt"), to.0.path().join("moved.txt")).unwrap();
}

const GIVE: [&str; 3] = ["move", "give", "@request.txt"];
const OUT: [&str; 2] = ["--out", "moved.txt"];

#[test]
fn a_new_phone_gets_all_but_payments_and_gets_it_once() {
    let old = old_phone();
    let new = Wallet::made();
    let words = new.run(&["move", "begin"]);
    let lines = done(&words);
    let number = begun(&new, &old);
    assert!(lines.ends_with(&format!("number  {number}\n")) && lines.contains('█'), "{lines}");
    let request = fs::read_to_string(old.0.path().join("request.txt")).unwrap();
    assert!(lines.contains(&request), "the same until it is answered");

    let give = [&GIVE[..], &["--number", &number], &OUT].concat();
    assert!(done(&old.run(&give)).starts_with("moved.txt: 2 encrypted"));
    failed(&old.run(&give), 1, "cannot write moved.txt");
    let sealed = fs::read_to_string(old.0.path().join("moved.txt")).unwrap();
    assert!(sealed.starts_with("tegata-moved:1:") && !sealed.contains("Bank"));
    copy_transfer(&old, &new);
    let taken = new.run(&["move", "take", "moved.txt"]);
    let taken = done(&taken);
    assert!(taken.contains("Bank:bob") && taken.contains("Library card"), "{taken}");
    assert!(!taken.contains("Corner shop"));
    let status = document(&new.run(&["status", "--json"]));
    let counts = ["payments", "otps", "passes"].map(|kind| status[kind].clone());
    assert_eq!(counts, [json!(0), json!(1), json!(1)]);
    // RFC 4226, appendix D.
    assert!(done(&new.run(&["show", "Bank"])).contains("755224"));
    let shown = [&old, &new].map(|it| it.run(&["show", "Library card"]).stdout);
    let drawn = shown.each_ref().map(|it| text(it).split_once('\n').unwrap().1);
    assert_eq!(drawn[0], drawn[1]);

    failed(&new.run(&["move", "take", "moved.txt"]), 1, "already imported");
    let status = document(&new.run(&["status", "--json"]));
    assert_eq!(status["otps"], json!(1));
}

#[test]
fn what_is_chosen_by_name_fits_into_a_qr_code() {
    let old = old_phone();
    let new = Wallet::made();
    let number = begun(&new, &old);
    let give = [&GIVE[..], &["Library card", "--number", &number, "--out", "-"]].concat();
    assert!(done(&old.run(&give)).contains('█'));
    let given = document(&old.run(&[&give[..], &["--json"]].concat()));
    assert_eq!(given["moved"], json!(1));
    fs::write(new.0.path().join("moved.txt"), given["text"].as_str().unwrap()).unwrap();
    let taken = document(&new.run(&["move", "take", "moved.txt", "--json"]));
    assert_eq!(taken["ids"].as_array().map(Vec::len), Some(1));

    let named = |name: &str| old.run(&[&GIVE[..], &[name, "--number", &number], &OUT].concat());
    failed(&named("Corner shop"), 1, "a payment credential cannot leave its wallet");
    failed(&named("nothing"), 1, "nothing here has the name nothing");
    assert!(!old.0.path().join("moved.txt").exists());
}

#[test]
fn a_move_asks_for_the_number_and_for_the_pin() {
    let old = old_phone();
    let new = Wallet::made();
    let attacker = Wallet::made();
    done(&old.run(&["pin", "--new", "@new-pin"]));
    fs::write(old.0.path().join("other-pin"), "915283\n").unwrap();
    let number = begun(&new, &old);
    let with = |number: &str, pin: &[&str]| {
        old.run(&[&GIVE[..], &["--number", number], &OUT, pin].concat())
    };
    failed(&old.run(&[&GIVE[..], &OUT].concat()), 2, "give --number");
    failed(&with("1234", &[]), 2, "twelve digits");
    failed(&with(&number, &[]), 2, "give --pin @FILE");
    failed(&with(&number, &["--pin", "@other-pin"]), 1, "wrong PIN, attempts left: 9");
    // Somebody's request lies in the place of the new phone's.
    begun(&attacker, &old);
    failed(&with(&number, &["--pin", "@new-pin"]), 1, "the confirmation number does not match");
    assert!(!old.0.path().join("moved.txt").exists());
    let number = begun(&new, &old);
    done(&with(&number, &["--pin", "@new-pin"]));
    copy_transfer(&old, &new);
    done(&new.run(&["move", "take", "moved.txt"]));
}

#[test]
fn a_wrong_file_changes_nothing() {
    let old = old_phone();
    let new = Wallet::made();
    let third = Wallet::made();
    failed(
        &old.run(&["move", "give", "tegata-move:1:AAAA", "--out", "x"]),
        1,
        "incomplete or mistyped",
    );
    failed(&old.run(&["move", "give", "hello", "--out", "x"]), 1, "not a transfer request");
    failed(&new.run(&["move", "take", "moved.txt"]), 2, "cannot read moved.txt");

    let number = begun(&third, &old);
    done(&old.run(&[&GIVE[..], &["--number", &number], &OUT].concat()));
    copy_transfer(&old, &new);
    let taken = |says: &str| {
        failed(&new.run(&["move", "take", "moved.txt"]), 1, says);
        assert_eq!(document(&new.run(&["list", "--json"])), json!([]), "{says}");
    };
    taken("no transfer request is pending");
    done(&new.run(&["move", "begin"]));
    taken("sealed for another phone");
    let given_up = begun(&new, &old);
    fs::remove_file(old.0.path().join("moved.txt")).unwrap();
    done(&old.run(&[&GIVE[..], &["--number", &given_up], &OUT].concat()));
    copy_transfer(&old, &new);
    done(&new.run(&["move", "begin", "--anew"]));
    taken("or for an abandoned request");

    let number = begun(&new, &old);
    fs::remove_file(old.0.path().join("moved.txt")).unwrap();
    done(&old.run(&[&GIVE[..], &["--number", &number], &OUT].concat()));
    let whole = fs::read_to_string(old.0.path().join("moved.txt")).unwrap();
    let put = |text: &str| fs::write(new.0.path().join("moved.txt"), text).unwrap();
    put(&whole[..whole.len() - 9]);
    taken("altered or incomplete");
    let middle = whole.len() / 2;
    let other = if whole[middle..].starts_with('A') { "B" } else { "A" };
    put(&[&whole[..middle], other, &whole[middle + 1..]].concat());
    taken("altered or incomplete");
    put(&format!("tegata-moved:1:{}", "A".repeat(900_000)));
    taken("too much for one transfer");
    put("tegata-moved:2:AAAA");
    taken("made by a newer version");
    put(&whole);
    done(&new.run(&["move", "take", "moved.txt"]));
}
