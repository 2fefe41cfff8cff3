//! What a loader meets in the shared library: which names it gives away, and what it asks of memory.

use std::path::Path;

use anyhow::Context as _;
use object::{
    Endianness, FileKind, Object as _, ObjectSymbol as _,
    elf::{DF_TEXTREL, DT_FLAGS, DT_TEXTREL, FileHeader32, FileHeader64, PT_LOAD},
    read::elf::{Dyn as _, ElfFile, FileHeader, ProgramHeader as _},
};

/// What all exported names begin with: `UniFFI`'s own functions, and what its generator reads. Anything else would meet
/// another library's name in the same process, as an app's own SQLite.
const EXPORTED: [&str; 3] = ["uniffi_", "ffi_", "UNIFFI_META_"];

/// Pages of 4 KiB: what Linux has on x86-64, and what every system of 32 bits has.
const SMALL_PAGE: u64 = 4 * 1024;

/// What Android asks for since version 15: segments can be mapped on a system whose pages are this large. It asks that
/// of 64 bits alone: no device with larger pages runs programs of 32.
const LARGE_PAGE: u64 = 16 * 1024;

/// Who is to load the library.
#[derive(Clone, Copy)]
pub(crate) enum Loader {
    /// A Linux as this one.
    Host,
    /// An Android of any version.
    Android,
}

/// Holds a library against the rules.
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

fn problems<Header: FileHeader<Endian = Endianness>>(
    bytes: &[u8],
    page: u64,
) -> anyhow::Result<Vec<String>> {
    let file = ElfFile::<Header>::parse(bytes)?;
    let mut problems = Vec::new();
    for symbol in file.dynamic_symbols().filter(object::ObjectSymbol::is_definition) {
        let name = symbol.name()?;
        if !EXPORTED.iter().any(|ours| name.starts_with(ours)) {
            problems.push(format!("exports {name}, which is none of ours to give away"));
        }
    }
    let endian = file.endian();
    for segment in file.elf_program_headers() {
        let align = segment.p_align(endian).into();
        if segment.p_type(endian) == PT_LOAD && align < page {
            problems
                .push(format!("a segment is aligned to {align} bytes, and {page} are asked for"));
        }
    }
    let dynamic = file.elf_section_table().dynamic(endian, file.data())?;
    for entry in dynamic.into_iter().flat_map(|(entries, _)| entries) {
        let (tag, value) = (entry.d_tag(endian), entry.d_val(endian).into());
        let flagged = tag == DT_FLAGS && value & DF_TEXTREL.0 != 0;
        if flagged || tag == DT_TEXTREL {
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

    /// What the C compiler makes of this, judged for Android.
    fn judged(source: &str, options: &[&str]) -> Result<(), String> {
        let shell = Shell::new().unwrap();
        let folder = shell.create_temp_dir().unwrap();
        let (code, library) = (folder.path().join("code.c"), folder.path().join("library.so"));
        std::fs::write(&code, source).unwrap();
        let build = cmd!(shell, "cc -shared -fPIC -nostdlib -Wl,-z,notext -o {library} {code}");
        build.args(options).quiet().run().unwrap();
        check(&library, Loader::Android).map_err(|error| error.to_string())
    }

    const LARGE: &str = "-Wl,-z,max-page-size=16384";
    const OURS: &str = "int ffi_one(void) { return 1; } int uniffi_two(void) { return 2; }";

    #[test]
    fn a_library_that_keeps_the_rules_passes() {
        assert_eq!(judged(OURS, &[LARGE]), Ok(()));
    }

    #[test]
    fn a_name_that_is_not_ours_is_told() {
        let error = judged("int sqlite3_open(void) { return 1; }", &[LARGE]).unwrap_err();
        assert!(error.contains("exports sqlite3_open"), "{error}");
    }

    #[test]
    fn small_pages_are_told() {
        let error = judged(OURS, &["-Wl,-z,max-page-size=4096"]).unwrap_err();
        assert!(error.contains("aligned to 4096 bytes, and 16384"), "{error}");
    }

    #[test]
    fn small_pages_will_do_for_32_bits() {
        assert_eq!(judged(OURS, &["-m32", "-Wl,-z,max-page-size=4096"]), Ok(()));
        let error = judged(OURS, &["-m32", "-Wl,-z,max-page-size=2048"]).unwrap_err();
        assert!(error.contains("aligned to 2048 bytes, and 4096"), "{error}");
    }

    #[test]
    fn relocations_in_code_are_told() {
        let code = format!("{OURS} __asm__(\".text\\n.quad ffi_one\");");
        let error = judged(&code, &[LARGE]).unwrap_err();
        assert!(error.contains("relocations in its code"), "{error}");
    }
}
