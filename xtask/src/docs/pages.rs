//! The text files of the workspace, read once for all checks of the documents.

use std::path::{Path, PathBuf};

use xshell::Shell;

use crate::workspace;

/// A text file with its path relative to the root.
pub(super) struct Page {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// All text files that git knows.
pub(super) struct Pages(Vec<Page>);

impl Pages {
    /// Reads every file that is UTF-8.
    pub(super) fn read(shell: &Shell) -> anyhow::Result<Self> {
        let files = workspace::tracked_files(shell)?.into_iter();
        let page = |path: PathBuf| Some(Page { text: shell.read_file(&path).ok()?, path });
        Ok(Self(files.filter_map(page).collect()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Page> {
        self.0.iter()
    }

    pub(super) fn with_extension(&self, extension: &str) -> impl Iterator<Item = &Page> {
        self.0.iter().filter(move |page| page.path.extension().is_some_and(|its| its == extension))
    }

    pub(super) fn get(&self, path: impl AsRef<Path>) -> Option<&Page> {
        self.0.iter().find(|page| page.path == path.as_ref())
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let page = |&(path, text): &(&str, &str)| Page { path: path.into(), text: text.into() };
        Self(files.iter().map(page).collect())
    }
}
