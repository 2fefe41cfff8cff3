//! What is dropped of tills' keys and numbers, of counts of wrong codes, of days' sums, and when.

use tegata::UnixTime;
use tegata::code::TillId;
use tegata_issuer::store::{ANSWERS_KEPT, ATTEMPTS_KEPT, SPENT_KEPT, Voided, What};

use crate::bed::{Bed, noon};
use crate::charging::told;
use crate::versions::TO_VERSION_6;

crate::on_both!(
    keys_and_numbers_go_after_their_time_and_not_a_second_before,
    counts_of_wrong_codes_are_kept_for_reports_and_then_go,
    sums_of_days_go_after_their_time_and_not_a_day_before,
    numbers_from_before_there_were_times_get_that_of_their_payment,
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
        for what in [What::Reference(n.to_string()), What::Key(n.to_string())] {
            let (at, tell) = (noon().shifted(seconds), tell.clone());
            let voided = store.void(till(), what, "ann".into(), at, tell).await.unwrap();
            assert_eq!(voided, Voided::Forbidden);
        }
    }
    let count = async |table: &str| bed.number(&format!("SELECT COUNT(*) FROM {table}")).await;
    let end = days_later(ANSWERS_KEPT);
    store.drop_answers(end).await.unwrap();
    assert_eq!((count("idempotency").await, count("sales").await), (1500, 1500));
    store.drop_answers(end.shifted(1)).await.unwrap();
    assert_eq!((count("idempotency").await, count("sales").await), (750, 750));
    store.drop_answers(end.shifted(2)).await.unwrap();
    assert_eq!((count("idempotency").await, count("sales").await), (0, 0));
}

async fn counts_of_wrong_codes_are_kept_for_reports_and_then_go(bed: Bed) {
    let store = bed.store().await;
    counted_today_and_yesterday(&bed, "attempts").await;
    for (days, left) in [(ATTEMPTS_KEPT - 1, 2), (ATTEMPTS_KEPT, 1), (ATTEMPTS_KEPT + 1, 0)] {
        store.prune_attempts(days_later(days)).await.unwrap();
        assert_eq!(bed.number("SELECT COUNT(*) FROM attempts").await, left, "{days}");
    }
}

async fn sums_of_days_go_after_their_time_and_not_a_day_before(bed: Bed) {
    let store = bed.store().await;
    counted_today_and_yesterday(&bed, "spent").await;
    for (days, left) in [(SPENT_KEPT - 1, 2), (SPENT_KEPT, 1), (SPENT_KEPT + 1, 0)] {
        store.drop_spent(days_later(days)).await.unwrap();
        assert_eq!(bed.number("SELECT COUNT(*) FROM spent").await, left, "{days}");
    }
}

async fn counted_today_and_yesterday(bed: &Bed, table: &str) {
    let whose = bed.blob(b"t");
    let today = noon().seconds() / 86_400;
    for day in [today, today - 1] {
        bed.sql(&format!("INSERT INTO {table} VALUES ({whose}, {day}, 1)")).await;
    }
}

fn days_later(days: u64) -> UnixTime {
    noon().shifted(i64::try_from(days).unwrap() * DAY)
}

/// As a database of the version before has them.
async fn numbers_from_before_there_were_times_get_that_of_their_payment(bed: Bed) {
    drop(bed.store().await);
    let blob = bed.blob(&[1]);
    bed.sql(TO_VERSION_6).await;
    bed.sql(&format!(
        "DELETE FROM refinery_schema_history WHERE version >= 5; DROP INDEX sales_made; \
         DROP INDEX spent_day; DROP INDEX outbox_due; ALTER TABLE outbox DROP COLUMN rank; \
         CREATE INDEX outbox_due ON outbox (not_before); \
         DROP INDEX idempotency_made; ALTER TABLE sales DROP COLUMN made; \
         INSERT INTO authorisations VALUES ({blob}, {blob}, {blob}, 1, 'till-1', 'a', 1, 'JPY', 1, \
         'charged', NULL, NULL, NULL, 1234, 1234, 1); \
         INSERT INTO sales VALUES ('till-1', 'a', {blob}); INSERT INTO sales VALUES ('till-1', 'b', NULL)"
    ))
    .await;
    drop(bed.store().await);
    assert_eq!(bed.number("SELECT COUNT(*) FROM sales WHERE made = 1234").await, 2);
}
