//! Tills that pay until each of their sales is answered, what they were answered, and what stands in the store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tegata_testkit::payments::TillReply;
use tegata_testkit::{FirstHost, PostgresPair, Replication, TestIssuer};
use tegata_testkit::{TestPayer, TestPayments, TestTill};

const TILLS: usize = 6;
const SHOPPERS: usize = 4;
const CODES: u8 = 5;
/// All that is asked for.
const ALL: usize = TILLS * SHOPPERS * CODES as usize;

/// How long a request may take, and how long after the promotion the first approval may come: three times what
/// docs/scale.md promises.
const ALLOWED: Duration = Duration::from_secs(30);

/// Money for each sale.
const AMOUNT: u64 = 100;

/// What came of it all.
pub(super) struct PaymentRun {
    /// The answer to each sale.
    answers: BTreeMap<String, TillReply>,
    /// The states of the payments on the new primary, by the sale's number at the till.
    stands: BTreeMap<String, String>,
    /// How many payments there are.
    count: i64,
    /// What the payers have spent there, and the sum of its payments.
    sums: (i64, i64),
    longest_request: Duration,
    /// From the promotion to the first approval after it.
    outage: Option<Duration>,
}

/// A request, as a till saw it.
struct TimedAnswer {
    sale: String,
    reply: TillReply,
    at: Instant,
    longest: Duration,
}

/// Has tills pay; in the midst of it `fault` fails the primary and promotes the standby. What it gives is kept until all
/// sales are answered.
pub(super) fn pay_through<T>(
    replication: Replication,
    order: FirstHost,
    fault: impl Fn(&PostgresPair) -> T,
) -> PaymentRun {
    let pair = PostgresPair::start_over_tcp(replication);
    pay_at(&pair, &pair.url_in(order), fault)
}

impl PaymentRun {
    /// The same with an address that names the primary alone: it ends when that time is over.
    pub(super) fn of_primary_alone<T>(fault: impl Fn(&PostgresPair) -> T) -> Self {
        let pair = PostgresPair::start_over_tcp(Replication::Synchronous);
        pay_at(&pair, &pair.primary_url(), fault)
    }

    /// The sales that a till was told are paid, and that are not on the new primary.
    pub(super) fn lost(&self) -> Vec<&str> {
        let is_lost = |(sale, reply): &(&String, &TillReply)| match self.stands.get(*sale) {
            Some(state) => reply.outcome() == "approved" && state != "charged",
            None => true,
        };
        self.answers.iter().filter(is_lost).map(|(sale, _)| sale.as_str()).collect()
    }

    pub(super) fn assert_nothing_lost_or_doubled(&self) {
        assert_eq!(self.lost(), [""; 0]);
        assert_eq!(self.answers.len(), ALL, "a sale has no answer");
        let all = i64::try_from(ALL).unwrap();
        assert_eq!(self.count, all, "one payment for each sale");
        let asked = all * i64::try_from(AMOUNT).unwrap();
        assert_eq!(self.sums, (asked, asked));
    }

    /// Whether the tills were answered within three times what is promised.
    pub(super) fn is_prompt(&self) -> bool {
        self.longest_request <= ALLOWED && self.outage.is_some_and(|outage| outage <= ALLOWED)
    }

    pub(super) fn assert_prompt(&self) {
        assert!(self.is_prompt(), "{self}");
    }
}

impl fmt::Display for PaymentRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = self.longest_request.as_secs_f64();
        let lost = self.lost().len();
        let of = self.answers.len();
        match self.outage {
            Some(outage) => write!(f, "first approval {:.1} s after", outage.as_secs_f64())?,
            None => write!(f, "no approval after")?,
        }
        write!(f, " the promotion, longest request {longest:.1} s, {lost} of {of} payments lost")
    }
}

fn pay_at<T>(pair: &PostgresPair, url: &str, fault: impl Fn(&PostgresPair) -> T) -> PaymentRun {
    let issuer = TestIssuer::on(url, tempfile::tempdir().unwrap(), "");
    let payments = TestPayments::new(&issuer);
    let tills: Vec<TestTill> = (0..TILLS).map(|n| payments.till(&format!("till-{n}"))).collect();
    let shoppers: Vec<TestPayer> =
        (0..TILLS * SHOPPERS).map(|n| payments.payer(u8::try_from(n).unwrap())).collect();
    let answered = AtomicUsize::new(0);
    let promoted = Mutex::new(None);
    let (all_answers, promoted) = thread::scope(|scope| {
        let each = tills.iter().enumerate().map(|(n, till)| {
            let payments = &payments;
            let answered = &answered;
            let promoted = &promoted;
            let shoppers = &shoppers[n * SHOPPERS..][..SHOPPERS];
            scope.spawn(move || pays(payments, till, shoppers, answered, promoted))
        });
        let each: Vec<_> = each.collect();
        while answered.load(Ordering::SeqCst) < ALL / 3 {
            thread::sleep(Duration::from_millis(1));
        }
        let _kept = fault(pair);
        let moment = Instant::now();
        *promoted.lock().unwrap() = Some(moment);
        let answers: Vec<TimedAnswer> =
            each.into_iter().flat_map(|one| one.join().unwrap()).collect();
        (answers, moment)
    });
    let after =
        |answer: &&TimedAnswer| answer.at > promoted && answer.reply.outcome() == "approved";
    let first = all_answers.iter().filter(after).map(|answer| answer.at).min();
    let longest = all_answers.iter().map(|answer| answer.longest).max().unwrap_or_default();
    let standby = pair.standby_url();
    let number = |sql: &str| payments.number_at(&standby, sql);
    PaymentRun {
        outage: first.map(|at| at - promoted),
        longest_request: longest,
        sums: (
            number("SELECT SUM(spent) FROM payers"),
            number("SELECT SUM(amount) FROM authorisations"),
        ),
        count: number("SELECT COUNT(*) FROM authorisations"),
        stands: payments.pairs_at(&standby, "SELECT reference, state FROM authorisations"),
        answers: all_answers
            .into_iter()
            .filter(|answer| answer.reply.status == 200)
            .map(|answer| (answer.sale, answer.reply))
            .collect(),
    }
}

/// Asks for each payment until it is answered, always with the same key, as a till does; and until it is charged, as a
/// cashier does. Gives up a while after the time that is allowed.
fn pays(
    payments: &TestPayments<'_>,
    till: &TestTill,
    shoppers: &[TestPayer],
    answered: &AtomicUsize,
    promoted: &Mutex<Option<Instant>>,
) -> Vec<TimedAnswer> {
    let mut all = Vec::new();
    for nth in 0..CODES {
        for (who, shopper) in shoppers.iter().enumerate() {
            let code = payments.code(shopper, nth, None);
            let sale = format!("{}-{who}-{nth}", till.id);
            let mut longest = Duration::ZERO;
            loop {
                let begun = Instant::now();
                let reply = till.authorise(payments, &sale, &code, AMOUNT);
                longest = longest.max(begun.elapsed());
                let is_over = reply.status == 200;
                let gives_up =
                    promoted.lock().unwrap().is_some_and(|at| at.elapsed() > ALLOWED * 2);
                if is_over || gives_up {
                    let outcome = reply.outcome();
                    assert!(!is_over || ["approved", "pending"].contains(&&*outcome), "{reply:?}");
                    answered.fetch_add(1, Ordering::SeqCst);
                    all.push(TimedAnswer { sale, reply, at: Instant::now(), longest });
                    if gives_up && !is_over {
                        return all;
                    }
                    break;
                }
                assert_eq!(reply.status, 503, "{reply:?}");
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
    all
}
