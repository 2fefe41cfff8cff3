//! Many at the same moment.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;
use tegata_issuer::payments::ChargeOutcome;

use tegata_testkit::TestIssuer;
use tegata_testkit::{TestPayments, payments::TillReply};

tegata_testkit::on_both! {
    of_sixty_four_tills_with_one_code_one_is_accepted,
    sixty_four_requests_of_one_key_are_one_payment,
    sixty_four_keys_of_one_sale_are_one_payment,
    many_payments_of_one_account_keep_to_its_limit,
    a_void_and_its_payment_at_once_end_with_nothing_spent,
    declined_cards_among_paying_ones_keep_the_sums,
}

#[test]
fn a_try_waits_for_those_before_it_and_counts_them() {
    let issuer = TestIssuer::postgres();
    let payments = TestPayments::new(&issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let code = payments.code(&shopper, 0, None);
    let account = payments.blob(&shopper.account.0);
    let lock = format!("SELECT 1 FROM payers WHERE account = {account}");
    let of_credential = payments.blob(&[b"c", &shopper.credential.0[..]].concat());
    let day = issuer.now().seconds() / 86_400;
    // The first of the day: there was no count that could have been locked.
    let guessed = format!("INSERT INTO attempts VALUES ({of_credential}, {day}, 100)");
    let result =
        payments.while_locked(&lock, &guessed, || till.authorise(&payments, "sale", &code, 100));
    assert_eq!(
        result.outcome(),
        "declined not_valid",
        "the right code, behind a hundred wrong ones"
    );
}

fn all_at_once(n: usize, work: impl Fn(usize) -> TillReply + Sync) -> Vec<TillReply> {
    let work = &work;
    thread::scope(|scope| {
        let all: Vec<_> = (0..n).map(|n| scope.spawn(move || work(n))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn counted(result: &[TillReply]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for result in result {
        *counts.entry(result.outcome()).or_default() += 1;
    }
    counts
}

fn of_sixty_four_tills_with_one_code_one_is_accepted(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let tills: Vec<_> = (0..64).map(|n| payments.till(&format!("till-{n}"))).collect();
    let shopper = payments.payer(1);
    let code = payments.code(&shopper, 0, None);
    let result = all_at_once(64, |n| tills[n].authorise(&payments, "sale", &code, 100));
    let expected = [("approved".to_owned(), 1), ("declined used".to_owned(), 63)];
    assert_eq!(counted(&result), expected.into());
    assert_eq!(payments.number("SELECT SUM(spent) FROM payers"), 100);
}

fn sixty_four_requests_of_one_key_are_one_payment(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let code = payments.code(&shopper, 0, None);
    let result = all_at_once(64, |_| till.authorise(&payments, "sale", &code, 100));
    let ids: std::collections::BTreeSet<_> = result.iter().map(TillReply::id).collect();
    assert_eq!(ids.len(), 1, "{result:?}");
    // Some may have come while the card was being charged.
    assert!(
        result.iter().all(|result| ["approved", "pending"].contains(&result.outcome().as_str()))
    );
    assert_eq!(till.authorise(&payments, "sale", &code, 100).outcome(), "approved");
    assert_eq!(payments.number("SELECT COUNT(*) FROM authorisations"), 1);
}

fn sixty_four_keys_of_one_sale_are_one_payment(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shoppers: Vec<_> = (0..64).map(|n| payments.payer(n)).collect();
    let result = all_at_once(64, |n| {
        let code = payments.code(&shoppers[n], 0, None);
        till.authorise_as(&payments, &format!("key-{n}"), "sale", &code, 100)
    });
    // Whoever came first pays; the sale is nobody else's.
    let counts = counted(&result);
    assert_eq!((counts["approved"], counts["reference-reused"]), (1, 63), "{counts:?}");
    assert_eq!(payments.number("SELECT SUM(spent) FROM payers"), 100);
}

fn many_payments_of_one_account_keep_to_its_limit(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    // Five of one step, then of the next two, in the order in which a phone shows them; all within what is accepted.
    let mut codes = Vec::new();
    for step in 0..3 {
        codes.extend((0..5).map(|nth| (step, payments.code(&shopper, nth, None))));
        issuer.advance_clock(30);
    }
    issuer.set_clock_back(60);
    let result = all_at_once(codes.len(), |n| {
        till.authorise(&payments, &format!("sale-{n}"), &codes[n].1, 3000)
    });
    let counts = counted(&result);
    let approved = counts.get("approved").copied().unwrap_or_default();
    assert!((1..=3).contains(&approved), "{counts:?}");
    assert_eq!(
        payments.number("SELECT SUM(spent) FROM payers"),
        3000 * i64::try_from(approved).unwrap()
    );
}

fn a_void_and_its_payment_at_once_end_with_nothing_spent(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    for n in 0..16 {
        let what = format!("sale-{n}");
        let code = payments.next_code(&shopper);
        let result = all_at_once(2, |side| match side {
            0 => till.authorise(&payments, &what, &code, 100),
            _ => payments.void(&till, &json!({ "key": what })),
        });
        let after = till.authorise(&payments, &what, &code, 100).outcome();
        assert!(
            ["voided", "refunded", "reversing"].contains(&after.as_str()),
            "{result:?} {after}"
        );
    }
    let open = "SELECT COUNT(*) FROM authorisations WHERE state NOT IN ('voided', 'refunded')";
    assert_eq!(payments.number(open), 0);
}

/// What a declined card gives back and what the next payment adds are of one row.
fn declined_cards_among_paying_ones_keep_the_sums(issuer: &TestIssuer) {
    const ROUNDS: usize = 4;
    let payments = TestPayments::new(issuer);
    let tills: Vec<_> = (0..8).map(|n| payments.till(&format!("till-{n}"))).collect();
    let shoppers: Vec<_> = (0..6).map(|n| payments.payer(n)).collect();
    let mut approved = 0;
    let mut declined = 0;
    for round in 0..ROUNDS {
        let is_over = AtomicBool::new(false);
        let result = thread::scope(|scope| {
            scope.spawn(|| {
                for says in [ChargeOutcome::Declined, ChargeOutcome::Done].into_iter().cycle() {
                    *issuer.processor.lock().unwrap() = says;
                    if is_over.load(Ordering::SeqCst) {
                        return;
                    }
                    thread::yield_now();
                }
            });
            let result = all_at_once(30, |n| {
                let code = payments.code(&shoppers[n % 6], u8::try_from(n / 6).unwrap(), None);
                tills[n % 8].authorise(&payments, &format!("sale-{round}-{n}"), &code, 100)
            });
            is_over.store(true, Ordering::SeqCst);
            result
        });
        let counts = counted(&result);
        let of = |words: &str| counts.get(words).copied().unwrap_or_default();
        // Whoever came with an older code than another of the same shopper is answered so.
        assert_eq!(of("approved") + of("declined") + of("declined used"), 30, "{counts:?}");
        approved += of("approved");
        declined += of("declined");
        issuer.advance_clock(30);
    }
    assert!(approved > 0 && declined > 0, "{approved} {declined}");
    let rows = |state: &str| {
        let count = format!("SELECT COUNT(*) FROM authorisations WHERE state = '{state}'");
        usize::try_from(payments.number(&count)).unwrap()
    };
    assert_eq!((rows("charged"), rows("declined")), (approved, declined));
    let wrong = "SELECT COUNT(*) FROM payers p WHERE p.spent <> (SELECT COALESCE(SUM(a.amount), 0) \
        FROM authorisations a WHERE a.account = p.account AND a.state = 'charged')";
    assert_eq!(payments.number(wrong), 0);
    assert_eq!(payments.number("SELECT COUNT(*) FROM charges_open"), 0);
}
