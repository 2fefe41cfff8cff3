//! The Kotlin library and its tests, built by Maven.

use xshell::{Shell, cmd};

use crate::bindings::{self, Build};

const POM: &str = "bindings/kotlin/pom.xml";

/// Compiles the library against the one built for tests, and runs its tests from Kotlin and Java.
pub(crate) fn test_library(shell: &Shell) -> anyhow::Result<()> {
    let bindings =
        format!("-Dtegata.bindings={}", bindings::write(shell, Build::Testing)?.display());
    let maven = cmd!(shell, "mvn --quiet --batch-mode --no-transfer-progress --file {POM}");
    Ok(maven.arg(bindings).arg("test").run()?)
}
