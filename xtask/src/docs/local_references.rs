//! No file names a package registry's host or a folder of the machine that it was written on: another clone has others.

use super::pages::Pages;

/// Hosts, split into labels so that this file passes its own check.
const HOSTS: &[&[&str]] = &[
    &["index", "crates", "io"],
    &["static", "crates", "io"],
    &["files", "pythonhosted", "org"],
    &["pypi", "org"],
    &["registry", "npmjs", "org"],
    &["repo", "maven", "apache", "org"],
    &["repo1", "maven", "org"],
    &["maven", "google", "com"],
    &["proxy", "golang", "org"],
    &["deb", "debian", "org"],
];

/// Top-level folders whose contents differ from machine to machine.
const FOLDERS: &[&str] = &["home", "root", "Users", "work"];

pub(super) fn check(pages: &Pages) -> Vec<String> {
    let hosts: Vec<String> = HOSTS.iter().map(|labels| labels.join(".")).collect();
    let mut findings = Vec::new();
    for page in pages.iter() {
        for (number, line) in page.text.lines().enumerate() {
            let host = hosts.iter().find(|host| line.contains(host.as_str()));
            let folder = FOLDERS.iter().find(|folder| names_folder(line, folder));
            let place = format!("{}:{}", page.path.display(), number + 1);
            if let Some(host) = host {
                findings.push(format!("{place}: names the registry host {host}"));
            }
            if let Some(folder) = folder {
                findings.push(format!("{place}: names a path in the folder {folder} of a machine"));
            }
        }
    }
    findings
}

/// Whether `line` contains an absolute path that begins with `folder`. In a relative path or an address, the slash follows a
/// part of a name.
fn names_folder(line: &str, folder: &str) -> bool {
    let start = format!("/{folder}/");
    line.match_indices(&start).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '~' | '}')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        check(&Pages::of(&[("a.toml", text)])).len()
    }

    #[test]
    fn registry_hosts_and_machine_folders_are_found() {
        for labels in HOSTS {
            assert_eq!(findings(&format!("fetch https://{}/x", labels.join("."))), 1);
        }
        for folder in ["home", "root", "Users", "work"] {
            assert_eq!(findings(&format!("see /{folder}/me/wallet")), 1);
            assert_eq!(findings(&format!("key=\"/{folder}/me\"")), 1);
            assert_eq!(findings(&format!("file:///{folder}/me")), 1);
        }
    }

    #[test]
    fn relative_paths_and_addresses_pass() {
        assert_eq!(
            findings("target/work/out ./home/x docs/root/a ~/home/x https://example.org/work/a"),
            0
        );
    }
}
