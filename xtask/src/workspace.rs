//! Folders and files of the workspace, and the cache that tools are kept in between runs.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::progress::step;

/// A shell in the workspace's root, wherever the command was called.
pub(crate) fn shell() -> anyhow::Result<Shell> {
    let shell = Shell::new()?;
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    shell.change_dir(manifest.parent().context("xtask has no parent folder")?);
    Ok(shell)
}

/// Every file that git tracks or would add, and that exists, relative to the root.
pub(crate) fn tracked_files(shell: &Shell) -> anyhow::Result<Vec<PathBuf>> {
    let listed = cmd!(shell, "git ls-files --cached --others --exclude-standard -z")
        .quiet()
        .read()
        .context("cannot list the workspace's files: is this a git clone?")?;
    let files = listed.split_terminator('\0').map(PathBuf::from);
    Ok(files.filter(|file| shell.path_exists(file)).collect())
}

/// Cargo's target folder, which a developer may have moved.
pub(crate) fn target(shell: &Shell) -> anyhow::Result<PathBuf> {
    #[derive(serde::Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let metadata = cmd!(shell, "cargo metadata --format-version 1 --no-deps").quiet().read()?;
    Ok(serde_json::from_str::<Metadata>(&metadata)?.target_directory)
}

/// The folder for tools that are slow to build: shared by clones, and not removed by `cargo clean`.
pub(crate) fn cache(shell: &Shell) -> anyhow::Result<PathBuf> {
    let base = match (shell.var("XDG_CACHE_HOME"), shell.var("HOME")) {
        (Ok(cache), _) if !cache.is_empty() => PathBuf::from(cache),
        (_, Ok(home)) => PathBuf::from(home).join(".cache"),
        _ => anyhow::bail!("neither XDG_CACHE_HOME nor HOME is set: there is no folder for tools"),
    };
    Ok(base.join("tegata"))
}

/// A folder of the cache. If it does not exist, `build` fills it under another name, and it is renamed once it is complete,
/// so that an interrupted build is never taken for a finished one.
pub(crate) fn build_once(
    shell: &Shell,
    name: &str,
    what: &str,
    build: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let cache = cache(shell)?;
    let folder = cache.join(name);
    if !folder.exists() {
        step(&format!("{what} (once)"));
        shell.create_dir(&cache)?;
        let unfinished = cache.join(format!("{name}.{}", std::process::id()));
        build(&unfinished)?;
        std::fs::rename(&unfinished, &folder)
            .with_context(|| format!("cannot rename {}", unfinished.display()))?;
    }
    Ok(folder)
}

/// A name for a folder of the cache that depends on these texts alone. The hash may change with the compiler, which costs
/// another build and nothing else.
pub(crate) fn name_by_content(kind: &str, texts: &[String]) -> String {
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    format!("{kind}-{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_name_depends_on_each_text() {
        let name = |texts: &[&str]| {
            name_by_content("npm", &texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(name(&["a", "b"]), name(&["a", "b"]));
        assert_ne!(name(&["a", "b"]), name(&["a", "c"]));
        assert_ne!(name(&["a", "b"]), name(&["ab", ""]));
    }

    #[test]
    fn only_an_interrupted_build_is_repeated() {
        let shell = Shell::new().unwrap();
        let cache = shell.create_temp_dir().unwrap();
        shell.set_var("XDG_CACHE_HOME", cache.path());
        let build = |completes: bool| {
            build_once(&shell, "a-1.0", "building it", |folder| {
                std::fs::create_dir_all(folder)?;
                anyhow::ensure!(completes, "interrupted");
                Ok(())
            })
        };
        assert!(build(false).is_err());
        assert!(!cache.path().join("tegata/a-1.0").exists());
        assert_eq!(build(true).unwrap(), cache.path().join("tegata/a-1.0"));
        assert!(build(false).is_ok(), "it was built again");
    }
}
