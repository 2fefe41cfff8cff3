//! The primary fails while tills pay, and its standby takes its place: what was approved stands there, once, and tills are
//! answered again soon. Over TCP, with the hosts of the address in both orders.
//!
//! `cargo xtask failover` runs those that take long, and prints how long each took.

mod patroni;
mod payment_run;

use std::thread::sleep;
use std::time::Duration;

use tegata_testkit::{FirstHost, PostgresPair, Replication};

use payment_run::{PaymentRun, pay_through};

const ORDERS: [FirstHost; 2] = [FirstHost::Primary, FirstHost::Standby];

/// How long nobody is there to write to, at least.
const PAUSE: Duration = Duration::from_millis(300);

/// Fails the primary in this way, in both orders of hosts, and checks what is promised.
fn survives<T>(name: &str, fault: impl Fn(&PostgresPair) -> T) {
    for order in ORDERS {
        let run = pay_through(Replication::Synchronous, order, &fault);
        println!("{name}, {order:?}: {run}");
        run.assert_nothing_lost_or_doubled();
        run.assert_prompt();
    }
}

#[test]
fn a_killed_primary_loses_and_doubles_no_approval() {
    survives("killed", |pair| {
        pair.kill_primary();
        sleep(PAUSE);
        pair.promote();
    });
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn a_killed_primary_whose_port_gives_no_answer_is_left() {
    survives("killed, its port full", |pair| {
        pair.kill_primary();
        let port = pair.fill_port_of_primary();
        sleep(PAUSE);
        pair.promote();
        port
    });
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn a_frozen_primary_is_left() {
    survives("frozen", |pair| {
        pair.freeze_primary();
        sleep(PAUSE);
        pair.promote();
    });
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn an_old_primary_that_lives_on_is_left() {
    survives("old primary lives on", PostgresPair::promote);
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn without_a_synchronous_standby_an_old_primary_loses_payments() {
    let order = FirstHost::Primary;
    let run = pay_through(Replication::Asynchronous, order, PostgresPair::promote);
    println!("old primary lives on without a synchronous standby: {run}");
    assert!(!run.lost().is_empty(), "the test would not see a loss");
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn without_a_synchronous_standby_a_killed_primary_loses_payments() {
    let order = FirstHost::Primary;
    let run = pay_through(Replication::Asynchronous, order, |pair| {
        pair.kill_primary();
        pair.promote();
    });
    println!("killed without a synchronous standby, 0.3 s behind: {run}");
    assert!(!run.lost().is_empty(), "the test would not see a loss");
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn an_address_of_the_frozen_primary_alone_is_not_prompt() {
    let run = PaymentRun::of_primary_alone(|pair| {
        pair.freeze_primary();
        pair.promote();
    });
    println!("frozen, and no other host in the address: {run}");
    assert!(!run.is_prompt(), "the test would not see a dialler that tries one host alone");
}
