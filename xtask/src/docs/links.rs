//! Links between our pages, and from them to files, lead somewhere.

use std::path::{Component, Path, PathBuf};

use super::{Page, Pages, markdown::Markdown};

pub(super) fn check(pages: &Pages, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for page in pages.with_extension("md") {
        for link in Markdown::read(&page.text).links {
            if let Some(problem) = problem_of(&link, page, pages, &exists) {
                findings.push(format!("{}: the link {link} {problem}", page.path.display()));
            }
        }
    }
    findings
}

fn problem_of(
    link: &str,
    page: &Page,
    pages: &Pages,
    exists: impl Fn(&Path) -> bool,
) -> Option<&'static str> {
    // A scheme: somewhere else, and whether that is there is not for a test to depend on.
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { page.path.clone() } else { beside(&page.path, file) };
    if !exists(&target) {
        return Some("leads nowhere");
    }
    let anchors = pages.get(&target).map(|target| Markdown::read(&target.text).anchors);
    let is_known = anchor.is_empty() || anchors?.iter().any(|known| known == anchor);
    (!is_known).then_some("names a heading that is not there")
}

/// The path of `file` as a page at `page` means it, without `.` and `..`.
fn beside(page: &Path, file: &str) -> PathBuf {
    let mut path = page.parent().map(Path::to_path_buf).unwrap_or_default();
    for component in Path::new(file).components() {
        match component {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            other => path.push(other),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{super::pages, *};

    fn findings(text: &str) -> Vec<String> {
        let pages = pages(&[("docs/a.md", text), ("README.md", "# Use\n"), ("docs/x.png", "")]);
        check(&pages, |path| pages.get(path).is_some() || path == "docs")
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let text = "# Top\n[](#top) [](../README.md#use) [](x.png) [](../docs/) [](https://example.org/none)";
        assert_eq!(findings(text), Vec::<String>::new());
    }

    #[test]
    fn a_missing_file_or_heading_is_found() {
        assert_eq!(findings("[](b.md)"), ["docs/a.md: the link b.md leads nowhere"]);
        assert_eq!(findings("[](../../README.md)"), Vec::<String>::new(), "a clone has no above");
        let heading = "docs/a.md: the link ../README.md#no names a heading that is not there";
        assert_eq!(findings("[](../README.md#no)"), [heading]);
        assert_eq!(findings("[](#no)").len(), 1);
    }
}
