//! Three PostgreSQL servers under Patroni, with etcd and `HAProxy`, by the examples in issuer/packaging; and what happens to
//! their leader. Each node has a loopback address of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use crate::full_port::FullPort;
use crate::issuer::agent;
use crate::postgres::{folder, program, run};
use crate::postgres_pair::Replication;
use crate::processes::signal_all;

/// The first is the leader.
const NAMES: [&str; 3] = ["one", "two", "three"];

/// How long the cluster may take to start, and to promote another leader.
const PATIENCE: Duration = Duration::from_mins(2);

/// Patroni's own interface.
const REST_PORT: u16 = 8008;

/// What becomes of the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaderFault {
    /// All of its processes are killed; its ports refuse connections.
    Killed,
    /// All of its processes are frozen (`SIGSTOP`); the kernel still accepts connections for them.
    Frozen,
    /// The same, and the queues of its ports are full: whoever connects gets no answer.
    Unreachable,
    /// Patroni alone is frozen; the server takes writes as before.
    ManagerFrozen,
    /// None: it hands over to another node when it is asked to.
    SwitchedOver,
}

/// Three nodes with what they need; stopped when dropped.
pub struct PatroniCluster {
    folder: PathBuf,
    /// The prefix of a command that is to run as the folder's owner.
    owner: Vec<String>,
    /// What the nodes' addresses begin with.
    net: String,
    nodes: Vec<Child>,
    threads: Runtime,
    /// All processes end when this is closed, however the tests end.
    open: Option<ChildStdin>,
    guard: Child,
}

/// Ends what the files of process numbers name, when its input ends.
const GUARD: &str = "cat; for file in \"$1\"/*.pid \"$1\"/*.data/postmaster.pid; do \
    [ -f \"$file\" ] || continue; pid=$(head -n 1 \"$file\"); \
    kill -9 \"$pid\" $(ps -o pid= --ppid \"$pid\") 2>/dev/null; done; rm -rf \"$1\"";

/// What a fault left behind, which has to stay while its effects are looked at.
pub struct FaultedLeader {
    _full_ports: Vec<FullPort>,
    /// When the leader was failed.
    pub at: Instant,
    /// When another node took its place.
    pub promoted: Instant,
    /// A URL of that node alone.
    pub new_leader: String,
}

impl PatroniCluster {
    /// Starts all of it; returns when two standbys follow, and the proxy has found the leader.
    pub fn start(replication: Replication) -> Self {
        let mut cluster = Self::start_etcd();
        for number in 1..=NAMES.len() {
            let file = cluster.configure(number, replication);
            let node = cluster.spawn(NAMES[number - 1], "patroni", &[file.to_str().unwrap()]);
            cluster.nodes.push(node);
            if number == 1 {
                cluster.wait("a leader", || cluster.is_leader());
            }
        }
        // Copying the leader is a standby, too, while it lasts; and which one is synchronous is for Patroni to say.
        let synchronous = u8::from(replication == Replication::Synchronous);
        let follow = format!(
            "SELECT COUNT(*) = 2 AND COUNT(*) FILTER (WHERE sync_state = 'sync') = {synchronous} \
             AND current_setting('synchronous_standby_names') IN ('', 'two', 'three') \
             FROM pg_stat_replication WHERE state = 'streaming' AND application_name IN ('two', 'three')"
        );
        let leader = cluster.connect(&cluster.url_of_node(1));
        cluster.wait("two standbys", || cluster.is_true(&leader, &follow));
        cluster.start_proxy();
        cluster
    }

    /// Starts one node that must have a watchdog, where there is none; gives Patroni's log after it ended.
    pub fn log_without_watchdog() -> String {
        let mut cluster = Self::start_etcd();
        let file = cluster.configure(1, Replication::Synchronous);
        let text = std::fs::read_to_string(&file).unwrap();
        let text = replace(&text, "mode: off", "mode: required");
        let absent = cluster.folder.join("watchdog");
        std::fs::write(&file, replace(&text, "/dev/watchdog", absent.to_str().unwrap())).unwrap();
        let mut node = cluster.spawn(NAMES[0], "patroni", &[file.to_str().unwrap()]);
        let end = Instant::now() + PATIENCE;
        while node.try_wait().unwrap().is_none() {
            assert!(!cluster.is_leader(), "it leads without a watchdog");
            assert!(Instant::now() < end, "it neither leads nor ends: {}", cluster.log(NAMES[0]));
            sleep(Duration::from_millis(100));
        }
        cluster.nodes.clear();
        cluster.log(NAMES[0])
    }

    fn start_etcd() -> Self {
        // Tests that run beside this one, and runs of them, have other addresses.
        static STARTED: AtomicU32 = AtomicU32::new(1);
        let started = STARTED.fetch_add(1, Ordering::Relaxed);
        let net = format!("127.{}.{started}.", std::process::id() % 250 + 1);
        let (folder, owner) = folder();
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "sh"]).arg(&folder).stdin(Stdio::piped());
        let mut guard = guard.spawn().unwrap();
        let open = guard.stdin.take();
        let threads = Runtime::new().unwrap();
        let cluster = Self { folder, owner, net, nodes: Vec::new(), threads, open, guard };
        let url = |port: u16| format!("http://{}11:{port}", cluster.net);
        let data = cluster.folder.join("etcd");
        let data = data.to_str().unwrap();
        let clients = url(2379);
        let peers = url(2380);
        let listen = ["--listen-client-urls", &clients, "--listen-peer-urls", &peers];
        let advertise = ["--advertise-client-urls", &clients, "--data-dir", data];
        drop(cluster.spawn("etcd", "etcd", &[listen, advertise].concat()));
        cluster
    }

    /// Writes the configuration of one node; gives its path.
    fn configure(&self, number: usize, replication: Replication) -> PathBuf {
        let name = NAMES[number - 1];
        let sockets = self.folder.join(format!("{name}.sockets"));
        std::fs::create_dir(&sockets).unwrap();
        run("chmod", &["777", sockets.to_str().unwrap()]);
        let bin = program("postgres");
        let data = self.folder.join(format!("{name}.data"));
        let mut text = example("patroni.yml");
        for (from, to) in [
            ("name: one", format!("name: {name}")),
            ("192.0.2.0/24", "127.0.0.0/8".to_owned()),
            ("192.0.2.1:", format!("{}{number}:", self.net)),
            ("192.0.2.", self.net.clone()),
            ("/var/lib/postgresql/tegata", data.to_str().unwrap().to_owned()),
            ("/usr/lib/postgresql/15/bin", bin.parent().unwrap().to_str().unwrap().to_owned()),
            ("/run/postgresql", sockets.to_str().unwrap().to_owned()),
            // A real one would reset this machine.
            ("mode: required", "mode: off".to_owned()),
        ] {
            text = replace(&text, from, &to);
        }
        if replication == Replication::Asynchronous {
            text = replace(&text, "synchronous_mode: true", "synchronous_mode: false");
            text =
                replace(&text, "synchronous_mode_strict: true", "synchronous_mode_strict: false");
        }
        let file = self.folder.join(format!("{name}.yml"));
        std::fs::write(&file, text).unwrap();
        file
    }

    fn start_proxy(&self) {
        let text = replace(&example("postgres-haproxy.cfg"), "192.0.2.", &self.net);
        let own = format!("{}12:5433", self.net);
        let file = self.folder.join("haproxy.cfg");
        std::fs::write(&file, replace(&text, "127.0.0.1:5433", &own)).unwrap();
        drop(self.spawn("haproxy", "haproxy", &["-db", "-f", file.to_str().unwrap()]));
        let url = self.url_of_proxy();
        let connects =
            || self.threads.block_on(async { tokio_postgres::connect(&url, NoTls).await.is_ok() });
        // Until it has checked them it takes all nodes for leaders, and gives each its turn.
        self.wait("proxy to the leader alone", || (0..2 * NAMES.len()).all(|_| connects()));
    }

    /// Starts a program in the cluster's folder, as its owner.
    fn spawn(&self, name: &str, what: &str, arguments: &[&str]) -> Child {
        let program = program(what);
        let mut words: Vec<&str> = self.owner.iter().map(String::as_str).collect();
        words.push(program.to_str().unwrap());
        words.extend(arguments);
        let log = std::fs::File::create(self.folder.join(format!("{name}.log"))).unwrap();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(&self.folder).env("HOME", &self.folder);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap();
        std::fs::write(self.pid_file(name), child.id().to_string()).unwrap();
        child
    }

    fn pid_file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.pid"))
    }

    /// The end of a program's log.
    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default()
    }

    /// Whether the first node says that it leads.
    fn is_leader(&self) -> bool {
        let url = format!("http://{}1:{REST_PORT}/primary", self.net);
        agent().get(url).call().is_ok_and(|answer| answer.status() == 200)
    }

    fn wait(&self, what: &str, is_there: impl Fn() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_there() {
            let logs = || NAMES.map(|name| self.log(name)).join("\n");
            assert!(Instant::now() < end, "no {what} in time:\n{}", logs());
            sleep(Duration::from_millis(100));
        }
    }

    fn connect(&self, url: &str) -> Client {
        self.threads.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        })
    }

    fn is_true(&self, client: &Client, sql: &str) -> bool {
        let row = self.threads.block_on(client.query_one(sql, &[]));
        row.is_ok_and(|row| row.get(0))
    }

    fn url(hosts: &str) -> String {
        format!(
            "postgres://postgres:change-me@{hosts}/postgres?sslmode=disable&target_session_attrs=read-write"
        )
    }

    /// A URL of one node, counted from 1.
    fn url_of_node(&self, number: usize) -> String {
        Self::url(&format!("{}{number}", self.net))
    }

    /// A URL of all nodes.
    pub fn url_of_hosts(&self) -> String {
        let hosts: Vec<String> =
            (1..=NAMES.len()).map(|number| format!("{}{number}", self.net)).collect();
        Self::url(&hosts.join(","))
    }

    /// A URL of the proxy.
    pub fn url_of_proxy(&self) -> String {
        Self::url(&format!("{}12:5433", self.net))
    }

    /// Fails the leader; returns when another node is promoted.
    pub fn fail_leader(&self, fault: LeaderFault) -> FaultedLeader {
        let standbys: Vec<(usize, Client)> = (2..=NAMES.len())
            .map(|number| {
                let url = self.url_of_node(number).replace("&target_session_attrs=read-write", "");
                (number, self.connect(&url))
            })
            .collect();
        let at = Instant::now();
        let full_ports = self.inject(fault);
        while at.elapsed() < PATIENCE {
            let promoted = standbys
                .iter()
                .find(|(_, client)| self.is_true(client, "SELECT NOT pg_is_in_recovery()"));
            if let Some((number, _)) = promoted {
                let promoted = Instant::now();
                let new_leader = self.url_of_node(*number);
                return FaultedLeader { _full_ports: full_ports, at, promoted, new_leader };
            }
            sleep(Duration::from_millis(20));
        }
        panic!("no other node was promoted: {}", NAMES.map(|name| self.log(name)).join("\n"));
    }

    fn inject(&self, fault: LeaderFault) -> Vec<FullPort> {
        let manager = self.nodes[0].id().to_string();
        match fault {
            LeaderFault::Killed => {
                self.signal_leader("-KILL");
                // Its number may be another program's soon.
                std::fs::remove_file(self.pid_file(NAMES[0])).unwrap();
                std::fs::remove_file(self.server_pid_file(NAMES[0])).unwrap();
            }
            LeaderFault::Frozen => self.signal_leader("-STOP"),
            LeaderFault::Unreachable => {
                self.signal_leader("-STOP");
                let address = |port: u16| format!("{}1:{port}", self.net).parse().unwrap();
                return [5432, REST_PORT].map(address).map(FullPort::fill).into();
            }
            LeaderFault::ManagerFrozen => run("kill", &["-STOP", &manager]),
            LeaderFault::SwitchedOver => {
                let url = format!("http://{}1:{REST_PORT}/switchover", self.net);
                let ask = json!({ "leader": NAMES[0] });
                // It answers when all is done.
                std::thread::spawn(move || agent().post(url).send(ask.to_string()));
            }
        }
        Vec::new()
    }

    fn server_pid_file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.data/postmaster.pid"))
    }

    /// Signals Patroni and its server on the first node.
    fn signal_leader(&self, signal: &str) {
        run("kill", &[signal, &self.nodes[0].id().to_string()]);
        let text = std::fs::read_to_string(self.server_pid_file(NAMES[0])).unwrap();
        signal_all(signal, text.lines().next().unwrap());
    }
}

impl Drop for PatroniCluster {
    fn drop(&mut self) {
        drop(self.open.take());
        let _ = self.guard.wait();
        for node in &mut self.nodes {
            let _ = node.wait();
        }
    }
}

/// Reads an example of issuer/packaging.
fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../issuer/packaging");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Replaces a text that has to be there.
fn replace(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the example does not name {from}: correct the test kit");
    text.replace(from, to)
}
