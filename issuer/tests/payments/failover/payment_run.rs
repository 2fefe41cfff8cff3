//! Tills that pay until each of their sales is answered, what they were answered, and what stands in the store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tegata::code::Seed;
use tegata_testkit::payments::TillReply;
use tegata_testkit::{FirstHost, PostgresPair, Replication, TestIssuer};
use tegata_testkit::{TestPayer, TestPayments, TestTill};

const TILLS: usize = 6;
const CODES: u8 = 5;
/// Payments before the primary fails.
const BEFORE: usize = 40;
/// Payments after the promotion.
const AFTER: usize = 80;

/// How long a request may take, and how long after the promotion the first approval may come: three times what
/// docs/scale.md promises.
const ALLOWED: Duration = Duration::from_secs(30);

/// Money for each sale.
const AMOUNT: u64 = 100;

/// How fast the tills pay, and for how long they can.
#[derive(Clone, Copy)]
pub(super) struct Load {
    /// Shoppers at each till, with five codes each.
    pub(super) shoppers: usize,
    /// Between two payments of a till.
    pub(super) pause: Duration,
}

/// As fast as the tills can, until there are as many payments as there have to be.
const AT_ONCE: Load =
    Load { shoppers: (BEFORE + AFTER) / TILLS / CODES as usize, pause: Duration::ZERO };

/// What became of the primary.
pub(super) struct Failover {
    pub(super) at: Instant,
    pub(super) promoted: Instant,
    /// The address of the new primary alone.
    pub(super) new_primary: String,
}

/// What came of it all.
pub(super) struct PaymentRun {
    /// How many sales there were.
    pub(super) sales: usize,
    /// The answer to each sale.
    answers: BTreeMap<String, TillReply>,
    /// The states of the payments on the new primary, by the sale's number at the till.
    stands: BTreeMap<String, String>,
    /// How many payments there are.
    count: i64,
    /// What the payers have spent there, and the sum of its payments.
    sums: (i64, i64),
    pub(super) longest_request: Duration,
    /// The longest time in which no till had an approval.
    pub(super) outage: Duration,
    /// From the failure to the promotion.
    pub(super) promotion: Duration,
    /// From the promotion to the first approval after it.
    pub(super) recovery: Option<Duration>,
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
    pay_to_pair(&pair, &pair.url_in(order), fault)
}

fn pay_to_pair<T>(
    pair: &PostgresPair,
    url: &str,
    fault: impl Fn(&PostgresPair) -> T,
) -> PaymentRun {
    pay(url, AT_ONCE, || {
        let at = Instant::now();
        let kept = fault(pair);
        (Failover { at, promoted: Instant::now(), new_primary: pair.standby_url() }, kept)
    })
}

impl PaymentRun {
    /// The same with an address that names the primary alone: it ends when that time is over.
    pub(super) fn of_primary_alone<T>(fault: impl Fn(&PostgresPair) -> T) -> Self {
        let pair = PostgresPair::start_over_tcp(Replication::Synchronous);
        pay_to_pair(&pair, &pair.primary_url(), fault)
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
        assert_eq!(self.answers.len(), self.sales, "a sale has no answer");
        let all = i64::try_from(self.sales).unwrap();
        assert_eq!(self.count, all, "one payment for each sale");
        let asked = all * i64::try_from(AMOUNT).unwrap();
        assert_eq!(self.sums, (asked, asked));
    }

    /// Whether the tills were answered within three times what is promised.
    pub(super) fn is_prompt(&self) -> bool {
        let is_short = |time: Option<Duration>| time.is_some_and(|time| time <= ALLOWED);
        self.longest_request <= ALLOWED && is_short(self.recovery)
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
        match self.recovery {
            Some(recovery) => write!(f, "first approval {:.1} s after", recovery.as_secs_f64())?,
            None => write!(f, "no approval after")?,
        }
        write!(f, " the promotion, longest request {longest:.1} s, {lost} of {of} payments lost")
    }
}

/// Has tills pay; in the midst of it `fail` fails the primary, and returns when there is a new one. What else it gives is
/// kept until the tills have ended.
pub(super) fn pay<T>(url: &str, load: Load, fail: impl FnOnce() -> (Failover, T)) -> PaymentRun {
    let issuer = TestIssuer::on(url, tempfile::tempdir().unwrap(), "");
    let payments = TestPayments::new(&issuer);
    let tills: Vec<TestTill> = (0..TILLS).map(|n| payments.till(&format!("till-{n}"))).collect();
    let shoppers: Vec<TestPayer> =
        (0..TILLS * load.shoppers).map(|n| payer(&payments, n)).collect();
    let progress = Progress::default();
    let (answers, failover, _kept) = thread::scope(|scope| {
        let each = tills.iter().zip(shoppers.chunks(load.shoppers)).map(|(till, shoppers)| {
            let payments = &payments;
            let progress = &progress;
            scope.spawn(move || pays(payments, till, (shoppers, load.pause), progress))
        });
        let each: Vec<_> = each.collect();
        progress.wait(BEFORE, || false);
        let (failover, kept) = fail();
        *progress.promoted.lock().unwrap() = Some(failover.promoted);
        let enough = progress.answered.load(Ordering::SeqCst) + AFTER;
        progress.wait(enough, || each.iter().all(thread::ScopedJoinHandle::is_finished));
        progress.is_over.store(true, Ordering::SeqCst);
        let answers: Vec<TimedAnswer> =
            each.into_iter().flat_map(|one| one.join().unwrap()).collect();
        (answers, failover, kept)
    });
    outcome(&payments, answers, &failover)
}

/// How far the tills are, and what they have to know.
#[derive(Default)]
struct Progress {
    answered: AtomicUsize,
    promoted: Mutex<Option<Instant>>,
    is_over: AtomicBool,
}

impl Progress {
    fn wait(&self, answers: usize, or: impl Fn() -> bool) {
        while self.answered.load(Ordering::SeqCst) < answers && !or() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether a till need wait for no answer any more.
    fn is_hopeless(&self) -> bool {
        self.promoted.lock().unwrap().is_some_and(|at| at.elapsed() > ALLOWED * 2)
    }
}

fn payer(payments: &TestPayments<'_>, n: usize) -> TestPayer {
    let mut seed = [0; 32];
    seed[..size_of::<usize>()].copy_from_slice(&n.to_le_bytes());
    payments.payer_with_seed(Seed::from_slice(&seed).unwrap())
}

/// Compares what the tills were answered with what stands on the new primary.
fn outcome(
    payments: &TestPayments<'_>,
    answers: Vec<TimedAnswer>,
    failover: &Failover,
) -> PaymentRun {
    let end = Instant::now();
    let approved = answers.iter().filter(|answer| answer.reply.outcome() == "approved");
    let mut approvals: Vec<Instant> = approved.map(|answer| answer.at).collect();
    approvals.sort();
    let first = approvals.iter().find(|at| **at > failover.promoted);
    let ends = approvals.iter().skip(1).chain([&end]);
    let gaps = approvals.iter().zip(ends).map(|(from, to)| *to - *from);
    let number = |sql: &str| payments.number_at(&failover.new_primary, sql);
    PaymentRun {
        sales: answers.len(),
        outage: gaps.max().unwrap_or_default(),
        promotion: failover.promoted - failover.at,
        recovery: first.map(|at| *at - failover.promoted),
        longest_request: answers.iter().map(|answer| answer.longest).max().unwrap_or_default(),
        sums: (
            number("SELECT SUM(spent) FROM payers"),
            number("SELECT SUM(amount) FROM authorisations"),
        ),
        count: number("SELECT COUNT(*) FROM authorisations"),
        stands: payments
            .pairs_at(&failover.new_primary, "SELECT reference, state FROM authorisations"),
        answers: answers
            .into_iter()
            .filter(|answer| answer.reply.status == 200)
            .map(|answer| (answer.sale, answer.reply))
            .collect(),
    }
}

/// Pays until there are payments enough; gives up a while after the time that is allowed.
fn pays(
    payments: &TestPayments<'_>,
    till: &TestTill,
    (shoppers, pause): (&[TestPayer], Duration),
    progress: &Progress,
) -> Vec<TimedAnswer> {
    let mut all = Vec::new();
    let sales = (0..CODES).flat_map(|nth| shoppers.iter().enumerate().map(move |it| (nth, it)));
    for (nth, (who, shopper)) in sales {
        let code = payments.code(shopper, nth, None);
        let sale = format!("{}-{who}-{nth}", till.id);
        let (reply, longest) = ask(payments, till, &sale, &code, || progress.is_hopeless());
        let is_answered = reply.status == 200;
        let outcome = reply.outcome();
        assert!(!is_answered || ["approved", "pending"].contains(&&*outcome), "{reply:?}");
        all.push(TimedAnswer { sale, reply, at: Instant::now(), longest });
        progress.answered.fetch_add(1, Ordering::SeqCst);
        if !is_answered || progress.is_over.load(Ordering::SeqCst) {
            break;
        }
        thread::sleep(pause);
    }
    all
}

/// Asks for a payment until it is answered, always with the same key, as a till does; gives also the longest request.
fn ask(
    payments: &TestPayments<'_>,
    till: &TestTill,
    sale: &str,
    code: &str,
    gives_up: impl Fn() -> bool,
) -> (TillReply, Duration) {
    let mut longest = Duration::ZERO;
    loop {
        let begun = Instant::now();
        let reply = till.authorise(payments, sale, code, AMOUNT);
        longest = longest.max(begun.elapsed());
        if reply.status == 200 || gives_up() {
            return (reply, longest);
        }
        assert_eq!(reply.status, 503, "{reply:?}");
        thread::sleep(Duration::from_millis(20));
    }
}
