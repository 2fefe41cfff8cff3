//! Debian packages that tests and tools need: the only list of them, and their installation.

use std::collections::BTreeSet;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::progress::step;

/// A Debian package, and how to tell that its content is there already, on other systems too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    name: &'static str,
    probe: Probe,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Probe {
    /// A program on the search path.
    Program(&'static str),
    /// A header on the C compiler's search path.
    Header(&'static str),
    /// A font file whose name matches the pattern.
    Font(&'static str),
    /// A file at the path.
    File(&'static str),
    /// A module that `python3` can import.
    PythonModule(&'static str),
}

/// Folders of fonts for all users, on Linux and macOS.
const FONTS: &[&str] = &["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts"];

/// Links an Android library's resources.
pub(crate) const AAPT: Package = Package { name: "aapt", probe: Probe::Program("aapt2") };
/// Compiles C for 64-bit ARM, and links.
pub(crate) const ARM_COMPILER: Package =
    Package { name: "gcc-aarch64-linux-gnu", probe: Probe::Program("aarch64-linux-gnu-gcc") };
/// The C library for 64-bit ARM.
pub(crate) const ARM_LIBC: Package = Package {
    name: "libc6-dev-arm64-cross",
    probe: Probe::File("/usr/aarch64-linux-gnu/include/stdio.h"),
};
/// Runs Swift in a root file system of its own.
pub(crate) const BUBBLEWRAP: Package =
    Package { name: "bubblewrap", probe: Probe::Program("bwrap") };
/// Shows the till page in tests.
pub(crate) const CHROMIUM: Package =
    Package { name: "chromium", probe: Probe::Program("chromium") };
/// Builds the bundled zxing-cpp.
pub(crate) const CMAKE: Package = Package { name: "cmake", probe: Probe::Program("cmake") };
/// Fetches files that no package manager fetches here.
pub(crate) const CURL: Package = Package { name: "curl", probe: Probe::Program("curl") };
/// Compiles the bundled zxing-cpp.
pub(crate) const CXX: Package = Package { name: "g++", probe: Probe::Program("c++") };
/// What Patroni's nodes agree by on who leads.
pub(crate) const ETCD: Package = Package { name: "etcd-server", probe: Probe::Program("etcd") };
/// A monospaced font for pictures of the terminal.
pub(crate) const FONT: Package =
    Package { name: "fonts-dejavu-core", probe: Probe::Font("*Mono*.ttf") };
/// The resources of Android itself, which those of an Android library refer to.
pub(crate) const FRAMEWORK: Package = Package {
    name: "android-framework-res",
    probe: Probe::File("/usr/share/android-framework-res/framework-res.apk"),
};
/// Compiles and runs Kotlin and Java.
pub(crate) const JDK: Package =
    Package { name: "openjdk-17-jdk-headless", probe: Probe::Program("javac") };
/// The crypto library that `SQLCipher`, a peer in the benches, is linked with.
pub(crate) const LIBCRYPTO: Package =
    Package { name: "libssl-dev", probe: Probe::Header("openssl/evp.h") };
/// Dumps the memory of a running process, which is searched for secrets.
pub(crate) const GDB: Package = Package { name: "gdb", probe: Probe::Program("gcore") };
/// Builds Stripe's test server.
pub(crate) const GO: Package = Package { name: "golang-go", probe: Probe::Program("go") };
/// A proxy that there is an example for.
pub(crate) const HAPROXY: Package = Package { name: "haproxy", probe: Probe::Program("haproxy") };
/// A Japanese font for pictures of the till page.
pub(crate) const JAPANESE: Package =
    Package { name: "fonts-noto-cjk", probe: Probe::Font("NotoSansCJK*") };
/// Reads the answers in the example of a till.
pub(crate) const JQ: Package = Package { name: "jq", probe: Probe::Program("jq") };
/// Reads and changes libraries of phones.
pub(crate) const LLVM: Package = Package { name: "llvm", probe: Probe::Program("llvm-objcopy") };
/// Builds the Kotlin library.
pub(crate) const MAVEN: Package = Package { name: "maven", probe: Probe::Program("mvn") };
/// Installs the root file system that has Swift.
pub(crate) const MMDEBSTRAP: Package =
    Package { name: "mmdebstrap", probe: Probe::Program("mmdebstrap") };
/// A proxy that there is an example for.
pub(crate) const NGINX: Package = Package { name: "nginx-light", probe: Probe::Program("nginx") };
/// Runs the tests that drive the browser.
pub(crate) const NODE: Package = Package { name: "nodejs", probe: Probe::Program("node") };
/// Installs the packages that drive the browser.
pub(crate) const NPM: Package = Package { name: "npm", probe: Probe::Program("npm") };
/// Computes one-time passwords to compare ours with.
pub(crate) const OATHTOOL: Package =
    Package { name: "oathtool", probe: Probe::Program("oathtool") };
/// Makes certificates for proxies that are only looked at.
pub(crate) const OPENSSL: Package = Package { name: "openssl", probe: Probe::Program("openssl") };
/// Decides which of several PostgreSQL servers is the primary.
pub(crate) const PATRONI: Package = Package { name: "patroni", probe: Probe::Program("patroni") };
/// A pooler before PostgreSQL, which the issuer has to recognise. It is not on everybody's path.
pub(crate) const PGBOUNCER: Package =
    Package { name: "pgbouncer", probe: Probe::File("/usr/sbin/pgbouncer") };
/// The issuer's larger store; the tests start a cluster of their own.
pub(crate) const POSTGRESQL: Package =
    Package { name: "postgresql", probe: Probe::Program("pg_dump") };
/// Judges rules for alerts.
pub(crate) const PROMETHEUS: Package =
    Package { name: "prometheus", probe: Probe::Program("promtool") };
/// Creates virtual environments; Debian's bare python3 lacks the module that puts pip into them.
pub(crate) const PYTHON: Package =
    Package { name: "python3-venv", probe: Probe::PythonModule("ensurepip") };
/// Runs programs for phones' processors.
pub(crate) const QEMU: Package =
    Package { name: "qemu-user-static", probe: Probe::Program("qemu-aarch64-static") };
/// Locks a store, as another program would.
pub(crate) const SQLITE: Package = Package { name: "sqlite3", probe: Probe::Program("sqlite3") };
/// Judges the unit of the service.
pub(crate) const SYSTEMD: Package =
    Package { name: "systemd", probe: Probe::Program("systemd-analyze") };
/// Counts the instructions of a program.
pub(crate) const VALGRIND: Package =
    Package { name: "valgrind", probe: Probe::Program("valgrind") };
/// Scans the symbols that we draw.
pub(crate) const ZBAR: Package = Package { name: "zbar-tools", probe: Probe::Program("zbarimg") };

/// Installs the missing ones of `packages`; prints nothing if none is missing.
pub(crate) fn install(shell: &Shell, packages: &[Package]) -> anyhow::Result<()> {
    let missing: BTreeSet<&str> = packages
        .iter()
        .filter(|package| !is_present(shell, package.probe))
        .map(|package| package.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = &missing.into_iter().collect::<Vec<_>>();
    let list = names.join(" ");
    anyhow::ensure!(
        runs(shell, "apt-get"),
        "this system has no apt-get: install what Debian calls {list} in another way, then try again"
    );
    step(&format!("installing Debian packages: {list}"));
    let is_root = cmd!(shell, "id -u").quiet().read()? == "0";
    let (program, env): (_, &[&str]) = if is_root { ("env", &[]) } else { ("sudo", &["env"]) };
    let apt = ["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"];
    // A fresh image has no package lists, and those of an old one name files that no longer exist.
    cmd!(shell, "{program} {env...} {apt...} update").quiet().run()?;
    cmd!(shell, "{program} {env...} {apt...} install --no-install-recommends {names...}")
        .quiet()
        .run()
        .with_context(|| format!("cannot install {list}"))
}

fn is_present(shell: &Shell, probe: Probe) -> bool {
    match probe {
        Probe::Program(program) => runs(shell, program),
        Probe::Font(pattern) => {
            let find = cmd!(shell, "find {FONTS...} -name {pattern} -print -quit");
            // find exits with an error if one of the folders does not exist.
            let found = find.quiet().ignore_stderr().ignore_status().read();
            found.is_ok_and(|path| !path.is_empty())
        }
        Probe::File(path) => shell.path_exists(path),
        Probe::PythonModule(module) => {
            let import = format!("import {module}");
            let python = cmd!(shell, "python3 -c {import}");
            python.quiet().ignore_stdout().ignore_stderr().run().is_ok()
        }
        Probe::Header(header) => {
            let source = format!("#include <{header}>\n");
            let compile = cmd!(shell, "cc -fsyntax-only -x c -").stdin(source);
            compile.quiet().ignore_stdout().ignore_stderr().run().is_ok()
        }
    }
}

/// Whether the program is on the search path, as `sh` looks it up.
fn runs(shell: &Shell, program: &str) -> bool {
    let lookup = "command -v \"$1\"";
    cmd!(shell, "sh -c {lookup} sh {program}").quiet().ignore_stdout().run().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: Package =
        Package { name: "no-such-package", probe: Probe::Program("no-such-program") };

    #[test]
    fn a_present_package_is_not_installed() {
        let shell = Shell::new().unwrap();
        let sh = Package { name: "no-such-package", probe: Probe::Program("sh") };
        install(&shell, &[sh, sh]).unwrap();
    }

    #[test]
    fn headers_are_probed() {
        let shell = Shell::new().unwrap();
        assert!(is_present(&shell, Probe::Header("stdio.h")));
        assert!(!is_present(&shell, Probe::Header("no/such/header.h")));
    }

    #[test]
    fn python_modules_are_probed() {
        let shell = Shell::new().unwrap();
        assert!(!is_present(&shell, Probe::PythonModule("no_such_module")));
    }

    #[test]
    fn fonts_are_probed() {
        let shell = Shell::new().unwrap();
        assert!(!is_present(&shell, Probe::Font("no-such-font-*.ttf")));
    }

    #[test]
    fn without_apt_the_error_names_the_packages() {
        let shell = Shell::new().unwrap();
        let bin = shell.create_temp_dir().unwrap();
        // A search path with nothing but a shell.
        let sh = cmd!(shell, "sh -c 'command -v sh'").quiet().read().unwrap();
        shell.copy_file(sh, bin.path().join("sh")).unwrap();
        shell.set_var("PATH", bin.path());
        let error = install(&shell, &[ABSENT]).unwrap_err().to_string();
        assert!(error.contains("no-such-package"), "{error}");
        assert!(error.contains("no apt-get"), "{error}");
    }
}
