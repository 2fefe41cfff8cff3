//! A PostgreSQL server made for this run of the tests in a temporary folder: reached by a socket in it, and gone when the
//! tests end.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A server, stopped when the process that started it ends.
pub struct PostgresCluster {
    /// The folder of its socket, percent-encoded as a URL has it.
    pub host: String,
    pub(crate) port: u16,
    /// The server stops and its folder is deleted when this is closed, however the tests end.
    _open: ChildStdin,
    _server: Child,
}

static CLUSTER: OnceLock<PostgresCluster> = OnceLock::new();

/// The server of this process, started by the first call.
pub fn cluster() -> &'static PostgresCluster {
    CLUSTER.get_or_init(start)
}

fn start() -> PostgresCluster {
    start_on(None)
}

/// Starts a new server, on a port of the loopback address if one is named.
pub(crate) fn start_on(port: Option<u16>) -> PostgresCluster {
    let (folder, owner) = initialised();
    serve(&folder, &owner, port)
}

/// Makes a folder with an empty server; gives also the prefix of a command that is to run as its owner.
fn initialised() -> (PathBuf, Vec<String>) {
    let (folder, owner) = folder();
    let options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "-D"];
    as_owner(&owner, "initdb", &[&options[..], &[data(&folder).as_str()]].concat());
    (folder, owner)
}

/// The server's main process, if it was started.
pub fn pid() -> Option<u32> {
    let folder = CLUSTER.get()?.folder();
    let text = std::fs::read_to_string(Path::new(&data(&folder)).join("postmaster.pid"));
    text.ok()?.lines().next()?.parse().ok()
}

/// A server that speaks TLS on a port of this machine.
pub struct TlsPostgres {
    cluster: PostgresCluster,
    port: u16,
}

impl TlsPostgres {
    /// Starts one with this certificate, of `localhost`, and its key, both in PEM.
    pub fn start(certificate: &str, key: &str) -> Self {
        let (folder, owner) = initialised();
        let file = |name: &str, text: &str| {
            let file = format!("{}/{name}", data(&folder));
            std::fs::write(&file, text).unwrap();
            run("chmod", &["600", &file]);
            if !owner.is_empty() {
                run("chown", &["postgres", &file]);
            }
        };
        file("server.crt", certificate);
        file("server.key", key);
        // Free when it was asked for; another program would have to take it in the same moment.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let more = ["-c", "listen_addresses=127.0.0.1", "-c", "ssl=on"];
        Self { cluster: serve_with(&folder, &owner, &more, port), port }
    }

    /// Makes an empty database; gives its URL, which asks for TLS.
    pub fn new_database(&self, name: &str) -> String {
        let folder = self.cluster.folder();
        let port = self.port.to_string();
        let program = program("psql");
        let create = format!("CREATE DATABASE {name}");
        let to = ["-h", folder.to_str().unwrap(), "-p", &port, "-U", "postgres", "-d", "postgres"];
        run(program.to_str().unwrap(), &[&to[..], &["-qc", &create]].concat());
        format!("postgres://postgres@localhost:{port}/{name}?sslmode=require")
    }
}

impl PostgresCluster {
    /// Runs a query of one value and gives it as text.
    pub(crate) fn sql(&self, sql: &str) -> String {
        let psql = program("psql");
        let host = self.host.replace("%2F", "/");
        let port = self.port.to_string();
        let to = ["-h", &host, "-p", &port, "-U", "postgres", "-d", "postgres", "-Atc", sql];
        read(psql.to_str().unwrap(), &to)
    }

    /// The main process of the server.
    pub(crate) fn pid(&self) -> String {
        let file = self.folder().join("data/postmaster.pid");
        std::fs::read_to_string(file).unwrap().lines().next().unwrap().to_owned()
    }

    /// Its host and port, as a URL has them.
    pub(crate) fn authority(&self) -> String {
        match self.port {
            DEFAULT_PORT => self.host.clone(),
            port => format!("127.0.0.1:{port}"),
        }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.host.replace("%2F", "/").into()
    }

    /// Restarts as after a loss of power: connections break and it recovers from its log. Returns when it accepts
    /// connections again.
    pub fn restart(&self) {
        let folder = self.folder();
        let data = data(&folder);
        let log = format!("{data}/again.log");
        let restart = ["restart", "-m", "immediate", "-w", "-l", &log, "-D", &data];
        as_owner(&owner(&folder), "pg_ctl", &restart);
    }
}

/// Makes an empty database in this run's PostgreSQL and gives its URL.
pub fn new_postgres_database() -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let name = format!("issuer_{}", MADE.fetch_add(1, Ordering::Relaxed));
    let host = &cluster().host;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let url = format!("postgres://postgres@{host}/postgres");
        let connected = tokio_postgres::connect(&url, tokio_postgres::NoTls).await;
        let (client, connection) = connected.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    });
    format!("postgres://postgres@{host}/{name}?sslmode=disable")
}

/// Makes a folder, and gives the prefix of a command that is to run as its owner.
pub(crate) fn folder() -> (PathBuf, Vec<String>) {
    let folder = tempfile::Builder::new().prefix("tegata-pg").tempdir().unwrap().keep();
    let owner = owner(&folder);
    (folder, owner)
}

/// initdb refuses root: then the folder belongs to the user that Debian's package makes.
fn owner(folder: &Path) -> Vec<String> {
    if read("id", &["-u"]) != "0" {
        return Vec::new();
    }
    run("chown", &["postgres", folder.to_str().unwrap()]);
    let user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"];
    user.map(String::from).into()
}

pub(crate) fn data(folder: &Path) -> String {
    folder.join("data").to_str().unwrap().to_owned()
}

pub(crate) fn as_owner(owner: &[String], name: &str, arguments: &[&str]) {
    let program = program(name);
    let mut words: Vec<&str> = owner.iter().map(String::as_str).collect();
    words.push(program.to_str().unwrap());
    words.extend(arguments);
    run(words[0], &words[1..]);
}

/// Starts a server; with a port it listens on the loopback address, too.
pub(crate) fn serve(folder: &Path, owner: &[String], port: Option<u16>) -> PostgresCluster {
    let listen = if port.is_some() { "listen_addresses=127.0.0.1" } else { "listen_addresses=" };
    serve_with(folder, owner, &["-c", listen], port.unwrap_or(DEFAULT_PORT))
}

fn serve_with(folder: &Path, owner: &[String], more: &[&str], port: u16) -> PostgresCluster {
    // The shell outlives these tests for a moment: it waits for its input to end.
    let script = "folder=$1; ready=$2; shift 2; \"$@\" >\"$folder.log\" 2>&1 & server=$!; \
        until \"$ready\" -q -h \"$folder\"; do kill -0 $server || { cat \"$folder.log\" >&2; exit 1; }; \
        sleep 0.1; done; echo ready; cat; server=$(head -n 1 \"$folder/data/postmaster.pid\"); \
        kill -QUIT $server 2>/dev/null; while kill -0 $server 2>/dev/null; do sleep 0.1; done; \
        rm -rf \"$folder\" \"$folder.log\"";
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script, "sh"])
        .arg(folder)
        .arg(program("pg_isready"))
        .args(owner)
        .arg(program("postgres"));
    shell.arg("-D").arg(data(folder)).arg("-k").arg(folder);
    // max_connections: a pool of 16 for each of the stores that stand open at the same time.
    shell.args(["-c", "max_connections=400"]).args(more).env("PGPORT", port.to_string());
    let mut server = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "PostgreSQL did not start");
    let host = folder.to_str().unwrap().replace('/', "%2F");
    PostgresCluster { host, port, _open: server.stdin.take().unwrap(), _server: server }
}

/// A pgbouncer of a test's own before this run's PostgreSQL, reached by a socket; stopped when dropped.
pub struct Pgbouncer {
    folder: PathBuf,
    server: Child,
}

/// For how long pgbouncer gives a client a connection to the server.
#[derive(Clone, Copy, Debug)]
pub enum PoolMode {
    /// For as long as the client is connected.
    Session,
    /// For a transaction at a time.
    Transaction,
}

impl Pgbouncer {
    /// Starts it before the database of this URL, with so many connections to the server at most; returns when it accepts
    /// clients.
    pub fn start(database: &str, mode: PoolMode, connections: u32) -> Self {
        let (folder, owner) = folder();
        let (_, name) = database.split_once("/issuer_").unwrap();
        let (number, _) = name.split_once('?').unwrap();
        let place = cluster().folder();
        let mode = match mode {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
        };
        let settings = format!(
            "[databases]\npooled = host={} dbname=issuer_{number} user=postgres\n\
             [pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = {}\nauth_type = any\n\
             pool_mode = {mode}\ndefault_pool_size = {connections}\n\
             ignore_startup_parameters = extra_float_digits,options\n",
            place.display(),
            folder.display(),
        );
        let file = folder.join("pgbouncer.ini");
        std::fs::write(&file, settings).unwrap();
        let program = program("pgbouncer");
        let mut words: Vec<&str> = owner.iter().map(String::as_str).collect();
        words.extend([program.to_str().unwrap(), "-q", file.to_str().unwrap()]);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = command.spawn().unwrap();
        let socket = folder.join(".s.PGSQL.6432");
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            let ended = server.try_wait().unwrap();
            assert!(ended.is_none(), "pgbouncer did not start: {ended:?}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Self { folder, server }
    }

    /// The URL of the database behind it.
    pub fn url(&self) -> String {
        let host = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgres://postgres@{host}:6432/pooled?sslmode=disable")
    }
}

impl Drop for Pgbouncer {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// PostgreSQL's own port: a socket has it in its name.
const DEFAULT_PORT: u16 = 5432;

/// Finds a program on the path, in Debian's folder of PostgreSQL's programs, or among those of the system.
pub(crate) fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut places: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    places.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = places.into_iter().rev().chain(std::env::split_paths(&path));
    let places = places.chain([PathBuf::from("/usr/sbin")]);
    let found = places.map(|place| place.join(name)).find(|file| file.exists());
    found.unwrap_or_else(|| {
        panic!("{name} is missing: cargo xtask setup store, or cargo xtask failover, installs it")
    })
}

pub(crate) fn run(program: &str, arguments: &[&str]) {
    // The server's user may not enter the folder that the tests run in.
    let done = Command::new(program).args(arguments).current_dir(Path::new("/")).output();
    let done = done.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
}

fn read(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
