//! The adapter against stripe-mock, Stripe's own published test server: it holds each request of ours to the schema of
//! Stripe's interface, and answers with what that schema has. It keeps no state: how it all behaves is
//! `tests/sandbox.rs`'s.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tegata::UnixTime;
use tegata_issuer::config::SecretSetting;
use tegata_issuer::domain::MethodId;
use tegata_issuer::processor::{
    CardSetups, ChargeRequest, Processor, RequestKey, SetupRequest, Stripe,
};

struct Mock {
    server: Child,
    port: u16,
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn mock() -> Mock {
    let program = std::env::var_os("STRIPE_MOCK");
    let program = program.expect("STRIPE_MOCK is missing: cargo xtask test processor sets it");
    let mut server = Command::new(program);
    server.args(["-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0"]);
    let mut server = server.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.by_ref().find_map(|line| {
        let (_, place) = line.split_once("Listening for HTTP at address: ")?;
        place.trim().rsplit_once(':')?.1.parse().ok()
    });
    // It says more, and would end if nobody listened.
    std::thread::spawn(move || lines.for_each(drop));
    Mock { server, port: port.expect("stripe-mock says where it listens") }
}

fn stripe(mock: &Mock) -> Stripe {
    let base = format!("http://127.0.0.1:{}", mock.port);
    Stripe::new(&base, &SecretSetting::new("sk_test_123"), Duration::from_secs(20)).unwrap()
}

#[tokio::test]
async fn every_request_matches_stripe_and_every_answer_is_read() {
    let mock = mock();
    let stripe = stripe(&mock);
    let customer = stripe.customer(RequestKey("a")).await.unwrap();
    let token = MethodId::new("pm_card_visa").unwrap();
    let card = stripe.attach(&customer, &token, RequestKey("b")).await.unwrap();
    assert!(!card.brand.is_empty() && card.last4.len() == 4, "{card:?}");
    let metadata =
        [("authorisation", "0123456789abcdef".to_owned()), ("till", "till-1".to_owned())];
    let wanted = ChargeRequest {
        customer: &customer,
        method: &card.method,
        amount: 1080,
        currency: "jpy",
        metadata: &metadata,
    };
    let intent = stripe.create(&wanted, RequestKey("c")).await.unwrap();
    stripe.confirm(&intent, RequestKey("d")).await.unwrap();
    stripe.retrieve(&intent).await.unwrap();
    let found = stripe.inspect(&intent).await.unwrap();
    assert!(!found.currency.is_empty() && found.amount.is_some(), "{found:?}");
    let since = UnixTime::new(1_800_000_000).unwrap();
    for after in [None, Some(&intent)] {
        let page = stripe.list(since, after).await.unwrap();
        assert!(!page.intents.is_empty(), "{page:?}");
    }
    stripe.cancel(&intent, RequestKey("e")).await.unwrap();
    stripe.refund(&intent, RequestKey("f")).await.unwrap();
    stripe.detach(&card.method).await.unwrap();
    let request = SetupRequest { customer: &customer, card: "0123456789abcdef" };
    let setup = stripe.begin_setup(&request, RequestKey("g")).await.unwrap();
    assert!(setup.client_secret.expose().contains("_secret_"));
    // The mock's own is for nobody's request.
    assert_eq!(stripe.setup(&setup.id).await.unwrap().card_of(&request), None);
    stripe.failed_attempts(&setup.id).await.unwrap();
    stripe.cancel_setup(&setup.id).await.unwrap();
}

#[test]
fn a_malformed_request_is_refused_by_the_mock() {
    let mock = mock();
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let ask = |key: &str, form: &[(&str, &str)]| {
        let url = format!("http://127.0.0.1:{}/v1/payment_intents", mock.port);
        let request = agent.post(url).header("authorization", format!("Bearer {key}"));
        request.send_form(form.iter().copied()).unwrap().status().as_u16()
    };
    let good = [("amount", "1080"), ("currency", "jpy")];
    assert_eq!(ask("sk_test_123", &good), 200);
    assert_eq!(ask("no key of theirs", &good), 401);
    assert_eq!(ask("sk_test_123", &[("amount", "much"), ("currency", "jpy")]), 400);
    assert_eq!(ask("sk_test_123", &[("currency", "jpy")]), 400);
    let unknown = [good[0], good[1], ("a_field_that_nobody_knows", "1")];
    assert_eq!(ask("sk_test_123", &unknown), 400);
}
