//! The vault's fuzz targets: see `crate::fuzz`.
#![expect(clippy::expect_used, reason = "a panic is how a target says what is wrong")]

use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use ring::digest;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::ids::{RecordId, VaultId};
use super::keys::{DataKey, Keyring};
use super::kinds::{
    AccountSecret, History, PaymentLock, Provisioning, QueuedMessage, TransferState, decode, encode,
};
use super::manifest::Manifest;
use super::record::{self, SealedRecord};
use super::{
    AccountRecord, Argon2Params, Keystore as _, KeystoreError, OtpCredential, Pass,
    PaymentCredential, RecordKind, Setting, SoftwareKeystore, SoftwareKeystoreError, Vault,
    VaultError, keystore_file,
};
use crate::{Device, Random, RandomUnavailable, Secret, SystemClock, SystemRandom};

const VAULT: &[u8] = include_bytes!("../../fixtures/vault-format-1/vault");
const KEYSTORE: &[u8] = include_bytes!("../../fixtures/vault-format-1/keystore");
const PASSPHRASE: &[u8] = b"correct horse battery staple";

/// A record as it lies in the file, then as the text under a seal: refused, or what we would have written.
pub fn sealed_record(data: &[u8]) {
    let key = DataKey::new(NonZeroU32::MIN, Secret::new(&[1; 32]));
    let keys = Keyring::new(VaultId::new([2; 16]), vec![key]).expect("one key");
    is_refused_or_ours(&keys, data);
    let sealed = record::seal_text(&keys, &ID, REV, &[4; 16], data).expect("any text is sealed");
    is_refused_or_ours(&keys, &sealed);
}

const ID: RecordId = RecordId([3; 16]);
const REV: u64 = 7;

fn is_refused_or_ours(keys: &Keyring, sealed: &[u8]) {
    let Some(parsed) = SealedRecord::parse(sealed) else { return };
    let Ok(data) = parsed.open(keys, &ID, REV) else { return };
    let ours =
        record::seal(keys, &ID, REV, &data, &FixedSalt(*parsed.salt)).expect("it fitted once");
    assert_eq!(ours, sealed);
}

struct FixedSalt([u8; 16]);

impl Random for FixedSalt {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        bytes.copy_from_slice(&self.0);
        Ok(())
    }
}

/// The data of a record: of one kind at most, and in its one encoding.
pub fn kinds(data: &[u8]) {
    let manifest = Manifest::decode(data).is_ok_and(|manifest| {
        assert_eq!(manifest.encode().expect("a manifest is small"), data);
        true
    });
    let read = [
        manifest,
        is_read::<PaymentCredential>(data),
        is_read::<OtpCredential>(data),
        is_read::<Pass>(data),
        is_read::<AccountRecord>(data),
        is_read::<Setting>(data),
        is_read::<PaymentLock>(data),
        is_read::<Provisioning>(data),
        is_read::<TransferState>(data),
        is_read::<History>(data),
        is_read::<AccountSecret>(data),
        is_read::<QueuedMessage>(data),
    ];
    assert!(read.into_iter().filter(|&it| it).count() <= 1);
}

fn is_read<T: RecordKind>(data: &[u8]) -> bool {
    match decode::<T>(data) {
        Ok(Some(item)) => {
            assert_eq!(*encode(&item).expect("what was read is in range"), data);
            true
        }
        Ok(None) | Err(VaultError::Corrupt | VaultError::NewerFormat) => false,
        Err(other) => unreachable!("{other}"),
    }
}

/// Asserts that a vault would take this.
pub(crate) fn is_stored<T: RecordKind>(item: &T) {
    let data = encode(item).expect("in range");
    assert!(is_read::<T>(&data));
}

/// A keystore's file: as it is; with the checksum that a fuzzer cannot make; as the text under the seal; and as a key
/// that a keystore has wrapped.
pub fn keystore_file(data: &[u8]) {
    is_refused_or_works(data);
    let content = &data[..data.len().saturating_sub(32)];
    let checksum = digest::digest(&digest::SHA256, content);
    is_refused_or_works(&[content, checksum.as_ref()].concat());

    let random = Arc::new(SystemRandom::new());
    match SoftwareKeystore::from_text(KEYSTORE, data, random) {
        Ok(keystore) => works(&keystore),
        Err(error) => assert_eq!(error, SoftwareKeystoreError::Corrupt),
    }
    match FIXTURE.unwrap(data) {
        Ok(_) => assert!(data.len() >= 17 + 16 + 16),
        Err(error) => {
            assert!(matches!(error, KeystoreError::Damaged | KeystoreError::WrongDevice));
        }
    }
}

fn is_refused_or_works(file: &[u8]) {
    if asks_for_much(file) {
        return;
    }
    let Ok(text) = keystore_file::unseal(file, PASSPHRASE) else { return };
    let random = Arc::new(SystemRandom::new());
    match SoftwareKeystore::from_text(file, &text, random) {
        Ok(keystore) => works(&keystore),
        Err(error) => assert_eq!(error, SoftwareKeystoreError::Corrupt),
    }
}

/// Whether these are parameters that are accepted and take longer than a fuzzer's turn.
fn asks_for_much(file: &[u8]) -> bool {
    let Some(parameters) = file.get(32..).and_then(<[u8]>::first_chunk) else { return false };
    let cheap = matches!(parameters, [0, 0, 0, 0..=64, 0, 0, 0, 0..=2, _, _, _, _]);
    Argon2Params::from_bytes(parameters).is_ok() && !cheap
}

fn works(keystore: &SoftwareKeystore) {
    let wrapped = keystore.wrap(b"a key").expect("it wraps");
    assert_eq!(keystore.unwrap(&wrapped).expect("it unwraps").expose(), b"a key");
    assert_eq!(keystore.public_key().expect("it has one")[0], 4);
}

/// A whole vault's file: refused and left alone, or one that holds nothing but what the fixture holds.
pub fn vault_file(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault");
    fs::write(&path, data).expect("a file");
    is_refused_or_the_fixture(&path);
}

/// The fixture after someone with SQL and without a key has replaced one value, or dropped a row. Of `data`, the first
/// byte says in which column, the second in which row, the third as which of SQLite's types the rest is taken.
pub fn vault_row(data: &[u8]) {
    let &[place, row, kind, ref value @ ..] = data else { return };
    let (table, key, column) = PLACES[usize::from(place) % PLACES.len()];
    let Some(value) = sql_value(kind, value) else { return };
    let verb = match column {
        Some(column) => format!("UPDATE OR IGNORE {table} SET {column} = ?2"),
        None => format!("DELETE FROM {table}"),
    };
    let change = format!(
        "{verb} WHERE {key} = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET ?1)"
    );

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault");
    fs::write(&path, VAULT).expect("a file");
    let file = Connection::open(&path).expect("SQLite");
    file.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF").expect("set");
    // SQLite itself refuses some, such as a text for a generation.
    let _ = match column {
        Some(_) => file.execute(&change, (row % 8, value)),
        None => file.execute(&change, [row % 8]),
    };
    file.close().expect("closed");
    is_refused_or_the_fixture(&path);
}

/// Table, its key, and the column whose value is replaced; without one, the row is dropped.
const PLACES: [(&str, &str, Option<&str>); 10] = [
    ("meta", "name", Some("value")),
    ("meta", "name", Some("name")),
    ("dek", "generation", Some("generation")),
    ("dek", "generation", Some("wrapped")),
    ("record", "id", Some("id")),
    ("record", "id", Some("rev")),
    ("record", "id", Some("sealed")),
    ("meta", "name", None),
    ("dek", "generation", None),
    ("record", "id", None),
];

fn sql_value(kind: u8, value: &[u8]) -> Option<Value> {
    let number = || Some(i64::from_be_bytes(*value.first_chunk()?));
    Some(match kind % 5 {
        0 => Value::Null,
        1 => Value::Integer(number()?),
        2 => Value::Real(f64::from_bits(number()?.cast_unsigned())),
        3 => Value::Text(String::from_utf8(value.to_vec()).ok()?),
        _ => Value::Blob(value.to_vec()),
    })
}

static FIXTURE: LazyLock<Arc<SoftwareKeystore>> = LazyLock::new(|| {
    let text = keystore_file::unseal(KEYSTORE, PASSPHRASE).expect("the fixture's keystore");
    let random = Arc::new(SystemRandom::new());
    Arc::new(SoftwareKeystore::from_text(KEYSTORE, &text, random).expect("the fixture's keystore"))
});

/// The content of the fixture, kind by kind.
static CONTENT: LazyLock<[RecordList; 5]> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault");
    fs::write(&path, VAULT).expect("a file");
    let said = list_records(&open(&path).expect("the fixture opens"));
    assert!(said.iter().all(Result::is_ok));
    said
});

/// All records of a kind, or why they are not read.
type RecordList = Result<Vec<(RecordId, Vec<u8>)>, VaultError>;

fn open(path: &Path) -> Result<Vault, VaultError> {
    let keystore = FIXTURE.clone();
    let clock = Arc::new(SystemClock);
    let random = Arc::new(SystemRandom::new());
    Vault::open(path, &Device { keystore, anchor: None, clock, random })
}

fn list_records(vault: &Vault) -> [RecordList; 5] {
    fn list<T: RecordKind>(vault: &Vault) -> RecordList {
        let encoded = |(id, item): (_, T)| (id, encode(&item).expect("in range").to_vec());
        Ok(vault.list()?.into_iter().map(encoded).collect())
    }
    [
        list::<PaymentCredential>(vault),
        list::<OtpCredential>(vault),
        list::<Pass>(vault),
        list::<AccountRecord>(vault),
        list::<Setting>(vault),
    ]
}

fn is_refused_or_the_fixture(path: &Path) {
    let before = fs::read(path).expect("the file is there");
    match open(path) {
        Ok(vault) => {
            for (said, content) in list_records(&vault).iter().zip(&*CONTENT) {
                assert!(said == content || *said == Err(VaultError::Corrupt), "{said:?}");
            }
            vault.close().expect("what was only read is closed");
        }
        Err(error) => assert!(
            matches!(
                error,
                VaultError::Corrupt | VaultError::NewerFormat | VaultError::WrongDevice
            ),
            "{error}"
        ),
    }
    assert!(fs::read(path).expect("the file is there") == before, "opening changed the file");
    let files = fs::read_dir(path.parent().expect("a folder")).expect("a folder");
    assert_eq!(files.count(), 1, "opening left a file");
}
