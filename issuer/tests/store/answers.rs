//! What is dropped of tills' keys and numbers, and of counts of wrong codes, and when.

use tegata::UnixTime;
use tegata::code::TillId;
use tegata_issuer::store::{ATTEMPT_DAYS, IDEMPOTENCY_DAYS, VoidOutcome, VoidTarget};

use crate::bed::{Bed, noon};
use crate::charging::told;

crate::on_both!(
    keys_and_numbers_go_after_their_time_and_not_a_second_before,
    counts_of_wrong_codes_are_kept_for_reports_and_then_go,
    numbers_from_before_there_were_times_get_that_of_their_payment,
    what_was_taken_last_and_what_waits_comes_along,
    payments_under_way_and_sums_of_the_last_day_come_along,
);

const DAY: i64 = 86_400;

fn till() -> TillId {
    "till-1".parse().unwrap()
}

async fn keys_and_numbers_go_after_their_time_and_not_a_second_before(bed: Bed) {
    let store = bed.store().await;
    let tell = told(&bed, &store).await;
    // More than one transaction drops.
    for n in 0..1500 {
        let seconds = i64::from(n % 2);
        for what in [VoidTarget::Reference(n.to_string()), VoidTarget::Key(n.to_string())] {
            let (at, tell) = (noon().shifted(seconds), tell.clone());
            let voided = store.void(till(), what, "ann".into(), at, tell).await.unwrap();
            assert_eq!(voided, VoidOutcome::Forbidden);
        }
    }
    let count = async |table: &str| bed.number(&format!("SELECT COUNT(*) FROM {table}")).await;
    let end = days_later(IDEMPOTENCY_DAYS);
    store.drop_idempotency_records(end).await.unwrap();
    assert_eq!((count("idempotency").await, count("sales").await), (1500, 1500));
    store.drop_idempotency_records(end.shifted(1)).await.unwrap();
    assert_eq!((count("idempotency").await, count("sales").await), (750, 750));
    store.drop_idempotency_records(end.shifted(2)).await.unwrap();
    assert_eq!((count("idempotency").await, count("sales").await), (0, 0));
}

async fn counts_of_wrong_codes_are_kept_for_reports_and_then_go(bed: Bed) {
    let store = bed.store().await;
    counted_today_and_yesterday(&bed, "attempts").await;
    for (days, left) in [(ATTEMPT_DAYS - 1, 2), (ATTEMPT_DAYS, 1), (ATTEMPT_DAYS + 1, 0)] {
        store.prune_attempt_counts(days_later(days)).await.unwrap();
        assert_eq!(bed.number("SELECT COUNT(*) FROM attempts").await, left, "{days}");
    }
}

async fn counted_today_and_yesterday(bed: &Bed, table: &str) {
    let today = noon().seconds() / 86_400;
    for day in [today, today - 1] {
        bed.sql(&format!("INSERT INTO {table} VALUES ({}, {day}, 1)", bed.blob(b"t"))).await;
    }
}

fn days_later(days: u64) -> UnixTime {
    noon().shifted(i64::try_from(days).unwrap() * DAY)
}

async fn numbers_from_before_there_were_times_get_that_of_their_payment(bed: Bed) {
    bed.is_of_version(4).await;
    let blob = bed.blob(&[1]);
    bed.sql(&format!(
        "INSERT INTO authorisations VALUES ({blob}, {blob}, {blob}, 1, 'till-1', 'a', 1, 'JPY', 1, \
         'charged', NULL, NULL, NULL, 1234, 1234, 1); \
         INSERT INTO sales VALUES ('till-1', 'a', {blob}); INSERT INTO sales VALUES ('till-1', 'b', NULL)"
    ))
    .await;
    drop(bed.store().await);
    let asked = 1234 * 1000 * 32768_u64;
    assert_eq!(bed.number(&format!("SELECT COUNT(*) FROM sales WHERE asked = {asked}")).await, 2);
}

async fn what_was_taken_last_and_what_waits_comes_along(bed: Bed) {
    bed.is_of_version(8).await;
    let [one, other] = [1, 2].map(|byte| bed.blob(&[byte; 16]));
    for (credential, account, number, counter) in
        [(1, &one, 4, 50), (2, &one, 7, 30), (3, &other, 1, -1)]
    {
        let id = bed.blob(&[credential; 16]);
        bed.sql(&format!(
            "INSERT INTO credentials (credential, account, number, prefix, period, request, request_hash, \
             made, counter) VALUES ({id}, {account}, {number}, '4960', 86400, {id}, {id}, 1, {counter})"
        ))
        .await;
    }
    bed.sql(&format!(
        "INSERT INTO payers (account, number, generation, low_until) VALUES ({one}, 7, 0, 0), \
         ({other}, NULL, 0, 0); \
         INSERT INTO outbox (account, mail, key, sealed, made, not_before, tries, rank) \
         VALUES ({one}, {other}, 1, {one}, 5, 6, 2, 1)"
    ))
    .await;
    drop(bed.store().await);
    for (account, of, counter) in [(&one, 7, 30), (&other, 1, -1)] {
        let said = format!(
            "SELECT COUNT(*) FROM payers WHERE account = {account} AND counter_of = {of} \
             AND counter = {counter}"
        );
        assert_eq!(bed.number(&said).await, 1, "{said}");
    }
    let mail = format!(
        "SELECT COUNT(*) FROM outbox WHERE account = {one} AND mail = {other} AND key = 1 \
         AND sealed = {one} AND made = 5 AND not_before = 6 AND tries = 2 AND rank = 1"
    );
    assert_eq!(bed.number(&mail).await, 1);
}

async fn payments_under_way_and_sums_of_the_last_day_come_along(bed: Bed) {
    bed.is_of_version(6).await;
    let states = ["authorised", "charging", "unknown", "reversing", "charged", "voided"];
    for (n, state) in states.iter().enumerate() {
        let blob = bed.blob(&[u8::try_from(n).unwrap(); 16]);
        bed.sql(&format!(
            "INSERT INTO authorisations VALUES ({blob}, {blob}, {blob}, 1, 'till-1', '{n}', 1, 'JPY', 1, \
             '{state}', NULL, NULL, NULL, 1234, 1234, 1); \
             INSERT INTO payers VALUES ({blob}, 1, 0, 0); \
             INSERT INTO spent VALUES ({blob}, 3, 30); INSERT INTO spent VALUES ({blob}, 4, 4)"
        ))
        .await;
    }
    let nothing = bed.blob(&[9; 16]);
    bed.sql(&format!("INSERT INTO payers VALUES ({nothing}, 1, 0, 0)")).await;
    let store = bed.store().await;
    let open = store.open_charges(UnixTime::new(1234).unwrap(), 10).await.unwrap();
    assert_eq!(open.len(), 4);
    assert!(open.iter().all(|it| it.state.is_open()), "{open:?}");
    assert_eq!(bed.number("SELECT COUNT(*) FROM payers WHERE day = 4 AND spent = 4").await, 6);
    assert_eq!(bed.number("SELECT COUNT(*) FROM payers WHERE day = 0 AND spent = 0").await, 1);
}
