//! The floors of `issuer/src` that ARCHITECTURE.md describes: a module uses its own floor and those below.

use super::modules::Crate;
use crate::source::Finding;

const ROOT: &str = "issuer/src/lib.rs";

/// The top-level modules of each floor, from the ground up.
const FLOORS: &[&[&str]] = &[
    &["domain"],
    &["config", "crypto", "metrics", "log"],
    &["store"],
    &["processor", "passwords", "mail", "codes", "key_store"],
    &["payments", "audit"],
    &["accounts"],
    &["admin", "jobs"],
    &["http"],
    &["app", "start_check"],
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Modules without a floor, and uses of a floor above.
pub(super) fn findings(crate_: &Crate) -> Vec<Finding> {
    if crate_.files[0] != ROOT {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (module, line) in &crate_.top_level {
        if floor(module).is_none() {
            let what = format!("the module `{module}` has no floor");
            findings.push(Finding { file: ROOT.into(), line: *line, what });
        }
    }
    for it in &crate_.uses {
        let (Some(from), Some(to)) =
            (crate_.modules[it.from].first(), crate_.modules[it.to].first())
        else {
            continue;
        };
        if let (Some(own), Some(above)) = (floor(from), floor(to))
            && above > own
        {
            let what = format!(
                "`{from}` (floor {own}) uses {} of `{to}` (floor {above}), in {}",
                it.name, crate_.files[it.to]
            );
            let file = crate_.files[it.from].to_owned();
            findings.push(Finding { file, line: it.line, what });
        }
    }
    findings
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
    fn uses_of_a_floor_above_are_found() {
        let found = messages(&[
            (ROOT, "mod store;\nmod http;"),
            ("issuer/src/store.rs", "pub struct Store;\npub use crate::http::Problem;"),
            ("issuer/src/http.rs", "pub struct Problem(crate::store::Store);"),
        ]);
        let expected = "issuer/src/store.rs:2: `store` (floor 2) uses Problem of `http` (floor 7), \
            in issuer/src/http.rs";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn only_the_issuers_modules_need_a_floor() {
        let found = messages(&[(ROOT, "mod store;\nmod door;"), ("core/src/lib.rs", "mod a;")]);
        assert_eq!(found, ["issuer/src/lib.rs:2: the module `door` has no floor"]);
    }
}
