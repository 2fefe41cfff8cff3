//! What a call costs from each language, against the packages of the build that ships: the program of each language in
//! `testing/bench/bindings` measures, and prints one line of figures. Each is run several times, and the least of each figure is
//! told: whatever else a machine does only ever adds.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use serde_json::Value;
use xshell::{Cmd, Shell, cmd};

use super::time;
use crate::{
    bindings::Build,
    package::{kotlin, python, swift},
    python as interpreter, setup,
    swift::Root,
    tree::{self, step},
};

const PROGRAMS: &str = "testing/bench/bindings";
/// How many times each program is run: the first call can be measured once in each.
const RUNS: usize = 12;
/// Memory for files: a disk's share of a code is another row's matter.
const MEMORY: &str = "/dev/shm";

/// By the name of a figure, nanoseconds.
type Figures = BTreeMap<String, u64>;

/// Measures all languages, and what the first call from a JVM is made of.
pub(super) fn run(shell: &Shell, json: bool) -> anyhow::Result<()> {
    let needs = [setup::JDK, setup::MAVEN, setup::PYTHON, setup::BUBBLEWRAP, setup::MMDEBSTRAP];
    setup::install(shell, &needs)?;
    interpreter::environment(shell)?;
    let jar = kotlin::pack(shell, Build::Release)?;
    let wheel = python::pack(shell, Build::Release)?;
    let package = swift::pack(shell, Build::Release)?;
    let room = shell.create_temp_dir()?;
    let python = python::install(shell, &wheel, room.path())?;
    let (classes, classpath) = (room.path().join("classes"), &jar.classpath);
    cmd!(shell, "javac -cp {classpath} -d {classes} {PROGRAMS}/Bench.java").quiet().run()?;
    let classpath = format!("{classpath}:{}", classes.display());
    let debian = Root::new(
        shell,
        vec![
            (Path::new(PROGRAMS).join("swift"), "/mnt/Bench".into()),
            (package.join("lib"), "/mnt/lib".into()),
            (package.clone(), "/mnt/Tegata".into()),
        ],
        &tree::target(shell)?.join("packages/bench-build"),
    )?;
    let build = "swift build -c release --scratch-path /mnt/build -Xlinker -L/mnt/lib \
        --disable-sandbox --quiet";
    debian.run("/mnt/Bench", build).quiet().ignore_stdout().run()?;

    let memory = Path::new(MEMORY);
    let memory = if shell.path_exists(memory) { memory } else { room.path() };
    let wallet = memory.join(format!("tegata-bench-{}", std::process::id()));
    let unpacked = Unpacked::new(shell, &jar.classpath, room.path())?;
    let (jna, ours) = (unpacked.jna, unpacked.ours);
    let parts = [
        ("as it comes", vec![]),
        (
            "both unpacked before",
            vec![
                "-Djna.nounpack=true".to_owned(),
                format!("-Djna.boot.library.path={jna}"),
                format!("-Djna.library.path={ours}"),
            ],
        ),
    ];
    let mut outcome: Vec<(&str, Figures)> = Vec::new();
    let java = || cmd!(shell, "java -cp {classpath}");
    let script = Path::new(PROGRAMS).join("bench.py");
    step("measuring Kotlin's library from Java");
    outcome.push(("JVM", least(shell, &wallet, || java().arg("Bench").arg(&wallet))?));
    step("measuring Python");
    let program = || cmd!(shell, "{python} -B -I {script} {wallet}");
    outcome.push(("Python", least(shell, &wallet, program)?));
    step("measuring Swift");
    // Its `/tmp` is memory, and empty each time.
    let program = || debian.run("/mnt", "/mnt/build/release/Bench /tmp/wallet");
    outcome.push(("Swift", least(shell, &wallet, program)?));
    step("taking the first call from a JVM apart");
    for (name, options) in &parts {
        let program = || java().args(options).args(["Bench", "parts"]);
        outcome.push((*name, least(shell, &wallet, program)?));
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        print!("{}", table(&outcome));
    }
    Ok(())
}

/// The two libraries that JNA otherwise takes out of their jars at each start, each in a folder.
struct Unpacked {
    jna: String,
    ours: String,
}

impl Unpacked {
    fn new(shell: &Shell, classpath: &str, room: &Path) -> anyhow::Result<Self> {
        let taken = |jar: &str, file: &str, folder: &Path| -> anyhow::Result<String> {
            shell.create_dir(folder)?;
            let jars = classpath.split(':').map(Path::new);
            let named = |path: &&Path| {
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(jar))
            };
            let path = std::path::absolute(jars.into_iter().find(named).context("no such jar")?)?;
            let _folder = shell.push_dir(folder);
            cmd!(shell, "jar --extract --file {path} {file}").quiet().run()?;
            let file = folder.join(file);
            Ok(file.parent().context("a file without a folder")?.display().to_string())
        };
        Ok(Self {
            jna: taken(
                "jna-",
                "com/sun/jna/linux-x86-64/libjnidispatch.so",
                &room.join("unpacked-jna"),
            )?,
            ours: taken("tegata-", "linux-x86-64/libtegata_ffi.so", &room.join("unpacked"))?,
        })
    }
}

/// The least of each figure over all runs, each with no wallet there yet.
fn least<'a>(
    shell: &Shell,
    wallet: &Path,
    program: impl Fn() -> Cmd<'a>,
) -> anyhow::Result<Figures> {
    let mut least = Figures::new();
    for _ in 0..RUNS {
        let printed = program().quiet().read();
        shell.remove_path(wallet)?;
        keep_least(&mut least, &printed?)?;
    }
    Ok(least)
}

fn keep_least(least: &mut Figures, printed: &str) -> anyhow::Result<()> {
    let Value::Object(figures) = serde_json::from_str(printed)? else {
        anyhow::bail!("not figures: {printed}")
    };
    for (name, figure) in figures {
        let figure = figure.as_u64().context("a figure that is no number of nanoseconds")?;
        least.entry(name).and_modify(|least| *least = figure.min(*least)).or_insert(figure);
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds that a person looks at")]
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
    fn the_least_of_each_figure_is_kept_and_what_is_no_figure_is_told() {
        let mut least = Figures::new();
        for printed in [r#"{"a":3,"b":1}"#, r#"{"a":2,"b":4}"#, r#"{"a":5,"b":4}"#] {
            keep_least(&mut least, printed).unwrap();
        }
        assert_eq!(least, Figures::from([("a".to_owned(), 2), ("b".to_owned(), 1)]));
        assert!(keep_least(&mut least, "[]").is_err());
        assert!(keep_least(&mut least, r#"{"a":"x"}"#).is_err());
        assert!(table(&[("JVM", least)]).contains("2.0 ns"));
    }
}
