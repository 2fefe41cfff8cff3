//! Mails: leased to one process at a time, due again when the lease ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use tegata_issuer::crypto::{Keys, SealingContext};
use tegata_issuer::domain::{AccountId, MailId};
use tegata_issuer::store::{AccountChange, LeasedMail, MailPriority, OutboxMail, Store};

use crate::shopper;
use crate::test_database::{TestDatabase, noon};

crate::on_both!(
    a_mail_is_due_until_it_is_delivered,
    two_processes_never_lease_the_same_mail,
    an_expired_lease_changes_nothing,
    account_mails_overtake_receipts_without_starving_them,
    only_delivered_mails_are_removed,
);

/// Makes an account with an empty outbox.
async fn empty(database: &TestDatabase) -> (Store, Arc<Keys>, AccountId) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let account = shopper::begin(&store, &keys).await;
    store.remove_delivered(&store.lease_due_mails(noon(), 0, 100).await.unwrap()).await.unwrap();
    (store, keys, account)
}

async fn puts(
    store: &Store,
    keys: &Arc<Keys>,
    account: AccountId,
    priority: MailPriority,
    n: usize,
) {
    let keys = keys.clone();
    let change = move |_: &_| {
        let mail = |_| OutboxMail { priority, ..shopper::mail(&keys, account, noon()) };
        (AccountChange { outbox: (0..n).map(mail).collect(), ..AccountChange::default() }, ())
    };
    store.change(account, change).await.unwrap();
}

async fn with_mails(database: &TestDatabase, n: usize) -> Store {
    let (store, keys, account) = empty(database).await;
    puts(&store, &keys, account, MailPriority::AccountMail, n).await;
    store
}

fn ids(mails: &[LeasedMail]) -> BTreeSet<MailId> {
    mails.iter().map(|mail| mail.id).collect()
}

async fn a_mail_is_due_until_it_is_delivered(database: TestDatabase) {
    let store = with_mails(&database, 1).await;
    assert!(
        store.lease_due_mails(noon().shifted(-1), 60, 10).await.unwrap().is_empty(),
        "too early"
    );
    let mails = store.lease_due_mails(noon(), 60, 10).await.unwrap();
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    let keys = database.keys(&store).await;
    let letter =
        keys.open_sealed(SealingContext::Mail(mail.account, mail.id), &mail.content).unwrap();
    assert!(letter.ends_with(b"12345678"));
    assert!(store.lease_due_mails(noon().shifted(59), 60, 10).await.unwrap().is_empty(), "leased");
    // The process that had it has died; another one starts.
    let store = database.store().await;
    let again = store.lease_due_mails(noon().shifted(60), 60, 10).await.unwrap();
    assert_eq!((again[0].id, again[0].tries, again[0].made), (mail.id, 2, noon()));
    store.postpone(&again[0], noon().shifted(3600)).await.unwrap();
    assert!(
        store.lease_due_mails(noon().shifted(3599), 60, 10).await.unwrap().is_empty(),
        "put off"
    );
    let last = store.lease_due_mails(noon().shifted(3600), 60, 10).await.unwrap();
    store.remove_delivered(&last).await.unwrap();
    assert!(store.lease_due_mails(noon().shifted(1_000_000), 60, 10).await.unwrap().is_empty());
}

async fn two_processes_never_lease_the_same_mail(database: TestDatabase) {
    let first = with_mails(&database, 60).await;
    let stores = [first, database.store().await];
    let takers: Vec<_> = (0..16)
        .map(|which| {
            let store = stores[which % 2].clone();
            tokio::spawn(async move { store.lease_due_mails(noon(), 60, 7).await.unwrap() })
        })
        .collect();
    let mut seen = BTreeSet::new();
    let mut given = 0;
    for taker in takers {
        let mails = taker.await.unwrap();
        given += mails.len();
        seen.extend(ids(&mails));
    }
    while given < 60 {
        let mails = stores[0].lease_due_mails(noon(), 60, 7).await.unwrap();
        assert!(!mails.is_empty(), "{given} of 60");
        given += mails.len();
        seen.extend(ids(&mails));
    }
    assert_eq!((seen.len(), given), (60, 60));
    assert!(stores[1].lease_due_mails(noon().shifted(59), 60, 7).await.unwrap().is_empty());
}

async fn an_expired_lease_changes_nothing(database: TestDatabase) {
    let store = with_mails(&database, 1).await;
    let slow = store.lease_due_mails(noon(), 60, 1).await.unwrap().remove(0);
    let other = store.lease_due_mails(noon().shifted(60), 60, 1).await.unwrap().remove(0);
    store.postpone(&slow, noon()).await.unwrap();
    assert!(
        store.lease_due_mails(noon().shifted(61), 60, 1).await.unwrap().is_empty(),
        "the other holds it"
    );
    store.remove_delivered([&other]).await.unwrap();
}

async fn account_mails_overtake_receipts_without_starving_them(database: TestDatabase) {
    let (store, keys, account) = empty(&database).await;
    puts(&store, &keys, account, MailPriority::Receipt, 1000).await;
    let letters = async || database.number("SELECT COUNT(*) FROM outbox WHERE rank = 0").await;
    // One account mail is in the first page, which is full.
    puts(&store, &keys, account, MailPriority::AccountMail, 1).await;
    let page = store.lease_due_mails(noon(), 60, 16).await.unwrap();
    assert_eq!(page.len(), 16);
    store.remove_delivered(&page).await.unwrap();
    assert_eq!(letters().await, 0);
    // With more account mails than fit, a quarter of each page is receipts.
    for page in 1..=4 {
        puts(&store, &keys, account, MailPriority::AccountMail, 16).await;
        store
            .remove_delivered(&store.lease_due_mails(noon(), 60, 16).await.unwrap())
            .await
            .unwrap();
        assert_eq!(letters().await, 4 * page);
        let receipts = database.number("SELECT COUNT(*) FROM outbox WHERE rank = 1").await;
        assert_eq!(receipts, 1000 - 15 - 4 * page);
    }
}

async fn only_delivered_mails_are_removed(database: TestDatabase) {
    let store = with_mails(&database, 12).await;
    let page = store.lease_due_mails(noon(), 60, 16).await.unwrap();
    assert_eq!(page.len(), 12);
    store.remove_delivered([]).await.unwrap();
    store.remove_delivered(&page[..7]).await.unwrap();
    let left = store.lease_due_mails(noon().shifted(60), 60, 16).await.unwrap();
    assert_eq!(ids(&left), ids(&page[7..]));
}
