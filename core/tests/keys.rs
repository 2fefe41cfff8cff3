//! Rewrapping the data key, and replacing it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tegata::vault::{PaymentUnlock, RecordId, Setting, Vault, VaultError};
use tegata::{Device, RandomUnavailable, Wallet};

use crate::test_vault::{
    ExhaustibleRandom, TestVault, anchored, device, keystore_at, setting, small,
};

mod test_vault;

/// Creates a vault with `count` settings.
fn settings(test_vault: &TestVault, device: &Device, count: usize) -> Vec<(RecordId, Setting)> {
    let mut vault = Vault::create(&test_vault.path(), device).unwrap();
    let mut all: Vec<_> = (0..count)
        .map(|n| {
            let setting = setting("a", &n.to_string());
            (vault.add(&setting).unwrap(), setting)
        })
        .collect();
    vault.close().unwrap();
    all.sort_by_key(|(id, _)| *id);
    all
}

/// Runs `query` on the closed file and returns its one value.
fn sql<T: rusqlite::types::FromSql>(test_vault: &TestVault, query: &str) -> T {
    let file = rusqlite::Connection::open(test_vault.path()).unwrap();
    file.query_row(query, [], |row| row.get(0)).unwrap()
}

#[test]
fn rewrapping_changes_one_row_and_locks_the_old_keystore_out() {
    let test_vault = TestVault::new();
    let (anchor, here) = anchored(&test_vault);
    let all = settings(&test_vault, &here, 3);
    let rows = "SELECT group_concat(hex(id) || rev || hex(sealed)) FROM record";
    let before: String = sql(&test_vault, rows);
    let stores = anchor.stores();

    let better = Arc::new(keystore_at(&test_vault.folder.path().join("better")));
    let there = Device { keystore: better.clone(), ..here.clone() };
    let mut vault = Vault::open(&test_vault.path(), &here).unwrap();
    vault.change_keystore(better).unwrap();
    assert_eq!(vault.list(), Ok(all.clone()));
    vault.add(&setting("b", "2")).unwrap();
    vault.close().unwrap();
    assert_eq!(Vault::open(&test_vault.path(), &here).map(drop), Err(VaultError::WrongDevice));
    let mut vault = Vault::open(&test_vault.path(), &there).unwrap();
    assert_eq!((vault.len(), anchor.stores()), (4, stores + 1));

    // And back again: no record was touched by either.
    let added = vault.list::<Setting>().unwrap().into_iter().find(|it| it.1.name == "b").unwrap();
    vault.delete(&added.0).unwrap();
    vault.change_keystore(test_vault.keystore.clone()).unwrap();
    vault.close().unwrap();
    let after: String = sql(&test_vault, rows);
    let rows = |all: &str| all.split(',').skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rows(&after), rows(&before), "all but the manifest");
}

#[test]
fn rewrapping_with_a_pin_needs_the_same_keystore() {
    let test_vault = TestVault::new();
    let mut wallet = Wallet::create(&test_vault.path(), &test_vault.device()).unwrap();
    let mut unlock = PaymentUnlock::without_lock();
    wallet.payments().set_pin(&mut unlock, b"739164", small()).unwrap();
    let better = Arc::new(keystore_at(&test_vault.folder.path().join("better")));
    let refused = wallet.change_keystore(better.clone()).unwrap_err().to_string();
    assert!(refused.contains("PIN is bound to the keystore"), "{refused}");
    // The same keystore knows it.
    wallet.change_keystore(test_vault.keystore.clone()).unwrap();
    wallet.payments().remove_lock(&mut unlock).unwrap();
    wallet.change_keystore(better).unwrap();
}

#[test]
fn a_replaced_key_reseals_all_and_the_old_is_refused() {
    let test_vault = TestVault::new();
    let (_, here) = anchored(&test_vault);
    let all = settings(&test_vault, &here, 5);
    let old = test_vault.files();
    let mut vault = Vault::open(&test_vault.path(), &here).unwrap();
    vault.rekey().unwrap();
    assert!(!vault.is_rekeying());
    assert_eq!(vault.list(), Ok(all.clone()));
    vault.put(&all[0].0, &all[0].1).unwrap();
    vault.close().unwrap();

    let generations: String =
        sql(&test_vault, "SELECT group_concat(DISTINCT hex(substr(sealed, 2, 4))) FROM record");
    assert_eq!(generations, "00000002");
    assert_eq!(sql::<i64>(&test_vault, "SELECT sum(generation) FROM dek"), 2);
    assert_eq!(Vault::open(&test_vault.path(), &here).unwrap().list(), Ok(all.clone()));

    // A row sealed under the old key, alone or with that key, is refused.
    let new = test_vault.files();
    let from = test_vault.folder.path().join("from");
    std::fs::write(&from, &old["vault"]).unwrap();
    let attach = format!("ATTACH '{}' AS source;", from.display());
    let row =
        format!("REPLACE INTO main.record SELECT * FROM source.record WHERE id = x'{}';", all[1].0);
    let key = "INSERT INTO main.dek SELECT * FROM source.dek;";
    for change in [row.clone(), key.into(), format!("{row}{key}")] {
        test_vault.restore(&new);
        test_vault.tamper(&format!("{attach}{change}"));
        let opened = Vault::open(&test_vault.path(), &here);
        assert_eq!(opened.map(drop), Err(VaultError::Corrupt), "{change}");
    }
    test_vault.restore(&old);
    assert_eq!(Vault::open(&test_vault.path(), &here).map(drop), Err(VaultError::RolledBack));
    test_vault.restore(&new);
    let mut vault = Vault::open(&test_vault.path(), &here).unwrap();
    vault.rekey().unwrap();
    assert_eq!(vault.list(), Ok(all));
}

#[test]
fn an_interrupted_rekeying_is_usable_and_resumes() {
    const RECORDS: usize = 6;
    let test_vault = TestVault::new();
    let all = settings(&test_vault, &test_vault.device(), RECORDS);
    let fresh = test_vault.files();
    let mut ends = 0;
    for fills in 0.. {
        test_vault.restore(&fresh);
        let random = Arc::new(ExhaustibleRandom(AtomicUsize::new(fills)));
        let mut vault =
            Vault::open(&test_vault.path(), &Device { random, ..test_vault.device() }).unwrap();
        let replaced = vault.rekey();
        let rekeying = vault.is_rekeying();
        // Dropped without being closed, as when the app is killed.
        drop(vault);
        let mut vault = Vault::open(&test_vault.path(), &test_vault.device()).unwrap();
        assert_eq!((vault.is_rekeying(), vault.list()), (rekeying, Ok(all.clone())), "{fills}");
        if replaced.is_ok() {
            break;
        }
        ends += 1;
        assert_eq!(replaced, Err(VaultError::Random(RandomUnavailable)));
        // It can be used in between, and what was written then is there afterwards.
        let more = vault.add(&setting("more", "1")).unwrap();
        vault.delete(&all[2].0).unwrap();
        vault.rekey().unwrap();
        vault.close().unwrap();
        let vault = Vault::open(&test_vault.path(), &test_vault.device()).unwrap();
        assert!(!vault.is_rekeying());
        assert_eq!(vault.len(), RECORDS as u64);
        assert_eq!(vault.get(&more), Ok(Some(setting("more", "1"))));
        assert_eq!(vault.get::<Setting>(&all[2].0), Ok(None));
        assert_eq!(vault.get(&all[3].0), Ok(Some(all[3].1.clone())));
    }
    // The key, its wrapping, the manifest; two for each record; the manifest once more.
    assert!(ends >= 3 + 2 * RECORDS, "{ends} ends were tried");
}

#[test]
fn a_vault_in_rekeying_opens_with_its_keystore_only() {
    let test_vault = TestVault::new();
    settings(&test_vault, &test_vault.device(), 2);
    let random = Arc::new(ExhaustibleRandom(AtomicUsize::new(5)));
    let mut vault =
        Vault::open(&test_vault.path(), &Device { random, ..test_vault.device() }).unwrap();
    assert!(vault.rekey().is_err() && vault.is_rekeying());
    // Rewrapped in the middle: both keys are.
    let better = Arc::new(keystore_at(&test_vault.folder.path().join("better")));
    drop(vault);
    let mut vault = Vault::open(&test_vault.path(), &test_vault.device()).unwrap();
    vault.change_keystore(better.clone()).unwrap();
    vault.close().unwrap();
    assert_eq!(test_vault.open().map(drop), Err(VaultError::WrongDevice));
    let mut vault = Vault::open(&test_vault.path(), &device(better)).unwrap();
    vault.rekey().unwrap();
    assert_eq!(vault.len(), 2);
}
