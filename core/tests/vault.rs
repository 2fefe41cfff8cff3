//! The vault as a host uses it. Altered files are in tampering.rs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use proptest::prelude::*;
use tegata::code::{AliasPeriod, CredentialId, Scheme, Seed};
use tegata::vault::{
    AccountRecord, Keystore, KeystoreError, OtpAlgorithm, OtpCredential, OtpKind, Pass, PassFormat,
    PaymentCredential, PaymentUnlock, RecordId, Setting, SoftwareKeystore, SoftwareKeystoreError,
    UnlockMethod, Vault, VaultError,
};
use tegata::{Device, RandomUnavailable, Secret, SecretBytes, Wallet};

use crate::test_vault::{
    ExhaustibleRandom, TestVault, device, keystore_at, random, setting, small,
};

mod test_vault;

/// A keystore that fails with a given error.
struct FailingKeystore {
    inner: Arc<SoftwareKeystore>,
    answer: KeystoreError,
}

impl Keystore for FailingKeystore {
    fn wrap(&self, _: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        Err(self.answer.clone())
    }
    fn unwrap(&self, _: &[u8]) -> Result<SecretBytes, KeystoreError> {
        Err(self.answer.clone())
    }
    fn prf(&self, input: &[u8]) -> Result<Secret<32>, KeystoreError> {
        self.inner.prf(input)
    }
    fn public_key(&self) -> Result<[u8; 65], KeystoreError> {
        self.inner.public_key()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        self.inner.sign(message)
    }
    fn replace_signing_key(&self) -> Result<(), KeystoreError> {
        self.inner.replace_signing_key()
    }
}

#[test]
fn records_survive_reopening() {
    let test_vault = TestVault::new();
    let mut vault = test_vault.create();
    assert!(vault.is_empty());
    let id = *vault.id();
    let first = vault.add(&setting("a", "1")).unwrap();
    let second = vault.add(&setting("b", "2")).unwrap();
    vault.put(&first, &setting("a", "3")).unwrap();
    assert!(vault.delete(&second).unwrap());
    assert!(!vault.delete(&second).unwrap());
    let check = |vault: &Vault| {
        assert_eq!(*vault.id(), id);
        assert_eq!(vault.len(), 1);
        assert_eq!(vault.get(&first), Ok(Some(setting("a", "3"))));
        assert_eq!(vault.get::<Setting>(&second), Ok(None));
        assert_eq!(vault.list(), Ok(vec![(first, setting("a", "3"))]));
    };
    check(&vault);
    vault.close().unwrap();
    check(&test_vault.open().unwrap());
    // Dropped above without being closed.
    check(&test_vault.open().unwrap());
}

#[test]
fn a_record_has_one_kind_and_lists_tell_kinds_apart() {
    let test_vault = TestVault::new();
    let mut vault = test_vault.create();
    let id = vault.add(&setting("a", "1")).unwrap();
    assert_eq!(vault.get::<Pass>(&id), Err(VaultError::WrongKind));
    assert_eq!(vault.list::<Pass>(), Ok(vec![]));
    assert_eq!(vault.list::<Setting>().unwrap().len(), 1);
}

#[test]
fn each_write_adds_a_revision_and_each_transaction_an_epoch() {
    let test_vault = TestVault::new();
    let mut vault = test_vault.create();
    let id = vault.add(&setting("a", "1")).unwrap();
    vault.put(&id, &setting("a", "2")).unwrap();
    vault
        .transaction(|transaction| {
            transaction.put(&id, &setting("a", "3"))?;
            transaction.put(&id, &setting("a", "4"))
        })
        .unwrap();
    // Nothing written, nothing counted.
    vault.transaction(|transaction| transaction.get::<Setting>(&id).map(drop)).unwrap();
    vault.close().unwrap();
    let file = rusqlite::Connection::open(test_vault.path()).unwrap();
    let rev = |id: &[u8; 16]| -> i64 {
        file.query_row("SELECT rev FROM record WHERE id = ?1", [id], |row| row.get(0)).unwrap()
    };
    assert_eq!(rev(id.as_bytes()), 4);
    assert_eq!(rev(&[0; 16]), 4);
}

#[test]
fn a_transaction_that_fails_leaves_nothing() {
    let test_vault = TestVault::new();
    let mut vault = test_vault.create();
    let id = vault.add(&setting("a", "1")).unwrap();
    let result: Result<(), VaultError> = vault.transaction(|transaction| {
        transaction.put(&id, &setting("a", "2"))?;
        transaction.add(&setting("b", "3"))?;
        assert_eq!(transaction.get(&id), Ok(Some(setting("a", "2"))));
        assert_eq!(transaction.list::<Setting>().unwrap().len(), 2);
        Err(VaultError::TooLarge)
    });
    assert_eq!(result, Err(VaultError::TooLarge));
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        vault.transaction(|transaction| -> Result<(), VaultError> {
            transaction.delete(&id)?;
            panic!("a host's mistake")
        })
    }));
    assert!(unwound.is_err());
    let check = |vault: &Vault| {
        assert_eq!(vault.len(), 1);
        assert_eq!(vault.get(&id), Ok(Some(setting("a", "1"))));
    };
    check(&vault);
    vault.put(&id, &setting("a", "1")).unwrap();
    vault.close().unwrap();
    check(&test_vault.open().unwrap());
}

#[test]
fn a_refused_field_does_not_end_the_transaction() {
    let test_vault = TestVault::new();
    let mut vault = test_vault.create();
    vault
        .transaction(|transaction| {
            let refused = transaction.add(&setting("", "1"));
            assert!(matches!(refused, Err(VaultError::OutOfRange(_))));
            transaction.add(&setting("a", "1"))
        })
        .unwrap();
    vault.close().unwrap();
    assert_eq!(test_vault.open().unwrap().len(), 1);
}

#[test]
fn without_randomness_nothing_is_written() {
    let test_vault = TestVault::new();
    test_vault.create().close().unwrap();
    let runs_out = Arc::new(ExhaustibleRandom(AtomicUsize::new(2)));
    let device = Device { random: runs_out, ..test_vault.device() };
    let mut vault = Vault::open(&test_vault.path(), &device).unwrap();
    // An id and a salt are to be had, the manifest's salt is not.
    let refused = vault.add(&setting("a", "1"));
    assert_eq!(refused, Err(VaultError::Random(RandomUnavailable)));
    assert!(vault.is_empty());
    vault.close().unwrap();
    assert!(test_vault.open().unwrap().is_empty());
}

/// Creates a vault with two settings, the first at its second revision.
fn two_settings(test_vault: &TestVault) -> (RecordId, RecordId) {
    let mut vault = test_vault.create();
    let first = vault.add(&setting("a", "1")).unwrap();
    let second = vault.add(&setting("b", "2")).unwrap();
    vault.put(&first, &setting("a", "3")).unwrap();
    vault.close().unwrap();
    (first, second)
}

#[test]
fn other_files_are_corrupt_and_missing_ones_not_found() {
    let test_vault = TestVault::new();
    assert_eq!(test_vault.open().map(drop), Err(VaultError::NotFound));
    assert!(!test_vault.path().exists());
    two_settings(&test_vault);
    let whole = fs::read(test_vault.path()).unwrap();
    let garbage = vec![0x5a; 8192];
    for bytes in [&[], &whole[..1], &whole[..99], &whole[..4096], &garbage[..]] {
        fs::write(test_vault.path(), bytes).unwrap();
        test_vault.assert_open_fails(&VaultError::Corrupt, "not a vault");
    }
    fs::remove_file(test_vault.path()).unwrap();
    test_vault.tamper("CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB)");
    test_vault.assert_open_fails(&VaultError::Corrupt, "an empty database");
    // SQLite would play a journal back into the file.
    fs::write(test_vault.path(), &whole).unwrap();
    fs::write(test_vault.folder.path().join("vault-journal"), &whole).unwrap();
    test_vault.assert_open_fails(&VaultError::Corrupt, "a journal");
}

#[test]
fn a_truncated_vault_is_corrupt_or_unchanged() {
    let test_vault = TestVault::new();
    let mut vault = test_vault.create();
    // So long that it lies across pages of the file, up to the last one.
    let long = setting("long", &"v".repeat(4096));
    let id = vault.add(&long).unwrap();
    vault.close().unwrap();
    let whole = fs::read(test_vault.path()).unwrap();
    for end in (0..whole.len()).step_by(61).chain([whole.len() - 1]) {
        fs::write(test_vault.path(), &whole[..end]).unwrap();
        match test_vault.open() {
            // What was cut off was not in use.
            Ok(vault) => assert_eq!(vault.get(&id), Ok(Some(long.clone())), "cut to {end} bytes"),
            Err(error) => assert_eq!(error, VaultError::Corrupt, "cut to {end} bytes"),
        }
        assert!(fs::read(test_vault.path()).unwrap() == whole[..end], "cut to {end} bytes");
    }
}

#[test]
fn keystore_errors_are_reported_and_change_nothing() {
    let test_vault = TestVault::new();
    let mut vault = test_vault.create();
    let id = vault.add(&setting("a", "1")).unwrap();
    vault.close().unwrap();
    let answers = [
        (KeystoreError::Locked, VaultError::Locked),
        (KeystoreError::KeyMissing, VaultError::KeyMissing),
        (KeystoreError::KeyInvalidated, VaultError::KeyInvalidated),
        (KeystoreError::WrongDevice, VaultError::WrongDevice),
        (KeystoreError::Damaged, VaultError::Corrupt),
        (KeystoreError::Failed("no battery".into()), VaultError::Keystore("no battery".into())),
    ];

    // Once as a crash leaves it, with a log that holds the last write, and once as it was closed.
    let mut vault = test_vault.open().unwrap();
    vault.put(&id, &setting("a", "2")).unwrap();
    let crashed = test_vault.files();
    vault.close().unwrap();
    let closed = test_vault.files();
    assert!(!crashed["vault-wal"].is_empty());
    assert!(!closed.contains_key("vault-wal"));

    for files in [&closed, &crashed] {
        for (answer, expected) in &answers {
            test_vault.restore(files);
            let before = test_vault.files();
            let keystore =
                FailingKeystore { inner: test_vault.keystore.clone(), answer: answer.clone() };
            let opened = Vault::open(&test_vault.path(), &device(Arc::new(keystore)));
            assert_eq!(opened.map(drop).as_ref(), Err(expected));
            assert!(test_vault.files() == before, "{answer}: a file was changed");
            let vault = test_vault.open().unwrap();
            assert_eq!(vault.get(&id), Ok(Some(setting("a", "2"))));
            vault.close().unwrap();
        }
    }

    let elsewhere = keystore_at(&test_vault.folder.path().join("elsewhere"));
    let before = test_vault.files();
    let opened = Vault::open(&test_vault.path(), &device(Arc::new(elsewhere)));
    assert_eq!(opened.map(drop), Err(VaultError::WrongDevice));
    assert!(test_vault.files() == before);
}

#[test]
fn a_crashed_and_altered_vault_is_corrupt_and_unchanged() {
    let test_vault = TestVault::new();
    test_vault.create().close().unwrap();
    let mut vault = test_vault.open().unwrap();
    vault.add(&setting("a", "1")).unwrap();
    let mut crashed = test_vault.files();
    vault.close().unwrap();
    // What everything begins with that this keystore wraps: its version and its id.
    let label = &test_vault.keystore.wrap(b"").unwrap()[..17];
    let main = crashed.get_mut("vault").unwrap();
    let wrapped = main.windows(17).position(|part| part == label).unwrap();
    main[wrapped + 40] ^= 1;
    test_vault.restore(&crashed);
    test_vault.assert_open_fails(&VaultError::Corrupt, "a changed key beside a log");
}

#[test]
fn a_second_opener_gets_in_use() {
    let test_vault = TestVault::new();
    let mut vault = test_vault.create();
    assert_eq!(test_vault.open().map(drop), Err(VaultError::InUse));
    vault.add(&setting("a", "1")).unwrap();
    assert_eq!(test_vault.open().map(drop), Err(VaultError::InUse));
    assert_eq!(Vault::destroy(&test_vault.path()), Err(VaultError::InUse));
    vault.add(&setting("b", "2")).unwrap();
    vault.close().unwrap();
    assert_eq!(test_vault.open().unwrap().len(), 2);
}

/// Runs itself again as another process, which finds the vault in use and then free.
#[test]
fn a_second_process_gets_in_use() {
    const FOLDER: &str = "TEGATA_TEST_FOLDER";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let folder = Path::new(&folder);
        let keystore =
            SoftwareKeystore::open(&folder.join("keystore"), b"passphrase", random()).unwrap();
        match Vault::open(&folder.join("vault"), &device(Arc::new(keystore))).map(drop) {
            Err(VaultError::InUse) => std::process::exit(42),
            Ok(()) => std::process::exit(43),
            Err(error) => panic!("{error}"),
        }
    }
    let test_vault = TestVault::new();
    let other = || {
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", "a_second_process_gets_in_use"]);
        test.env(FOLDER, test_vault.folder.path()).status().unwrap().code()
    };
    let vault = test_vault.create();
    assert_eq!(other(), Some(42));
    vault.close().unwrap();
    assert_eq!(other(), Some(43));
}

#[test]
fn creating_never_replaces_a_file() {
    let test_vault = TestVault::new();
    for name in ["vault", "vault-wal", "vault-journal"] {
        let file = test_vault.folder.path().join(name);
        fs::write(&file, b"something").unwrap();
        let before = test_vault.files();
        let created = Vault::create(&test_vault.path(), &test_vault.device());
        assert_eq!(created.map(drop), Err(VaultError::AlreadyExists));
        assert!(test_vault.files() == before);
        fs::remove_file(&file).unwrap();
    }
    test_vault.create();
}

#[test]
fn a_creation_that_fails_leaves_nothing() {
    let test_vault = TestVault::new();
    let before = test_vault.files();
    let locked =
        FailingKeystore { inner: test_vault.keystore.clone(), answer: KeystoreError::Locked };
    let created = Vault::create(&test_vault.path(), &device(Arc::new(locked)));
    assert_eq!(created.map(drop), Err(VaultError::Locked));
    assert!(test_vault.files() == before);
    for fills in 0..3 {
        let random = Arc::new(ExhaustibleRandom(AtomicUsize::new(fills)));
        let created = Vault::create(&test_vault.path(), &Device { random, ..test_vault.device() });
        assert_eq!(created.map(drop), Err(VaultError::Random(RandomUnavailable)));
        assert!(test_vault.files() == before, "{fills} fills");
    }
    let nowhere = test_vault.folder.path().join("no").join("vault");
    let created = Vault::create(&nowhere, &test_vault.device());
    assert_eq!(created.map(drop), Err(VaultError::Storage("there is no such folder")));
    assert!(test_vault.files() == before);
}

#[test]
fn destroying_removes_every_file_of_a_vault_and_no_other() {
    let test_vault = TestVault::new();
    assert_eq!(Vault::destroy(&test_vault.path()), Err(VaultError::NotFound));
    let before = test_vault.files();
    test_vault.create().close().unwrap();
    Vault::destroy(&test_vault.path()).unwrap();
    assert!(test_vault.files() == before);
    // Whatever state they are in.
    for suffix in ["", "-wal", "-shm", "-journal"] {
        fs::write(test_vault.folder.path().join(format!("vault{suffix}")), b"rubbish").unwrap();
    }
    Vault::destroy(&test_vault.path()).unwrap();
    assert!(test_vault.files() == before);
    test_vault.create();
}

#[test]
fn deleted_data_is_in_neither_file_nor_log() {
    let test_vault = TestVault::new();
    let mut vault = test_vault.create();
    let mut ids: Vec<_> =
        (0..20).map(|n| vault.add(&setting("a", &n.to_string())).unwrap()).collect();
    vault.close().unwrap();
    let gone = ids.split_off(10);
    let contains = |part: &[u8]| {
        let files = test_vault.files();
        files.iter().any(|(name, bytes)| {
            name.starts_with("vault") && bytes.windows(part.len()).any(|window| window == part)
        })
    };
    assert!(gone.iter().all(|id| contains(id.as_bytes())));
    let mut vault = test_vault.open().unwrap();
    vault
        .transaction(|transaction| gone.iter().try_for_each(|id| transaction.delete(id).map(drop)))
        .unwrap();
    // Looked at while open: nothing waits for the vault to be closed.
    assert!(!gone.iter().any(|id| contains(id.as_bytes())));
    assert!(ids.iter().all(|id| contains(id.as_bytes())));
    vault.close().unwrap();
    assert_eq!(test_vault.open().unwrap().len(), 10);
}

const PIN_CANARY: &[u8] = b"831502946718";

#[test]
fn planted_secrets_are_in_no_file_and_no_text() {
    let test_vault = TestVault::new();
    let canary = b"CANARY-CANARY-CANARY-CANARY-0123";
    let text = String::from_utf8(canary.to_vec()).unwrap();
    let mut vault = test_vault.create();
    let scheme = Scheme { prefix: "2900".parse().unwrap(), alias_period: AliasPeriod::DAY };
    let seed = Seed::from_slice(canary).unwrap();
    let payment = PaymentCredential::new(CredentialId([1; 16]), "Shop".into(), scheme, seed);
    let otp = OtpCredential::new(
        "Mail".into(),
        "ann".into(),
        OtpAlgorithm::Sha256,
        8,
        OtpKind::Hotp(1),
        SecretBytes::new(canary),
    );
    let pass = Pass {
        title: "Tram".into(),
        format: PassFormat::Qr,
        message: text.clone(),
        alternate_text: Some(text.clone()),
    };
    let account = AccountRecord {
        handle: "ann".into(),
        issuer_address: "https://issuer".into(),
        device_name: "desk".into(),
        session: Some(SecretBytes::new(canary)),
    };
    let payment_id = vault.add(&payment).unwrap();
    let otp_id = vault.add(&otp).unwrap();
    vault.add(&pass).unwrap();
    vault.add(&account).unwrap();
    vault.add(&setting("name", &text)).unwrap();

    let nowhere_in_use = |test_vault: &TestVault| {
        for (name, bytes) in test_vault.files() {
            assert!(!bytes.windows(6).any(|window| window == b"CANARY"), "{name}");
        }
        assert!(test_vault.files()["vault-wal"].len() > 1000);
    };
    nowhere_in_use(&test_vault);
    vault.close().unwrap();

    // The payment lock: by PIN and by the host's key, and refused.
    let device = test_vault.device();
    let mut wallet = Wallet::open(&test_vault.path(), &device).unwrap();
    let mut unlock = PaymentUnlock::without_lock();
    wallet.payments().set_pin(&mut unlock, PIN_CANARY, small()).unwrap();
    wallet.payments().set_unlock_key(&mut unlock, canary).unwrap();
    let opened = [UnlockMethod::Pin(PIN_CANARY), UnlockMethod::Key(canary)]
        .map(|it| wallet.payments().unlock(it));
    let [by_pin, by_key] = opened.map(Result::unwrap);
    let refused = wallet.payments().unlock(UnlockMethod::Pin(&PIN_CANARY[1..])).unwrap_err();
    let printed = format!("{wallet:?} {unlock:?} {by_pin:?} {by_key:?} {refused:?} {refused}");
    assert!(["CANARY", "67, 65, 78", "31502"].iter().all(|it| !printed.contains(it)));
    nowhere_in_use(&test_vault);
    wallet.close().unwrap();
    let mut vault = test_vault.open().unwrap();
    vault.add(&account).unwrap();

    let read = vault.get::<PaymentCredential>(&payment_id);
    let keystore = &test_vault.keystore;
    let printed =
        format!("{payment:?} {otp:?} {pass:?} {account:?} {vault:?} {keystore:?} {read:?}");
    // As text, and as the list of numbers that a derived Debug gives.
    assert!(!printed.contains("CANARY") && !printed.contains("67, 65, 78"));
    let refused = vault.add(&Pass { title: text.repeat(5), ..pass }).unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("CANARY"));

    nowhere_in_use(&test_vault);
    vault.close().unwrap();
    for (name, bytes) in test_vault.files() {
        assert!(!bytes.windows(6).any(|it| it == b"CANARY" || it == &PIN_CANARY[..6]), "{name}");
    }

    let vault = test_vault.open().unwrap();
    let otp = vault.get::<OtpCredential>(&otp_id).unwrap().unwrap();
    assert_eq!(otp.reveal_secret().expose(), canary);
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let test_vault = TestVault::new();
    let mut vault = test_vault.create();
    vault.add(&setting("a", "1")).unwrap();
    for name in ["keystore", "vault", "vault-wal"] {
        let mode = fs::metadata(test_vault.folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(!test_vault.folder.path().join("vault-shm").exists());
}

#[test]
fn a_software_keystore_opens_with_its_passphrase_alone() {
    let test_vault = TestVault::new();
    let path = test_vault.folder.path().join("keystore");
    let open = |path: &Path, passphrase: &[u8]| SoftwareKeystore::open(path, passphrase, random());
    let again = open(&path, b"passphrase").unwrap();
    assert_eq!(again.public_key(), test_vault.keystore.public_key());
    assert_eq!(again.prf(b"a").unwrap().expose(), test_vault.keystore.prf(b"a").unwrap().expose());
    let wrapped = test_vault.keystore.wrap(b"a key").unwrap();
    assert_eq!(again.unwrap(&wrapped).unwrap().expose(), b"a key");

    let before = test_vault.files();
    let wrong = open(&path, b"Passphrase").map(drop);
    assert_eq!(wrong, Err(SoftwareKeystoreError::WrongPassphrase));
    let missing = open(&test_vault.path(), b"passphrase").map(drop);
    assert_eq!(missing, Err(SoftwareKeystoreError::NotFound));
    let over = SoftwareKeystore::create(&path, b"passphrase", small(), random()).map(drop);
    assert_eq!(over, Err(SoftwareKeystoreError::AlreadyExists));
    assert!(test_vault.files() == before);
}

#[test]
fn a_device_signs_what_its_public_key_verifies() {
    use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
    let test_vault = TestVault::new();
    let key =
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, test_vault.keystore.public_key().unwrap());
    let signature = test_vault.keystore.sign(b"tegata/v1/reset\0body").unwrap();
    assert!(key.verify(b"tegata/v1/reset\0body", &signature).is_ok());
    assert!(key.verify(b"tegata/v1/reset\0Body", &signature).is_err());
}

/// One operation of a random sequence.
#[derive(Clone, Debug)]
enum Operation {
    Put(usize, String),
    Delete(usize),
    Abort(Vec<(usize, String)>),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Operation>> {
    let put = || (0_usize..6, "[a-z]{0,80}");
    prop::collection::vec(
        prop_oneof![
            4 => put().prop_map(|(at, value)| Operation::Put(at, value)),
            2 => (0_usize..6).prop_map(Operation::Delete),
            1 => prop::collection::vec(put(), 1..4).prop_map(Operation::Abort),
            1 => Just(Operation::Reopen),
        ],
        1..24,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_vault_behaves_like_a_map(steps in steps()) {
        let test_vault = TestVault::new();
        let ids: Vec<_> = (1..7).map(|n| RecordId::new([n; 16]).unwrap()).collect();
        let mut model = BTreeMap::new();
        let mut vault = test_vault.create();
        for step in steps {
            match step {
                Operation::Put(at, value) => {
                    vault.put(&ids[at], &setting("a", &value)).unwrap();
                    model.insert(ids[at], setting("a", &value));
                }
                Operation::Delete(at) => {
                    let there = vault.delete(&ids[at]).unwrap();
                    prop_assert_eq!(there, model.remove(&ids[at]).is_some());
                }
                Operation::Abort(puts) => {
                    let aborted: Result<(), VaultError> = vault.transaction(|transaction| {
                        for (at, value) in puts {
                            transaction.put(&ids[at], &setting("b", &value))?;
                        }
                        transaction.delete(&ids[0])?;
                        Err(VaultError::WrongKind)
                    });
                    prop_assert_eq!(aborted, Err(VaultError::WrongKind));
                }
                Operation::Reopen => {
                    vault.close().unwrap();
                    vault = test_vault.open().unwrap();
                }
            }
            prop_assert_eq!(vault.len(), model.len() as u64);
        }
        vault.close().unwrap();
        let vault = test_vault.open().unwrap();
        prop_assert_eq!(vault.list::<Setting>().unwrap(), Vec::from_iter(model));
    }
}
