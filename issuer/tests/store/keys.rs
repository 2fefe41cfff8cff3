//! The issuer's keys over a store: made once, wrapped anew, replaced.

use std::sync::Arc;

use tegata_issuer::crypto::{Keys, KeysError, Place, Purpose};
use tegata_issuer::domain::{AccountId, MailId};
use tegata_issuer::key_store::KeyStoreError;
use tegata_issuer::store::Store;
use tegata_policy::{Account, SecretId, SecretKind};

use crate::bed::{Bed, server_key};
use crate::shopper::{self, ADDRESS, SECRET};

crate::on_both!(
    processes_that_begin_at_once_have_the_same_keys,
    another_server_key_opens_all_that_was_and_the_old_one_nothing,
    secrets_are_sealed_anew_under_another_root,
);

async fn processes_that_begin_at_once_have_the_same_keys(bed: Bed) {
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let place = bed.place.clone();
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
    let wrong = Keys::open(&bed.store().await, &server_key(8), &bed.random).await;
    assert!(matches!(wrong, Err(KeyStoreError::Keys(KeysError::WrongKey))));
}

/// Whether all that the shopper has kept is what she gave.
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
            .open_sealed(Place::Secret(account, *id, *kind), kept)
            .is_ok_and(|plain| *plain == SECRET),
    };
    assert!(loaded.secrets.len() > 10);
    loaded.secrets.iter().all(opens)
        && store.find_account(&keys.handle(ADDRESS)).await.unwrap() == Some(account)
}

async fn another_server_key_opens_all_that_was_and_the_old_one_nothing(bed: Bed) {
    let store = bed.store().await;
    let keys = Arc::new(bed.keys(&store).await);
    let (account, _, recovery) = shopper::sign_up(&store, &keys).await;
    let ticket = keys.ticket(Purpose::Reset, account, 5, &bed.random).unwrap();
    let old = server_key(7);
    let new = server_key(8);
    let wrong = Keys::rewrap(&store, &new, &old, &bed.random).await;
    assert!(matches!(wrong, Err(KeyStoreError::Keys(KeysError::WrongKey))));
    Keys::rewrap(&store, &old, &new, &bed.random).await.unwrap();
    assert!(matches!(
        Keys::open(&store, &old, &bed.random).await,
        Err(KeyStoreError::Keys(KeysError::WrongKey))
    ));
    let keys = Keys::open(&store, &new, &bed.random).await.unwrap();
    assert!(all_opens(&store, &keys, account, &recovery).await);
    assert_eq!(keys.read_ticket(Purpose::Reset, &ticket), Some((account, 5)));
}

async fn secrets_are_sealed_anew_under_another_root(bed: Bed) {
    let store = bed.store().await;
    let before = Arc::new(bed.keys(&store).await);
    let (account, _, recovery) = shopper::sign_up(&store, &before).await;
    let wrong = Keys::renew(&store, &server_key(8), &bed.random).await;
    assert!(matches!(wrong, Err(KeyStoreError::Keys(KeysError::WrongKey))));
    Keys::renew(&store, &server_key(7), &bed.random).await.unwrap();
    let after = bed.keys(&store).await;
    assert!(all_opens(&store, &after, account, &recovery).await, "not sealed anew yet");
    assert_eq!(after.retire(&store).await.unwrap(), [1], "still in use");
    // Broken off after the first row, and begun anew.
    bed.sql("CREATE TABLE kept AS SELECT * FROM secrets WHERE key = 1").await;
    let sealed = bed.number("SELECT COUNT(*) FROM kept").await;
    assert_eq!(after.reseal(&store, &bed.random).await.unwrap(), u64::try_from(sealed).unwrap());
    bed.sql(
        "UPDATE secrets SET key = 1, sealed = (SELECT k.sealed FROM kept k WHERE k.secret = \
        secrets.secret) WHERE secret = (SELECT MAX(secret) FROM kept)",
    )
    .await;
    assert_eq!(after.reseal(&store, &bed.random).await.unwrap(), 1);
    assert_eq!(after.reseal(&store, &bed.random).await.unwrap(), 0);
    assert_eq!(after.retire(&store).await.unwrap(), [1], "a mail waits under it");
    store
        .remove_delivered(&store.lease_due_mails(crate::bed::noon(), 0, 100).await.unwrap())
        .await
        .unwrap();
    assert!(after.retire(&store).await.unwrap().is_empty());
    assert_eq!(bed.number("SELECT COUNT(*) FROM secrets WHERE key = 1").await, 0);
    let alone = bed.keys(&store).await;
    assert!(all_opens(&store, &alone, account, &recovery).await);
    assert!(!all_opens(&store, &before, account, &recovery).await, "the old root opens nothing");
}

#[tokio::test]
async fn what_is_sealed_opens_in_its_place_only() {
    let bed = Bed::sqlite();
    let keys = bed.keys(&bed.store().await).await;
    let a = AccountId([1; 16]);
    let b = AccountId([2; 16]);
    let place = Place::Secret(a, SecretId(1), SecretKind::Factor);
    let sealed = keys.seal(place, b"secret", &bed.random).unwrap();
    assert_eq!(*keys.open_sealed(place, &sealed).unwrap(), b"secret");
    assert_ne!(sealed, keys.seal(place, b"secret", &bed.random).unwrap(), "a nonce of its own");
    for other in [
        Place::Secret(b, SecretId(1), SecretKind::Factor),
        Place::Secret(a, SecretId(2), SecretKind::Factor),
        Place::Secret(a, SecretId(1), SecretKind::Password),
        Place::Mail(a, MailId([0; 16])),
    ] {
        assert!(keys.open_sealed(other, &sealed).is_err(), "{other:?}");
    }
    let code =
        keys.protect(a, SecretId(1), SecretKind::MailedCode, b"12345678", &bed.random).unwrap();
    let is = |account, id, kind, given| keys.is_code(account, id, kind, &code, given);
    assert!(is(a, SecretId(1), SecretKind::MailedCode, b"12345678"));
    assert!(!is(a, SecretId(1), SecretKind::MailedCode, b"12345679"));
    assert!(!is(b, SecretId(1), SecretKind::MailedCode, b"12345678"));
    assert!(!is(a, SecretId(2), SecretKind::MailedCode, b"12345678"));
    assert!(!is(a, SecretId(1), SecretKind::Recovery, b"12345678"));
}

#[tokio::test]
async fn a_ticket_says_nothing_and_counts_for_its_purpose() {
    let bed = Bed::sqlite();
    let keys = bed.keys(&bed.store().await).await;
    let account = AccountId([1; 16]);
    let ticket = keys.ticket(Purpose::Reset, account, 7, &bed.random).unwrap();
    assert_eq!(keys.read_ticket(Purpose::Reset, &ticket), Some((account, 7)));
    assert_eq!(keys.read_ticket(Purpose::SignUp, &ticket), None);
    assert_eq!(ticket.len(), 64);
    let decoy = keys.ticket(Purpose::Reset, AccountId([9; 16]), u32::MAX, &bed.random).unwrap();
    assert_eq!(decoy.len(), 64);
    for (place, _) in ticket.char_indices() {
        let mut other = ticket.clone();
        let letter = if &ticket[place..=place] == "A" { "B" } else { "A" };
        other.replace_range(place..=place, letter);
        assert_eq!(keys.read_ticket(Purpose::Reset, &other), None, "{place}");
    }
    for nothing in ["", "A", &ticket[1..], &format!("{ticket}A"), "ö"] {
        assert_eq!(keys.read_ticket(Purpose::Reset, nothing), None);
    }
}
