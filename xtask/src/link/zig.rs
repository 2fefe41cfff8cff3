//! zig, which brings clang, lld and headers for many systems: from the Python package that is pinned with the others.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::python;

pub(super) struct Zig {
    program: PathBuf,
    library: PathBuf,
}

impl Zig {
    /// zig in the Python environment of the cache, which is set up first if it is not there.
    pub(super) fn find(shell: &Shell) -> anyhow::Result<Self> {
        let python = python::environment(shell)?;
        let program = "import ziglang; print(ziglang.__path__[0])";
        let folder = PathBuf::from(cmd!(shell, "{python} -c {program}").quiet().read()?);
        Ok(Self { program: folder.join("zig"), library: folder.join("lib") })
    }

    /// A script that compiles C for a target, with the headers of clang itself and of a system, by the names of their
    /// folders, below those in the script's own folder. Its options come last, since the last target named is the one.
    pub(super) fn compiler(&self, target: &str, system: &[&str]) -> String {
        let of_system = system.iter().map(|name| self.library.join("libc/include").join(name));
        let headers = [self.library.join("include")].into_iter().chain(of_system);
        let headers: Vec<String> =
            headers.map(|folder| format!(" -isystem '{}'", folder.display())).collect();
        let headers = headers.concat();
        format!(
            "#!/bin/sh\nhere=$(dirname \"$0\")\nexec \"$here/zig\" clang \"$@\" --target={target} \
             -nostdinc -isystem \"$here\"{headers}\n"
        )
    }

    /// Writes what cargo and build scripts call into a folder: `zig` itself, `cc`, `ar`, and `ld`.
    pub(super) fn write_tools(
        &self,
        shell: &Shell,
        folder: &Path,
        compiler: &str,
        linker: &str,
    ) -> anyhow::Result<()> {
        shell.create_dir(folder)?;
        cmd!(shell, "ln -s").arg(&self.program).arg(folder.join("zig")).quiet().run()?;
        let archiver = "#!/bin/sh\nexec \"$(dirname \"$0\")/zig\" ar \"$@\"\n";
        for (name, script) in [("cc", compiler), ("ar", archiver), ("ld", linker)] {
            let tool = folder.join(name);
            shell.write_file(&tool, script)?;
            cmd!(shell, "chmod +x {tool}").quiet().run()?;
        }
        Ok(())
    }

    /// The folder of LLVM's unwinder.
    pub(super) fn unwinder(&self) -> PathBuf {
        self.library.join("libunwind")
    }
}
