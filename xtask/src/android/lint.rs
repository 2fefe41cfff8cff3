//! Android Lint for manifest, resources and sources. Without an SDK it leaves out checks that need one, such as the API level
//! of a call.

use std::{fmt::Write as _, path::Path};

use anyhow::Context as _;
use xshell::Shell;

use crate::{java_tools::LINT, progress::step, workspace};

const SOURCES: &str = "android/tegata/src/main/kotlin";
const RESOURCES: &str = "android/tegata/src/main/res";

/// Checks the library in the build folder; any message of Lint's is an error.
pub(super) fn check(shell: &Shell, built: &Path) -> anyhow::Result<()> {
    step("running Android Lint");
    let temporary = shell.create_temp_dir()?;
    let file = temporary.path().join("project.xml");
    shell.write_file(&file, project(shell, built)?)?;
    // Otherwise it writes into the developer's home folder.
    let _home = shell.push_env("ANDROID_USER_HOME", temporary.path());
    let lint =
        LINT.command(shell)?.args(["--quiet", "--offline", "--exitcode", "-Werror", "--project"]);
    lint.arg(file).quiet().run().context("Android Lint reported a problem")
}

/// The description of the module that Gradle would otherwise give to Lint.
fn project(shell: &Shell, built: &Path) -> anyhow::Result<String> {
    let top = shell.current_dir();
    let manifest = built.join("tegata-android/manifest/AndroidManifest.xml");
    let mut all = format!(
        "<project><module name=\"tegata\" android=\"true\" library=\"true\" compile-sdk-version=\"35\">\n\
         <manifest file=\"{}\"/>\n<resource file=\"{}\"/>\n",
        manifest.display(),
        top.join(RESOURCES).display()
    );
    for file in workspace::tracked_files(shell)?.iter().filter(|file| file.starts_with(SOURCES)) {
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
