//! What may be spent: at once, in a day, with a new device.

use tegata_issuer::payments::Outcome;

use crate::desk::Desk;
use crate::people::{self, Town};

people::on_both! {
    the_limits_are_taken_to_the_last_yen_and_not_one_further,
    after_a_day_with_the_device_the_usual_limits_apply,
    a_new_credential_does_not_refill_the_day,
}

/// Noon in Japan, so that no day ends by itself.
fn noon(town: &Town) {
    let now = town.now().seconds() + 9 * 3600;
    town.passes(86_400 - now % 86_400 + 12 * 3600);
}

fn the_limits_are_taken_to_the_last_yen_and_not_one_further(town: &Town) {
    noon(town);
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    let pays =
        |what: &str, amount| till.asks(&desk, what, &desk.next_code(&shopper), amount).words();
    assert_eq!(pays("too-much", 5001), "declined limit");
    assert_eq!(pays("a", 5000), "approved");
    assert_eq!(pays("b", 4999), "approved");
    assert_eq!(pays("c", 2), "declined limit");
    assert_eq!(pays("d", 1), "approved");
    assert_eq!(pays("e", 1), "declined limit");
    assert_eq!(desk.number("SELECT SUM(spent) FROM payers"), 10_000);
    // What is taken back can be spent again; what was charged and went back cannot, today.
    *town.processor.lock().unwrap() = Outcome::Pending;
    town.passes(12 * 3600);
    assert_eq!(pays("f", 5000), "pending");
    assert_eq!(pays("g", 5000), "pending");
    assert_eq!(pays("h", 1), "declined limit");
    let void = desk.void(&till, &serde_json::json!({ "reference": "g" }));
    assert_eq!(void.words(), "voided");
    assert_eq!(pays("i", 5000), "pending");
    assert_eq!(pays("j", 1), "declined limit");
}

fn after_a_day_with_the_device_the_usual_limits_apply(town: &Town) {
    noon(town);
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    town.passes(86_400 - 30);
    let code = desk.code(&shopper, 0, None);
    assert_eq!(till.asks(&desk, "a", &code, 5001).words(), "declined limit");
    let pays =
        |what: &str, amount| till.asks(&desk, what, &desk.next_code(&shopper), amount).words();
    assert_eq!(pays("b", 50_000), "approved");
    assert_eq!(pays("c", 50_001), "declined limit");
    assert_eq!(pays("d", 50_000), "approved");
    assert_eq!(pays("e", 1), "declined limit");
    town.passes(86_400);
    assert_eq!(pays("f", 50_000), "approved");
}

fn a_new_credential_does_not_refill_the_day(town: &Town) {
    noon(town);
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    for what in ["a", "b"] {
        let code = desk.next_code(&shopper);
        assert_eq!(till.asks(&desk, what, &code, 5000).words(), "approved");
    }
    let seed = tegata::code::Seed::from_slice(&[5; 32]).unwrap();
    let made = desk.provision(shopper.account, shopper.session, &seed, town.now());
    let credential = desk.threads.block_on(made);
    let renewed = crate::desk::Shopper { credential, seed, ..shopper };
    let code = desk.next_code(&renewed);
    assert_eq!(till.asks(&desk, "c", &code, 1).words(), "declined limit");
}
