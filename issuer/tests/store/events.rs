//! The log as it is read: its last events, and those of an account.

use std::collections::BTreeSet;

use tegata::{SystemRandom, UnixTime};
use tegata_issuer::domain::{AccountId, AuthorisationId, EventId};
use tegata_issuer::store::{AuthorisationState, EventRow, Store};

use crate::charging::receipt_writer;
use crate::shopper;
use crate::test_database::{TestDatabase, noon};

crate::on_both!(
    the_last_events_come_newest_first,
    a_late_event_of_a_payment_is_among_the_last_events,
    an_accounts_log_is_complete_in_pages_of_any_size,
);

fn at(nth: i64) -> UnixTime {
    noon().shifted(nth)
}

/// Makes a payment that was authorised in this second, without events.
async fn paid(database: &TestDatabase, account: AccountId, second: i64) -> AuthorisationId {
    let id = AuthorisationId::make(at(second), 0, &SystemRandom::new()).unwrap();
    let of = database.blob(&account.0);
    let number = database.blob(&id.0);
    database.sql(&format!(
        "INSERT INTO authorisations (authorisation, account, credential, counter, till, reference, amount, \
         currency, day, state, made, changed, version) \
         VALUES ({number}, {of}, {of}, 1, 'till', '{id}', 100, 'JPY', 1, 'authorised', 1, 1, 1)"
    ))
    .await;
    id
}

/// Moves a payment through these states, each of which has an event.
async fn comes_to(
    database: &TestDatabase,
    store: &Store,
    id: AuthorisationId,
    states: &[AuthorisationState],
    second: i64,
) {
    let receipts = receipt_writer(database, store).await;
    for state in states {
        let it = store.authorisation(id).await.unwrap().unwrap();
        store.transition(it, *state, at(second), receipts.clone()).await.unwrap();
    }
}

async fn the_last_events_come_newest_first(database: TestDatabase) {
    let store = database.store().await;
    for nth in [1, 0, 2] {
        store.append_event(shopper::event(at(nth), &format!("deed {nth}"))).await.unwrap();
    }
    let last = store.last_events(2).await.unwrap();
    let deeds: Vec<_> = last.iter().map(|event| event.deed.as_str()).collect();
    assert_eq!(deeds, ["deed 2", "deed 1"]);
    let ids: Vec<EventId> = last.iter().map(|event| event.id).collect();
    assert!(ids[0] > ids[1]);
    let all = store.last_events(10).await.unwrap();
    for n in [1, 1, 1] {
        store.seal(n).await.unwrap();
        assert_eq!(store.last_events(10).await.unwrap(), all);
        assert_eq!(store.last_events(2).await.unwrap(), last);
    }
}

async fn a_late_event_of_a_payment_is_among_the_last_events(database: TestDatabase) {
    let store = database.store().await;
    let account = AccountId([1; 16]);
    let id = paid(&database, account, 0).await;
    comes_to(&database, &store, id, &[AuthorisationState::Charged], 0).await;
    for nth in 1..50 {
        store.append_event(shopper::event(at(nth), "between")).await.unwrap();
    }
    store.seal(40).await.unwrap();
    let late = [AuthorisationState::Reversing, AuthorisationState::Refunded];
    comes_to(&database, &store, id, &late, 60).await;
    for _ in 0..2 {
        let last = store.last_events(3).await.unwrap();
        let deeds: Vec<_> = last.iter().map(|event| (event.deed.as_str(), event.about())).collect();
        let of = Some(account);
        let expected = [("payment_refunded", of), ("payment_reversing", of), ("between", None)];
        assert_eq!(deeds, expected);
        store.seal(100).await.unwrap();
    }
}

/// Tests the account's own events, and payments with events, with events of their own ids, with both and with none; the
/// same of another account.
async fn an_accounts_log_is_complete_in_pages_of_any_size(database: TestDatabase) {
    let store = database.store().await;
    let own = AccountId([1; 16]);
    let others = AccountId([2; 16]);
    let add_event = async |account, second, deed: &str| {
        let line = shopper::event(at(second), deed);
        store.append_event(EventRow { account: Some(account), ..line }).await.unwrap();
    };
    for second in 0..24 {
        for account in [own, others] {
            add_event(account, second, "own").await;
            let id = paid(&database, account, second).await;
            match second % 6 {
                0 => comes_to(&database, &store, id, &[AuthorisationState::Declined], second).await,
                1 | 2 => {
                    let states = [
                        AuthorisationState::Charged,
                        AuthorisationState::Reversing,
                        AuthorisationState::Refunded,
                    ];
                    comes_to(&database, &store, id, &states, second + 100).await;
                }
                3 => add_event(account, second, "payment_authorised").await,
                4 => {
                    add_event(account, second, "payment_authorised").await;
                    comes_to(&database, &store, id, &[AuthorisationState::Voided], second + 100)
                        .await;
                }
                _ => {}
            }
        }
        if second % 5 == 0 {
            store.seal(7).await.unwrap();
        }
    }
    let all = store.last_events(1000).await.unwrap().into_iter();
    let mut all: Vec<_> = all.filter(|event| event.about() == Some(own)).collect();
    all.sort_by_key(|event| std::cmp::Reverse(event.id));
    assert_eq!(all.len(), 24 + 4 * (1 + 3 + 3 + 1 + 2));
    assert_eq!(all.iter().map(|event| event.id).collect::<BTreeSet<_>>().len(), all.len());
    for n in [1, 2, 3, 7, 20, 500] {
        let mut read = Vec::new();
        let mut before = None;
        loop {
            let page = store.events_of(own, before, n).await.unwrap();
            assert!(page.len() <= n as usize);
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            read.extend(page);
            assert!(read.len() <= all.len(), "{n} at a time do not end");
        }
        assert_eq!(read, all, "{n} at a time");
    }
}
