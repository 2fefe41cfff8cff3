//! The Android library: compiled against the Android API and run under Robolectric, with the real core; what it drew is read
//! by scanners; and it is shrunk.

pub(crate) mod aar;
mod lint;
mod quickstart;
mod shrink;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Cmd, Shell, cmd};

use crate::{
    bindings::{self, Build},
    issuer, kotlin,
    setup::{AAPT, CMAKE, CXX, FRAMEWORK, JDK, MAVEN, Package, ZBAR},
    tree::{self, step},
};

/// Programs that its tests run.
pub(crate) const NEEDS: &[Package] = &[AAPT, CMAKE, CXX, FRAMEWORK, JDK, MAVEN, ZBAR];

pub(crate) fn test(shell: &Shell) -> anyhow::Result<()> {
    kotlin::check(shell, "android")?;
    issuer::beside(shell, |shell| {
        let drawn = draw(shell, &[])?;
        read(shell, &drawn.pictures)?;
        let built = drawn.bindings.join("android-build");
        let packed = built.join("tegata.aar");
        lint::check(shell, &built)?;
        aar::pack(shell, &built, None, &packed)?;
        aar::check(shell, &packed, &[])?;
        shrink::test(shell, &built, &drawn.bindings.join("lib"))
    })
}

/// The pictures of the views alone, each read before anybody looks at it.
pub(crate) fn pictures(shell: &Shell) -> anyhow::Result<()> {
    let only = ["-Dtest=TegataBarcodeViewTest", "-Dsurefire.failIfNoSpecifiedTests=false"];
    let Drawn { pictures, .. } = draw(shell, &only)?;
    read(shell, &pictures)?;
    step(&format!("took pictures of the Android view into {}", pictures.display()));
    Ok(())
}

/// Where tests ran, and what they drew.
struct Drawn {
    bindings: PathBuf,
    pictures: PathBuf,
}

fn draw(shell: &Shell, which: &[&str]) -> anyhow::Result<Drawn> {
    let bindings = bindings::write(shell, Build::Testing)?;
    let pictures = tree::target(shell)?.join("pictures/android");
    shell.remove_path(&pictures)?;
    step("building and running the Android library on a desktop JVM");
    quickstart::write(shell, &bindings.join("android-build/quickstart"))?;
    let drawn = format!("-Dtegata.pictures={}", pictures.display());
    let maven = maven(shell, &bindings).arg(drawn).args(which).arg("test");
    maven.run().context("the Android library did not pass")?;
    Ok(Drawn { bindings, pictures })
}

/// Maven over the whole of it, with what was written of the core.
fn maven<'a>(shell: &'a Shell, bindings: &Path) -> Cmd<'a> {
    let place = format!("-Dtegata.bindings={}", bindings.display());
    let maven = cmd!(shell, "mvn --quiet --batch-mode --no-transfer-progress");
    maven.args(["--file", "android/pom.xml", &place])
}

/// Compiles it, and gives the folder of what came out.
pub(crate) fn compile(shell: &Shell, bindings: &Path) -> anyhow::Result<PathBuf> {
    step("compiling the Android library");
    maven(shell, bindings).arg("process-classes").run()?;
    Ok(bindings.join("android-build"))
}

fn read(shell: &Shell, pictures: &Path) -> anyhow::Result<()> {
    step("reading the Android view's pictures with ZBar and zxing-cpp");
    let example = "run --quiet -p tegata-scanners --example pictured --";
    Ok(cmd!(shell, "cargo").args(example.split(' ')).arg(pictures).run()?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn gradle_takes_what_the_tests_ran_with() {
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
