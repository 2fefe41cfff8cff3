//! The vault that format 1 was released with. Every later version must open it; it is never written again.
//!
//! It was written by `TEGATA_WRITE_FIXTURE=1 cargo test -p tegata --lib the_fixture`, which writes it only where there
//! is none. Its randomness is a fixed sequence, so today's code can be held against its rows to the byte.
//!
//! Beside it lie its anchor, and in a folder `tampering` what someone could put in its place: see `write_tampering`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::digest;
use rusqlite::Connection;

use super::kinds::PaymentSeed;
use super::*;
use crate::code::{AliasPeriod, ClockOffset, Counter, CredentialId, Scheme, Seed};
use crate::{Device, Random, RandomUnavailable, SecretBytes, SystemClock};

const PASSPHRASE: &[u8] = b"correct horse battery staple";
const PIN: &[u8] = b"2468";
const EARLIER_PIN: &[u8] = b"1357";
const HOST_KEY: [u8; 32] = [0x4b; 32];
const SEED: [u8; 32] = [0x23; 32];

fn params() -> Argon2Params {
    Argon2Params::new(64, 2, 1).unwrap()
}

/// The sequence `SHA-256(be64(0)), SHA-256(be64(1)), …`, one for each 32 bytes or less.
#[derive(Default)]
struct Sequence(AtomicU64);

impl Random for Sequence {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        for part in bytes.chunks_mut(32) {
            let number = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
            let block = digest::digest(&digest::SHA256, &number);
            part.copy_from_slice(&block.as_ref()[..part.len()]);
        }
        Ok(())
    }
}

fn device(keystore: SoftwareKeystore, random: &Arc<dyn Random>) -> Device {
    let keystore = Arc::new(keystore);
    let clock = Arc::new(SystemClock);
    let random = random.clone();
    Device { keystore, anchor: None, clock, random }
}

fn create_keystore(path: &Path, random: &Arc<dyn Random>) -> SoftwareKeystore {
    SoftwareKeystore::create(path, PASSPHRASE, params(), Arc::clone(random)).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vault-format-1")
}

fn payment() -> PaymentCredential {
    let mut payment = PaymentCredential::new(
        CredentialId([0x11; 16]),
        "Corner Shop".into(),
        scheme("290012", 86_400),
        Seed::from_slice(&[0x22; 32]).unwrap(),
    );
    payment.last_counter = Counter::from_number(590_000_003).ok();
    payment.clock_offset = ClockOffset::from_seconds(-3);
    payment
}

fn scheme(prefix: &str, alias_period: u32) -> Scheme {
    let alias_period = AliasPeriod::new(alias_period).unwrap();
    Scheme { prefix: prefix.parse().unwrap(), alias_period }
}

fn locked() -> PaymentCredential {
    PaymentCredential::new(
        CredentialId([0x12; 16]),
        "角のお店".into(),
        scheme("4900", 3600),
        Seed::from_slice(&SEED).unwrap(),
    )
}

fn otp(kind: OtpKind) -> OtpCredential {
    OtpCredential::new(
        "Mail".into(),
        "ann@example.org".into(),
        OtpAlgorithm::Sha1,
        6,
        kind,
        SecretBytes::new(b"12345678901234567890"),
    )
}

fn pass() -> Pass {
    Pass {
        title: "Tram".into(),
        format: PassFormat::Aztec,
        message: "T-7".into(),
        alternate_text: Some("Line 7".into()),
    }
}

fn account() -> AccountRecord {
    AccountRecord {
        handle: "ann@example.org".into(),
        issuer_address: "https://pay.example.org".into(),
        device_name: "Ann's desk".into(),
        session: Some(SecretBytes::new(&[0x55; 32])),
    }
}

fn setting(value: &str) -> Setting {
    Setting { name: "till".into(), value: value.into() }
}

/// Writes keystore, vault and anchor: every kind, a second revision, a PIN that was another before, and something that
/// was deleted. `earlier` becomes a copy of the vault as it was before the last four of these.
fn write(folder: &Path, earlier: &Path) -> Device {
    let random: Arc<dyn Random> = Arc::new(Sequence::default());
    let keystore = create_keystore(&folder.join("keystore"), &random);
    let path = folder.join("vault");
    let anchor = Arc::new(FileAnchor::new(&folder.join("anchor")));
    let device = Device { anchor: Some(anchor), ..device(keystore, &random) };
    let mut vault = Vault::create(&path, &device).unwrap();
    let mut unlock = PaymentUnlock::without_lock();
    vault.store_pin(&mut unlock, EARLIER_PIN, params()).unwrap();
    vault.set_unlock_key(&mut unlock, &HOST_KEY).unwrap();
    vault
        .transaction(|transaction| {
            // From the time before locks, or another program's: a reader meets both.
            transaction.add(&payment())?;
            transaction.add_payment(&unlock, locked())?;
            transaction.add(&otp(OtpKind::Totp(30)))?;
            transaction.add(&otp(OtpKind::Hotp(7)))?;
            transaction.add(&pass())?;
            transaction.add(&account())
        })
        .unwrap();
    let gone = vault.add(&setting("gone")).unwrap();
    let kept = vault.add(&setting("old")).unwrap();
    vault.close().unwrap();
    std::fs::copy(&path, earlier).unwrap();

    let mut vault = Vault::open(&path, &device).unwrap();
    vault.change_keystore(device.keystore.clone()).unwrap();
    vault.store_pin(&mut unlock, PIN, params()).unwrap();
    vault.put(&kept, &setting("t1")).unwrap();
    vault.delete(&gone).unwrap();
    vault.close().unwrap();
    device
}

/// Writes what someone could put in the place of the fixture or of its rows, all made with the same keystore:
///
/// - `earlier`: the vault some epochs before;
/// - `other`: another history from there on, of the same epoch and revisions;
/// - `replaced`: the vault after its data key was replaced;
/// - `stranger`: another vault, with a lock that has the same PIN;
/// - `keystore`: another keystore with the same passphrase.
fn write_tampering(folder: &Path, device: &Device) {
    let bare = Device { anchor: None, ..device.clone() };
    let copy = |from: PathBuf, name: &str| {
        let to = folder.join(name);
        std::fs::copy(from, &to).unwrap();
        Vault::open(&to, &bare).unwrap()
    };
    let mut other = copy(folder.join("earlier"), "other");
    let mut unlock = other.unlock(UnlockMethod::Key(&HOST_KEY)).unwrap();
    other.store_pin(&mut unlock, EARLIER_PIN, params()).unwrap();
    let settings = other.list::<Setting>().unwrap();
    let find = |value: &str| settings.iter().find(|(_, it)| it.value == value).unwrap().0;
    other.put(&find("old"), &setting("t2")).unwrap();
    other.delete(&find("gone")).unwrap();
    other.close().unwrap();

    let mut replaced = copy(folder.with_file_name("vault"), "replaced");
    replaced.rekey().unwrap();
    replaced.close().unwrap();

    let mut stranger = Vault::create(&folder.join("stranger"), &bare).unwrap();
    let mut unlock = PaymentUnlock::without_lock();
    stranger.store_pin(&mut unlock, PIN, params()).unwrap();
    stranger.transaction(|transaction| transaction.add_payment(&unlock, locked())).unwrap();
    stranger.close().unwrap();

    create_keystore(&folder.join("keystore"), &device.random);
}

/// All rows of a closed vault.
fn rows(path: &Path) -> Vec<(Vec<u8>, i64, Vec<u8>)> {
    let file = Connection::open(path).unwrap();
    let mut statement = file.prepare("SELECT id, rev, sealed FROM record ORDER BY id").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// A copy of the fixture, which opening may write to.
fn copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["keystore", "vault", "anchor"] {
        std::fs::copy(folder().join(name), copy.path().join(name)).unwrap();
    }
    copy
}

/// Asserts that these are the records, in any order. Secrets have no equality of their own; their encoding has.
fn same<T: RecordKind>(read: &[(RecordId, T)], expected: &[T]) {
    let encoded = |items: &mut dyn Iterator<Item = &T>| {
        let mut encoded: Vec<_> = items.map(|item| kinds::encode(item).unwrap().to_vec()).collect();
        encoded.sort();
        encoded
    };
    let read = encoded(&mut read.iter().map(|(_, item)| item));
    assert_eq!(read, encoded(&mut expected.iter()));
}

#[test]
fn the_fixture_opens_and_every_kind_is_read() {
    if std::env::var_os("TEGATA_WRITE_FIXTURE").is_some() && !folder().exists() {
        let tampering = folder().join("tampering");
        std::fs::create_dir_all(&tampering).unwrap();
        let device = write(&folder(), &tampering.join("earlier"));
        write_tampering(&tampering, &device);
    }
    let copy = copy();
    let random: Arc<dyn Random> = Arc::new(Sequence::default());
    let keystore_path = copy.path().join("keystore");
    let keystore = SoftwareKeystore::open(&keystore_path, PASSPHRASE, Arc::clone(&random)).unwrap();
    let anchor: Arc<dyn Anchor> = Arc::new(FileAnchor::new(&copy.path().join("anchor")));
    let device = Device { anchor: Some(anchor), ..device(keystore, &random) };
    let mut vault = Vault::open(&copy.path().join("vault"), &device).unwrap();
    assert_eq!(vault.len(), 8);

    let mut payments = vault.list::<PaymentCredential>().unwrap();
    payments.sort_by_key(|(_, payment)| payment.credential);
    let (_, locked) = payments.pop().unwrap();
    same(&payments, &[payment()]);
    assert_eq!((locked.label.as_str(), locked.scheme), ("角のお店", scheme("4900", 3600)));
    assert!(matches!(locked.seed, PaymentSeed::Locked(_)));
    for with in [UnlockMethod::Pin(PIN), UnlockMethod::Key(&HOST_KEY)] {
        let unlock = vault.unlock(with).unwrap();
        assert_eq!(unlock.seed(vault.id(), &locked).unwrap().expose(), &SEED);
    }
    let earlier = vault.unlock(UnlockMethod::Pin(EARLIER_PIN)).map(drop);
    assert_eq!(earlier, Err(VaultError::WrongPin { tries_left: 9 }));
    let otps = [otp(OtpKind::Totp(30)), otp(OtpKind::Hotp(7))];
    same(&vault.list().unwrap(), &otps);
    same(&vault.list().unwrap(), &[pass()]);
    same(&vault.list().unwrap(), &[account()]);
    same(&vault.list().unwrap(), &[setting("t1")]);
}

#[test]
fn the_fixture_is_reproduced_byte_for_byte() {
    let today = tempfile::tempdir().unwrap();
    write(today.path(), &today.path().join("earlier"));
    assert_eq!(rows(&copy().path().join("vault")), rows(&today.path().join("vault")));
}

/// Versions before the rules for new PINs stored a PIN as it was typed.
#[test]
fn a_pin_in_an_old_form_opens_as_one_try() {
    let folder = tempfile::tempdir().unwrap();
    let random: Arc<dyn Random> = Arc::new(Sequence::default());
    let keystore = create_keystore(&folder.path().join("keystore"), &random);
    let device = device(keystore, &random);
    let mut vault = Vault::create(&folder.path().join("vault"), &device).unwrap();
    let mut unlock = PaymentUnlock::without_lock();
    for old in ["1234", "２４６８", "12 34", "-", "open sesame", "caf\u{e9}"] {
        vault.store_pin(&mut unlock, old.as_bytes(), params()).unwrap();
        let wrong = vault.unlock(UnlockMethod::Pin("９ ９".as_bytes())).map(drop);
        assert_eq!(wrong, Err(VaultError::WrongPin { tries_left: 9 }), "{old}");
        vault.unlock(UnlockMethod::Pin(old.as_bytes())).unwrap();
        let left = vault.lock_status().unwrap().unwrap().pin_tries_left;
        assert_eq!(left, Some(MAX_PIN_TRIES), "{old}");
    }
}
