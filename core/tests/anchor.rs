//! An older copy of the file is detected, wherever a crash falls.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;

use tegata::code::{AliasPeriod, CredentialId, Scheme, Seed};
use tegata::vault::{
    AnchorState, OtpAlgorithm, OtpCredential, OtpKind, PaymentCredential, Vault, VaultError,
};
use tegata::{Device, SecretBytes};

use crate::test_vault::{TestVault, anchored, setting};

mod test_vault;

const NO_ROOM: fn() -> VaultError = || VaultError::Anchor("no room".into());

/// Opens the vault and drops it; returns its record count.
fn opened(test_vault: &TestVault, device: &Device) -> Result<u64, VaultError> {
    let before = test_vault.files();
    let opened = Vault::open(&test_vault.path(), device);
    if opened.is_err() {
        assert!(test_vault.files() == before, "a file was changed");
    }
    opened.map(|vault| vault.len())
}

#[test]
fn each_write_is_anchored_once_it_is_committed() {
    let test_vault = TestVault::new();
    let (anchor, device) = anchored(&test_vault);
    let mut vault = Vault::create(&test_vault.path(), &device).unwrap();
    let anchored = |epoch| Some(AnchorState { vault: *vault.id(), epoch, failed_pin_tries: 0 });
    let [first, second, third] = [1, 2, 3].map(anchored);
    assert_eq!(anchor.get(), first);
    let id = vault.add(&setting("a", "1")).unwrap();
    assert_eq!(anchor.get(), second);
    vault.put(&id, &setting("a", "2")).unwrap();
    assert_eq!((anchor.get(), anchor.stores()), (third, 3));
    // Nothing written, nothing anchored.
    vault.transaction(|tx| tx.list::<tegata::vault::Setting>().map(drop)).unwrap();
    vault.close().unwrap();
    assert_eq!(anchor.stores(), 3);
    assert_eq!(opened(&test_vault, &device), Ok(1));
}

#[test]
fn an_older_file_is_rolled_back_and_one_ahead_is_a_crash() {
    let test_vault = TestVault::new();
    let (anchor, device) = anchored(&test_vault);
    let mut vault = Vault::create(&test_vault.path(), &device).unwrap();
    let mut files = vec![];
    for n in 0..3 {
        vault.add(&setting("a", &n.to_string())).unwrap();
        vault.close().unwrap();
        files.push((fs::read(test_vault.path()).unwrap(), anchor.get()));
        vault = Vault::open(&test_vault.path(), &device).unwrap();
    }
    vault.close().unwrap();
    for (file_at, (file, _)) in files.iter().enumerate() {
        for (anchor_at, (_, anchored)) in files.iter().enumerate() {
            fs::write(test_vault.path(), file).unwrap();
            anchor.put(*anchored);
            // A commit that was not anchored any more leaves the file one ahead, and that is set right.
            let expected = match file_at.checked_sub(anchor_at) {
                Some(0 | 1) => Ok(file_at as u64 + 1),
                _ => Err(VaultError::RolledBack),
            };
            assert_eq!(
                opened(&test_vault, &device),
                expected,
                "file {file_at}, anchor {anchor_at}"
            );
            if expected.is_ok() {
                assert_eq!(anchor.get(), files[file_at].1);
            }
        }
        // An anchor that was lost, or is another vault's, vouches for nothing but a new vault.
        let of_another = Vault::create(
            &test_vault.folder.path().join(format!("{file_at}")),
            &test_vault.device(),
        );
        let of_another =
            AnchorState { vault: *of_another.unwrap().id(), epoch: 4, failed_pin_tries: 0 };
        for lost in [None, Some(of_another)] {
            anchor.put(lost);
            assert_eq!(opened(&test_vault, &device), Err(VaultError::RolledBack));
        }
    }
}

#[test]
fn a_new_vault_opens_although_it_was_not_anchored() {
    let test_vault = TestVault::new();
    let (anchor, device) = anchored(&test_vault);
    Vault::create(&test_vault.path(), &device).unwrap().close().unwrap();
    anchor.put(None);
    assert_eq!(opened(&test_vault, &device), Ok(0));
    assert_eq!(anchor.get().map(|it| it.epoch), Some(1));
}

#[test]
fn writes_wait_until_the_last_one_is_anchored() {
    let test_vault = TestVault::new();
    let (anchor, device) = anchored(&test_vault);
    let mut vault = Vault::create(&test_vault.path(), &device).unwrap();
    anchor.fail(true);
    // This write was committed and holds; the next is not even begun.
    vault.add(&setting("a", "1")).unwrap();
    assert_eq!(vault.add(&setting("b", "2")), Err(NO_ROOM()));
    assert_eq!(vault.len(), 1);
    anchor.fail(false);
    vault.add(&setting("b", "2")).unwrap();
    assert_eq!(anchor.get().map(|it| it.epoch), Some(3));

    anchor.fail(true);
    vault.add(&setting("c", "3")).unwrap();
    assert_eq!(vault.close(), Err(NO_ROOM()));
    assert_eq!(opened(&test_vault, &device), Err(NO_ROOM()));
    anchor.fail(false);
    assert_eq!(opened(&test_vault, &device), Ok(3));
}

#[test]
fn opening_a_rolled_back_vault_drops_payments_only() {
    let test_vault = TestVault::new();
    let (anchor, device) = anchored(&test_vault);
    let mut vault = Vault::create(&test_vault.path(), &device).unwrap();
    let scheme = Scheme { prefix: "2900".parse().unwrap(), alias_period: AliasPeriod::DAY };
    let seed = Seed::from_slice(&[7; 32]).unwrap();
    let payment = PaymentCredential::new(CredentialId([1; 16]), "Shop".into(), scheme, seed);
    let secret = SecretBytes::new(&[8; 20]);
    let issuer = "Mail".into();
    let account = "ann".into();
    let kind = OtpKind::Totp(30);
    let otp = OtpCredential::new(issuer, account, OtpAlgorithm::Sha1, 6, kind, secret);
    vault.add(&payment).unwrap();
    let otp = vault.add(&otp).unwrap();
    let set = vault.add(&setting("a", "1")).unwrap();
    vault.close().unwrap();
    let older = test_vault.files();

    // Not rolled back: opened as it is.
    let mut vault = Vault::open_rolled_back(&test_vault.path(), &device).unwrap();
    assert_eq!(vault.list::<PaymentCredential>().unwrap().len(), 1);
    for n in 0..5 {
        vault.put(&set, &setting("a", &n.to_string())).unwrap();
    }
    vault.close().unwrap();
    let newest = anchor.get().unwrap();
    anchor.put(Some(AnchorState { failed_pin_tries: 9, ..newest }));

    test_vault.restore(&older);
    assert_eq!(opened(&test_vault, &device), Err(VaultError::RolledBack));
    let vault = Vault::open_rolled_back(&test_vault.path(), &device).unwrap();
    assert_eq!(vault.list::<PaymentCredential>().unwrap().len(), 0);
    assert_eq!(vault.get(&set), Ok(Some(setting("a", "1"))));
    assert!(vault.get::<OtpCredential>(&otp).unwrap().is_some());
    vault.close().unwrap();
    let adopted = anchor.get().unwrap();
    assert_eq!((adopted.epoch, adopted.failed_pin_tries), (newest.epoch + 1, 0));
    assert_eq!(opened(&test_vault, &device), Ok(2));
    // Neither the older copy nor the one before it was put back is the last one now.
    test_vault.restore(&older);
    assert_eq!(opened(&test_vault, &device), Err(VaultError::RolledBack));
}

#[test]
fn an_interrupted_recovery_from_rollback_resumes() {
    let test_vault = TestVault::new();
    let (anchor, device) = anchored(&test_vault);
    let mut vault = Vault::create(&test_vault.path(), &device).unwrap();
    let set = vault.add(&setting("a", "1")).unwrap();
    vault.close().unwrap();
    let older = test_vault.files();
    for anchored_epoch in [9, 1] {
        test_vault.restore(&older);
        let vault = Vault::open(&test_vault.path(), &test_vault.device()).unwrap();
        let lost = AnchorState { vault: *vault.id(), epoch: anchored_epoch, failed_pin_tries: 0 };
        drop(vault);
        let of_another = AnchorState { epoch: anchored_epoch, ..lost };
        anchor.put(Some(of_another));
        // The anchor gives its answer and takes nothing: as a crash between commit and anchor.
        let committed = {
            let vault = Vault::open_rolled_back(&test_vault.path(), &device).unwrap();
            vault.close().unwrap();
            anchor.get().unwrap().epoch
        };
        anchor.put(Some(of_another));
        let again = opened(&test_vault, &device);
        if committed == anchored_epoch + 1 {
            assert_eq!(again, Ok(1));
        } else {
            assert_eq!(again, Err(VaultError::RolledBack));
        }
        let vault = Vault::open_rolled_back(&test_vault.path(), &device).unwrap();
        assert_eq!(vault.get(&set), Ok(Some(setting("a", "1"))));
        vault.close().unwrap();
        assert_eq!(opened(&test_vault, &device), Ok(1));
    }
}
