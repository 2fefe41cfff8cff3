//! A day at twenty tills with three frauds in it: the report finds them and cries wolf how often?

use std::collections::BTreeMap;

use fastrand::Rng;
use tegata_issuer::admin::report::{Suspicion, Thresholds};
use tegata_issuer::payments::ChargeOutcome;
use tegata_issuer::store::ActivitySubject;

use tegata_testkit::TestIssuer;
use tegata_testkit::{TestPayer, TestPayments, TestTill};

tegata_testkit::on_both! {
    three_frauds_of_a_day_are_found_and_one_more_is_named,
    the_thresholds_are_where_they_are_said_to_be,
    what_was_declined_or_voided_was_not_paid,
}

const SHOPPERS: usize = 300;
const TILLS: usize = 20;
/// Of the first opening to the last closing, in seconds.
const DAY: u64 = 14 * 3600;
/// False alarms on that day: one shopper who eats all day. docs/issuer.md says so.
const FALSE_ALARMS: usize = 1;

/// What somebody does at some second of the day.
struct Scan {
    at: u64,
    who: usize,
    till: usize,
    amount: u64,
    /// A code that was read wrongly, or made up, in the place of the payment.
    is_wrong: bool,
}

/// Where the day's crowd is: few in the morning, many at noon and after work.
fn second(rng: &mut Rng) -> u64 {
    let peak = [2 * 3600, 5 * 3600, 11 * 3600][rng.usize(..3)];
    let around = rng.u64(..3600) + rng.u64(..3600);
    if rng.u8(..4) == 0 { rng.u64(..DAY) } else { peak + around }
}

/// Shoppers pay one to five times; a few tills are three times as busy; some codes are read wrongly; and a few do
/// honestly what looks odd: the same twice right after each other, a round of coffee for an office in three payments.
fn honest(rng: &mut Rng) -> Vec<Scan> {
    let prices = [110, 150, 216, 298, 540, 780, 1080];
    let till = |rng: &mut Rng| match rng.usize(..TILLS + 6) {
        busy @ TILLS.. => (busy - TILLS) % 3,
        till => till,
    };
    let mut day = Vec::new();
    for who in 0..SHOPPERS {
        let home = till(rng);
        for _ in 0..1 + rng.usize(..3) + rng.usize(..3) {
            let till = if rng.bool() { home } else { till(rng) };
            let at = second(rng);
            let amount = prices[rng.usize(..prices.len())];
            day.push(Scan { at, who, till, amount, is_wrong: false });
            // The second bottle that was forgotten.
            if rng.u8(..25) == 0 {
                day.push(Scan { at: at + 40, who, till, amount, is_wrong: false });
            }
            if rng.u8(..12) == 0 {
                day.push(Scan { at: at.saturating_sub(15), who, till, amount, is_wrong: true });
            }
        }
    }
    // A shopper who eats all day.
    for n in 0..7 {
        day.push(Scan { at: 7200 + n * 1100, who: 17, till: 4, amount: 150, is_wrong: false });
    }
    day
}

/// The attackers: accounts that belong to nobody above use these from `SHOPPERS` on.
fn frauds() -> Vec<Scan> {
    let mut day = Vec::new();
    // One attacker with many people's phones, or their seeds, at one till.
    for n in 0..18 {
        let who = SHOPPERS + usize::try_from(n).unwrap();
        day.push(Scan { at: 20_000 + n * 33, who, till: 9, amount: 4800, is_wrong: false });
    }
    // Three top-ups of one amount a minute, as in 2019.
    for n in 0..3 {
        let who = SHOPPERS + 18;
        day.push(Scan { at: 31_117 + n * 28, who, till: 12, amount: 3000, is_wrong: false });
    }
    // A till that tries codes.
    for n in 0..45 {
        let who = SHOPPERS + 19;
        day.push(Scan { at: 40_000 + n * 4, who, till: 15, amount: 100, is_wrong: true });
    }
    day
}

/// Does it all over HTTP, in its order, on the issuer's clock.
fn live(payments: &TestPayments<'_>, mut day: Vec<Scan>) -> Vec<TestPayer> {
    let seed = |n: usize| {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        tegata::code::Seed::from_slice(&bytes).unwrap()
    };
    let shoppers: Vec<_> = (0..SHOPPERS + 20).map(|n| payments.payer_with_seed(seed(n))).collect();
    let tills: Vec<TestTill> = (0..TILLS).map(|n| payments.till(&format!("till-{n}"))).collect();
    // A day later nobody's device is new.
    payments.issuer.advance_clock(86_400);
    day.sort_by_key(|deed| deed.at);
    let mut now = 0;
    let mut result = BTreeMap::<String, u32>::new();
    // Codes of one half minute differ by their number.
    let mut used = BTreeMap::<usize, (u64, u8)>::new();
    for (nth, deed) in day.into_iter().enumerate() {
        payments.issuer.advance_clock(deed.at - now);
        now = deed.at;
        let step = payments.issuer.now().seconds() / 30;
        let (last, number) = used.get(&deed.who).copied().unwrap_or((0, 0));
        let number = if last == step { number + 1 } else { 0 };
        let code = if deed.is_wrong {
            format!("4960{:020}", 7_777_777 * (nth + 1))
        } else {
            used.insert(deed.who, (step, number));
            payments.code(&shoppers[deed.who], number, None)
        };
        let asked =
            tills[deed.till].authorise(payments, &format!("sale-{nth}"), &code, deed.amount);
        *result.entry(asked.outcome()).or_default() += 1;
    }
    assert_eq!(result.keys().collect::<Vec<_>>(), ["approved", "declined not_valid"], "{result:?}");
    shoppers
}

fn three_frauds_of_a_day_are_found_and_one_more_is_named(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let mut day = honest(&mut Rng::with_seed(2019));
    day.extend(frauds());
    let shoppers = live(&payments, day);
    let (_, found) = payments.operator().report(86_400, &Thresholds::USUAL).unwrap();
    let named = |what, who| found.iter().find(|f| f.what == what && f.who == who);
    let till = |n: usize| ActivitySubject::Till(format!("till-{n}").parse().unwrap());

    let many = named(Suspicion::ManyAccounts, till(9)).expect("many accounts at one till");
    assert!(many.count >= 18 && many.amount >= 18 * 4800, "{many:?}");
    let attacker = ActivitySubject::Account(shoppers[SHOPPERS + 18].account);
    let same = named(Suspicion::SameAmount, attacker).expect("three of one amount in a minute");
    assert_eq!((same.count, same.amount, same.usual), (3, 9000, 1));
    assert_eq!(same.last.seconds() - same.first.seconds(), 56);
    assert!(same.command().starts_with("tegata issuer freeze "));
    let wrong = named(Suspicion::WrongCodes, till(15)).expect("a till that tries codes");
    assert!(wrong.count >= 45 && wrong.usual < 15, "{wrong:?}");
    assert_eq!(wrong.command(), "tegata issuer till revoke till-15");

    let others: Vec<_> = found.iter().filter(|f| ![many, same, wrong].contains(f)).collect();
    let words: Vec<_> = others.iter().map(|f| f.sentence()).collect();
    assert!(others.len() <= FALSE_ALARMS, "{words:#?}");
}

fn what_was_declined_or_voided_was_not_paid(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    issuer.advance_clock(120 - issuer.now().seconds() % 120);
    let outcomes = [ChargeOutcome::Declined, ChargeOutcome::Done];
    for (n, outcome) in (0..8).zip(outcomes.into_iter().cycle()) {
        *issuer.processor.lock().unwrap() = outcome;
        // There are four codes in half a minute.
        issuer.advance_clock(if n == 4 { 30 } else { 0 });
        let code = payments.code(&shopper, n % 4, None);
        till.authorise(&payments, &format!("{n}"), &code, 100);
    }
    let (_, found) = payments.operator().report(3600, &Thresholds::USUAL).unwrap();
    let same = found.iter().find(|finding| finding.what == Suspicion::SameAmount).unwrap();
    assert_eq!((same.count, same.amount), (4, 400), "{found:?}");
    payments.sql("UPDATE authorisations SET state = 'voided' WHERE state = 'charged'");
    assert!(payments.operator().report(3600, &Thresholds::USUAL).unwrap().1.is_empty());
}

fn the_thresholds_are_where_they_are_said_to_be(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    *issuer.processor.lock().unwrap() = ChargeOutcome::Done;
    let found = |what, thresholds: &Thresholds| {
        let (_, found) = payments.operator().report(3600, thresholds).unwrap();
        found.into_iter().find(|finding| finding.what == what).map(|finding| finding.count)
    };
    let usual = Thresholds::USUAL;
    assert!(payments.operator().report(3600, &usual).unwrap().1.is_empty(), "nobody paid");
    // On the last second of a minute and of the slot that begins with it, and on the first of the next.
    issuer.advance_clock(120 - issuer.now().seconds() % 120 - 2);
    for n in 0..3 {
        let code = payments.code(&shopper, n, None);
        let asked = till.authorise(&payments, &format!("{n}"), &code, 100);
        assert_eq!(asked.outcome(), "approved");
        assert_eq!(found(Suspicion::SameAmount, &usual), (n == 2).then_some(3));
        issuer.advance_clock(1);
    }
    assert_eq!(
        found(Suspicion::SameAmount, &Thresholds { same_amount_a_minute: 4, ..usual }),
        None
    );
    assert_eq!(found(Suspicion::OftenPaid, &Thresholds { payments_an_hour: 3, ..usual }), Some(3));
    let at_till = Thresholds { payments_at_till: 3, times_usual: 1, ..usual };
    assert_eq!(found(Suspicion::BusyTill, &at_till), Some(3));
    assert_eq!(found(Suspicion::BusyTill, &Thresholds { times_usual: 2, ..at_till }), None);
    // What lies before the span is not looked at.
    issuer.advance_clock(3600);
    assert_eq!(found(Suspicion::SameAmount, &usual), None);
}
