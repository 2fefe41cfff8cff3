//! Rules for a shared library as a loader sees it: exported names, alignment of segments, relocations.

use std::path::Path;

use anyhow::Context as _;
use object::{
    Endianness, FileKind, Object as _, ObjectSymbol as _,
    elf::{DF_TEXTREL, DT_FLAGS, DT_TEXTREL, FileHeader32, FileHeader64, PT_LOAD},
    read::elf::{Dyn as _, ElfFile, FileHeader, ProgramHeader as _},
};

/// Prefixes of exported names: `UniFFI`'s functions, and data that its generator reads. Any other name could clash with
/// one of another library in the process, such as an app's own SQLite.
const EXPORTED: [&str; 3] = ["uniffi_", "ffi_", "UNIFFI_META_"];

/// The page size of Linux on x86-64 and of all 32-bit systems.
const SMALL_PAGE: u64 = 4 * 1024;

/// The largest page size of Android since version 15, which segments of 64-bit libraries are aligned to. No device with
/// larger pages runs 32-bit programs.
const LARGE_PAGE: u64 = 16 * 1024;

/// The system that loads the library.
#[derive(Clone, Copy)]
pub(crate) enum Loader {
    /// Linux as on this machine.
    Host,
    /// Any supported version of Android.
    Android,
}

/// Checks a library against all rules.
pub(crate) fn check(library: &Path, loader: Loader) -> anyhow::Result<()> {
    let bytes =
        std::fs::read(library).with_context(|| format!("cannot read {}", library.display()))?;
    let page = match loader {
        Loader::Host => SMALL_PAGE,
        Loader::Android => LARGE_PAGE,
    };
    let problems = match FileKind::parse(&*bytes) {
        Ok(FileKind::Elf64) => problems::<FileHeader64<Endianness>>(&bytes, page)?,
        Ok(FileKind::Elf32) => problems::<FileHeader32<Endianness>>(&bytes, SMALL_PAGE)?,
        _ => anyhow::bail!("{} is not an ELF library", library.display()),
    };
    anyhow::ensure!(problems.is_empty(), "{}:\n{}", library.display(), problems.join("\n"));
    Ok(())
}

/// Whether a library of ours may export this name.
pub(crate) fn is_ours(name: &str) -> bool {
    EXPORTED.iter().any(|ours| name.starts_with(ours))
}

/// A symbol that the loader has to find in another library.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ImportedSymbol {
    pub(crate) name: String,
    /// Without it the library loads all the same, and finds null.
    pub(crate) is_weak: bool,
}

/// All imports of a library.
pub(crate) fn imports(library: &Path) -> anyhow::Result<Vec<ImportedSymbol>> {
    let bytes =
        std::fs::read(library).with_context(|| format!("cannot read {}", library.display()))?;
    let file = object::File::parse(&*bytes)?;
    // The first symbol of the table has no name.
    let undefined = file.dynamic_symbols().filter(|it| it.is_undefined() && it.name() != Ok(""));
    let import = |symbol: object::Symbol<'_, '_>| {
        Ok(ImportedSymbol { name: symbol.name()?.to_owned(), is_weak: symbol.is_weak() })
    };
    undefined.map(import).collect()
}

fn problems<Header: FileHeader<Endian = Endianness>>(
    bytes: &[u8],
    page: u64,
) -> anyhow::Result<Vec<String>> {
    let file = ElfFile::<Header>::parse(bytes)?;
    let mut problems = Vec::new();
    for symbol in file.dynamic_symbols().filter(object::ObjectSymbol::is_definition) {
        let name = symbol.name()?;
        if !is_ours(name) {
            problems.push(format!("exports {name}, which is not one of ours"));
        }
    }
    let endian = file.endian();
    for segment in file.elf_program_headers() {
        let align = segment.p_align(endian).into();
        if segment.p_type(endian) == PT_LOAD && align < page {
            problems.push(format!("a segment is aligned to {align} bytes instead of {page}"));
        }
    }
    let dynamic = file.elf_section_table().dynamic(endian, file.data())?;
    for entry in dynamic.into_iter().flat_map(|(entries, _)| entries) {
        let tag = entry.d_tag(endian);
        let value: u64 = entry.d_val(endian).into();
        let has_flag = tag == DT_FLAGS && value & DF_TEXTREL.0 != 0;
        if has_flag || tag == DT_TEXTREL {
            problems.push("has relocations in its code, which Android refuses".to_owned());
        }
    }
    problems.dedup();
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use xshell::{Shell, cmd};

    use super::*;

    /// Compiles C into a library, and checks it for Android.
    fn compile_and_check(source: &str, options: &[&str]) -> Result<(), String> {
        let shell = Shell::new().unwrap();
        let folder = shell.create_temp_dir().unwrap();
        let code = folder.path().join("code.c");
        let library = folder.path().join("library.so");
        std::fs::write(&code, source).unwrap();
        let build = cmd!(shell, "cc -shared -fPIC -nostdlib -Wl,-z,notext -o {library} {code}");
        build.args(options).quiet().run().unwrap();
        check(&library, Loader::Android).map_err(|error| error.to_string())
    }

    const LARGE: &str = "-Wl,-z,max-page-size=16384";
    const OURS: &str = "int ffi_one(void) { return 1; } int uniffi_two(void) { return 2; }";

    #[test]
    fn a_valid_library_passes() {
        assert_eq!(compile_and_check(OURS, &[LARGE]), Ok(()));
    }

    #[test]
    fn foreign_exports_are_reported() {
        let error =
            compile_and_check("int sqlite3_open(void) { return 1; }", &[LARGE]).unwrap_err();
        assert!(error.contains("exports sqlite3_open"), "{error}");
    }

    #[test]
    fn small_pages_are_reported_for_64_bits() {
        let error = compile_and_check(OURS, &["-Wl,-z,max-page-size=4096"]).unwrap_err();
        assert!(error.contains("aligned to 4096 bytes instead of 16384"), "{error}");
    }

    #[test]
    fn small_pages_suffice_for_32_bits() {
        assert_eq!(compile_and_check(OURS, &["-m32", "-Wl,-z,max-page-size=4096"]), Ok(()));
        let error = compile_and_check(OURS, &["-m32", "-Wl,-z,max-page-size=2048"]).unwrap_err();
        assert!(error.contains("aligned to 2048 bytes instead of 4096"), "{error}");
    }

    #[test]
    fn relocations_in_code_are_reported() {
        let code = format!("{OURS} __asm__(\".text\\n.quad ffi_one\");");
        let error = compile_and_check(&code, &[LARGE]).unwrap_err();
        assert!(error.contains("relocations in its code"), "{error}");
    }
}
