//! `kill -9`, on the real file system, while a wallet is written, opened and made.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use fastrand::Rng;
use tegata::vault::{Argon2Params, FileAnchor, Setting, SoftwareKeystore, Vault, VaultError};
use tegata::{Device as Host, SystemClock, SystemRandom};
use tegata_crash_tests::extended_rounds;

/// Rounds of each test, unless `TEGATA_STORM_ROUNDS` asks for more.
const ROUNDS: usize = 20;

/// How often the same log is recovered and the recovery killed.
const OPENINGS: u64 = 3;

#[test]
fn a_killed_writer_has_written_what_it_printed() {
    let device = WriterDevice::new();
    device.create("vault").close().unwrap();
    let mut rng = Rng::with_seed(1);
    let mut last = None;
    let mut logs = 0;
    for round in 0..extended_rounds().unwrap_or(ROUNDS) {
        let lines = rng.usize(1..60);
        let lines_printed = device.kill("write", lines, rng.u32(..200_000));
        let printed = lines_printed.last().copied().or(last);
        logs += usize::from(device.log() > 0);
        last = device.check(round, printed, 1);
    }
    println!("{} records written, {logs} logs left behind", last.unwrap());
    assert!(logs > 0, "no round left a log to recover");
}

#[test]
fn a_killed_opening_loses_nothing() {
    let device = WriterDevice::new();
    device.create("vault").close().unwrap();
    let mut rng = Rng::with_seed(2);
    let mut last = None;
    for round in 0..extended_rounds().unwrap_or(ROUNDS) {
        // A long log …
        let printed = device.kill("write", rng.usize(20..50), 0).last().copied();
        // … and killed while it is recovered, again and again.
        let mut more = printed.or(last);
        for _ in 0..OPENINGS {
            let printed = device.kill("write", 1, rng.u32(..400_000)).last().copied();
            more = printed.or(more);
        }
        last = device.check(round, more, 1 + OPENINGS);
    }
}

#[test]
fn a_killed_creation_leaves_a_whole_wallet_or_none() {
    let mut rng = Rng::with_seed(3);
    let mut whole = 0;
    let mut none = 0;
    for round in 0..extended_rounds().unwrap_or(ROUNDS) {
        let device = WriterDevice::new();
        let printed = device.kill("create", rng.usize(1..4), rng.u32(..2_000_000));
        let next = printed.last().map_or(0, |last| last + 1);
        for number in printed {
            let vault = device.open(&format!("vault-{number}"));
            assert!(vault.unwrap().is_empty(), "round {round}, wallet {number}");
        }
        let name = format!("vault-{next}");
        match device.open(&name) {
            Ok(vault) => {
                assert!(vault.is_empty());
                whole += 1;
            }
            Err(VaultError::NotFound) => {
                assert!(device.create(&name).is_empty(), "round {round}");
                none += 1;
            }
            Err(error) => panic!("round {round}: {error}"),
        }
    }
    println!("the last one: {whole} whole, {none} not there");
}

/// A folder with a keystore.
struct WriterDevice {
    folder: tempfile::TempDir,
    host: Host,
}

impl WriterDevice {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cheap = Argon2Params::new(8, 1, 1).unwrap();
        let path = folder.path().join("keystore");
        let random = Arc::new(SystemRandom::new());
        let keystore =
            SoftwareKeystore::create(&path, b"passphrase", cheap, random.clone()).unwrap();
        let keystore = Arc::new(keystore);
        let clock = Arc::new(SystemClock);
        let host = Host { keystore, anchor: None, clock, random };
        Self { folder, host }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The host with the anchor of this vault.
    fn host(&self, name: &str) -> Host {
        let anchor = FileAnchor::new(&self.path().join(format!("{name}.anchor")));
        Host { anchor: Some(Arc::new(anchor)), ..self.host.clone() }
    }

    fn create(&self, name: &str) -> Vault {
        Vault::create(&self.path().join(name), &self.host(name)).unwrap()
    }

    fn open(&self, name: &str) -> Result<Vault, VaultError> {
        Vault::open(&self.path().join(name), &self.host(name))
    }

    /// The length of the log in bytes.
    fn log(&self) -> u64 {
        self.path().join("vault-wal").metadata().map_or(0, |log| log.len())
    }

    /// Starts a writer, lets it print so many lines, waits for some turns of a loop, and kills it. Returns
    /// all the numbers that it printed.
    fn kill(&self, what: &str, lines: usize, turns: u32) -> Vec<u64> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_crash-writer"))
            .arg(what)
            .arg(self.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut first: Vec<String> = printed.by_ref().take(lines).map(Result::unwrap).collect();
        for _ in 0..turns {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        assert_eq!(ended.code(), None, "the writer ended by itself: {ended}");
        // What it printed before it died and was not read yet.
        first.extend(printed.map(Result::unwrap));
        assert_eq!(first.remove(0), "ready");
        first.iter().map(|line| line.parse().unwrap()).collect()
    }

    /// All records up to the one printed last are there as they should be, and at most one more for each
    /// time that a writer was killed; returns the last.
    fn check(&self, round: usize, printed: Option<u64>, kills: u64) -> Option<u64> {
        let vault = self.open("vault").unwrap_or_else(|error| panic!("round {round}: {error}"));
        let settings = vault.list::<Setting>().unwrap();
        let mut numbers: Vec<u64> =
            settings.iter().map(|(_, setting)| setting.name.parse().unwrap()).collect();
        numbers.sort_unstable();
        let last = numbers.last().copied();
        let count = |last: Option<u64>| last.map_or(0, |last| last + 1);
        let more = count(last).checked_sub(count(printed));
        assert!(
            more.is_some_and(|more| more <= kills),
            "round {round}: printed {printed:?}, found {last:?}"
        );
        let expected = last.map_or(0..0, |last| last - last % 50..last + 1);
        assert!(numbers.iter().copied().eq(expected), "round {round}: {numbers:?}");
        for (_, Setting { name, value }) in &settings {
            let length = name.parse::<usize>().unwrap() * 97 % 3000;
            assert_eq!(*value, name.repeat(length / name.len()), "round {round}");
        }
        vault.close().unwrap();
        last
    }
}
