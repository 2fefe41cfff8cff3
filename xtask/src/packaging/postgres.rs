//! A PostgreSQL of the check's own, with the roles and rights that docs/issuer.md gives the issuer's operator.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use xshell::{Shell, TempDir, cmd};

use super::curl::free_port;

const DOCUMENT: &str = "docs/issuer.md";
/// What the document has in place of a password, and the two passwords; one needs an escape in an address.
const PLACEHOLDER: &str = "'…'";
const PASSWORD: &str = "per%cent";
const IN_ADDRESS: &str = "per%25cent";
/// Debian has the server's programs in a folder of each version, which is on nobody's path.
const VERSIONS: &str = "/usr/lib/postgresql";

/// A server that runs until this is dropped.
pub(super) struct Postgres {
    folder: TempDir,
    port: u16,
    /// The words before a command that is to run as the server's user: it refuses root.
    owner: &'static [&'static str],
    grant: String,
}

impl Postgres {
    /// Starts it, and makes the roles and the database as the document says.
    pub(super) fn set_up(shell: &Shell) -> anyhow::Result<Self> {
        let document = shell.read_file(DOCUMENT)?;
        let roles = between(&document, "`CREATE ROLE owner", "`")?;
        let roles = format!("CREATE ROLE owner{roles}").replace('\n', " ");
        anyhow::ensure!(roles.contains(PLACEHOLDER), "{DOCUMENT} gives the roles no passwords");
        let grant = between(&document, "--command '", "'")?.to_owned();
        let folder = shell.create_temp_dir()?;
        let is_root = cmd!(shell, "id -u").quiet().read()? == "0";
        let owner: &[&str] = if is_root {
            let path = folder.path();
            cmd!(shell, "chown postgres {path}").quiet().run()?;
            &["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
        } else {
            &[]
        };
        let server = Self { folder, port: free_port()?, owner, grant };
        let auth = ["--auth-local=trust", "--auth-host=scram-sha-256", "--username=postgres"];
        server.run("initdb", &[&["--pgdata", &server.data()?][..], &auth].concat())?;
        server.start()?;
        for statement in roles.replace(PLACEHOLDER, &format!("'{PASSWORD}'")).split_terminator(';')
        {
            server.sql("postgres", statement)?;
        }
        Ok(server)
    }

    /// The address of the service's role, which can neither make nor drop a table.
    pub(super) fn address_of_service(&self) -> String {
        self.address("tegata", "tegata")
    }

    /// The address of the tables' owner.
    pub(super) fn address_of_owner(&self, database: &str) -> String {
        self.address("owner", database)
    }

    fn address(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}:{IN_ADDRESS}@127.0.0.1:{}/{database}", self.port)
    }

    /// Gives the service's role its rights on the tables of this database.
    pub(super) fn grant(&self, database: &str) -> anyhow::Result<()> {
        self.sql(database, &format!("SET ROLE owner; {}", self.grant))
    }

    /// Makes an empty database for a restore; returns the service's address of it.
    pub(super) fn make_database(&self, name: &str) -> anyhow::Result<String> {
        self.sql("postgres", &format!("CREATE DATABASE {name} OWNER owner"))?;
        Ok(self.address("tegata", name))
    }

    pub(super) fn start(&self) -> anyhow::Result<()> {
        let folder = self.path()?;
        let options = format!("-p {} -k {folder} -c listen_addresses=127.0.0.1", self.port);
        let log = format!("{folder}/log");
        self.run("pg_ctl", &["start", "-w", "-D", &self.data()?, "-l", &log, "-o", &options])
    }

    pub(super) fn stop(&self) -> anyhow::Result<()> {
        self.run("pg_ctl", &["stop", "-w", "-m", "fast", "-D", &self.data()?])
    }

    fn sql(&self, database: &str, statement: &str) -> anyhow::Result<()> {
        let port = self.port.to_string();
        let to = ["--host", self.path()?, "--port", &port, "--username", "postgres"];
        let how = ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", statement];
        self.run("psql", &[&to[..], &how, &[database]].concat())
    }

    fn path(&self) -> anyhow::Result<&str> {
        self.folder.path().to_str().context("the path of the temporary folder is no text")
    }

    fn data(&self) -> anyhow::Result<String> {
        Ok(format!("{}/data", self.path()?))
    }

    /// Runs one of the server's programs as its user, in a folder that this user may enter.
    fn run(&self, name: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let program = program(name)?;
        let mut words = self.owner.iter().map(Path::new).chain([&*program]);
        let mut command = Command::new(words.next().context("no program")?);
        command.args(words).args(arguments).current_dir(self.folder.path());
        // What `pg_ctl` starts keeps its output: a pipe to it would never end.
        let log = self.folder.path().join(format!("{name}.said"));
        let output = std::fs::File::create(&log)?;
        command.stdout(output.try_clone()?).stderr(output);
        let status = command.status().with_context(|| format!("{name} does not start"))?;
        let said = std::fs::read_to_string(&log)?;
        anyhow::ensure!(status.success(), "{name} {}: {said}", arguments.join(" "));
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.stop();
    }
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> anyhow::Result<&'a str> {
    let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    Ok(found.with_context(|| format!("{DOCUMENT} has no {before}"))?.0)
}

fn program(name: &str) -> anyhow::Result<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let mut files: Vec<_> = versions.map(|it| it.path().join("bin").join(name)).collect();
    files.retain(|file| file.exists());
    files.sort();
    files.pop().with_context(|| format!("{name} is missing below {VERSIONS}"))
}
