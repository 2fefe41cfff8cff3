//! The tree we work on: where it is, which files are tracked, where tools are kept between runs.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use xshell::{Shell, cmd};

/// A shell that stands at the top of the tree, wherever the command was given.
pub(crate) fn shell() -> anyhow::Result<Shell> {
    let shell = Shell::new()?;
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    shell.change_dir(manifest.parent().context("xtask lies at the top of the file system")?);
    Ok(shell)
}

/// Every file git knows and that is still there, relative to the top.
pub(crate) fn tracked_files(shell: &Shell) -> anyhow::Result<Vec<PathBuf>> {
    let listed = cmd!(shell, "git ls-files --cached --others --exclude-standard -z")
        .quiet()
        .read()
        .context("cannot list the files of the tree: is this a git clone?")?;
    let files = listed.split_terminator('\0').map(PathBuf::from);
    Ok(files.filter(|file| shell.path_exists(file)).collect())
}

/// Where cargo builds: a person may have moved it.
pub(crate) fn target(shell: &Shell) -> anyhow::Result<PathBuf> {
    #[derive(serde::Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let metadata = cmd!(shell, "cargo metadata --format-version 1 --no-deps").quiet().read()?;
    Ok(serde_json::from_str::<Metadata>(&metadata)?.target_directory)
}

/// Where tools live that are slow to build and belong to no one tree: survives `cargo clean`, shared by clones.
pub(crate) fn cache(shell: &Shell) -> anyhow::Result<PathBuf> {
    let base = match (shell.var("XDG_CACHE_HOME"), shell.var("HOME")) {
        (Ok(cache), _) if !cache.is_empty() => PathBuf::from(cache),
        (_, Ok(home)) => PathBuf::from(home).join(".cache"),
        _ => anyhow::bail!("neither XDG_CACHE_HOME nor HOME is set: nowhere to keep tools"),
    };
    Ok(base.join("tegata"))
}

/// A folder of the cache that takes long to make; `make` is given where, and does it if it is not there yet. That is under
/// another name until it is whole, so that an interrupted set-up is never taken for a finished one.
pub(crate) fn made_once(
    shell: &Shell,
    name: &str,
    what: &str,
    make: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let cache = cache(shell)?;
    let folder = cache.join(name);
    if !folder.exists() {
        step(&format!("{what} (once)"));
        shell.create_dir(&cache)?;
        let unfinished = cache.join(format!("{name}.{}", std::process::id()));
        make(&unfinished)?;
        std::fs::rename(&unfinished, &folder)
            .with_context(|| format!("cannot rename {}", unfinished.display()))?;
    }
    Ok(folder)
}

/// A name for a folder of the cache that is of these texts alone. A hash that changes with the compiler only costs a
/// set-up.
pub(crate) fn named_by(kind: &str, texts: &[String]) -> String {
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    format!("{kind}-{:016x}", hasher.finish())
}

/// Says on stderr what happens next, so that stdout stays free for results.
pub(crate) fn step(what: &str) {
    eprintln!("==> {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_found_again_and_only_for_the_same_texts() {
        let name = |texts: &[&str]| {
            named_by("npm", &texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(name(&["a", "b"]), name(&["a", "b"]));
        assert_ne!(name(&["a", "b"]), name(&["a", "c"]));
        assert_ne!(name(&["a", "b"]), name(&["ab", ""]));
    }

    #[test]
    fn what_was_made_whole_is_made_once_and_what_was_broken_off_again() {
        let shell = Shell::new().unwrap();
        let cache = shell.create_temp_dir().unwrap();
        shell.set_var("XDG_CACHE_HOME", cache.path());
        let made = |whole: bool| {
            made_once(&shell, "a-1.0", "making it", |folder| {
                std::fs::create_dir_all(folder)?;
                anyhow::ensure!(whole, "broken off");
                Ok(())
            })
        };
        assert!(made(false).is_err());
        assert!(!cache.path().join("tegata/a-1.0").exists());
        assert_eq!(made(true).unwrap(), cache.path().join("tegata/a-1.0"));
        assert!(made(false).is_ok(), "not made again");
    }
}
