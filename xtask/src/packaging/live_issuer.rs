//! An issuer with the settings of the example, on either store, whose files are in a temporary folder.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use super::example::copy;
use super::postgres::Postgres;
use super::proxies;
use super::store::Store;
use crate::progress::step;
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

/// Overrides the store of the settings, for what another role does or in another database.
const STORE: &str = "TEGATA_ISSUER_STORE";

/// Runs the issuer on each store, and both proxies in front of it. `folder` has the certificate.
pub(super) fn test(shell: &Shell, folder: &Path) -> anyhow::Result<()> {
    cmd!(shell, "cargo build --quiet -p tegata-cli").run()?;
    let program = workspace::target(shell)?.join("debug/tegata");
    let make = "umask 077; cd \"$1\" && openssl rand -hex 32 > server.key && \
                echo secret > mail.password && echo sk_test_0 > processor.key";
    cmd!(shell, "sh -c {make} sh {folder}").run()?;
    let stores =
        [Store::Sqlite(folder.join("issuer.sqlite")), Store::Postgres(Postgres::set_up(shell)?)];
    for store in stores {
        step(&format!("the proxies, in front of an issuer on {}", store.name()));
        test_on(shell, folder, &program, &store)
            .with_context(|| format!("the issuer on {}", store.name()))?;
    }
    Ok(())
}

fn test_on(shell: &Shell, folder: &Path, program: &Path, store: &Store) -> anyhow::Result<()> {
    let text = folder.to_str().context("the path of the temporary folder is no text")?;
    let folders = [("/etc/tegata", text), ("/var/lib/tegata", text)];
    let of_store = store.settings();
    let of_store: Vec<_> = of_store.iter().map(|(from, to)| (*from, to.as_str())).collect();
    let replaced = [&of_store, &REPLACED[..], &folders].concat();
    let settings = copy(shell, "issuer.toml", folder, &replaced)?;
    // It may have a password in it.
    cmd!(shell, "chmod 600 {settings}").quiet().run()?;
    let command = |words: &[&str]| {
        let mut command = Command::new(program);
        command.arg("issuer").args(words).arg("--config").arg(&settings);
        command.env(REQUESTS_PER_MINUTE.0, REQUESTS_PER_MINUTE.1);
        command
    };
    if let Store::Postgres(server) = store {
        run(command(&["migrate"]).env(STORE, server.address_of_owner("tegata")))?;
        server.grant("tegata")?;
    }
    let serve = || command(&["serve"]);
    let check = serve().arg("--check").output()?;
    let said = String::from_utf8_lossy(&check.stderr);
    anyhow::ensure!(check.status.success(), "--check refuses the example: {said}");
    let mut serve = serve();
    serve.arg("--json");
    let issuer = IssuerProcess::spawn(serve)?;
    proxies::test(shell, folder, &issuer, store)?;
    if let Store::Postgres(server) = store {
        restore(folder, server, &command)?;
    }
    Ok(())
}

/// A backup by the service's role, restored by the owner into another database, which the service's role can use then.
fn restore(
    folder: &Path,
    server: &Postgres,
    command: &impl Fn(&[&str]) -> Command,
) -> anyhow::Result<()> {
    let why = ["--by", "tests", "--why", "packaging"];
    let backup = folder.join("backup");
    run(command(&[&["backup"][..], &why].concat()).arg(&backup))?;
    let service = server.make_database("restored")?;
    let mut restore = command(&[&["restore"][..], &why].concat());
    run(restore.arg(&backup).env(STORE, server.address_of_owner("restored")))?;
    server.grant("restored")?;
    let mut report = command(&["report"]);
    run(report.env(STORE, &service)).context("the service's role after a restore")?;
    run(command(&["audit", "verify"]).env(STORE, &service))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{command:?}: {said}");
    Ok(())
}
