//! What Android's C libraries export to apps, by level and processor: the one list that stubs are made from and that
//! imports are judged by.

use anyhow::Context as _;

use crate::elf::ImportedSymbol;

const LIST: &str = include_str!("bionic-symbols.txt");

/// Libraries that are linked with by name, although nothing may be imported from them that the list does not have.
pub(super) const LIBRARIES: [&str; 4] = ["libc", "libdl", "liblog", "libm"];

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ListedSymbol {
    name: &'static str,
    library: &'static str,
    level: u32,
    processors: &'static str,
}

impl ListedSymbol {
    fn is_for(self, processor: &str) -> bool {
        self.processors == "all" || self.processors.split(',').any(|it| it == processor)
    }
}

/// The list's symbols for a processor.
fn symbols(processor: &str) -> anyhow::Result<Vec<ListedSymbol>> {
    let lines = LIST.lines().filter(|line| !line.starts_with('#'));
    let all: Vec<ListedSymbol> = lines.map(parse).collect::<anyhow::Result<_>>()?;
    Ok(all.into_iter().filter(|symbol| symbol.is_for(processor)).collect())
}

fn parse(line: &'static str) -> anyhow::Result<ListedSymbol> {
    let [name, library, level, processors] = line.split(' ').collect::<Vec<_>>()[..] else {
        anyhow::bail!("not four words in the list of Android's symbols: {line}")
    };
    let level = level.parse().with_context(|| format!("no API level: {line}"))?;
    Ok(ListedSymbol { name, library, level, processors })
}

/// The source, in assembler, of a library that exports what the real one does up to this level, and does nothing.
pub(super) fn stub(library: &str, processor: &str, api: u32) -> anyhow::Result<String> {
    let exported = symbols(processor)?.into_iter();
    let exported = exported.filter(|symbol| symbol.library == library && symbol.level <= api);
    let define = |name: &str| format!(".globl {name}\n.type {name},%function\n{name}:\n");
    Ok(exported.map(|symbol| define(symbol.name)).collect())
}

/// A sentence for each import that a phone of this level does not have. A weak one is null there, and only has to exist.
pub(super) fn missing(
    imports: &[ImportedSymbol],
    processor: &str,
    api: u32,
) -> anyhow::Result<Vec<String>> {
    let symbols = symbols(processor)?;
    let judge = |import: &ImportedSymbol| {
        let levels = symbols.iter().filter(|symbol| symbol.name == import.name);
        match levels.map(|symbol| symbol.level).min() {
            None => Some(format!("imports {}, which Android has not for apps", import.name)),
            Some(level) if level > api && !import.is_weak => Some(format!(
                "imports {}, which came with API level {level}; the lowest is {api}",
                import.name
            )),
            Some(_) => None,
        }
    };
    Ok(imports.iter().filter_map(judge).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(name: &str, is_weak: bool) -> ImportedSymbol {
        ImportedSymbol { name: name.to_owned(), is_weak }
    }

    #[test]
    fn the_list_is_sorted_and_has_each_library() {
        let lines: Vec<_> = LIST.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.is_sorted());
        for processor in ["arm", "arm64", "x86_64"] {
            let symbols = symbols(processor).unwrap();
            for library in ["libc", "libdl", "libm"] {
                assert!(symbols.iter().any(|it| it.library == library), "{processor} {library}");
            }
        }
    }

    #[test]
    fn a_stub_exports_what_the_level_has() {
        let stub = |processor, api| stub("libc", processor, api).unwrap();
        assert!(stub("arm64", 26).contains(".globl __errno\n"));
        assert!(!stub("arm64", 26).contains(".globl getrandom\n"));
        assert!(stub("arm64", 28).contains(".globl getrandom\n"));
        assert!(!stub("arm64", 26).contains(".globl __aeabi_memcpy\n"));
        assert!(stub("arm", 26).contains(".globl __aeabi_memcpy\n"));
    }

    #[test]
    fn imports_of_higher_levels_and_unknown_ones_are_missing() {
        let imports = [import("malloc", false), import("getrandom", false), import("brk0", true)];
        assert_eq!(
            missing(&imports, "arm64", 26).unwrap(),
            [
                "imports getrandom, which came with API level 28; the lowest is 26",
                "imports brk0, which Android has not for apps"
            ]
        );
        assert_eq!(missing(&[import("getrandom", true)], "arm64", 26).unwrap(), [""; 0]);
    }
}
