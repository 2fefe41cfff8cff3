//! When idempotency records, sale numbers and counts of wrong codes are deleted.

use tegata::UnixTime;
use tegata::code::TillId;
use tegata_issuer::store::{ATTEMPT_DAYS, IDEMPOTENCY_DAYS, VoidOutcome, VoidRequest, VoidTarget};

use crate::charging::receipt_writer;
use crate::test_database::{TestDatabase, noon};

crate::on_both!(
    idempotency_records_are_deleted_after_exactly_their_time,
    attempt_counts_are_kept_for_reports_and_then_deleted,
);

const DAY: i64 = 86_400;

fn till() -> TillId {
    "till-1".parse().unwrap()
}

async fn idempotency_records_are_deleted_after_exactly_their_time(database: TestDatabase) {
    let store = database.store().await;
    let receipts = receipt_writer(&database, &store).await;
    // More than one transaction deletes.
    for n in 0..1500 {
        let seconds = i64::from(n % 2);
        for what in [VoidTarget::Reference(n.to_string()), VoidTarget::Key(n.to_string())] {
            let at = noon().shifted(seconds);
            let request = VoidRequest {
                till: till(),
                target: what,
                actor: "ann".into(),
                now: at,
                age: None,
                receipts: receipts.clone(),
            };
            let voided = store.void(request).await.unwrap();
            assert_eq!(voided, VoidOutcome::Forbidden);
        }
    }
    let count = async |table: &str| database.number(&format!("SELECT COUNT(*) FROM {table}")).await;
    let end = days_later(IDEMPOTENCY_DAYS);
    store.drop_idempotency_records(end).await.unwrap();
    assert_eq!((count("idempotency").await, count("sales").await), (1500, 1500));
    store.drop_idempotency_records(end.shifted(1)).await.unwrap();
    assert_eq!((count("idempotency").await, count("sales").await), (750, 750));
    store.drop_idempotency_records(end.shifted(2)).await.unwrap();
    assert_eq!((count("idempotency").await, count("sales").await), (0, 0));
}

async fn attempt_counts_are_kept_for_reports_and_then_deleted(database: TestDatabase) {
    let store = database.store().await;
    counted_today_and_yesterday(&database, "attempts").await;
    for (days, left) in [(ATTEMPT_DAYS - 1, 2), (ATTEMPT_DAYS, 1), (ATTEMPT_DAYS + 1, 0)] {
        store.prune_attempt_counts(days_later(days)).await.unwrap();
        assert_eq!(database.number("SELECT COUNT(*) FROM attempts").await, left, "{days}");
    }
}

async fn counted_today_and_yesterday(database: &TestDatabase, table: &str) {
    let today = noon().seconds() / 86_400;
    for day in [today, today - 1] {
        database
            .sql(&format!("INSERT INTO {table} VALUES ({}, {day}, 1)", database.blob(b"t")))
            .await;
    }
}

fn days_later(days: u64) -> UnixTime {
    noon().shifted(i64::try_from(days).unwrap() * DAY)
}
