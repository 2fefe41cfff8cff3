//! Requests that devices signed: carried out once, remembered with their answers, and forgotten when their time is over.

use std::sync::Arc;

use tegata::protocol::{DeviceId, RequestName};
use tegata_issuer::store::{
    AccountChange, AnsweredRequest, LoadedAccount, PriorRequest, SignedRequestKey, StoreError,
};

use crate::shopper;
use crate::test_database::{TestDatabase, noon};

crate::on_both!(
    a_request_is_carried_out_once_by_any_process,
    a_request_is_remembered_until_its_time_is_over,
);

const KEY: SignedRequestKey =
    SignedRequestKey { device: DeviceId([1; 32]), request: RequestName([2; 16]) };

fn stored(answer: u8) -> PriorRequest {
    PriorRequest { hash: [3; 32], answer: vec![answer; 100] }
}

/// A change that is nothing but the answer to a request.
fn answer_change(key: SignedRequestKey, answer: u8) -> AccountChange {
    let answered = AnsweredRequest { key, stored: stored(answer), until: noon().shifted(60) };
    AccountChange { answered: Some(answered), ..AccountChange::default() }
}

async fn a_request_is_carried_out_once_by_any_process(database: TestDatabase) {
    let stores = [database.store().await, database.store().await];
    let keys = Arc::new(database.keys(&stores[0]).await);
    let account = shopper::begin(&stores[0], &keys).await;
    let copies = (0..8_u8).map(|nth| {
        let store = stores[usize::from(nth) % 2].clone();
        tokio::spawn(async move {
            let carry_out = move |loaded: &LoadedAccount| {
                let state = Some(loaded.state.clone());
                (AccountChange { state, ..answer_change(KEY, nth) }, nth)
            };
            store.change_once(account, Some(KEY), carry_out).await
        })
    });
    let before = stores[0].load(account).await.unwrap().unwrap().version;
    let mut done = Vec::new();
    for copy in copies.collect::<Vec<_>>() {
        match copy.await.unwrap() {
            Ok(nth) => done.push(nth),
            Err(error) => assert_eq!(error, StoreError::AnsweredBefore),
        }
    }
    assert_eq!(done.len(), 1, "one effect");
    assert_eq!(stores[0].load(account).await.unwrap().unwrap().version, before + 1);
    let (_, prior) = stores[1].prior_request(KEY).await.unwrap();
    assert_eq!(prior, Some(stored(done[0])), "and its answer");
}

async fn a_request_is_remembered_until_its_time_is_over(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let account = shopper::begin(&store, &keys).await;
    let prior = async || store.prior_request(KEY).await.unwrap().1;
    assert_eq!(prior().await, None);
    store.change(account, |_| (answer_change(KEY, 5), ())).await.unwrap();
    assert_eq!(prior().await, Some(stored(5)));
    // Whoever did not look is stopped by the row itself.
    let again = store.change(account, |_| (answer_change(KEY, 6), ())).await;
    assert_eq!(again, Err(StoreError::AnsweredBefore));
    let other = SignedRequestKey { device: DeviceId([9; 32]), ..KEY };
    store.change(account, move |_| (answer_change(other, 6), ())).await.unwrap();

    store.prune_signed_requests(noon().shifted(59)).await.unwrap();
    assert_eq!(prior().await, Some(stored(5)));
    store.prune_signed_requests(noon().shifted(60)).await.unwrap();
    assert_eq!(prior().await, None);
}
