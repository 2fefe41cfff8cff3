//! How a till becomes one, and stops being one.

use std::thread;

use serde_json::json;
use tegata::code::TillCard;

use tegata_testkit::TestIssuer;
use tegata_testkit::{TestPayments, TestTill, payments::reason};

tegata_testkit::on_both! {
    a_till_is_enrolled_once,
    a_code_that_was_not_typed_within_the_hour_is_none,
    a_till_that_was_revoked_is_none_from_then_on,
    a_tills_card_says_what_the_wallet_shows,
}

fn a_till_is_enrolled_once(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let code = payments.enrolment_code("till-1");
    let result = thread::scope(|scope| {
        let all: Vec<_> =
            (0..64).map(|_| scope.spawn(|| payments.enrol(&code).outcome())).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(result.iter().filter(|result| result.is_empty()).count(), 1, "{result:?}");
    assert_eq!(result.iter().filter(|result| *result == "no-such-till").count(), 63);
    let shop = tegata::code::ShopName::new("Another").unwrap();
    assert!(payments.operator().add_till("till-1".parse().unwrap(), shop, &reason()).is_err());
}

fn a_code_that_was_not_typed_within_the_hour_is_none(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let code = payments.enrolment_code("till-1");
    issuer.advance_clock(3600);
    assert_eq!(payments.enrol(&code).outcome(), "no-such-till");
    let code = payments.enrolment_code("till-1");
    issuer.advance_clock(3599);
    assert_eq!(payments.enrol(&code.to_lowercase()).status, 200);
}

fn a_till_that_was_revoked_is_none_from_then_on(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    assert_eq!(payments.get(&till, "/v1/till").status, 200);
    payments.operator().revoke_till(till.id.clone(), &reason()).unwrap();
    assert_eq!(payments.get(&till, "/v1/till").outcome(), "no-such-till");
    let code = payments.code(&shopper, 0, None);
    assert_eq!(till.authorise(&payments, "1", &code, 100).outcome(), "no-such-till");
    assert_eq!(payments.void(&till, &json!({ "reference": "1" })).outcome(), "no-such-till");
    assert!(payments.operator().revoke_till(till.id.clone(), &reason()).is_err());
    // Under the same id it can be enrolled anew, with another token.
    let again = payments.till("till-1");
    assert_ne!(again.token, till.token);
    assert_eq!(till.authorise(&payments, "1", &code, 100).outcome(), "no-such-till");
    assert_eq!(again.authorise(&payments, "1", &code, 100).outcome(), "approved");
    let nobody = TestTill { token: "A".repeat(43), ..again };
    assert_eq!(nobody.authorise(&payments, "2", &code, 100).outcome(), "no-such-till");
}

fn a_tills_card_says_what_the_wallet_shows(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let result = payments.get(&till, "/v1/till");
    let key = payments.till_card_key();
    let card = TillCard::read(result.body["card"].as_str().unwrap(), &key).unwrap();
    assert_eq!((card.till(), card.shop().as_str()), (&till.id, "Tegata Ginza"));
    assert_eq!((&result.body["till"], &result.body["currency"]), (&json!("till-1"), &json!("JPY")));
    assert_eq!(result.body["decimals"], 0);
    let code = payments.code(&payments.payer(1), 0, None);
    let prefixes = result.body["prefixes"].as_array().unwrap();
    assert!(
        prefixes.iter().any(|prefix| code.starts_with(prefix.as_str().unwrap())),
        "{prefixes:?}"
    );
}
