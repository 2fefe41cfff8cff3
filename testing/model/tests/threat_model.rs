//! What docs/threat-model.md says of the accounts, found anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::sync::Mutex;

use tegata_model::{breach_of_2019, holds, left_out, table};

/// Set to write what was found into the document.
const WRITE: &str = "TEGATA_WRITE_TABLES";
static WRITING: Mutex<()> = Mutex::new(());

/// Holds `text` against what stands between the markers of `name`.
fn stands(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/threat-model.md");
    let _alone = WRITING.lock().unwrap();
    let document = std::fs::read_to_string(&path).unwrap();
    let begin = format!("<!-- {name}: made by testing/model/tests/threat_model.rs -->\n");
    let end = format!("<!-- {name}: end -->");
    let (before, rest) = document.split_once(&begin).unwrap_or_else(|| panic!("no {begin}"));
    let (found, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, format!("{before}{begin}{text}{end}{after}")).unwrap();
    } else {
        assert!(
            found == text,
            "docs/threat-model.md says of {name}:\n{found}\nand this was found:\n{text}\n\
             If it is right, write it with {WRITE}=1 cargo test --release -p tegata-model"
        );
    }
}

#[test]
fn with_all_controls_on_no_thief_spends_or_is_in_and_the_owner_does_what_owners_do() {
    let holds = holds(false, |_| ());
    assert!(holds.wrong.is_empty(), "{}", holds.wrong.join("\n"));
    let lines = holds.lines.join("\n- ");
    stands("runs of accounts", &format!("- {lines}\n\n{} states in all.\n", holds.states));
}

#[test]
fn what_is_left_out_of_the_model_is_named_with_its_reason() {
    stands("left out", &left_out());
}

#[test]
fn without_verified_address_and_second_factor_the_checker_finds_the_break_in_of_2019() {
    let run = breach_of_2019();
    assert!(run.contains("he spends"), "{run}");
    stands("2019", &run);
}

#[test]
fn each_control_switched_off_opens_something_or_is_covered_by_another() {
    stands("controls", &table());
}
