//! The Android library: its tests under Robolectric with the real core, lints, its AAR, and the library shrunk by R8.

pub(crate) mod aar;
mod lint;
mod quickstart;
mod shrink;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Cmd, Shell, cmd};

use crate::{
    bindings::{self, Build},
    kotlin_lint,
    progress::step,
    setup::{AAPT, CMAKE, CXX, FRAMEWORK, JDK, MAVEN, Package, ZBAR},
    test_issuers, workspace,
};

/// Packages that its tests need.
pub(crate) const NEEDS: &[Package] = &[AAPT, CMAKE, CXX, FRAMEWORK, JDK, MAVEN, ZBAR];

pub(crate) fn test(shell: &Shell) -> anyhow::Result<()> {
    kotlin_lint::check(shell, "android")?;
    test_issuers::run_with(shell, |shell| {
        let output = run_tests(shell, &[])?;
        scan(shell, &output.pictures)?;
        let built = output.bindings.join("android-build");
        let aar = built.join("tegata.aar");
        lint::check(shell, &built)?;
        aar::pack(shell, &built, None, &aar)?;
        aar::check(shell, &aar, &[])?;
        shrink::test(shell, &built, &output.bindings.join("lib"))
    })
}

/// Takes the pictures of the view, and scans each.
pub(crate) fn pictures(shell: &Shell) -> anyhow::Result<()> {
    let only = ["-Dtest=TegataBarcodeViewTest", "-Dsurefire.failIfNoSpecifiedTests=false"];
    let pictures = run_tests(shell, &only)?.pictures;
    scan(shell, &pictures)?;
    step(&format!("took pictures of the Android view into {}", pictures.display()));
    Ok(())
}

/// Folders of a test run: the bindings that it used, and the pictures that it took.
struct TestOutput {
    bindings: PathBuf,
    pictures: PathBuf,
}

/// Runs the tests that these options of Maven select.
fn run_tests(shell: &Shell, options: &[&str]) -> anyhow::Result<TestOutput> {
    let bindings = bindings::write(shell, Build::Testing)?;
    let pictures = workspace::target(shell)?.join("pictures/android");
    shell.remove_path(&pictures)?;
    step("building the Android library and running its tests on a desktop JVM");
    quickstart::write(shell, &bindings.join("android-build/quickstart"))?;
    let folder = format!("-Dtegata.pictures={}", pictures.display());
    let maven = maven(shell, &bindings).arg(folder).args(options).arg("test");
    maven.run().context("the tests of the Android library failed")?;
    Ok(TestOutput { bindings, pictures })
}

/// Maven for all of its modules, with the generated bindings.
fn maven<'a>(shell: &'a Shell, bindings: &Path) -> Cmd<'a> {
    let property = format!("-Dtegata.bindings={}", bindings.display());
    let maven = cmd!(shell, "mvn --quiet --batch-mode --no-transfer-progress");
    maven.args(["--file", "android/pom.xml", &property])
}

/// Compiles the library; returns the build folder.
pub(crate) fn compile(shell: &Shell, bindings: &Path) -> anyhow::Result<PathBuf> {
    step("compiling the Android library");
    maven(shell, bindings).arg("process-classes").run()?;
    Ok(bindings.join("android-build"))
}

fn scan(shell: &Shell, pictures: &Path) -> anyhow::Result<()> {
    step("scanning the Android view's pictures with ZBar and zxing-cpp");
    let example = "run --quiet -p tegata-scanners --example verify_pictures --";
    Ok(cmd!(shell, "cargo").args(example.split(' ')).arg(pictures).run()?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn gradle_uses_the_tested_versions() {
        let poms =
            [include_str!("../../android/pom.xml"), include_str!("../../android/tegata/pom.xml")]
                .concat();
        for page in [
            include_str!("../../android/tegata/build.gradle.kts"),
            include_str!("../../docs/quickstart-android.md"),
        ] {
            let taken = page.lines().filter_map(|line| line.split_once("(\"")?.1.split_once("\")"));
            let versions: Vec<_> = taken.filter_map(|(taken, _)| taken.split(':').nth(2)).collect();
            assert_eq!(versions.len(), 3, "{versions:?}");
            for version in versions {
                let version = version.trim_end_matches("@aar");
                assert!(poms.contains(&format!("version>{version}</")), "{version}");
            }
        }
    }
}
