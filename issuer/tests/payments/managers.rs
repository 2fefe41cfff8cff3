//! Voids that ask for a manager's code.

use serde_json::{Value, json};
use tegata_issuer::admin::{ManagerName, OperatorError};
use tegata_testkit::payments::{TillReply, reason};
use tegata_testkit::{TestIssuer, TestPayments, TestTill};

tegata_testkit::on_both! {
    a_void_asks_for_a_managers_code_where_one_is_set,
    five_wrong_codes_make_a_till_wait_for_minutes,
    of_many_codes_at_once_five_are_compared,
}

fn name(name: &str) -> ManagerName {
    ManagerName::new(name).unwrap()
}

fn add(payments: &TestPayments<'_>, till: &TestTill, manager: &str) -> String {
    let code = payments.operator().add_manager(till.id.clone(), name(manager), &reason()).unwrap();
    code.expose().to_owned()
}

/// Another code than this one.
fn other(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:08}", (number + 1) % 100_000_000)
}

fn void(payments: &TestPayments<'_>, till: &TestTill, sale: &str, code: &Value) -> TillReply {
    payments.void(till, &json!({ "reference": sale, "manager": code }))
}

fn a_void_asks_for_a_managers_code_where_one_is_set(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let next = payments.till("till-2");
    let shopper = payments.payer(1);
    for (nth, at, sale) in [(0, &till, "a"), (1, &till, "b"), (2, &next, "a"), (3, &till, "c")] {
        let code = payments.code(&shopper, nth, None);
        assert_eq!(at.authorise(&payments, sale, &code, 100).outcome(), "approved");
    }
    let code = add(&payments, &till, "Hanako");
    let wrong = other(&code);
    let voids = |sale: &str, code: Value| void(&payments, &till, sale, &code).outcome();
    assert_eq!(payments.void(&till, &json!({ "reference": "a" })).outcome(), "manager-needed");
    assert_eq!(payments.void(&till, &json!({ "key": "a" })).outcome(), "manager-needed");
    assert_eq!(voids("a", json!(null)), "manager-needed");
    assert_eq!(voids("a", json!(wrong)), "manager-wrong");
    for bad in [json!("1234567"), json!("123456789"), json!("１２３４５６７８"), json!(12_345_678)]
    {
        assert_eq!(voids("a", bad.clone()), "malformed", "{bad}");
    }
    assert_eq!(voids("a", json!(code)), "refunded");
    assert_eq!(voids("a", json!(code)), "refunded");
    // A till without managers asks for nobody, and a code of another till is none there.
    assert_eq!(payments.void(&next, &json!({ "reference": "a" })).outcome(), "refunded");
    add(&payments, &next, "Taro");
    assert_eq!(void(&payments, &next, "b", &json!(code)).outcome(), "manager-wrong");
    // Another code for the same manager, and then nobody.
    let renewed = add(&payments, &till, "Hanako");
    assert_eq!(voids("b", json!(renewed)), "refunded");
    let operator = payments.operator();
    assert_eq!(operator.managers(&till.id).unwrap(), [name("Hanako")]);
    operator.remove_manager(till.id.clone(), name("Hanako"), &reason()).unwrap();
    let gone = operator.remove_manager(till.id.clone(), name("Hanako"), &reason());
    assert!(matches!(gone, Err(OperatorError::NoSuchManager)));
    assert_eq!(payments.void(&till, &json!({ "reference": "c" })).outcome(), "refunded");
    let nobodys = operator.add_manager("till-9".parse().unwrap(), name("Taro"), &reason());
    assert!(nobodys.is_err());

    // Log and report name whose code it was.
    let events = operator.last_events(100).unwrap();
    let by = |deed: &str| -> Vec<String> {
        let mut by: Vec<_> = events
            .iter()
            .filter(|event| event.deed == deed && event.actor.starts_with("till "))
            .map(|event| event.actor.clone())
            .collect();
        by.sort();
        by
    };
    let expected = ["till till-1", "till till-1, manager Hanako", "till till-1, manager Hanako"];
    assert_eq!(by("payment_reversing")[..3], expected);
    let counts = operator.voids_at_tills(3600).unwrap();
    let counts: Vec<_> = counts.iter().map(|it| (it.by.as_str(), it.count)).collect();
    assert_eq!(counts[0], ("till till-1, manager Hanako", 2));
    assert!(counts.contains(&("till till-2", 1)) && counts.contains(&("till till-1", 1)));
    let stored = format!("SELECT COUNT(*) FROM events WHERE detail LIKE '%{code}%'");
    assert_eq!(payments.number(&stored), 0, "the code is in no line");
}

fn five_wrong_codes_make_a_till_wait_for_minutes(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let paid = till.authorise(&payments, "a", &payments.code(&shopper, 0, None), 100);
    assert_eq!(paid.outcome(), "approved");
    let code = add(&payments, &till, "Hanako");
    let wrong = other(&code);
    let voids = |code: &str| void(&payments, &till, "a", &json!(code)).outcome();
    for _ in 0..5 {
        assert_eq!(voids(&wrong), "manager-wrong");
    }
    assert_eq!(voids(&wrong), "manager-wait");
    assert_eq!(voids(&code), "manager-wait");
    issuer.restart();
    issuer.advance_clock(5 * 60 - 1);
    assert_eq!(voids(&code), "manager-wait");
    issuer.advance_clock(1);
    assert_eq!(voids(&code), "refunded");
    // Right ones count for nothing.
    for _ in 0..8 {
        assert_eq!(voids(&code), "refunded");
    }
}

fn of_many_codes_at_once_five_are_compared(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let code = add(&payments, &till, "Hanako");
    let wrong = other(&code);
    let result: Vec<_> = std::thread::scope(|scope| {
        let ask = || void(&payments, &till, "a", &json!(wrong)).outcome();
        let all: Vec<_> = (0..32).map(|_| scope.spawn(ask)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let compared = result.iter().filter(|result| *result == "manager-wrong").count();
    let waits = result.iter().filter(|result| *result == "manager-wait").count();
    assert_eq!((compared, waits), (5, 27), "{result:?}");
}
