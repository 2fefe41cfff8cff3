//! The cost of a call from each language, with the packages of the build that ships. A program in each language, in
//! `testing/bench/bindings`, measures and prints one line of JSON. It runs several times, and the minimum of each figure
//! counts, because other load on the machine only adds.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use serde_json::Value;
use xshell::{Cmd, Shell, cmd};

use super::outcome::time;
use crate::{
    bindings::Build,
    package::{kotlin, python, swift},
    progress::step,
    python as interpreter, setup,
    swift::Root,
    workspace,
};

const PROGRAMS: &str = "testing/bench/bindings";
/// Runs of each program; the first call can be measured only once in each.
const RUNS: usize = 12;
/// A file system in memory; another row measures the disk.
const MEMORY: &str = "/dev/shm";

/// Nanoseconds by the name of the figure.
type Figures = BTreeMap<String, u64>;

/// Measures all languages, and the parts of the first call from a JVM.
pub(super) fn run(shell: &Shell, json: bool) -> anyhow::Result<()> {
    let needs = [setup::JDK, setup::MAVEN, setup::PYTHON, setup::BUBBLEWRAP, setup::MMDEBSTRAP];
    setup::install(shell, &needs)?;
    interpreter::environment(shell)?;
    let jar = kotlin::pack(shell, Build::Release)?;
    let wheel = python::pack(shell, Build::Release)?;
    let package = swift::pack(shell, Build::Release)?;
    let temporary = shell.create_temp_dir()?;
    let python = python::install(shell, &wheel, temporary.path())?;
    let classes = temporary.path().join("classes");
    let libraries = &jar.classpath;
    cmd!(shell, "javac -cp {libraries} -d {classes} {PROGRAMS}/Bench.java").quiet().run()?;
    let classpath = format!("{libraries}:{}", classes.display());
    let debian = Root::new(
        shell,
        vec![
            (Path::new(PROGRAMS).join("swift"), "/mnt/Bench".into()),
            (package.join("lib"), "/mnt/lib".into()),
            (package.clone(), "/mnt/Tegata".into()),
        ],
        &workspace::target(shell)?.join("packages/bench-build"),
    )?;
    let build = "swift build -c release --scratch-path /mnt/build -Xlinker -L/mnt/lib \
        --disable-sandbox --quiet";
    debian.run("/mnt/Bench", build).quiet().ignore_stdout().run()?;

    let has_memory = shell.path_exists(MEMORY);
    let memory = if has_memory { Path::new(MEMORY) } else { temporary.path() };
    let wallet = memory.join(format!("tegata-bench-{}", std::process::id()));
    let unpacked = Unpacked::new(shell, &jar.classpath, temporary.path())?;
    let parts = [
        ("as packed", vec![]),
        (
            "both unpacked before",
            vec![
                "-Djna.nounpack=true".to_owned(),
                format!("-Djna.boot.library.path={}", unpacked.jna),
                format!("-Djna.library.path={}", unpacked.ours),
            ],
        ),
    ];
    let mut outcome: Vec<(&str, Figures)> = Vec::new();
    let java = || cmd!(shell, "java -cp {classpath}");
    let script = Path::new(PROGRAMS).join("bench.py");
    step("measuring Kotlin's library from Java");
    outcome.push(("JVM", minimum(shell, &wallet, || java().arg("Bench").arg(&wallet))?));
    step("measuring Python");
    let program = || cmd!(shell, "{python} -B -I {script} {wallet}");
    outcome.push(("Python", minimum(shell, &wallet, program)?));
    step("measuring Swift");
    // Its `/tmp` is memory, and empty each time.
    let program = || debian.run("/mnt", "/mnt/build/release/Bench /tmp/wallet");
    outcome.push(("Swift", minimum(shell, &wallet, program)?));
    step("measuring the parts of the first call from a JVM");
    for (name, options) in &parts {
        let program = || java().args(options).args(["Bench", "parts"]);
        outcome.push((*name, minimum(shell, &wallet, program)?));
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        print!("{}", table(&outcome));
    }
    Ok(())
}

/// Folders of the two libraries that JNA otherwise unpacks from their jars at each start.
struct Unpacked {
    jna: String,
    ours: String,
}

impl Unpacked {
    fn new(shell: &Shell, classpath: &str, temporary: &Path) -> anyhow::Result<Self> {
        let unpack = |jar: &str, file: &str, folder: &Path| -> anyhow::Result<String> {
            shell.create_dir(folder)?;
            let jars = classpath.split(':').map(Path::new);
            let named = |path: &&Path| {
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(jar))
            };
            let path = std::path::absolute(jars.into_iter().find(named).context("no such jar")?)?;
            let _folder = shell.push_dir(folder);
            cmd!(shell, "jar --extract --file {path} {file}").quiet().run()?;
            let file = folder.join(file);
            Ok(file.parent().context("a file has no folder")?.display().to_string())
        };
        Ok(Self {
            jna: unpack(
                "jna-",
                "com/sun/jna/linux-x86-64/libjnidispatch.so",
                &temporary.join("unpacked-jna"),
            )?,
            ours: unpack("tegata-", "linux-x86-64/libtegata_ffi.so", &temporary.join("unpacked"))?,
        })
    }
}

/// The minimum of each figure over all runs, each of which begins without a wallet.
fn minimum<'a>(
    shell: &Shell,
    wallet: &Path,
    program: impl Fn() -> Cmd<'a>,
) -> anyhow::Result<Figures> {
    let mut minimum = Figures::new();
    for _ in 0..RUNS {
        let printed = program().quiet().read();
        shell.remove_path(wallet)?;
        keep_minimum(&mut minimum, &printed?)?;
    }
    Ok(minimum)
}

fn keep_minimum(minimum: &mut Figures, printed: &str) -> anyhow::Result<()> {
    let Value::Object(figures) = serde_json::from_str(printed)? else {
        anyhow::bail!("not a JSON object: {printed}")
    };
    for (name, figure) in figures {
        let figure = figure.as_u64().context("a figure is not a number of nanoseconds")?;
        minimum.entry(name).and_modify(|it| *it = figure.min(*it)).or_insert(figure);
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds for display")]
fn table(outcome: &[(&str, Figures)]) -> String {
    let line = |(name, figures): &(&str, Figures)| {
        let figures =
            figures.iter().map(|(name, ns)| format!("  {name:<10} {:>10}\n", time(*ns as f64)));
        format!("\n{name}\n{}", figures.collect::<String>())
    };
    outcome.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_of_each_figure_is_kept() {
        let mut minimum = Figures::new();
        for printed in [r#"{"a":3,"b":1}"#, r#"{"a":2,"b":4}"#, r#"{"a":5,"b":4}"#] {
            keep_minimum(&mut minimum, printed).unwrap();
        }
        assert_eq!(minimum, Figures::from([("a".to_owned(), 2), ("b".to_owned(), 1)]));
        assert!(keep_minimum(&mut minimum, "[]").is_err());
        assert!(keep_minimum(&mut minimum, r#"{"a":"x"}"#).is_err());
        assert!(table(&[("JVM", minimum)]).contains("2.0 ns"));
    }
}
