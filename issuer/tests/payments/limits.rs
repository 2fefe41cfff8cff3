//! What may be spent: at once, in a day, with a new device.

use tegata_issuer::payments::ChargeOutcome;

use tegata_testkit::TestIssuer;
use tegata_testkit::TestPayments;

tegata_testkit::on_both! {
    the_limits_are_taken_to_the_last_yen_and_not_one_further,
    after_a_day_with_the_device_the_usual_limits_apply,
    a_new_credential_does_not_refill_the_day,
    a_new_card_pays_under_low_caps_for_72_hours,
}

/// Noon in Japan, so that no day ends by itself.
fn noon(issuer: &TestIssuer) {
    let now = issuer.now().seconds() + 9 * 3600;
    issuer.advance_clock(86_400 - now % 86_400 + 12 * 3600);
}

fn the_limits_are_taken_to_the_last_yen_and_not_one_further(issuer: &TestIssuer) {
    noon(issuer);
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let pays = |what: &str, amount| {
        till.authorise(&payments, what, &payments.next_code(&shopper), amount).outcome()
    };
    assert_eq!(pays("too-much", 5001), "declined limit");
    assert_eq!(pays("a", 5000), "approved");
    assert_eq!(pays("b", 4999), "approved");
    assert_eq!(pays("c", 2), "declined limit");
    assert_eq!(pays("d", 1), "approved");
    assert_eq!(pays("e", 1), "declined limit");
    assert_eq!(payments.number("SELECT SUM(spent) FROM payers"), 10_000);
    // What is taken back can be spent again; what was charged and went back cannot, today.
    *issuer.processor.lock().unwrap() = ChargeOutcome::Pending;
    issuer.advance_clock(12 * 3600);
    assert_eq!(pays("f", 5000), "pending");
    assert_eq!(pays("g", 5000), "pending");
    assert_eq!(pays("h", 1), "declined limit");
    let void = payments.void(&till, &serde_json::json!({ "reference": "g" }));
    assert_eq!(void.outcome(), "voided");
    assert_eq!(pays("i", 5000), "pending");
    assert_eq!(pays("j", 1), "declined limit");
}

fn after_a_day_with_the_device_the_usual_limits_apply(issuer: &TestIssuer) {
    noon(issuer);
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    issuer.advance_clock(86_400 - 30);
    let code = payments.code(&shopper, 0, None);
    assert_eq!(till.authorise(&payments, "a", &code, 5001).outcome(), "declined limit");
    let pays = |what: &str, amount| {
        till.authorise(&payments, what, &payments.next_code(&shopper), amount).outcome()
    };
    assert_eq!(pays("b", 50_000), "approved");
    assert_eq!(pays("c", 50_001), "declined limit");
    assert_eq!(pays("d", 50_000), "approved");
    assert_eq!(pays("e", 1), "declined limit");
    issuer.advance_clock(86_400);
    assert_eq!(pays("f", 50_000), "approved");
}

fn a_new_credential_does_not_refill_the_day(issuer: &TestIssuer) {
    noon(issuer);
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    for what in ["a", "b"] {
        let code = payments.next_code(&shopper);
        assert_eq!(till.authorise(&payments, what, &code, 5000).outcome(), "approved");
    }
    let seed = tegata::code::Seed::from_slice(&[5; 32]).unwrap();
    let made = payments.provision(shopper.account, shopper.session, &seed, issuer.now());
    let credential = payments.threads.block_on(made);
    let renewed = tegata_testkit::TestPayer { credential, seed, ..shopper };
    let code = payments.next_code(&renewed);
    assert_eq!(till.authorise(&payments, "c", &code, 1).outcome(), "declined limit");
}

/// Whoever adds a stolen card to an account of years does not spend at once what that account may.
fn a_new_card_pays_under_low_caps_for_72_hours(issuer: &TestIssuer) {
    noon(issuer);
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    issuer.advance_clock(86_400);
    let account = payments.blob(&shopper.account.0);
    payments.sql(&format!("INSERT INTO customers VALUES ({account}, 'cus_1')"));
    for (card, default) in [(1, 1), (2, 0)] {
        let card = payments.blob(&[card; 16]);
        payments.sql(&format!(
            "INSERT INTO cards VALUES ({account}, {card}, 'pm_1', 'visa', '4242', 0, {default}, NULL)"
        ));
    }
    // As if the card had been added so many seconds ago.
    let age = |card: u8, seconds: u64| {
        let card = payments.blob(&[card; 16]);
        let made = issuer.now().seconds() - seconds;
        payments.sql(&format!("UPDATE cards SET made = {made} WHERE card = {card}"));
    };
    let pays = |what: &str, amount| {
        till.authorise(&payments, what, &payments.next_code(&shopper), amount).outcome()
    };
    age(1, 0);
    assert_eq!(pays("a", 5001), "declined limit");
    assert_eq!(pays("b", 5000), "approved");
    age(1, 72 * 3600 - 600);
    assert_eq!(pays("c", 5001), "declined limit");
    age(1, 72 * 3600);
    assert_eq!(pays("d", 20_000), "approved");
    // Another new one counts once it is the one that is charged.
    age(2, 0);
    assert_eq!(pays("e", 20_000), "approved");
    let second = payments.blob(&[2; 16]);
    payments
        .sql(&format!("UPDATE cards SET is_default = CASE WHEN card = {second} THEN 1 ELSE 0 END"));
    assert_eq!(pays("f", 5001), "declined limit");
}
