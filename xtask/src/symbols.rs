//! What only debuggers and UniFFI's generator read of a library, in a file of its own: an app ships the library without
//! it, and an address in a crash report is looked up in both.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

/// Strips a library into a file beside it that ends in `.debug`; debuggers find that there by the name that the library
/// keeps of it.
pub(crate) fn separate(shell: &Shell, library: &Path) -> anyhow::Result<PathBuf> {
    let mut symbols = library.as_os_str().to_owned();
    symbols.push(".debug");
    let symbols = PathBuf::from(symbols);
    cmd!(shell, "objcopy --only-keep-debug {library} {symbols}").quiet().run()?;
    cmd!(shell, "objcopy --strip-unneeded --add-gnu-debuglink={symbols} {library}")
        .quiet()
        .run()?;
    Ok(symbols)
}

/// The source line at which an exported function begins, as a reader of a crash report would find it.
pub(crate) fn line_of(shell: &Shell, library: &Path, function: &str) -> anyhow::Result<String> {
    let all = cmd!(shell, "nm --dynamic --defined-only {library}").quiet().read()?;
    let address = all.lines().find_map(|line| match *line.split(' ').collect::<Vec<_>>() {
        [address, _, name] if name == function => Some(address),
        _ => None,
    });
    let address = address.with_context(|| format!("the library exports no {function}"))?;
    let line = cmd!(shell, "addr2line --exe {library} {address}").quiet().read()?;
    anyhow::ensure!(!line.starts_with('?'), "nothing tells the source line of {function}");
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_stripped_library_is_told_by_the_file_beside_it() {
        let shell = Shell::new().unwrap();
        let folder = shell.create_temp_dir().unwrap();
        let (code, library) = (folder.path().join("code.c"), folder.path().join("library.so"));
        std::fs::write(&code, "\n\nint ffi_one(void) { return 1; }\n").unwrap();
        let build = cmd!(shell, "cc -g -shared -fPIC -nostdlib -o {library} {code}");
        build.quiet().run().unwrap();

        let symbols = separate(&shell, &library).unwrap();
        let sections = cmd!(shell, "readelf --sections --wide {library}").quiet().read().unwrap();
        assert!(!sections.contains(".debug_line") && !sections.contains(".symtab"), "{sections}");
        let line = line_of(&shell, &library, "ffi_one").unwrap();
        assert!(line.ends_with("code.c:3"), "{line}");

        std::fs::remove_file(symbols).unwrap();
        let error = line_of(&shell, &library, "ffi_one").unwrap_err().to_string();
        assert_eq!(error, "nothing tells the source line of ffi_one");
        assert!(line_of(&shell, &library, "ffi_two").is_err());
    }
}
