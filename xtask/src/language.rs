//! Rules of the project's language that a program can check: denied names, thin doc comments, tuple lets.

mod comments;
mod names;
mod tuples;

use crate::source::{Finding, Source, Text};

/// Extensions of languages other than Rust in which types and functions are defined.
pub(crate) const OTHERS: &[&str] = &["java", "kt", "py", "pyi", "swift"];

/// All findings in a Rust file.
pub(crate) fn of_rust(source: &Source) -> Vec<Finding> {
    [names::of_rust(source), comments::thin(source), tuples::lets(source)].concat()
}

/// All findings in a file of another language.
pub(crate) fn of_text(file: &Text) -> Vec<Finding> {
    names::of_text(&file.path, &file.text)
}
