//! A Rust file as far as its structure goes.

use super::outline::Outline;
use crate::source::Source;

/// Path, length and outline of a file.
pub(crate) struct File {
    pub(super) path: String,
    pub(super) lines: usize,
    pub(super) is_test: bool,
    pub(super) outline: Outline,
}

impl File {
    pub(crate) fn of(source: &Source) -> Self {
        Self {
            path: source.path.clone(),
            lines: source.lines,
            is_test: source.is_test(),
            outline: Outline::of(&source.syntax.items),
        }
    }

    #[cfg(test)]
    pub(super) fn parse(path: &str, text: &str) -> Self {
        Self::of(&Source::parse(path, text).unwrap())
    }
}
