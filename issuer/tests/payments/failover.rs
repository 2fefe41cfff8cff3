//! The primary is killed while tills pay, and its standby takes its place: what was approved stands there, once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tegata_testkit::PostgresPair;
use tegata_testkit::TestIssuer;
use tegata_testkit::{TestPayer, TestPayments, TestTill, payments::TillReply};

const TILLS: usize = 6;
const SHOPPERS: usize = 4;
const CODES: u8 = 5;
/// All that is asked for.
const ALL: usize = TILLS * SHOPPERS * CODES as usize;

#[test]
fn a_failover_loses_and_doubles_no_approval() {
    let pair = PostgresPair::start();
    let issuer = TestIssuer::on(&pair.url(), tempfile::tempdir().unwrap(), "");
    let payments = TestPayments::new(&issuer);
    let tills: Vec<TestTill> = (0..TILLS).map(|n| payments.till(&format!("till-{n}"))).collect();
    let shoppers: Vec<TestPayer> =
        (0..TILLS * SHOPPERS).map(|n| payments.payer(u8::try_from(n).unwrap())).collect();
    let answered = AtomicUsize::new(0);
    let result: BTreeMap<String, TillReply> = thread::scope(|scope| {
        let each = tills.iter().enumerate().map(|(n, till)| {
            let payments = &payments;
            let answered = &answered;
            let shoppers = &shoppers[n * SHOPPERS..][..SHOPPERS];
            scope.spawn(move || pays(payments, till, shoppers, answered))
        });
        let each: Vec<_> = each.collect();
        while answered.load(Ordering::SeqCst) < ALL / 3 {
            thread::sleep(Duration::from_millis(1));
        }
        pair.kill_primary();
        // A while in which there is nobody to write to.
        thread::sleep(Duration::from_millis(300));
        assert!(answered.load(Ordering::SeqCst) < ALL, "it was killed in the midst of it");
        pair.promote();
        each.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });

    assert_eq!(result.len(), ALL);
    let ids: BTreeSet<&str> = result.values().map(TillReply::id).collect();
    assert_eq!(ids.len(), ALL, "one payment for each sale");
    for (sale, result) in &result {
        let till = tills.iter().find(|till| sale.starts_with(till.id.as_str())).unwrap();
        let stands = payments.get(till, &format!("/v1/authorisations/{}", result.id()));
        assert_eq!(stands.status, 200, "{sale} is lost");
        if result.outcome() == "approved" {
            assert_eq!(stands.outcome(), "approved", "{sale}");
        }
    }
    assert_eq!(
        usize::try_from(payments.number("SELECT COUNT(*) FROM authorisations")).unwrap(),
        ALL
    );
    let spent = payments.number("SELECT SUM(spent) FROM payers");
    assert_eq!(usize::try_from(spent).unwrap(), ALL * 100);
}

/// Asks for each payment until it is answered, always with the same key, as a till does.
fn pays(
    payments: &TestPayments<'_>,
    till: &TestTill,
    shoppers: &[TestPayer],
    answered: &AtomicUsize,
) -> Vec<(String, TillReply)> {
    let mut result = Vec::new();
    for nth in 0..CODES {
        for (who, shopper) in shoppers.iter().enumerate() {
            let code = payments.code(shopper, nth, None);
            let sale = format!("{}-{who}-{nth}", till.id);
            let mut tries = 0;
            let answer = loop {
                let answer = till.authorise(payments, &sale, &code, 100);
                if answer.status == 200 {
                    break answer;
                }
                tries += 1;
                assert!(tries < 3000, "{answer:?}");
                thread::sleep(Duration::from_millis(20));
            };
            assert!(["approved", "pending"].contains(&answer.outcome().as_str()), "{answer:?}");
            answered.fetch_add(1, Ordering::SeqCst);
            result.push((sale, answer));
        }
    }
    result
}
