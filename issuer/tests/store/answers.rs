//! What is dropped of tills' keys and numbers, of counts of wrong codes, and when.

use tegata::code::TillId;
use tegata_issuer::config::Store as Place;
use tegata_issuer::store::{ANSWERS_KEPT, ATTEMPTS_KEPT, Voided, What};

use crate::bed::{Bed, noon};
use crate::charging::told;

crate::on_both!(
    keys_and_numbers_go_after_their_time_and_not_a_second_before,
    counts_of_wrong_codes_are_kept_for_reports_and_then_go,
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
    let end = noon().shifted(i64::try_from(ANSWERS_KEPT).unwrap() * DAY);
    store.drop_answers(end).await.unwrap();
    assert_eq!((count("idempotency").await, count("sales").await), (1500, 1500));
    store.drop_answers(end.shifted(1)).await.unwrap();
    assert_eq!((count("idempotency").await, count("sales").await), (750, 750));
    store.drop_answers(end.shifted(2)).await.unwrap();
    assert_eq!((count("idempotency").await, count("sales").await), (0, 0));
}

async fn counts_of_wrong_codes_are_kept_for_reports_and_then_go(bed: Bed) {
    let store = bed.store().await;
    let today = noon().seconds() / 86_400;
    let subject = match bed.place {
        Place::Sqlite(_) => "x'74'",
        Place::Postgres(_) => "'\\x74'::bytea",
    };
    let insert = |day: u64| format!("INSERT INTO attempts VALUES ({subject}, {day}, 1);");
    bed.sql(&format!("{}{}", insert(today), insert(today - 1))).await;
    let last = |days: u64| noon().shifted(i64::try_from(days).unwrap() * DAY);
    for (days, left) in [(ATTEMPTS_KEPT - 1, 2), (ATTEMPTS_KEPT, 1), (ATTEMPTS_KEPT + 1, 0)] {
        store.prune_attempts(last(days)).await.unwrap();
        assert_eq!(bed.number("SELECT COUNT(*) FROM attempts").await, left, "{days}");
    }
}

/// As a database of the version before has them.
async fn numbers_from_before_there_were_times_get_that_of_their_payment(bed: Bed) {
    drop(bed.store().await);
    let blob = match bed.place {
        Place::Sqlite(_) => "x'01'",
        Place::Postgres(_) => "'\\x01'::bytea",
    };
    bed.sql(&format!(
        "DELETE FROM refinery_schema_history WHERE version = 5; DROP INDEX sales_made; \
         DROP INDEX idempotency_made; ALTER TABLE sales DROP COLUMN made; \
         INSERT INTO authorisations VALUES ({blob}, {blob}, {blob}, 1, 'till-1', 'a', 1, 'JPY', 1, \
         'charged', NULL, NULL, NULL, 1234, 1234, 1); \
         INSERT INTO sales VALUES ('till-1', 'a', {blob}); INSERT INTO sales VALUES ('till-1', 'b', NULL)"
    ))
    .await;
    drop(bed.store().await);
    assert_eq!(bed.number("SELECT COUNT(*) FROM sales WHERE made = 1234").await, 2);
}
