//! Android Lint over manifest, resources and sources. It has no SDK here: what it looks up in one, as which Android has which
//! call, it leaves out.

use std::{fmt::Write as _, path::Path};

use anyhow::Context as _;
use xshell::Shell;

use crate::{
    java::LINT,
    tree::{self, step},
};

const SOURCES: &str = "android/tegata/src/main/kotlin";
const RESOURCES: &str = "android/tegata/src/main/res";

/// Looks at the library that was built into `built`; any word of Lint's is a no.
pub(super) fn check(shell: &Shell, built: &Path) -> anyhow::Result<()> {
    step("Android Lint over manifest, resources and sources");
    let room = shell.create_temp_dir()?;
    let project = room.path().join("project.xml");
    shell.write_file(&project, described(shell, built)?)?;
    // It keeps notes of its own, which would otherwise lie about in the person's home.
    let _notes = shell.push_env("ANDROID_USER_HOME", room.path());
    let lint =
        LINT.call(shell)?.args(["--quiet", "--offline", "--exitcode", "-Werror", "--project"]);
    lint.arg(project).quiet().run().context("Android Lint has found something")
}

/// What it looks at: a module, as it would otherwise hear of it from Gradle.
fn described(shell: &Shell, built: &Path) -> anyhow::Result<String> {
    let top = shell.current_dir();
    let manifest = built.join("tegata-android/manifest/AndroidManifest.xml");
    let mut all = format!(
        "<project><module name=\"tegata\" android=\"true\" library=\"true\" compile-sdk-version=\"35\">\n\
         <manifest file=\"{}\"/>\n<resource file=\"{}\"/>\n",
        manifest.display(),
        top.join(RESOURCES).display()
    );
    for file in tree::tracked_files(shell)?.iter().filter(|file| file.starts_with(SOURCES)) {
        writeln!(all, "<src file=\"{}\"/>", top.join(file).display())?;
    }
    for list in ["classpath", "android"] {
        let list = shell.read_file(built.join("tools").join(list))?;
        for part in std::env::split_paths(list.trim()) {
            writeln!(all, "<classpath jar=\"{}\"/>", part.display())?;
        }
    }
    Ok(all + "</module></project>\n")
}
