//! What a loader meets in the shared library: which names it gives away, and what it asks of memory.

use std::path::Path;

use anyhow::Context as _;
use object::{
    Endianness, FileKind, Object as _, ObjectSymbol as _,
    elf::{DF_TEXTREL, DT_FLAGS, DT_TEXTREL, PT_LOAD},
    read::elf::{Dyn as _, ElfFile64, ProgramHeader as _},
};

/// What all exported names begin with: `UniFFI`'s own functions, and what its generator reads. Anything else would meet
/// another library's name in the same process, as an app's own SQLite.
const EXPORTED: [&str; 3] = ["uniffi_", "ffi_", "UNIFFI_META_"];

/// What Android asks for since version 15: segments can be mapped on a system whose pages are this large.
#[cfg(test)]
const ANDROID_PAGE: u64 = 16 * 1024;

/// Holds a library of 64 bits against the rules; `page` is the largest page that it must be loadable with.
pub(crate) fn check(library: &Path, page: u64) -> anyhow::Result<()> {
    let bytes =
        std::fs::read(library).with_context(|| format!("cannot read {}", library.display()))?;
    anyhow::ensure!(FileKind::parse(&*bytes)? == FileKind::Elf64, "not an ELF library of 64 bits");
    let file = ElfFile64::<Endianness>::parse(&*bytes)?;
    let problems = problems(&file, page)?;
    anyhow::ensure!(problems.is_empty(), "{}:\n{}", library.display(), problems.join("\n"));
    Ok(())
}

fn problems(file: &ElfFile64<'_>, page: u64) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    for symbol in file.dynamic_symbols().filter(object::ObjectSymbol::is_definition) {
        let name = symbol.name()?;
        if !EXPORTED.iter().any(|ours| name.starts_with(ours)) {
            problems.push(format!("exports {name}, which is none of ours to give away"));
        }
    }
    let endian = file.endian();
    for segment in file.elf_program_headers() {
        let align = segment.p_align(endian);
        if segment.p_type(endian) == PT_LOAD && align < page {
            problems
                .push(format!("a segment is aligned to {align} bytes, and {page} are asked for"));
        }
    }
    let dynamic = file.elf_section_table().dynamic(endian, file.data())?;
    for entry in dynamic.into_iter().flat_map(|(entries, _)| entries) {
        let (tag, value) = (entry.d_tag(endian), entry.d_val(endian));
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

    /// What the C compiler makes of this, judged for pages of 16 KiB.
    fn judged(source: &str, options: &[&str]) -> Result<(), String> {
        let shell = Shell::new().unwrap();
        let folder = shell.create_temp_dir().unwrap();
        let (code, library) = (folder.path().join("code.c"), folder.path().join("library.so"));
        std::fs::write(&code, source).unwrap();
        let build = cmd!(shell, "cc -shared -fPIC -nostdlib -Wl,-z,notext -o {library} {code}");
        build.args(options).quiet().run().unwrap();
        check(&library, ANDROID_PAGE).map_err(|error| error.to_string())
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
    fn relocations_in_code_are_told() {
        let code = format!("{OURS} __asm__(\".text\\n.quad ffi_one\");");
        let error = judged(&code, &[LARGE]).unwrap_err();
        assert!(error.contains("relocations in its code"), "{error}");
    }
}
