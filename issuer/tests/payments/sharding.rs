//! What an engine that distributes rows by one column of each table would have to do for a payment: how many of four
//! parts each of its statements touches. It is a list to read (`cargo test -- --nocapture`); only its form is tested.

use std::collections::BTreeMap;

use tegata_testkit::TestIssuer;
use tegata_testkit::card::add_card;
use tegata_testkit::payments::TestPayments;

use crate::plans::{log_plans, logged_plans};
use crate::restore::sandbox;

/// The tables that grow with payments and shoppers, each with the column that it is distributed by: the first of its key.
const DISTRIBUTED: [(&str, &str, &str); 13] = [
    ("aliases", "alias", "prefix, period, alias, credential"),
    ("attempts", "subject", "subject, day"),
    ("authorisations", "authorisation", "authorisation"),
    ("cards", "account", "account, card"),
    ("charges_open", "authorisation", "authorisation"),
    ("credentials", "credential", "credential"),
    ("customers", "account", "account"),
    ("events", "event", "event"),
    ("events_waiting", "event", "event"),
    ("idempotency", "till", "till, key"),
    ("outbox", "mail", "mail"),
    ("payers", "account", "account"),
    ("sales", "till", "till, reference"),
];

const PARTS: usize = 4;

/// Distributes a table's rows to four parts by the hash of a column.
fn distribute(payments: &TestPayments<'_>, (table, column, key): (&str, &str, &str)) {
    let parts: Vec<_> = (0..PARTS)
        .map(|part| {
            format!(
                "CREATE TABLE {table}_p{part} PARTITION OF {table} \
                 FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {part})"
            )
        })
        .collect();
    payments.sql(&format!(
        "ALTER TABLE {table} RENAME TO whole_{table}; \
         CREATE TABLE {table} (LIKE whole_{table} INCLUDING DEFAULTS, PRIMARY KEY ({key})) \
         PARTITION BY HASH ({column}); {}; \
         INSERT INTO {table} SELECT * FROM whole_{table}; DROP TABLE whole_{table} CASCADE",
        parts.join("; ")
    ));
}

/// What a payment asks and writes, by a part of the text that no job's statement has.
const STATEMENTS: [(&str, &str); 15] = [
    ("SELECT t.till, i.asked", "1 read till, key and reference"),
    ("SELECT credential FROM aliases", "2 read alias"),
    ("SELECT c.account, c.key, c.seed, c.number, p.number", "3 lock credential, account, card"),
    ("FROM attempts WHERE subject = ", "3 read wrong codes"),
    ("UPDATE payers SET counter_of", "4 use the code"),
    ("INSERT INTO authorisations", "4 add the payment"),
    ("INSERT INTO idempotency", "4 add the key"),
    ("INSERT INTO sales", "4 add the reference"),
    ("INSERT INTO charges_open", "4 list it as open"),
    ("INSERT INTO events (", "4, 6 add an event"),
    ("INSERT INTO events_waiting", "4, 6 add an event to seal"),
    ("UPDATE authorisations SET state = 'charging'", "5 store the intent"),
    ("UPDATE authorisations SET state = $1", "6 move to charged"),
    ("DELETE FROM charges_open", "6 list it no longer as open"),
    ("INSERT INTO outbox", "6 add the receipt"),
];

#[test]
fn the_parts_that_a_good_payment_touches_are_listed() {
    let issuer = TestIssuer::postgres_with_sandbox();
    let payments = TestPayments::new(&issuer);
    let (_, stripe) = sandbox(&payments);
    let till = payments.till("till-1");
    let payer = payments.payer(1);
    add_card(&payments, &payer, &stripe, "pm_card_visa");
    issuer.stop();
    for table in DISTRIBUTED {
        distribute(&payments, table);
    }
    issuer.start();
    log_plans(&payments);
    let reply = till.authorise(&payments, "sale", &payments.next_code(&payer), 1);
    assert_eq!(reply.outcome(), "approved");

    let mut parts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for plan in logged_plans(&payments) {
        let is_its = |(part, _): &&(&str, &str)| plan.text.contains(*part);
        let Some((_, name)) = STATEMENTS.iter().find(is_its) else { continue };
        for (table, ..) in DISTRIBUTED {
            let touched = plan.relations(table).len();
            if touched > 0 {
                let most = parts.entry((name, table)).or_default();
                *most = touched.max(*most);
            }
        }
    }
    let column = |table: &str| DISTRIBUTED.iter().find(|(its, ..)| *its == table).unwrap().1;
    for ((statement, table), touched) in &parts {
        println!("{statement}: {table} by {}: {touched} of {PARTS}", column(table));
    }
    assert!(parts.values().all(|touched| (1..=PARTS).contains(touched)), "{parts:?}");
    for (_, statement) in STATEMENTS {
        assert!(parts.keys().any(|(its, _)| *its == statement), "{statement}: {parts:?}");
    }
}
