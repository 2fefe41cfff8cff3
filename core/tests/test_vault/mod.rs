//! The fixture of the vault's tests: a folder with a keystore, and a vault in it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests, each of which uses a part of it"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tegata::vault::{
    Anchor, AnchorError, AnchorState, Argon2Params, Keystore, Setting, SoftwareKeystore, Vault,
    VaultError,
};
use tegata::{Device, Random, RandomUnavailable, SystemClock, SystemRandom};
use tempfile::TempDir;

/// A folder with a keystore, and a place for a vault.
pub(crate) struct TestVault {
    pub(crate) folder: TempDir,
    pub(crate) keystore: Arc<SoftwareKeystore>,
}

impl TestVault {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keystore = Arc::new(keystore_at(&folder.path().join("keystore")));
        Self { folder, keystore }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("vault")
    }

    pub(crate) fn device(&self) -> Device {
        device(self.keystore.clone())
    }

    pub(crate) fn create(&self) -> Vault {
        Vault::create(&self.path(), &self.device()).unwrap()
    }

    pub(crate) fn open(&self) -> Result<Vault, VaultError> {
        Vault::open(&self.path(), &self.device())
    }

    /// Runs SQL on the closed file, as an attacker without the key would.
    pub(crate) fn tamper(&self, sql: &str) {
        let file = rusqlite::Connection::open(self.path()).unwrap();
        file.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        file.close().unwrap();
    }

    /// The names and bytes of all files beside the vault, itself included.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.folder.path()).unwrap().map(Result::unwrap);
        entries
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
            })
            .collect()
    }

    /// Restores the files to these bytes.
    pub(crate) fn restore(&self, files: &BTreeMap<String, Vec<u8>>) {
        for (name, bytes) in files {
            fs::write(self.folder.path().join(name), bytes).unwrap();
        }
    }

    /// Asserts that opening fails with `expected` and changes no file.
    pub(crate) fn assert_open_fails(&self, expected: &VaultError, why: &str) {
        let before = self.files();
        assert_eq!(self.open().map(drop).as_ref(), Err(expected), "{why}");
        assert!(self.files() == before, "{why}: a file was changed");
    }
}

pub(crate) fn keystore_at(path: &Path) -> SoftwareKeystore {
    SoftwareKeystore::create(path, b"passphrase", small(), random()).unwrap()
}

pub(crate) fn small() -> Argon2Params {
    Argon2Params::new(8, 1, 1).unwrap()
}

pub(crate) fn device(keystore: Arc<dyn Keystore>) -> Device {
    Device { keystore, anchor: None, clock: Arc::new(SystemClock), random: random() }
}

pub(crate) fn random() -> Arc<dyn Random> {
    Arc::new(SystemRandom::new())
}

pub(crate) fn setting(name: &str, value: &str) -> Setting {
    Setting { name: name.into(), value: value.into() }
}

/// An anchor in memory that fails on request.
#[derive(Default)]
pub(crate) struct TestAnchor {
    stored: Mutex<Option<AnchorState>>,
    failing: AtomicBool,
    stores: AtomicUsize,
}

impl TestAnchor {
    pub(crate) fn get(&self) -> Option<AnchorState> {
        *self.stored.lock().unwrap()
    }

    pub(crate) fn put(&self, anchored: Option<AnchorState>) {
        *self.stored.lock().unwrap() = anchored;
    }

    pub(crate) fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    pub(crate) fn stores(&self) -> usize {
        self.stores.load(Ordering::SeqCst)
    }

    fn answer(&self) -> Result<(), AnchorError> {
        let failing = self.failing.load(Ordering::SeqCst);
        if failing { Err(AnchorError::Failed("no room".into())) } else { Ok(()) }
    }
}

impl Anchor for TestAnchor {
    fn load(&self) -> Result<Option<AnchorState>, AnchorError> {
        self.answer()?;
        Ok(self.get())
    }

    fn store(&self, anchored: &AnchorState) -> Result<(), AnchorError> {
        self.answer()?;
        self.stores.fetch_add(1, Ordering::SeqCst);
        self.put(Some(*anchored));
        Ok(())
    }
}

/// The device of a test vault, with an anchor.
pub(crate) fn anchored(test_vault: &TestVault) -> (Arc<TestAnchor>, Device) {
    let anchor = Arc::new(TestAnchor::default());
    let device = Device { anchor: Some(anchor.clone()), ..test_vault.device() };
    (anchor, device)
}

/// Random bytes for a number of fills, then an error: a program can end at any point.
pub(crate) struct ExhaustibleRandom(pub(crate) AtomicUsize);

impl Random for ExhaustibleRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        left.map_err(|_| RandomUnavailable)?;
        SystemRandom::new().fill(bytes)
    }
}
