//! What `/metrics` tells of payments, and when it raises an alarm.

use std::time::Duration;

use serde_json::json;
use tegata_issuer::payments::ChargeOutcome;

use tegata_testkit::TestIssuer;
use tegata_testkit::TestPayments;

tegata_testkit::on_both! {
    answers_are_counted_by_status_and_reason,
    open_payments_and_the_age_of_the_oldest_are_measured,
    unusually_many_wrong_codes_raise_an_alarm,
    connections_to_postgresql_are_measured,
}

const DAY: u64 = 24 * 60 * 60;

fn count(issuer: &TestIssuer, name: &str) -> u64 {
    issuer.counts(name).get(name).copied().unwrap_or_default()
}

/// A job does its work when the issuer starts; it has then.
fn after_a_job(issuer: &TestIssuer, job: &str) {
    issuer.restart();
    for _ in 0..6000 {
        let ran = format!("tegata_job_last_run_timestamp_seconds{{job=\"{job}\"}}");
        if count(issuer, &ran) > 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{job} does not run");
}

fn answers_are_counted_by_status_and_reason(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let answers = |status: &str, reason: &str| {
        let labels = format!("{{reason=\"{reason}\",status=\"{status}\"}}");
        let name = format!("tegata_payment_answers_total{labels}");
        *issuer.counts(&name).get(&name).expect("it is there from the start")
    };
    assert_eq!((answers("approved", "none"), answers("declined", "used")), (0, 0));
    let code = payments.code(&shopper, 0, None);
    till.authorise(&payments, "sale", &code, 100);
    till.authorise(&payments, "sale", &code, 100);
    till.authorise(&payments, "sale-2", &code, 100);
    till.authorise(&payments, "sale-3", &payments.code(&shopper, 1, None), 100_000);
    *issuer.processor.lock().unwrap() = ChargeOutcome::Declined;
    till.authorise(&payments, "sale-4", &payments.code(&shopper, 2, None), 100);
    for (status, reason, expected) in [
        ("approved", "none", 2),
        ("declined", "used", 1),
        ("declined", "limit", 1),
        ("declined", "none", 1),
        ("pending", "none", 0),
    ] {
        assert_eq!(answers(status, reason), expected, "{status} {reason}");
    }
}

fn connections_to_postgresql_are_measured(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    payments.till("till-1");
    let counts = issuer.counts("tegata_store_connections");
    if !issuer.settings.contains("postgres:") {
        assert!(counts.is_empty(), "{counts:?}");
        return;
    }
    let [most, open, idle, waiting] = ["_max", "", "_idle", "_waiting"]
        .map(|of| counts[&format!("tegata_store_connections{of}")]);
    assert!((1..=most).contains(&open), "{counts:?}");
    assert!(idle <= open && waiting < 100, "{counts:?}");
}

fn open_payments_and_the_age_of_the_oldest_are_measured(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let charged = till.authorise(&payments, "charged", &payments.code(&shopper, 0, None), 100);
    assert_eq!(charged.outcome(), "approved");
    *issuer.processor.lock().unwrap() = ChargeOutcome::Pending;
    for n in 1..3 {
        till.authorise(&payments, &format!("sale-{n}"), &payments.code(&shopper, n, None), 100);
        issuer.advance_clock(7);
    }
    assert_eq!(payments.void(&till, &json!({ "reference": "charged" })).outcome(), "reversing");
    let stands = |state: &str| count(issuer, &format!("tegata_payments_open{{state=\"{state}\"}}"));
    after_a_job(issuer, "measure");
    let open = [stands("authorised"), stands("charging"), stands("reversing")];
    assert_eq!(open, [2, 0, 1]);
    assert_eq!(count(issuer, "tegata_payments_oldest_open_seconds"), 14);
    *issuer.processor.lock().unwrap() = ChargeOutcome::Done;
    for sale in ["charged", "sale-1", "sale-2"] {
        payments.void(&till, &json!({ "reference": sale }));
    }
    after_a_job(issuer, "measure");
    assert_eq!(stands("authorised") + stands("reversing"), 0);
    assert_eq!(count(issuer, "tegata_payments_oldest_open_seconds"), 0);
}

fn unusually_many_wrong_codes_raise_an_alarm(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let today = issuer.now().seconds() / DAY;
    let counted = |subject: &str, day: u64, count: u64| {
        let subject = payments.blob(subject.as_bytes());
        payments.sql(&format!("INSERT INTO attempts VALUES ({subject}, {day}, {count})"));
    };
    // Forty a day at two tills, and much that was counted of credentials, which is the same once more.
    for day in today - 10..today {
        counted("ttill-1", day, 15);
        counted("ttill-2", day, 25);
        counted("ca-credential", day, 1000);
    }
    counted("ttill-2", today, 139);
    counted("ca-credential", today, 1000);
    let wrong = |n: u8| {
        let result =
            till.authorise(&payments, &format!("sale-{n}"), "496000000000000000000000", 100);
        assert_eq!(result.outcome(), "declined not_valid");
    };
    wrong(0);
    let counts = || {
        after_a_job(issuer, "wrong_codes");
        ["today", "usual", "high"].map(|what| count(issuer, &format!("tegata_wrong_codes_{what}")))
    };
    assert_eq!(counts(), [140, 40, 0]);
    wrong(1);
    assert_eq!(counts(), [141, 40, 1]);
    // Tomorrow is another day; this one was the only bad one.
    issuer.advance_clock(DAY);
    assert_eq!(counts(), [0, 40, 0]);
}
