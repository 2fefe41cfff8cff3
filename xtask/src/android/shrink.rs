//! The library shrunk by R8 as in an app's release build, with our consumer rules alone; and once without each rule, to see
//! that it is needed.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::progress::step;

/// The rules that an AAR brings to an app.
const RULES: &str = "android/tegata/consumer-rules.pro";
/// A minimal app, and what it prints.
const APP: &str = "bindings/kotlin/example/Barcode.java";
const EXPECTED: &str = "21 x 21, 167 x 1";
/// Keeps the entry point, as the manifest of an app does.
const KEEP_ENTRY: &str = "-keep class Barcode { public static void main(java.lang.String[]); }\n";
/// Keeps what is public, as if an app used all of it.
const KEEP_ALL: &str = "-keep public class app.tegata.android.** { public *; }\n";
/// Modules of a JDK whose packages Android has too; it has no `java.awt`.
const JDK_MODULES: &[&str] = &["java.base", "java.logging"];

/// Shrinks what was compiled into `built`, and runs it with the core in the folder `library`.
pub(super) fn test(shell: &Shell, built: &Path, library: &Path) -> anyhow::Result<()> {
    let rules_text = shell.read_file(RULES)?;
    let rules = paragraphs(&rules_text);
    anyhow::ensure!(!rules.is_empty(), "{RULES} contains no rule");
    let temporary = shell.create_temp_dir()?;
    let shrinker = Shrinker::new(shell, temporary.path(), built, library)?;
    step("shrinking the whole Android library with R8");
    let android = shell.read_file(built.join("tools/android"))?;
    let all = [shrinker.jar(shell, "tegata-android")?];
    let whole = [rules.concat(), KEEP_ENTRY.to_owned(), KEEP_ALL.to_owned()].concat();
    shrinker.shrink(shell, &whole, &all, &[android.trim().into()])?;
    shrinker.run(shell)?;
    for rule in &rules {
        let about = rule.trim().trim_start_matches("# ").lines().next().unwrap_or_default();
        step(&format!("shrinking without this rule: {about}"));
        let others: String = rules.iter().filter(|it| it != &rule).copied().collect();
        let without = shrinker
            .shrink(shell, &(others + KEEP_ENTRY), &[], &[])
            .and_then(|()| shrinker.run(shell));
        anyhow::ensure!(without.is_err(), "this rule of {RULES} is not needed:\n{rule}");
    }
    Ok(())
}

/// The rules of a file, each with the comment above it.
fn paragraphs(rules: &str) -> Vec<&str> {
    let is_rule = |text: &&str| text.lines().any(|line| line.starts_with('-'));
    rules.split_inclusive("\n\n").filter(is_rule).collect()
}

/// The program to shrink, and the libraries that it is shrunk against.
struct Shrinker<'a> {
    temporary: &'a Path,
    built: &'a Path,
    library: &'a Path,
    /// Jars of the minimal app, of the bindings, and of their dependencies.
    program: Vec<PathBuf>,
    jdk: PathBuf,
}

impl<'a> Shrinker<'a> {
    fn new(
        shell: &Shell,
        temporary: &'a Path,
        built: &'a Path,
        library: &'a Path,
    ) -> anyhow::Result<Self> {
        let mut shrinker =
            Self { temporary, built, library, program: Vec::new(), jdk: temporary.join("jdk.jar") };
        let classpath = shell.read_file(built.join("tools/classpath"))?;
        // Our own modules are folders of classes, and left out.
        let dependencies = std::env::split_paths(classpath.trim()).filter(|path| path.is_file());
        shrinker.program = dependencies.collect();
        shrinker.program.push(shrinker.jar(shell, "tegata-bindings")?);
        let program = std::env::join_paths(&shrinker.program)?;
        let classes = temporary.join("app");
        cmd!(shell, "javac -cp {program} -d {classes} {APP}").quiet().run()?;
        shrinker.program.push(create_jar(shell, &classes, &temporary.join("app.jar"))?);
        let show_settings = cmd!(shell, "java -XshowSettings:properties -version");
        let settings = show_settings.quiet().read_stderr()?;
        let line = settings.lines().find_map(|line| line.trim().strip_prefix("java.home = "));
        let home = Path::new(line.context("java prints no java.home")?);
        let modules = temporary.join("jdk");
        for name in JDK_MODULES {
            let from = home.join(format!("jmods/{name}.jmod"));
            let to = modules.join(name);
            cmd!(shell, "jmod extract --dir {to} {from}").quiet().run()?;
            let classes = to.join("classes/.");
            let all = modules.join("all");
            shell.create_dir(&all)?;
            cmd!(shell, "cp -R {classes} {all}").quiet().run()?;
        }
        create_jar(shell, &modules.join("all"), &shrinker.jdk)?;
        Ok(shrinker)
    }

    /// A jar of what Maven compiled of one module.
    fn jar(&self, shell: &Shell, module: &str) -> anyhow::Result<PathBuf> {
        let classes = self.built.join(module).join("classes");
        create_jar(shell, &classes, &self.temporary.join(format!("{module}.jar")))
    }

    fn output(&self) -> PathBuf {
        self.temporary.join("shrunk.jar")
    }

    fn shrink(
        &self,
        shell: &Shell,
        rules: &str,
        more: &[PathBuf],
        libraries: &[PathBuf],
    ) -> anyhow::Result<()> {
        let rules_file = self.temporary.join("rules.pro");
        let shrunk = self.output();
        shell.write_file(&rules_file, rules)?;
        shell.remove_path(&shrunk)?;
        // R8 ends before the optimising compiler would pay off.
        let jar = self.built.join("tools/r8.jar");
        let r8 =
            cmd!(shell, "java -Xmx2g -XX:TieredStopAtLevel=1 -cp {jar} com.android.tools.r8.R8");
        let r8 = r8.args(["--release", "--classfile", "--output"]).arg(shrunk);
        let r8 = r8.arg("--pg-conf").arg(rules_file).arg("--lib").arg(&self.jdk);
        let r8 = libraries.iter().fold(r8, |r8, library| r8.arg("--lib").arg(library));
        Ok(r8.args(more).args(&self.program).quiet().ignore_stdout().ignore_stderr().run()?)
    }

    /// Runs the shrunk program with the real core; with a wrong rename it can hang, hence the timeout.
    fn run(&self, shell: &Shell) -> anyhow::Result<()> {
        let shrunk = self.output();
        let library = self.library;
        let wallet = self.temporary.join("wallet");
        shell.remove_path(&wallet)?;
        let path = format!("-Djna.library.path={}", library.display());
        let run =
            cmd!(shell, "timeout 120 java {path} -Djna.nosys=true -cp {shrunk} Barcode {wallet}");
        let printed = run.quiet().ignore_stderr().read()?;
        anyhow::ensure!(printed == EXPECTED, "the shrunk program printed {printed}");
        Ok(())
    }
}

fn create_jar(shell: &Shell, classes: &Path, jar: &Path) -> anyhow::Result<PathBuf> {
    cmd!(shell, "jar --create --no-compress --file {jar} -C {classes} .").quiet().run()?;
    Ok(jar.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_without_a_rule_are_left_out() {
        let rules = "# About all.\n\n# One.\n-keep class A\n\n-dontwarn b.**\n";
        assert_eq!(paragraphs(rules), ["# One.\n-keep class A\n\n", "-dontwarn b.**\n"]);
    }
}
