//! Debian's archive, for packages that this system's own release does not have.

use anyhow::Context as _;
use xshell::{Shell, cmd};

/// The mirror that this system's own packages come from, which is known to be reachable; without a slash at its end.
pub(crate) fn mirror(shell: &Shell) -> anyhow::Result<String> {
    let format = "$(SITE)|$(REPO_URI)";
    let targets = cmd!(shell, "apt-get indextargets --format {format}").quiet().read()?;
    let uri = targets.lines().find_map(debian_uri);
    Ok(uri.context("apt is configured with no mirror of Debian")?.to_owned())
}

/// The address in a line of `apt-get indextargets`, if it is Debian's main archive.
fn debian_uri(line: &str) -> Option<&str> {
    let uri = line.split('|').nth(1)?.trim_end_matches('/');
    uri.ends_with("/debian").then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_main_archive_is_taken_as_mirror() {
        let line = "mirror.example|http://mirror.example/debian/";
        assert_eq!(debian_uri(line), Some("http://mirror.example/debian"));
        for other in ["http://mirror.example/debian-security/", "http://mirror.example/apt/"] {
            assert_eq!(debian_uri(&format!("mirror.example|{other}")), None);
        }
        assert_eq!(debian_uri(""), None);
    }
}
