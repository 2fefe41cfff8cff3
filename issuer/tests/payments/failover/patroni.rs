//! The leader of three nodes under Patroni fails while tills pay, by a list of hosts and behind `HAProxy`: the examples of
//! issuer/packaging, run. Prints a table in Markdown, which docs/scale.md has.

use std::time::Duration;

use tegata_testkit::{LeaderFault, PatroniCluster, Replication};

use super::payment_run::{Failover, Load, PaymentRun, pay};

/// For as long as Patroni takes to promote another leader, and a while before and after.
const LOAD: Load = Load { shoppers: 60, pause: Duration::from_millis(100) };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Address {
    Hosts,
    Proxy,
}

const ADDRESSES: [Address; 2] = [Address::Hosts, Address::Proxy];

fn run(replication: Replication, fault: LeaderFault, address: Address) -> PaymentRun {
    let cluster = PatroniCluster::start(replication);
    let url = match address {
        Address::Hosts => cluster.url_of_hosts(),
        Address::Proxy => cluster.url_of_proxy(),
    };
    let run = pay(&url, LOAD, || {
        let left = cluster.fail_leader(fault);
        let new_primary = left.new_leader.clone();
        (Failover { at: left.at, promoted: left.promoted, new_primary }, left)
    });
    println!("{run}\n{}", row(replication, fault, address, &run));
    run
}

fn print_head() {
    println!(
        "\n| what happened | reached by | no approval for | promoted after | first approval after that | \
         longest request | lost |\n|---|---|--:|--:|--:|--:|--:|"
    );
}

fn row(replication: Replication, fault: LeaderFault, address: Address, run: &PaymentRun) -> String {
    let what = match fault {
        LeaderFault::Killed => "leader killed, its ports refuse",
        LeaderFault::Frozen => "whole node frozen",
        LeaderFault::Unreachable => "whole node frozen, its ports give no answer",
        LeaderFault::ManagerFrozen => "Patroni frozen, the old primary lives on",
        LeaderFault::SwitchedOver => "planned switchover",
    };
    let what = match replication {
        Replication::Synchronous => what.to_owned(),
        Replication::Asynchronous => format!("{what}, without a synchronous standby"),
    };
    let by = match address {
        Address::Hosts => "list of hosts",
        Address::Proxy => "HAProxy",
    };
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let recovery = run.recovery.map_or("never".to_owned(), seconds);
    let lost = format!("{} of {}", run.lost().len(), run.sales);
    let times = [run.outage, run.promotion].map(seconds).join(" | ");
    format!("| {what} | {by} | {times} | {recovery} | {} | {lost} |", seconds(run.longest_request))
}

fn survives(fault: LeaderFault) {
    print_head();
    for run in ADDRESSES.map(|address| run(Replication::Synchronous, fault, address)) {
        run.assert_nothing_lost_or_doubled();
        run.assert_prompt();
    }
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn a_killed_leader_is_left() {
    survives(LeaderFault::Killed);
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn a_frozen_node_is_left() {
    survives(LeaderFault::Frozen);
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn a_node_that_gives_no_answer_is_left() {
    survives(LeaderFault::Unreachable);
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn an_old_leader_whose_patroni_is_frozen_is_left() {
    survives(LeaderFault::ManagerFrozen);
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn a_planned_switchover_is_followed() {
    survives(LeaderFault::SwitchedOver);
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn a_list_of_hosts_is_no_fence_and_the_proxy_is_one() {
    print_head();
    let [hosts, proxy] = ADDRESSES
        .map(|address| run(Replication::Asynchronous, LeaderFault::ManagerFrozen, address));
    assert!(!hosts.lost().is_empty(), "the test would not see a loss");
    proxy.assert_nothing_lost_or_doubled();
}

#[test]
#[ignore = "takes long: cargo xtask failover runs it"]
fn a_node_without_its_watchdog_does_not_lead() {
    let log = PatroniCluster::log_without_watchdog();
    assert!(log.contains("watchdog activation failed"), "{log}");
}
