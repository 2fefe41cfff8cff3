//! An issuer with the settings of the example, whose files are in a temporary folder.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use super::example::copy;
use super::proxies;
use crate::test_issuers::IssuerProcess;
use crate::workspace;

/// The example's settings that cannot be what they are here: addresses, folders, and what is trusted to be a proxy, since
/// the clients are at other addresses of this machine.
const REPLACED: [(&str, &str); 3] = [
    ("listen = \"127.0.0.1:8080\"", "listen = \"127.0.0.1:0\""),
    ("internal_listen = \"127.0.0.1:8081\"", "internal_listen = \"127.0.0.1:0\""),
    ("trusted_proxies = [\"127.0.0.0/8\", \"::1/128\"]", "trusted_proxies = [\"127.0.0.1/32\"]"),
];
/// A client uses this up at once.
const REQUESTS_PER_MINUTE: (&str, &str) = ("TEGATA_ISSUER_REQUESTS_PER_MINUTE", "20");

/// Starts the issuer, then both proxies in front of it. `folder` has the certificate.
pub(super) fn test(shell: &Shell, folder: &Path) -> anyhow::Result<()> {
    cmd!(shell, "cargo build --quiet -p tegata-cli").run()?;
    let program = workspace::target(shell)?.join("debug/tegata");
    let text = folder.to_str().context("the path of the temporary folder is no text")?;
    let folders = [("/etc/tegata", text), ("/var/lib/tegata", text)];
    let settings = copy(shell, "issuer.toml", folder, &[&REPLACED[..], &folders].concat())?;
    let make = "umask 077; cd \"$1\" && openssl rand -hex 32 > server.key && \
                echo secret > mail.password && echo sk_test_0 > processor.key";
    cmd!(shell, "sh -c {make} sh {folder}").run()?;
    let serve = || {
        let mut serve = Command::new(&program);
        serve.args(["issuer", "serve", "--config"]).arg(&settings);
        serve.env(REQUESTS_PER_MINUTE.0, REQUESTS_PER_MINUTE.1);
        serve
    };
    let check = serve().arg("--check").output()?;
    let said = String::from_utf8_lossy(&check.stderr);
    anyhow::ensure!(check.status.success(), "--check refuses the example: {said}");
    let mut serve = serve();
    serve.arg("--json");
    let issuer = IssuerProcess::spawn(serve)?;
    proxies::test(shell, folder, &issuer, &folder.join("issuer.sqlite"))
}
