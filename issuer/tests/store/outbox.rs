//! Mails: given to one at a time, due again when nobody said what became of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use tegata_issuer::keys::Place;
use tegata_issuer::store::{Change, Leased, MailId};

use crate::bed::{Bed, noon};
use crate::shopper;

crate::on_both!(
    a_mail_is_due_until_it_is_delivered,
    two_processes_never_hold_the_same_mail,
    a_lease_that_is_over_says_nothing_any_more,
);

async fn with_mails(bed: &Bed, n: usize) -> tegata_issuer::store::Store {
    let store = bed.store().await;
    let keys = Arc::new(bed.keys(&store).await);
    let account = shopper::begin(&store, &keys).await;
    for mail in store.due(noon(), 0, 100).await.unwrap() {
        store.delivered(&mail).await.unwrap();
    }
    let change = move |_: &_| {
        let outbox = (0..n).map(|_| shopper::mail(&keys, account, noon())).collect();
        (Change { outbox, ..Change::default() }, ())
    };
    store.change(account, change).await.unwrap();
    store
}

fn ids(mails: &[Leased]) -> BTreeSet<MailId> {
    mails.iter().map(|mail| mail.id).collect()
}

async fn a_mail_is_due_until_it_is_delivered(bed: Bed) {
    let store = with_mails(&bed, 1).await;
    assert!(store.due(noon().shifted(-1), 60, 10).await.unwrap().is_empty(), "too early");
    let mails = store.due(noon(), 60, 10).await.unwrap();
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    let keys = bed.keys(&store).await;
    let letter = keys.open_sealed(Place::Mail(mail.account, mail.id), &mail.letter).unwrap();
    assert!(letter.ends_with(b"12345678"));
    assert!(store.due(noon().shifted(59), 60, 10).await.unwrap().is_empty(), "leased");
    // Whoever had it has died; another process begins.
    let store = bed.store().await;
    let again = store.due(noon().shifted(60), 60, 10).await.unwrap();
    assert_eq!((again[0].id, again[0].tries, again[0].made), (mail.id, 2, noon()));
    store.failed(&again[0], noon().shifted(3600)).await.unwrap();
    assert!(store.due(noon().shifted(3599), 60, 10).await.unwrap().is_empty(), "put off");
    let last = store.due(noon().shifted(3600), 60, 10).await.unwrap();
    store.delivered(&last[0]).await.unwrap();
    assert!(store.due(noon().shifted(1_000_000), 60, 10).await.unwrap().is_empty());
}

async fn two_processes_never_hold_the_same_mail(bed: Bed) {
    let first = with_mails(&bed, 60).await;
    let stores = [first, bed.store().await];
    let takers: Vec<_> = (0..16)
        .map(|which| {
            let store = stores[which % 2].clone();
            tokio::spawn(async move { store.due(noon(), 60, 7).await.unwrap() })
        })
        .collect();
    let (mut seen, mut given) = (BTreeSet::new(), 0);
    for taker in takers {
        let mails = taker.await.unwrap();
        given += mails.len();
        seen.extend(ids(&mails));
    }
    while given < 60 {
        let mails = stores[0].due(noon(), 60, 7).await.unwrap();
        assert!(!mails.is_empty(), "{given} of 60");
        given += mails.len();
        seen.extend(ids(&mails));
    }
    assert_eq!((seen.len(), given), (60, 60));
    assert!(stores[1].due(noon().shifted(59), 60, 7).await.unwrap().is_empty());
}

async fn a_lease_that_is_over_says_nothing_any_more(bed: Bed) {
    let store = with_mails(&bed, 1).await;
    let slow = store.due(noon(), 60, 1).await.unwrap().remove(0);
    let other = store.due(noon().shifted(60), 60, 1).await.unwrap().remove(0);
    store.failed(&slow, noon()).await.unwrap();
    assert!(store.due(noon().shifted(61), 60, 1).await.unwrap().is_empty(), "the other holds it");
    store.delivered(&other).await.unwrap();
}
