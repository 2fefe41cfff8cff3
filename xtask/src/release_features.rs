//! Features that no release has: those that open the issuer's inside to tests, and those that switch controls off.

use anyhow::ensure;
use xshell::{Shell, cmd};

/// A crate and the feature of it that is for tests and the model alone.
const TEST_FEATURES: [(&str, &str); 2] =
    [("tegata-issuer", "internals"), ("tegata-policy", "model")];

/// Checks the features that the command line is built with.
pub(crate) fn check(shell: &Shell) -> anyhow::Result<()> {
    let tree = cmd!(shell, "cargo tree --package tegata-cli --edges normal,build --prefix none");
    let crates = tree.args(["--format", "{p} [{f}]"]).quiet().read()?;
    for (name, feature) in TEST_FEATURES {
        ensure!(is_in(&crates, name), "{name} is not in the command line: correct the check");
        ensure!(!has_feature(&crates, name, feature), "the release of {name} has {feature}");
    }
    Ok(())
}

fn is_in(crates: &str, name: &str) -> bool {
    crates.lines().any(|line| line.split(' ').next() == Some(name))
}

/// Tells whether `cargo tree` lists the crate with this feature.
fn has_feature(crates: &str, name: &str, feature: &str) -> bool {
    crates.lines().filter(|line| line.split(' ').next() == Some(name)).any(|line| {
        let features = line.rsplit_once('[').map_or("", |(_, rest)| rest.trim_end_matches(" (*)"));
        features.trim_end_matches(']').split(',').any(|its| its == feature)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_for_tests_is_found_in_the_tree() {
        let tree = "tegata-cli v0.1.0 (cli) []\ntegata-issuer v0.1.0 (issuer) [internals,x]\n\
                    tegata-policy v0.1.0 (policy) [] (*)";
        assert!(has_feature(tree, "tegata-issuer", "internals"));
        assert!(!has_feature(tree, "tegata-policy", "model"));
        assert!(is_in(tree, "tegata-policy") && !is_in(tree, "tegata"));
    }
}
