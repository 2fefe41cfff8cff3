//! The order of an authorisation, row by row.

use serde_json::json;
use tegata::code::{AliasKey, AliasPeriod, Scheme, Seed, Step};
use tegata::formats::otpauth;
use tegata::vault::OtpCredential;
use tegata_issuer::admin::Acts;
use tegata_issuer::payments::Outcome;
use tegata_issuer::store::{Order, Switch};
use tegata_policy::Event;

use crate::desk::{Desk, reason};
use crate::people::{self, Town};

people::on_both! {
    codes_of_a_prefix_that_came_into_use_meanwhile_are_taken,
    a_code_is_taken_once_and_the_card_is_charged,
    the_codes_of_a_new_credential_begin_anew_and_the_old_ones_are_over,
    the_same_key_gives_the_same_answer_and_is_for_one_body,
    a_cashier_who_scans_again_gets_the_first_answer,
    what_is_not_of_the_form_is_a_problem_and_counts_for_nothing,
    a_stopped_payment_uses_no_code_and_what_was_answered_before_is_answered_still,
    a_code_for_one_till_is_worth_nothing_at_another,
    two_credentials_of_one_alias_are_told_apart_and_where_not_nobody_pays,
    a_till_past_its_attempts_is_stopped_and_the_shopper_is_not,
    a_credential_past_its_attempts_at_one_till_pays_at_another,
    an_account_that_pays_nothing_uses_its_code_all_the_same,
    codes_of_the_time_around_a_restore_count_as_used,
    what_the_processor_says_is_what_the_till_is_told,
    a_value_of_an_authenticator_is_worth_nothing_at_a_till,
}

fn a_code_is_taken_once_and_the_card_is_charged(town: &Town) {
    let desk = Desk::new(town);
    let (till, other, shopper) = (desk.till("till-1"), desk.till("till-2"), desk.shopper(1));
    let code = desk.code(&shopper, 0, None);
    let told = till.asks(&desk, "sale-1", &code, 1980);
    assert_eq!(told.words(), "approved");
    let id = told.id().to_owned();
    assert_eq!(
        told.body,
        json!({
            "id": id, "status": "approved", "amount": 1980, "currency": "JPY",
            "reference": "sale-1", "time": town.now().seconds(),
        })
    );
    assert_eq!(till.asks(&desk, "sale-2", &code, 1980).words(), "declined used");
    assert_eq!(other.asks(&desk, "sale-1", &code, 1980).words(), "declined used");
    assert_eq!(desk.get(&till, &format!("/v1/authorisations/{id}")), told);
    assert_eq!(desk.get(&other, &format!("/v1/authorisations/{id}")).words(), "not-found");
    assert_eq!(desk.get(&till, "/v1/authorisations/1").words(), "not-found");
    let last = desk.get(&till, "/v1/authorisations");
    assert_eq!(last.body, json!({ "authorisations": [told.body] }));
    // The next of the same half minute is another code; one before it counts as used then.
    let (first, third) = (desk.code(&shopper, 1, None), desk.code(&shopper, 2, None));
    assert_eq!(till.asks(&desk, "sale-3", &third, 100).words(), "approved");
    assert_eq!(till.asks(&desk, "sale-4", &first, 100).words(), "declined used");
    // One step to either side.
    let code = desk.next_code(&shopper);
    town.passes(59);
    assert_eq!(till.asks(&desk, "sale-5", &code, 100).words(), "approved");
    let code = desk.next_code(&shopper);
    town.passes(60 - town.now().seconds() % 30);
    assert_eq!(till.asks(&desk, "sale-6", &code, 100).words(), "declined not_valid");
}

fn the_codes_of_a_new_credential_begin_anew_and_the_old_ones_are_over(town: &Town) {
    let desk = Desk::new(town);
    let (till, mut shopper) = (desk.till("till-1"), desk.shopper(1));
    let [first, last] = [0, 3].map(|nth| desk.code(&shopper, nth, None));
    let third = desk.code(&shopper, 2, None);
    assert_eq!(till.asks(&desk, "sale-1", &third, 100).words(), "approved");
    shopper.seed = Seed::from_slice(&[2; 32]).unwrap();
    let made = desk.provision(shopper.account, shopper.session, &shopper.seed, town.now());
    desk.threads.block_on(made);
    // Of the same half minute, and before the one that the old credential's last code was.
    let anew = desk.code(&shopper, 1, None);
    assert_eq!(till.asks(&desk, "sale-2", &anew, 100).words(), "approved");
    assert_eq!(till.asks(&desk, "sale-3", &anew, 100).words(), "declined used");
    for (what, code) in [("a", &first), ("b", &third), ("c", &last)] {
        assert_eq!(till.asks(&desk, what, code, 100).words(), "declined not_valid");
    }
    // A payment that was looked for just before: one more credential has paid by now.
    desk.sql("UPDATE payers SET counter_of = counter_of + 1");
    let next = desk.next_code(&shopper);
    assert_eq!(till.asks(&desk, "sale-5", &next, 100).words(), "declined not_valid");
}

fn the_same_key_gives_the_same_answer_and_is_for_one_body(town: &Town) {
    let desk = Desk::new(town);
    let (till, other, shopper) = (desk.till("till-1"), desk.till("till-2"), desk.shopper(1));
    let code = desk.code(&shopper, 0, None);
    let first = till.asks_as(&desk, "key", "sale", &code, 100);
    assert_eq!(first.words(), "approved");
    town.passes(3600);
    town.restart();
    assert_eq!(till.asks_as(&desk, "key", "sale", &code, 100), first);
    assert_eq!(till.asks_as(&desk, "key", "sale", &code, 101).words(), "key-reused");
    assert_eq!(till.asks_as(&desk, "key", "sale-2", &code, 100).words(), "key-reused");
    // No is kept, too; and a key is one till's.
    let wrong = "4960".to_owned() + &"0".repeat(20);
    assert_eq!(till.asks(&desk, "no", &wrong, 100).words(), "declined not_valid");
    assert_eq!(till.asks(&desk, "no", &desk.next_code(&shopper), 100).words(), "key-reused");
    assert_eq!(till.asks(&desk, "no", &wrong, 100).words(), "declined not_valid");
    let code = desk.next_code(&shopper);
    assert_eq!(other.asks_as(&desk, "key", "sale", &code, 100).words(), "approved");
    assert_eq!(desk.number("SELECT COUNT(*) FROM authorisations"), 2);
}

fn a_cashier_who_scans_again_gets_the_first_answer(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    let code = desk.code(&shopper, 0, None);
    let first = till.asks_as(&desk, "key-1", "sale", &code, 100);
    assert_eq!(first.words(), "approved");
    let fresh = desk.next_code(&shopper);
    assert_eq!(till.asks_as(&desk, "key-2", "sale", &fresh, 100), first);
    assert_eq!(till.asks_as(&desk, "key-3", "sale", &fresh, 200).words(), "reference-reused");
    assert_eq!(till.asks_as(&desk, "key-4", "sale", "scanned badly", 100), first);
    assert_eq!(desk.number("SELECT SUM(spent) FROM payers"), 100);
    // The second key stands for the same payment: a void by it takes that back.
    assert_eq!(desk.void(&till, &json!({ "key": "key-2" })).words(), "refunded");
    // The fresh code was not looked at.
    assert_eq!(till.asks(&desk, "sale-2", &fresh, 100).words(), "approved");
    // What was declined is no sale.
    let code = desk.next_code(&shopper);
    assert_eq!(till.asks_as(&desk, "a", "big", &code, 5001).words(), "declined limit");
    let code = desk.next_code(&shopper);
    assert_eq!(till.asks_as(&desk, "b", "big", &code, 1000).words(), "approved");
}

/// Another process is started with another prefix while this one runs.
fn codes_of_a_prefix_that_came_into_use_meanwhile_are_taken(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    let other = Scheme { prefix: "777712".parse().unwrap(), alias_period: AliasPeriod::DAY };
    let code = desk.code_of(&shopper, &other, 0, None);
    assert_eq!(till.asks(&desk, "garbage", &code, 100).words(), "declined not_valid");
    let wrong = "SELECT COALESCE(SUM(count), 0) FROM attempts";
    assert_eq!(desk.number(wrong), 1);
    desk.threads.block_on(desk.store.add_scheme(other)).unwrap();
    let step = Step::at(town.now());
    let alias = AliasKey::new(&shopper.seed).derive(&other.prefix, other.alias_period, step);
    let (id, period) = (desk.blob(&shopper.credential.0), other.alias_period.index(step));
    desk.sql(&format!(
        "UPDATE credentials SET prefix = '777712' WHERE credential = {id}; \
         INSERT INTO aliases (prefix, period, alias, credential) \
         VALUES ('777712', {period}, {}, {id})",
        alias.value()
    ));
    // It was looked for in this second: a flood of garbage does not read the database each time.
    assert_eq!(till.asks(&desk, "too-soon", &code, 100).words(), "declined not_valid");
    assert_eq!(desk.number(wrong), 2);
    town.passes(1);
    assert_eq!(till.asks(&desk, "sale", &code, 100).words(), "approved");
    assert_eq!(desk.number(wrong), 2, "nothing was counted against the till");
}

fn what_is_not_of_the_form_is_a_problem_and_counts_for_nothing(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    let code = desk.code(&shopper, 0, None);
    let body = |name: &str, value: serde_json::Value| {
        let mut body =
            json!({ "code": code, "amount": 100, "currency": "JPY", "reference": "sale" });
        body[name] = value;
        desk.post("/v1/authorisations", &till.headers("key"), &body).words()
    };
    for (name, value) in [
        ("amount", json!(0)),
        ("amount", json!(-1)),
        ("amount", json!(1.5)),
        ("amount", json!("100")),
        ("amount", json!(1_000_000_000_000_u64)),
        ("currency", json!("jpy")),
        ("reference", json!("")),
        ("reference", json!("x".repeat(65))),
        ("code", json!("9".repeat(65))),
        ("till", json!("till-2")),
    ] {
        assert_eq!(body(name, value.clone()), "malformed", "{name} {value}");
    }
    assert_eq!(body("currency", json!("USD")), "other-currency");
    // More than the processor takes for one payment.
    for much in [4_294_967_296_u64, 999_999_999_999] {
        assert_eq!(body("amount", json!(much)), "too-much", "{much}");
    }
    assert_eq!(body("amount", json!(u32::MAX)), "declined limit");
    let right = json!({ "code": code, "amount": 100, "currency": "JPY", "reference": "sale" });
    let headers = &till.headers("key")[..1];
    assert_eq!(desk.post("/v1/authorisations", headers, &right).words(), "no-key");
    let headers = &till.headers("key")[1..];
    assert_eq!(desk.post("/v1/authorisations", headers, &right).words(), "no-such-till");
    assert_eq!(desk.number("SELECT COUNT(*) FROM attempts"), 0);
    let other = till.asks(&desk, "sale-2", &desk.code(&shopper, 1, None), 100);
    assert_eq!(other.words(), "approved");
}

fn a_stopped_payment_uses_no_code_and_what_was_answered_before_is_answered_still(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    let before = desk.code(&shopper, 0, None);
    let first = till.asks(&desk, "sale-1", &before, 100);
    desk.operator().stop(Acts::These(&[Switch::Payments]), &reason()).unwrap();
    let code = desk.code(&shopper, 1, None);
    assert_eq!(till.asks(&desk, "sale-2", &code, 100).words(), "declined stopped");
    assert_eq!(till.asks(&desk, "sale-1", &before, 100), first);
    assert_eq!(till.asks_as(&desk, "again", "sale-1", &code, 100), first);
    // Voids work, and what is not known means stopped.
    assert_eq!(desk.void(&till, &json!({ "reference": "sale-1" })).words(), "refunded");
    desk.operator().resume(Acts::All, &reason()).unwrap();
    desk.sql("UPDATE standing SET stopped = 64");
    assert_eq!(till.asks(&desk, "sale-2", &code, 100).words(), "declined stopped");
    desk.sql("DELETE FROM standing");
    assert_eq!(till.asks(&desk, "sale-2", &code, 100).words(), "declined stopped");
    desk.sql("INSERT INTO standing VALUES (1, 0, 0, 0)");
    assert_eq!(till.asks(&desk, "sale-2", &code, 100).words(), "approved");
}

fn a_code_for_one_till_is_worth_nothing_at_another(town: &Town) {
    let desk = Desk::new(town);
    let (till, other, shopper) = (desk.till("till-1"), desk.till("till-2"), desk.shopper(1));
    let code = desk.code(&shopper, 0, Some(&till));
    assert_eq!(other.asks(&desk, "sale", &code, 100).words(), "declined not_valid");
    assert_eq!(till.asks(&desk, "sale", &code, 100).words(), "approved");
    // It puts the codes for any till of its step behind it.
    let any = desk.code(&shopper, 4, None);
    assert_eq!(till.asks(&desk, "sale-2", &any, 100).words(), "declined used");
}

fn two_credentials_of_one_alias_are_told_apart_and_where_not_nobody_pays(town: &Town) {
    let desk = Desk::new(town);
    let (till, one, two) = (desk.till("till-1"), desk.shopper(1), desk.shopper(2));
    let id = |shopper: &crate::desk::Shopper| desk.blob(&shopper.credential.0);
    desk.sql(&format!(
        "INSERT INTO aliases (prefix, period, alias, credential) \
         SELECT prefix, period, alias, {} FROM aliases WHERE credential = {}",
        id(&two),
        id(&one)
    ));
    let code = desk.code(&one, 0, None);
    assert_eq!(till.asks(&desk, "sale-1", &code, 100).words(), "approved");
    let spent =
        format!("SELECT SUM(spent) FROM payers WHERE account = {}", desk.blob(&one.account.0));
    assert_eq!(desk.number(&spent), 100);
    // The same seed under two accounts: what never happens by chance.
    let seed = Seed::from_slice(&[9; 32]).unwrap();
    let twins = [desk.shopper_with(seed.clone()), desk.shopper_with(seed)];
    let code = desk.code(&twins[0], 0, None);
    assert_eq!(till.asks(&desk, "sale-2", &code, 100).words(), "declined try_again");
    assert_eq!(desk.number("SELECT COUNT(*) FROM authorisations"), 1);
}

/// Of this shopper's alias, and nobody's otherwise.
fn guess(code: &str, n: u32) -> String {
    let (head, otp) = code.split_at(16);
    let wrong = (otp.parse::<u32>().unwrap() + 1 + n) % 100_000_000;
    format!("{head}{wrong:08}")
}

fn a_till_past_its_attempts_is_stopped_and_the_shopper_is_not(town: &Town) {
    let desk = Desk::new(town);
    let (till, other, shopper) = (desk.till("till-1"), desk.till("till-2"), desk.shopper(1));
    let code = desk.code(&shopper, 0, None);
    for n in 0..199 {
        let bad =
            if n % 2 == 0 { "not a code".to_owned() } else { "4960".to_owned() + &"1".repeat(20) };
        assert_eq!(till.asks(&desk, &n.to_string(), &bad, 100).words(), "declined not_valid");
    }
    assert_eq!(till.asks(&desk, "good", &code, 100).words(), "approved", "one is left");
    assert_eq!(till.asks(&desk, "199", "not a code", 100).words(), "declined not_valid");
    let code = desk.code(&shopper, 1, None);
    assert_eq!(till.asks(&desk, "200", "not a code", 100).words(), "declined stopped");
    assert_eq!(till.asks(&desk, "201", &code, 100).words(), "declined stopped");
    town.restart();
    assert_eq!(till.asks(&desk, "202", &code, 100).words(), "declined stopped");
    assert_eq!(other.asks(&desk, "203", &code, 100).words(), "approved");
    town.passes(86_400);
    assert_eq!(till.asks(&desk, "204", &desk.code(&shopper, 0, None), 100).words(), "approved");
}

fn a_credential_past_its_attempts_at_one_till_pays_at_another(town: &Town) {
    let desk = Desk::new(town);
    let (till, other, shopper) = (desk.till("till-1"), desk.till("till-2"), desk.shopper(1));
    let code = desk.code(&shopper, 0, None);
    for n in 0..9 {
        let key = n.to_string();
        assert_eq!(till.asks(&desk, &key, &guess(&code, n), 100).words(), "declined not_valid");
    }
    assert_eq!(till.asks(&desk, "a", &code, 100).words(), "approved", "one is left");
    let code = desk.code(&shopper, 1, None);
    assert_eq!(till.asks(&desk, "9", &guess(&code, 9), 100).words(), "declined not_valid");
    town.restart();
    assert_eq!(till.asks(&desk, "b", &code, 100).words(), "declined not_valid", "none is left");
    assert_eq!(other.asks(&desk, "b", &code, 100).words(), "approved");
    // A hundred in all, and no till is left for the day.
    for n in 0..9 {
        let till = desk.till(&format!("guesser-{n}"));
        for m in 0..10 {
            till.asks(&desk, &m.to_string(), &guess(&code, 100 + n * 10 + m), 100);
        }
    }
    let code = desk.code(&shopper, 2, None);
    assert_eq!(other.asks(&desk, "c", &code, 100).words(), "declined not_valid");
}

fn an_account_that_pays_nothing_uses_its_code_all_the_same(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    let session = shopper.session;
    let code = desk.code(&shopper, 0, None);
    desk.does(&shopper, move || Event::Freeze { session });
    let told = till.asks(&desk, "frozen", &code, 100);
    assert_eq!((told.words().as_str(), told.body["id"].is_string()), ("declined held", true));
    desk.does(&shopper, move || Event::Unfreeze { session });
    assert_eq!(till.asks(&desk, "thawed", &code, 100).words(), "declined used");
    assert_eq!(till.asks(&desk, "next", &desk.code(&shopper, 1, None), 100).words(), "approved");
    // Another credential: the one before is nobody's any more.
    let (code, seed) = (desk.code(&shopper, 2, None), Seed::from_slice(&[7; 32]).unwrap());
    let made = desk.provision(shopper.account, session, &seed, town.now());
    let credential = desk.threads.block_on(made);
    assert_eq!(till.asks(&desk, "void", &code, 100).words(), "declined not_valid");
    let renewed = crate::desk::Shopper { credential, seed, ..shopper };
    let code = desk.code(&renewed, 2, None);
    assert_eq!(till.asks(&desk, "renewed", &code, 100).words(), "approved");
    // All are void at once.
    desk.operator().revoke_all(&reason()).unwrap();
    let code = desk.code(&renewed, 3, None);
    assert_eq!(till.asks(&desk, "revoked", &code, 100).words(), "declined not_valid");
}

fn codes_of_the_time_around_a_restore_count_as_used(town: &Town) {
    let desk = Desk::new(town);
    let till = desk.till("till-1");
    let event = tegata_issuer::store::EventRow {
        id: tegata_issuer::domain::EventId([1; 16]),
        account: None,
        deed: "restored".to_owned(),
        actor: "operator".to_owned(),
        at: town.now(),
        detail: "{}".to_owned(),
    };
    desk.threads.block_on(desk.store.operate(Order::Fence(town.now()), event)).unwrap();
    // Provisioned after it.
    let shopper = desk.shopper(1);
    for n in 0..4 {
        let code = desk.code(&shopper, 0, None);
        assert_eq!(till.asks(&desk, &n.to_string(), &code, 100).words(), "declined used");
        town.passes(30);
    }
    assert_eq!(till.asks(&desk, "4", &desk.code(&shopper, 0, None), 100).words(), "approved");
}

fn what_the_processor_says_is_what_the_till_is_told(town: &Town) {
    let desk = Desk::new(town);
    let (till, shopper) = (desk.till("till-1"), desk.shopper(1));
    *town.processor.lock().unwrap() = Outcome::Declined;
    let told = till.asks(&desk, "a", &desk.code(&shopper, 0, None), 100);
    assert_eq!((told.words().as_str(), &told.body["reason"]), ("declined", &json!(null)));
    assert_eq!(desk.number("SELECT SUM(spent) FROM payers"), 0);
    *town.processor.lock().unwrap() = Outcome::Pending;
    let code = desk.code(&shopper, 1, None);
    let told = till.asks(&desk, "b", &code, 100);
    assert_eq!(told.words(), "pending");
    assert_eq!(till.asks(&desk, "b", &code, 100).words(), "pending", "never try again");
    assert_eq!(desk.number("SELECT SUM(spent) FROM payers"), 100);
    assert_eq!(desk.operator().under_way().unwrap().authorised, 1);
}

/// What an authenticator shows is no code of a payment, however many digits it was set up for.
fn a_value_of_an_authenticator_is_worth_nothing_at_a_till(town: &Town) {
    let desk = Desk::new(town);
    let hanako = town.shopper("hanako@example.org");
    let (till, shopper) = (desk.till("till-1"), desk.shopper_of(&hanako, 1));
    let uri = hanako.authenticator.clone().unwrap();
    let eight = format!("{uri}&digits=8").replace("&digits=6", "");
    for (uri, digits) in [(uri, 6), (eight, 8)] {
        let shows: OtpCredential = otpauth::parse(uri.as_bytes()).unwrap();
        let value = shows.code(town.now()).unwrap().digits().to_owned();
        assert_eq!(value.len(), digits);
        // Nor with the digits that a code begins with, in the place of what would prove it.
        let code = desk.code(&shopper, 0, None);
        let in_code = format!("{}{value}", &code[..code.len() - digits]);
        for (nth, typed) in [value, in_code].into_iter().enumerate() {
            let sale = format!("{digits}-{nth}");
            assert_eq!(till.asks(&desk, &sale, &typed, 100).words(), "declined not_valid");
        }
    }
    assert_eq!(till.asks(&desk, "paid", &desk.code(&shopper, 0, None), 100).words(), "approved");
}
