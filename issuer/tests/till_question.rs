//! What a till hears of a payment that a processor charged: how it ended, soon after one failed answer, and which card.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tegata_issuer::config::SecretSetting;
use tegata_issuer::processor::Stripe;
use tegata_sandbox::{Fault, Sandbox};
use tegata_testkit::{TestIssuer, TestPayments, card::add_card};

#[test]
fn sqlite() {
    one_failed_answer_is_over_with_the_tills_question(TestIssuer::with);
    the_answer_names_the_card_that_was_charged(TestIssuer::with);
}

#[test]
fn postgres() {
    one_failed_answer_is_over_with_the_tills_question(TestIssuer::postgres_with);
    the_answer_names_the_card_that_was_charged(TestIssuer::postgres_with);
}

/// A processor at an address of its own.
struct Far {
    sandbox: Sandbox,
    stripe: Stripe,
    settings: String,
    _threads: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl Far {
    fn new() -> Self {
        let threads = tokio::runtime::Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::with_ledger_file(folder.path().join("ledger.sqlite"), "key");
        let listener = threads.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        threads.spawn(sandbox.clone().serve(listener));
        let stripe = Stripe::new(&url, &SecretSetting::new("key"), Duration::from_secs(8)).unwrap();
        let settings = format!("processor = {url:?}\nprocessor_key = \"key\"\n");
        Self { sandbox, stripe, settings, _threads: threads, _folder: folder }
    }
}

fn the_answer_names_the_card_that_was_charged(start: impl FnOnce(&str) -> TestIssuer) {
    let far = Far::new();
    let issuer = start(&far.settings);
    let payments = TestPayments::new(&issuer);
    let payer = payments.payer(1);
    add_card(&payments, &payer, &far.stripe, "pm_card_visa");
    let till = payments.till("till-1");
    let visa = json!({ "brand": "visa", "last4": "4242" });
    let code = payments.next_code(&payer);
    let reply = till.authorise(&payments, "sale", &code, 100);
    assert_eq!((reply.outcome().as_str(), &reply.body["card"]), ("approved", &visa));
    let again = till.authorise(&payments, "sale", &code, 100);
    assert_eq!(again.body["card"], visa);
    let path = format!("/v1/authorisations/{}", reply.id());
    assert_eq!(payments.get(&till, &path).body["card"], visa);
    // The list has none, and what was not charged neither.
    let list = payments.get(&till, "/v1/authorisations");
    assert_eq!(list.body["authorisations"][0].get("card"), None);
    assert_eq!(till.authorise(&payments, "sale-2", &code, 100).body.get("card"), None);
    assert_eq!(payments.void(&till, &json!({ "reference": "sale" })).outcome(), "refunded");
    assert_eq!(payments.get(&till, &path).body["card"], visa);
    // Another shopper's card declines; a card that its owner removed is not named any more.
    let poor = payments.payer(2);
    add_card(&payments, &poor, &far.stripe, "pm_card_chargeCustomerFail");
    let declined = till.authorise(&payments, "sale-3", &payments.next_code(&poor), 100);
    assert_eq!((declined.outcome().as_str(), declined.body.get("card")), ("declined", None));
    payments.sql("DELETE FROM cards");
    let gone = payments.get(&till, &path);
    assert_eq!((gone.outcome().as_str(), gone.body.get("card")), ("refunded", None));
}

fn one_failed_answer_is_over_with_the_tills_question(start: impl FnOnce(&str) -> TestIssuer) {
    let far = Far::new();
    let Far { sandbox, stripe, settings, .. } = &far;
    let issuer = start(settings);
    let payments = TestPayments::new(&issuer);
    let payer = payments.payer(1);
    add_card(&payments, &payer, stripe, "pm_card_visa");
    let till = payments.till("till-1");

    let asked = Arc::new(AtomicUsize::new(0));
    for (nth, call) in ["create", "confirm"].into_iter().enumerate() {
        let counter = asked.clone();
        sandbox.fail(move |it| {
            counter.fetch_add(1, Ordering::SeqCst);
            if it.name() == call { Fault::FailedBefore } else { Fault::None }
        });
        let reference = format!("sale-{nth}");
        let code = payments.next_code(&payer);
        let reply = till.authorise(&payments, &reference, &code, 100);
        assert_eq!(reply.outcome(), "pending", "{call}");
        let path = format!("/v1/authorisations/{}", reply.id());
        let before = count_of(&asked);
        // A till asks as often as it likes; the processor is asked once in two seconds.
        for _ in 0..3 {
            assert_eq!(payments.get(&till, &path).outcome(), "pending", "{call}");
        }
        assert_eq!(count_of(&asked), before, "{call}: too early");
        issuer.advance_clock(2);
        assert_eq!(payments.get(&till, &path).outcome(), "pending", "{call}");
        assert_ne!(count_of(&asked), before, "{call}");
        sandbox.fail(|_| Fault::None);
        issuer.advance_clock(2);
        let name = format!(
            "tegata_processor_failures_total{{operation=\"{call}\",reason=\"outcome-unknown\"}}"
        );
        // Once by the sale, and once by the question.
        assert_eq!(issuer.counts(&name)[&name], 2, "{call}");
        let outcome = if nth == 0 {
            payments.get(&till, &path).outcome()
        } else {
            // The same request again is a question, too.
            till.authorise(&payments, &reference, &code, 100).outcome()
        };
        assert_eq!(outcome, "approved", "{call}");
        issuer.advance_clock(60);
    }
    let created = "tegata_processor_request_seconds_count{operation=\"create\"}";
    assert_eq!(issuer.counts(created)[created], 4);
    let paid = sandbox.paid().unwrap();
    assert_eq!(paid.iter().map(|paid| paid.charged).collect::<Vec<_>>(), [100, 100]);
}

fn count_of(asked: &AtomicUsize) -> usize {
    asked.load(Ordering::SeqCst)
}
