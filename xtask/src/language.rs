//! What of the project's language a program can check: names that are denied, doc comments that say nothing, tuples that
//! only save a line.

mod comments;
mod names;
mod tuples;

use crate::source::{Finding, Source, Text};

/// Extensions of languages other than Rust in which types and functions are defined.
pub(crate) const OTHERS: &[&str] = &["java", "kt", "py", "pyi", "swift"];

/// What is found in a Rust file.
pub(crate) fn of_rust(source: &Source) -> Vec<Finding> {
    [names::of_rust(source), comments::thin(source), tuples::lets(source)].concat()
}

/// What is found in a file of another language.
pub(crate) fn of_text(file: &Text) -> Vec<Finding> {
    names::of_text(&file.path, &file.text)
}
