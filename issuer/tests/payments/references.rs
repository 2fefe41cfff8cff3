//! A till's own number for a sale, which comes with another key or another code.

use serde_json::json;
use tegata_issuer::payments::ChargeOutcome;
use tegata_testkit::payments::TillReply;
use tegata_testkit::{TestIssuer, TestPayments};

tegata_testkit::on_both! {
    a_cashier_who_scans_again_gets_the_first_answer,
    a_reference_says_approved_to_nobody_elses_code,
    a_reference_is_answered_for_ten_minutes_after_its_end,
    a_declined_or_voided_sale_does_not_stand_in_the_way,
}

/// The answer to the first request, as another one hears it.
fn repeated(first: &TillReply) -> TillReply {
    let mut result = first.clone();
    result.body["repeated"] = json!(true);
    result
}

fn a_cashier_who_scans_again_gets_the_first_answer(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let code = payments.code(&shopper, 0, None);
    let first = till.authorise_as(&payments, "key-1", "sale", &code, 100);
    assert_eq!((first.outcome().as_str(), &first.body["repeated"]), ("approved", &json!(null)));
    // The same code once more, and a fresh one, which is used up.
    assert_eq!(till.authorise_as(&payments, "key-0", "sale", &code, 100), repeated(&first));
    let fresh = payments.next_code(&shopper);
    assert_eq!(
        till.authorise_as(&payments, "key-3", "sale", &fresh, 200).outcome(),
        "reference-reused"
    );
    assert_eq!(till.authorise_as(&payments, "key-2", "sale", &fresh, 100), repeated(&first));
    assert_eq!(till.authorise(&payments, "sale-2", &fresh, 100).outcome(), "declined used");
    assert_eq!(payments.number("SELECT SUM(spent) FROM payers"), 100);
    // Each key keeps its answer.
    assert_eq!(till.authorise_as(&payments, "key-2", "sale", &fresh, 100), repeated(&first));
    assert_eq!(till.authorise_as(&payments, "key-1", "sale", &code, 100), first);
    // The second key stands for the same payment: a void by it takes that back.
    assert_eq!(payments.void(&till, &json!({ "key": "key-2" })).outcome(), "refunded");
    let code = payments.next_code(&shopper);
    assert_eq!(till.authorise(&payments, "sale-3", &code, 100).outcome(), "approved");
}

fn a_reference_says_approved_to_nobody_elses_code(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let other = payments.payer(2);
    let code = payments.code(&shopper, 0, None);
    assert_eq!(till.authorise(&payments, "sale", &code, 100).outcome(), "approved");
    let zeros = "0".repeat(24);
    let guessed = "4960".to_owned() + &"0".repeat(20);
    for (key, bad) in [("a", "scanned badly"), ("b", zeros.as_str()), ("c", guessed.as_str())] {
        let result = till.authorise_as(&payments, key, "sale", bad, 100);
        assert_eq!(result.outcome(), "declined not_valid", "{bad}");
    }
    let theirs = payments.code(&other, 0, None);
    let result = till.authorise_as(&payments, "d", "sale", &theirs, 100);
    assert_eq!(result.outcome(), "reference-reused");
    // Nothing was done with the other shopper's code: it pays under a number of its own.
    assert_eq!(till.authorise(&payments, "sale-2", &theirs, 100).outcome(), "approved");
    // A wrong code is a wrong code, whatever it is shown for.
    assert_eq!(payments.number("SELECT COALESCE(SUM(count), 0) FROM attempts"), 1);
}

fn a_reference_is_answered_for_ten_minutes_after_its_end(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let again = |key: &str, sale: &str| {
        till.authorise_as(&payments, key, sale, &payments.next_code(&shopper), 100)
    };
    let first = again("key-1", "sale");
    assert_eq!(first.outcome(), "approved");
    issuer.advance_clock(10 * 60 - 31);
    assert_eq!(again("key-2", "sale"), repeated(&first));
    assert_eq!(again("key-3", "sale").outcome(), "reference-reused");
    // The next day the till begins to count anew.
    issuer.advance_clock(86_400);
    assert_eq!(again("key-4", "sale").outcome(), "reference-reused");
    // What is not over is answered as long as it takes.
    *issuer.processor.lock().unwrap() = ChargeOutcome::Pending;
    let first = again("key-5", "long");
    assert_eq!(first.outcome(), "pending");
    issuer.advance_clock(3600);
    assert_eq!(again("key-6", "long"), repeated(&first));
}

fn a_declined_or_voided_sale_does_not_stand_in_the_way(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let other = payments.payer(2);
    let code = payments.next_code(&shopper);
    assert_eq!(till.authorise_as(&payments, "a", "big", &code, 5001).outcome(), "declined limit");
    let code = payments.next_code(&other);
    assert_eq!(till.authorise_as(&payments, "b", "big", &code, 1000).outcome(), "approved");
    *issuer.processor.lock().unwrap() = ChargeOutcome::Declined;
    let code = payments.next_code(&shopper);
    assert_eq!(till.authorise_as(&payments, "c", "card", &code, 100).outcome(), "declined");
    *issuer.processor.lock().unwrap() = ChargeOutcome::Pending;
    let code = payments.next_code(&shopper);
    assert_eq!(till.authorise_as(&payments, "d", "card", &code, 100).outcome(), "pending");
    assert_eq!(payments.void(&till, &json!({ "reference": "card" })).outcome(), "voided");
    *issuer.processor.lock().unwrap() = ChargeOutcome::Done;
    let code = payments.next_code(&other);
    let paid = till.authorise_as(&payments, "e", "card", &code, 200);
    assert_eq!((paid.outcome().as_str(), &paid.body["repeated"]), ("approved", &json!(null)));
}
