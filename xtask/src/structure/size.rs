//! Long files. Clippy checks the length of functions.

use super::file::File;
use crate::source::Finding;

/// The most lines of a file that is not long.
const LINES: usize = 400;
/// The most product files that may be long.
const ALLOWED: usize = 10;
/// The folders of the product, without its tests.
const PRODUCT: &[&str] =
    &["bindings/src/", "cli/src/", "core/src/", "issuer/src/", "policy/src/", "sandbox/src/"];

/// All long product files if there are too many.
pub(super) fn findings(files: &[File]) -> Vec<Finding> {
    let is_product =
        |file: &&File| PRODUCT.iter().any(|it| file.path.starts_with(it)) && !file.is_test;
    let mut long: Vec<&File> =
        files.iter().filter(is_product).filter(|file| file.lines > LINES).collect();
    if long.len() <= ALLOWED {
        return Vec::new();
    }
    long.sort_by_key(|file| std::cmp::Reverse(file.lines));
    let count = long.len();
    let finding = |file: &File| Finding {
        file: file.path.clone(),
        line: file.lines,
        what: format!("one of {count} product files over {LINES} lines; {ALLOWED} may be"),
    };
    long.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eleven_long_product_files_are_too_many() {
        let long = "\n".repeat(LINES + 1);
        let file = |path: &str, text: &str| File::parse(path, text);
        let mut files: Vec<File> =
            (0..ALLOWED).map(|n| file(&format!("core/src/a{n}.rs"), &long)).collect();
        files.push(file("core/src/short.rs", &"\n".repeat(LINES)));
        files.push(file("core/src/vault/tests.rs", &long));
        files.push(file("xtask/src/a.rs", &long));
        assert!(findings(&files).is_empty());
        files.push(file("policy/src/a.rs", &long));
        assert_eq!(findings(&files).len(), ALLOWED + 1);
    }
}
