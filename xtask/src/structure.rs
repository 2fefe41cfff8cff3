//! How the code is laid out: no circle between the modules of a crate, no use of a floor above, few long files.

mod circles;
mod floors;
mod modules;
mod outline;
mod size;

use crate::source::{Finding, Source};

/// A Rust file as far as its structure goes.
pub(crate) struct File {
    path: String,
    lines: usize,
    is_test: bool,
    outline: outline::Outline,
}

impl File {
    pub(crate) fn of(source: &Source) -> Self {
        Self {
            path: source.path.clone(),
            lines: source.lines,
            is_test: source.is_test(),
            outline: outline::Outline::of(&source.syntax.items),
        }
    }

    #[cfg(test)]
    fn parse(path: &str, text: &str) -> Self {
        Self::of(&Source::parse(path, text).unwrap())
    }
}

/// All findings, by check.
pub(crate) fn findings(files: &[File]) -> Vec<Finding> {
    let crates = modules::crates(files);
    let mut all: Vec<Finding> = crates.iter().flat_map(circles::findings).collect();
    all.extend(crates.iter().flat_map(floors::findings));
    all.extend(size::findings(files));
    all
}
