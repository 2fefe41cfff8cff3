//! The scenarios of Python and Kotlin on the library for Android's x86-64, which this machine's C library can load.
//!
//! Both systems are Linux on the same processor: of what the library imports, only the place of the last error has another
//! name.

use std::path::Path;

use xshell::{Shell, cmd};

use super::android;
use crate::{
    bindings::{self, Build},
    progress::step,
    python,
    setup::{JDK, MAVEN, PYTHON, Package},
    test_issuers, workspace,
};

/// Packages that the scenarios need.
pub(super) const NEEDS: &[Package] = &[JDK, MAVEN, PYTHON];

/// Android's C library, by means of this machine's.
const SHIM: &str =
    "int *__errno_location(void);\nint *__errno(void) { return __errno_location(); }\n";

/// Links the library that tests use, and runs all scenarios against an issuer.
pub(super) fn run(shell: &Shell) -> anyhow::Result<()> {
    let library = android::link_for_tests(shell)?;
    let folder = workspace::target(shell)?.join("linked/scenarios");
    bindings::write_for(shell, &library, &folder, Build::Testing)?;
    let system = folder.join("system");
    write_shim(shell, &system)?;
    test_issuers::run_with(shell, |shell| {
        step("running the scenarios on the library for x86_64-linux-android");
        let _system = shell.push_env("LD_LIBRARY_PATH", &system);
        python::test_scenarios(shell, &folder.join("python"))?;
        let property = format!("-Dtegata.bindings={}", folder.display());
        let maven = cmd!(shell, "mvn --quiet --batch-mode --no-transfer-progress");
        let file = ["--file", "bindings/kotlin/pom.xml", "-Dtest=ScenarioTest"];
        Ok(maven.args(file).args([&property, "test"]).run()?)
    })
}

/// Writes the two libraries that ours needs.
fn write_shim(shell: &Shell, folder: &Path) -> anyhow::Result<()> {
    let source = folder.join("shim.c");
    shell.write_file(&source, SHIM)?;
    for name in ["libc.so", "libdl.so"] {
        let library = folder.join(name);
        cmd!(shell, "cc -shared -fPIC -Wl,-soname,{name} -Wl,--no-as-needed -o {library} {source}")
            .quiet()
            .run()?;
    }
    Ok(())
}
