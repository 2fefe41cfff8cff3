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
use tegata_crash_tests::long_form;

/// Rounds of the short form, for each of the three.
const ROUNDS: usize = 20;

/// How often the same log is recovered and the recovery killed.
const OPENINGS: u64 = 3;

#[test]
fn a_writer_that_is_killed_has_written_what_it_said_and_at_most_one_thing_more() {
    let device = Device::new();
    device.create("vault").close().unwrap();
    let mut lot = Rng::with_seed(1);
    let mut last = None;
    let mut logs = 0;
    for round in 0..long_form().unwrap_or(ROUNDS) {
        let lines = lot.usize(1..60);
        let said = device.kill("write", lines, lot.u32(..200_000));
        let said = said.last().copied().or(last);
        logs += usize::from(device.log() > 0);
        last = device.check(round, said, 1);
    }
    println!("{} records written, {logs} logs left behind", last.unwrap());
    assert!(logs > 0, "no round left a log to recover");
}

#[test]
fn an_opening_that_is_killed_costs_nothing() {
    let device = Device::new();
    device.create("vault").close().unwrap();
    let mut lot = Rng::with_seed(2);
    let mut last = None;
    for round in 0..long_form().unwrap_or(ROUNDS) {
        // A long log …
        let said = device.kill("write", lot.usize(20..50), 0).last().copied();
        // … and killed while it is recovered, again and again.
        let mut more = said.or(last);
        for _ in 0..OPENINGS {
            let said = device.kill("write", 1, lot.u32(..400_000)).last().copied();
            more = said.or(more);
        }
        last = device.check(round, more, 1 + OPENINGS);
    }
}

#[test]
fn a_creation_that_is_killed_leaves_a_whole_wallet_or_none() {
    let mut lot = Rng::with_seed(3);
    let (mut whole, mut none) = (0, 0);
    for round in 0..long_form().unwrap_or(ROUNDS) {
        let device = Device::new();
        let said = device.kill("create", lot.usize(1..4), lot.u32(..2_000_000));
        let next = said.last().map_or(0, |last| last + 1);
        for number in said {
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
struct Device {
    folder: tempfile::TempDir,
    host: Host,
}

impl Device {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cheap = Argon2Params::new(8, 1, 1).unwrap();
        let path = folder.path().join("keystore");
        let random = Arc::new(SystemRandom::new());
        let keystore =
            SoftwareKeystore::create(&path, b"passphrase", cheap, random.clone()).unwrap();
        let (keystore, clock) = (Arc::new(keystore), Arc::new(SystemClock));
        let host = Host { keystore, anchor: None, clock, random };
        Self { folder, host }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// With the anchor of this vault.
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

    /// Bytes in the log.
    fn log(&self) -> u64 {
        self.path().join("vault-wal").metadata().map_or(0, |log| log.len())
    }

    /// Starts a writer, lets it say so many lines, waits for a moment that no clock measures, and kills it. Gives all
    /// the numbers that it said.
    fn kill(&self, what: &str, lines: usize, turns: u32) -> Vec<u64> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_storm-writer"))
            .arg(what)
            .arg(self.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut first: Vec<String> = said.by_ref().take(lines).map(Result::unwrap).collect();
        for _ in 0..turns {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        assert_eq!(ended.code(), None, "the writer ended by itself: {ended}");
        // What it said before it died and nobody had read yet.
        first.extend(said.map(Result::unwrap));
        assert_eq!(first.remove(0), "ready");
        first.iter().map(|line| line.parse().unwrap()).collect()
    }

    /// All records up to the one said last are there as they should be, and at most one more for each
    /// time that a writer was killed; gives the last.
    fn check(&self, round: usize, said: Option<u64>, kills: u64) -> Option<u64> {
        let vault = self.open("vault").unwrap_or_else(|error| panic!("round {round}: {error}"));
        let settings = vault.list::<Setting>().unwrap();
        let mut numbers: Vec<u64> =
            settings.iter().map(|(_, setting)| setting.name.parse().unwrap()).collect();
        numbers.sort_unstable();
        let last = numbers.last().copied();
        let count = |last: Option<u64>| last.map_or(0, |last| last + 1);
        let more = count(last).checked_sub(count(said));
        assert!(
            more.is_some_and(|more| more <= kills),
            "round {round}: said {said:?}, found {last:?}"
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
