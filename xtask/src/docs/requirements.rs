//! The tables of docs/security-requirements.md that begin with a column *requirement*: each has one of three states, and
//! what is met is proved.
//!
//! - *met*: names at least one proof, each a test as `FILE::NAME`, a page, or a command that this xtask takes.
//! - *not met* and *not ours*: say why.
//! - No requirement is listed twice.
//!
//! A renamed test, or one that moved to another file, is noticed.

use std::{collections::BTreeSet, path::Path};

use super::{
    markdown::{Cell, Markdown, Table},
    pages::Pages,
};

/// The page that is held to these rules.
const PAGE: &str = "docs/security-requirements.md";

/// Finds rows that break the rules; `is_command` tells whether a text is a command that this xtask takes.
pub(super) fn check(pages: &Pages, is_command: impl Fn(&str) -> bool) -> Vec<String> {
    let Some(page) = pages.get(PAGE) else { return Vec::new() };
    let holds = |proof: &str| is_command(proof) || is_page(proof, pages) || is_test(proof, pages);
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for Table { head, rows } in Markdown::read(&page.text).tables {
        let column = |name: &str| head.iter().position(|cell| cell.text == name);
        if column("requirement") != Some(0) {
            continue;
        }
        let Some(state) = column("state") else {
            findings.push(format!("{PAGE}: a table of requirements has no column `state`"));
            continue;
        };
        for row in &rows {
            let requirement = &row[0].text;
            if !seen.insert(requirement.clone()) {
                findings.push(format!("{PAGE}: {requirement} is listed twice"));
            }
            let reason = column("how, or why not").and_then(|at| row.get(at));
            let proofs = column("proof").and_then(|at| row.get(at));
            let problems = problems(&row[state].text, reason, proofs, holds);
            findings
                .extend(problems.into_iter().map(|what| format!("{PAGE}: {requirement}: {what}")));
        }
    }
    findings
}

fn problems(
    state: &str,
    reason: Option<&Cell>,
    proofs: Option<&Cell>,
    holds: impl Fn(&str) -> bool,
) -> Vec<String> {
    let proofs = proofs.map(|cell| cell.code.as_slice()).unwrap_or_default();
    let unknown = proofs.iter().filter(|proof| !holds(proof));
    let mut problems: Vec<String> =
        unknown.map(|proof| format!("`{proof}` is no test, page or command")).collect();
    match state {
        "met" if proofs.is_empty() => problems.push("it is met by what?".to_owned()),
        "not met" | "not ours" if reason.is_none_or(|cell| cell.text.trim().is_empty()) => {
            problems.push("it does not say why".to_owned());
        }
        "met" | "not met" | "not ours" => {}
        other => problems.push(format!("the state {other:?} is unknown")),
    }
    problems
}

fn is_page(proof: &str, pages: &Pages) -> bool {
    Path::new(proof).extension().is_some_and(|its| its == "md") && pages.get(proof).is_some()
}

/// Whether the text is a file and, after two colons, the name of a function that it defines.
fn is_test(proof: &str, pages: &Pages) -> bool {
    let Some((file, name)) = proof.split_once("::") else { return false };
    let Some(page) = pages.get(file) else { return false };
    let definition = match Path::new(file).extension().and_then(|its| its.to_str()) {
        Some("rs") => format!("fn {name}("),
        Some("py") => format!("def {name}("),
        Some("kt") => format!("fun `{name}`("),
        Some("swift") => format!("func {name}("),
        Some("mjs" | "js") => format!("test(\"{name}\""),
        _ => return false,
    };
    page.text.contains(&definition)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "| requirement | state | how, or why not | proof |\n|---|---|---|---|\n";

    fn findings(rows: &str) -> Vec<String> {
        let text = format!("{HEAD}{rows}");
        let pages = Pages::of(&[
            (PAGE, &text),
            ("docs/issuer.md", ""),
            ("issuer/tests/a.rs", "async fn a_sentence(store: Store) {}"),
            ("android/ATest.kt", "fun `a sentence`() {}"),
        ]);
        let findings = check(&pages, |text| text == "cargo xtask model");
        let prefix = format!("{PAGE}: ");
        findings.into_iter().map(|finding| finding.replace(&prefix, "")).collect()
    }

    #[test]
    fn what_is_met_and_proved_passes() {
        let rows = "| V1.1.1 | met | | `issuer/tests/a.rs::a_sentence`, `android/ATest.kt::a sentence` |\n\
                    | V1.1.2 | met | | `docs/issuer.md`, `cargo xtask model` |\n\
                    | V1.1.3 | not met | too late | |\n| V1.1.4 | not ours | no browser | |\n";
        assert_eq!(findings(rows), Vec::<String>::new());
    }

    #[test]
    fn a_wrong_name_or_file_of_a_test_is_found() {
        let row = |proof: &str| findings(&format!("| V1 | met | | `{proof}` |\n"));
        for proof in [
            "issuer/tests/a.rs::another_sentence",
            "issuer/tests/b.rs::a_sentence",
            "a_sentence",
            "docs/other.md",
            "issuer/tests/a.rs",
        ] {
            assert_eq!(row(proof), [format!("V1: `{proof}` is no test, page or command")]);
        }
    }

    #[test]
    fn states_without_a_proof_or_a_reason_are_found() {
        assert_eq!(findings("| V1 | met | surely | |\n"), ["V1: it is met by what?"]);
        assert_eq!(findings("| V1 | not met | | |\n"), ["V1: it does not say why"]);
        assert_eq!(findings("| V1 | partly | x | |\n"), ["V1: the state \"partly\" is unknown"]);
        let twice = "| V1 | not ours | x | |\n| V1 | not ours | x | |\n";
        assert_eq!(findings(twice), ["V1 is listed twice"]);
    }
}
