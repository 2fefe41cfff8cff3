//! What is dropped of tills' keys and numbers, and of counts of wrong codes, and when.

use tegata::UnixTime;
use tegata::code::TillId;
use tegata_issuer::store::{ATTEMPT_DAYS, IDEMPOTENCY_DAYS, VoidOutcome, VoidTarget};

use crate::bed::{Bed, noon};
use crate::charging::told;

crate::on_both!(
    keys_and_numbers_go_after_their_time_and_not_a_second_before,
    counts_of_wrong_codes_are_kept_for_reports_and_then_go,
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
            let at = noon().shifted(seconds);
            let tell = tell.clone();
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
