//! Another key: around the data key, and the data key itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tegata::vault::{PaymentUnlock, RecordId, Setting, Vault, VaultError};
use tegata::{Device, RandomUnavailable, Wallet};

use crate::home::{Home, RunsOut, anchored, device, keystore_at, setting, small};

mod home;

/// Makes a vault of so many settings.
fn settings(home: &Home, device: &Device, count: usize) -> Vec<(RecordId, Setting)> {
    let mut vault = Vault::create(&home.path(), device).unwrap();
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

/// What a row of the closed file holds.
fn sql<T: rusqlite::types::FromSql>(home: &Home, query: &str) -> T {
    let file = rusqlite::Connection::open(home.path()).unwrap();
    file.query_row(query, [], |row| row.get(0)).unwrap()
}

#[test]
fn rewrapping_changes_one_row_and_locks_the_old_keystore_out() {
    let home = Home::new();
    let (anchor, here) = anchored(&home);
    let all = settings(&home, &here, 3);
    let rows = "SELECT group_concat(hex(id) || rev || hex(sealed)) FROM record";
    let before: String = sql(&home, rows);
    let stores = anchor.stores();

    let better = Arc::new(keystore_at(&home.folder.path().join("better")));
    let there = Device { keystore: better.clone(), ..here.clone() };
    let mut vault = Vault::open(&home.path(), &here).unwrap();
    vault.rewrap(better).unwrap();
    assert_eq!(vault.list(), Ok(all.clone()));
    vault.add(&setting("b", "2")).unwrap();
    vault.close().unwrap();
    assert_eq!(Vault::open(&home.path(), &here).map(drop), Err(VaultError::WrongDevice));
    let mut vault = Vault::open(&home.path(), &there).unwrap();
    assert_eq!((vault.len(), anchor.stores()), (4, stores + 1));

    // And back again: no record was touched by either.
    let added = vault.list::<Setting>().unwrap().into_iter().find(|it| it.1.name == "b").unwrap();
    vault.delete(&added.0).unwrap();
    vault.rewrap(home.keystore.clone()).unwrap();
    vault.close().unwrap();
    let after: String = sql(&home, rows);
    let rows = |all: &str| all.split(',').skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rows(&after), rows(&before), "all but the manifest");
}

#[test]
fn rewrapping_with_a_pin_needs_the_same_keystore() {
    let home = Home::new();
    let mut wallet = Wallet::create(&home.path(), &home.device()).unwrap();
    let mut unlock = PaymentUnlock::without_lock();
    wallet.payments().set_pin(&mut unlock, b"4711", small()).unwrap();
    let better = Arc::new(keystore_at(&home.folder.path().join("better")));
    let refused = wallet.change_keystore(better.clone()).unwrap_err().to_string();
    assert!(refused.contains("PIN is bound to the keystore"), "{refused}");
    // The same keystore knows it.
    wallet.change_keystore(home.keystore.clone()).unwrap();
    wallet.payments().set_unlock_key(&mut unlock, &[1; 32]).unwrap();
    wallet.payments().forget_pin().unwrap();
    wallet.change_keystore(better).unwrap();
}

#[test]
fn a_replaced_key_reseals_all_and_the_old_is_refused() {
    let home = Home::new();
    let (_, here) = anchored(&home);
    let all = settings(&home, &here, 5);
    let old = home.files();
    let mut vault = Vault::open(&home.path(), &here).unwrap();
    vault.replace_key().unwrap();
    assert!(!vault.is_rekeying());
    assert_eq!(vault.list(), Ok(all.clone()));
    vault.put(&all[0].0, &all[0].1).unwrap();
    vault.close().unwrap();

    let generations: String =
        sql(&home, "SELECT group_concat(DISTINCT hex(substr(sealed, 2, 4))) FROM record");
    assert_eq!(generations, "00000002");
    assert_eq!(sql::<i64>(&home, "SELECT sum(generation) FROM dek"), 2);
    assert_eq!(Vault::open(&home.path(), &here).unwrap().list(), Ok(all.clone()));

    // A row sealed under the old key, alone or with that key, is refused.
    let new = home.files();
    let from = home.folder.path().join("from");
    std::fs::write(&from, &old["vault"]).unwrap();
    let attach = format!("ATTACH '{}' AS source;", from.display());
    let row =
        format!("REPLACE INTO main.record SELECT * FROM source.record WHERE id = x'{}';", all[1].0);
    let key = "INSERT INTO main.dek SELECT * FROM source.dek;";
    for change in [row.clone(), key.into(), format!("{row}{key}")] {
        home.restore(&new);
        home.tamper(&format!("{attach}{change}"));
        let opened = Vault::open(&home.path(), &here);
        assert_eq!(opened.map(drop), Err(VaultError::Corrupt), "{change}");
    }
    home.restore(&old);
    assert_eq!(Vault::open(&home.path(), &here).map(drop), Err(VaultError::RolledBack));
    home.restore(&new);
    let mut vault = Vault::open(&home.path(), &here).unwrap();
    vault.replace_key().unwrap();
    assert_eq!(vault.list(), Ok(all));
}

#[test]
fn an_interrupted_rekeying_is_usable_and_resumes() {
    const RECORDS: usize = 6;
    let home = Home::new();
    let all = settings(&home, &home.device(), RECORDS);
    let fresh = home.files();
    let mut ends = 0;
    for fills in 0.. {
        home.restore(&fresh);
        let random = Arc::new(RunsOut(AtomicUsize::new(fills)));
        let mut vault = Vault::open(&home.path(), &Device { random, ..home.device() }).unwrap();
        let replaced = vault.replace_key();
        let moving = vault.is_rekeying();
        // Dropped without being closed, as when the app is killed.
        drop(vault);
        let mut vault = Vault::open(&home.path(), &home.device()).unwrap();
        assert_eq!((vault.is_rekeying(), vault.list()), (moving, Ok(all.clone())), "{fills}");
        if replaced.is_ok() {
            break;
        }
        ends += 1;
        assert_eq!(replaced, Err(VaultError::Random(RandomUnavailable)));
        // It can be used in between, and what was written then is there afterwards.
        let more = vault.add(&setting("more", "1")).unwrap();
        vault.delete(&all[2].0).unwrap();
        vault.replace_key().unwrap();
        vault.close().unwrap();
        let vault = Vault::open(&home.path(), &home.device()).unwrap();
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
    let home = Home::new();
    settings(&home, &home.device(), 2);
    let random = Arc::new(RunsOut(AtomicUsize::new(5)));
    let mut vault = Vault::open(&home.path(), &Device { random, ..home.device() }).unwrap();
    assert!(vault.replace_key().is_err() && vault.is_rekeying());
    // Rewrapped in the middle: both keys are.
    let better = Arc::new(keystore_at(&home.folder.path().join("better")));
    drop(vault);
    let mut vault = Vault::open(&home.path(), &home.device()).unwrap();
    vault.rewrap(better.clone()).unwrap();
    vault.close().unwrap();
    assert_eq!(home.open().map(drop), Err(VaultError::WrongDevice));
    let mut vault = Vault::open(&home.path(), &device(better)).unwrap();
    vault.replace_key().unwrap();
    assert_eq!(vault.len(), 2);
}
