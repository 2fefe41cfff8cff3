//! What a till takes back.

use serde_json::json;
use tegata_issuer::admin::{Acts, OperatorError, Payment};
use tegata_issuer::payments::Outcome;
use tegata_issuer::store::State;

use crate::desk::{Desk, reason};
use crate::people::{self, Town};

people::on_both! {
    what_no_card_was_charged_for_is_void_at_once_and_once,
    a_void_that_comes_first_forbids_what_it_is_for,
    a_void_of_a_declined_sale_forbids_what_is_still_on_its_way,
    what_was_charged_goes_back_through_the_processor,
    a_till_takes_back_nothing_of_another,
    an_operator_takes_back_what_a_till_did_not,
    an_operator_gives_back_what_was_charged_once_and_while_payments_are_stopped,
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
    assert_eq!(desk.number("SELECT SUM(spent) FROM payers"), 0);
    // The code stays used; the sale can be made anew.
    assert_eq!(till.asks_as(&desk, "key-2", "sale", &code, 100).words(), "declined used");
    let again = till.asks_as(&desk, "key-3", "sale", &desk.code(&shopper, 1, None), 100);
    assert_eq!(again.words(), "pending");
    assert_ne!(again.id(), made.id());
    let voided = desk.void(&till, &json!({ "reference": "sale" }));
    assert_eq!((voided.words().as_str(), voided.id()), ("voided", again.id()));
    assert_eq!(desk.number("SELECT SUM(spent) FROM payers"), 0);
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

/// A cashier scans, the card is declined; she scans again, hears nothing, and gives the sale up.
fn a_void_of_a_declined_sale_forbids_what_is_still_on_its_way(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    *town.processor.lock().unwrap() = Outcome::Declined;
    let declined = till.asks_as(&desk, "key", "sale", &desk.code(&shopper, 0, None), 100);
    let other = till.asks_as(&desk, "other", "sale-2", &desk.code(&shopper, 1, None), 100);
    assert_eq!((declined.words().as_str(), other.words().as_str()), ("declined", "declined"));
    *town.processor.lock().unwrap() = Outcome::Done;
    assert_eq!(desk.void(&till, &json!({ "reference": "sale" })), declined, "as it stands");
    let code = desk.code(&shopper, 2, None);
    assert_eq!(till.asks_as(&desk, "key-2", "sale", &code, 100).words(), "voided");
    assert_eq!(desk.void(&till, &json!({ "reference": "sale" })).words(), "voided");
    assert_eq!(till.asks_as(&desk, "key", "sale", &code, 100).words(), "key-reused");
    assert_eq!(desk.number("SELECT SUM(spent) FROM payers"), 0);
    // A key has its answer for good, and stands for no other try.
    assert_eq!(desk.void(&till, &json!({ "key": "other" })), other);
    assert_eq!(till.asks_as(&desk, "other-2", "sale-2", &code, 100).words(), "approved");
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
    let deeds = |deed: &str| format!("SELECT COUNT(*) FROM events WHERE deed = 'payment_{deed}'");
    for (deed, lines) in [("reversing", 1), ("refunded", 1), ("voided", 0)] {
        assert_eq!(desk.number(&deeds(deed)), lines, "{deed}");
    }
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
    let id = tegata_issuer::domain::AuthorisationId(id);
    desk.operator().void(id, &reason()).unwrap();
    let path = format!("/v1/authorisations/{}", made.id());
    assert_eq!(desk.get(&till, &path).words(), "voided");
    let nobodys = tegata_issuer::domain::AuthorisationId([9; 16]);
    assert!(desk.operator().void(nobodys, &reason()).is_err());
}

fn an_operator_gives_back_what_was_charged_once_and_while_payments_are_stopped(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    let made = till.asks(&desk, "sale", &desk.code(&shopper, 0, None), 100);
    assert_eq!(made.words(), "approved");
    let operator = desk.operator();
    let sale = |reference: &str| Payment::Sale(till.id.clone(), reference.to_owned());
    let found = operator.payment(&sale("sale")).unwrap();
    assert_eq!(found.id.to_string(), made.id());
    assert!(operator.payment(&sale("another")).is_err());
    assert!(operator.payment(&Payment::Sale("till-2".parse().unwrap(), "sale".into())).is_err());
    operator.stop(Acts::All, &reason()).unwrap();
    *town.processor.lock().unwrap() = Outcome::Pending;
    let after = operator.refund(found.id, &reason()).unwrap();
    assert_eq!((after.state, after.amount), (State::Reversing, 100));
    assert_eq!(operator.refund(found.id, &reason()).unwrap(), after, "the same again");
    // Whoever charges cards brings it to its end.
    let path = format!("/v1/authorisations/{}", made.id());
    assert_eq!(desk.get(&till, &path).words(), "reversing");
    assert_eq!(desk.void(&till, &json!({ "reference": "sale" })).words(), "reversing");
    let stands = desk.threads.block_on(desk.store.authorisation(found.id)).unwrap().unwrap();
    let over = desk.store.move_on(stands, State::Refunded, town.now(), desk.notices());
    let over = desk.threads.block_on(over).unwrap();
    assert_eq!(operator.refund(found.id, &reason()).unwrap(), over);
    // Who, what, when and why, once.
    let ordered = "SELECT COUNT(*) FROM events WHERE deed = 'refund_ordered' \
        AND actor = 'operator ann' AND detail LIKE '%a test%'";
    assert_eq!(desk.number(ordered), 1);
    assert_eq!(desk.number("SELECT COUNT(*) FROM events WHERE deed = 'payment_reversing'"), 1);
    operator.resume(Acts::All, &reason()).unwrap();

    // What is not charged is not refunded, and stays as it is.
    let open = till.asks(&desk, "open", &desk.code(&shopper, 1, None), 100);
    let open_id = operator.payment(&sale("open")).unwrap().id;
    let refused = operator.refund(open_id, &reason()).unwrap_err();
    assert!(matches!(refused, OperatorError::NotCharged(State::Authorised)), "{refused}");
    assert_eq!(desk.get(&till, &format!("/v1/authorisations/{}", open.id())).words(), "pending");
    assert_eq!(desk.number(ordered), 1);
    let nobodys = tegata_issuer::domain::AuthorisationId([9; 16]);
    assert!(matches!(operator.refund(nobodys, &reason()), Err(OperatorError::NoSuchPayment)));
}
