//! What a day's sum is, whatever happens.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use tegata_issuer::payments::ChargeOutcome;

use tegata_testkit::TestIssuer;
use tegata_testkit::TestPayments;

/// What happens next.
#[derive(Clone, Debug)]
enum Next {
    /// A payment, and what the processor says to it.
    Pay(u64, ChargeOutcome),
    /// A void of the nth sale.
    Void(usize),
    /// The same sale again.
    Again(usize),
}

fn next() -> impl Strategy<Value = Next> {
    let outcome = prop::sample::select(vec![
        ChargeOutcome::Done,
        ChargeOutcome::Declined,
        ChargeOutcome::Pending,
    ]);
    prop_oneof![
        3 => (1_u64..3000, outcome).prop_map(|(amount, outcome)| Next::Pay(amount, outcome)),
        1 => (0_usize..20).prop_map(Next::Void),
        1 => (0_usize..20).prop_map(Next::Again),
    ]
}

#[test]
fn the_day_limit_counts_neither_voided_nor_declined_payments() {
    let issuer = TestIssuer::new();
    let payments = TestPayments::new(&issuer);
    let till = payments.till("till-1");
    let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
    let stories = prop::collection::vec(next(), 1..20);
    let held = runner.run(&stories, |story| {
        let shopper = payments.payer(u8::try_from(payments.number("SELECT COUNT(*) FROM accounts") % 250).unwrap());
        let first = payments.number("SELECT COUNT(*) FROM authorisations");
        for (n, next) in story.iter().enumerate() {
            let name = |n: usize| format!("{first}-{}-{n}", shopper.account);
            match next {
                Next::Pay(amount, outcome) => {
                    *issuer.processor.lock().unwrap() = *outcome;
                    let code = payments.next_code(&shopper);
                    let name = name(n);
                    till.authorise(&payments, &name[name.len() - 30..], &code, *amount);
                }
                Next::Void(n) => {
                    let name = name(*n);
                    payments.void(&till, &json!({ "reference": name[name.len() - 30..] }));
                }
                Next::Again(n) => {
                    let code = payments.next_code(&shopper);
                    let name = name(*n);
                    let key = format!("again-{}", payments.number("SELECT COUNT(*) FROM idempotency"));
                    till.authorise_as(&payments, &key, &name[name.len() - 30..], &code, 10);
                }
            }
        }
        let apart = "SELECT COUNT(*) FROM payers p WHERE p.spent <> (SELECT COALESCE(SUM(a.amount), 0) \
            FROM authorisations a WHERE a.account = p.account AND a.day = p.day \
            AND a.state NOT IN ('voided', 'declined'))";
        prop_assert_eq!(payments.number(apart), 0);
        let unsold = "SELECT COUNT(*) FROM (SELECT till, reference FROM authorisations \
            WHERE state NOT IN ('voided', 'declined') GROUP BY till, reference \
            HAVING COUNT(*) > 1) AS twice";
        prop_assert_eq!(payments.number(unsold), 0);
        Ok(())
    });
    held.unwrap();
}
