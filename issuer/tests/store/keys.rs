//! The issuer's keys in a store: made once, wrapped again, replaced.

use std::sync::Arc;

use tegata_issuer::crypto::{Keys, KeysError, SealingContext, TicketPurpose};
use tegata_issuer::domain::{AccountId, MailId};
use tegata_issuer::key_store::KeyStoreError;
use tegata_issuer::store::Store;
use tegata_policy::{Account, SecretId, SecretKind};

use crate::shopper::{self, ADDRESS, SECRET};
use crate::test_database::{TestDatabase, server_key};

crate::on_both!(
    processes_that_start_at_once_use_the_same_keys,
    after_a_change_only_the_new_server_key_opens_the_store,
    secrets_are_reencrypted_under_another_root,
);

async fn processes_that_start_at_once_use_the_same_keys(database: TestDatabase) {
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let place = database.place.clone();
            tokio::spawn(async move {
                let store = Store::open(&place).await.unwrap();
                let random = tegata::SystemRandom::new();
                Keys::open(&store, &server_key(7), &random).await.unwrap()
            })
        })
        .collect();
    let mut handles = Vec::new();
    for start in starts {
        handles.push(start.await.unwrap().handle(ADDRESS));
    }
    assert!(handles.iter().all(|handle| *handle == handles[0]));
    let wrong = Keys::open(&database.store().await, &server_key(8), &database.random).await;
    assert!(matches!(wrong, Err(KeyStoreError::Keys(KeysError::WrongKey))));
}

/// Says whether all stored secrets of the shopper open to what they entered.
async fn all_opens(store: &Store, keys: &Keys, account: AccountId, recovery: &[SecretId]) -> bool {
    let loaded = store.load(account).await.unwrap().unwrap();
    assert!(matches!(loaded.state, Account::Active(_)));
    let opens = |(id, (kind, kept)): (&SecretId, &(SecretKind, _))| match kind {
        SecretKind::Recovery => {
            recovery.contains(id) && keys.is_code(account, *id, *kind, kept, SECRET)
        }
        SecretKind::MailedCode | SecretKind::Notice => {
            keys.is_code(account, *id, *kind, kept, SECRET)
        }
        _ => keys
            .open_sealed(SealingContext::Secret(account, *id, *kind), kept)
            .is_ok_and(|plain| *plain == SECRET),
    };
    assert!(loaded.secrets.len() > 10);
    loaded.secrets.iter().all(opens)
        && store.find_account(&keys.handle(ADDRESS)).await.unwrap() == Some(account)
}

async fn after_a_change_only_the_new_server_key_opens_the_store(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, _, recovery) = shopper::sign_up(&store, &keys).await;
    let ticket = keys.ticket(TicketPurpose::Reset, account, 5, &database.random).unwrap();
    let old = server_key(7);
    let new = server_key(8);
    let wrong = Keys::rewrap(&store, &new, &old, &database.random).await;
    assert!(matches!(wrong, Err(KeyStoreError::Keys(KeysError::WrongKey))));
    Keys::rewrap(&store, &old, &new, &database.random).await.unwrap();
    assert!(matches!(
        Keys::open(&store, &old, &database.random).await,
        Err(KeyStoreError::Keys(KeysError::WrongKey))
    ));
    let keys = Keys::open(&store, &new, &database.random).await.unwrap();
    assert!(all_opens(&store, &keys, account, &recovery).await);
    assert_eq!(keys.read_ticket(TicketPurpose::Reset, &ticket), Some((account, 5)));
}

async fn secrets_are_reencrypted_under_another_root(database: TestDatabase) {
    let store = database.store().await;
    let before = Arc::new(database.keys(&store).await);
    let (account, _, recovery) = shopper::sign_up(&store, &before).await;
    let wrong = Keys::renew(&store, &server_key(8), &database.random).await;
    assert!(matches!(wrong, Err(KeyStoreError::Keys(KeysError::WrongKey))));
    Keys::renew(&store, &server_key(7), &database.random).await.unwrap();
    let after = database.keys(&store).await;
    assert!(all_opens(&store, &after, account, &recovery).await, "not re-encrypted yet");
    assert_eq!(after.retire(&store).await.unwrap(), [1], "still in use");
    // Interrupted after the first row, and started again.
    database.sql("CREATE TABLE kept AS SELECT * FROM secrets WHERE key = 1").await;
    let sealed = database.number("SELECT COUNT(*) FROM kept").await;
    assert_eq!(
        after.reseal(&store, &database.random).await.unwrap(),
        u64::try_from(sealed).unwrap()
    );
    database
        .sql(
            "UPDATE secrets SET key = 1, sealed = (SELECT k.sealed FROM kept k WHERE k.secret = \
        secrets.secret) WHERE secret = (SELECT MAX(secret) FROM kept)",
        )
        .await;
    assert_eq!(after.reseal(&store, &database.random).await.unwrap(), 1);
    assert_eq!(after.reseal(&store, &database.random).await.unwrap(), 0);
    assert_eq!(after.retire(&store).await.unwrap(), [1], "a mail waits under it");
    store
        .remove_delivered(
            &store.lease_due_mails(crate::test_database::noon(), 0, 100).await.unwrap(),
        )
        .await
        .unwrap();
    assert!(after.retire(&store).await.unwrap().is_empty());
    assert_eq!(database.number("SELECT COUNT(*) FROM secrets WHERE key = 1").await, 0);
    let alone = database.keys(&store).await;
    assert!(all_opens(&store, &alone, account, &recovery).await);
    assert!(!all_opens(&store, &before, account, &recovery).await, "the old root opens nothing");
}

#[tokio::test]
async fn a_sealed_value_opens_in_its_place_only() {
    let database = TestDatabase::sqlite();
    let keys = database.keys(&database.store().await).await;
    let a = AccountId([1; 16]);
    let b = AccountId([2; 16]);
    let place = SealingContext::Secret(a, SecretId(1), SecretKind::Factor);
    let sealed = keys.seal(place, b"secret", &database.random).unwrap();
    assert_eq!(*keys.open_sealed(place, &sealed).unwrap(), b"secret");
    assert_ne!(
        sealed,
        keys.seal(place, b"secret", &database.random).unwrap(),
        "a nonce of its own"
    );
    for other in [
        SealingContext::Secret(b, SecretId(1), SecretKind::Factor),
        SealingContext::Secret(a, SecretId(2), SecretKind::Factor),
        SealingContext::Secret(a, SecretId(1), SecretKind::Password),
        SealingContext::Mail(a, MailId([0; 16])),
    ] {
        assert!(keys.open_sealed(other, &sealed).is_err(), "{other:?}");
    }
    let code = keys
        .protect(a, SecretId(1), SecretKind::MailedCode, b"12345678", &database.random)
        .unwrap();
    let is = |account, id, kind, given| keys.is_code(account, id, kind, &code, given);
    assert!(is(a, SecretId(1), SecretKind::MailedCode, b"12345678"));
    assert!(!is(a, SecretId(1), SecretKind::MailedCode, b"12345679"));
    assert!(!is(b, SecretId(1), SecretKind::MailedCode, b"12345678"));
    assert!(!is(a, SecretId(2), SecretKind::MailedCode, b"12345678"));
    assert!(!is(a, SecretId(1), SecretKind::Recovery, b"12345678"));
}

#[tokio::test]
async fn a_ticket_reveals_nothing_and_is_valid_for_its_purpose() {
    let database = TestDatabase::sqlite();
    let keys = database.keys(&database.store().await).await;
    let account = AccountId([1; 16]);
    let ticket = keys.ticket(TicketPurpose::Reset, account, 7, &database.random).unwrap();
    assert_eq!(keys.read_ticket(TicketPurpose::Reset, &ticket), Some((account, 7)));
    assert_eq!(keys.read_ticket(TicketPurpose::SignUp, &ticket), None);
    assert_eq!(ticket.len(), 64);
    let decoy =
        keys.ticket(TicketPurpose::Reset, AccountId([9; 16]), u32::MAX, &database.random).unwrap();
    assert_eq!(decoy.len(), 64);
    for (place, _) in ticket.char_indices() {
        let mut other = ticket.clone();
        let letter = if &ticket[place..=place] == "A" { "B" } else { "A" };
        other.replace_range(place..=place, letter);
        assert_eq!(keys.read_ticket(TicketPurpose::Reset, &other), None, "{place}");
    }
    for nothing in ["", "A", &ticket[1..], &format!("{ticket}A"), "ö"] {
        assert_eq!(keys.read_ticket(TicketPurpose::Reset, nothing), None);
    }
}
