//! The layout of the code: no circle between the modules of a crate, no use of a floor above, few long files.

mod circles;
mod file;
mod floors;
mod modules;
mod outline;
mod size;

use crate::source::Finding;

pub(crate) use self::file::File;

/// All findings, by check.
pub(crate) fn findings(files: &[File]) -> Vec<Finding> {
    let crates = modules::crates(files);
    let mut all: Vec<Finding> = crates.iter().flat_map(circles::findings).collect();
    all.extend(crates.iter().flat_map(floors::findings));
    all.extend(size::findings(files));
    all
}
