//! Mails: leased to one process at a time, due again when the lease ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use tegata_issuer::crypto::{Keys, SealingContext};
use tegata_issuer::domain::{AccountId, MailId};
use tegata_issuer::store::{
    AccountChange, LeasedMail, MailPage, MailPriority, MailQueue, OutboxMail, Store,
};

use crate::shopper;
use crate::test_database::{TestDatabase, noon};

crate::on_both!(
    a_mail_is_due_until_it_is_delivered,
    two_processes_never_lease_the_same_mail,
    an_expired_lease_changes_nothing,
    account_mails_overtake_receipts_without_starving_them,
    only_delivered_mails_are_removed,
    mails_of_accounts_go_before_those_of_strangers,
    queues_take_turns,
    expired_mails_are_removed_and_leased_ones_are_not,
    waking_leaves_leases_alone,
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

/// Puts one mail of this queue into the outbox; gives its id.
async fn put_into(
    store: &Store,
    keys: &Arc<Keys>,
    account: AccountId,
    (priority, queue): (MailPriority, u8),
    seconds: i64,
) -> MailId {
    let at = noon().shifted(seconds);
    let mail = OutboxMail {
        priority,
        queue: MailQueue([queue; 16]),
        expires: at.shifted(300),
        ..shopper::mail(keys, account, at)
    };
    let id = mail.id;
    let change =
        move |_: &_| (AccountChange { outbox: vec![mail.clone()], ..AccountChange::default() }, ());
    store.change(account, change).await.unwrap();
    id
}

fn in_order(mails: &[LeasedMail]) -> Vec<MailId> {
    mails.iter().map(|mail| mail.id).collect()
}

async fn mails_of_accounts_go_before_those_of_strangers(database: TestDatabase) {
    let (store, keys, account) = empty(&database).await;
    let mut ids = Vec::new();
    for priority in [MailPriority::SignUp, MailPriority::Stranger, MailPriority::AccountMail] {
        for _ in 0..3 {
            ids.push(put_into(&store, &keys, account, (priority, 1), 0).await);
        }
    }
    let page = MailPage { mails: 9, receipts: 3, strangers: 4, sign_ups: 2 };
    let first = store.lease_due_mails(noon().shifted(1), 60, page).await.unwrap();
    let expected = [&ids[6..], &ids[3..6], &ids[..1]].concat();
    assert_eq!(in_order(&first), expected);
    assert_eq!(
        in_order(&store.lease_due_mails(noon().shifted(1), 60, 9).await.unwrap()),
        ids[1..3]
    );
}

async fn queues_take_turns(database: TestDatabase) {
    let (store, keys, account) = empty(&database).await;
    let mut flood = Vec::new();
    for _ in 0..20 {
        flood.push(put_into(&store, &keys, account, (MailPriority::SignUp, 1), 0).await);
    }
    // Half a minute later somebody else asks for one, and then for another one.
    let mut others = Vec::new();
    for _ in 0..2 {
        others.push(put_into(&store, &keys, account, (MailPriority::SignUp, 2), 30).await);
    }
    let mails = in_order(&store.lease_due_mails(noon().shifted(31), 60, 22).await.unwrap());
    assert_eq!(mails[..3], flood[..3]);
    assert_eq!(mails[3], others[0]);
    assert_eq!(mails[4], flood[3]);
    assert_eq!(mails[5], others[1]);
    assert_eq!(mails[6..], flood[4..]);
}

async fn expired_mails_are_removed_and_leased_ones_are_not(database: TestDatabase) {
    let (store, keys, account) = empty(&database).await;
    let of = (MailPriority::SignUp, 1);
    let leased = put_into(&store, &keys, account, of, -1).await;
    let mail = store.lease_due_mails(noon().shifted(250), 60, 1).await.unwrap();
    assert_eq!(in_order(&mail), [leased]);
    let postponed = put_into(&store, &keys, account, of, 0).await;
    let other = store.lease_due_mails(noon().shifted(250), 60, 1).await.unwrap();
    assert_eq!(in_order(&other), [postponed]);
    store.postpone(&other[0], noon().shifted(900)).await.unwrap();
    put_into(&store, &keys, account, of, 0).await;
    let fresh = put_into(&store, &keys, account, of, 1).await;
    assert_eq!(store.remove_expired_mails(noon().shifted(300)).await.unwrap(), 2);
    assert_eq!(store.remove_expired_mails(noon().shifted(300)).await.unwrap(), 0);
    let left = store.lease_due_mails(noon().shifted(300), 60, 9).await.unwrap();
    assert_eq!(in_order(&left), [fresh]);
    assert_eq!(store.outbox_backlog().await.unwrap().mails, 2);
}

async fn waking_leaves_leases_alone(database: TestDatabase) {
    let store = with_mails(&database, 2).await;
    let mails = store.lease_due_mails(noon(), 60, 2).await.unwrap();
    store.postpone(&mails[0], noon().shifted(900)).await.unwrap();
    assert!(store.lease_due_mails(noon().shifted(1), 60, 2).await.unwrap().is_empty());
    store.wake_postponed_mails(noon().shifted(1)).await.unwrap();
    let woken = store.lease_due_mails(noon().shifted(1), 60, 2).await.unwrap();
    assert_eq!(ids(&woken), ids(&mails[..1]));
}
