//! The files for operators in `issuer/packaging`, each judged by the program that it is for.

mod container;
mod curl;
mod example;
mod live_issuer;
mod postgres;
mod proxies;
mod running;
mod store;
mod till_example;

use std::path::Path;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use self::example::{FOLDER, copy};
use crate::{
    progress::step,
    setup::{self, Package},
};

/// What the checks of them need.
pub(crate) const NEEDS: &[Package] = &[
    setup::BUBBLEWRAP,
    setup::CURL,
    setup::HAPROXY,
    setup::JQ,
    setup::MMDEBSTRAP,
    setup::NGINX,
    setup::OPENSSL,
    setup::POSTGRESQL,
    setup::PROMETHEUS,
    setup::SQLITE,
    setup::SYSTEMD,
];
/// The most exposure that `systemd-analyze security` may find, in tenths: it calls 2 to 5 medium, and above that exposed.
const EXPOSURE: &str = "--threshold=15";

/// Checks the unit, the proxies before an issuer, the rules for alerts with their tests, and the example of a till.
pub(crate) fn test(shell: &Shell) -> anyhow::Result<()> {
    let folder = shell.create_temp_dir()?;
    certificate(shell, folder.path())?;

    step("the systemd unit");
    // The program need not be installed here.
    let unit = copy(
        shell,
        "tegata-issuer.service",
        folder.path(),
        &[("/usr/local/bin/tegata", "/bin/true")],
    )?;
    cmd!(shell, "systemd-analyze verify --man=no {unit}").run()?;
    let security =
        cmd!(shell, "systemd-analyze security --offline=true --no-pager {EXPOSURE} {unit}");
    security.quiet().ignore_stdout().run().context("the unit leaves the service too exposed")?;

    live_issuer::test(shell, folder.path())?;
    // `cargo xtask failover` runs it.
    cmd!(shell, "haproxy -c -q -f {FOLDER}/postgres-haproxy.cfg").run()?;

    step("the container's steps, and its start");
    container::test(shell, folder.path())?;

    step("the alerts");
    for what in [["check", "alerts.yml"], ["test", "alerts_test.yml"]] {
        let [what, file] = what;
        cmd!(shell, "promtool {what} rules {FOLDER}/{file}").run()?;
    }

    step("the example of a till");
    till_example::test(shell)
}

/// Makes a certificate that nobody trusts, since a proxy does not start without one.
fn certificate(shell: &Shell, folder: &Path) -> anyhow::Result<()> {
    let key = folder.join("key.pem");
    let certificate = folder.join("certificate.pem");
    let make = cmd!(shell, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes");
    let make = make.args(["-subj", "/CN=pay.example.org", "-days", "1"]);
    let make = make.args(["-addext", "subjectAltName=DNS:pay.example.org"]);
    make.arg("-keyout").arg(&key).arg("-out").arg(&certificate).quiet().ignore_stderr().run()?;
    let both = [shell.read_file(certificate)?, shell.read_file(key)?].concat();
    Ok(shell.write_file(folder.join("both.pem"), both)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workspace;

    /// What the names of metrics begin with: the service's own, and those of every process.
    const BEGINNINGS: [&str; 2] = ["tegata_", "process_"];

    /// Names of metrics in a text. Of a histogram the parts are left off.
    fn metrics(text: &str) -> BTreeSet<&str> {
        let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
        let names = text.split(|c| !is_part(c));
        let names = names.filter(|name| BEGINNINGS.iter().any(|begins| name.starts_with(begins)));
        names.map(without_part).collect()
    }

    fn without_part(name: &str) -> &str {
        let histogram = |part: &str| name.strip_suffix(part).filter(|it| it.ends_with("_seconds"));
        ["_bucket", "_count", "_sum"].into_iter().find_map(histogram).unwrap_or(name)
    }

    /// What is registered in the issuer: literals that are a metric's name and nothing else.
    fn registered(shell: &Shell) -> BTreeSet<String> {
        let sources = workspace::tracked_files(shell).unwrap();
        let is_source = |path: &Path| {
            path.starts_with("issuer/src") && path.extension().is_some_and(|its| its == "rs")
        };
        let mut names = BTreeSet::new();
        for path in sources.iter().filter(|path| is_source(path)) {
            let text = shell.read_file(path).unwrap();
            let literals = text.split('"');
            names.extend(literals.filter(|text| metrics(text).contains(text)).map(str::to_owned));
        }
        names
    }

    fn unknown(text: &str, registered: &BTreeSet<String>) -> Vec<String> {
        let names = metrics(text).into_iter().map(str::to_owned);
        names.filter(|name| !registered.contains(name)).collect()
    }

    #[test]
    fn alerts_and_dashboard_name_only_metrics_of_the_issuer() {
        let shell = workspace::shell().unwrap();
        let registered = registered(&shell);
        for name in ["alerts.yml", "alerts_test.yml", "dashboard.json"] {
            let text = shell.read_file(Path::new(FOLDER).join(name)).unwrap();
            assert_eq!(unknown(&text, &registered), Vec::<String>::new(), "{name}");
        }
        let planted = "max(tegata_outbox_mails) + rate(tegata_outbox_males[5m])";
        assert_eq!(unknown(planted, &registered), ["tegata_outbox_males"]);
        for part in ["_bucket", "_count", "_sum"] {
            let histogram =
                format!("rate(tegata_http_request_seconds{part}[5m]) / process_open_fds");
            assert_eq!(unknown(&histogram, &registered), Vec::<String>::new());
        }
    }

    #[test]
    fn the_dashboard_is_json_with_a_query_in_each_panel() {
        let shell = workspace::shell().unwrap();
        let text = shell.read_file(Path::new(FOLDER).join("dashboard.json")).unwrap();
        let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        assert!(panels.len() > 10);
        for panel in panels {
            assert!(panel["targets"][0]["expr"].as_str().is_some(), "{}", panel["title"]);
        }
    }

    #[test]
    fn the_example_names_settings_of_the_documents() {
        let shell = workspace::shell().unwrap();
        let documents = shell.read_file("docs/issuer.md").unwrap();
        let example = shell.read_file(Path::new(FOLDER).join("issuer.toml")).unwrap();
        let lines = example.lines().map(|line| line.trim_start_matches("# "));
        let names = lines.filter_map(|line| Some(line.split_once(" = ")?.0));
        let unknown: Vec<&str> =
            names.filter(|name| !documents.contains(&format!("\n| `{name}` | "))).collect();
        assert_eq!(unknown, Vec::<&str>::new());
    }
}
