//! What a till takes back.

use serde_json::json;
use tegata::protocol::PaymentNumber;
use tegata_issuer::admin::{OperatorError, PaymentRef, RequestKinds};
use tegata_issuer::payments::ChargeOutcome;
use tegata_issuer::store::AuthorisationState;

use tegata_testkit::TestIssuer;
use tegata_testkit::{TestPayments, payments::reason};

tegata_testkit::on_both! {
    what_no_card_was_charged_for_is_void_at_once_and_once,
    a_void_that_comes_first_forbids_what_it_is_for,
    a_void_of_a_declined_sale_forbids_what_is_still_on_its_way,
    what_was_charged_goes_back_through_the_processor,
    a_till_takes_back_nothing_of_another,
    a_till_voids_what_is_of_the_same_day,
    an_operator_takes_back_what_a_till_did_not,
    an_operator_refunds_once_even_while_payments_are_stopped,
}

fn what_no_card_was_charged_for_is_void_at_once_and_once(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    *issuer.processor.lock().unwrap() = ChargeOutcome::Pending;
    let code = payments.code(&shopper, 0, None);
    let made = till.authorise_as(&payments, "key", "sale", &code, 100);
    let voided = payments.void(&till, &json!({ "reference": "sale" }));
    assert_eq!((voided.outcome().as_str(), voided.id()), ("voided", made.id()));
    assert_eq!(payments.void(&till, &json!({ "reference": "sale" })), voided);
    assert_eq!(payments.void(&till, &json!({ "key": "key" })), voided);
    assert_eq!(
        till.authorise_as(&payments, "key", "sale", &code, 100),
        voided,
        "how it stands now"
    );
    assert_eq!(payments.number("SELECT SUM(spent) FROM payers"), 0);
    // The code stays used; the sale can be made anew.
    assert_eq!(
        till.authorise_as(&payments, "key-2", "sale", &code, 100).outcome(),
        "declined used"
    );
    let again =
        till.authorise_as(&payments, "key-3", "sale", &payments.code(&shopper, 1, None), 100);
    assert_eq!(again.outcome(), "pending");
    assert_ne!(again.id(), made.id());
    let voided = payments.void(&till, &json!({ "reference": "sale" }));
    assert_eq!((voided.outcome().as_str(), voided.id()), ("voided", again.id()));
    assert_eq!(payments.number("SELECT SUM(spent) FROM payers"), 0);
}

fn a_void_that_comes_first_forbids_what_it_is_for(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    assert_eq!(payments.void(&till, &json!({ "key": "key" })).outcome(), "voided");
    assert_eq!(payments.void(&till, &json!({ "key": "key" })).outcome(), "voided");
    let code = payments.code(&shopper, 0, None);
    assert_eq!(till.authorise_as(&payments, "key", "sale", &code, 100).outcome(), "voided");
    assert_eq!(payments.void(&till, &json!({ "reference": "sale-2" })).outcome(), "voided");
    assert_eq!(till.authorise_as(&payments, "key-2", "sale-2", &code, 100).outcome(), "voided");
    assert_eq!(payments.number("SELECT COUNT(*) FROM authorisations"), 0);
    assert_eq!(till.authorise_as(&payments, "key-3", "sale", &code, 100).outcome(), "approved");
    for bad in [json!({}), json!({ "key": "a", "reference": "b" }), json!({ "id": "a" })] {
        assert_eq!(payments.void(&till, &bad).outcome(), "malformed", "{bad}");
    }
}

/// A cashier scans and the card is declined; the second scan gets no answer, and the sale is given up.
fn a_void_of_a_declined_sale_forbids_what_is_still_on_its_way(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    *issuer.processor.lock().unwrap() = ChargeOutcome::Declined;
    let declined =
        till.authorise_as(&payments, "key", "sale", &payments.code(&shopper, 0, None), 100);
    let other =
        till.authorise_as(&payments, "other", "sale-2", &payments.code(&shopper, 1, None), 100);
    assert_eq!((declined.outcome().as_str(), other.outcome().as_str()), ("declined", "declined"));
    *issuer.processor.lock().unwrap() = ChargeOutcome::Done;
    assert_eq!(payments.void(&till, &json!({ "reference": "sale" })), declined, "as it stands");
    let code = payments.code(&shopper, 2, None);
    assert_eq!(till.authorise_as(&payments, "key-2", "sale", &code, 100).outcome(), "voided");
    assert_eq!(payments.void(&till, &json!({ "reference": "sale" })).outcome(), "voided");
    assert_eq!(till.authorise_as(&payments, "key", "sale", &code, 100).outcome(), "key-reused");
    assert_eq!(payments.number("SELECT SUM(spent) FROM payers"), 0);
    // A key has its answer for good, and stands for no other try.
    assert_eq!(payments.void(&till, &json!({ "key": "other" })), other);
    assert_eq!(till.authorise_as(&payments, "other-2", "sale-2", &code, 100).outcome(), "approved");
}

fn what_was_charged_goes_back_through_the_processor(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let code = payments.code(&shopper, 0, None);
    assert_eq!(till.authorise(&payments, "sale", &code, 100).outcome(), "approved");
    *issuer.processor.lock().unwrap() = ChargeOutcome::Pending;
    assert_eq!(payments.void(&till, &json!({ "reference": "sale" })).outcome(), "reversing");
    assert_eq!(payments.operator().under_way().unwrap().reversing, 1);
    assert_eq!(payments.void(&till, &json!({ "reference": "sale" })).outcome(), "reversing");
    *issuer.processor.lock().unwrap() = ChargeOutcome::Done;
    assert_eq!(payments.void(&till, &json!({ "reference": "sale" })).outcome(), "refunded");
    assert_eq!(payments.void(&till, &json!({ "reference": "sale" })).outcome(), "refunded");
    assert_eq!(till.authorise(&payments, "sale", &code, 100).outcome(), "refunded");
    let deeds = |deed: &str| format!("SELECT COUNT(*) FROM events WHERE deed = 'payment_{deed}'");
    for (deed, lines) in [("reversing", 1), ("refunded", 1), ("voided", 0)] {
        assert_eq!(payments.number(&deeds(deed)), lines, "{deed}");
    }
}

fn a_till_takes_back_nothing_of_another(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let other = payments.till("till-2");
    let shopper = payments.payer(1);
    let made = till.authorise(&payments, "sale", &payments.code(&shopper, 0, None), 100);
    assert_eq!(payments.void(&other, &json!({ "reference": "sale" })).body["id"], json!(null));
    assert_eq!(payments.void(&other, &json!({ "key": "sale" })).body["id"], json!(null));
    assert_eq!(payments.get(&till, &format!("/v1/authorisations/{}", made.id())), made);
}

/// Midnight of the shop's day is at 15:00 of UTC.
fn a_till_voids_what_is_of_the_same_day(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let today = (issuer.now().seconds() + 9 * 3600) % 86_400;
    issuer.advance_clock(86_400 - today - 60);
    let pays = |sale: &str, nth: u8| {
        till.authorise(&payments, sale, &payments.code(&shopper, nth, None), 100)
    };
    let voids = |what: serde_json::Value| payments.void(&till, &what).outcome();
    assert_eq!(pays("a", 0).outcome(), "approved");
    assert_eq!(pays("b", 1).outcome(), "approved");
    *issuer.processor.lock().unwrap() = ChargeOutcome::Pending;
    assert_eq!(pays("open", 2).outcome(), "pending");
    *issuer.processor.lock().unwrap() = ChargeOutcome::Done;
    assert_eq!(voids(json!({ "reference": "a" })), "refunded");
    issuer.advance_clock(60);
    assert_eq!(voids(json!({ "reference": "b" })), "void-too-old");
    assert_eq!(voids(json!({ "key": "b" })), "void-too-old");
    // What was voided says so again, and what is not over can be ended.
    assert_eq!(voids(json!({ "reference": "a" })), "refunded");
    assert_eq!(voids(json!({ "reference": "open" })), "voided");
    let sale = PaymentRef::Sale(till.id.clone(), "b".to_owned());
    let found = payments.operator().payment(&sale).unwrap();
    payments.operator().void(found.id, &reason()).unwrap();
    assert_eq!(voids(json!({ "reference": "b" })), "refunded");
}

#[test]
fn an_operator_sets_how_old_a_payment_may_be() {
    const SETTINGS: &str = "till_void_days = 2\n";
    three_days_are_too_old(&TestIssuer::with(SETTINGS));
    three_days_are_too_old(&TestIssuer::postgres_with(SETTINGS));
}

fn three_days_are_too_old(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    for sale in ["a", "b"] {
        let code = payments.next_code(&shopper);
        assert_eq!(till.authorise(&payments, sale, &code, 100).outcome(), "approved");
    }
    issuer.advance_clock(2 * 86_400 - 60);
    assert_eq!(payments.void(&till, &json!({ "reference": "a" })).outcome(), "refunded");
    issuer.advance_clock(86_400);
    assert_eq!(payments.void(&till, &json!({ "reference": "b" })).outcome(), "void-too-old");
}

fn an_operator_takes_back_what_a_till_did_not(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    *issuer.processor.lock().unwrap() = ChargeOutcome::Pending;
    let made = till.authorise(&payments, "sale", &payments.code(&shopper, 0, None), 100);
    let number = PaymentNumber::try_from(made.id().to_owned()).unwrap();
    let found = payments.operator().payment(&PaymentRef::Number(number)).unwrap();
    payments.operator().void(found.id, &reason()).unwrap();
    let path = format!("/v1/authorisations/{}", made.id());
    assert_eq!(payments.get(&till, &path).outcome(), "voided");
    let nobodys = tegata_issuer::domain::AuthorisationId([9; 16]);
    assert!(payments.operator().void(nobodys, &reason()).is_err());
}

fn an_operator_refunds_once_even_while_payments_are_stopped(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let made = till.authorise(&payments, "sale", &payments.code(&shopper, 0, None), 100);
    assert_eq!(made.outcome(), "approved");
    let operator = payments.operator();
    let sale = |reference: &str| PaymentRef::Sale(till.id.clone(), reference.to_owned());
    let found = operator.payment(&sale("sale")).unwrap();
    let number = operator.payment_number(found.id).unwrap();
    assert_eq!(hex::encode(number.0), made.id());
    assert!(operator.payment(&sale("another")).is_err());
    assert!(operator.payment(&PaymentRef::Sale("till-2".parse().unwrap(), "sale".into())).is_err());
    operator.stop(RequestKinds::All, &reason()).unwrap();
    *issuer.processor.lock().unwrap() = ChargeOutcome::Pending;
    let after = operator.refund(found.id, &reason()).unwrap();
    assert_eq!((after.state, after.amount), (AuthorisationState::Reversing, 100));
    assert_eq!(operator.refund(found.id, &reason()).unwrap(), after, "the same again");
    // Whoever charges cards brings it to its end.
    let path = format!("/v1/authorisations/{}", made.id());
    assert_eq!(payments.get(&till, &path).outcome(), "reversing");
    assert_eq!(payments.void(&till, &json!({ "reference": "sale" })).outcome(), "reversing");
    let stands =
        payments.threads.block_on(payments.store.authorisation(found.id)).unwrap().unwrap();
    let over = payments.store.transition(
        stands,
        AuthorisationState::Refunded,
        issuer.now(),
        payments.notices(),
    );
    let over = payments.threads.block_on(over).unwrap();
    assert_eq!(operator.refund(found.id, &reason()).unwrap(), over);
    // Who, what, when and why, once.
    let ordered = "SELECT COUNT(*) FROM events WHERE deed = 'refund_ordered' \
        AND actor = 'operator ann' AND detail LIKE '%a test%'";
    assert_eq!(payments.number(ordered), 1);
    assert_eq!(payments.number("SELECT COUNT(*) FROM events WHERE deed = 'payment_reversing'"), 1);
    operator.resume(RequestKinds::All, &reason()).unwrap();

    // What is not charged is not refunded, and stays as it is.
    let open = till.authorise(&payments, "open", &payments.code(&shopper, 1, None), 100);
    let open_id = operator.payment(&sale("open")).unwrap().id;
    let refused = operator.refund(open_id, &reason()).unwrap_err();
    assert!(
        matches!(refused, OperatorError::NotCharged(AuthorisationState::Authorised)),
        "{refused}"
    );
    assert_eq!(
        payments.get(&till, &format!("/v1/authorisations/{}", open.id())).outcome(),
        "pending"
    );
    assert_eq!(payments.number(ordered), 1);
    let nobodys = tegata_issuer::domain::AuthorisationId([9; 16]);
    assert!(matches!(operator.refund(nobodys, &reason()), Err(OperatorError::NoSuchPayment)));
}
