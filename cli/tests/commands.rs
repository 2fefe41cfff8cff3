//! The commands as a script calls them: standard output, standard error, exit codes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::command::{EXPORT, HELLO, SEED, Wallet, document, done, failed, here, tegata, text};

mod command;
mod issuer_process;

const CODE: &str = "010168606235459802301338";
const SCHEME: [&str; 4] = ["--prefix", "01016860", "--alias-period", "30"];

fn code(verb: &[&str], rest: &[&str]) -> Output {
    here(&[&["code"], verb, &SCHEME[..], rest].concat())
}

#[test]
fn derive_gives_24_digits_in_one_line() {
    let rest = ["--seed", SEED, "--at", "1562025600", "--slot", "8", "--till", "till-31337"];
    assert_eq!(done(&code(&["derive"], &rest)), format!("{CODE}\n"));
    let counter = 1_562_025_600 / 30 * 10 + 8;
    let with_json = code(&["--json", "derive"], &rest);
    assert_eq!(document(&with_json), json!({ "code": CODE, "counter": counter }));
}

#[test]
fn decode_gives_the_parts() {
    let output = here(&["code", "decode", CODE, "--prefix", "01016860"]);
    let parts = json!({ "prefix": "01016860", "alias": "6235459", "slot": 8, "otp": "02301338" });
    done(&output);
    assert_eq!(document(&output), parts);
}

#[test]
fn verify_says_accepted_or_why_not() {
    let verify = |digits: &str, seconds: &str, more: &[&str]| {
        let rest = [&["--seed", SEED, "--at", seconds], more].concat();
        let output = code(&["verify", digits], &rest);
        (output.status.code(), document(&output))
    };
    let till = ["--till", "till-31337"];
    let accepted = (Some(0), json!({ "result": "accepted", "counter": 520_675_208 }));
    let refused = |reason| (Some(1), json!({ "result": "refused", "reason": reason }));
    assert_eq!(verify(CODE, "1562025600", &till), accepted);
    assert_eq!(verify(CODE, "1562025570", &till), accepted);
    assert_eq!(verify(CODE, "1562025659", &till), accepted);
    assert_eq!(verify(CODE, "1562025660", &till), refused("not_valid"));
    assert_eq!(verify(CODE, "1562025600", &[]), refused("not_valid"));
    assert_eq!(verify(CODE, "1562025600", &["--till", "other"]), refused("not_valid"));
    assert_eq!(verify("junk", "1562025600", &till), refused("malformed"));
    assert_eq!(verify(&format!("2{}", &CODE[1..]), "1562025600", &till), refused("malformed"));
    for (after, verdict) in [("520675207", accepted), ("520675208", refused("used"))] {
        let more = [&till[..], &["--after", after]].concat();
        assert_eq!(verify(CODE, "1562025600", &more), verdict);
    }
}

#[test]
fn a_seed_comes_from_a_file_or_standard_input_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("seed.hex"), format!("{SEED}\n")).unwrap();
    let args = |seed| {
        let rest = ["--seed", seed, "--at", "1562025600", "--slot", "8", "--till", "till-31337"];
        [&["code", "derive"], &SCHEME[..], &rest].concat()
    };
    assert_eq!(done(&tegata(folder.path(), &args("@seed.hex"))), format!("{CODE}\n"));

    let mut child = Command::new(env!("CARGO_BIN_EXE_tegata"))
        .args(args("-"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(SEED.as_bytes()).unwrap();
    assert_eq!(text(&child.wait_with_output().unwrap().stdout), format!("{CODE}\n"));
}

#[test]
fn bad_input_gets_one_clear_error() {
    let derive = |change: (&str, &str)| {
        let mut args = vec![
            ("--seed", SEED),
            ("--prefix", "01016860"),
            ("--at", "1562025600"),
            ("--slot", "8"),
            ("--till", "till-31337"),
        ];
        args.retain(|(name, _)| *name != change.0);
        args.push(change);
        let args: Vec<&str> = args.iter().flat_map(|(name, value)| [*name, *value]).collect();
        here(&[&["code", "derive"][..], &args].concat())
    };
    let long = "1".repeat(100_000);
    for (name, value, says) in [
        ("--seed", "", "64 hexadecimal digits"),
        ("--seed", "zz", "64 hexadecimal digits"),
        ("--seed", &SEED[1..], "64 hexadecimal digits"),
        ("--seed", "@no-such-file", "cannot read the seed from no-such-file"),
        ("--seed", long.as_str(), "64 hexadecimal digits"),
        ("--prefix", "010", "4 to 8 digits"),
        ("--prefix", "010168601", "4 to 8 digits"),
        ("--prefix", "０１０１", "4 to 8 digits"),
        ("--at", "-1", "--at"),
        ("--at", "253402300800", "out of range"),
        ("--at", "18446744073709551615", "out of range"),
        ("--at", "18446744073709551616", "not a whole number"),
        ("--slot", "10", "0 to 4 (any till) or 5 to 9 (one till)"),
        ("--slot", "0", "slots 0 to 4 are for any till"),
        ("--till", "till 1", "1 to 32 of the characters"),
        ("--till", "", "1 to 32 of the characters"),
        ("--till", "レジ", "1 to 32 of the characters"),
        ("--alias-period", "45", "a multiple of 30"),
        ("--alias-period", "0", "a multiple of 30"),
    ] {
        failed(&derive((name, value)), 2, says);
    }
    for at in ["0", "2147483648", "8589934592", "253402300799"] {
        assert_eq!(done(&derive(("--at", at))).len(), 25);
    }
    for (digits, says) in [
        ("", "exactly 24 digits, not 0 bytes"),
        ("0101686062354598023013381", "exactly 24 digits, not 25 bytes"),
        ("０1016860623545980230133", "exactly 24 digits, not 25 bytes"),
        ("01016860623545980230133x", "the byte at position 23 is not one"),
        ("110168606235459802301338", "does not begin with 01016860"),
    ] {
        failed(&here(&["code", "decode", digits, "--prefix", "01016860"]), 1, says);
    }
    // An error never repeats a secret.
    let output = derive(("--seed", &SEED[1..]));
    assert!(!text(&output.stderr).contains(&SEED[1..20]));
}

#[test]
fn arguments_that_are_no_text_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let output = Command::new(env!("CARGO_BIN_EXE_tegata"))
        .args(["code", "decode", "--prefix", "0101"])
        .arg(std::ffi::OsStr::from_bytes(b"\xff\xfe"))
        .output()
        .unwrap();
    failed(&output, 2, "UTF-8");
}

#[test]
fn a_symbol_goes_to_a_file_or_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let symbol = |args: &[&str]| tegata(folder.path(), &[&["symbol", CODE], args].concat());
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();

    done(&symbol(&["--format", "qr", "--out", "qr.svg"]));
    assert!(text(&read("qr.svg")).starts_with("<svg"));
    done(&symbol(&["--format", "code128", "--out", "bars.png", "--module", "2"]));
    // 187 modules of two pixels, as the header of the PNG says (RFC 2083, 4.1.1).
    assert_eq!(read("bars.png")[16..20], 374u32.to_be_bytes());
    let qr = symbol(&["--format", "qr", "--out", "-"]);
    assert_eq!(done(&qr).lines().count(), 15);
    let lines = document(&symbol(&["--format", "code128", "--out", "-", "--json"]));
    assert_eq!(lines["lines"][0].as_str().unwrap().chars().count(), 94);

    failed(&symbol(&["--format", "qr", "--out", "qr.gif"]), 2, ".svg or .png");
    failed(&symbol(&["--format", "qr", "--module", "0", "--out", "a.png"]), 2, "1 to 64");
    failed(
        &symbol(&["--format", "code128", "--level", "H", "--out", "-"]),
        2,
        "--level applies only to QR codes",
    );
    failed(&symbol(&["--format", "qr", "--out", "none/qr.svg"]), 1, "cannot write none/qr.svg");
    let huge = "x".repeat(100_000);
    failed(&here(&["symbol", &huge, "--format", "qr", "--out", "-"]), 1, "cannot draw this");
    failed(&here(&["symbol", "", "--format", "qr", "--out", "-"]), 1, "cannot draw this");
    failed(&here(&["symbol", "あ", "--format", "code128", "--out", "-"]), 1, "cannot draw this");
}

#[test]
fn the_tour_goes_as_told() {
    let words = here(&["demo", "--script"]);
    let lines: Vec<&str> = done(&words).lines().collect();
    let break_in = lines.iter().skip_while(|line| !line.starts_with("The break-in of 2019"));
    assert!(
        break_in.clone().count() > 13 && break_in.clone().all(|line| line.chars().count() <= 80)
    );
    let steps: Vec<_> = lines.iter().filter(|line| line.starts_with(['✔', '✘'])).collect();
    assert!(steps.len() >= 24 && steps.iter().all(|line| line.starts_with('✔')), "{lines:?}");
    for step in
        ["Birth date, and the attacker's address", "Stolen mailbox", "The shopper's own reset"]
    {
        assert!(lines.iter().any(|line| line.contains(step)), "{step} is missing");
    }
    let printed = document(&here(&["demo", "--script", "--json"]));
    assert_eq!(printed["ok"], json!(true));
    assert_eq!(printed["steps"].as_array().unwrap().len(), steps.len());
    // Minutes pass in it by its own clock, which it moves the same way each time, however fast or busy the computer is.
    let moved = |printed: &serde_json::Value| printed["moved"].as_u64().unwrap();
    assert!(moved(&printed) >= 600, "{printed}");
    let again = document(&here(&["demo", "--script", "--json"]));
    assert_eq!(moved(&again), moved(&printed));
    // Without a terminal there is nothing to redraw: the demo is its tour.
    assert_eq!(text(&here(&[]).stdout), text(&words.stdout));
}

#[test]
fn an_otpauth_uri_gives_its_parts_and_its_code() {
    let parts = json!({
        "type": "totp", "issuer": "Example", "account": "alice@google.com",
        "algorithm": "SHA1", "digits": 6, "period": 30,
    });
    let decoded = here(&["otp", "decode", HELLO]);
    assert!(!done(&decoded).contains("JBSWY3DP"));
    assert_eq!(document(&decoded), json!([parts]));
    assert_eq!(document(&here(&["otp", "decode", EXPORT])), json!([parts]));
    let revealed = document(&here(&["otp", "decode", HELLO, "--reveal"]));
    assert_eq!(revealed[0]["secret"], "JBSWY3DPEHPK3PXP");
    let counted = here(&["otp", "decode", "otpauth://hotp/a?secret=MZXW6&counter=7"]);
    assert_eq!(document(&counted)[0]["counter"], 7);

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("uri"), format!("{HELLO}\n")).unwrap();
    for uri in [HELLO, "@uri", EXPORT] {
        let code = tegata(folder.path(), &["otp", "code", uri, "--at", "1257894000"]);
        assert_eq!(done(&code), "528064\n");
    }
    let code = here(&["otp", "code", HELLO, "--at", "1257894029", "--json"]);
    assert_eq!(document(&code), json!({ "code": "528064", "seconds_left": 1 }));

    for (uri, says) in [
        ("", "not an otpauth URI"),
        ("https://example.com/?secret=JBSWY3DPEHPK3PXP", "not an otpauth URI"),
        ("otpauth-migration://offline?data=JBSWY3DPEHPK3PXP", "is damaged"),
        ("otpauth://totp/a?secret=JBSWY3DPEHPK3PX1", "not Base32"),
        ("otpauth://hotp/a?secret=JBSWY3DPEHPK3PXP", "the parameter counter is missing"),
        ("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&digits=9", "6 to 8 is expected"),
    ] {
        let output = here(&["otp", "code", uri, "--at", "0"]);
        failed(&output, 1, says);
        assert!(!text(&output.stderr).contains("JBSWY3DP"));
        failed(&here(&["otp", "decode", uri]), 1, says);
    }
    failed(&here(&["otp", "code", "@none", "--at", "0"]), 2, "cannot read the URI from none");
}

#[test]
fn several_lines_of_standard_input_are_several_uris() {
    let decode = |input: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tegata"))
            .args(["otp", "decode", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A text that is too long is not read to its end.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    };
    let two = format!("\u{feff}{HELLO}\r\n\r\n{EXPORT}\n");
    let decoded = decode(&two);
    assert!(!done(&decoded).contains("JBSW"));
    assert_eq!(document(&decoded).as_array().unwrap().len(), 2);
    failed(&decode(&format!("{HELLO}\nhttps://x\n")), 1, "line 2: not an otpauth URI");
    failed(&decode(&format!("{HELLO}&issuer=x {HELLO}\n")), 1, "");
    let many = format!("{HELLO}\n").repeat(20_000);
    failed(&decode(&many), 2, "longer than 1024 KiB");
    // A second URI that ran into the label, and one as an argument of its own.
    let run_on = here(&["otp", "decode", &format!("otpauth://totp/a {HELLO}")]);
    assert!(!text(&run_on.stderr).contains("JBSW"));
    failed(&run_on, 1, "looks like a second URI");
    assert_eq!(document(&here(&["otp", "decode", HELLO, HELLO])).as_array().unwrap().len(), 2);
}

/// Examples that want an account, a person at the keyboard, a second phone, PostgreSQL, or a key that is kept elsewhere:
/// those of the wallet are done in cli/tests/account.rs and moving.rs, an operator's in cli/tests/operator.rs. Here, that
/// they are well formed.
const ELSEWHERE: &[&str] = &[
    "add payment",
    "cards",
    "sign-up",
    "wallet log-in",
    "second-factor",
    "wallet reset",
    "devices",
    "history",
    "my-data",
    "wallet address",
    "wallet close",
    "wallet keep",
    "move give",
    "move take",
    "freeze",
    "restore",
    "issuer void",
    "issuer refund",
    "issuer partitions",
];

/// Every command's help ends with an example, and every example works.
#[test]
fn the_examples_in_the_help_work() {
    let wallet = Wallet::new();
    let mut examples = Vec::new();
    collect_examples(&mut Vec::new(), &mut examples);
    assert!(examples.len() >= 18, "{examples:?}");
    // A wallet has to be made before it is used and is gone once it is destroyed.
    let turn = |line: &String| {
        let order = ["wallet init", "wallet add", "", "wallet pin", "wallet destroy"];
        order.iter().position(|part| !part.is_empty() && line.contains(part)).unwrap_or(2)
    };
    examples.sort_by_key(turn);
    let binary = Path::new(env!("CARGO_BIN_EXE_tegata")).parent().unwrap();
    let path = std::env::join_paths([binary, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    // Whose operator the examples make of us.
    let _issuer = issuer_process::serve(wallet.0.path(), &[]);
    for example in examples {
        let passphrase = if example.contains("tegata wallet") { " --passphrase @pass" } else { "" };
        let output = Command::new("sh")
            .args(["-c", &format!("{example}{passphrase}")])
            .current_dir(wallet.0.path())
            .env("PATH", &path)
            .env("USER", "kenji")
            .env_remove("SUDO_USER")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let error = text(&output.stderr);
        if ELSEWHERE.iter().any(|command| example.contains(command)) {
            let is_told = error.lines().any(|line| line.starts_with("tegata: "));
            assert!(is_told, "{example}: {error}");
        } else {
            assert!(output.status.success(), "{example}: {error}");
        }
        // What other examples show and pay with; the one of `add payment` asks an issuer for it.
        if example.contains("wallet init") {
            done(&wallet.run(&[
                "add",
                "payment",
                "--label",
                "IssuerFolder",
                "--prefix",
                "4960",
                "--seed",
                "@seed.hex",
            ]));
        }
    }
}

fn collect_examples(command: &mut Vec<String>, examples: &mut Vec<String>) {
    let args: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    let output = here(&args);
    let help = done(&output);
    // A long example is wrapped like all of the help.
    let (_, example) =
        help.rsplit_once("Example: ").unwrap_or_else(|| panic!("{args:?}: no example"));
    examples.push(example.split_whitespace().collect::<Vec<_>>().join(" "));
    let Some((_, commands)) = help.split_once("Commands:\n") else { return };
    for line in commands.lines().take_while(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix("  ").filter(|l| !l.starts_with(' ')) {
            let name = name.split_whitespace().next().unwrap();
            if name != "help" {
                command.push(name.to_owned());
                collect_examples(command, examples);
                command.pop();
            }
        }
    }
}
