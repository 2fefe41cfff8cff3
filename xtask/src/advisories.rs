//! Advisories about our crates, by cargo-deny and a `RustSec` database that is given: nothing is fetched.

use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::Context as _;
use xshell::{Cmd, Shell, TempDir, cmd};

use crate::{cargo_deny, progress::step};

/// The folder in which cargo-deny keeps the database of its default address.
const FOLDER: &str = "advisory-db-3157b0e258782691";
/// The number of the advisory that `prove` plants.
const PLANTED: &str = "RUSTSEC-2000-0001";
const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// Checks every crate that a build for any target or feature has against the database in `folder`: a clone of the advisory
/// database, or its unpacked archive.
pub(crate) fn check(shell: &Shell, folder: &Path) -> anyhow::Result<()> {
    let database = Database::copy(shell, folder)?;
    prove(shell)?;
    step("advisories");
    let age = database.modified.elapsed().unwrap_or_default().as_secs() / SECONDS_A_DAY;
    println!("{} advisories, the newest file {age} days old", database.files);
    database.command(shell)?.run().context("see above: an advisory, or an unreadable database")
}

/// Plants an advisory for a crate that we use and sees it found, and one for a crate that we do not and sees it ignored: that a check finds nothing says something only if it would have found something.
pub(crate) fn prove(shell: &Shell) -> anyhow::Result<()> {
    step("a planted advisory is found");
    anyhow::ensure!(finds(shell, "serde")?, "an advisory for serde was planted and not found");
    anyhow::ensure!(!finds(shell, "no-such-crate")?, "an advisory for no crate here was found");
    Ok(())
}

/// Whether an advisory against all versions of the crate is found.
fn finds(shell: &Shell, name: &str) -> anyhow::Result<bool> {
    let planted = shell.create_temp_dir()?;
    plant(planted.path(), name)?;
    let database = Database::copy(shell, planted.path())?;
    let output = database.command(shell)?.quiet().ignore_status().output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_found = text.contains(PLANTED);
    anyhow::ensure!(is_found != output.status.success(), "cargo-deny did not run: {text}");
    Ok(is_found)
}

/// Writes an advisory in the database's format, against all versions of the crate.
fn plant(database: &Path, name: &str) -> std::io::Result<()> {
    let folder = database.join("crates").join(name);
    fs::create_dir_all(&folder)?;
    let text = format!(
        "```toml\n[advisory]\nid = \"{PLANTED}\"\npackage = \"{name}\"\ndate = \"2000-01-01\"\n\n\
         [versions]\npatched = []\n```\n\n# Planted\n\nBy the check of advisories.\n"
    );
    fs::write(folder.join(format!("{PLANTED}.md")), text)
}

/// A copy of a database where cargo-deny looks for it; removed when dropped.
struct Database {
    folder: TempDir,
    /// Number of advisories.
    files: usize,
    /// When the newest file was written, by a fetch or by whoever made the archive.
    modified: SystemTime,
}

impl Database {
    fn copy(shell: &Shell, from: &Path) -> anyhow::Result<Self> {
        let crates = from.join("crates");
        anyhow::ensure!(
            crates.is_dir(),
            "{} is no RustSec database: it has no folder `crates`",
            from.display()
        );
        let folder = shell.create_temp_dir()?;
        let to = folder.path().join(FOLDER);
        let mut copy = Self { folder, files: 0, modified: SystemTime::UNIX_EPOCH };
        copy.copy_advisories(&crates, &to.join("crates"))?;
        if let Ok(fetched) = fs::metadata(from.join(".git").join("FETCH_HEAD")) {
            copy.modified = copy.modified.max(fetched.modified()?);
        }
        // Here cargo-deny reads when the database was fetched; it refuses one that is too old.
        fs::create_dir_all(to.join(".git"))?;
        File::create(to.join(".git").join("FETCH_HEAD"))?.set_modified(copy.modified)?;
        let rules = fs::read_to_string(shell.current_dir().join("deny.toml"))?;
        fs::write(copy.configuration(), configuration(&rules, copy.folder.path())?)?;
        Ok(copy)
    }

    fn copy_advisories(&mut self, from: &Path, to: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let to = to.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.copy_advisories(&entry.path(), &to)?;
            } else if to.extension() == Some(OsStr::new("md")) {
                fs::copy(entry.path(), to)?;
                self.files += 1;
                self.modified = self.modified.max(entry.metadata()?.modified()?);
            }
        }
        Ok(())
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("deny.toml")
    }

    /// The check, without network: what is missing of the crates' manifests has to be fetched before.
    fn command<'a>(&self, shell: &'a Shell) -> anyhow::Result<Cmd<'a>> {
        let program = cargo_deny::install(shell)?;
        cmd!(shell, "cargo fetch --locked --quiet").quiet().run()?;
        let configuration = self.configuration();
        let command = cmd!(shell, "{program} --workspace --frozen --config {configuration}");
        Ok(command.args(["check", "--hide-inclusion-graph", "advisories"]))
    }
}

/// What `deny.toml` says of advisories, for a database in this folder and for all targets and features.
fn configuration(rules: &str, databases: &Path) -> anyhow::Result<String> {
    let section = rules.split_once("\n[advisories]\n").context("deny.toml has no [advisories]")?.1;
    let section = section.split("\n[").next().unwrap_or(section);
    let path = databases.to_str().context("the path of the temporary folder is no text")?;
    // Whether a version was yanked is known to the registry alone.
    Ok(format!(
        "[graph]\nall-features = true\n\n\
         [advisories]\ndb-path = {path:?}\ndisable-yank-checking = true\n{section}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_those_of_deny_toml_for_all_targets() {
        let rules =
            "[graph]\ntargets = [\"x\"]\n\n[advisories]\nunsound = \"all\"\n\n[bans]\na = 1\n";
        let expected = "[graph]\nall-features = true\n\n[advisories]\ndb-path = \"a/b\"\n\
                        disable-yank-checking = true\nunsound = \"all\"\n\n";
        assert_eq!(configuration(rules, Path::new("a/b")).unwrap(), expected);
        assert!(configuration("[bans]\n", Path::new("a")).is_err());
    }

    #[test]
    fn a_database_is_copied_with_the_time_of_its_newest_file() {
        let shell = crate::workspace::shell().unwrap();
        let given = shell.create_temp_dir().unwrap();
        let error = Database::copy(&shell, given.path()).err().unwrap().to_string();
        assert!(error.contains("no RustSec database"), "{error}");

        plant(given.path(), "serde").unwrap();
        plant(given.path(), "time").unwrap();
        let copy = Database::copy(&shell, given.path()).unwrap();
        let file = |name: &str| format!("crates/{name}/{PLANTED}.md");
        let newest = fs::metadata(given.path().join(file("time"))).unwrap().modified().unwrap();
        assert_eq!((copy.files, copy.modified), (2, newest));
        assert!(copy.folder.path().join(FOLDER).join(file("serde")).exists());
    }
}
