//! An issuer in a process of its own, which is this test's binary run again: it can be killed, and its memory read.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use tegata::{Clock, Random, RandomUnavailable, SystemRandom, UnixTime};
use tegata_issuer::config::{Config, LogLevel};
use tegata_issuer::domain::{Environment, MailId};
use tegata_issuer::mail::{MailTransport, OutgoingEmail, SendFuture};
use tegata_issuer::{App, log};

use tegata_testkit::TestIssuer;

const SETTINGS: &str = "TEGATA_TEST_SETTINGS";
const FOLDER: &str = "TEGATA_TEST_FOLDER";
const DIE_AT: &str = "TEGATA_TEST_DIE_AT";

/// What goes through the pipe is under this mask, so that no buffer of it holds a code as it is.
const MASK: u8 = 0xa7;

/// The issuer of a test, running in a process of its own. Killed when dropped.
pub(crate) struct Child {
    process: std::process::Child,
    reader: Option<thread::JoinHandle<()>>,
}

impl Child {
    /// Runs the issuer of a test in a process that kills itself at the `die_at`th time that it asks the world for something
    /// after a request came: the time, randomness, to take a line of its log, or to carry a mail. Its jobs ask, too, so which
    /// time is which differs from run to run; with 0 it is the first line, which stands between the store's commit and the
    /// answer. Mails come to the issuer's mailbox.
    pub(crate) fn start(issuer: &TestIssuer, die_at: u64) -> Self {
        issuer.stop();
        issuer.write_clock_file();
        let log = std::fs::File::create(Self::log(issuer)).unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child::serves", "--nocapture"])
            .env(SETTINGS, &issuer.settings)
            .env(FOLDER, issuer.folder.path())
            .env(DIE_AT, die_at.to_string())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let address = lines.find_map(|line| Some(line.strip_prefix("listening ")?.to_owned()));
        let addresses = address.expect("the issuer did not start");
        let (address, internal) = addresses.split_once(' ').unwrap();
        issuer.use_process_at(address.parse().unwrap(), Some(internal.parse().unwrap()));
        let mailbox = issuer.mailbox.clone();
        let reader = thread::spawn(move || {
            for mail in lines.filter_map(|line| Some(line.strip_prefix("mail ")?.to_owned())) {
                let text = hex::decode(mail).unwrap().iter().map(|byte| byte ^ MASK).collect();
                let text = String::from_utf8(text).unwrap();
                let mut parts = text.splitn(3, '\n').map(str::to_owned);
                let mut part = || parts.next().unwrap();
                let to = part().parse().unwrap();
                let subject = part();
                let body = part();
                // The tests look at texts: which number a mail has, nobody asks.
                let id = MailId([0; 16]);
                let made = UnixTime::EPOCH;
                drop(mailbox.send(&OutgoingEmail { id, made, to, subject, body }));
            }
        });
        Self { process, reader: Some(reader) }
    }

    /// Where its log is.
    pub(crate) fn log(issuer: &TestIssuer) -> PathBuf {
        issuer.folder.path().join("log")
    }

    pub(crate) fn number(&self) -> u32 {
        self.process.id()
    }

    /// Whether it has died by itself; then all that it had sent has come.
    pub(crate) fn is_dead(&mut self) -> bool {
        let is_dead = self.process.try_wait().unwrap().is_some();
        if let (true, Some(reader)) = (is_dead, self.reader.take()) {
            reader.join().unwrap();
        }
        is_dead
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Not a test by itself: what [`Child`] runs.
#[test]
fn serves() {
    let Ok(settings) = std::env::var(SETTINGS) else { return };
    let config: Config = toml::from_str(&settings).unwrap();
    let folder = PathBuf::from(std::env::var(FOLDER).unwrap());
    let left = AtomicU64::new(std::env::var(DIE_AT).unwrap().parse().unwrap());
    let fate = Arc::new(Fate {
        left,
        is_armed: AtomicBool::new(false),
        has_begun: AtomicBool::new(false),
    });
    // Each request has a line when it is decided on, after what it wrote and before its answer goes out.
    let lines = fate.clone();
    log::install(config.log, LogLevel::Info, move || Line(lines.clone()));
    let clock = Arc::new(FileClock(folder.join("now"), fate.clone()));
    let random = Arc::new(Counted(SystemRandom::new(), fate.clone()));
    let world = Environment { clock, random, ..Environment::system() };
    let handle = App::builder(config)
        .environment(world)
        .mail_transport(Arc::new(Pipe(fate.clone())))
        .start()
        .unwrap();
    fate.is_armed.store(true, Ordering::SeqCst);
    println!("\nlistening {} {}", handle.address(), handle.internal_address());
    loop {
        thread::park();
    }
}

/// When the process dies.
struct Fate {
    left: AtomicU64,
    is_armed: AtomicBool,
    has_begun: AtomicBool,
}

impl Fate {
    fn begins(&self) {
        let is_armed = self.is_armed.load(Ordering::SeqCst);
        self.has_begun.fetch_or(is_armed, Ordering::SeqCst);
    }

    fn step(&self) {
        let one_less = |left: u64| left.checked_sub(1);
        if self.has_begun.load(Ordering::SeqCst)
            && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) == Ok(1)
        {
            die();
        }
    }

    fn line(&self) {
        if self.has_begun.load(Ordering::SeqCst) && self.left.load(Ordering::SeqCst) == 0 {
            die();
        }
        self.step();
    }
}

fn die() -> ! {
    let me = std::process::id().to_string();
    let _ = Command::new("kill").args(["-9", &me]).status();
    loop {
        thread::park();
    }
}

/// The time that stands in a file.
struct FileClock(PathBuf, Arc<Fate>);

impl Clock for FileClock {
    fn now(&self) -> UnixTime {
        self.1.step();
        read_time(&self.0)
    }
}

fn read_time(file: &Path) -> UnixTime {
    UnixTime::new(std::fs::read_to_string(file).unwrap().parse().unwrap()).unwrap()
}

/// The system's randomness. Each request begins with some, for its id.
struct Counted(SystemRandom, Arc<Fate>);

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        self.1.begins();
        self.1.step();
        self.0.fill(bytes)
    }
}

/// A line of the log, on standard error.
struct Line(Arc<Fate>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.line();
        std::io::stderr().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// Mails, on standard output.
struct Pipe(Arc<Fate>);

impl MailTransport for Pipe {
    fn send<'a>(&'a self, mail: &'a OutgoingEmail) -> SendFuture<'a> {
        self.0.step();
        let parts = [mail.to.address(), "\n", &mail.subject, "\n", &mail.body];
        let masked: Vec<u8> =
            parts.iter().flat_map(|part| part.bytes()).map(|b| b ^ MASK).collect();
        println!("\nmail {}", hex::encode(masked));
        self.0.step();
        Box::pin(async { Ok(()) })
    }
}
