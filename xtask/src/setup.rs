//! Programs from outside of cargo: the one list of Debian packages, and their installation.

use std::collections::BTreeSet;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::tree::step;

/// A Debian package and the sign by which we know that another system has the same thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    name: &'static str,
    sign: Sign,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    /// A program on the search path.
    Program(&'static str),
    /// A header that the C compiler finds.
    Header(&'static str),
    /// A file of this pattern where fonts are kept.
    Font(&'static str),
    /// A file of this path.
    File(&'static str),
    /// A module that `python3` imports.
    PythonModule(&'static str),
}

/// Where systems keep fonts for all users.
const FONTS: &[&str] = &["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts"];

/// Links an Android library's resources.
pub(crate) const AAPT: Package = Package { name: "aapt", sign: Sign::Program("aapt2") };
/// Enters the Debian that has Swift.
pub(crate) const BUBBLEWRAP: Package = Package { name: "bubblewrap", sign: Sign::Program("bwrap") };
/// Shows the till page in tests.
pub(crate) const CHROMIUM: Package = Package { name: "chromium", sign: Sign::Program("chromium") };
/// Builds the bundled zxing-cpp.
pub(crate) const CMAKE: Package = Package { name: "cmake", sign: Sign::Program("cmake") };
/// Fetches what no package manager of ours does.
pub(crate) const CURL: Package = Package { name: "curl", sign: Sign::Program("curl") };
/// Compiles the bundled zxing-cpp.
pub(crate) const CXX: Package = Package { name: "g++", sign: Sign::Program("c++") };
/// Letters of one width, for pictures that people look at.
pub(crate) const FONT: Package =
    Package { name: "fonts-dejavu-core", sign: Sign::Font("*Mono*.ttf") };
/// The resources of Android itself, which an Android library's may name.
pub(crate) const FRAMEWORK: Package = Package {
    name: "android-framework-res",
    sign: Sign::File("/usr/share/android-framework-res/framework-res.apk"),
};
/// Compiles and runs the Kotlin library's tests.
pub(crate) const JDK: Package =
    Package { name: "openjdk-17-jdk-headless", sign: Sign::Program("javac") };
/// The crypto library that `SQLCipher`, a peer in the benches, is linked with.
pub(crate) const LIBCRYPTO: Package =
    Package { name: "libssl-dev", sign: Sign::Header("openssl/evp.h") };
/// Takes the memory of a running process, to search it for secrets.
pub(crate) const GDB: Package = Package { name: "gdb", sign: Sign::Program("gcore") };
/// Builds Stripe's test server.
pub(crate) const GO: Package = Package { name: "golang-go", sign: Sign::Program("go") };
/// Letters of Japanese, for pages that people look at.
pub(crate) const JAPANESE: Package =
    Package { name: "fonts-noto-cjk", sign: Sign::Font("NotoSansCJK*") };
/// Builds the Kotlin library.
pub(crate) const MAVEN: Package = Package { name: "maven", sign: Sign::Program("mvn") };
/// Makes the Debian that has Swift.
pub(crate) const MMDEBSTRAP: Package =
    Package { name: "mmdebstrap", sign: Sign::Program("mmdebstrap") };
/// Runs what drives the browser.
pub(crate) const NODE: Package = Package { name: "nodejs", sign: Sign::Program("node") };
/// Installs what drives the browser.
pub(crate) const NPM: Package = Package { name: "npm", sign: Sign::Program("npm") };
/// Computes one-time passwords, to compare ours with.
pub(crate) const OATHTOOL: Package = Package { name: "oathtool", sign: Sign::Program("oathtool") };
/// The issuer's store beyond one machine; the tests start a cluster of their own.
pub(crate) const POSTGRESQL: Package =
    Package { name: "postgresql", sign: Sign::Program("pg_dump") };
/// Makes environments for Python's packages. Debian's bare python3 lacks the module that puts pip into them.
pub(crate) const PYTHON: Package =
    Package { name: "python3-venv", sign: Sign::PythonModule("ensurepip") };
/// Counts instructions.
pub(crate) const VALGRIND: Package = Package { name: "valgrind", sign: Sign::Program("valgrind") };
/// Reads our symbols back.
pub(crate) const ZBAR: Package = Package { name: "zbar-tools", sign: Sign::Program("zbarimg") };

/// Installs what is missing of `packages` and says so; does nothing, silently, when all is there.
pub(crate) fn install(shell: &Shell, packages: &[Package]) -> anyhow::Result<()> {
    let missing: BTreeSet<&str> = packages
        .iter()
        .filter(|package| !is_present(shell, package.sign))
        .map(|package| package.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = &missing.into_iter().collect::<Vec<_>>();
    let list = names.join(" ");
    anyhow::ensure!(
        runs(shell, "apt-get"),
        "this system has no apt-get: install what Debian calls {list} by its own means, then try again"
    );
    step(&format!("installing Debian packages: {list}"));
    let is_root = cmd!(shell, "id -u").quiet().read()? == "0";
    let (program, env): (_, &[&str]) = if is_root { ("env", &[]) } else { ("sudo", &["env"]) };
    let apt = ["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"];
    // The package lists of a fresh image are empty, those of an old one name files that are gone.
    cmd!(shell, "{program} {env...} {apt...} update").quiet().run()?;
    cmd!(shell, "{program} {env...} {apt...} install --no-install-recommends {names...}")
        .quiet()
        .run()
        .with_context(|| format!("cannot install {list}"))
}

fn is_present(shell: &Shell, sign: Sign) -> bool {
    match sign {
        Sign::Program(program) => runs(shell, program),
        Sign::Font(pattern) => {
            let find = cmd!(shell, "find {FONTS...} -name {pattern} -print -quit");
            // not every one of the folders is there, and find says so by its exit code
            let found = find.quiet().ignore_stderr().ignore_status().read();
            found.is_ok_and(|path| !path.is_empty())
        }
        Sign::File(path) => shell.path_exists(path),
        Sign::PythonModule(module) => {
            let import = format!("import {module}");
            let python = cmd!(shell, "python3 -c {import}");
            python.quiet().ignore_stdout().ignore_stderr().run().is_ok()
        }
        Sign::Header(header) => {
            let source = format!("#include <{header}>\n");
            let compile = cmd!(shell, "cc -fsyntax-only -x c -").stdin(source);
            compile.quiet().ignore_stdout().ignore_stderr().run().is_ok()
        }
    }
}

/// `sh` rather than a search of our own: it knows the rules of the path.
fn runs(shell: &Shell, program: &str) -> bool {
    let lookup = "command -v \"$1\"";
    cmd!(shell, "sh -c {lookup} sh {program}").quiet().ignore_stdout().run().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: Package =
        Package { name: "no-such-package", sign: Sign::Program("no-such-program") };

    #[test]
    fn what_is_there_is_not_installed_again() {
        let shell = Shell::new().unwrap();
        let sh = Package { name: "no-such-package", sign: Sign::Program("sh") };
        install(&shell, &[sh, sh]).unwrap();
    }

    #[test]
    fn a_header_is_found_or_not() {
        let shell = Shell::new().unwrap();
        assert!(is_present(&shell, Sign::Header("stdio.h")));
        assert!(!is_present(&shell, Sign::Header("no/such/header.h")));
    }

    #[test]
    fn a_python_module_is_found_or_not() {
        let shell = Shell::new().unwrap();
        assert!(!is_present(&shell, Sign::PythonModule("no_such_module")));
    }

    #[test]
    fn a_font_is_found_or_not() {
        let shell = Shell::new().unwrap();
        assert!(!is_present(&shell, Sign::Font("no-such-font-*.ttf")));
    }

    #[test]
    fn a_system_without_apt_is_told_what_to_install() {
        let shell = Shell::new().unwrap();
        let bin = shell.create_temp_dir().unwrap();
        // A search path with a shell on it and nothing else.
        let sh = cmd!(shell, "sh -c 'command -v sh'").quiet().read().unwrap();
        shell.copy_file(sh, bin.path().join("sh")).unwrap();
        shell.set_var("PATH", bin.path());
        let error = install(&shell, &[ABSENT]).unwrap_err().to_string();
        assert!(error.contains("no-such-package"), "{error}");
        assert!(error.contains("no apt-get"), "{error}");
    }
}
