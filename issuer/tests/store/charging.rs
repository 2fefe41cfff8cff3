//! Cards charged through the sandbox while everything breaks: requests are lost, late, failed and doubled, whoever
//! charges dies between any two steps, tills take back, several reconcile at once. Afterwards what the ledger says, what
//! the rows say and what the tills were told is the same, payment by payment.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tegata::{Clock, SystemRandom, UnixTime};
use tegata_issuer::config::SecretSetting;
use tegata_issuer::domain::{AccountId, AuthorisationId, MailId, MethodId};
use tegata_issuer::payments::{
    CardCharger, ChargeOutcome, DEADLINE, ProcessorCharger, SealedReceiptWriter,
};
use tegata_issuer::processor::{Key, Processor, Stripe};
use tegata_issuer::store::{
    Authorisation, AuthorisationState, NewAuthorisation, OutboxMail, ReceiptWriter, Store,
    StoreError, VoidTarget,
};
use tegata_sandbox::{Fault, Sandbox};

use crate::bed::{Bed, noon};

crate::on_both!(
    a_card_that_pays_is_charged_and_one_that_does_not_is_declined,
    an_account_without_a_card_pays_nothing,
    each_fault_at_each_request_ends_in_one_charge_or_none,
    money_on_its_way_back_is_not_called_back,
    what_is_not_known_by_the_deadline_is_taken_back,
    what_lay_about_is_begun_and_what_lay_too_long_is_not,
    one_round_takes_up_all_that_an_outage_left,
    a_void_takes_back_what_was_charged_and_again_changes_nothing,
    what_is_taken_back_long_after_its_day_ends_all_the_same,
    a_payment_moves_only_with_its_mail_and_its_line,
    sums_agree_whatever_breaks,
);

const AMOUNT: u32 = 1080;
const PATIENCE: Duration = Duration::from_millis(500);
/// Longer than the adapter waits for two tries.
const TOO_LONG: Duration = Duration::from_millis(1300);
/// Longer than anyone works on a charge, in seconds.
const HELD: u64 = 31;
const TILLS: usize = 6;

struct Standing(AtomicU64);

impl Clock for Standing {
    fn now(&self) -> UnixTime {
        UnixTime::new(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct Shop {
    bed: Bed,
    store: Store,
    sandbox: Sandbox,
    stripe: Arc<Stripe>,
    /// Registers cards: that takes as long as it takes on a busy machine.
    patient: Stripe,
    clock: Arc<Standing>,
    charging: ProcessorCharger,
    tell: Arc<dyn ReceiptWriter>,
    made: AtomicU64,
}

/// Who tells the cards' owners.
pub(crate) async fn told(bed: &Bed, store: &Store) -> Arc<dyn ReceiptWriter> {
    let keys = Arc::new(bed.keys(store).await);
    Arc::new(SealedReceiptWriter::new(keys, Arc::new(SystemRandom::new())))
}

impl Shop {
    async fn open(bed: Bed) -> Self {
        let sandbox = Sandbox::with_ledger_file(bed.file("ledger.sqlite"), "key");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(sandbox.clone().serve(listener));
        let key = SecretSetting::new("key");
        let stripe = Arc::new(Stripe::new(&address, &key, PATIENCE).unwrap());
        let patient = Stripe::new(&address, &key, Duration::from_mins(1)).unwrap();
        let clock = Arc::new(Standing(AtomicU64::new(noon().seconds())));
        let store = bed.store().await;
        let tell = told(&bed, &store).await;
        let charging =
            ProcessorCharger::new(store.clone(), stripe.clone(), clock.clone(), tell.clone());
        Self {
            bed,
            store,
            sandbox,
            stripe,
            patient,
            clock,
            charging,
            tell,
            made: AtomicU64::new(0),
        }
    }

    /// As another process would.
    async fn another(&self) -> ProcessorCharger {
        let store = self.bed.store().await;
        let tell = told(&self.bed, &store).await;
        ProcessorCharger::new(store, self.stripe.clone(), self.clock.clone(), tell)
    }

    fn passes(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn number(&self) -> [u8; 16] {
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        let mut id = [7; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        id
    }

    /// An account that has this card.
    async fn account(&self, card: Option<&str>) -> AccountId {
        let account = AccountId(self.number());
        let Some(card) = card else { return account };
        let key = |what| format!("{what}-{account}");
        let customer = self.patient.customer(Key(&key("customer"))).await.unwrap();
        let token = MethodId::new(card).unwrap();
        let card = self.patient.attach(&customer, &token, Key(&key("card"))).await.unwrap();
        self.store.store_customer(account, customer).await.unwrap();
        let account_hex = self.bed.blob(&account.0);
        let id = self.bed.blob(&self.number());
        self.bed
            .sql(&format!(
                "INSERT INTO cards VALUES ({account_hex}, {id}, '{}', '{}', '{}', 0, 1)",
                card.method, card.brand, card.last4
            ))
            .await;
        account
    }

    /// What a till was promised: the code was taken, the card is to be charged.
    async fn authorised(&self, account: AccountId) -> AuthorisationId {
        let id = AuthorisationId(self.number());
        let of = self.bed.blob(&account.0);
        let number = self.bed.blob(&id.0);
        let now = self.clock.now().seconds();
        self.bed
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

    /// As the till's request does, from the row as it stands.
    async fn charges(&self, by: &ProcessorCharger, id: AuthorisationId) -> ChargeOutcome {
        let authorisation = self.store.authorisation(id).await.unwrap().unwrap();
        let card = self.store.chargeable_card(authorisation.account).await.unwrap();
        by.charge(NewAuthorisation { authorisation, card }).await
    }

    async fn state(&self, id: AuthorisationId) -> AuthorisationState {
        self.store.authorisation(id).await.unwrap().unwrap().state
    }

    /// As a till's void does.
    async fn takes_back(&self, id: AuthorisationId) -> ChargeOutcome {
        let voids = async || {
            let till = "till".parse().unwrap();
            let now = self.clock.now();
            let by = "till till".to_owned();
            self.store.void(till, VoidTarget::Id(id), by, now, self.tell.clone()).await
        };
        // Whoever charges may move it each time between the reading and the writing.
        while let Err(error) = voids().await {
            assert_eq!(error, StoreError::Conflict);
        }
        self.charging.reverse(id).await
    }

    /// Everything works again, and the job comes round until nothing lies about.
    async fn settles(&self) {
        self.sandbox.fail(|_| Fault::None);
        for _ in 0..20 {
            self.passes(HELD);
            self.charging.reconcile().await.unwrap();
            let open = self.store.open_payment_counts().await.unwrap();
            if open.authorised + open.charging + open.reversing == 0 {
                return;
            }
        }
        panic!("charges lie about: {:?}", self.store.open_payment_counts().await);
    }

    /// What is at the processor of one payment: times charged, times given back.
    fn at_processor(&self, id: AuthorisationId) -> (usize, usize) {
        let paid = self.sandbox.paid().unwrap();
        let of: Vec<_> = paid.iter().filter(|paid| paid.what_for == id.to_string()).collect();
        assert!(of.iter().all(|paid| paid.charged == AMOUNT));
        (of.len(), of.iter().filter(|paid| paid.refunded == AMOUNT).count())
    }

    /// The row is over, and says what the ledger says.
    async fn agrees(&self, id: AuthorisationId) -> AuthorisationState {
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

    /// The log says how it ended once, and that it was charged no more than once; what the log says is mailed is.
    async fn is_told_once(&self, id: AuthorisationId, ended: AuthorisationState) {
        let lines = async |deed: &str| {
            let count = format!(
                "SELECT COUNT(*) FROM events WHERE deed = 'payment_{deed}' AND detail LIKE '%{id}%'"
            );
            self.bed.number(&count).await
        };
        assert_eq!(lines(ended.name()).await, 1, "{id} is {ended:?}");
        for once in ["charged", "reversing", "voided", "refunded"] {
            assert!(lines(once).await <= 1, "{id} is {ended:?}: {once}");
        }
        let mailed = "SELECT COUNT(*) FROM events \
            WHERE deed IN ('payment_charged', 'payment_voided', 'payment_refunded')";
        // Receipts let others go first.
        let waiting = self.bed.number("SELECT COUNT(*) FROM outbox WHERE rank = 1").await;
        assert_eq!(waiting, self.bed.number(mailed).await);
    }
}

async fn a_card_that_pays_is_charged_and_one_that_does_not_is_declined(bed: Bed) {
    let shop = Shop::open(bed).await;
    for (card, outcome, state) in [
        ("pm_card_visa", ChargeOutcome::Done, AuthorisationState::Charged),
        ("pm_card_chargeCustomerFail", ChargeOutcome::Declined, AuthorisationState::Declined),
        ("pm_card_authenticationRequired", ChargeOutcome::Declined, AuthorisationState::Declined),
    ] {
        let account = shop.account(Some(card)).await;
        let id = shop.authorised(account).await;
        assert_eq!(shop.charges(&shop.charging, id).await, outcome, "{card}");
        assert_eq!(shop.charges(&shop.charging, id).await, outcome, "{card}: the same again");
        assert_eq!(shop.agrees(id).await, state, "{card}");
        let it = shop.store.authorisation(id).await.unwrap().unwrap();
        assert!(it.intent.is_some() && it.card.is_some());
        let spent =
            format!("SELECT spent FROM payers WHERE account = {}", shop.bed.blob(&account.0));
        let counted = if state == AuthorisationState::Charged { AMOUNT } else { 0 };
        assert_eq!(shop.bed.number(&spent).await, i64::from(counted));
    }
}

async fn an_account_without_a_card_pays_nothing(bed: Bed) {
    let shop = Shop::open(bed).await;
    let id = shop.authorised(shop.account(None).await).await;
    assert_eq!(shop.charges(&shop.charging, id).await, ChargeOutcome::Declined);
    assert_eq!(shop.agrees(id).await, AuthorisationState::Declined);
}

async fn each_fault_at_each_request_ends_in_one_charge_or_none(bed: Bed) {
    let shop = Shop::open(bed).await;
    for call in ["create", "confirm", "retrieve"] {
        for fault in Fault::each(TOO_LONG) {
            let id = shop.authorised(shop.account(Some("pm_card_visa")).await).await;
            shop.sandbox.fail(move |asked| if asked.name() == call { fault } else { Fault::None });
            let told = shop.charges(&shop.charging, id).await;
            assert_ne!(told, ChargeOutcome::Declined, "{fault:?} at {call}: nobody declined it");
            if told == ChargeOutcome::Pending {
                let stands = if call == "create" {
                    AuthorisationState::Authorised
                } else {
                    AuthorisationState::Unknown
                };
                assert_eq!(shop.state(id).await, stands, "{fault:?} at {call}");
            }
            shop.settles().await;
            assert_eq!(shop.agrees(id).await, AuthorisationState::Charged, "{fault:?} at {call}");
        }
    }
    for call in ["retrieve", "cancel", "refund", "refunds"] {
        for fault in Fault::each(TOO_LONG) {
            let id = shop.authorised(shop.account(Some("pm_card_visa")).await).await;
            // `cancel` is asked of what was not confirmed.
            let lost = if call == "cancel" { Fault::LostBefore } else { Fault::None };
            shop.sandbox
                .fail(move |asked| if asked.name() == "confirm" { lost } else { Fault::None });
            shop.charges(&shop.charging, id).await;
            shop.sandbox.fail(move |asked| if asked.name() == call { fault } else { Fault::None });
            shop.takes_back(id).await;
            shop.settles().await;
            let ended = if call == "cancel" {
                AuthorisationState::Voided
            } else {
                AuthorisationState::Refunded
            };
            assert_eq!(shop.agrees(id).await, ended, "{fault:?} at {call}");
        }
    }
}

async fn money_on_its_way_back_is_not_called_back(bed: Bed) {
    let shop = Shop::open(bed).await;
    let id = shop.authorised(shop.account(Some("pm_card_pendingRefund")).await).await;
    assert_eq!(shop.charges(&shop.charging, id).await, ChargeOutcome::Done);
    assert_eq!(shop.takes_back(id).await, ChargeOutcome::Pending);
    assert_eq!(shop.state(id).await, AuthorisationState::Reversing);
    shop.settles().await;
    assert_eq!(shop.agrees(id).await, AuthorisationState::Refunded);
}

async fn what_is_not_known_by_the_deadline_is_taken_back(bed: Bed) {
    let shop = Shop::open(bed).await;
    let mut ids = Vec::new();
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        shop.sandbox.fail(move |asked| if asked.name() == "confirm" { fault } else { Fault::None });
        let id = shop.authorised(shop.account(Some("pm_card_visa")).await).await;
        assert_eq!(shop.charges(&shop.charging, id).await, ChargeOutcome::Pending);
        ids.push(id);
    }
    // The processor is away until then.
    shop.sandbox.fail(|_| Fault::LostBefore);
    shop.passes(DEADLINE - 1);
    shop.charging.reconcile().await.unwrap();
    assert_eq!(shop.state(ids[0]).await, AuthorisationState::Unknown);
    shop.passes(HELD);
    shop.charging.reconcile().await.unwrap();
    assert_eq!(shop.state(ids[0]).await, AuthorisationState::Reversing);
    shop.settles().await;
    assert_eq!(shop.agrees(ids[0]).await, AuthorisationState::Voided);
    assert_eq!(shop.agrees(ids[1]).await, AuthorisationState::Refunded);
}

async fn what_lay_about_is_begun_and_what_lay_too_long_is_not(bed: Bed) {
    let shop = Shop::open(bed).await;
    let account = shop.account(Some("pm_card_visa")).await;
    let old = shop.authorised(account).await;
    shop.passes(DEADLINE - HELD);
    let young = shop.authorised(account).await;
    shop.charging.reconcile().await.unwrap();
    assert_eq!(shop.state(young).await, AuthorisationState::Authorised, "somebody may be at it");
    assert_eq!(shop.agrees(old).await, AuthorisationState::Charged);
    let forgotten = shop.authorised(account).await;
    shop.passes(HELD);
    shop.charging.reconcile().await.unwrap();
    assert_eq!(shop.agrees(young).await, AuthorisationState::Charged);
    shop.clock.0.fetch_add(DEADLINE, Ordering::SeqCst);
    let late = shop.authorised(account).await;
    shop.passes(DEADLINE);
    shop.charging.reconcile().await.unwrap();
    assert_eq!(shop.agrees(late).await, AuthorisationState::Voided);
    let _ = forgotten;
}

async fn one_round_takes_up_all_that_an_outage_left(bed: Bed) {
    const LEFT: usize = 400;
    let shop = Shop::open(bed).await;
    let account = shop.bed.blob(&shop.account(Some("pm_card_visa")).await.0);
    let noon = noon().seconds();
    let mut left = String::from("BEGIN;");
    for _ in 0..LEFT {
        let id = AuthorisationId(shop.number());
        let number = shop.bed.blob(&id.0);
        let _ = write!(
            left,
            "INSERT INTO authorisations VALUES ({number}, {account}, {account}, 1, 'till', '{id}', \
             {AMOUNT}, 'JPY', 1, 'authorised', NULL, NULL, NULL, {noon}, {noon}, 1); \
             INSERT INTO charges_open VALUES ({number}, {noon});"
        );
    }
    shop.bed.sql(&(left + "COMMIT;")).await;
    shop.passes(HELD);
    // So many at once take their time on a busy machine.
    let patient = Arc::new(shop.patient.clone());
    let clock = shop.clock.clone();
    let charging = ProcessorCharger::new(shop.store.clone(), patient, clock, shop.tell.clone());
    charging.reconcile().await.unwrap();
    let charged = "SELECT COUNT(*) FROM authorisations WHERE state = 'charged'";
    assert_eq!(shop.bed.number(charged).await, i64::try_from(LEFT).unwrap());
    assert_eq!(shop.sandbox.paid().unwrap().len(), LEFT);
}

async fn a_void_takes_back_what_was_charged_and_again_changes_nothing(bed: Bed) {
    let shop = Shop::open(bed).await;
    let id = shop.authorised(shop.account(Some("pm_card_visa")).await).await;
    assert_eq!(shop.charges(&shop.charging, id).await, ChargeOutcome::Done);
    for _ in 0..2 {
        assert_eq!(shop.takes_back(id).await, ChargeOutcome::Done);
        assert_eq!(shop.agrees(id).await, AuthorisationState::Refunded);
    }
    assert_eq!(shop.charges(&shop.charging, id).await, ChargeOutcome::Declined);
}

/// Sums are kept of the last day alone.
async fn what_is_taken_back_long_after_its_day_ends_all_the_same(bed: Bed) {
    let shop = Shop::open(bed).await;
    let account = shop.account(Some("pm_card_visa")).await;
    let begun = shop.authorised(account).await;
    let charged = shop.authorised(account).await;
    let asked = shop.authorised(account).await;
    assert_eq!(shop.charges(&shop.charging, charged).await, ChargeOutcome::Done);
    let lost = |asked: &str| if asked == "confirm" { Fault::LostBefore } else { Fault::None };
    shop.sandbox.fail(move |asked| lost(asked.name()));
    assert_eq!(shop.charges(&shop.charging, asked).await, ChargeOutcome::Pending);
    shop.sandbox.fail(|_| Fault::None);
    shop.bed.sql("UPDATE payers SET day = 2, spent = 7").await;
    for (id, ended) in [
        (begun, AuthorisationState::Voided),
        (asked, AuthorisationState::Voided),
        (charged, AuthorisationState::Refunded),
    ] {
        assert_eq!(shop.takes_back(id).await, ChargeOutcome::Done);
        assert_eq!(shop.agrees(id).await, ended);
    }
    assert_eq!(shop.bed.number("SELECT spent FROM payers").await, 7);
}

/// Writes mails by the same number each time, which no row has twice.
struct Again {
    tell: Arc<dyn ReceiptWriter>,
    mail: MailId,
}

impl ReceiptWriter for Again {
    fn receipt(&self, _: MailId, of: &Authorisation) -> Result<OutboxMail, StoreError> {
        self.tell.receipt(self.mail, of)
    }
}

async fn a_payment_moves_only_with_its_mail_and_its_line(bed: Bed) {
    let shop = Shop::open(bed).await;
    let account = shop.account(Some("pm_card_visa")).await;
    let first = shop.authorised(account).await;
    let second = shop.authorised(account).await;
    let by = |mail| Arc::new(Again { tell: shop.tell.clone(), mail: MailId([mail; 16]) });
    let moved = async |id, to, tell: Arc<Again>| {
        let it = shop.store.authorisation(id).await.unwrap().unwrap();
        shop.store.transition(it, to, shop.clock.now(), tell).await.map(|after| after.state)
    };
    assert_eq!(
        moved(first, AuthorisationState::Charged, by(1)).await,
        Ok(AuthorisationState::Charged)
    );
    let refused = |told: Result<AuthorisationState, StoreError>| {
        assert!(matches!(told, Err(StoreError::Refused(_))), "{told:?}");
    };
    // The mail cannot be written, then the line, which is there already: nothing is.
    refused(moved(second, AuthorisationState::Charged, by(1)).await);
    let mut line = second.0;
    line[15] = 3;
    let line = shop.bed.blob(&line);
    let put_in = format!("INSERT INTO events VALUES ({line}, NULL, 'payment_charged', '', 1, '')");
    shop.bed.sql(&put_in).await;
    refused(moved(second, AuthorisationState::Charged, by(3)).await);
    assert_eq!(shop.state(second).await, AuthorisationState::Authorised);
    shop.bed.sql(&format!("DELETE FROM events WHERE event = {line}")).await;
    for table in ["outbox", "events", "events_waiting"] {
        let count = format!("SELECT COUNT(*) FROM {table}");
        assert_eq!(shop.bed.number(&count).await, 1, "{table}");
    }
    let voided = shop.store.void(
        "till".parse().unwrap(),
        VoidTarget::Id(second),
        "till".into(),
        shop.clock.now(),
        by(1),
    );
    assert!(matches!(voided.await, Err(StoreError::Refused(_))));
    assert_eq!(shop.state(second).await, AuthorisationState::Authorised);
    assert_eq!(
        moved(second, AuthorisationState::Voided, by(3)).await,
        Ok(AuthorisationState::Voided)
    );
}

/// Several who charge, each of whom dies at any moment; several tills; every fault.
async fn sums_agree_whatever_breaks(bed: Bed) {
    let shop = Arc::new(Shop::open(bed).await);
    let mut others = Vec::new();
    for _ in 0..2 {
        others.push(shop.another().await);
    }
    for seed in 0..4 {
        one_bad_day(&shop, &others, seed).await;
    }
}

async fn one_bad_day(shop: &Arc<Shop>, others: &[ProcessorCharger], seed: u64) {
    // Registering is not what is tried here.
    let cards = ["pm_card_visa", "pm_card_jcb", "pm_card_visa", "pm_card_chargeCustomerFail"];
    shop.sandbox.fail(|_| Fault::None);
    let mut shoppers = Vec::new();
    for _ in 0..TILLS {
        let mut accounts = Vec::new();
        for card in cards {
            accounts.push(shop.account(Some(card)).await);
        }
        shoppers.push(accounts);
    }
    let random = Mutex::new(fastrand::Rng::with_seed(seed));
    shop.sandbox.fail(move |_| {
        let mut random = random.lock().unwrap();
        let faults = Fault::each(TOO_LONG);
        if random.u8(..) < 90 { faults[random.usize(..faults.len())] } else { Fault::None }
    });
    let told: Arc<Mutex<BTreeMap<AuthorisationId, Vec<ChargeOutcome>>>> = Arc::default();
    let mut tills = tokio::task::JoinSet::new();
    for (till, accounts) in (0..).zip(shoppers) {
        let shop = Arc::clone(shop);
        let told = Arc::clone(&told);
        let charging = others[usize::from(till % 2 == 0)].clone();
        let mut random = fastrand::Rng::with_seed(seed * 100 + till);
        tills.spawn(async move {
            let mut taken_back = Vec::new();
            for account in accounts {
                let id = shop.authorised(account).await;
                for _ in 0..random.usize(1..4) {
                    // Who charges may die at any moment; the till asks again.
                    let life = Duration::from_millis(random.u64(1..300));
                    if let Ok(outcome) =
                        tokio::time::timeout(life, shop.charges(&charging, id)).await
                    {
                        told.lock().unwrap().entry(id).or_default().push(outcome);
                    }
                }
                if random.u8(..) < 60 {
                    taken_back.push(id);
                    let life = Duration::from_millis(random.u64(1..300));
                    let _ = tokio::time::timeout(life, shop.takes_back(id)).await;
                }
                told.lock().unwrap().entry(id).or_default();
            }
            taken_back
        });
    }
    // Two jobs all the while, as in two processes; time passes, for some beyond the deadline.
    let jobs: Vec<_> = others
        .iter()
        .map(|charging| {
            let charging = charging.clone();
            let shop = Arc::clone(shop);
            tokio::spawn(async move {
                loop {
                    shop.passes(HELD / 2);
                    let _ = charging.reconcile().await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            })
        })
        .collect();
    let mut taken_back = Vec::new();
    while let Some(done) = tills.join_next().await {
        taken_back.extend(done.unwrap());
    }
    for job in jobs {
        job.abort();
    }
    shop.settles().await;
    // What is still under way at the processor has arrived.
    tokio::time::sleep(TOO_LONG * 2).await;
    let told = told.lock().unwrap().clone();
    let mut ledger = 0;
    let mut rows = 0;
    for (id, outcomes) in &told {
        let state = shop.agrees(*id).await;
        let (charged, refunded) = shop.at_processor(*id);
        ledger += charged - refunded;
        rows += usize::from(state == AuthorisationState::Charged);
        if outcomes.contains(&ChargeOutcome::Done) {
            let is_back = taken_back.contains(id) && state == AuthorisationState::Refunded;
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
    assert_eq!(told.len(), TILLS * cards.len());
}
