//! What a till takes back.

use serde_json::json;
use tegata_issuer::payments::Outcome;

use crate::desk::{Desk, reason};
use crate::people::{self, Town};

people::on_both! {
    what_no_card_was_charged_for_is_void_at_once_and_once,
    a_void_that_comes_first_forbids_what_it_is_for,
    what_was_charged_goes_back_through_the_processor,
    a_till_takes_back_nothing_of_another,
    an_operator_takes_back_what_a_till_did_not,
}

fn what_no_card_was_charged_for_is_void_at_once_and_once(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    *town.processor.lock().unwrap() = Outcome::Pending;
    let code = desk.code(&shopper, 0, None);
    let made = till.asks_as(&desk, "key", "sale", &code, 100);
    let voided = desk.void(&till, &json!({ "reference": "sale" }));
    assert_eq!((voided.words().as_str(), voided.id()), ("voided", made.id()));
    assert_eq!(desk.void(&till, &json!({ "reference": "sale" })), voided);
    assert_eq!(desk.void(&till, &json!({ "key": "key" })), voided);
    assert_eq!(till.asks_as(&desk, "key", "sale", &code, 100), voided, "how it stands now");
    assert_eq!(desk.number("SELECT SUM(amount) FROM spent"), 0);
    // The code stays used; the sale can be made anew.
    assert_eq!(till.asks_as(&desk, "key-2", "sale", &code, 100).words(), "declined used");
    let again = till.asks_as(&desk, "key-3", "sale", &desk.code(&shopper, 1, None), 100);
    assert_eq!(again.words(), "pending");
    assert_ne!(again.id(), made.id());
    let voided = desk.void(&till, &json!({ "reference": "sale" }));
    assert_eq!((voided.words().as_str(), voided.id()), ("voided", again.id()));
    assert_eq!(desk.number("SELECT SUM(amount) FROM spent"), 0);
}

fn a_void_that_comes_first_forbids_what_it_is_for(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    assert_eq!(desk.void(&till, &json!({ "key": "key" })).words(), "voided");
    assert_eq!(desk.void(&till, &json!({ "key": "key" })).words(), "voided");
    let code = desk.code(&shopper, 0, None);
    assert_eq!(till.asks_as(&desk, "key", "sale", &code, 100).words(), "voided");
    assert_eq!(desk.void(&till, &json!({ "reference": "sale-2" })).words(), "voided");
    assert_eq!(till.asks_as(&desk, "key-2", "sale-2", &code, 100).words(), "voided");
    assert_eq!(desk.number("SELECT COUNT(*) FROM authorisations"), 0);
    assert_eq!(till.asks_as(&desk, "key-3", "sale", &code, 100).words(), "approved");
    for bad in [json!({}), json!({ "key": "a", "reference": "b" }), json!({ "id": "a" })] {
        assert_eq!(desk.void(&till, &bad).words(), "malformed", "{bad}");
    }
}

fn what_was_charged_goes_back_through_the_processor(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    let code = desk.code(&shopper, 0, None);
    assert_eq!(till.asks(&desk, "sale", &code, 100).words(), "approved");
    *town.processor.lock().unwrap() = Outcome::Pending;
    assert_eq!(desk.void(&till, &json!({ "reference": "sale" })).words(), "reversing");
    assert_eq!(desk.operator().under_way().unwrap().reversing, 1);
    assert_eq!(desk.void(&till, &json!({ "reference": "sale" })).words(), "reversing");
    *town.processor.lock().unwrap() = Outcome::Done;
    assert_eq!(desk.void(&till, &json!({ "reference": "sale" })).words(), "refunded");
    assert_eq!(desk.void(&till, &json!({ "reference": "sale" })).words(), "refunded");
    assert_eq!(till.asks(&desk, "sale", &code, 100).words(), "refunded");
    let deeds = "SELECT COUNT(*) FROM events WHERE deed = 'payment_voided'";
    assert_eq!(desk.number(deeds), 1);
}

fn a_till_takes_back_nothing_of_another(town: &Town) {
    let desk = Desk::new(town);
    let (till, other, shopper) = (desk.till("till-1"), desk.till("till-2"), desk.shopper(1));
    let made = till.asks(&desk, "sale", &desk.code(&shopper, 0, None), 100);
    assert_eq!(desk.void(&other, &json!({ "reference": "sale" })).body["id"], json!(null));
    assert_eq!(desk.void(&other, &json!({ "key": "sale" })).body["id"], json!(null));
    assert_eq!(desk.get(&till, &format!("/v1/authorisations/{}", made.id())), made);
}

fn an_operator_takes_back_what_a_till_did_not(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    *town.processor.lock().unwrap() = Outcome::Pending;
    let made = till.asks(&desk, "sale", &desk.code(&shopper, 0, None), 100);
    let mut id = [0; 16];
    hex::decode_to_slice(made.id(), &mut id).unwrap();
    let id = tegata_issuer::store::AuthorisationId(id);
    desk.operator().void(id, &reason()).unwrap();
    let path = format!("/v1/authorisations/{}", made.id());
    assert_eq!(desk.get(&till, &path).words(), "voided");
    let nobodys = tegata_issuer::store::AuthorisationId([9; 16]);
    assert!(desk.operator().void(nobodys, &reason()).is_err());
}
