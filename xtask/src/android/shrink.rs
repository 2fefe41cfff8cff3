//! The library shrunk as an app's release build shrinks it, by R8, with the rules that we hand on and no others; and each
//! of these taken out once, to see that it is needed.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::tree::step;

/// What an app gets inside the AAR.
const RULES: &str = "android/tegata/consumer-rules.pro";
/// An app as short as it gets, and what it prints.
const APP: &str = "bindings/kotlin/example/Barcode.java";
const PRINTED: &str = "21 x 21, 167 x 1";
/// What a manifest says in an app.
const ENTRY: &str = "-keep class Barcode { public static void main(java.lang.String[]); }\n";
/// As if an app used all of the Android library.
const ALL_USED: &str = "-keep public class app.tegata.android.** { public *; }\n";
/// What of a JDK is on a phone, too; `java.awt` is not.
const OF_JDK: &[&str] = &["java.base", "java.logging"];

/// Shrinks what the build in `built` compiled, beside the core in `library`.
pub(super) fn test(shell: &Shell, built: &Path, library: &Path) -> anyhow::Result<()> {
    let rules = shell.read_file(RULES)?;
    let rules = paragraphs(&rules);
    anyhow::ensure!(!rules.is_empty(), "there is no rule in {RULES}");
    let room = shell.create_temp_dir()?;
    let kit = Kit::new(shell, room.path(), built, library)?;
    step("shrinking all of the Android library by R8");
    let android = shell.read_file(built.join("tools/android"))?;
    let all = [kit.jar(shell, "tegata-android")?];
    let whole = [rules.concat(), ENTRY.to_owned(), ALL_USED.to_owned()].concat();
    kit.shrink(shell, &whole, &all, &[android.trim().into()])?;
    kit.run(shell)?;
    for rule in &rules {
        let about = rule.trim().trim_start_matches("# ").lines().next().unwrap_or_default();
        step(&format!("the same without: {about}"));
        let others: String = rules.iter().filter(|it| it != &rule).copied().collect();
        let tried = kit.shrink(shell, &(others + ENTRY), &[], &[]).and_then(|()| kit.run(shell));
        anyhow::ensure!(tried.is_err(), "this rule of {RULES} is not needed:\n{rule}");
    }
    Ok(())
}

/// The rules of a file, each with the words above it.
fn paragraphs(rules: &str) -> Vec<&str> {
    let is_rule = |text: &&str| text.lines().any(|line| line.starts_with('-'));
    rules.split_inclusive("\n\n").filter(is_rule).collect()
}

/// What is shrunk, and by what.
struct Kit<'a> {
    room: &'a Path,
    built: &'a Path,
    library: &'a Path,
    /// The small app, the bindings, and all they run with.
    program: Vec<PathBuf>,
    jdk: PathBuf,
}

impl<'a> Kit<'a> {
    fn new(
        shell: &Shell,
        room: &'a Path,
        built: &'a Path,
        library: &'a Path,
    ) -> anyhow::Result<Self> {
        let mut kit = Self { room, built, library, program: Vec::new(), jdk: room.join("jdk.jar") };
        let classpath = shell.read_file(built.join("tools/classpath"))?;
        // Our own modules are folders of classes.
        let others = std::env::split_paths(classpath.trim()).filter(|path| path.is_file());
        kit.program = others.collect();
        kit.program.push(kit.jar(shell, "tegata-bindings")?);
        let classpath = std::env::join_paths(&kit.program)?;
        let classes = room.join("app");
        cmd!(shell, "javac -cp {classpath} -d {classes} {APP}").quiet().run()?;
        kit.program.push(packed(shell, &classes, &room.join("app.jar"))?);
        let home = cmd!(shell, "java -XshowSettings:properties -version").quiet().read_stderr()?;
        let home = home.lines().find_map(|line| line.trim().strip_prefix("java.home = "));
        let home = Path::new(home.context("java does not say where it is")?);
        let modules = room.join("jdk");
        for name in OF_JDK {
            let (from, to) = (home.join(format!("jmods/{name}.jmod")), modules.join(name));
            cmd!(shell, "jmod extract --dir {to} {from}").quiet().run()?;
            let (classes, all) = (to.join("classes/."), modules.join("all"));
            shell.create_dir(&all)?;
            cmd!(shell, "cp -R {classes} {all}").quiet().run()?;
        }
        packed(shell, &modules.join("all"), &kit.jdk)?;
        Ok(kit)
    }

    /// What Maven compiled of one module.
    fn jar(&self, shell: &Shell, module: &str) -> anyhow::Result<PathBuf> {
        let classes = self.built.join(module).join("classes");
        packed(shell, &classes, &self.room.join(format!("{module}.jar")))
    }

    fn shrunk(&self) -> PathBuf {
        self.room.join("shrunk.jar")
    }

    fn shrink(
        &self,
        shell: &Shell,
        rules: &str,
        more: &[PathBuf],
        libraries: &[PathBuf],
    ) -> anyhow::Result<()> {
        let (rules_file, shrunk) = (self.room.join("rules.pro"), self.shrunk());
        shell.write_file(&rules_file, rules)?;
        shell.remove_path(&shrunk)?;
        // The quick compiler: R8 is over before the better one has paid.
        let r8 = self.built.join("tools/r8.jar");
        let r8 =
            cmd!(shell, "java -Xmx2g -XX:TieredStopAtLevel=1 -cp {r8} com.android.tools.r8.R8");
        let r8 = r8.args(["--release", "--classfile", "--output"]).arg(shrunk);
        let r8 = r8.arg("--pg-conf").arg(rules_file).arg("--lib").arg(&self.jdk);
        let r8 = libraries.iter().fold(r8, |r8, library| r8.arg("--lib").arg(library));
        Ok(r8.args(more).args(&self.program).quiet().ignore_stdout().ignore_stderr().run()?)
    }

    /// Runs what came out, with the real core. What was renamed wrongly can wait for itself for ever.
    fn run(&self, shell: &Shell) -> anyhow::Result<()> {
        let (shrunk, library) = (self.shrunk(), self.library);
        let wallet = self.room.join("wallet");
        shell.remove_path(&wallet)?;
        let path = format!("-Djna.library.path={}", library.display());
        let run =
            cmd!(shell, "timeout 120 java {path} -Djna.nosys=true -cp {shrunk} Barcode {wallet}");
        let printed = run.quiet().ignore_stderr().read()?;
        anyhow::ensure!(printed == PRINTED, "the shrunk program printed {printed}");
        Ok(())
    }
}

fn packed(shell: &Shell, classes: &Path, jar: &Path) -> anyhow::Result<PathBuf> {
    cmd!(shell, "jar --create --no-compress --file {jar} -C {classes} .").quiet().run()?;
    Ok(jar.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_a_paragraph_with_a_rule_in_it() {
        let rules = "# About all.\n\n# One.\n-keep class A\n\n-dontwarn b.**\n";
        assert_eq!(paragraphs(rules), ["# One.\n-keep class A\n\n", "-dontwarn b.**\n"]);
    }
}
