//! A jar with the library in it, its sources, its pages; and a Java program that has nothing but these.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{
    bindings::{self, Build},
    kdoc,
    tree::step,
};

const PROJECT: &str = "bindings/kotlin";
/// What is written by hand, in the tree and in what is packed.
const SOURCES: &str = "bindings/kotlin/src/main/kotlin";
/// A shop's program, as short as it gets.
const EXAMPLE: &str = "bindings/kotlin/example/Barcode.java";
/// Where JNA looks for a library of this system within a jar.
const NATIVE: &str = "linux-x86-64";

/// A packed library and what it runs with.
pub(crate) struct Jar {
    pub(crate) folder: PathBuf,
    /// As `java -cp` wants it, the jar itself first.
    pub(crate) classpath: String,
}

/// Packs, compiles the example against what was packed, and runs it.
pub(crate) fn try_out(shell: &Shell, build: Build) -> anyhow::Result<()> {
    let jar = pack(shell, build)?;
    step("running a Java program that has the jar and what it depends on");
    let room = shell.create_temp_dir()?;
    let (classes, classpath) = (room.path(), &jar.classpath);
    cmd!(shell, "javac -Xlint:all -Werror -cp {classpath} -d {classes} {EXAMPLE}").run()?;
    let classpath = format!("{classpath}:{}", classes.display());
    let wallet = room.path().join("wallet");
    let printed = cmd!(shell, "java -cp {classpath} Barcode {wallet}").quiet().read()?;
    anyhow::ensure!(printed == "21 x 21, 167 x 1", "the program printed {printed}");
    step(&format!("packed in {}", jar.folder.display()));
    Ok(())
}

/// Builds and packs. Of the library built for tests these are run, too; of the one that ships pages are made.
pub(crate) fn pack(shell: &Shell, build: Build) -> anyhow::Result<Jar> {
    let bindings = bindings::write(shell, build)?;
    let native = bindings.join("kotlin-resources").join(NATIVE);
    shell.create_dir(&native)?;
    let library = bindings::library_name();
    shell.copy_file(bindings.join("lib").join(&library), native.join(&library))?;
    for (name, pages) in [("kotlin-sources", false), ("kotlin-documented", true)] {
        lay_out(shell, &bindings, &bindings.join(name), pages)?;
    }
    step("building and packing the Kotlin library");
    let place = format!("-Dtegata.bindings={}", bindings.display());
    let maven = cmd!(shell, "mvn --quiet --batch-mode --no-transfer-progress -P package");
    let maven = maven.args(["--file", &format!("{PROJECT}/pom.xml"), &place]);
    let maven = maven.arg(match build {
        // A library for apps cannot be told to panic.
        Build::Release => "-Dmaven.test.skip=true",
        Build::Testing => "-Ddokka.skip=true",
    });
    maven.arg("package").run().context("Maven did not pack the Kotlin library")?;
    let made = bindings.join("kotlin-build");
    let folder = super::folder(shell, build, "kotlin")?;
    let version = env!("CARGO_PKG_VERSION");
    for kind in ["", "-sources"] {
        let name = format!("tegata-{version}{kind}.jar");
        shell.copy_file(made.join(&name), folder.join(name))?;
    }
    shell.copy_file(format!("{PROJECT}/pom.xml"), folder.join(format!("tegata-{version}.pom")))?;
    if build == Build::Release {
        let pages = made.join("dokka");
        cmd!(shell, "cp -R {pages} {folder}/pages").quiet().run()?;
    }
    let others = shell.read_file(made.join("classpath"))?;
    let jar = folder.join(format!("tegata-{version}.jar"));
    Ok(Jar { classpath: format!("{}:{}", jar.display(), others.trim()), folder })
}

/// Both halves of the sources in one folder, as an app's developer looks at them or as pages are made from them.
fn lay_out(shell: &Shell, bindings: &Path, to: &Path, pages: bool) -> anyhow::Result<()> {
    shell.remove_path(to)?;
    cmd!(shell, "cp -R {SOURCES} {to}").quiet().run()?;
    let generated = shell.read_file(bindings.join("kotlin/app/tegata/tegata_ffi.kt"))?;
    let generated = if pages { kdoc::documented(&generated) } else { generated };
    Ok(shell.write_file(to.join("app/tegata/Generated.kt"), generated)?)
}
