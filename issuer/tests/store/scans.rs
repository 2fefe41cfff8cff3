//! Scans of jobs and operators: page after page, each row once, up to a moment.

use std::sync::Arc;

use tegata_issuer::domain::{AccountId, TokenHash};
use tegata_issuer::store::{AccountChange, AccountStage, OutboxBacklog, SessionRow, Store};
use tegata_policy::{Event, decide};

use crate::shopper;
use crate::test_database::{TestDatabase, noon};

crate::on_both!(
    accounts_are_listed_once_in_the_order_of_creation,
    only_unfinished_sign_ups_are_removed,
    deletion_requests_are_listed_once_up_to_a_moment,
    sessions_are_listed_once_and_end_when_removed,
    the_outbox_backlog_has_a_count_and_the_oldest_mail,
);

/// Makes an account in this second.
async fn made_at(database: &TestDatabase, store: &Store, second: i64) -> AccountId {
    let id = AccountId::make(noon().shifted(second), &database.random).unwrap();
    let state = tegata_policy::begin_sign_up(
        shopper::device(),
        "phone".into(),
        false,
        &shopper::world(&store.global_state().await.unwrap(), noon()),
    );
    let create = move |_: &_| {
        (AccountChange { state: Some(state.0.clone()), ..AccountChange::default() }, ())
    };
    store.create(id, create).await.unwrap();
    id
}

async fn accounts_are_listed_once_in_the_order_of_creation(database: TestDatabase) {
    let store = database.store().await;
    let mut made = Vec::new();
    for second in [3, 0, 2, 1, 4] {
        made.push((second, made_at(&database, &store, second).await));
    }
    made.sort_unstable_by_key(|(second, _)| *second);
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = store.accounts_made_before(noon().shifted(4), after, 3).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        assert!(
            page.len() <= 3 && page.iter().all(|(_, kind)| *kind == AccountStage::PendingSignUp)
        );
        after = Some(*last);
        seen.extend(page.iter().map(|(id, _)| *id));
        assert!(seen.len() < 5, "one came again: {seen:?}");
    }
    let expected: Vec<_> = made[..4].iter().map(|(_, id)| *id).collect();
    assert_eq!(seen, expected, "the fifth was made at the moment, not before it");
}

async fn only_unfinished_sign_ups_are_removed(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, ..) = shopper::sign_up(&store, &keys).await;
    let opening = made_at(&database, &store, 1).await;
    let kinds = store.accounts_made_before(noon().shifted(9), None, 10).await.unwrap();
    assert_eq!(kinds, [(account, AccountStage::Other), (opening, AccountStage::PendingSignUp)]);
    assert!(!store.remove_pending_sign_up(account).await.unwrap());
    assert!(store.load(account).await.unwrap().is_some_and(|loaded| loaded.secrets.len() > 10));
    assert!(store.remove_pending_sign_up(opening).await.unwrap());
    assert!(!store.remove_pending_sign_up(opening).await.unwrap(), "it is gone");
    assert!(store.load(opening).await.unwrap().is_none());

    // With its secrets and its mail, too.
    let other = shopper::begin(&database.store().await, &keys).await;
    assert!(store.remove_pending_sign_up(other).await.unwrap());
    for table in ["secrets", "outbox", "handles", "sessions"] {
        let id = hex::encode(other.0);
        let is = match database.place {
            tegata_issuer::domain::StoreUrl::Sqlite(_) => format!("x'{id}'"),
            tegata_issuer::domain::StoreUrl::Postgres(_) => format!("'\\x{id}'::bytea"),
        };
        let left = format!("SELECT COUNT(*) FROM {table} WHERE account = {is}");
        assert_eq!(database.number(&left).await, 0, "{table}");
    }
}

async fn deletion_requests_are_listed_once_up_to_a_moment(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, session, _) = shopper::sign_up(&store, &keys).await;
    for (nth, event) in [
        Event::RequestDeletion { session },
        Event::CancelDeletion { session, signer: None },
        Event::RequestDeletion { session },
    ]
    .into_iter()
    .enumerate()
    {
        let at = noon().shifted(i64::try_from(nth).unwrap() * 60);
        let keys = keys.clone();
        let event = std::sync::Mutex::new(Some(event));
        let done = store.change(account, move |loaded| {
            let world = shopper::world(&loaded.global_state, at);
            let event = event.lock().unwrap().take().unwrap();
            let done = decide(loaded.state.clone(), event, &world);
            (shopper::apply_effects(&keys, account, done.account, done.effects, at), ())
        });
        done.await.unwrap();
    }
    let first = store.deletion_requests_before(noon().shifted(121), None, 1).await.unwrap();
    let [(event, whose)] = first[..] else { panic!("{first:?}") };
    assert_eq!(whose, account);
    let rest = store.deletion_requests_before(noon().shifted(121), Some(event), 9).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert!(rest[0].0 > event);
    assert_eq!(
        store.deletion_requests_before(noon().shifted(120), Some(event), 9).await.unwrap(),
        []
    );
}

async fn sessions_are_listed_once_and_end_when_removed(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, session, _) = shopper::sign_up(&store, &keys).await;
    let tokens: Vec<_> = (1..=4).map(|n| TokenHash::of(&[n; 32])).collect();
    let more = tokens.clone();
    let change = move |_: &_| {
        let sessions_created = more.iter().map(|token| (*token, session)).collect();
        (AccountChange { sessions_created, ..AccountChange::default() }, ())
    };
    store.change(account, change).await.unwrap();
    let mut after = None;
    let mut rows: Vec<SessionRow> = Vec::new();
    loop {
        let page = store.session_rows(after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        rows.extend(page);
        assert!(rows.len() <= 5, "one came again");
    }
    assert_eq!(rows.len(), 5);
    assert!(
        rows.iter().all(|row| row.context.account == account && row.context.session == session)
    );
    let removed = rows.split_off(2);
    store.remove_sessions(removed).await.unwrap();
    assert_eq!(store.session_rows(None, 9).await.unwrap().len(), 2);
    let mut left = 0;
    for token in tokens.iter().chain([&TokenHash::of(&shopper::TOKEN)]) {
        left += usize::from(store.session(token, None).await.unwrap().is_some());
    }
    assert_eq!(left, 2);
}

async fn the_outbox_backlog_has_a_count_and_the_oldest_mail(database: TestDatabase) {
    let store = database.store().await;
    assert_eq!(store.outbox_backlog().await.unwrap(), OutboxBacklog { mails: 0, oldest: None });
    let keys = Arc::new(database.keys(&store).await);
    let account = shopper::begin(&store, &keys).await;
    let change = move |_: &_| {
        let outbox = [7, 5].map(|s: i64| shopper::mail(&keys, account, noon().shifted(s))).into();
        (AccountChange { outbox, ..AccountChange::default() }, ())
    };
    store.change(account, change).await.unwrap();
    let waits = store.outbox_backlog().await.unwrap();
    assert_eq!(waits, OutboxBacklog { mails: 3, oldest: Some(noon()) });
    store.remove_delivered(&store.lease_due_mails(noon(), 60, 1).await.unwrap()).await.unwrap();
    let waits = store.outbox_backlog().await.unwrap();
    assert_eq!(waits, OutboxBacklog { mails: 2, oldest: Some(noon().shifted(5)) });
}
