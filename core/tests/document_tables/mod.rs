//! Tables in a document that a test generates: the test fails if the document differs from what it found.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Set this variable to write the tables again.
const WRITE: &str = "TEGATA_WRITE_TABLES";
static WRITING: Mutex<()> = Mutex::new(());

/// Asserts that docs/threat-model.md has `table` between the markers of `name`.
pub(crate) fn assert_table(name: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/threat-model.md");
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let document = std::fs::read_to_string(&path).unwrap();
    let begin = format!("<!-- {name}: made by core/tests/tampering.rs -->\n");
    let end = format!("<!-- {name}: end -->");
    let (before, rest) = document.split_once(&begin).unwrap_or_else(|| panic!("no {begin}"));
    let (found, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        assert!(
            found == table,
            "docs/threat-model.md says of {name}:\n{found}\nand this was found:\n{table}\n\
             If it is right, write it with {WRITE}=1 cargo test -p tegata --test tampering"
        );
    }
}
