//! A PostgreSQL of our own: made for this run of the tests in a temporary folder, reached by a socket in it, gone when
//! the tests are.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

pub(crate) struct Cluster {
    /// Where the socket is, as a URL writes it.
    pub(crate) host: String,
    /// The server ends and its folder goes when this is closed, however the tests end.
    _open: ChildStdin,
    _server: Child,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();

/// The cluster; the first who asks makes it.
pub(crate) fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(start)
}

fn start() -> Cluster {
    let folder = tempfile::Builder::new().prefix("tegata-pg").tempdir().unwrap().keep();
    let is_root = read("id", &["-u"]) == "0";
    let mut as_owner: Vec<String> = Vec::new();
    if is_root {
        // initdb refuses root; Debian's package has made this user.
        run("chown", &["postgres", folder.to_str().unwrap()]);
        let user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"];
        as_owner.extend(user.map(String::from));
    }
    let initdb = program("initdb");
    let data = folder.join("data");
    let mut words = as_owner.clone();
    words.push(initdb.to_str().unwrap().to_owned());
    let options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "-D"];
    words.extend(options.map(String::from));
    words.push(data.to_str().unwrap().to_owned());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    run(words[0], &words[1..]);

    // The shell outlives these tests for a moment: it waits for its input to end.
    let script = "folder=$1; ready=$2; shift 2; \"$@\" >\"$folder.log\" 2>&1 & server=$!; \
        until \"$ready\" -q -h \"$folder\"; do kill -0 $server || { cat \"$folder.log\" >&2; exit 1; }; \
        sleep 0.1; done; echo ready; cat; kill -QUIT $server; wait; rm -rf \"$folder\" \"$folder.log\"";
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script, "sh"])
        .arg(&folder)
        .arg(program("pg_isready"))
        .args(&as_owner)
        .arg(program("postgres"));
    shell.arg("-D").arg(&data).arg("-k").arg(&folder);
    // max_connections: a pool of 16 for each of the stores that stand open at the same time.
    shell.args(["-c", "listen_addresses=", "-c", "max_connections=400"]);
    let mut server = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "PostgreSQL did not start");
    let host = folder.to_str().unwrap().replace('/', "%2F");
    Cluster { host, _open: server.stdin.take().unwrap(), _server: server }
}

/// On the path, or where Debian keeps what is not on it.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut places: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    places.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = places.into_iter().rev().chain(std::env::split_paths(&path));
    let found = places.map(|place| place.join(name)).find(|file| file.exists());
    found.unwrap_or_else(|| panic!("{name} is missing: cargo xtask setup store installs it"))
}

fn run(program: &str, arguments: &[&str]) {
    // The server's user may not enter the folder that the tests run in.
    let done = Command::new(program).args(arguments).current_dir(Path::new("/")).output();
    let done = done.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
}

fn read(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
