//! The container, without a registry of images: its steps run in a root file system of Debian's, and the service starts
//! there as its user, on a file system that it cannot write.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use super::curl::Client;
use super::example::{FOLDER, copy};
use crate::test_issuers::IssuerProcess;
use crate::{debian, workspace};

/// The example's settings that cannot be what they are here: the ports are taken, perhaps.
const REPLACED: [(&str, &str); 2] = [
    ("listen = \"127.0.0.1:8080\"", "listen = \"127.0.0.1:0\""),
    ("internal_listen = \"127.0.0.1:8081\"", "internal_listen = \"127.0.0.1:0\""),
];

/// What the last stage of the Containerfile does.
#[derive(Debug, PartialEq, Eq)]
struct Stage {
    /// The release of Debian that it begins with.
    suite: String,
    /// The command of its step.
    run: String,
    user: String,
    /// The command of the container, with its arguments.
    command: Vec<String>,
}

impl Stage {
    fn read(text: &str) -> anyhow::Result<Self> {
        let text = text.replace("\\\n", " ");
        let last = text.rfind("\nFROM ").context("no FROM")?;
        let lines: Vec<_> = text[last..].lines().collect();
        let of = |name: &str| {
            let found = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            found.map(str::trim).with_context(|| format!("no {name}"))
        };
        let image = of("FROM")?.rsplit_once("debian:").context("FROM is not Debian")?.1;
        let suite = image.strip_suffix("-slim").context("FROM is not the slim image")?.to_owned();
        let words = |name| anyhow::Ok(serde_json::from_str::<Vec<String>>(of(name)?)?);
        let command = [words("ENTRYPOINT")?, words("CMD")?].concat();
        Ok(Self { suite, run: of("RUN")?.to_owned(), user: of("USER")?.to_owned(), command })
    }
}

/// Runs the steps, and starts the issuer with the example's settings. `folder` has the files of the settings.
pub(super) fn test(shell: &Shell, folder: &Path) -> anyhow::Result<()> {
    let stage = Stage::read(&shell.read_file(Path::new(FOLDER).join("Containerfile"))?)?;
    let root = root(shell, &stage)?;
    cmd!(shell, "cargo build --quiet -p tegata-cli").run()?;
    let program = workspace::target(shell)?.join("debug/tegata");
    copy(shell, "issuer.toml", folder, &REPLACED)?;
    let data = folder.join("data");
    cmd!(shell, "mkdir --mode=700 {data}").quiet().run()?;
    let users = shell.read_file(root.join("etc/passwd"))?;
    let user = users.lines().find_map(|line| line.strip_prefix(&format!("{}:x:", stage.user)));
    let uid = user.and_then(|fields| fields.split(':').next()).context("the user is not there")?;
    let start = |more: &str| {
        let mut bwrap = Command::new("bwrap");
        bwrap.arg("--ro-bind").arg(&root).arg("/");
        bwrap.arg("--ro-bind").arg(&program).arg("/usr/local/bin/tegata");
        bwrap.arg("--ro-bind").arg(folder).arg("/etc/tegata");
        bwrap.arg("--bind").arg(&data).arg("/var/lib/tegata");
        bwrap.args(["--dev", "/dev", "--proc", "/proc", "--die-with-parent", "--clearenv"]);
        bwrap.args(["--unshare-user", "--uid", uid, "--gid", uid, "--cap-drop", "ALL"]);
        bwrap.args(["--chdir", "/var/lib/tegata"]).args(&stage.command).arg(more);
        bwrap
    };
    let check = start("--check").output()?;
    let said = String::from_utf8_lossy(&check.stderr);
    anyhow::ensure!(check.status.success(), "--check in the container: {said}");
    let issuer = IssuerProcess::spawn(start("--json"))?;
    let port = issuer.url.rsplit_once(':').context("no port")?.1.parse()?;
    let ready = Client::without_tls(port, "127.0.0.1").get("/readyz", &[])?;
    anyhow::ensure!(ready.status == 200, "/readyz in the container: {}", ready.text);
    Ok(())
}

/// The root file system after the steps, kept in the cache.
fn root(shell: &Shell, stage: &Stage) -> anyhow::Result<std::path::PathBuf> {
    let name = workspace::name_by_content("container", &[stage.suite.clone(), stage.run.clone()]);
    workspace::build_once(shell, &name, "running the container's steps", |root| {
        let mirror = debian::mirror(shell)?;
        let hook = "--customize-hook=chroot \"$1\" sh -eu -c \"$CONTAINER_RUN\"";
        let make = cmd!(shell, "mmdebstrap --quiet --variant=minbase {hook}");
        let make = make.env("CONTAINER_RUN", &stage.run);
        make.arg(&stage.suite).arg(root).arg(mirror).run()?;
        // Where the program and the settings are put.
        shell.create_dir(root.join("etc/tegata"))?;
        Ok(shell.write_file(root.join("usr/local/bin/tegata"), "")?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_is_read() {
        let text = "FROM rust AS build\nRUN cargo build\n\nFROM registry/debian:bookworm-slim\nRUN one \\\n    && two\n\
                    USER tegata\nENTRYPOINT [\"/tegata\", \"issuer\"]\nCMD [\"serve\"]\n";
        let stage = Stage::read(text).unwrap();
        assert_eq!((&*stage.suite, &*stage.user), ("bookworm", "tegata"));
        assert_eq!(stage.run, "one      && two");
        assert_eq!(stage.command, ["/tegata", "issuer", "serve"]);
        assert!(Stage::read("FROM debian:bookworm-slim\n").is_err());
    }
}
