//! Accounts: read back as written, one of many changes wins, a change is written as a whole or not at all.

use std::sync::Arc;

use tegata::protocol::SessionId;
use tegata_issuer::crypto::SealingContext;
use tegata_issuer::domain::TokenHash;
use tegata_issuer::store::{AccountChange, StoreError};
use tegata_policy::limits::AttemptLimit;
use tegata_policy::{Account, SecretId, SecretKind};

use crate::shopper::{self, ADDRESS, SECRET, TOKEN};
use crate::test_database::{TestDatabase, noon};

crate::on_both!(
    a_written_account_is_read_back,
    of_64_concurrent_changes_the_first_wins,
    claiming_a_taken_address_undoes_the_whole_change,
    a_panicking_decision_writes_nothing_and_blocks_no_one,
    an_account_is_created_once_and_changed_only_if_it_exists,
    an_erased_account_is_not_found_and_its_mails_are_sent,
    of_64_attempts_at_once_five_are_allowed,
    many_accounts_change_at_once,
);

async fn a_written_account_is_read_back(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, session, recovery) = shopper::sign_up(&store, &keys).await;
    // Another process, which has read nothing yet.
    let store = database.store().await;
    let loaded = store.load(account).await.unwrap().unwrap();
    assert_eq!(loaded.version, 3);
    let Account::Active(live) = &loaded.state else { panic!("{:?}", loaded.state) };
    let global_state = loaded.global_state;
    assert!(live.session(session, &shopper::world(&global_state, noon())).is_some());
    assert_eq!(store.find_account(&keys.handle(ADDRESS)).await.unwrap(), Some(account));
    assert_eq!(store.find_account(&keys.handle("other@shop.example")).await.unwrap(), None);

    let (kind, kept) = &loaded.secrets[&live.address()];
    let place = SealingContext::Secret(account, live.address(), *kind);
    assert_eq!(*keys.open_sealed(place, kept).unwrap(), SECRET);
    let (kind, kept) = &loaded.secrets[&recovery[0]];
    assert!(keys.is_code(account, recovery[0], *kind, kept, SECRET));
    assert!(!keys.is_code(account, recovery[1], *kind, kept, SECRET), "another code's place");

    let (found, _) = store.session(&TokenHash::of(&TOKEN), None).await.unwrap().unwrap();
    assert_eq!((found.account, found.session), (account, session));
    assert_eq!((found.state, found.global_state), (loaded.state, loaded.global_state));
    assert!(store.session(&TokenHash::of(&[0; 32]), None).await.unwrap().is_none());
    let events = store.events_of(account, None, 10).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.deed == "signed_up").count(), 1, "{events:?}");
}

async fn of_64_concurrent_changes_the_first_wins(database: TestDatabase) {
    let stores = [database.store().await, database.store().await];
    let keys = Arc::new(database.keys(&stores[0]).await);
    let account = shopper::begin(&stores[0], &keys).await;
    let racers: Vec<_> = (0..64_u8)
        .map(|racer| {
            let store = stores[usize::from(racer % 2)].clone();
            let keys = keys.clone();
            tokio::spawn(async move {
                let random = tegata::SystemRandom::new();
                let prize = SecretId(1000);
                let change = store.change(account, move |loaded| {
                    if loaded.secrets.contains_key(&prize) {
                        return (AccountChange::default(), false);
                    }
                    let kind = SecretKind::Factor;
                    let kept = keys.protect(account, prize, kind, &[racer], &random).unwrap();
                    let state = Some(loaded.state.clone());
                    (
                        AccountChange {
                            state,
                            secrets_stored: vec![(prize, kind, kept)],
                            ..AccountChange::default()
                        },
                        true,
                    )
                });
                change.await.unwrap().then_some(racer)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for racer in racers {
        winners.extend(racer.await.unwrap());
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    let loaded = stores[1].load(account).await.unwrap().unwrap();
    assert_eq!(loaded.version, 2);
    let (kind, kept) = &loaded.secrets[&SecretId(1000)];
    let place = SealingContext::Secret(account, SecretId(1000), *kind);
    assert_eq!(*keys.open_sealed(place, kept).unwrap(), winners);
}

async fn claiming_a_taken_address_undoes_the_whole_change(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (owner, ..) = shopper::sign_up(&store, &keys).await;
    let thief = shopper::begin(&store, &keys).await;
    let before = store.load(thief).await.unwrap().unwrap();
    let mails = store.lease_due_mails(noon(), 0, 100).await.unwrap().len();
    let taken = keys.handle(ADDRESS);
    let k = keys.clone();
    let claimed = store.change(thief, move |loaded| {
        let change = AccountChange {
            state: Some(Account::Closed),
            handles_claimed: vec![k.handle("free@shop.example"), taken],
            handles_released: vec![taken],
            secrets_deleted: loaded.secrets.keys().copied().collect(),
            sessions_created: vec![(TokenHash::of(&[9; 32]), SessionId(9))],
            outbox: vec![shopper::mail(&k, thief, noon())],
            events: vec![shopper::event(noon(), "claimed")],
            ..AccountChange::default()
        };
        (change, ())
    });
    assert_eq!(claimed.await, Err(StoreError::HandleTaken));
    let after = store.load(thief).await.unwrap().unwrap();
    assert_eq!((after.version, after.state), (before.version, before.state));
    assert_eq!(after.secrets, before.secrets);
    assert_eq!(store.find_account(&taken).await.unwrap(), Some(owner), "another's is not released");
    assert_eq!(store.find_account(&keys.handle("free@shop.example")).await.unwrap(), None);
    assert!(store.session(&TokenHash::of(&[9; 32]), None).await.unwrap().is_none());
    assert_eq!(store.lease_due_mails(noon(), 0, 100).await.unwrap().len(), mails);
    assert_eq!(database.number("SELECT COUNT(*) FROM events WHERE deed = 'claimed'").await, 0);
    // An account may claim its own handle again.
    let own = move |_: &_| {
        (AccountChange { handles_claimed: vec![taken], ..AccountChange::default() }, ())
    };
    store.change(owner, own).await.unwrap();
}

async fn a_panicking_decision_writes_nothing_and_blocks_no_one(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let account = shopper::begin(&store, &keys).await;
    let others: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            let touch = move |loaded: &tegata_issuer::store::LoadedAccount| {
                (
                    AccountChange { state: Some(loaded.state.clone()), ..AccountChange::default() },
                    (),
                )
            };
            tokio::spawn(async move { store.change(account, touch).await })
        })
        .collect();
    let broken = {
        let store = store.clone();
        let panics = move |_: &_| -> (AccountChange, ()) { panic!("on purpose") };
        tokio::spawn(async move { store.change(account, panics).await })
    };
    let broken = broken.await;
    assert!(broken.is_err() || broken.unwrap() == Err(StoreError::Panicked));
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert_eq!(store.load(account).await.unwrap().unwrap().version, 9);
}

async fn an_account_is_created_once_and_changed_only_if_it_exists(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let account = shopper::begin(&store, &keys).await;
    let again =
        |_: &_| (AccountChange { state: Some(Account::Closed), ..AccountChange::default() }, ());
    assert_eq!(store.create(account, again).await, Err(StoreError::AccountExists));
    let loaded = store.load(account).await.unwrap().unwrap();
    assert!(matches!(loaded.state, Account::PendingSignUp(_)));
    let unknown = tegata_issuer::domain::AccountId([0; 16]);
    let nothing = |_: &_| (AccountChange::default(), ());
    assert_eq!(store.change(unknown, nothing).await, Err(StoreError::NoSuchAccount));
    assert!(store.load(unknown).await.unwrap().is_none());
}

async fn an_erased_account_is_not_found_and_its_mails_are_sent(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, ..) = shopper::sign_up(&store, &keys).await;
    let mails = store.lease_due_mails(noon(), 0, 100).await.unwrap().len();
    let k = keys.clone();
    let erase = move |_: &_| {
        let outbox = vec![shopper::mail(&k, account, noon())];
        let state = Some(Account::Closed);
        (AccountChange { state, erase: true, outbox, ..AccountChange::default() }, ())
    };
    store.change(account, erase).await.unwrap();
    assert_eq!(store.find_account(&keys.handle(ADDRESS)).await.unwrap(), None);
    assert!(store.session(&TokenHash::of(&TOKEN), None).await.unwrap().is_none());
    let loaded = store.load(account).await.unwrap().unwrap();
    assert!(loaded.secrets.is_empty() && loaded.state == Account::Closed);
    assert_eq!(store.lease_due_mails(noon(), 0, 100).await.unwrap().len(), mails + 1);
}

async fn of_64_attempts_at_once_five_are_allowed(database: TestDatabase) {
    let stores = [database.store().await, database.store().await];
    let keys = database.keys(&stores[0]).await;
    let key = keys.throttle("reset", ADDRESS.as_bytes());
    let limit = AttemptLimit { tries: 5, seconds: 60 };
    let tries: Vec<_> = (0..64)
        .map(|which| {
            let store = stores[which % 2].clone();
            tokio::spawn(async move { store.take_attempt(key, limit, noon()).await.unwrap() })
        })
        .collect();
    let mut taken = 0;
    for one in tries {
        taken += usize::from(one.await.unwrap().is_none());
    }
    assert_eq!(taken, 5);
    let store = database.store().await;
    let wait = async |seconds| {
        let wait = store.take_attempt(key, limit, noon().shifted(seconds)).await.unwrap();
        wait.map(|wait| wait.as_secs())
    };
    assert_eq!(wait(59).await, Some(1), "after a restart");
    assert_eq!(wait(-600).await, Some(660), "set back");
    let other = keys.throttle("login", ADDRESS.as_bytes());
    assert_eq!(store.take_attempt(other, limit, noon()).await.unwrap(), None);
    store.prune_throttle(noon().shifted(59)).await.unwrap();
    assert_eq!(wait(59).await, Some(1), "pruned too early");
    store.prune_throttle(noon().shifted(60)).await.unwrap();
    assert_eq!(database.number("SELECT COUNT(*) FROM throttle").await, 0);
    assert_eq!(wait(60).await, None);
}

async fn many_accounts_change_at_once(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let mut accounts = Vec::new();
    for _ in 0..16 {
        accounts.push(shopper::begin(&store, &keys).await);
    }
    // Each half claims what the other has, in another order, so that locks could cross.
    let handles = [keys.handle("a@shop.example"), keys.handle("b@shop.example")];
    let changes: Vec<_> = (0..128)
        .map(|n| {
            let store = store.clone();
            let account = accounts[n % 16];
            let claim = if n % 2 == 0 { handles.to_vec() } else { vec![handles[1], handles[0]] };
            tokio::spawn(async move {
                let change = store.change(account, move |loaded| {
                    let state = Some(loaded.state.clone());
                    let handles_claimed = claim.clone();
                    (AccountChange { state, handles_claimed, ..AccountChange::default() }, ())
                });
                change.await
            })
        })
        .collect();
    let mut done = 0;
    for change in changes {
        match change.await.unwrap() {
            Ok(()) => done += 1,
            Err(error) => assert_eq!(error, StoreError::HandleTaken),
        }
    }
    // The first to claim both has them, and claims them again in each of its eight changes.
    assert_eq!(done, 8);
}
