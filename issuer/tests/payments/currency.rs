//! The currency of a store's payments.

use serde_json::json;
use tegata_issuer::App;
use tegata_issuer::config::Config;
use tegata_issuer::domain::Currency;
use tegata_testkit::{TestIssuer, TestPayments};

tegata_testkit::on_both! {
    a_store_remembers_its_currency_and_refuses_another,
}

/// What a start with these settings says.
fn refusal(issuer: &TestIssuer, change: impl FnOnce(&mut Config)) -> String {
    let mut config: Config = toml::from_str(&issuer.settings).unwrap();
    change(&mut config);
    App::from_config(config).unwrap_err().to_string()
}

fn a_store_remembers_its_currency_and_refuses_another(issuer: &TestIssuer) {
    let set = |name: &'static str| {
        move |config: &mut Config| config.currency = Currency::new(name).unwrap()
    };
    let other = refusal(issuer, set("USD"));
    assert!(other.contains("payments are in JPY, but currency is USD"), "{other}");
    assert!(refusal(issuer, set("XXX")).contains("XXX is not an active currency"));
    let contradiction = refusal(issuer, |config| {
        let set: Config = toml::from_str("currency_decimals = 2").unwrap();
        config.currency_decimals = set.currency_decimals;
    });
    assert!(contradiction.contains("JPY has 0"), "{contradiction}");
    issuer.restart();
    let payments = TestPayments::new(issuer);
    assert_eq!(payments.get(&payments.till("till-1"), "/v1/till").body["currency"], "JPY");
}

#[test]
fn a_till_is_told_the_decimals_of_the_currency() {
    const SETTINGS: &str = "currency = \"KWD\"\n";
    decimals_are_told(&TestIssuer::with(SETTINGS));
    decimals_are_told(&TestIssuer::postgres_with(SETTINGS));
}

fn decimals_are_told(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let result = payments.get(&till, "/v1/till").body;
    assert_eq!((&result["currency"], &result["decimals"]), (&json!("KWD"), &json!(3)));
    let pays = |key: &str, amount: u64| {
        let code = payments.next_code(&shopper);
        let body = json!({ "code": code, "amount": amount, "currency": "KWD", "reference": key });
        payments.post("/v1/authorisations", &till.headers(key), &body).outcome()
    };
    // The processor takes no fils.
    assert_eq!(pays("odd", 1005), "amount-indivisible");
    assert_eq!(pays("even", 1010), "approved");
}
