//! Debug symbols in a file beside the library: an app ships the library without them, and a crash report is read with both.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

/// A function whose source line is looked up, as for a crash report.
const EXPORTED_FUNCTION: &str = "uniffi_tegata_ffi_fn_method_payments_next_code";

/// Programs that read and change libraries.
#[derive(Clone, Copy)]
pub(crate) enum Binutils {
    /// Of this machine, for its own libraries.
    Host,
    /// LLVM's, for those of any processor.
    Llvm,
}

impl Binutils {
    fn program(self, name: &str) -> String {
        match self {
            Self::Host => name.to_owned(),
            Self::Llvm => format!("llvm-{name}"),
        }
    }
}

/// Moves the symbols of a library into a file beside it that ends in `.debug`; the library keeps its name for debuggers.
pub(crate) fn separate(shell: &Shell, library: &Path, tools: Binutils) -> anyhow::Result<PathBuf> {
    let objcopy = tools.program("objcopy");
    let mut name = library.as_os_str().to_owned();
    name.push(".debug");
    let symbols = PathBuf::from(name);
    cmd!(shell, "{objcopy} --only-keep-debug {library} {symbols}").quiet().run()?;
    cmd!(shell, "{objcopy} --strip-unneeded --add-gnu-debuglink={symbols} {library}")
        .quiet()
        .run()?;
    Ok(symbols)
}

/// Checks that the line of one of our functions is found by the symbols beside the library.
pub(crate) fn check_line(shell: &Shell, library: &Path, tools: Binutils) -> anyhow::Result<()> {
    let line = line_of(shell, library, EXPORTED_FUNCTION, tools)?;
    anyhow::ensure!(line.contains("bindings/src/"), "{EXPORTED_FUNCTION} is looked up as {line}");
    Ok(())
}

/// The source file and line of an exported function, as one looks up an address of a crash report.
fn line_of(
    shell: &Shell,
    library: &Path,
    function: &str,
    tools: Binutils,
) -> anyhow::Result<String> {
    let [nm, addr2line] = ["nm", "addr2line"].map(|name| tools.program(name));
    let all = cmd!(shell, "{nm} --dynamic --defined-only {library}").quiet().read()?;
    let address = all.lines().find_map(|line| match *line.split(' ').collect::<Vec<_>>() {
        [address, _, name] if name == function => Some(address),
        _ => None,
    });
    let address = address.with_context(|| format!("the library exports no {function}"))?;
    let line = cmd!(shell, "{addr2line} --exe {library} {address}").quiet().read()?;
    anyhow::ensure!(!line.starts_with('?'), "no source line is known for {function}");
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_looked_up_in_the_symbol_file() {
        let shell = Shell::new().unwrap();
        let folder = shell.create_temp_dir().unwrap();
        let code = folder.path().join("code.c");
        let library = folder.path().join("library.so");
        std::fs::write(&code, "\n\nint ffi_one(void) { return 1; }\n").unwrap();
        let build = cmd!(shell, "cc -g -shared -fPIC -nostdlib -o {library} {code}");
        build.quiet().run().unwrap();

        let symbols = separate(&shell, &library, Binutils::Host).unwrap();
        let sections = cmd!(shell, "readelf --sections --wide {library}").quiet().read().unwrap();
        assert!(!sections.contains(".debug_line") && !sections.contains(".symtab"), "{sections}");
        let line = line_of(&shell, &library, "ffi_one", Binutils::Host).unwrap();
        assert!(line.ends_with("code.c:3"), "{line}");

        std::fs::remove_file(symbols).unwrap();
        let error = line_of(&shell, &library, "ffi_one", Binutils::Host).unwrap_err().to_string();
        assert_eq!(error, "no source line is known for ffi_one");
        assert!(line_of(&shell, &library, "ffi_two", Binutils::Host).is_err());
    }
}
