//! The proof: payments at several tills while everything breaks. The processor loses, delays, fails and doubles requests;
//! tills give up waiting, ask again, scan again and take back; issuers are killed with `kill -9` and started again, and
//! PostgreSQL is restarted without being shut down. At the end three sums are the same to the yen: what the processor has charged and not given back, what the rows say was
//! charged, and what the tills were told was approved.
//!
//! `cargo xtask money` runs it, on SQLite with one issuer and on PostgreSQL with two.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod issuers;
mod tills;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use issuers::Issuers;
use tegata::code::Seed;
use tegata_issuer::config::SecretSetting;
use tegata_issuer::processor::Stripe;
use tegata_sandbox::{Fault, Sandbox};
use tegata_testkit::TestIssuer;
use tegata_testkit::card::{add_card, has_open_charges};
use tegata_testkit::{PostgresCluster, postgres::cluster};
use tegata_testkit::{TestPayer, TestPayments};
use tills::{Sums, TillSimulation};

/// How many payments; `cargo xtask money --payments N` sets it.
const PAYMENTS: &str = "TEGATA_MONEY_PAYMENTS";
const KEY: &str = "a key of the far side";
const SHOPPERS: u8 = 40;
const TILLS: usize = 6;
/// How long the processor makes somebody wait: longer than some tills do.
const SLOW: Duration = Duration::from_millis(700);

/// The sum that the sandbox has charged and not refunded.
fn charged_by(sandbox: &Sandbox) -> u64 {
    let paid = sandbox.paid().unwrap();
    paid.iter().map(|paid| u64::from(paid.charged - paid.refunded)).sum()
}

#[test]
fn sqlite() {
    sums_agree(1, TestIssuer::with, || None);
}

#[test]
fn postgres() {
    sums_agree(2, TestIssuer::postgres_with, || Some(cluster()));
}

fn sums_agree(
    issuers: usize,
    make_issuer: impl FnOnce(&str) -> TestIssuer,
    database: impl FnOnce() -> Option<&'static PostgresCluster>,
) {
    let count = std::env::var(PAYMENTS).map_or(150, |text| text.parse().unwrap());
    let far = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::with_ledger_file(folder.path().join("ledger.sqlite"), KEY);
    let listener = far.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let processor = format!("http://{}", listener.local_addr().unwrap());
    far.spawn(sandbox.clone().serve(listener));

    let issuer = make_issuer(&format!(
        "processor = {processor:?}\nprocessor_key = {KEY:?}\n\
         day_limit = 100000000\nlow_day_limit = 100000000\nlow_payment_limit = 50000"
    ));
    let payments = TestPayments::new(&issuer);
    let stripe = Stripe::new(&processor, &SecretSetting::new(KEY), Duration::from_secs(8)).unwrap();
    let shoppers: Vec<TestPayer> = (1..=SHOPPERS).map(|n| shopper(&payments, &stripe, n)).collect();
    let tills: Vec<_> = (0..TILLS).map(|n| payments.till(&format!("till-{n}"))).collect();
    issuer.stop();

    let random = std::sync::Mutex::new(fastrand::Rng::with_seed(7));
    sandbox.fail(move |_| {
        let mut random = random.lock().unwrap();
        let faults = Fault::each(SLOW);
        if random.u8(..) < 40 { faults[random.usize(..faults.len())] } else { Fault::None }
    });
    let running = Issuers::start(&issuer, issuers);
    let database = database();
    let simulation = Arc::new(TillSimulation::new(&issuer, &payments, &running, shoppers, count));
    let is_open = AtomicBool::new(true);
    thread::scope(|scope| {
        let killer = scope.spawn(|| running.are_killed(&is_open, database));
        let at_work: Vec<_> = tills
            .iter()
            .zip(0..)
            .map(|(till, seed)| {
                let simulation = &simulation;
                scope.spawn(move || simulation.sells(till, fastrand::Rng::with_seed(seed)))
            })
            .collect();
        for till in at_work {
            till.join().unwrap();
        }
        is_open.store(false, Ordering::SeqCst);
        killer.join().unwrap();
    });
    sandbox.fail(|_| Fault::None);
    settles(&issuer, &payments);
    for till in &tills {
        simulation.closes(till);
    }
    settles(&issuer, &payments);

    let sums =
        Sums {
            processor: charged_by(&sandbox),
            rows: u64::try_from(payments.number(
                "SELECT COALESCE(SUM(amount), 0) FROM authorisations WHERE state = 'charged'",
            ))
            .unwrap(),
            tills: simulation.approved(&tills),
        };
    let kills = running.kills();
    let restarts = running.restarts();
    println!(
        "{issuers} issuers, {kills} kills, {restarts} restarts of the database, {}",
        simulation.summary()
    );
    println!("{sums}");
    assert!(sums.agree(), "{sums}");
    assert!(sums.tills > 0, "nothing was paid");
}

/// Somebody with a card; every tenth's does not pay.
fn shopper(payments: &TestPayments<'_>, stripe: &Stripe, n: u8) -> TestPayer {
    let shopper = payments.payer_with_seed(Seed::from_slice(&[n; 32]).unwrap());
    let token = if n.is_multiple_of(10) { "pm_card_chargeCustomerFail" } else { "pm_card_visa" };
    add_card(payments, &shopper, stripe, token);
    shopper
}

/// Time passes until nothing is under way.
fn settles(issuer: &TestIssuer, payments: &TestPayments<'_>) {
    for _ in 0..60 {
        if !has_open_charges(payments) {
            return;
        }
        issuer.advance_clock(31);
        thread::sleep(Duration::from_secs(1));
    }
    panic!(
        "it does not settle: {:?}",
        payments.threads.block_on(payments.store.open_payment_counts())
    );
}
