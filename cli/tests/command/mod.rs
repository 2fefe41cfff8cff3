//! What the command line's tests share: running it, and what an answer looks like.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests, each of which uses a part of it"
)]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tegata::vault::{Argon2Params, SoftwareKeystore};
use tegata::{Device, SystemClock, SystemRandom};
use tempfile::TempDir;

pub(crate) const EXPORT: &str = "otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8SGEV4YW1wbGU6YWxpY2VAZ29vZ2xlLmNvbRoHRXhhbXBsZTAC";
pub(crate) const HELLO: &str =
    "otpauth://totp/Example:alice@google.com?secret=JBSWY3DPEHPK3PXP&issuer=Example";

pub(crate) const SEED: &str = "87c9774b05c3f50531c536902a95e1f97f6141d1de49187ec7cad6a4d6882551";

pub(crate) fn tegata(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tegata"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub(crate) fn here(args: &[&str]) -> Output {
    tegata(Path::new("."), args)
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Exit code 0 and nothing on standard error.
pub(crate) fn done(output: &Output) -> &str {
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    text(&output.stdout)
}

/// This exit code, nothing on standard output, and one clear text on standard error.
pub(crate) fn failed(output: &Output, exit: i32, says: &str) {
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(exit), ""), "{error}");
    assert!(error.contains(says), "{error} does not say: {says}");
    assert!(!error.contains("panicked"), "{error}");
}

pub(crate) fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A folder with what a wallet's commands are given.
pub(crate) struct Wallet(pub(crate) TempDir);

impl Wallet {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pass"), "correct horse\n").unwrap();
        std::fs::write(folder.path().join("wrong"), "battery staple\n").unwrap();
        std::fs::write(folder.path().join("seed.hex"), SEED).unwrap();
        std::fs::write(folder.path().join("new-pin"), "739164\n").unwrap();
        Self(folder)
    }

    /// A new wallet under the same passphrase, whose stretching takes no time.
    pub(crate) fn made() -> Self {
        let wallet = Self::new();
        let (vault, key) =
            ["tegata.vault", "tegata.vault.key"].map(|it| wallet.0.path().join(it)).into();
        let cheap = Argon2Params::new(8, 1, 1).unwrap();
        let random = Arc::new(SystemRandom::new());
        let keystore = SoftwareKeystore::create(&key, b"correct horse", cheap, random.clone());
        let keystore = Arc::new(keystore.unwrap());
        let clock = Arc::new(SystemClock);
        let device = Device { keystore, anchor: None, clock, random };
        tegata::Wallet::create(&vault, &device).unwrap().close().unwrap();
        wallet
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.run_with("@pass", args)
    }

    pub(crate) fn run_with(&self, passphrase: &str, args: &[&str]) -> Output {
        tegata(self.0.path(), &[&["wallet", "--passphrase", passphrase], args].concat())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.0.path().join("tegata.vault")).unwrap()
    }
}
