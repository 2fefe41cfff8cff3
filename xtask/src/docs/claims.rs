//! What pages say about commands, files and tests is true.
//!
//! - `cargo xtask …` set as code, on any page, is a command that this xtask takes.
//! - In README's tables, a path set as code in the first column exists.
//! - In README's tables, each code in a column headed *gate* is such a command, a path that exists, or the name of a test
//!   function, so that a renamed test is noticed.

use std::path::Path;

use super::{
    markdown::Markdown,
    pages::{Page, Pages},
};

const COMMAND: &str = "cargo xtask ";

/// Finds claims that are not true; `is_known` tells whether `cargo xtask` takes these arguments.
pub(super) fn check(
    pages: &Pages,
    exists: impl Fn(&Path) -> bool,
    is_known: fn(&[&str]) -> bool,
) -> Vec<String> {
    let is_command = |code: &str| is_command(code, is_known);
    let mut findings = Vec::new();
    for page in pages.with_extension("md") {
        let codes = Markdown::read(&page.text).code;
        for code in codes.iter().filter(|code| code.starts_with(COMMAND) && !is_command(code)) {
            findings.push(format!("{}: `{code}` is not a command", page.path.display()));
        }
    }
    if let Some(readme) = pages.get("README.md") {
        findings.extend(check_tables(readme, pages, &exists, is_command));
    }
    findings
}

fn check_tables(
    readme: &Page,
    pages: &Pages,
    exists: impl Fn(&Path) -> bool,
    is_command: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut findings = Vec::new();
    for table in Markdown::read(&readme.text).tables {
        let gate = table.head.iter().position(|cell| cell.text.eq_ignore_ascii_case("gate"));
        for row in &table.rows {
            let paths = row.first().into_iter().flat_map(|cell| &cell.code);
            for path in paths.filter(|code| code.contains('/') && !exists(Path::new(code))) {
                findings.push(format!("README.md: {path} does not exist"));
            }
            let Some(cell) = gate.and_then(|column| row.get(column)) else { continue };
            if cell.code.is_empty() {
                findings.push(format!("README.md: no gate is named for {:?}", row[0].text));
            }
            let holds =
                |code: &str| is_command(code) || exists(Path::new(code)) || is_test(code, pages);
            for code in cell.code.iter().filter(|code| !holds(code)) {
                findings
                    .push(format!("README.md: the gate `{code}` is not a command, file or test"));
            }
        }
    }
    findings
}

/// Whether a text is a command that `cargo xtask` takes; what is in brackets or ends in dots is for the reader to fill in.
pub(super) fn is_command(text: &str, is_known: fn(&[&str]) -> bool) -> bool {
    let Some(arguments) = text.strip_prefix(COMMAND) else { return false };
    let is_given = |word: &&str| !word.starts_with(['[', '<', '…']);
    let words: Vec<&str> = arguments.split_whitespace().take_while(is_given).collect();
    words.contains(&"--help") || is_known(&words)
}

fn is_test(name: &str, pages: &Pages) -> bool {
    // In a path such as `vault::tests::a_sentence`, the last part is the name.
    let name = name.rsplit("::").next().unwrap_or(name);
    let defined = |extension, keyword| {
        let function = format!("{keyword} {name}(");
        pages.with_extension(extension).any(|page| page.text.contains(&function))
    };
    defined("rs", "fn") || defined("py", "def")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(readme: &str) -> Vec<String> {
        let pages = Pages::of(&[("README.md", readme), ("core/src/a.rs", "fn codes_match() {}")]);
        let exists = |path: &Path| path == "core/" || path == "testing/bench/budget.json";
        check(&pages, exists, |words| matches!(words, ["test" | "budget"] | ["bench", "qr"]))
    }

    #[test]
    fn true_claims_pass() {
        let text = "`cargo xtask test [PART…]`, `cargo xtask bench qr`\n\n| part | gate |\n|---|---|\n\
                    | `core/` | `cargo xtask budget`, `testing/bench/budget.json`, `code::tests::codes_match` |\n";
        assert_eq!(findings(text), Vec::<String>::new());
    }

    #[test]
    fn unknown_commands_are_found() {
        assert_eq!(
            findings("`cargo xtask fly`"),
            ["README.md: `cargo xtask fly` is not a command"]
        );
        assert_eq!(findings("`cargo xtask test cobol`").len(), 1);
    }

    #[test]
    fn missing_paths_and_gates_are_found() {
        let table = |first: &str, gate: &str| {
            findings(&format!("| part | Gate |\n|---|---|\n| {first} | {gate} |\n"))
        };
        assert_eq!(table("`issuer/`", "`codes_match`"), ["README.md: issuer/ does not exist"]);
        assert_eq!(
            table("fast", "`codes_differ`"),
            ["README.md: the gate `codes_differ` is not a command, file or test"]
        );
        assert_eq!(table("fast", "believe us"), ["README.md: no gate is named for \"fast\""]);
    }
}
