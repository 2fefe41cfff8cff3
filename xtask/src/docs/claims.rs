//! What our pages say about commands, files and proofs is so.
//!
//! - `cargo xtask …` set as code, on any page, is a command that this xtask takes.
//! - In README's tables, a path set as code in the first column is there.
//! - In README's tables, each code in a column headed *gate* is such a command, a path that is there, or the name of a
//!   test function: a claim whose proof was renamed away is found.

use std::path::Path;

use clap::Parser as _;

use super::{Page, Pages, markdown::Markdown};
use crate::Arguments;

const COMMAND: &str = "cargo xtask ";

pub(super) fn check(pages: &Pages, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for page in pages.with_extension("md") {
        let codes = Markdown::read(&page.text).code;
        for code in codes.iter().filter(|code| code.starts_with(COMMAND) && !is_command(code)) {
            findings.push(format!("{}: there is no command `{code}`", page.path.display()));
        }
    }
    if let Some(readme) = pages.get("README.md") {
        findings.extend(check_tables(readme, pages, &exists));
    }
    findings
}

fn check_tables(readme: &Page, pages: &Pages, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for table in Markdown::read(&readme.text).tables {
        let gate = table.head.iter().position(|cell| cell.text.eq_ignore_ascii_case("gate"));
        for row in &table.rows {
            let paths = row.first().into_iter().flat_map(|cell| &cell.code);
            for path in paths.filter(|code| code.contains('/') && !exists(Path::new(code))) {
                findings.push(format!("README.md: there is no {path}"));
            }
            let Some(cell) = gate.and_then(|column| row.get(column)) else { continue };
            if cell.code.is_empty() {
                findings.push(format!("README.md: no gate is named for {:?}", row[0].text));
            }
            let holds =
                |code: &str| is_command(code) || exists(Path::new(code)) || is_test(code, pages);
            for code in cell.code.iter().filter(|code| !holds(code)) {
                findings.push(format!("README.md: the gate `{code}` is no command, file or test"));
            }
        }
    }
    findings
}

/// Whether this xtask takes `command`; what stands in brackets or ends in dots is for the reader to fill in.
fn is_command(command: &str) -> bool {
    let words = command.split_whitespace().take_while(|word| !word.starts_with(['[', '<', '…']));
    let Some(arguments) = command.strip_prefix(COMMAND) else { return false };
    let asks_for_help = arguments.contains("--help");
    // The program's own name is two words, "cargo xtask"; the parser wants one.
    asks_for_help || Arguments::try_parse_from(words.skip(1)).is_ok()
}

fn is_test(name: &str, pages: &Pages) -> bool {
    // A path such as `vault::tests::a_sentence` ends in the name.
    let name = name.rsplit("::").next().unwrap_or(name);
    let defined = |extension, keyword| {
        let function = format!("{keyword} {name}(");
        pages.with_extension(extension).any(|page| page.text.contains(&function))
    };
    defined("rs", "fn") || defined("py", "def")
}

#[cfg(test)]
mod tests {
    use super::{super::pages, *};

    fn findings(readme: &str) -> Vec<String> {
        let pages = pages(&[("README.md", readme), ("core/src/a.rs", "fn codes_match() {}")]);
        check(&pages, |path| path == "core/" || path == "testing/bench/budget.json")
    }

    #[test]
    fn true_claims_pass() {
        let text = "`cargo xtask test [PART…]`, `cargo xtask bench qr`\n\n| part | gate |\n|---|---|\n\
                    | `core/` | `cargo xtask budget`, `testing/bench/budget.json`, `code::tests::codes_match` |\n";
        assert_eq!(findings(text), Vec::<String>::new());
    }

    #[test]
    fn a_command_that_is_not_taken_is_found() {
        assert_eq!(
            findings("`cargo xtask fly`"),
            ["README.md: there is no command `cargo xtask fly`"]
        );
        assert_eq!(findings("`cargo xtask test cobol`").len(), 1);
    }

    #[test]
    fn a_path_or_gate_that_is_not_there_is_found() {
        let table = |first: &str, gate: &str| {
            findings(&format!("| part | Gate |\n|---|---|\n| {first} | {gate} |\n"))
        };
        assert_eq!(table("`issuer/`", "`codes_match`"), ["README.md: there is no issuer/"]);
        assert_eq!(
            table("fast", "`codes_differ`"),
            ["README.md: the gate `codes_differ` is no command, file or test"]
        );
        assert_eq!(table("fast", "believe us"), ["README.md: no gate is named for \"fast\""]);
    }
}
