//! Links from a page to another page, to its headings, or to a file lead to something that exists.

use std::path::{Component, Path, PathBuf};

use super::{
    markdown::Markdown,
    pages::{Page, Pages},
};

pub(super) fn check(pages: &Pages, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for page in pages.with_extension("md") {
        for link in Markdown::read(&page.text).links {
            if let Some(problem) = problem(&link, page, pages, &exists) {
                findings.push(format!("{}: the link {link} {problem}", page.path.display()));
            }
        }
    }
    findings
}

fn problem(
    link: &str,
    page: &Page,
    pages: &Pages,
    exists: impl Fn(&Path) -> bool,
) -> Option<&'static str> {
    // With a scheme it leads out of the workspace, which a test must not depend on.
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { page.path.clone() } else { resolve(&page.path, file) };
    if !exists(&target) {
        return Some("leads to no file");
    }
    let anchors = pages.get(&target).map(|target| Markdown::read(&target.text).anchors);
    let is_known = anchor.is_empty() || anchors?.iter().any(|known| known == anchor);
    (!is_known).then_some("leads to no heading")
}

/// The path of a link to `file` on the page at `page`, without `.` and `..`.
fn resolve(page: &Path, file: &str) -> PathBuf {
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
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let pages = Pages::of(&[("docs/a.md", text), ("README.md", "# Use\n"), ("docs/x.png", "")]);
        check(&pages, |path| pages.get(path).is_some() || path == "docs")
    }

    #[test]
    fn links_to_what_exists_pass() {
        let text = "# Top\n[](#top) [](../README.md#use) [](x.png) [](../docs/) [](https://example.org/none)";
        assert_eq!(findings(text), Vec::<String>::new());
    }

    #[test]
    fn missing_files_and_headings_are_found() {
        assert_eq!(findings("[](b.md)"), ["docs/a.md: the link b.md leads to no file"]);
        assert_eq!(findings("[](../../README.md)"), Vec::<String>::new(), "a clone has no parent");
        let heading = "docs/a.md: the link ../README.md#no leads to no heading";
        assert_eq!(findings("[](../README.md#no)"), [heading]);
        assert_eq!(findings("[](#no)").len(), 1);
    }
}
