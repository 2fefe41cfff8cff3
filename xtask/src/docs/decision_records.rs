//! Each decision record is listed in docs/adr/README.md, and no two have the same number.

use super::{markdown::Markdown, pages::Pages};

const FOLDER: &str = "docs/adr";
const INDEX: &str = "docs/adr/README.md";

pub(super) fn check(pages: &Pages) -> Vec<String> {
    let Some(index) = pages.get(INDEX) else {
        return vec![format!("{INDEX}: does not exist")];
    };
    let listed = Markdown::read(&index.text).links;
    let mut names: Vec<String> = pages
        .with_extension("md")
        .filter(|page| page.path.parent().is_some_and(|folder| folder.ends_with(FOLDER)))
        .filter(|page| page.path != index.path)
        .filter_map(|page| Some(page.path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    let mut findings = Vec::new();
    for name in &names {
        if !listed.contains(name) {
            findings.push(format!("{INDEX}: does not list {name}"));
        }
        if number(name).is_none() {
            findings.push(format!(
                "{FOLDER}/{name}: the name does not begin with four digits and a hyphen"
            ));
        }
    }
    for pair in names.windows(2) {
        if number(&pair[0]).is_some() && number(&pair[0]) == number(&pair[1]) {
            findings.push(format!("{FOLDER}/{}: has the number of {}", pair[1], pair[0]));
        }
    }
    findings
}

fn number(name: &str) -> Option<&str> {
    let (number, _) = name.split_once('-')?;
    (number.len() == 4 && number.bytes().all(|c| c.is_ascii_digit())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_record_passes() {
        let index = "| [1](0001-arrows.md) |\n";
        assert!(check(&Pages::of(&[(INDEX, index), ("docs/adr/0001-arrows.md", "")])).is_empty());
    }

    #[test]
    fn unlisted_misnamed_and_doubled_records_are_found() {
        assert_eq!(check(&Pages::of(&[])), ["docs/adr/README.md: does not exist"]);
        let index = "[1](0001-a.md) [x](x.md)";
        let files = [
            (INDEX, index),
            ("docs/adr/0001-a.md", ""),
            ("docs/adr/0001-b.md", ""),
            ("docs/adr/x.md", ""),
        ];
        let findings = check(&Pages::of(&files));
        assert_eq!(findings.len(), 3, "{findings:?}");
        assert!(findings[0].ends_with("does not list 0001-b.md"));
        assert!(findings[1].contains("x.md: the name"));
        assert!(findings[2].ends_with("has the number of 0001-a.md"));
    }
}
