//! Circles between modules of a crate: among siblings, which are the inner modules of one module, and between a module and
//! an outer one.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Crate, Use};
use crate::source::Finding;

/// The uses between two siblings.
type Level<'a> = BTreeMap<(&'a str, &'a str), Vec<&'a Use<'a>>>;

/// The most names in a finding.
const LISTED: usize = 5;

/// A finding for each pair of modules in a circle.
pub(super) fn findings(crate_: &Crate) -> Vec<Finding> {
    let uses: Vec<&Use> = crate_.uses.iter().filter(|it| !it.is_facade).collect();
    [among_siblings(crate_, &uses), with_outer(crate_, &uses)].concat()
}

/// Circles among siblings, each taken together with its inner modules.
fn among_siblings(crate_: &Crate, uses: &[&Use]) -> Vec<Finding> {
    let mut levels: BTreeMap<&[&str], Level> = BTreeMap::new();
    for &it in uses {
        let from = &crate_.modules[it.from];
        let to = &crate_.modules[it.to];
        let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        if let (Some(one), Some(other)) = (from.get(common), to.get(common)) {
            let level = levels.entry(&from[..common]).or_default();
            level.entry((one, other)).or_default().push(it);
        }
    }
    let mut findings = Vec::new();
    for (outer, level) in &levels {
        let reached = reached(level.keys().copied());
        for (&(from, to), uses) in level {
            if reached[to].contains(from) {
                let is_member = |it: &&&str| reached[**it].contains(from);
                let members: Vec<&str> = reached[from].iter().filter(is_member).copied().collect();
                let prefix = [*outer, &[""]].concat().join("::");
                let circle = format!("circle of {prefix}{{{}}}: `{from}`", members.join(", "));
                findings.push(finding(crate_, uses, &circle));
            }
        }
    }
    findings
}

/// Circles of files in which a module uses an outer one; a finding for each such pair.
fn with_outer(crate_: &Crate, uses: &[&Use]) -> Vec<Finding> {
    let mut outwards: BTreeMap<(usize, usize), Vec<&Use>> = BTreeMap::new();
    for &it in uses {
        if crate_.modules[it.from].starts_with(&crate_.modules[it.to]) {
            outwards.entry((it.from, it.to)).or_default().push(it);
        }
    }
    let reached = reached(uses.iter().map(|it| (it.from, it.to)));
    outwards.retain(|(from, to), _| reached.get(to).is_some_and(|files| files.contains(from)));
    let circle = |uses: &Vec<&Use>| finding(crate_, uses, "circle with an outer module: this");
    outwards.values().map(circle).collect()
}

fn finding(crate_: &Crate, uses: &[&Use], circle: &str) -> Finding {
    let first = uses[0];
    let names: BTreeSet<&str> = uses.iter().map(|it| it.name).collect();
    let more = if names.len() > LISTED { " …" } else { "" };
    let listed: Vec<&str> = names.into_iter().take(LISTED).collect();
    let file = crate_.files[first.to];
    let what = format!("{circle} uses {}{more} of {file}", listed.join(", "));
    Finding { file: crate_.files[first.from].to_owned(), line: first.line, what }
}

/// What is reached from each node by at least one step.
fn reached<T: Copy + Ord>(steps: impl Iterator<Item = (T, T)>) -> BTreeMap<T, BTreeSet<T>> {
    let mut next: BTreeMap<T, Vec<T>> = BTreeMap::new();
    for (from, to) in steps {
        next.entry(from).or_default().push(to);
        next.entry(to).or_default();
    }
    let from = |&node: &T| {
        let mut reached = BTreeSet::new();
        let mut open = next[&node].clone();
        while let Some(node) = open.pop() {
            if reached.insert(node) {
                open.extend(&next[&node]);
            }
        }
        (node, reached)
    };
    next.keys().map(from).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::file::File, *};
    use crate::structure::modules::crates;

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files.iter().map(|(path, text)| File::parse(path, text)).collect();
        let found = crates(&files).iter().flat_map(findings).collect::<Vec<_>>();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn circles_are_found_with_the_names_used() {
        let found = messages(&[
            ("core/src/lib.rs", "mod a; mod b; mod c; mod d;"),
            ("core/src/a.rs", "pub struct A;\nuse crate::b::B;"),
            ("core/src/b.rs", "pub struct B(crate::c::C);"),
            ("core/src/c.rs", "pub struct C(Box<crate::a::A>);"),
            ("core/src/d.rs", "struct D(crate::a::A);"),
        ]);
        let expected = [
            "core/src/a.rs:2: circle of {a, b, c}: `a` uses B of core/src/b.rs",
            "core/src/b.rs:1: circle of {a, b, c}: `b` uses C of core/src/c.rs",
            "core/src/c.rs:1: circle of {a, b, c}: `c` uses A of core/src/a.rs",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn inner_modules_count_as_their_outer_one() {
        let found = messages(&[
            ("core/src/lib.rs", "mod a; mod b;"),
            ("core/src/a/mod.rs", "mod one; mod two;"),
            ("core/src/a/one.rs", "pub struct One(crate::b::B);"),
            ("core/src/a/two.rs", "pub struct Two;"),
            ("core/src/b.rs", "pub struct B; type Two = crate::a::two::Two;"),
        ]);
        let expected = [
            "core/src/a/one.rs:1: circle of {a, b}: `a` uses B of core/src/b.rs",
            "core/src/b.rs:1: circle of {a, b}: `b` uses Two of core/src/a/two.rs",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_circle_with_an_outer_module_is_found() {
        let found = messages(&[
            ("core/src/lib.rs", "mod a;"),
            ("core/src/a.rs", "mod b; pub struct A; fn f() { b::g() }"),
            ("core/src/a/b.rs", "pub fn g() -> super::A { super::A }"),
        ]);
        let expected =
            "core/src/a/b.rs:1: circle with an outer module: this uses A of core/src/a.rs";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn re_exports_and_one_way_uses_are_no_circle() {
        let found = messages(&[
            ("core/src/lib.rs", "mod a; mod c;"),
            ("core/src/a.rs", "mod b; pub use b::B; pub struct A;"),
            ("core/src/a/b.rs", "pub struct B(super::A);"),
            ("core/src/c.rs", "use crate::a::{A, B};"),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }
}
