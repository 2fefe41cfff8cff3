//! The wallet's facade: codes that are never shown twice, a clock that may be wrong, errors to act on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tegata::code::{
    AliasPeriod, AttemptLimits, Audience, Candidate, ClockStatus, CredentialId, Prefixes, Scheme,
    Seed, SqliteGuard, TillId, Verdict, verify,
};
use tegata::vault::{Argon2Params, Pass, PassFormat, PaymentUnlock, RecordId, SoftwareKeystore};
use tegata::{Device, Error, NewPaymentCredential, NextCode, SystemRandom, UnixTime, Wallet};
use tempfile::TempDir;

const OPEN: &PaymentUnlock = &PaymentUnlock::without_lock();

const SEED: [u8; 32] = [0x5e; 32];
const CREDENTIAL: CredentialId = CredentialId([0xc1; 16]);

/// A shopper's phone: a folder, a keystore, a clock. It includes an issuer whose clock is right.
struct Phone {
    folder: TempDir,
    keystore: Arc<SoftwareKeystore>,
    /// What its clock shows.
    seconds: Arc<AtomicU64>,
    guard: SqliteGuard,
}

impl Phone {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keystore");
        let cheap = Argon2Params::new(8, 1, 1).unwrap();
        let random = Arc::new(SystemRandom::new());
        let created = SoftwareKeystore::create(&path, b"passphrase", cheap, random).unwrap();
        let keystore = Arc::new(created);
        let seconds = Arc::new(AtomicU64::new(1_800_000_000));
        let guard = SqliteGuard::in_memory(AttemptLimits::default()).unwrap();
        Self { folder, keystore, seconds, guard }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("wallet")
    }

    fn device(&self) -> Device {
        let shown = Arc::clone(&self.seconds);
        Device {
            keystore: self.keystore.clone(),
            anchor: None,
            clock: Arc::new(move || UnixTime::new(shown.load(Ordering::SeqCst)).unwrap()),
            random: Arc::new(SystemRandom::new()),
        }
    }

    fn create(&self) -> Result<Wallet, Error> {
        Wallet::create(&self.path(), &self.device())
    }

    fn open(&self) -> Result<Wallet, Error> {
        Wallet::open(&self.path(), &self.device())
    }

    fn with_payment(&self) -> (Wallet, RecordId) {
        let mut wallet = self.create().unwrap();
        let id = wallet.payments().add(OPEN, &new_payment("Corner shop")).unwrap();
        (wallet, id)
    }

    fn set(&self, seconds: u64) {
        self.seconds.store(seconds, Ordering::SeqCst);
    }

    /// The issuer's verdict at this time.
    fn scan(&self, digits: &[u8], till: &str, seconds: u64) -> Verdict {
        let prefixes = Prefixes::new([scheme()]).unwrap();
        let seed = Seed::from_slice(&SEED).unwrap();
        let candidate = |_: &_, _: &_| Ok(vec![Candidate::new(CREDENTIAL, &seed)]);
        let now = UnixTime::new(seconds).unwrap();
        verify(&self.guard, &prefixes, digits, &till.parse().unwrap(), now, candidate).unwrap()
    }

    fn pays(&self, next: NextCode, seconds: u64) -> bool {
        let NextCode::Code(code) = next else { panic!("no code") };
        let verdict = self.scan(code.digits().as_bytes(), "till", seconds);
        matches!(verdict, Verdict::Accepted { .. })
    }
}

fn scheme() -> Scheme {
    Scheme { prefix: "4960".parse().unwrap(), alias_period: AliasPeriod::DAY }
}

fn new_payment(label: &str) -> NewPaymentCredential {
    NewPaymentCredential {
        credential: CREDENTIAL,
        label: label.to_owned(),
        scheme: scheme(),
        seed: Seed::from_slice(&SEED).unwrap(),
    }
}

fn pass() -> Pass {
    Pass {
        title: "Library card".into(),
        format: PassFormat::Code128,
        message: "A0042".into(),
        alternate_text: None,
    }
}

#[test]
fn five_codes_of_a_step_pay_then_a_wait() {
    let device = Phone::new();
    let (mut wallet, id) = device.with_payment();
    for _ in 0..5 {
        let code = wallet.payments().next_code(OPEN, &id, Audience::AnyTill).unwrap();
        assert!(device.pays(code, 1_800_000_000));
    }
    device.set(1_800_000_011);
    let wait = wallet.payments().next_code(OPEN, &id, Audience::AnyTill).unwrap();
    assert_eq!(wait, NextCode::Wait(19));
    device.set(1_800_000_030);
    let code = wallet.payments().next_code(OPEN, &id, Audience::AnyTill).unwrap();
    assert!(device.pays(code, 1_800_000_030));
}

#[test]
fn a_code_for_one_till_pays_only_there() {
    let device = Phone::new();
    let (mut wallet, id) = device.with_payment();
    let till: TillId = "till-1".parse().unwrap();
    let NextCode::Code(code) =
        wallet.payments().next_code(OPEN, &id, Audience::OneTill(till)).unwrap()
    else {
        panic!("no code")
    };
    let digits = code.digits().as_bytes();
    assert!(matches!(device.scan(digits, "till-2", 1_800_000_000), Verdict::Refused(_)));
    assert!(matches!(device.scan(digits, "till-1", 1_800_000_000), Verdict::Accepted { .. }));
}

#[test]
fn no_code_is_shown_twice_across_restarts() {
    let device = Phone::new();
    let (wallet, id) = device.with_payment();
    wallet.close().unwrap();
    let mut counters = Vec::new();
    for n in 0..4 {
        let mut wallet = device.open().unwrap();
        let next = wallet.payments().next_code(OPEN, &id, Audience::AnyTill).unwrap();
        let NextCode::Code(code) = next else { panic!("no code") };
        counters.push(code.counter());
        // Closed properly, or dropped as when the app is killed.
        if n % 2 == 0 {
            wallet.close().unwrap();
        }
    }
    assert!(counters.is_sorted_by(|a, b| a < b), "{counters:?}");
}

#[test]
fn a_clock_ten_minutes_ahead_is_reported_and_corrected() {
    let device = Phone::new();
    let (mut wallet, id) = device.with_payment();
    let mut payments = wallet.payments();
    let right = 1_800_000_000;
    device.set(right + 600);
    let code = payments.next_code(OPEN, &id, Audience::AnyTill).unwrap();
    assert!(!device.pays(code, right));

    payments.learn_issuer_time(&id, UnixTime::new(right).unwrap()).unwrap();
    let payment = payments.get(&id).unwrap();
    let device_time = device.device().clock.now();
    assert_eq!(payment.clock_status(device_time), ClockStatus::Ahead(600));
    assert_eq!(payment.time(device_time).seconds(), right);
    let code = payments.next_code(OPEN, &id, Audience::AnyTill).unwrap();
    assert!(device.pays(code, right));

    // Somebody sets the clock right: what was learnt no longer fits, and is left out.
    device.set(right + 40);
    let code = payments.next_code(OPEN, &id, Audience::AnyTill).unwrap();
    assert!(device.pays(code, right + 40));
    let status = payments.get(&id).unwrap().clock_status(device.device().clock.now());
    assert_eq!(status, ClockStatus::Fine);
}

#[test]
fn a_clock_set_back_is_reported_and_blocks_nothing() {
    let device = Phone::new();
    let (mut wallet, id) = device.with_payment();
    let mut payments = wallet.payments();
    payments.next_code(OPEN, &id, Audience::AnyTill).unwrap();
    device.set(1_800_000_000 - 86_400);
    let status = payments.get(&id).unwrap().clock_status(device.device().clock.now());
    assert_eq!(status, ClockStatus::SetBack(86_400));
    assert!(matches!(payments.next_code(OPEN, &id, Audience::AnyTill).unwrap(), NextCode::Code(_)));
}

#[test]
fn a_wait_writes_nothing() {
    let device = Phone::new();
    let (mut wallet, id) = device.with_payment();
    for _ in 0..5 {
        wallet.payments().next_code(OPEN, &id, Audience::AnyTill).unwrap();
    }
    let log = || std::fs::read(device.folder.path().join("wallet-wal")).unwrap();
    let before = log();
    wallet.payments().next_code(OPEN, &id, Audience::AnyTill).unwrap();
    assert_eq!(log(), before);
}

#[test]
fn handles_show_their_own_kind_only() {
    let device = Phone::new();
    let (mut wallet, payment) = device.with_payment();
    let pass_id = wallet.passes().add(&pass()).unwrap();
    assert_eq!(wallet.len(), 2);
    assert_eq!(wallet.passes().list().unwrap(), [(pass_id, pass())]);
    let listed = wallet.payments().list().unwrap();
    assert_eq!((listed.len(), listed[0].label.as_str()), (1, "Corner shop"));

    let not_found = Err(Error::NotFound);
    assert_eq!(wallet.passes().remove(&payment), not_found);
    assert_eq!(wallet.payments().remove(&pass_id), not_found);
    let code = wallet.payments().next_code(OPEN, &pass_id, Audience::AnyTill);
    assert_eq!(code.map(|_| ()), not_found);
    wallet.payments().remove(&payment).unwrap();
    assert_eq!(wallet.payments().remove(&payment), not_found);
    wallet.passes().remove(&pass_id).unwrap();
    assert!(wallet.is_empty());
}

#[test]
fn each_failure_to_open_has_its_error_and_changes_nothing() {
    let device = Phone::new();
    assert_eq!(device.open().map(|_| ()), Err(Error::NoWallet));
    assert_eq!(Wallet::destroy(&device.path()), Err(Error::NoWallet));
    let (wallet, _) = device.with_payment();
    assert_eq!(device.open().map(|_| ()), Err(Error::InUse));
    assert_eq!(device.create().map(|_| ()), Err(Error::AlreadyExists));
    wallet.close().unwrap();

    let bytes = || std::fs::read(device.path()).unwrap();
    let before = bytes();
    let stranger = Phone::new();
    let opened = Wallet::open(&device.path(), &stranger.device());
    assert_eq!(opened.map(|_| ()), Err(Error::WrongDevice));
    assert_eq!(bytes(), before);

    let damaged = &before[..before.len() / 2];
    std::fs::write(device.path(), damaged).unwrap();
    assert_eq!(device.open().map(|_| ()), Err(Error::Corrupt));
    assert_eq!(bytes(), damaged);
    std::fs::write(device.path(), &before).unwrap();
    assert_eq!(device.open().unwrap().len(), 1);

    let long = new_payment(&"x".repeat(129));
    let refused = device.open().unwrap().payments().add(OPEN, &long).unwrap_err();
    assert!(matches!(&refused, Error::Invalid(why) if why.contains("128")), "{refused}");
    Wallet::destroy(&device.path()).unwrap();
    assert!(!device.path().exists());
}

#[test]
fn debug_output_has_no_secret() {
    let device = Phone::new();
    let (mut wallet, id) = device.with_payment();
    let next = wallet.payments().next_code(OPEN, &id, Audience::AnyTill).unwrap();
    let NextCode::Code(code) = &next else { panic!("no code") };
    let new = new_payment("Corner shop");
    let shown = format!("{wallet:?} {next:?} {new:?} {:?}", wallet.payments().list().unwrap());
    assert!(shown.contains("[redacted]"), "{shown}");
    assert!(!shown.contains("94, 94") && !shown.contains("5e5e"), "{shown}");
    assert!(!shown.contains(&code.digits().as_str()[15..]), "{shown}");
}
