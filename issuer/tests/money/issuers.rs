//! Issuers in processes of their own, which are this test's binary run again: killed at any moment, and started again.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tegata::{Clock, UnixTime};
use tegata_issuer::App;
use tegata_issuer::config::Config;
use tegata_issuer::domain::Environment;
use tegata_issuer::mail::Mailbox;

use tegata_testkit::PostgresCluster;
use tegata_testkit::TestIssuer;

const SETTINGS: &str = "TEGATA_TEST_SETTINGS";
const FOLDER: &str = "TEGATA_TEST_FOLDER";

pub(crate) struct Issuers {
    settings: String,
    folder: PathBuf,
    running: Vec<Mutex<Running>>,
    kills: AtomicUsize,
    restarts: AtomicUsize,
}

struct Running {
    process: Child,
    address: SocketAddr,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Issuers {
    pub(crate) fn start(issuer: &TestIssuer, count: usize) -> Self {
        issuer.write_clock_file();
        let settings = issuer.settings.clone();
        let folder = issuer.folder.path().to_owned();
        let running = (0..count).map(|_| Mutex::new(Running::start(&settings, &folder)));
        let running: Vec<_> = running.collect();
        // Time goes by a file from now on.
        issuer.use_process_at(running[0].lock().unwrap().address, None);
        let kills = AtomicUsize::new(0);
        let restarts = AtomicUsize::new(0);
        Self { settings, folder, running, kills, restarts }
    }

    /// Where the nth is at this moment.
    pub(crate) fn address(&self, nth: usize) -> SocketAddr {
        self.running[nth % self.running.len()].lock().unwrap().address
    }

    pub(crate) fn kills(&self) -> usize {
        self.kills.load(Ordering::SeqCst)
    }

    /// How often the database was.
    pub(crate) fn restarts(&self) -> usize {
        self.restarts.load(Ordering::SeqCst)
    }

    /// One after the other, at any moment, for as long as the shop is open; each fourth time it is their database, if
    /// it is a server.
    pub(crate) fn are_killed(&self, is_open: &AtomicBool, database: Option<&PostgresCluster>) {
        let mut random = fastrand::Rng::with_seed(11);
        while is_open.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(random.u64(300..2500)));
            if let Some(database) = database
                && random.u8(..) < 64
            {
                database.restart();
                self.restarts.fetch_add(1, Ordering::SeqCst);
                continue;
            }
            let mut running = self.running[random.usize(..self.running.len())].lock().unwrap();
            running.process.kill().unwrap();
            running.process.wait().unwrap();
            self.kills.fetch_add(1, Ordering::SeqCst);
            *running = Running::start(&self.settings, &self.folder);
        }
    }
}

impl Running {
    fn start(settings: &str, folder: &std::path::Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "issuers::serves", "--nocapture"])
            .env(SETTINGS, settings)
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let address = lines.find_map(|line| Some(line.strip_prefix("listening ")?.to_owned()));
        let address = address.expect("the issuer did not start").parse().unwrap();
        Self { process, address }
    }
}

/// Not a test by itself: what [`Issuers`] runs.
#[test]
fn serves() {
    let Ok(settings) = std::env::var(SETTINGS) else { return };
    let config: Config = toml::from_str(&settings).unwrap();
    let clock = Arc::new(FileClock(PathBuf::from(std::env::var(FOLDER).unwrap()).join("now")));
    let world = Environment { clock, ..Environment::system() };
    let handle = App::builder(config)
        .environment(world)
        .mail_transport(Arc::new(Mailbox::default()))
        .start()
        .unwrap();
    println!("\nlistening {}", handle.address());
    loop {
        thread::park();
    }
}

/// The time that stands in a file.
struct FileClock(PathBuf);

impl Clock for FileClock {
    fn now(&self) -> UnixTime {
        UnixTime::new(std::fs::read_to_string(&self.0).unwrap().parse().unwrap()).unwrap()
    }
}
