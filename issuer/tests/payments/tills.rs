//! How a till becomes one, and stops being one.

use std::thread;

use serde_json::json;
use tegata::code::TillCard;

use crate::desk::{Desk, Till, reason};
use crate::people::{self, Town};

people::on_both! {
    a_till_is_enrolled_once,
    a_code_that_was_not_typed_within_the_hour_is_none,
    a_till_that_was_revoked_is_none_from_then_on,
    a_tills_card_says_what_the_wallet_shows,
}

fn a_till_is_enrolled_once(town: &Town) {
    let desk = Desk::new(town);
    let code = desk.code_for("till-1");
    let told = thread::scope(|scope| {
        let all: Vec<_> = (0..64).map(|_| scope.spawn(|| desk.enrol(&code).words())).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(told.iter().filter(|told| told.is_empty()).count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|told| *told == "no-such-till").count(), 63);
    let shop = tegata::code::ShopName::new("Another").unwrap();
    assert!(desk.operator().add_till("till-1".parse().unwrap(), shop, &reason()).is_err());
}

fn a_code_that_was_not_typed_within_the_hour_is_none(town: &Town) {
    let desk = Desk::new(town);
    let code = desk.code_for("till-1");
    town.passes(3600);
    assert_eq!(desk.enrol(&code).words(), "no-such-till");
    let code = desk.code_for("till-1");
    town.passes(3599);
    assert_eq!(desk.enrol(&code.to_lowercase()).status, 200);
}

fn a_till_that_was_revoked_is_none_from_then_on(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    assert_eq!(desk.get(&till, "/v1/till").status, 200);
    desk.operator().revoke_till(till.id.clone(), &reason()).unwrap();
    assert_eq!(desk.get(&till, "/v1/till").words(), "no-such-till");
    let code = desk.code(&shopper, 0, None);
    assert_eq!(till.asks(&desk, "1", &code, 100).words(), "no-such-till");
    assert_eq!(desk.void(&till, &json!({ "reference": "1" })).words(), "no-such-till");
    assert!(desk.operator().revoke_till(till.id.clone(), &reason()).is_err());
    // Under the same id it can be enrolled anew, with another token.
    let again = desk.till("till-1");
    assert_ne!(again.token, till.token);
    assert_eq!(till.asks(&desk, "1", &code, 100).words(), "no-such-till");
    assert_eq!(again.asks(&desk, "1", &code, 100).words(), "approved");
    let nobody = Till { token: "A".repeat(43), ..again };
    assert_eq!(nobody.asks(&desk, "2", &code, 100).words(), "no-such-till");
}

fn a_tills_card_says_what_the_wallet_shows(town: &Town) {
    let desk = Desk::new(town);
    let till = desk.till("till-1");
    let told = desk.get(&till, "/v1/till");
    let key = desk.till_card_key();
    let card = TillCard::read(told.body["card"].as_str().unwrap(), &key).unwrap();
    assert_eq!((card.till(), card.shop().as_str()), (&till.id, "Tegata Ginza"));
    assert_eq!((&told.body["till"], &told.body["currency"]), (&json!("till-1"), &json!("JPY")));
    assert_eq!(told.body["decimals"], 0);
}
