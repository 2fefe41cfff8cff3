//! The processor's charges, compared with rows that say something else, and settled.

use std::sync::Arc;

use tegata::{Clock, UnixTime};
use tegata_issuer::domain::{AuthorisationId, IntentId};
use tegata_issuer::payments::reconciliation::{Finding, Reconciliation, Remedy, Settlement};
use tegata_issuer::payments::{ChargeOutcome, DEADLINE};
use tegata_issuer::processor::{ChargeRequest, IntentStatus, Processor, RequestKey};
use tegata_issuer::store::AuthorisationState;
use tegata_sandbox::Fault;

use crate::charging::ChargingTest;
use crate::shopper;
use crate::test_database::TestDatabase;

crate::on_both!(
    rows_that_do_not_know_of_their_charge_are_brought_up_to_it,
    a_row_without_its_charges_id_finds_it,
    money_that_no_payment_stands_for_goes_back,
    charges_of_others_are_left_alone,
    a_payment_that_goes_on_is_left_to_the_service,
    a_charge_that_the_processor_does_not_have_is_a_persons_to_check,
    every_page_is_read,
);

const BEGINNING: u64 = 0;

fn reconciliation(test: &ChargingTest) -> Reconciliation {
    let patient = Arc::new(test.patient.clone());
    Reconciliation::new(test.store.clone(), patient, test.clock.clone(), test.receipts.clone())
}

async fn findings(test: &ChargingTest) -> Vec<Finding> {
    let since = UnixTime::new(BEGINNING).unwrap();
    reconciliation(test).compare(since).await.unwrap().findings
}

/// Settles all that differs, and checks that nothing does afterwards; gives what was to be done.
async fn settle(test: &ChargingTest) -> Vec<Remedy> {
    let found = findings(test).await;
    for finding in &found {
        let event = shopper::event(test.clock.now(), "charge_reconciled");
        let settled = reconciliation(test).settle(finding, "operator ann", event).await.unwrap();
        assert_eq!(settled, Settlement::Done, "{finding:?}");
    }
    let left = findings(test).await;
    assert!(left.is_empty(), "the same again: {left:?}");
    found.iter().map(|finding| finding.remedy).collect()
}

/// Charges a card for a payment.
async fn charged(test: &ChargingTest) -> AuthorisationId {
    let id = test.authorised(test.account(Some("pm_card_visa")).await).await;
    assert_eq!(test.charge(&test.charging, id).await, ChargeOutcome::Done);
    id
}

/// Puts a payment's row back into this state, as a restored database has it, with all that was written since.
async fn put_back(test: &ChargingTest, id: AuthorisationId, state: &str, keeps_intent: bool) {
    let number = test.database.blob(&id.0);
    let forget = if keeps_intent { "" } else { ", intent = NULL, card = NULL" };
    let open = if matches!(state, "voided" | "declined" | "charged") {
        String::new()
    } else {
        format!("INSERT INTO charges_open VALUES ({number}, {});", test.clock.now().seconds())
    };
    let keep = if state == "charged" { "payment_charged" } else { "none" };
    test.database
        .sql(&format!(
            "DELETE FROM events WHERE detail LIKE '%{id}%' AND deed <> '{keep}'; \
             DELETE FROM events_waiting WHERE event NOT IN (SELECT event FROM events); \
             DELETE FROM outbox; DELETE FROM charges_open WHERE authorisation = {number}; \
             UPDATE authorisations SET state = '{state}'{forget} WHERE authorisation = {number}; {open}"
        ))
        .await;
}

async fn rows_that_do_not_know_of_their_charge_are_brought_up_to_it(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    test.sandbox.fail(|asked| match asked.name() {
        "confirm" => Fault::LostAfter,
        _ => Fault::None,
    });
    let unknown = test.authorised(test.account(Some("pm_card_visa")).await).await;
    assert_eq!(test.charge(&test.charging, unknown).await, ChargeOutcome::Pending);
    assert_eq!(test.state(unknown).await, AuthorisationState::Unknown);
    test.sandbox.fail(|_| Fault::None);
    test.advance(DEADLINE);
    assert_eq!(settle(&test).await, [Remedy::MarkCharged]);
    assert_eq!(test.check_sums(unknown).await, AuthorisationState::Charged);

    // Refunded before the database was put back.
    test.void(unknown).await;
    test.settle().await;
    put_back(&test, unknown, "charged", true).await;
    let found = findings(&test).await;
    assert_eq!(found.iter().map(|it| it.remedy).collect::<Vec<_>>(), [Remedy::MarkRefunded]);
    assert_eq!(test.state(unknown).await, AuthorisationState::Charged, "a comparison changes none");
    assert_eq!(settle(&test).await, [Remedy::MarkRefunded]);
    assert_eq!(test.state(unknown).await, AuthorisationState::Refunded);
    assert_eq!(test.at_processor(unknown), (1, 1));
}

async fn a_row_without_its_charges_id_finds_it(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    let id = charged(&test).await;
    let before = test.store.authorisation(id).await.unwrap().unwrap();
    put_back(&test, id, "authorised", false).await;
    test.advance(DEADLINE);
    assert_eq!(settle(&test).await, [Remedy::MarkCharged]);
    assert_eq!(test.check_sums(id).await, AuthorisationState::Charged);
    let after = test.store.authorisation(id).await.unwrap().unwrap();
    assert_eq!((after.intent, after.card), (before.intent, before.card));
}

async fn money_that_no_payment_stands_for_goes_back(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    // The job has voided a row that did not know of its charge.
    let voided = charged(&test).await;
    put_back(&test, voided, "voided", false).await;
    // An account that signed up after the backup: no row can be made.
    let strange = charged(&test).await;
    let number = test.database.blob(&strange.0);
    test.database.sql(&format!("DELETE FROM authorisations WHERE authorisation = {number}")).await;
    // Never confirmed, and its row is gone.
    test.sandbox.fail(|asked| match asked.name() {
        "confirm" => Fault::LostBefore,
        _ => Fault::None,
    });
    let begun = test.authorised(test.account(Some("pm_card_visa")).await).await;
    assert_eq!(test.charge(&test.charging, begun).await, ChargeOutcome::Pending);
    test.sandbox.fail(|_| Fault::None);
    let intent = test.store.authorisation(begun).await.unwrap().unwrap().intent.unwrap();
    let number = test.database.blob(&begun.0);
    test.database
        .sql(&format!(
            "DELETE FROM authorisations WHERE authorisation = {number}; \
             DELETE FROM charges_open WHERE authorisation = {number}"
        ))
        .await;

    assert_eq!(settle(&test).await, [Remedy::Cancel, Remedy::Refund, Remedy::Refund]);
    assert_eq!((test.at_processor(voided), test.at_processor(strange)), ((1, 1), (1, 1)));
    let intent = IntentId::new(&intent).unwrap();
    assert_eq!(test.patient.retrieve(&intent).await, Ok(IntentStatus::Cancelled));
    let logged = "SELECT COUNT(*) FROM events WHERE deed = 'charge_reconciled'";
    assert_eq!(test.database.number(logged).await, 3);
}

/// Creates and charges an intent with these metadata.
async fn charge_with(test: &ChargingTest, metadata: &[(&'static str, String)]) -> IntentId {
    let account = test.account(Some("pm_card_visa")).await;
    let card = test.store.chargeable_card(account).await.unwrap().unwrap();
    let wanted = ChargeRequest {
        customer: &card.customer,
        method: &card.registered.method,
        amount: 700,
        currency: "jpy",
        metadata,
    };
    let key = |what| format!("{what}-{account}");
    let intent = test.patient.create(&wanted, RequestKey(&key("create"))).await.unwrap();
    test.patient.confirm(&intent, RequestKey(&key("confirm"))).await.unwrap();
    intent
}

async fn charges_of_others_are_left_alone(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    let id = "0190000000007000800000000000abcd".to_owned();
    charge_with(&test, &[]).await;
    charge_with(&test, &[("authorisation", "an order of a web shop".to_owned())]).await;
    // Of another issuer, which has the number that its own keys give.
    charge_with(&test, &[("authorisation", id.clone()), ("number", "00".repeat(16))]).await;
    let since = UnixTime::new(BEGINNING).unwrap();
    let comparison = reconciliation(&test).compare(since).await.unwrap();
    assert_eq!((comparison.compared, comparison.others), (0, 3));
    assert!(comparison.findings.is_empty());

    // Of an earlier version, perhaps of this issuer: a person has to know.
    charge_with(&test, &[("authorisation", id)]).await;
    let found = findings(&test).await;
    assert_eq!(found.iter().map(|it| it.remedy).collect::<Vec<_>>(), [Remedy::Investigate]);
    let event = shopper::event(test.clock.now(), "charge_reconciled");
    let settled = reconciliation(&test).settle(&found[0], "operator ann", event).await.unwrap();
    assert_eq!(settled, Settlement::Left);
    assert!(test.sandbox.paid().unwrap().iter().all(|paid| paid.refunded == 0));
}

async fn a_payment_that_goes_on_is_left_to_the_service(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    test.sandbox.fail(|asked| match asked.name() {
        "confirm" => Fault::LostAfter,
        _ => Fault::None,
    });
    let id = test.authorised(test.account(Some("pm_card_visa")).await).await;
    assert_eq!(test.charge(&test.charging, id).await, ChargeOutcome::Pending);
    test.sandbox.fail(|_| Fault::None);
    let since = UnixTime::new(BEGINNING).unwrap();
    let comparison = reconciliation(&test).compare(since).await.unwrap();
    assert_eq!((comparison.in_progress, comparison.findings.len()), (1, 0));
    test.settle().await;
    assert_eq!(test.check_sums(id).await, AuthorisationState::Charged);
    let comparison = reconciliation(&test).compare(since).await.unwrap();
    assert_eq!((comparison.in_progress, comparison.findings.len()), (0, 0));
}

async fn a_charge_that_the_processor_does_not_have_is_a_persons_to_check(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    let id = charged(&test).await;
    let number = test.database.blob(&id.0);
    test.database
        .sql(&format!(
            "UPDATE authorisations SET intent = 'pi_gone' WHERE authorisation = {number}"
        ))
        .await;
    let found = findings(&test).await;
    let remedies: Vec<_> = found.iter().map(|it| (it.outcome, it.remedy)).collect();
    // The charge that the row should name is nobody's now.
    assert_eq!(remedies, [("charged", Remedy::Refund), ("missing", Remedy::Investigate)]);
}

async fn every_page_is_read(database: TestDatabase) {
    const MADE: usize = 205;
    let test = ChargingTest::open(database).await;
    let account = test.account(Some("pm_card_visa")).await;
    let card = test.store.chargeable_card(account).await.unwrap().unwrap();
    for nth in 0..MADE {
        let id = AuthorisationId(test.number());
        let metadata = [
            ("authorisation", id.to_string()),
            ("number", hex::encode(test.receipts.number(id).0)),
        ];
        let wanted = ChargeRequest {
            customer: &card.customer,
            method: &card.registered.method,
            amount: 700,
            currency: "jpy",
            metadata: &metadata,
        };
        test.patient.create(&wanted, RequestKey(&nth.to_string())).await.unwrap();
    }
    let found = findings(&test).await;
    assert_eq!(found.len(), MADE);
    assert!(found.iter().all(|finding| finding.remedy == Remedy::Cancel));
    let late = UnixTime::new(4_000_000_000).unwrap();
    assert_eq!(reconciliation(&test).compare(late).await.unwrap().compared, 0);
}
