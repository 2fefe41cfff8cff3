//! Payment credentials: found by their aliases, and made void by changes of the account.

use std::sync::Arc;

use tegata::code::{Alias, AliasKey, CredentialId, Step};
use tegata_issuer::crypto::Keys;
use tegata_issuer::domain::{AccountId, RequestId};
use tegata_issuer::store::{AccountChange, AdminCommand, IndexProgress, Store};
use tegata_policy::{Account, Event, decide};

use crate::shopper::{self, scheme, seed};
use crate::test_database::{TestDatabase, noon, server_key};

crate::on_both!(
    a_credential_is_found_by_its_alias_in_each_period,
    a_new_credential_voids_the_old_one_and_deletes_its_seed,
    the_payer_row_follows_the_account,
    a_period_is_filled_in_pages_and_old_ones_are_deleted,
    seeds_are_reencrypted_under_another_root,
);

fn alias(byte: u8, seconds: i64) -> Alias {
    let step = Step::at(noon().shifted(seconds));
    AliasKey::new(&seed(byte)).derive(&scheme().prefix, scheme().alias_period, step)
}

/// Finds credentials by this seed's alias at this many seconds after noon.
async fn found(store: &Store, byte: u8, seconds: i64) -> Vec<CredentialId> {
    let alias = alias(byte, seconds);
    let found = store.candidates(&scheme(), alias, noon().shifted(seconds)).await.unwrap();
    found.iter().map(|indexed| indexed.id).collect()
}

/// Applies an event to the account's state.
async fn event(
    store: &Store,
    keys: &Arc<Keys>,
    account: AccountId,
    event: impl Fn() -> Event + Send + Sync + 'static,
) {
    let keys = keys.clone();
    let changed = store.change(account, move |loaded| {
        let world = shopper::world(&loaded.global_state, noon());
        let decided = decide(loaded.state.clone(), event(), &world);
        (shopper::apply_effects(&keys, account, decided.account, decided.effects, noon()), ())
    });
    changed.await.unwrap();
}

async fn a_credential_is_found_by_its_alias_in_each_period(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, session, _) = shopper::sign_up(&store, &keys).await;
    let id = shopper::provision(&store, &keys, (account, session), 5, noon()).await;
    // Another process, which has read nothing yet.
    let store = database.store().await;
    for hour in [-1, 0, 1] {
        assert_eq!(found(&store, 5, hour * 3600).await, [id], "{hour}");
    }
    assert!(found(&store, 5, 2 * 3600).await.is_empty());
    assert!(found(&store, 6, 0).await.is_empty());
    // The first and the last half minute of a period accept codes of the neighbouring one.
    let start = 3600 - i64::try_from(noon().seconds() % 3600).unwrap();
    let at = async |alias_of: i64, seconds: i64| {
        let alias = alias(5, alias_of);
        !store.candidates(&scheme(), alias, noon().shifted(seconds)).await.unwrap().is_empty()
    };
    assert!(at(start, start - 1).await && at(start - 1, start).await);
    assert!(!at(start, start - 31).await && !at(start - 1, start + 30).await);

    let found = store.candidates(&scheme(), alias(5, 0), noon()).await.unwrap();
    assert_eq!(found[0].account, account);
    let opened = keys.open_seed(account, id, &found[0].seed).unwrap();
    assert_eq!(opened.expose(), &[5; 32]);
    let elsewhere = CredentialId([0; 16]);
    assert!(keys.open_seed(account, elsewhere, &found[0].seed).is_err());
    let asked = store.provision(account, RequestId([5; 16]), move |_, context| {
        (
            AccountChange::default(),
            context.requested.as_ref().map(|r| (r.id, r.request_hash, r.seed.is_some())),
        )
    });
    assert_eq!(asked.await.unwrap(), Some((id, [5; 32], true)));
}

async fn a_new_credential_voids_the_old_one_and_deletes_its_seed(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, session, _) = shopper::sign_up(&store, &keys).await;
    let first = shopper::provision(&store, &keys, (account, session), 5, noon()).await;
    let second = shopper::provision(&store, &keys, (account, session), 6, noon()).await;
    assert_ne!(first, second);
    assert!(found(&store, 5, 0).await.is_empty());
    assert_eq!(found(&store, 6, 0).await, [second]);
    let kept = "SELECT COUNT(*) FROM credentials WHERE seed IS NOT NULL OR alias_key IS NOT NULL";
    assert_eq!(database.number(kept).await, 1);
    let asked = store.provision(account, RequestId([5; 16]), move |_, context| {
        (AccountChange::default(), context.requested.as_ref().map(|r| r.seed.is_some()))
    });
    assert_eq!(asked.await.unwrap(), Some(false), "known, and void");
    assert_eq!(store.credentials_under(&scheme().prefix, 10).await.unwrap(), 1);
}

async fn the_payer_row_follows_the_account(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, session, _) = shopper::sign_up(&store, &keys).await;
    let pays = "SELECT COUNT(*) FROM payers WHERE number IS NOT NULL AND generation = \
        (SELECT generation FROM standing)";
    let pays = async || database.number(pays).await == 1;
    assert!(!pays().await);
    let id = shopper::provision(&store, &keys, (account, session), 5, noon()).await;
    assert!(pays().await);
    event(&store, &keys, account, move || Event::Freeze { session, signer: None }).await;
    assert!(!pays().await);
    assert_eq!(found(&store, 5, 0).await, [id], "frozen is not void");
    event(&store, &keys, account, move || Event::Unfreeze { session, with_recovery_code: false })
        .await;
    assert!(pays().await);
    store
        .apply_admin_command(AdminCommand::RevokeAll, shopper::event(noon(), "revoked"))
        .await
        .unwrap();
    assert!(!pays().await);
    let device = shopper::device();
    event(&store, &keys, account, move || Event::SetOperatorFreeze { frozen: false }).await;
    assert!(!pays().await, "of a generation before");

    let store = database.store().await;
    let forget = move |loaded: &tegata_issuer::store::LoadedAccount| {
        let state = Some(Account::Closed);
        assert!(matches!(&loaded.state, Account::Active(live) if live.devices()[0].id == device));
        (AccountChange { state, erase: true, ..AccountChange::default() }, ())
    };
    store.change(account, forget).await.unwrap();
    assert!(found(&store, 5, 0).await.is_empty());
    assert_eq!(database.number("SELECT COUNT(*) FROM credentials WHERE key IS NOT NULL").await, 0);
    assert_eq!(database.number("SELECT COUNT(*) FROM payers WHERE number IS NOT NULL").await, 0);
}

async fn a_period_is_filled_in_pages_and_old_ones_are_deleted(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let prefix = scheme().prefix;
    let mut made = Vec::new();
    for byte in [5, 6, 7] {
        let (account, session, _) = shopper::sign_up(&store, &keys).await;
        let now = noon().shifted(byte.into());
        made.push(shopper::provision(&store, &keys, (account, session), byte, now).await);
        // Frees the address for the next shopper, who has the same one.
        database.sql("DELETE FROM handles; DELETE FROM sessions").await;
    }
    let period = noon().seconds() / 3600 + 2;
    assert_eq!(store.alias_index_progress(&prefix, period).await.unwrap(), None);
    let first = store.alias_keys(&prefix, CredentialId([0; 16]), 2).await.unwrap();
    assert_eq!(first.iter().map(|row| row.id).collect::<Vec<_>>(), made[..2]);
    let rest = store.alias_keys(&prefix, first[1].id, 2).await.unwrap();
    assert_eq!(rest.iter().map(|row| row.id).collect::<Vec<_>>(), made[2..]);
    let aliases = |rows: &[tegata_issuer::store::AliasRow]| -> Vec<_> {
        let alias = |row: &tegata_issuer::store::AliasRow| {
            let key = keys.open_alias_key(row.account, row.id, &row.alias_key).unwrap();
            let step = Step::at(noon().shifted(2 * 3600));
            (row.id, key.derive(&prefix, scheme().alias_period, step))
        };
        rows.iter().map(alias).collect()
    };
    let part = IndexProgress { up_to: first[1].id, is_complete: false };
    let whole = IndexProgress { up_to: made[2], is_complete: true };
    for (rows, fill, then) in
        [(&first, part, part), (&rest, whole, whole), (&first, part, whole), (&rest, whole, whole)]
    {
        store.fill_aliases(prefix, period, aliases(rows), fill).await.unwrap();
        assert_eq!(
            store.alias_index_progress(&prefix, period).await.unwrap(),
            Some(then),
            "never back"
        );
    }
    for (byte, id) in [5, 6, 7].into_iter().zip(&made) {
        assert_eq!(found(&store, byte, 2 * 3600).await, [*id]);
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM aliases").await, 12);

    store.drop_aliases(prefix, period).await.unwrap();
    assert_eq!(database.number("SELECT COUNT(*) FROM aliases").await, 3);
    assert_eq!(found(&store, 5, 2 * 3600).await, [made[0]]);
    assert!(store.alias_index_progress(&prefix, period).await.unwrap().is_some());
    store.drop_aliases("4961".parse().unwrap(), period + 9).await.unwrap();
    assert_eq!(database.number("SELECT COUNT(*) FROM aliases").await, 3, "another's");
    store.drop_aliases(prefix, period + 1).await.unwrap();
    assert_eq!(database.number("SELECT COUNT(*) FROM aliases").await, 0);
    assert_eq!(store.alias_index_progress(&prefix, period).await.unwrap(), None);
}

async fn seeds_are_reencrypted_under_another_root(database: TestDatabase) {
    let store = database.store().await;
    let before = Arc::new(database.keys(&store).await);
    let (account, session, _) = shopper::sign_up(&store, &before).await;
    shopper::provision(&store, &before, (account, session), 4, noon()).await;
    let id = shopper::provision(&store, &before, (account, session), 5, noon()).await;
    Keys::renew(&store, &server_key(7), &database.random).await.unwrap();
    let after = database.keys(&store).await;
    let under_old = "SELECT COUNT(*) FROM credentials WHERE key = 1";
    assert_eq!(database.number(under_old).await, 1);
    after.reseal(&store, &database.random).await.unwrap();
    assert_eq!(database.number(under_old).await, 0);
    let found = store.candidates(&scheme(), alias(5, 0), noon()).await.unwrap();
    assert_eq!(after.open_seed(account, id, &found[0].seed).unwrap().expose(), &[5; 32]);
    assert!(before.open_seed(account, id, &found[0].seed).is_err());
    let row = &store.alias_keys(&scheme().prefix, CredentialId([0; 16]), 9).await.unwrap()[0];
    let key = after.open_alias_key(account, id, &row.alias_key).unwrap();
    let step = Step::at(noon());
    assert_eq!(key.derive(&scheme().prefix, scheme().alias_period, step), alias(5, 0));
    assert!(after.open_alias_key(account, id, &found[0].seed).is_err(), "a seed is no alias key");
    assert_eq!(after.reseal(&store, &database.random).await.unwrap(), 0);
}
