//! Cards charged through the sandbox under every fault: requests are lost, late, failed and doubled, processes die
//! between any two steps, tills void, several reconcile at once. Afterwards the processor's ledger, the rows and what
//! the tills were answered agree, payment by payment.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tegata::protocol::PaymentNumber;
use tegata::{Clock, SystemRandom};
use tegata_issuer::config::SecretSetting;
use tegata_issuer::domain::{AccountId, AuthorisationId, MailId, MethodId};
use tegata_issuer::payments::{
    CardCharger, ChargeOutcome, DEADLINE, ProcessorCharger, SealedReceiptWriter,
};
use tegata_issuer::processor::{Processor, RequestKey, Stripe};
use tegata_issuer::store::{
    Authorisation, AuthorisationState, NewAuthorisation, OutboxMail, ReceiptWriter, Store,
    StoreError, VoidRequest, VoidTarget,
};
use tegata_sandbox::{Fault, Sandbox};
use tegata_testkit::TestClock;

use crate::test_database::{TestDatabase, noon};

crate::on_both!(
    a_good_card_is_charged_and_a_bad_one_is_declined,
    a_payment_without_a_card_is_declined,
    each_fault_at_each_request_ends_in_at_most_one_charge,
    a_pending_refund_is_not_charged_again,
    an_unknown_charge_is_reversed_after_the_deadline,
    a_waiting_payment_is_charged_unless_it_is_too_old,
    one_run_resumes_all_payments_after_an_outage,
    voiding_a_charged_payment_refunds_it_once,
    a_void_long_after_its_day_still_ends,
    a_transition_needs_its_receipt_and_its_event,
    sums_agree_whatever_fails,
);

const AMOUNT: u32 = 1080;
const PATIENCE: Duration = Duration::from_millis(500);
/// Longer than the adapter waits for two tries.
const TOO_LONG: Duration = Duration::from_millis(1300);
/// Longer than a process works on a charge, in seconds.
const HELD: u64 = 31;
const TILLS: usize = 6;

pub(crate) struct ChargingTest {
    pub(crate) database: TestDatabase,
    pub(crate) store: Store,
    pub(crate) sandbox: Sandbox,
    stripe: Arc<Stripe>,
    /// Registers cards, with patience for a busy machine.
    pub(crate) patient: Stripe,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) charging: ProcessorCharger,
    pub(crate) receipts: Arc<dyn ReceiptWriter>,
    made: AtomicU64,
}

/// Makes the writer of receipts.
pub(crate) async fn receipt_writer(
    database: &TestDatabase,
    store: &Store,
) -> Arc<dyn ReceiptWriter> {
    let keys = Arc::new(database.keys(store).await);
    Arc::new(SealedReceiptWriter::new(keys, Arc::new(SystemRandom::new())))
}

impl ChargingTest {
    pub(crate) async fn open(database: TestDatabase) -> Self {
        let sandbox = Sandbox::with_ledger_file(database.file("ledger.sqlite"), "key");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(sandbox.clone().serve(listener));
        let key = SecretSetting::new("key");
        let stripe = Arc::new(Stripe::new(&address, &key, PATIENCE).unwrap());
        let patient = Stripe::new(&address, &key, Duration::from_mins(1)).unwrap();
        let clock = Arc::new(TestClock::at(noon().seconds()));
        let store = database.store().await;
        let receipts = receipt_writer(&database, &store).await;
        let charging =
            ProcessorCharger::new(store.clone(), stripe.clone(), clock.clone(), receipts.clone());
        Self {
            database,
            store,
            sandbox,
            stripe,
            patient,
            clock,
            charging,
            receipts,
            made: AtomicU64::new(0),
        }
    }

    /// Makes the charger of another process.
    async fn another_process(&self) -> ProcessorCharger {
        let store = self.database.store().await;
        let receipts = receipt_writer(&self.database, &store).await;
        ProcessorCharger::new(store, self.stripe.clone(), self.clock.clone(), receipts)
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(seconds);
    }

    pub(crate) fn number(&self) -> [u8; 16] {
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        let mut id = [7; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        id
    }

    /// Makes an account that has this card.
    pub(crate) async fn account(&self, card: Option<&str>) -> AccountId {
        let account = AccountId(self.number());
        let Some(card) = card else { return account };
        let key = |what| format!("{what}-{account}");
        let customer = self.patient.customer(RequestKey(&key("customer"))).await.unwrap();
        let token = MethodId::new(card).unwrap();
        let card = self.patient.attach(&customer, &token, RequestKey(&key("card"))).await.unwrap();
        self.store.store_customer(account, customer).await.unwrap();
        let account_hex = self.database.blob(&account.0);
        let id = self.database.blob(&self.number());
        self.database
            .sql(&format!(
                "INSERT INTO cards VALUES ({account_hex}, {id}, '{}', '{}', '{}', 0, 1, NULL)",
                card.method, card.brand, card.last4
            ))
            .await;
        account
    }

    /// Makes an authorised payment, whose card is to be charged.
    pub(crate) async fn authorised(&self, account: AccountId) -> AuthorisationId {
        let id = AuthorisationId(self.number());
        let of = self.database.blob(&account.0);
        let number = self.database.blob(&id.0);
        let now = self.clock.now().seconds();
        self.database
            .sql(&format!(
                "INSERT INTO authorisations VALUES ({number}, {of}, {of}, 1, 'till', '{id}', {AMOUNT}, 'JPY', 1, \
                 'authorised', NULL, NULL, NULL, {now}, {now}, 1); \
                 INSERT INTO charges_open VALUES ({number}, {now}); \
                 INSERT INTO payers (account, generation, low_until, day, spent) \
                 VALUES ({of}, 0, 0, 1, {AMOUNT}) \
                 ON CONFLICT (account) DO UPDATE SET spent = payers.spent + {AMOUNT}"
            ))
            .await;
        id
    }

    /// Charges a payment as the till's request does, from its row.
    pub(crate) async fn charge(&self, by: &ProcessorCharger, id: AuthorisationId) -> ChargeOutcome {
        let authorisation = self.store.authorisation(id).await.unwrap().unwrap();
        let card = self.store.chargeable_card(authorisation.account).await.unwrap();
        by.charge(NewAuthorisation { authorisation, card, request: None }).await
    }

    pub(crate) async fn state(&self, id: AuthorisationId) -> AuthorisationState {
        self.store.authorisation(id).await.unwrap().unwrap().state
    }

    /// Voids a payment as a till does.
    pub(crate) async fn void(&self, id: AuthorisationId) -> ChargeOutcome {
        let voids = async || {
            let till = "till".parse().unwrap();
            let now = self.clock.now();
            let by = "till till".to_owned();
            let request = VoidRequest {
                till,
                target: VoidTarget::Id(id),
                actor: by,
                now,
                age: None,
                receipts: self.receipts.clone(),
            };
            self.store.void(request).await
        };
        // Each time a charge may change it between reading and writing.
        while let Err(error) = voids().await {
            assert_eq!(error, StoreError::Conflict);
        }
        self.charging.reverse(id).await
    }

    /// Ends all faults, and runs the job until no payment is open.
    pub(crate) async fn settle(&self) {
        self.sandbox.fail(|_| Fault::None);
        for _ in 0..20 {
            self.advance(HELD);
            self.charging.reconcile().await.unwrap();
            let open = self.store.open_payment_counts().await.unwrap();
            if open.authorised + open.charging + open.reversing == 0 {
                return;
            }
        }
        panic!("charges lie about: {:?}", self.store.open_payment_counts().await);
    }

    /// Counts a payment's charges and refunds at the processor.
    pub(crate) fn at_processor(&self, id: AuthorisationId) -> (usize, usize) {
        let paid = self.sandbox.paid().unwrap();
        let of: Vec<_> = paid.iter().filter(|paid| paid.what_for == id.to_string()).collect();
        assert!(of.iter().all(|paid| paid.charged == AMOUNT));
        (of.len(), of.iter().filter(|paid| paid.refunded == AMOUNT).count())
    }

    /// Checks that the row is final and agrees with the ledger; gives its state.
    pub(crate) async fn check_sums(&self, id: AuthorisationId) -> AuthorisationState {
        let state = self.state(id).await;
        let expected = match state {
            AuthorisationState::Charged => (1, 0),
            AuthorisationState::Refunded => (1, 1),
            AuthorisationState::Declined | AuthorisationState::Voided => (0, 0),
            open => panic!("{id} is {open:?}"),
        };
        assert_eq!(self.at_processor(id), expected, "{id} is {state:?}");
        self.is_told_once(id, state).await;
        state
    }

    /// Checks that the log has one end and at most one charge, and that each logged receipt was written.
    async fn is_told_once(&self, id: AuthorisationId, ended: AuthorisationState) {
        let lines = async |deed: &str| {
            let count = format!(
                "SELECT COUNT(*) FROM events WHERE deed = 'payment_{deed}' AND detail LIKE '%{id}%'"
            );
            self.database.number(&count).await
        };
        assert_eq!(lines(ended.name()).await, 1, "{id} is {ended:?}");
        for once in ["charged", "reversing", "voided", "refunded"] {
            assert!(lines(once).await <= 1, "{id} is {ended:?}: {once}");
        }
        let mailed = "SELECT COUNT(*) FROM events \
            WHERE deed IN ('payment_charged', 'payment_voided', 'payment_refunded')";
        // Receipts are sent last.
        let waiting = self.database.number("SELECT COUNT(*) FROM outbox WHERE rank = 1").await;
        assert_eq!(waiting, self.database.number(mailed).await);
    }
}

async fn a_good_card_is_charged_and_a_bad_one_is_declined(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    for (card, outcome, state) in [
        ("pm_card_visa", ChargeOutcome::Done, AuthorisationState::Charged),
        ("pm_card_chargeCustomerFail", ChargeOutcome::Declined, AuthorisationState::Declined),
        ("pm_card_authenticationRequired", ChargeOutcome::Declined, AuthorisationState::Declined),
    ] {
        let account = test.account(Some(card)).await;
        let id = test.authorised(account).await;
        assert_eq!(test.charge(&test.charging, id).await, outcome, "{card}");
        assert_eq!(test.charge(&test.charging, id).await, outcome, "{card}: the same again");
        assert_eq!(test.check_sums(id).await, state, "{card}");
        let it = test.store.authorisation(id).await.unwrap().unwrap();
        assert!(it.intent.is_some() && it.card.is_some());
        let spent =
            format!("SELECT spent FROM payers WHERE account = {}", test.database.blob(&account.0));
        let counted = if state == AuthorisationState::Charged { AMOUNT } else { 0 };
        assert_eq!(test.database.number(&spent).await, i64::from(counted));
    }
}

async fn a_payment_without_a_card_is_declined(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    let id = test.authorised(test.account(None).await).await;
    assert_eq!(test.charge(&test.charging, id).await, ChargeOutcome::Declined);
    assert_eq!(test.check_sums(id).await, AuthorisationState::Declined);
}

async fn each_fault_at_each_request_ends_in_at_most_one_charge(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    for call in ["create", "confirm", "retrieve"] {
        for fault in Fault::each(TOO_LONG) {
            let id = test.authorised(test.account(Some("pm_card_visa")).await).await;
            test.sandbox.fail(move |asked| if asked.name() == call { fault } else { Fault::None });
            let outcome = test.charge(&test.charging, id).await;
            assert_ne!(
                outcome,
                ChargeOutcome::Declined,
                "{fault:?} at {call}: it was not declined"
            );
            if outcome == ChargeOutcome::Pending {
                let stands = if call == "create" {
                    AuthorisationState::Authorised
                } else {
                    AuthorisationState::Unknown
                };
                assert_eq!(test.state(id).await, stands, "{fault:?} at {call}");
            }
            test.settle().await;
            assert_eq!(
                test.check_sums(id).await,
                AuthorisationState::Charged,
                "{fault:?} at {call}"
            );
        }
    }
    for call in ["retrieve", "cancel", "refund", "refunds"] {
        for fault in Fault::each(TOO_LONG) {
            let id = test.authorised(test.account(Some("pm_card_visa")).await).await;
            // `cancel` is sent for charges that were not confirmed.
            let lost = if call == "cancel" { Fault::LostBefore } else { Fault::None };
            test.sandbox
                .fail(move |asked| if asked.name() == "confirm" { lost } else { Fault::None });
            test.charge(&test.charging, id).await;
            test.sandbox.fail(move |asked| if asked.name() == call { fault } else { Fault::None });
            test.void(id).await;
            test.settle().await;
            let ended = if call == "cancel" {
                AuthorisationState::Voided
            } else {
                AuthorisationState::Refunded
            };
            assert_eq!(test.check_sums(id).await, ended, "{fault:?} at {call}");
        }
    }
}

async fn a_pending_refund_is_not_charged_again(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    let id = test.authorised(test.account(Some("pm_card_pendingRefund")).await).await;
    assert_eq!(test.charge(&test.charging, id).await, ChargeOutcome::Done);
    assert_eq!(test.void(id).await, ChargeOutcome::Pending);
    assert_eq!(test.state(id).await, AuthorisationState::Reversing);
    test.settle().await;
    assert_eq!(test.check_sums(id).await, AuthorisationState::Refunded);
}

async fn an_unknown_charge_is_reversed_after_the_deadline(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    let mut ids = Vec::new();
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        test.sandbox.fail(move |asked| if asked.name() == "confirm" { fault } else { Fault::None });
        let id = test.authorised(test.account(Some("pm_card_visa")).await).await;
        assert_eq!(test.charge(&test.charging, id).await, ChargeOutcome::Pending);
        ids.push(id);
    }
    // The processor is unreachable until then.
    test.sandbox.fail(|_| Fault::LostBefore);
    test.advance(DEADLINE - 1);
    test.charging.reconcile().await.unwrap();
    assert_eq!(test.state(ids[0]).await, AuthorisationState::Unknown);
    test.advance(HELD);
    test.charging.reconcile().await.unwrap();
    assert_eq!(test.state(ids[0]).await, AuthorisationState::Reversing);
    test.settle().await;
    assert_eq!(test.check_sums(ids[0]).await, AuthorisationState::Voided);
    assert_eq!(test.check_sums(ids[1]).await, AuthorisationState::Refunded);
}

async fn a_waiting_payment_is_charged_unless_it_is_too_old(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    let account = test.account(Some("pm_card_visa")).await;
    let old = test.authorised(account).await;
    test.advance(DEADLINE - HELD);
    let young = test.authorised(account).await;
    test.charging.reconcile().await.unwrap();
    assert_eq!(
        test.state(young).await,
        AuthorisationState::Authorised,
        "another process may be at it"
    );
    assert_eq!(test.check_sums(old).await, AuthorisationState::Charged);
    let forgotten = test.authorised(account).await;
    test.advance(HELD);
    test.charging.reconcile().await.unwrap();
    assert_eq!(test.check_sums(young).await, AuthorisationState::Charged);
    test.clock.advance(DEADLINE);
    let late = test.authorised(account).await;
    test.advance(DEADLINE);
    test.charging.reconcile().await.unwrap();
    assert_eq!(test.check_sums(late).await, AuthorisationState::Voided);
    let _ = forgotten;
}

async fn one_run_resumes_all_payments_after_an_outage(database: TestDatabase) {
    const LEFT: usize = 400;
    let test = ChargingTest::open(database).await;
    let account = test.database.blob(&test.account(Some("pm_card_visa")).await.0);
    let noon = noon().seconds();
    let mut left = String::from("BEGIN;");
    for _ in 0..LEFT {
        let id = AuthorisationId(test.number());
        let number = test.database.blob(&id.0);
        let _ = write!(
            left,
            "INSERT INTO authorisations VALUES ({number}, {account}, {account}, 1, 'till', '{id}', \
             {AMOUNT}, 'JPY', 1, 'authorised', NULL, NULL, NULL, {noon}, {noon}, 1); \
             INSERT INTO charges_open VALUES ({number}, {noon});"
        );
    }
    test.database.sql(&(left + "COMMIT;")).await;
    test.advance(HELD);
    // So many at once take long on a busy machine.
    let patient = Arc::new(test.patient.clone());
    let clock = test.clock.clone();
    let charging = ProcessorCharger::new(test.store.clone(), patient, clock, test.receipts.clone());
    charging.reconcile().await.unwrap();
    let charged = "SELECT COUNT(*) FROM authorisations WHERE state = 'charged'";
    assert_eq!(test.database.number(charged).await, i64::try_from(LEFT).unwrap());
    assert_eq!(test.sandbox.paid().unwrap().len(), LEFT);
}

async fn voiding_a_charged_payment_refunds_it_once(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    let id = test.authorised(test.account(Some("pm_card_visa")).await).await;
    assert_eq!(test.charge(&test.charging, id).await, ChargeOutcome::Done);
    for _ in 0..2 {
        assert_eq!(test.void(id).await, ChargeOutcome::Done);
        assert_eq!(test.check_sums(id).await, AuthorisationState::Refunded);
    }
    assert_eq!(test.charge(&test.charging, id).await, ChargeOutcome::Declined);
}

/// Tests that a void needs no sum of its day: sums are kept of the last day alone.
async fn a_void_long_after_its_day_still_ends(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    let account = test.account(Some("pm_card_visa")).await;
    let begun = test.authorised(account).await;
    let charged = test.authorised(account).await;
    let asked = test.authorised(account).await;
    assert_eq!(test.charge(&test.charging, charged).await, ChargeOutcome::Done);
    let lost = |asked: &str| {
        if asked == "confirm" { Fault::LostBefore } else { Fault::None }
    };
    test.sandbox.fail(move |asked| lost(asked.name()));
    assert_eq!(test.charge(&test.charging, asked).await, ChargeOutcome::Pending);
    test.sandbox.fail(|_| Fault::None);
    test.database.sql("UPDATE payers SET day = 2, spent = 7").await;
    for (id, ended) in [
        (begun, AuthorisationState::Voided),
        (asked, AuthorisationState::Voided),
        (charged, AuthorisationState::Refunded),
    ] {
        assert_eq!(test.void(id).await, ChargeOutcome::Done);
        assert_eq!(test.check_sums(id).await, ended);
    }
    assert_eq!(test.database.number("SELECT spent FROM payers").await, 7);
}

/// Writes each receipt with the same id, which no two rows can have.
struct RepeatedReceipt {
    receipts: Arc<dyn ReceiptWriter>,
    mail: MailId,
}

impl ReceiptWriter for RepeatedReceipt {
    fn receipt(&self, _: MailId, of: &Authorisation) -> Result<OutboxMail, StoreError> {
        self.receipts.receipt(self.mail, of)
    }

    fn number(&self, payment: AuthorisationId) -> PaymentNumber {
        self.receipts.number(payment)
    }
}

async fn a_transition_needs_its_receipt_and_its_event(database: TestDatabase) {
    let test = ChargingTest::open(database).await;
    let account = test.account(Some("pm_card_visa")).await;
    let first = test.authorised(account).await;
    let second = test.authorised(account).await;
    let by = |mail| {
        Arc::new(RepeatedReceipt { receipts: test.receipts.clone(), mail: MailId([mail; 16]) })
    };
    let moved = async |id, to, receipts: Arc<RepeatedReceipt>| {
        let it = test.store.authorisation(id).await.unwrap().unwrap();
        test.store.transition(it, to, test.clock.now(), receipts).await.map(|after| after.state)
    };
    assert_eq!(
        moved(first, AuthorisationState::Charged, by(1)).await,
        Ok(AuthorisationState::Charged)
    );
    let refused = |result: Result<AuthorisationState, StoreError>| {
        assert!(matches!(result, Err(StoreError::Refused(_))), "{result:?}");
    };
    // The receipt cannot be written, then the event, which exists already: nothing is written.
    refused(moved(second, AuthorisationState::Charged, by(1)).await);
    let mut line = second.0;
    line[15] = 3;
    let line = test.database.blob(&line);
    let put_in = format!("INSERT INTO events VALUES ({line}, NULL, 'payment_charged', '', 1, '')");
    test.database.sql(&put_in).await;
    refused(moved(second, AuthorisationState::Charged, by(3)).await);
    assert_eq!(test.state(second).await, AuthorisationState::Authorised);
    test.database.sql(&format!("DELETE FROM events WHERE event = {line}")).await;
    for table in ["outbox", "events", "events_waiting"] {
        let count = format!("SELECT COUNT(*) FROM {table}");
        assert_eq!(test.database.number(&count).await, 1, "{table}");
    }
    let voided = test.store.void(VoidRequest {
        till: "till".parse().unwrap(),
        target: VoidTarget::Id(second),
        actor: "till".into(),
        now: test.clock.now(),
        age: None,
        receipts: by(1),
    });
    assert!(matches!(voided.await, Err(StoreError::Refused(_))));
    assert_eq!(test.state(second).await, AuthorisationState::Authorised);
    assert_eq!(
        moved(second, AuthorisationState::Voided, by(3)).await,
        Ok(AuthorisationState::Voided)
    );
}

/// Several processes that charge, each of which may die at any moment; several tills; every fault.
async fn sums_agree_whatever_fails(database: TestDatabase) {
    let test = Arc::new(ChargingTest::open(database).await);
    let mut others = Vec::new();
    for _ in 0..2 {
        others.push(test.another_process().await);
    }
    for seed in 0..4 {
        one_bad_day(&test, &others, seed).await;
    }
}

type Outcomes = BTreeMap<AuthorisationId, Vec<ChargeOutcome>>;

async fn one_bad_day(test: &Arc<ChargingTest>, others: &[ProcessorCharger], seed: u64) {
    let cards = ["pm_card_visa", "pm_card_jcb", "pm_card_visa", "pm_card_chargeCustomerFail"];
    let shoppers = shoppers_with(test, cards).await;
    let random = Mutex::new(fastrand::Rng::with_seed(seed));
    test.sandbox.fail(move |_| {
        let mut random = random.lock().unwrap();
        let faults = Fault::each(TOO_LONG);
        if random.u8(..) < 90 { faults[random.usize(..faults.len())] } else { Fault::None }
    });
    let outcomes: Arc<Mutex<Outcomes>> = Arc::default();
    let mut tills = tokio::task::JoinSet::new();
    for (till, accounts) in (0..).zip(shoppers) {
        let test = Arc::clone(test);
        let charging = others[usize::from(till % 2 == 0)].clone();
        let random = fastrand::Rng::with_seed(seed * 100 + till);
        tills.spawn(run_till(test, charging, accounts, random, Arc::clone(&outcomes)));
    }
    // Two jobs run meanwhile, as in two processes; time passes, for some payments beyond the deadline.
    let jobs: Vec<_> = others
        .iter()
        .map(|charging| {
            let charging = charging.clone();
            let test = Arc::clone(test);
            tokio::spawn(async move {
                loop {
                    test.advance(HELD / 2);
                    let _ = charging.reconcile().await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            })
        })
        .collect();
    let mut voided = Vec::new();
    while let Some(done) = tills.join_next().await {
        voided.extend(done.unwrap());
    }
    for job in jobs {
        job.abort();
    }
    test.settle().await;
    // What is still on its way at the processor has arrived.
    tokio::time::sleep(TOO_LONG * 2).await;
    let outcomes = outcomes.lock().unwrap().clone();
    assert_eq!(outcomes.len(), TILLS * cards.len());
    check_outcomes(test, &outcomes, &voided, seed).await;
}

/// Makes the accounts of each till's shoppers, one for each card. Registering cards is not what is tested, so it does
/// not fail.
async fn shoppers_with<const N: usize>(
    test: &ChargingTest,
    cards: [&str; N],
) -> Vec<Vec<AccountId>> {
    test.sandbox.fail(|_| Fault::None);
    let mut shoppers = Vec::new();
    for _ in 0..TILLS {
        let mut accounts = Vec::new();
        for card in cards {
            accounts.push(test.account(Some(card)).await);
        }
        shoppers.push(accounts);
    }
    shoppers
}

/// Charges each account once, again after each interruption, and voids some; gives those that it voided.
async fn run_till(
    test: Arc<ChargingTest>,
    charging: ProcessorCharger,
    accounts: Vec<AccountId>,
    mut random: fastrand::Rng,
    outcomes: Arc<Mutex<Outcomes>>,
) -> Vec<AuthorisationId> {
    let mut voided = Vec::new();
    for account in accounts {
        let id = test.authorised(account).await;
        for _ in 0..random.usize(1..4) {
            // A process may die at any moment; the till asks again.
            let life = Duration::from_millis(random.u64(1..300));
            if let Ok(outcome) = tokio::time::timeout(life, test.charge(&charging, id)).await {
                outcomes.lock().unwrap().entry(id).or_default().push(outcome);
            }
        }
        if random.u8(..) < 60 {
            voided.push(id);
            let life = Duration::from_millis(random.u64(1..300));
            let _ = tokio::time::timeout(life, test.void(id)).await;
        }
        outcomes.lock().unwrap().entry(id).or_default();
    }
    voided
}

/// Checks that rows, the processor's ledger and what the tills were answered agree.
async fn check_outcomes(
    test: &ChargingTest,
    outcomes: &Outcomes,
    voided: &[AuthorisationId],
    seed: u64,
) {
    let mut ledger = 0;
    let mut rows = 0;
    for (id, outcomes) in outcomes {
        let state = test.check_sums(*id).await;
        let (charged, refunded) = test.at_processor(*id);
        ledger += charged - refunded;
        rows += usize::from(state == AuthorisationState::Charged);
        if outcomes.contains(&ChargeOutcome::Done) {
            let is_back = voided.contains(id) && state == AuthorisationState::Refunded;
            assert!(
                state == AuthorisationState::Charged || is_back,
                "seed {seed}: {id} was approved: {state:?}"
            );
        }
        if outcomes.contains(&ChargeOutcome::Declined) {
            assert_ne!(state, AuthorisationState::Charged, "seed {seed}: {id} was declined");
        }
    }
    assert_eq!(ledger, rows, "seed {seed}");
}
