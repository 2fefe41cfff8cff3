//! What an operator does about payments that were made: the real program beside a service that runs.

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::{EnrolledTill, code_for, history};
use crate::command::{document, done, failed};
use tegata_testkit::TestIssuer;

use crate::CliShopper;

/// Runs an operator's command with the settings of this issuer.
fn run(issuer: &TestIssuer, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tegata"));
    command
        .arg("issuer")
        .args(args)
        .env("USER", "ann")
        .env_remove("SUDO_USER")
        .stdin(Stdio::null());
    command.envs(issuer.environment());
    command.output().unwrap()
}

fn does(issuer: &TestIssuer, args: &[&str]) -> Value {
    let output = run(issuer, &[args, &["--json"]].concat());
    serde_json::from_str(done(&output)).unwrap()
}

fn with_why<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &["--why", "a test"]].concat()
}

/// A shopper of this issuer who has a card.
fn shopper(issuer: &TestIssuer) -> CliShopper {
    let mut hanako = CliShopper::new();
    hanako.signs_up(issuer);
    done(&hanako.run(&["cards", "add", "pm_card_visa"]));
    hanako
}

/// Pays, and gives the payment's number.
fn paid(till: &EnrolledTill<'_>, hanako: &CliShopper, sale: &str, amount: u64) -> String {
    let printed = asks(till, hanako, sale, amount);
    assert_eq!(printed["status"], "approved", "{printed}");
    printed["id"].as_str().unwrap().to_owned()
}

fn asks(till: &EnrolledTill<'_>, hanako: &CliShopper, sale: &str, amount: u64) -> Value {
    let code = code_for(hanako, "till-1")["code"].clone();
    let body = json!({ "code": code, "amount": amount, "currency": "JPY", "reference": sale });
    till.posts("/v1/authorisations", sale, &body)
}

/// Looks until it is so: the service's job works beside this test.
fn until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..600 {
        if is() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("never: {what}");
}

#[test]
fn an_operator_refunds_by_id_and_voids_by_sale() {
    let issuer = TestIssuer::with_sandbox();
    let hanako = shopper(&issuer);
    let till = EnrolledTill::new(&issuer, "till-1", "Tegata Ginza");
    let kettle = paid(&till, &hanako, "kettle", 4980);
    let teapot = paid(&till, &hanako, "teapot", 1200);

    let ordered =
        json!({ "payment": kettle, "state": "reversing", "amount": 4980, "currency": "JPY" });
    assert_eq!(does(&issuer, &with_why(&["refund", &kettle])), ordered);
    assert_eq!(
        does(&issuer, &with_why(&["refund", &kettle])),
        ordered,
        "the same again is done once"
    );
    let words = run(&issuer, &with_why(&["void", "--till", "till-1", "--reference", "teapot"]));
    assert_eq!(done(&words), format!("payment {teapot} is reversing\n"));

    // The service takes up payments that were left alone for half a minute.
    issuer.clock.advance(60);
    let states = || {
        let list = history(&hanako, &[])["payments"].clone();
        let mut states: Vec<_> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|it| json!([it["reference"], it["amount"], it["state"]]))
            .collect();
        states.sort_by_key(ToString::to_string);
        json!(states)
    };
    let back = json!([["kettle", 4980, "refunded"], ["teapot", 1200, "refunded"]]);
    until("both are refunded", || states() == back);
    let over = run(&issuer, &with_why(&["refund", &kettle]));
    assert_eq!(done(&over), format!("payment {kettle} is refunded: 4980 JPY\n"));

    // Who ordered it, and why, stands in the log.
    let events = does(&issuer, &["audit", "tail", "-n", "1000"])["events"].clone();
    for (deed, payment) in [("refund_ordered", &kettle), ("void_ordered", &teapot)] {
        let mut of_this_deed = events.as_array().unwrap().iter().filter(|it| it["deed"] == deed);
        let event = of_this_deed.next().unwrap();
        assert_eq!(event["actor"], "operator ann");
        assert_eq!(event["detail"]["why"], "a test");
        assert_eq!(event["detail"]["authorisation"], **payment);
    }
}

#[test]
fn charges_made_since_a_restored_backup_are_found_and_settled() {
    let issuer = TestIssuer::with_sandbox();
    let hanako = shopper(&issuer);
    let till = EnrolledTill::new(&issuer, "till-1", "Tegata Ginza");
    let backup = issuer.folder.path().join("backup").display().to_string();
    does(&issuer, &with_why(&["backup", &backup]));
    let kettle = paid(&till, &hanako, "kettle", 4980);
    issuer.stop();
    for end in ["", "-wal", "-shm", ".checkpoints"] {
        let _ = std::fs::remove_file(issuer.folder.path().join(format!("issuer.sqlite{end}")));
    }
    does(&issuer, &with_why(&["restore", &backup]));

    let look = ["reconcile", "--since", "1h"];
    let settle = [&look[..], &["--settle"]].concat();
    let output = run(&issuer, &look);
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8(output.stdout).unwrap();
    let mut lines = words.lines();
    assert_eq!(lines.next(), Some("1 charges compared, 1 differ"));
    let row: Vec<_> = lines.nth(2).unwrap().split("  ").filter(|cell| !cell.is_empty()).collect();
    let row: Vec<_> = row[1..].iter().map(|cell| cell.trim()).collect();
    assert_eq!(row, ["4980 JPY", "till-1", "kettle", "charged", "-", "add the payment"]);
    assert!(words.ends_with("add --settle and --why TEXT to settle it.\n"), "{words}");
    failed(&run(&issuer, &settle), 2, "--why");
    failed(&run(&issuer, &with_why(&look)), 2, "--settle");
    failed(&run(&issuer, &["reconcile", "--since", "tomorrow"]), 2, "expected a time");

    let settled = does(&issuer, &with_why(&settle));
    let [finding] = &settled["findings"].as_array().unwrap()[..] else { panic!("{settled}") };
    let parts = ["payment", "till", "reference", "amount", "processor", "row", "action", "result"];
    let expected = json!([kettle, "till-1", "kettle", 4980, "charged", null, "adopt", "done"]);
    assert_eq!(json!(parts.map(|part| finding[part].clone())), expected);
    let same = does(&issuer, &look);
    assert_eq!((&same["compared"], &same["findings"]), (&json!(1), &json!([])));
    assert_eq!(does(&issuer, &with_why(&settle))["findings"], json!([]));

    // It is a payment like any other, and the log says how it came back.
    issuer.start();
    assert_eq!(does(&issuer, &with_why(&["refund", &kettle]))["state"], "reversing");
    let events = does(&issuer, &["audit", "tail", "-n", "1000"])["events"].clone();
    let mut found =
        events.as_array().unwrap().iter().filter(|event| event["deed"] == "charge_reconciled");
    let event = found.next().unwrap();
    assert_eq!(
        (&event["actor"], &event["detail"]["why"]),
        (&json!("operator ann"), &json!("a test"))
    );
    assert_eq!(event["detail"]["authorisation"], kettle);
    assert!(found.next().is_none());
}

/// Another code than this one.
fn other(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:08}", (number + 1) % 100_000_000)
}

#[test]
fn a_managers_code_voids_and_log_and_report_name_the_manager() {
    let issuer = TestIssuer::with_sandbox();
    let hanako = shopper(&issuer);
    // The report looks back from the operator's clock: the service's is the same from here on.
    issuer.clock.set(0);
    let till = EnrolledTill::new(&issuer, "till-1", "Tegata Ginza");
    paid(&till, &hanako, "kettle", 4980);
    paid(&till, &hanako, "teapot", 1200);
    let voids = || does(&issuer, &["report", "--since", "1h"])["voids"].clone();
    assert_eq!(voids(), json!([]));

    let manager = |act: &'static str| ["till", "manager", act, "till-1"];
    let add = with_why(&[&manager("add")[..], &["Jiro"]].concat());
    let added = does(&issuer, &add);
    assert_eq!((&added["till"], &added["manager"]), (&json!("till-1"), &json!("Jiro")));
    let code = added["code"].as_str().unwrap();
    assert!(code.len() == 8 && code.bytes().all(|digit| digit.is_ascii_digit()), "{added}");
    assert_eq!(does(&issuer, &manager("list"))["managers"], json!(["Jiro"]));
    let asks = |sale: &str, code: Option<&str>| {
        let body = json!({ "reference": sale, "manager": code });
        let result = till.posts("/v1/voids", "-", &body);
        let word = result["type"].as_str().or_else(|| result["status"].as_str()).unwrap();
        word.rsplit(':').next().unwrap().to_owned()
    };
    assert_eq!(asks("kettle", None), "manager-needed");
    assert_eq!(asks("kettle", Some(code)), "refunded");
    assert_eq!(voids(), json!([{ "by": "till till-1, manager Jiro", "count": 1 }]));
    let report = run(&issuer, &["report", "--since", "1h"]);
    assert!(done(&report).ends_with("\n\ntill till-1, manager Jiro: 1 payment voided\n"));

    // Five wrong codes, and then the right one has to wait for minutes as well.
    for _ in 0..5 {
        assert_eq!(asks("teapot", Some(&other(code))), "manager-wrong");
    }
    assert_eq!(asks("teapot", Some(code)), "manager-wait");
    issuer.clock.advance(5 * 60);
    assert_eq!(asks("teapot", Some(code)), "refunded");

    let events = does(&issuer, &["audit", "tail", "-n", "1000"])["events"].clone();
    let of = |deed: &str| -> Vec<Value> {
        let events = events.as_array().unwrap().iter();
        events.filter(|event| event["deed"] == deed).cloned().collect()
    };
    let added = of("manager_added");
    assert_eq!(added.len(), 1);
    assert_eq!(
        (&added[0]["actor"], &added[0]["detail"]["manager"]),
        (&json!("operator ann"), &json!("Jiro"))
    );
    let reversing: Vec<_> = of("payment_reversing").iter().map(|it| it["actor"].clone()).collect();
    assert_eq!(reversing, ["till till-1, manager Jiro", "till till-1, manager Jiro"]);
    assert!(!events.to_string().contains(code), "the code is in no line");

    let remove = with_why(&[&manager("remove")[..], &["Jiro"]].concat());
    assert_eq!(does(&issuer, &remove)["removed"], true);
    failed(&run(&issuer, &remove), 1, "the till has no manager of this name");
}

#[test]
fn what_was_declined_cannot_be_refunded() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    done(&hanako.run(&["cards", "add", "pm_card_chargeCustomerFail"]));
    let till = EnrolledTill::new(&issuer, "till-1", "Tegata Ginza");
    let printed = asks(&till, &hanako, "kettle", 4980);
    assert_eq!(printed["status"], "declined");
    let refused = run(&issuer, &with_why(&["refund", printed["id"].as_str().unwrap()]));
    failed(&refused, 1, "declined");
}

#[test]
fn three_equal_payments_in_a_minute_are_reported_and_stopped() {
    let issuer = TestIssuer::with_sandbox();
    let hanako = shopper(&issuer);
    // The report looks back from the operator's clock: the service's is the same from here on.
    issuer.clock.set(0);
    let till = EnrolledTill::new(&issuer, "till-1", "Tegata Ginza");
    paid(&till, &hanako, "sale-1", 480);
    paid(&till, &hanako, "sale-2", 480);
    let report = || does(&issuer, &["report", "--since", "1h"])["findings"].clone();
    assert_eq!(report(), json!([]), "two stand out from nothing");
    paid(&till, &hanako, "sale-3", 480);

    let found = report();
    let [finding] = &found.as_array().unwrap()[..] else { panic!("{found}") };
    let parts = ["what", "till", "count", "amount"].map(|part| finding[part].clone());
    assert_eq!(json!(parts), json!(["same_amount", null, 3, 1440]));
    let account = finding["account"].as_str().unwrap();
    assert_eq!(finding["command"], format!("tegata issuer freeze {account}"));
    let words = run(&issuer, &["report", "--since", "1h"]);
    let words = done(&words);
    assert!(words.contains(&format!("tegata issuer freeze {account}")), "{words}");
    assert!(words.contains("--why"), "{words}");

    assert_eq!(does(&issuer, &with_why(&["freeze", account]))["frozen"], true);
    let printed = asks(&till, &hanako, "sale-4", 480);
    assert_eq!((&printed["status"], &printed["reason"]), (&json!("declined"), &json!("held")));
}

#[test]
fn stopping_payments_counts_those_under_way_and_lets_them_end() {
    let mut issuer = TestIssuer::with_sandbox();
    let hanako = shopper(&issuer);
    let kettle =
        paid(&EnrolledTill::new(&issuer, "till-1", "Tegata Ginza"), &hanako, "kettle", 4980);
    let settings = issuer.settings.clone();
    issuer.restart_with(&json!({ "processor": hangs_up(), "processor_key": "a key" }));
    // The processor is gone: what is begun does not end, and neither does what goes back.
    let till = EnrolledTill::new(&issuer, "till-2", "Tegata Ueno");
    let code = code_for(&hanako, "till-2")["code"].clone();
    let body = json!({ "code": code, "amount": 700, "currency": "JPY", "reference": "teapot" });
    assert_eq!(till.posts("/v1/authorisations", "teapot", &body)["status"], "pending");
    assert_eq!(does(&issuer, &with_why(&["refund", &kettle]))["state"], "reversing");

    let stop = with_why(&["stop", "payments"]);
    let under_way = |authorised, reversing| {
        let counts = json!({ "authorised": authorised, "charging": 0, "reversing": reversing });
        json!({ "stopped": ["payments"], "under_way": counts })
    };
    assert_eq!(does(&issuer, &stop), under_way(1, 1));
    let words = run(&issuer, &stop);
    let says = "payments in progress: 1 to be completed or voided, 1 being voided\n";
    assert!(done(&words).ends_with(says), "{words:?}");

    // It is back. What was begun ends, though payments are stopped.
    issuer.settings = settings;
    issuer.restart();
    issuer.clock.advance(60);
    until("nothing is under way", || does(&issuer, &stop) == under_way(0, 0));
    let printed = document(&run(&issuer, &["audit", "verify", "--json"]));
    assert_eq!(printed["holds"], true);
}

/// The address of a processor that takes every connection and says nothing.
fn hangs_up() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().for_each(drop));
    address
}
