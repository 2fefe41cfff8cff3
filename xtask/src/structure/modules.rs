//! The modules of a crate, and which file uses what of which other. Paths are resolved as the compiler does it, except for
//! methods and for what macros generate.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    file::File,
    outline::{Declared, Import, Outline},
};

/// A library or a binary: its files, and what each uses of the others.
pub(super) struct Crate<'a> {
    /// Paths, the root's first.
    pub(super) files: Vec<&'a str>,
    /// The module path of each file, without the crate's name.
    pub(super) modules: Vec<Vec<&'a str>>,
    /// The modules that the root declares, with their lines.
    pub(super) top_level: Vec<(&'a str, usize)>,
    pub(super) uses: Vec<Use<'a>>,
}

/// A file that names an item which another file defines.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use<'a> {
    /// The files' numbers.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) name: &'a str,
    pub(super) line: usize,
    /// Whether it is a public import of an item that an inner module defines: a re-export, not a use.
    pub(super) is_facade: bool,
}

/// The crates that have a root among these files.
pub(super) fn crates(files: &[File]) -> Vec<Crate<'_>> {
    let by_path: HashMap<&str, &File> =
        files.iter().map(|file| (file.path.as_str(), file)).collect();
    let is_root =
        |file: &&File| file.path.ends_with("/src/lib.rs") || file.path.ends_with("/src/main.rs");
    files.iter().filter(is_root).map(|root| read(root, &by_path)).collect()
}

fn read<'a>(root: &'a File, by_path: &HashMap<&'a str, &'a File>) -> Crate<'a> {
    let mut tree =
        Tree { by_path, files: vec![&root.path], paths: vec![Vec::new()], modules: Vec::new() };
    let (folder, _) = root.path.rsplit_once('/').unwrap_or_default();
    tree.add(&root.outline, 0, None, &Place { beside: folder.into(), below: folder.into() });
    let top_level = root.outline.modules.iter().map(|it| (it.name.as_str(), it.line)).collect();
    Crate { uses: tree.uses(), files: tree.files, modules: tree.paths, top_level }
}

struct Tree<'m, 'a> {
    by_path: &'m HashMap<&'a str, &'a File>,
    files: Vec<&'a str>,
    paths: Vec<Vec<&'a str>>,
    modules: Vec<Module<'a>>,
}

struct Module<'a> {
    outline: &'a Outline,
    file: usize,
    parent: Option<usize>,
    children: BTreeMap<&'a str, usize>,
}

/// Folders in which the files of modules are looked for.
struct Place {
    /// The folder of the file itself.
    beside: String,
    /// The folder of the modules that it declares.
    below: String,
}

/// What a path leads to.
#[derive(Clone, Copy)]
enum Target<'a> {
    Module(usize),
    Item { module: usize, name: &'a str },
}

impl<'a> Tree<'_, 'a> {
    /// Adds a module and its inner modules; returns its number.
    fn add(
        &mut self,
        outline: &'a Outline,
        file: usize,
        parent: Option<usize>,
        place: &Place,
    ) -> usize {
        let number = self.modules.len();
        self.modules.push(Module { outline, file, parent, children: BTreeMap::new() });
        for declared in &outline.modules {
            let child = match &declared.content {
                Some(content) => {
                    let below = format!("{}/{}", place.below, declared.name);
                    let place = Place { beside: place.beside.clone(), below };
                    Some(self.add(content, file, Some(number), &place))
                }
                None => self.add_file(declared, number, place),
            };
            if let Some(child) = child {
                self.modules[number].children.insert(&declared.name, child);
            }
        }
        number
    }

    fn add_file(&mut self, declared: &'a Declared, parent: usize, place: &Place) -> Option<usize> {
        let below = format!("{}/{}", place.below, declared.name);
        let with_folder = format!("{below}/mod.rs");
        let (path, beside) = match &declared.path {
            Some(path) => (format!("{}/{path}", place.beside), place.beside.clone()),
            None if self.by_path.contains_key(with_folder.as_str()) => (with_folder, below.clone()),
            None => (format!("{below}.rs"), place.below.clone()),
        };
        let file = *self.by_path.get(path.as_str())?;
        let number = self.files.len();
        self.files.push(&file.path);
        let mut names = self.paths[self.modules[parent].file].clone();
        names.push(&declared.name);
        self.paths.push(names);
        Some(self.add(&file.outline, number, Some(parent), &Place { beside, below }))
    }

    /// Every use of one file by another, each name once.
    fn uses(&self) -> Vec<Use<'a>> {
        let mut lines = BTreeMap::new();
        for (number, module) in self.modules.iter().enumerate() {
            for mention in &module.outline.mentions {
                let Some(target) = self.resolve(number, &mention.path, &mut HashSet::new()) else {
                    continue;
                };
                let (to, name) = match target {
                    // Paths through an imported module are resolved where they are written.
                    Target::Module(_) if mention.import != Import::None => continue,
                    Target::Module(to) => (to, mention.path.last().map_or("", String::as_str)),
                    Target::Item { module, name } => (module, name),
                };
                self.note(&mut lines, (number, to, name), mention.line, mention.import);
            }
        }
        let uses = lines.into_iter();
        uses.map(|((from, to, is_facade, name), line)| Use { from, to, name, line, is_facade })
            .collect()
    }

    fn note(
        &self,
        lines: &mut BTreeMap<(usize, usize, bool, &'a str), usize>,
        (from, to, name): (usize, usize, &'a str),
        line: usize,
        import: Import,
    ) {
        let from_file = self.modules[from].file;
        let to_file = self.modules[to].file;
        if from_file != to_file {
            let is_facade = import == Import::Public && self.is_within(to, from);
            let first = lines.entry((from_file, to_file, is_facade, name)).or_insert(line);
            *first = line.min(*first);
        }
    }

    fn is_within(&self, module: usize, outer: usize) -> bool {
        let parents = std::iter::successors(Some(module), |&it| self.modules[it].parent);
        parents.skip(1).any(|it| it == outer)
    }

    /// What a path in a module leads to, unless it leads out of the crate.
    fn resolve(
        &self,
        module: usize,
        path: &'a [String],
        seen: &mut HashSet<(usize, &'a str)>,
    ) -> Option<Target<'a>> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(module),
            "super" => Target::Module(self.modules[module].parent?),
            name => self.find(module, name, seen)?,
        };
        while let (Target::Module(module), Some((name, after))) = (at, rest.split_first()) {
            at = match name.as_str() {
                "super" => Target::Module(self.modules[module].parent?),
                // An item that a macro generates is not known: it is assumed to be here.
                name => {
                    let found = self.find(module, name, seen);
                    found.unwrap_or(Target::Item { module, name })
                }
            };
            rest = after;
        }
        Some(at)
    }

    /// What a name means in a module; `seen` holds the names that are being looked up already.
    fn find(
        &self,
        module: usize,
        name: &'a str,
        seen: &mut HashSet<(usize, &'a str)>,
    ) -> Option<Target<'a>> {
        if !seen.insert((module, name)) {
            return None;
        }
        let it = &self.modules[module];
        let found = if let Some(&child) = it.children.get(name) {
            Some(Target::Module(child))
        } else if it.outline.items.contains(name) {
            Some(Target::Item { module, name })
        } else if let Some(paths) = it.outline.imports.get(name) {
            paths.iter().find_map(|path| self.resolve(module, path, seen))
        } else {
            it.outline.globs.iter().find_map(|path| match self.resolve(module, path, seen)? {
                Target::Module(to) => self.find(to, name, seen),
                // Variants of an enum.
                Target::Item { .. } => None,
            })
        };
        seen.remove(&(module, name));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses as `from to name`, with file names without `core/src/` and `.rs`.
    fn uses(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files.iter().map(|(path, text)| File::parse(path, text)).collect();
        let all = crates(&files);
        let short = |path: &str| path["core/src/".len()..path.len() - 3].to_owned();
        let crate_ = &all[0];
        let text = |it: &Use| {
            let from = short(crate_.files[it.from]);
            let to = short(crate_.files[it.to]);
            let mark = if it.is_facade { " (facade)" } else { "" };
            format!("{from} {to} {}{mark}", it.name)
        };
        crate_.uses.iter().map(text).collect()
    }

    #[test]
    fn imports_and_paths_are_resolved_to_files() {
        let found = uses(&[
            ("core/src/lib.rs", "mod a; mod b; mod c; mod d;"),
            (
                "core/src/a.rs",
                "use crate::b::B; use std::fmt; fn a() -> crate::c::C { super::d::d() }",
            ),
            ("core/src/b.rs", "pub struct B;"),
            (
                "core/src/c.rs",
                "use crate::b; pub struct C(b::B); fn f() { assert!(b::is(&[b::B])) }",
            ),
            ("core/src/d/mod.rs", "pub fn d() {}"),
        ]);
        assert_eq!(found, ["a b B", "a c C", "a d/mod d", "c b B", "c b is"]);
    }

    #[test]
    fn re_exports_are_resolved() {
        let found = uses(&[
            ("core/src/lib.rs", "pub mod a; pub use a::One; mod b;"),
            ("core/src/a/mod.rs", "mod one; mod two; pub use one::One; pub use two::*;"),
            ("core/src/a/one.rs", "use super::Two; pub struct One(Two);"),
            ("core/src/a/two.rs", "items! { /** A second. */ Two }"),
            ("core/src/b.rs", "use crate::One;"),
        ]);
        let facades = ["lib a/one One (facade)", "a/mod a/one One (facade)"];
        assert_eq!(found, [facades[0], facades[1], "a/one a/two Two", "b a/one One"]);
    }

    #[test]
    fn tests_visibilities_and_the_same_file_are_no_uses() {
        let found = uses(&[
            ("core/src/lib.rs", "mod a; mod b; mod c { pub struct C; pub mod d; }"),
            (
                "core/src/a.rs",
                "#[cfg(test)] mod t { use crate::b::B; } pub(in crate::b) fn f() {} \
                 #[cfg(test)] use crate::b::B; mod e { pub struct E; } struct A(e::E);",
            ),
            ("core/src/b.rs", "pub struct B; #[test] fn t() { crate::a::f() }"),
            ("core/src/c/d.rs", "use crate::b::B as C;"),
        ]);
        assert_eq!(found, ["c/d b B"]);
    }
}
