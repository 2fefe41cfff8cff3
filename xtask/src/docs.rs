//! The papers of this tree are held to the same standard as its code.

mod claims;
mod decisions;
mod leaks;
mod links;
mod markdown;

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::{bindings::WITH_ACCOUNT, tree};

/// One file as the checks see it: where it lies, relative to the top, and what it says.
struct Page {
    path: PathBuf,
    text: String,
}

/// The text files of the tree, read once.
struct Pages(Vec<Page>);

impl Pages {
    /// What is not UTF-8 is no text.
    fn read(shell: &Shell) -> anyhow::Result<Self> {
        let files = tree::tracked_files(shell)?.into_iter();
        Ok(Self(
            files
                .filter_map(|path| Some(Page { text: shell.read_file(&path).ok()?, path }))
                .collect(),
        ))
    }

    fn with_extension(&self, extension: &str) -> impl Iterator<Item = &Page> {
        self.0.iter().filter(move |page| page.path.extension().is_some_and(|its| its == extension))
    }

    fn get(&self, path: impl AsRef<Path>) -> Option<&Page> {
        self.0.iter().find(|page| page.path == path.as_ref())
    }
}

/// All findings are told at once; each is `file: what is wrong`.
pub(crate) fn check(shell: &Shell) -> anyhow::Result<()> {
    let pages = Pages::read(shell)?;
    let exists = |path: &Path| shell.path_exists(path);
    let mut findings = links::check(&pages, exists);
    findings.extend(decisions::check(&pages));
    findings.extend(leaks::check(&pages));
    findings.extend(claims::check(&pages, exists));
    for finding in &findings {
        eprintln!("{finding}");
    }
    anyhow::ensure!(findings.is_empty(), "{} findings in the papers", findings.len());

    let _strict = shell.push_env("RUSTDOCFLAGS", "-D warnings");
    // bench has no reader of its documentation, and leaving it out spares us its peers.
    let doc = cmd!(shell, "cargo doc --workspace --no-deps --exclude tegata-bench --features");
    Ok(doc.arg(WITH_ACCOUNT).run()?)
}

#[cfg(test)]
fn pages(files: &[(&str, &str)]) -> Pages {
    let page = |&(path, text): &(&str, &str)| Page { path: path.into(), text: text.into() };
    Pages(files.iter().map(page).collect())
}
