//! Payments and events by month, on PostgreSQL: made ahead of time, and taken out of the store while others are paid.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tegata::protocol::PaymentNumber;
use tegata_issuer::admin::{
    Authorisation, AuthorisationId, Month, MonthStage, OperatorError, PaymentRef,
};
use tegata_issuer::audit::SuspiciousActivity;
use tegata_issuer::payments::ChargeOutcome;
use tegata_issuer::store::StoreError;
use tegata_testkit::TestIssuer;
use tegata_testkit::payments::{TestPayer, TestPayments, TestTill, TillReply, reason};

use crate::plans::{log_plans, logged_plans};

const PAYERS: u8 = 20;

/// Payments in January, in June and in July: 1,000 in all.
const ROUNDS: [u32; 2] = [16, 34];

fn issuer() -> TestIssuer {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = folder.keep().join("checkpoints");
    let settings = format!("checkpoints = \"{}\"\n", checkpoints.display());
    TestIssuer::postgres_with(&settings)
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn go_to(payments: &TestPayments<'_>, time: u64) {
    payments.issuer.clock.reach(time);
    // A start fills the index of codes for the time that it is now.
    payments.issuer.restart();
}

/// A till for each payer: one alone would send more than a till may in a minute.
fn tills(payments: &TestPayments<'_>) -> Vec<TestTill> {
    (0..PAYERS).map(|nth| payments.till(&format!("till-{nth}"))).collect()
}

/// Each payer pays once in each of these half minutes, all at the same time.
fn pay<'a>(
    payments: &TestPayments<'_>,
    tills: &'a [TestTill],
    payers: &[TestPayer],
    rounds: std::ops::Range<u32>,
) -> Vec<TillReply> {
    let mut replies = Vec::new();
    for round in rounds {
        payments.issuer.advance_clock(30);
        thread::scope(|scope| {
            let pay = |(payer, till): (&TestPayer, &'a TestTill)| {
                let code = payments.code(payer, 0, None);
                scope.spawn(move || till.authorise(payments, &format!("sale-{round}"), &code, 1))
            };
            let all: Vec<_> = payers.iter().zip(tills).map(pay).collect();
            replies.extend(all.into_iter().map(|one| one.join().unwrap()));
        });
    }
    replies
}

fn approved(replies: &[TillReply]) -> usize {
    let others = replies.iter().find(|reply| reply.outcome() != "approved");
    assert!(others.is_none(), "{others:?}");
    replies.len()
}

/// Tries until the jobs have done what is left: mails, keys and references, seals.
fn detach(payments: &TestPayments<'_>, of: &str) -> Result<u64, OperatorError> {
    let end = Instant::now() + Duration::from_mins(3);
    loop {
        let detached = payments.operator().detach_month(month(of), &reason());
        match detached {
            Err(OperatorError::Store(StoreError::MonthInUse(why)))
                if Instant::now() < end && why != NOT_FINAL =>
            {
                thread::sleep(Duration::from_millis(500));
            }
            other => return other.map(|detached| detached.payments),
        }
    }
}

const NOT_FINAL: &str = "a payment of it is not final";

/// 2027-06-30, 23:50 UTC: 17 minutes of payments end in July.
const LAST_OF_JUNE: u64 = 1_814_399_400;

#[test]
fn a_month_is_detached_while_a_thousand_payments_are_made() {
    let issuer = issuer();
    let payments = TestPayments::new(&issuer);
    let payers: Vec<_> = (1..=PAYERS).map(|byte| payments.payer(byte)).collect();
    let tills = tills(&payments);
    let till = &tills[0];
    let january = pay(&payments, &tills, &payers, 0..ROUNDS[0]);
    let in_january = approved(&january);
    assert_eq!(payments.number("SELECT COUNT(*) FROM authorisations_2027_01"), 320);
    let too_young = payments.operator().detach_month(month("2027-01"), &reason());
    assert!(matches!(too_young, Err(OperatorError::MonthTooYoung(_))), "{too_young:?}");
    // One that nobody has ended.
    *issuer.processor.lock().unwrap() = ChargeOutcome::Pending;
    let pending = till.authorise(&payments, "pending", &payments.next_code(&payers[0]), 1);
    assert_eq!(pending.outcome(), "pending");
    *issuer.processor.lock().unwrap() = ChargeOutcome::Done;

    go_to(&payments, LAST_OF_JUNE);
    let refused = detach(&payments, "2027-01").unwrap_err();
    assert!(
        matches!(refused, OperatorError::Store(StoreError::MonthInUse(NOT_FINAL))),
        "{refused}"
    );
    let late = payment(&payments, &pending).unwrap();
    payments.operator().void(late.id, &reason()).unwrap();
    let charged = payment(&payments, &january[0]).unwrap();
    payments.operator().seal().unwrap();
    // These payers have no address: their receipts would wait for one.
    payments.sql("DELETE FROM outbox");
    let left = "SELECT (SELECT COUNT(*) FROM sales) + (SELECT COUNT(*) FROM idempotency)";
    wait_until("the job has dropped keys and references", || payments.number(left) == 0);

    let payers: Vec<_> = (101..=100 + PAYERS).map(|byte| payments.payer(byte)).collect();
    let is_detached = AtomicBool::new(false);
    let summer = thread::scope(|scope| {
        let detach = scope.spawn(|| {
            let detached = detach(&payments, "2027-01");
            is_detached.store(true, Ordering::SeqCst);
            detached
        });
        let replies = pay(&payments, &tills, &payers, ROUNDS[0]..ROUNDS[0] + ROUNDS[1]);
        let ended_before = is_detached.load(Ordering::SeqCst);
        assert_eq!(detach.join().unwrap().unwrap(), 321);
        assert!(ended_before, "payments were made until after it");
        replies
    });
    assert_eq!(in_january + approved(&summer), 1000);
    let of =
        |month: &str| payments.number(&format!("SELECT COUNT(*) FROM authorisations_2027_{month}"));
    assert!(of("06") > 100 && of("07") > 100, "{} {}", of("06"), of("07"));
    assert_eq!(payments.number("SELECT COUNT(*) FROM authorisations_default"), 0);
    assert_eq!(payments.number("SELECT COUNT(*) FROM authorisations"), 680);

    what_is_gone_is_refused_by_name(&payments, till, &january[0], charged.id);
    tampering_shows_across_the_gap(&payments);
}

fn payment(payments: &TestPayments<'_>, reply: &TillReply) -> Result<Authorisation, OperatorError> {
    let number = PaymentNumber::try_from(reply.id().to_owned()).unwrap();
    payments.operator().payment(&PaymentRef::Number(number))
}

/// What is gone is never found missing, and what is left verifies.
fn what_is_gone_is_refused_by_name(
    payments: &TestPayments<'_>,
    till: &TestTill,
    gone: &TillReply,
    id: AuthorisationId,
) {
    for refused in [
        payments.operator().void(id, &reason()),
        payments.operator().refund(id, &reason()),
        payment(payments, gone),
    ] {
        assert!(matches!(refused, Err(OperatorError::Detached(_))), "{refused:?}");
    }
    let asked = payments.get(till, &format!("/v1/authorisations/{}", gone.id()));
    assert_eq!((asked.status, asked.outcome().as_str()), (410, "payment-detached"));
    let operator = payments.operator();
    let [detached, rest @ ..] = &operator.partitions().unwrap()[..] else { panic!("no month") };
    assert_eq!((detached.month, detached.bytes > 0), (month("2027-01"), true));
    let MonthStage::Detached { payments: 321, events } = detached.stage else {
        panic!("{detached:?}")
    };
    assert!(rest.iter().all(|month| month.stage == MonthStage::Attached), "{rest:?}");
    operator.seal().unwrap();
    let verified = operator.verify().unwrap();
    assert_eq!((verified.detached, verified.findings), (events, Vec::new()));
}

/// A detached month hides nothing: neither what is done to the events that are left, nor to the record of it.
fn tampering_shows_across_the_gap(payments: &TestPayments<'_>) {
    let operator = payments.operator();
    let findings = |change: &str, back: &str| {
        payments.sql(change);
        let findings = operator.verify().unwrap().findings;
        payments.sql(back);
        assert_eq!(operator.verify().unwrap().findings, [], "{back}");
        findings
    };
    let first = "event = (SELECT event FROM events WHERE event > '\\x01a500000000' \
        ORDER BY event LIMIT 1)";
    let changed = findings(
        &format!("UPDATE events SET actor = actor || 'x' WHERE {first}"),
        &format!("UPDATE events SET actor = left(actor, -1) WHERE {first}"),
    );
    assert!(matches!(changed[..], [SuspiciousActivity::Changed { .. }]), "{changed:?}");
    let missing = findings(
        &format!(
            "CREATE TABLE gone AS SELECT * FROM events WHERE {first}; DELETE FROM events WHERE {first}"
        ),
        "INSERT INTO events SELECT * FROM gone; DROP TABLE gone",
    );
    assert!(matches!(missing[..], [SuspiciousActivity::Missing { .. }, ..]), "{missing:?}");
    let unsigned = findings(
        "UPDATE detached_months SET payments = payments + 1",
        "UPDATE detached_months SET payments = payments - 1",
    );
    assert!(matches!(unsigned[0], SuspiciousActivity::DetachmentNotSigned { .. }), "{unsigned:?}");
    assert!(unsigned.len() > 1, "its events count as missing: {unsigned:?}");
    let put_back = findings(
        "INSERT INTO events SELECT * FROM events_2027_01 ORDER BY event LIMIT 1",
        "DELETE FROM events_default",
    );
    assert!(matches!(put_back[0], SuspiciousActivity::Changed { .. }), "{put_back:?}");
}

#[test]
fn a_payment_touches_the_partition_of_its_month_alone() {
    let issuer = issuer();
    let payments = TestPayments::new(&issuer);
    let payers: Vec<_> = (1..=PAYERS).map(|byte| payments.payer(byte)).collect();
    let tills = tills(&payments);
    let till = &tills[0];
    log_plans(&payments);
    // One by itself, then many in one transaction.
    let mut replies = pay(&payments, &tills, &payers[..1], 0..1);
    replies.extend(pay(&payments, &tills, &payers, 1..4));
    approved(&replies);
    let again = payments.code(&payers[0], 1, None);
    assert_eq!(till.authorise(&payments, "sale-0", &again, 1).outcome(), "key-reused");
    let read = format!("/v1/authorisations/{}", replies[0].id());
    assert_eq!(payments.get(till, &read).outcome(), "approved");
    let mut seen = [0; 3];
    for plan in logged_plans(&payments) {
        let text = plan.text.as_str();
        let (nth, table, own) = if text.contains("SELECT credential FROM aliases WHERE prefix") {
            (0, "aliases", "aliases_20833")
        } else if text.contains("UPDATE authorisations SET") {
            (1, "authorisations", "authorisations_2027_01")
        } else if text.ends_with("FROM authorisations WHERE authorisation = $1") {
            (2, "authorisations", "authorisations_2027_01")
        } else {
            continue;
        };
        seen[nth] += 1;
        let touched = plan.relations(table);
        assert!(touched.iter().all(|name| name == own || name == table), "{touched:?}: {text}");
        assert!(touched.contains(own), "{touched:?}: {text}");
        assert!(plan.finds_by_key(own), "{text}");
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn what_came_before_its_month_was_made_is_moved_there() {
    let issuer = issuer();
    let payments = TestPayments::new(&issuer);
    let till = payments.till("till-1");
    let payer = payments.payer(1);
    issuer.stop();
    payments.sql(
        "ALTER TABLE authorisations DETACH PARTITION authorisations_2027_01; \
         DROP TABLE authorisations_2027_01",
    );
    issuer.start();
    for month in ["2027_01", "2027_02"] {
        let made = format!("SELECT COUNT(*) FROM authorisations_{month}");
        assert_eq!(payments.number(&made), 0, "made ahead");
    }
    issuer.stop();
    payments.sql(
        "ALTER TABLE authorisations DETACH PARTITION authorisations_2027_01; \
         DROP TABLE authorisations_2027_01; CREATE TABLE authorisations_2027_01 (a INT)",
    );
    // It cannot be made while something else has its name; what is paid is kept all the same.
    issuer.start();
    let code = payments.next_code(&payer);
    assert_eq!(till.authorise(&payments, "sale", &code, 1).outcome(), "approved");
    assert_eq!(payments.number("SELECT COUNT(*) FROM authorisations_default"), 1);
    wait_for(&issuer, "tegata_partition_missing_rows");
    issuer.stop();
    payments.sql("DROP TABLE authorisations_2027_01");
    issuer.start();
    assert_eq!(payments.number("SELECT COUNT(*) FROM authorisations_2027_01"), 1);
    assert_eq!(payments.number("SELECT COUNT(*) FROM authorisations_default"), 0);
    assert_eq!(
        payments.void(&till, &serde_json::json!({ "reference": "sale" })).outcome(),
        "refunded"
    );
}

/// Waits until a metric is not 0.
fn wait_for(issuer: &TestIssuer, name: &str) {
    wait_until(name, || issuer.counts(name).into_values().any(|count| count > 0));
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_mins(3);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_row_of_a_detached_month_raises_the_alarm() {
    let issuer = issuer();
    let payments = TestPayments::new(&issuer);
    payments.sql(
        "INSERT INTO detached_months VALUES ('1970-01', '\\x00000000000000000000000000000000', \
         '\\x01000000000000000000000000000000', 0, 0, '', ''); \
         INSERT INTO events VALUES ('\\x00000000000000000000000000000001', NULL, 'late', 'x', 0, '{}')",
    );
    issuer.restart();
    wait_for(&issuer, "tegata_partition_detached_rows");
}
