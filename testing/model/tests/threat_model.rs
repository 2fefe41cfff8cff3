//! Regenerates what docs/threat-model.md says about accounts, and compares it with the document.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::sync::Mutex;

use tegata_model::{breach_of_2019, control_table, exclusions, owner_table, verify_controls};

/// The variable that, if set, writes the generated text into the document.
const WRITE: &str = "TEGATA_WRITE_TABLES";
static WRITING: Mutex<()> = Mutex::new(());

/// Compares `text` with the document between the markers of `name`, or writes it there.
fn compare_block(name: &str, text: &str) {
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
            "docs/threat-model.md says about {name}:\n{found}\nbut the model generates:\n{text}\n\
             If that is right, write it with {WRITE}=1 cargo test --release -p tegata-model"
        );
    }
}

#[test]
fn with_all_controls_on_no_attacker_reaches_a_goal() {
    let report = verify_controls(false, |_| ());
    assert!(report.failures.is_empty(), "{}", report.failures.join("\n"));
    let lines = report.lines.join("\n- ");
    compare_block("runs of accounts", &format!("- {lines}\n\n{} states in all.\n", report.states));
}

#[test]
fn exclusions_are_listed_with_their_reasons() {
    compare_block("left out", &exclusions());
}

#[test]
fn the_checker_finds_the_break_in_of_2019() {
    let run = breach_of_2019();
    assert!(run.contains("the attacker can spend"), "{run}");
    compare_block("2019", &run);
}

#[test]
fn each_control_is_needed_or_covered_by_another() {
    compare_block("controls", &control_table());
}

#[test]
fn each_control_that_keeps_the_owner_in_is_needed() {
    let table = owner_table();
    assert!(!table.contains("| nobody |"), "{table}");
    compare_block("controls for the owner", &table);
}
