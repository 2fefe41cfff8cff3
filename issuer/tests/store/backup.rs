//! Backups, and what a restored store refuses.

use std::sync::Arc;

use tegata_issuer::crypto::Keys;
use tegata_issuer::domain::TokenHash;
use tegata_issuer::store::{AccountChange, Store, StoreError, backup_keys, restore};
use tegata_policy::{Account, Generation};

use crate::shopper::{self, ADDRESS, TOKEN};
use crate::test_database::{TestDatabase, noon, server_key};

crate::on_both!(
    a_restore_ends_sessions_and_used_factor_values,
    a_backup_taken_during_writes_is_of_one_moment,
    backup_and_restore_overwrite_nothing,
);

async fn a_restore_ends_sessions_and_used_factor_values(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, session, _) = shopper::sign_up(&store, &keys).await;
    let before = store.load(account).await.unwrap().unwrap();
    let step = noon().seconds() / 30;
    assert_eq!(shopper::factor_after(&before.state, &before.global_state, noon()), step);
    store.backup(&database.file("backup")).await.unwrap();
    let beside = |suffix| database.file(&format!("backup{suffix}")).exists();
    assert!(!backup_keys(&database.place, &database.file("backup")).await.unwrap().is_empty());

    let place = database.elsewhere().await;
    let later = noon().shifted(3600);
    let event = shopper::event(later, "restored");
    let restored = restore(&place, &database.file("backup"), later, event).await.unwrap();
    // What is read is one file, and stays one.
    assert!(!["-wal", "-shm", "-journal"].into_iter().any(beside));
    let after = restored.load(account).await.unwrap().unwrap();
    assert_eq!((&after.state, &after.secrets), (&before.state, &before.secrets));
    assert_eq!(after.global_state.generation, Generation(1));
    let (found, _) = restored.session(&TokenHash::of(&TOKEN), None).await.unwrap().unwrap();
    let Account::Active(live) = &found.state else { panic!() };
    assert!(live.session(session, &shopper::world(&before.global_state, later)).is_some());
    assert!(live.session(session, &shopper::world(&found.global_state, later)).is_none());
    let after_step = shopper::factor_after(&found.state, &found.global_state, later);
    assert_eq!(after_step, later.seconds() / 30 + 3);
    // Its keys are the same, under the same server key.
    let keys = Keys::open(&restored, &server_key(7), &database.random).await.unwrap();
    assert_eq!(restored.find_account(&keys.handle(ADDRESS)).await.unwrap(), Some(account));
    assert_eq!(restored.unsealed_events(100).await.unwrap().last().unwrap().deed, "restored");
    // The store that was copied is unchanged.
    assert_eq!(store.global_state().await.unwrap(), before.global_state);
}

async fn a_backup_taken_during_writes_is_of_one_moment(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let account = shopper::begin(&store, &keys).await;
    let (backed_up, ends) = tokio::sync::watch::channel(false);
    let wrote = Arc::new(tokio::sync::Notify::new());
    let writer = {
        let store = store.clone();
        let keys = keys.clone();
        let wrote = Arc::clone(&wrote);
        tokio::spawn(async move {
            while !*ends.borrow() {
                let k = keys.clone();
                let both = move |loaded: &tegata_issuer::store::LoadedAccount| {
                    let state = Some(loaded.state.clone());
                    let events = vec![shopper::event(noon(), "both")];
                    let outbox = vec![shopper::mail(&k, account, noon())];
                    (AccountChange { state, events, outbox, ..AccountChange::default() }, ())
                };
                store.change(account, both).await.unwrap();
                wrote.notify_one();
            }
        })
    };
    wrote.notified().await;
    store.backup(&database.file("backup")).await.unwrap();
    backed_up.send(true).unwrap();
    writer.await.unwrap();
    let place = database.elsewhere().await;
    let event = shopper::event(noon(), "restored");
    let restored = restore(&place, &database.file("backup"), noon(), event).await.unwrap();
    let version = restored.load(account).await.unwrap().unwrap().version;
    let mails = restored.lease_due_mails(noon(), 0, 100_000).await.unwrap().len() as u64;
    let events = restored.unsealed_events(100_000).await.unwrap().len() as u64;
    // One mail is the sign-up's and one event the restore's; the rest is one for each change.
    assert_eq!((mails - 1, events - 1), (version - 1, version - 1));
}

async fn backup_and_restore_overwrite_nothing(database: TestDatabase) {
    let store = database.store().await;
    store.backup(&database.file("backup")).await.unwrap();
    let again = store.backup(&database.file("backup")).await;
    assert!(matches!(again, Err(StoreError::File { .. })), "{again:?}");
    let event = shopper::event(noon(), "restored");
    let over = restore(&database.place, &database.file("backup"), noon(), event.clone()).await;
    assert!(matches!(over, Err(StoreError::File { .. } | StoreError::Program { .. })), "{over:?}");
    assert_eq!(store.global_state().await.unwrap().generation, Generation(0));
    // A missing file, or one that is no backup, makes no store.
    std::fs::write(database.file("nonsense"), "nonsense;").unwrap();
    for from in ["missing", "nonsense"] {
        let place = database.elsewhere().await;
        assert!(
            restore(&place, &database.file(from), noon(), event.clone()).await.is_err(),
            "{from}"
        );
        let fresh = Store::open(&place).await.unwrap();
        assert_eq!(fresh.global_state().await.unwrap().generation, Generation(0), "{from}");
    }
}
