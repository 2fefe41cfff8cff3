//! The Kotlin library as a jar with the native library in it, its sources and its documentation; and a Java program that uses
//! the jar.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{
    bindings::{self, Build},
    kdoc,
    progress::step,
};

const PROJECT: &str = "bindings/kotlin";
/// Sources that are written by hand.
const SOURCES: &str = "bindings/kotlin/src/main/kotlin";
/// A minimal Java program that uses the library.
const EXAMPLE: &str = "bindings/kotlin/example/Barcode.java";
/// The folder in a jar in which JNA looks for a library of this system.
const NATIVE: &str = "linux-x86-64";

/// The packed library.
pub(crate) struct Jar {
    pub(crate) folder: PathBuf,
    /// The jar and its dependencies, as `java -cp` takes them.
    pub(crate) classpath: String,
}

/// Packs, compiles the example against the jar, and runs it.
pub(crate) fn test(shell: &Shell, build: Build) -> anyhow::Result<()> {
    let jar = pack(shell, build)?;
    step("running a Java program with the jar and its dependencies");
    let temporary = shell.create_temp_dir()?;
    let classes = temporary.path();
    let libraries = &jar.classpath;
    cmd!(shell, "javac -Xlint:all -Werror -cp {libraries} -d {classes} {EXAMPLE}").run()?;
    let classpath = format!("{libraries}:{}", classes.display());
    let wallet = temporary.path().join("wallet");
    let printed = cmd!(shell, "java -cp {classpath} Barcode {wallet}").quiet().read()?;
    anyhow::ensure!(printed == "21 x 21, 167 x 1", "the program printed {printed}");
    step(&format!("packed in {}", jar.folder.display()));
    Ok(())
}

/// Builds and packs. With the library built for tests, its tests run too; with the one that ships, documentation is made.
pub(crate) fn pack(shell: &Shell, build: Build) -> anyhow::Result<Jar> {
    let bindings = bindings::write(shell, build)?;
    let native = bindings.join("kotlin-resources").join(NATIVE);
    shell.create_dir(&native)?;
    let library = bindings::library_name();
    shell.copy_file(bindings.join("lib").join(&library), native.join(&library))?;
    for (name, for_documentation) in [("kotlin-sources", false), ("kotlin-documented", true)] {
        copy_sources(shell, &bindings, &bindings.join(name), for_documentation)?;
    }
    step("building and packing the Kotlin library");
    let property = format!("-Dtegata.bindings={}", bindings.display());
    let maven = cmd!(shell, "mvn --quiet --batch-mode --no-transfer-progress -P package");
    let maven = maven.args(["--file", &format!("{PROJECT}/pom.xml"), &property]);
    let maven = maven.arg(match build {
        // The tests make the library panic, which the one that ships cannot.
        Build::Release => "-Dmaven.test.skip=true",
        Build::Testing => "-Ddokka.skip=true",
    });
    maven.arg("package").run().context("Maven cannot pack the Kotlin library")?;
    let output = bindings.join("kotlin-build");
    let folder = super::output::folder(shell, build, "kotlin")?;
    let version = env!("CARGO_PKG_VERSION");
    for kind in ["", "-sources"] {
        let name = format!("tegata-{version}{kind}.jar");
        shell.copy_file(output.join(&name), folder.join(name))?;
    }
    shell.copy_file(format!("{PROJECT}/pom.xml"), folder.join(format!("tegata-{version}.pom")))?;
    if build == Build::Release {
        let pages = output.join("dokka");
        cmd!(shell, "cp -R {pages} {folder}/pages").quiet().run()?;
    }
    let dependencies = shell.read_file(output.join("classpath"))?;
    let jar = folder.join(format!("tegata-{version}.jar"));
    Ok(Jar { classpath: format!("{}:{}", jar.display(), dependencies.trim()), folder })
}

/// Copies hand-written and generated sources into one folder, with internals hidden if they are for documentation.
fn copy_sources(
    shell: &Shell,
    bindings: &Path,
    to: &Path,
    for_documentation: bool,
) -> anyhow::Result<()> {
    shell.remove_path(to)?;
    cmd!(shell, "cp -R {SOURCES} {to}").quiet().run()?;
    let generated = shell.read_file(bindings.join("kotlin/app/tegata/tegata_ffi.kt"))?;
    let generated = if for_documentation { kdoc::hide_internals(&generated) } else { generated };
    Ok(shell.write_file(to.join("app/tegata/Generated.kt"), generated)?)
}
