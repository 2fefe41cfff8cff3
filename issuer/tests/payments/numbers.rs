//! The numbers under which payments are known outside.

use serde_json::json;
use tegata::protocol::{ListPayments, PaymentNumber};
use tegata_issuer::admin::PaymentRef;
use tegata_testkit::payments::reason;
use tegata_testkit::{TestIssuer, TestPayments};

tegata_testkit::on_both! {
    a_payment_number_tells_nothing_of_the_stored_id,
    a_stored_id_is_no_number_outside,
}

fn a_payment_number_tells_nothing_of_the_stored_id(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let hanako = issuer.signed_up_shopper("hanako@example.org");
    let till = payments.till("till-1");
    let shopper = payments.payer_of(&hanako, 1);
    let pays = |nth: u8| {
        let code = payments.code(&shopper, nth, None);
        let result = till.authorise(&payments, &nth.to_string(), &code, 100);
        assert_eq!(result.outcome(), "approved");
        result.id().to_owned()
    };
    let numbers = [pays(0), pays(1)];
    // Stored ids of one second have their first half in common, all but the last digits of it.
    assert_ne!(numbers[0][..8], numbers[1][..8]);
    for (nth, number) in numbers.iter().enumerate() {
        let sale = PaymentRef::Sale(till.id.clone(), nth.to_string());
        let found = payments.operator().payment(&sale).unwrap();
        assert_ne!(&found.id.to_string(), number);
        assert!(!found.id.to_string().starts_with(&number[..8]));
        let number = PaymentNumber::try_from(number.clone()).unwrap();
        let named = payments.operator().payment(&PaymentRef::Number(number)).unwrap();
        assert_eq!(named.id, found.id);
    }
    // Everybody outside has the same number, and has it for good.
    let page = hanako.call_in_session(&ListPayments { before: None }).unwrap();
    let listed: Vec<_> = page.payments.iter().map(|paid| hex::encode(paid.payment.0)).collect();
    assert_eq!(listed, [numbers[1].clone(), numbers[0].clone()]);
    let newest = page.payments[0].payment;
    let rest = hanako.call_in_session(&ListPayments { before: Some(newest) }).unwrap();
    assert_eq!(rest.payments.len(), 1);
    payments.operator().renew_sealing_key(&reason()).unwrap();
    issuer.restart();
    let path = format!("/v1/authorisations/{}", numbers[0]);
    assert_eq!(payments.get(&till, &path).body["id"], json!(numbers[0]));
    let events = payments.operator().last_events(100).unwrap();
    let charged = events.iter().filter(|event| event.deed == "payment_charged");
    let details: Vec<_> = charged.map(|event| event.detail.clone()).collect();
    assert!(numbers.iter().all(|number| details.iter().any(|it| it.contains(number))));
}

fn a_stored_id_is_no_number_outside(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let code = payments.code(&shopper, 0, None);
    assert_eq!(till.authorise(&payments, "sale", &code, 100).outcome(), "approved");
    let sale = PaymentRef::Sale(till.id.clone(), "sale".to_owned());
    let found = payments.operator().payment(&sale).unwrap();
    let path = format!("/v1/authorisations/{}", found.id);
    assert_eq!(payments.get(&till, &path).outcome(), "not-found");
    let number = PaymentNumber(found.id.0);
    assert!(payments.operator().payment(&PaymentRef::Number(number)).is_err());
}
