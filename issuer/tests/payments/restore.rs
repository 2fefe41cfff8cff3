//! Payments made after a backup that is then restored: what their tills hear, and what becomes of the money.

use std::time::Duration;

use serde_json::json;
use tegata::UnixTime;
use tegata_issuer::admin::{Finding, Remedy, SettledFinding, Settlement, restore};
use tegata_issuer::config::{Config, SecretSetting};
use tegata_issuer::domain::Environment;
use tegata_issuer::processor::Stripe;
use tegata_sandbox::Sandbox;
use tegata_testkit::TestIssuer;
use tegata_testkit::card::add_card;
use tegata_testkit::payments::{TestPayer, TestPayments, TillReply, reason};
use tegata_testkit::postgres::new_postgres_database;

/// What is found of each sale, and what settles it.
const REMEDIES: [(&str, Remedy); 6] = [
    ("asked-again", Remedy::AdoptAndRefund),
    ("early", Remedy::MarkRefunded),
    ("kept", Remedy::Adopt),
    ("keyed", Remedy::AdoptAndRefund),
    ("stranger", Remedy::Refund),
    ("voided", Remedy::AdoptAndRefund),
];

fn expect_remedies(found: &[Finding]) {
    let mut remedies: Vec<_> =
        found.iter().map(|found| (found.reference().unwrap(), found.remedy)).collect();
    remedies.sort_by_key(|(sale, _)| *sale);
    assert_eq!(remedies, REMEDIES);
}

/// Tests with a database that is restored into `elsewhere`.
fn payments_lost_by_a_restore_are_settled(mut issuer: TestIssuer, elsewhere: &str) {
    let payments = TestPayments::new(&issuer);
    let (sandbox, stripe) = sandbox(&payments);
    let till = payments.till("till-1");
    let payer = payments.payer(7);
    add_card(&payments, &payer, &stripe, "pm_card_visa");
    let pays = |payer: &TestPayer, sale: &str, amount| {
        let code = payments.next_code(payer);
        let reply = till.authorise(&payments, sale, &code, amount);
        assert_eq!(reply.outcome(), "approved", "{sale}: {reply:?}");
        (code, reply)
    };
    let (_, early) = pays(&payer, "early", 50);
    let backup = issuer.folder.path().join("backup");
    payments.operator().backup(&backup, &reason()).unwrap();

    let (kept_code, kept) = pays(&payer, "kept", 100);
    let (_, voided) = pays(&payer, "voided", 200);
    pays(&payer, "keyed", 300);
    let (code, asked) = pays(&payer, "asked-again", 400);
    let stranger = payments.payer(9);
    add_card(&payments, &stranger, &stripe, "pm_card_jcb");
    pays(&stranger, "stranger", 500);
    assert_eq!(payments.void(&till, &json!({ "reference": "early" })).outcome(), "refunded");
    drop(payments);
    put_back(&mut issuer, elsewhere, &backup);

    // The tills hear that nothing of it was ever paid, and the cards stay charged.
    let payments = TestPayments::new(&issuer);
    let asks =
        |payment: &TillReply| payments.get(&till, &format!("/v1/authorisations/{}", payment.id()));
    let again = || till.authorise(&payments, "asked-again", &code, 400);
    let voids = |what: &serde_json::Value| payments.void(&till, what).outcome();
    assert_eq!(asks(&kept).outcome(), "not-found");
    assert_eq!(again().outcome(), "declined used");
    assert_eq!(voids(&json!({ "reference": "voided" })), "voided");
    assert_eq!(voids(&json!({ "key": "keyed" })), "voided");
    assert_eq!(money(&sandbox), 1500);

    let since = UnixTime::new(0).unwrap();
    let operator = payments.operator();
    expect_remedies(&operator.compare_charges(since).unwrap().findings);
    assert_eq!((money(&sandbox), rows(&payments)), (1500, 50), "a look changes nothing");

    let (_, settled) = operator.settle_charges(since, &reason()).unwrap();
    assert_eq!(settled.len(), REMEDIES.len());
    let is_done = |it: &SettledFinding| matches!(it.settlement, Ok(Settlement::Done));
    assert!(settled.iter().all(is_done), "{settled:?}");
    assert_eq!((money(&sandbox), rows(&payments)), (100, 100));
    let spent =
        format!("SELECT spent FROM payers WHERE account = {}", payments.blob(&payer.account.0));
    // Each but the voided ones counts against the day, also where the money has gone back.
    assert_eq!(payments.number(&spent), 50 + 100 + 200 + 300 + 400);

    // The tills hear what became of the money.
    for (payment, outcome) in
        [(&kept, "approved"), (&voided, "refunded"), (&asked, "refunded"), (&early, "refunded")]
    {
        assert_eq!(asks(payment).outcome(), outcome);
    }
    assert_eq!(again().outcome(), "declined used", "as it was told before");
    assert_eq!(voids(&json!({ "reference": "voided" })), "voided");
    assert_eq!(voids(&json!({ "key": "keyed" })), "voided");

    // The same again changes nothing.
    let lines =
        |deed: &str| payments.number(&format!("SELECT COUNT(*) FROM events WHERE deed = '{deed}'"));
    assert_eq!(lines("charge_reconciled"), 6);
    let events = payments.number("SELECT COUNT(*) FROM events");
    let (comparison, settled) = operator.settle_charges(since, &reason()).unwrap();
    assert_eq!((comparison.compared, settled.len()), (6, 0));
    assert_eq!(payments.number("SELECT COUNT(*) FROM events"), events);

    // What was adopted is a payment like any other.
    assert_eq!(till.authorise(&payments, "kept", &kept_code, 100).outcome(), "approved");
    assert_eq!(till.authorise(&payments, "kept", &code, 100).outcome(), "key-reused");
    assert_eq!(voids(&json!({ "key": "kept" })), "refunded");
    assert_eq!((money(&sandbox), rows(&payments)), (0, 0));
}

/// The sandbox of the issuer, over the same ledger.
pub(crate) fn sandbox(payments: &TestPayments<'_>) -> (Sandbox, Stripe) {
    let ledger = payments.issuer.folder.path().join("sandbox");
    let sandbox = Sandbox::with_ledger_file(ledger, "key");
    let address = payments.threads.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(sandbox.clone().serve(listener));
        address
    });
    let key = SecretSetting::new("key");
    (sandbox, Stripe::new(&address, &key, Duration::from_mins(1)).unwrap())
}

/// Restores a backup into another store, which the issuer uses from then on.
fn put_back(issuer: &mut TestIssuer, elsewhere: &str, backup: &std::path::Path) {
    issuer.stop();
    let store =
        issuer.settings.lines().find(|line| line.starts_with("store = ")).unwrap().to_owned();
    issuer.settings = issuer.settings.replace(&store, &format!("store = {elsewhere:?}"));
    let config: Config = toml::from_str(&issuer.settings).unwrap();
    let world = Environment { clock: issuer.clock.clone(), ..Environment::system() };
    restore(&config, &world, backup, &reason()).unwrap();
    issuer.start();
}

/// What the processor holds: charged, and not returned.
fn money(sandbox: &Sandbox) -> i64 {
    let paid = sandbox.paid().unwrap();
    paid.iter().map(|paid| i64::from(paid.charged) - i64::from(paid.refunded)).sum()
}

/// What the rows say that it holds.
fn rows(payments: &TestPayments<'_>) -> i64 {
    payments.number("SELECT COALESCE(SUM(amount), 0) FROM authorisations WHERE state = 'charged'")
}

#[test]
fn payments_lost_by_a_restore_are_settled_on_sqlite() {
    let issuer = TestIssuer::with_sandbox();
    let elsewhere = format!("sqlite:{}", issuer.folder.path().join("restored.sqlite").display());
    payments_lost_by_a_restore_are_settled(issuer, &elsewhere);
}

#[test]
fn payments_lost_by_a_restore_are_settled_on_postgres() {
    let issuer = TestIssuer::postgres_with_sandbox();
    payments_lost_by_a_restore_are_settled(issuer, &new_postgres_database());
}
