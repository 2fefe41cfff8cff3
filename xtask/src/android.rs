//! The Android library: compiled against the Android API and run under Robolectric, with the real core; what it drew is read
//! by scanners.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{
    bindings::{self, Build},
    issuer,
    setup::{AAPT, CMAKE, CXX, FRAMEWORK, JDK, MAVEN, Package, ZBAR},
    tree::{self, step},
};

/// Programs that its tests run.
pub(crate) const NEEDS: &[Package] = &[AAPT, CMAKE, CXX, FRAMEWORK, JDK, MAVEN, ZBAR];

pub(crate) fn test(shell: &Shell) -> anyhow::Result<()> {
    issuer::beside(shell, |shell| {
        let pictures = draw(shell, &[])?;
        read(shell, &pictures)
    })
}

/// The pictures of the views alone, each read before anybody looks at it.
pub(crate) fn pictures(shell: &Shell) -> anyhow::Result<()> {
    let pictures =
        draw(shell, &["-Dtest=TegataBarcodeViewTest", "-Dsurefire.failIfNoSpecifiedTests=false"])?;
    read(shell, &pictures)?;
    step(&format!("took pictures of the Android view into {}", pictures.display()));
    Ok(())
}

/// Runs tests, and gives the folder of what they drew.
fn draw(shell: &Shell, which: &[&str]) -> anyhow::Result<PathBuf> {
    let bindings = bindings::write(shell, Build::Testing)?;
    let pictures = tree::target(shell)?.join("pictures/android");
    shell.remove_path(&pictures)?;
    step("building and running the Android library on a desktop JVM");
    let place = format!("-Dtegata.bindings={}", bindings.display());
    let drawn = format!("-Dtegata.pictures={}", pictures.display());
    let maven = cmd!(shell, "mvn --quiet --batch-mode --no-transfer-progress");
    let maven = maven.args(["--file", "android/pom.xml", &place, &drawn]);
    maven.args(which).arg("test").run().context("the Android library did not pass")?;
    Ok(pictures)
}

fn read(shell: &Shell, pictures: &Path) -> anyhow::Result<()> {
    step("reading the Android view's pictures with ZBar and zxing-cpp");
    let example = "run --quiet -p tegata-scanners --example pictured --";
    Ok(cmd!(shell, "cargo").args(example.split(' ')).arg(pictures).run()?)
}
