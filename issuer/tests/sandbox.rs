//! The adapter against the sandbox: what it makes of each thing that can go wrong, at each request.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tegata_issuer::config::SecretSetting;
use tegata_issuer::domain::{CustomerId, IntentId, MethodId};
use tegata_issuer::processor::{
    CardDecline, CardSetups, ChargeRequest, IntentStatus, Processor, ProcessorError, RequestKey,
    SetupRequest, SetupStatus, Stripe,
};
use tegata_sandbox::{CardForm, CardFormResult, Fault as Switch, Sandbox};

/// Longer than the adapter waits.
const TOO_LONG: Duration = Duration::from_millis(1500);
const PATIENCE: Duration = Duration::from_millis(500);

struct Far {
    sandbox: Sandbox,
    stripe: Stripe,
    address: String,
    folder: tempfile::TempDir,
    keys: AtomicU32,
}

async fn far() -> Far {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::with_ledger_file(folder.path().join("ledger.sqlite"), "key");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(sandbox.clone().serve(listener));
    let stripe = Stripe::new(&address, &SecretSetting::new("key"), PATIENCE).unwrap();
    Far { sandbox, stripe, address, folder, keys: AtomicU32::new(0) }
}

impl Far {
    fn key(&self) -> String {
        format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }

    async fn card(&self, name: &str) -> (CustomerId, MethodId) {
        let customer = self.stripe.customer(RequestKey(&self.key())).await.unwrap();
        let token = MethodId::new(name).unwrap();
        let card = self.stripe.attach(&customer, &token, RequestKey(&self.key())).await.unwrap();
        (customer, card.method)
    }

    async fn create(
        &self,
        customer: &CustomerId,
        method: &MethodId,
        key: &str,
    ) -> Result<IntentId, ProcessorError> {
        let metadata = [("authorisation", "one".to_owned()), ("till", "till-1".to_owned())];
        let wanted =
            ChargeRequest { customer, method, amount: 1080, currency: "jpy", metadata: &metadata };
        self.stripe.create(&wanted, RequestKey(key)).await
    }

    /// An intent on a card that pays.
    async fn intent(&self) -> IntentId {
        let (customer, method) = self.card("pm_card_visa").await;
        self.create(&customer, &method, &self.key()).await.unwrap()
    }

    /// Charged and refunded, in all.
    fn sums(&self) -> (u32, u32) {
        let paid = self.sandbox.paid().unwrap();
        paid.iter().fold((0, 0), |(charged, refunded), paid| {
            (charged + paid.charged, refunded + paid.refunded)
        })
    }

    /// From now on this happens to requests of this name, and nothing to others.
    fn fails(&self, call: &'static str, switch: Switch) {
        self.sandbox.fail(move |asked| if asked.name() == call { switch } else { Switch::None });
    }
}

#[tokio::test]
async fn a_card_is_registered_charged_once_and_refunded_once() {
    let far = far().await;
    let customer = far.stripe.customer(RequestKey("a")).await.unwrap();
    assert_eq!(
        far.stripe.customer(RequestKey("a")).await.unwrap(),
        customer,
        "the same key, the same customer"
    );
    let token = MethodId::new("pm_card_visa").unwrap();
    let card = far.stripe.attach(&customer, &token, RequestKey("b")).await.unwrap();
    assert_eq!((card.brand.as_str(), card.last4.as_str()), ("visa", "4242"));
    let intent = far.create(&customer, &card.method, "c").await.unwrap();
    assert_eq!(far.create(&customer, &card.method, "c").await.unwrap(), intent);
    assert_eq!(far.stripe.retrieve(&intent).await, Ok(IntentStatus::Created));
    assert_eq!(far.sums(), (0, 0), "what is not confirmed moves nothing");
    for _ in 0..2 {
        assert_eq!(far.stripe.confirm(&intent, RequestKey("d")).await, Ok(IntentStatus::Succeeded));
    }
    assert_eq!(far.stripe.confirm(&intent, RequestKey("e")).await, Err(ProcessorError::WrongState));
    assert_eq!(far.sums(), (1080, 0));
    assert_eq!(far.stripe.cancel(&intent, RequestKey("f")).await, Err(ProcessorError::WrongState));
    for key in ["g", "g", "h"] {
        assert_eq!(far.stripe.refund(&intent, RequestKey(key)).await, Ok(()));
    }
    assert_eq!(far.sums(), (1080, 1080));
}

#[tokio::test]
async fn a_cancelled_or_declined_intent_is_never_charged() {
    let far = far().await;
    let intent = far.intent().await;
    assert_eq!(far.stripe.cancel(&intent, RequestKey("a1")).await, Ok(IntentStatus::Cancelled));
    assert_eq!(
        far.stripe.confirm(&intent, RequestKey("a2")).await,
        Err(ProcessorError::WrongState)
    );
    let declining = [
        ("pm_card_chargeCustomerFail", CardDecline::Other),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", CardDecline::Funds),
        ("pm_card_authenticationRequired", CardDecline::Authentication),
    ];
    for (card, why) in declining {
        let (customer, method) = far.card(card).await;
        let intent = far.create(&customer, &method, &far.key()).await.unwrap();
        let confirmed = far.stripe.confirm(&intent, RequestKey(&far.key())).await;
        assert_eq!(confirmed, Ok(IntentStatus::Declined(why)), "{card}");
        assert_eq!(far.stripe.retrieve(&intent).await, Ok(IntentStatus::Declined(why)), "{card}");
        assert_eq!(
            far.stripe.confirm(&intent, RequestKey(&far.key())).await,
            Err(ProcessorError::WrongState)
        );
    }
    assert_eq!(far.sums(), (0, 0));
}

#[tokio::test]
async fn a_removed_card_is_not_charged_and_removal_repeats() {
    let far = far().await;
    let (customer, method) = far.card("pm_card_visa").await;
    let intent = far.create(&customer, &method, "a").await.unwrap();
    far.stripe.detach(&method).await.unwrap();
    far.stripe.detach(&method).await.unwrap();
    assert!(matches!(
        far.stripe.confirm(&intent, RequestKey("b")).await,
        Ok(IntentStatus::Declined(_))
    ));
    assert_eq!(far.create(&customer, &method, "c").await, Err(ProcessorError::NotFound));
}

#[tokio::test]
async fn a_holder_registers_a_card_by_a_setup_intent() {
    let far = far().await;
    let customer = far.stripe.customer(RequestKey("a")).await.unwrap();
    let request = SetupRequest { customer: &customer, card: "one" };
    let made = far.stripe.begin_setup(&request, RequestKey("b")).await.unwrap();
    let again = far.stripe.begin_setup(&request, RequestKey("b")).await.unwrap();
    assert_eq!(again.id, made.id, "the same key, the same setup intent");
    let fill_in = |card: &str, confirmation| {
        let client_secret = made.client_secret.expose().to_owned();
        let form = CardForm { client_secret, card: card.to_owned(), confirmation };
        far.sandbox.fill_in(&form).unwrap()
    };
    let waits = async || {
        assert_eq!(far.stripe.setup(&made.id).await.unwrap().status, SetupStatus::Waiting);
    };
    waits().await;
    assert_eq!(fill_in("pm_card_none", None), CardFormResult::UnknownCard);
    assert_eq!(fill_in("pm_card_chargeDeclined", None), CardFormResult::Failed);
    assert_eq!(fill_in("pm_card_threeDSecure2Required", None), CardFormResult::Asks);
    waits().await;
    assert_eq!(fill_in("pm_card_threeDSecure2Required", Some(false)), CardFormResult::Failed);
    assert_eq!(far.stripe.failed_attempts(&made.id).await, Ok(2));
    assert_eq!(fill_in("pm_card_threeDSecure2Required", Some(true)), CardFormResult::Succeeded);
    assert_eq!(fill_in("pm_card_visa", None), CardFormResult::Closed);
    assert_eq!(far.stripe.failed_attempts(&made.id).await, Ok(2));
    let found = far.stripe.setup(&made.id).await.unwrap();
    let (card, _) = found.clone().card_of(&request).unwrap();
    assert_eq!((card.brand.as_str(), card.last4.as_str()), ("visa", "3220"));
    // It is charged as any other, and of no other customer or request.
    far.create(&customer, &card.method, "c").await.unwrap();
    let other = far.stripe.customer(RequestKey("d")).await.unwrap();
    for request in
        [SetupRequest { customer: &other, ..request }, SetupRequest { card: "two", ..request }]
    {
        assert_eq!(found.clone().card_of(&request), None, "{request:?}");
    }
    far.stripe.cancel_setup(&made.id).await.unwrap();
    assert!(matches!(far.stripe.setup(&made.id).await.unwrap().status, SetupStatus::Succeeded(..)));
}

#[tokio::test]
async fn a_cancelled_setup_intent_registers_nothing() {
    let far = far().await;
    let customer = far.stripe.customer(RequestKey("a")).await.unwrap();
    let request = SetupRequest { customer: &customer, card: "one" };
    let made = far.stripe.begin_setup(&request, RequestKey("b")).await.unwrap();
    far.stripe.cancel_setup(&made.id).await.unwrap();
    far.stripe.cancel_setup(&made.id).await.unwrap();
    let client_secret = made.client_secret.expose().to_owned();
    let form = CardForm { client_secret, card: "pm_card_visa".to_owned(), confirmation: None };
    assert_eq!(far.sandbox.fill_in(&form).unwrap(), CardFormResult::Closed);
    assert_eq!(far.stripe.setup(&made.id).await.unwrap().status, SetupStatus::Cancelled);
    // One of test mode is none of a live key.
    let live = Sandbox::with_ledger_file(far.folder.path().join("ledger.sqlite"), "sk_live_1");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(live.serve(listener));
    let live = Stripe::new(&address, &SecretSetting::new("sk_live_1"), PATIENCE).unwrap();
    assert_eq!(live.setup(&made.id).await.unwrap_err(), ProcessorError::NotFound);
}

#[tokio::test]
async fn a_test_card_has_a_fingerprint_of_its_own_for_each_customer_but_one() {
    let far = far().await;
    let mut seen = std::collections::BTreeSet::new();
    for (n, card) in
        ["pm_card_visa", "pm_card_visa", "pm_card_shared", "pm_card_shared"].into_iter().enumerate()
    {
        let key = |what: &str| format!("{what}-{n}");
        let customer = far.stripe.customer(RequestKey(&key("customer"))).await.unwrap();
        let request = SetupRequest { customer: &customer, card: "one" };
        let made = far.stripe.begin_setup(&request, RequestKey(&key("setup"))).await.unwrap();
        let client_secret = made.client_secret.expose().to_owned();
        let form = CardForm { client_secret, card: card.to_owned(), confirmation: None };
        assert_eq!(far.sandbox.fill_in(&form).unwrap(), CardFormResult::Succeeded);
        let (_, fingerprint) = far.stripe.setup(&made.id).await.unwrap().card_of(&request).unwrap();
        seen.insert(fingerprint.as_str().to_owned());
    }
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn a_key_that_was_used_for_another_request_is_refused() {
    let far = far().await;
    let (customer, method) = far.card("pm_card_visa").await;
    far.create(&customer, &method, "same").await.unwrap();
    let (another, method) = far.card("pm_card_jcb").await;
    assert_eq!(far.create(&another, &method, "same").await, Err(ProcessorError::Rejected(400)));
}

#[tokio::test]
async fn no_number_of_a_card_and_no_other_key_is_taken() {
    let far = far().await;
    let customer = far.stripe.customer(RequestKey("a")).await.unwrap();
    let number = MethodId::new("4242424242424242").unwrap();
    assert_eq!(
        far.stripe.attach(&customer, &number, RequestKey("b")).await,
        Err(ProcessorError::NotFound)
    );
    let other = Stripe::new(&far.address, &SecretSetting::new("other"), PATIENCE).unwrap();
    assert_eq!(other.customer(RequestKey("c")).await, Err(ProcessorError::Rejected(401)));
}

/// Whatever happens to a confirmation: it is told as it is or left open, and asked by the id it becomes clear. What was
/// left open is cancelled or given back, and nothing is charged that is not.
#[tokio::test]
async fn a_faulty_request_charges_as_answered_or_stays_open() {
    let far = far().await;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for switch in Switch::each(TOO_LONG) {
        let intent = far.intent().await;
        let (before, _) = far.sums();
        far.fails("confirm", switch);
        let result = far.stripe.confirm(&intent, RequestKey(&far.key())).await;
        far.sandbox.fail(|_| Switch::None);
        match result {
            Ok(status) => assert_eq!(status, IntentStatus::Succeeded, "{switch:?}"),
            Err(fault) => {
                assert!(
                    matches!(fault, ProcessorError::OutcomeUnknown(_)),
                    "{switch:?}: {fault:?}"
                );
            }
        }
        *seen.entry(if result.is_ok() { "known" } else { "open" }).or_default() += 1;
        // In the case of `Late` it is still on its way: the intent is cancelled before it arrives.
        let known = far.stripe.retrieve(&intent).await.unwrap();
        match known {
            IntentStatus::Succeeded => assert_eq!(far.sums().0, before + 1080, "{switch:?}"),
            IntentStatus::Created => {
                assert!(result.is_err(), "{switch:?}");
                far.stripe.cancel(&intent, RequestKey(&far.key())).await.unwrap();
                tokio::time::sleep(if matches!(switch, Switch::Late(_)) {
                    TOO_LONG
                } else {
                    Duration::ZERO
                })
                .await;
                assert_eq!(far.stripe.retrieve(&intent).await, Ok(IntentStatus::Cancelled));
                assert_eq!(far.sums().0, before, "{switch:?}");
            }
            other => panic!("{switch:?}: {other:?}"),
        }
    }
    assert_eq!(seen, BTreeMap::from([("open", 6), ("known", 2)]));
}

/// The other requests that change something: said again under another key they come to what was wanted, and to no more.
#[tokio::test]
async fn refunds_and_cancellations_can_be_repeated_after_faults() {
    let far = far().await;
    for switch in Switch::each(TOO_LONG) {
        let paid = far.intent().await;
        far.stripe.confirm(&paid, RequestKey(&far.key())).await.unwrap();
        let (charged, refunded) = far.sums();
        far.fails("refund", switch);
        let result = far.stripe.refund(&paid, RequestKey(&far.key())).await;
        assert!(
            matches!(result, Ok(()) | Err(ProcessorError::OutcomeUnknown(_))),
            "{switch:?}: {result:?}"
        );
        far.sandbox.fail(|_| Switch::None);
        far.stripe.refund(&paid, RequestKey(&far.key())).await.unwrap();
        assert_eq!(far.sums(), (charged, refunded + 1080), "{switch:?}");

        let open = far.intent().await;
        far.fails("cancel", switch);
        let result = far.stripe.cancel(&open, RequestKey(&far.key())).await;
        assert!(
            matches!(result, Ok(IntentStatus::Cancelled) | Err(ProcessorError::OutcomeUnknown(_))),
            "{switch:?}"
        );
        far.sandbox.fail(|_| Switch::None);
        let again = far.stripe.cancel(&open, RequestKey(&far.key())).await;
        assert!(
            matches!(again, Ok(IntentStatus::Cancelled) | Err(ProcessorError::WrongState)),
            "{switch:?}"
        );
        assert_eq!(far.stripe.retrieve(&open).await, Ok(IntentStatus::Cancelled));

        far.fails("create", switch);
        let (customer, method) = far.card("pm_card_visa").await;
        let result = far.create(&customer, &method, &far.key()).await;
        assert!(matches!(result, Ok(_) | Err(ProcessorError::OutcomeUnknown(_))), "{switch:?}");
        far.sandbox.fail(|_| Switch::None);
    }
}
