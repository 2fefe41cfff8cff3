//! Whether the clock tells what answers do not: pairs of requests, taken in turns, and a rank test over their times.
//!
//! The effect is the chance that a request of the one sort takes longer than one of the other (Mann-Whitney's U over all
//! pairs): a half if nothing can be told. A verdict of "told apart" needs both an effect beyond [`BOUND`] and a chance
//! of less than one in a thousand that equal sorts look like this.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tegata::protocol::Handle;
use tegata::protocol::{
    Call, FreezeByCode, MailedCodeText, NoticeCode, RenewRecoveryCodes, Request, RevertChanges,
    SecondFactor, TotpText,
};

use tegata_testkit::{
    TestIssuer,
    shopper::{NEW_PASSWORD, PASSWORD, code_in},
};

/// How far from a half the effect may be.
const BOUND: f64 = 0.05;
const PAIRS: usize = 400;
/// Who floods at the same time.
const CROWD: usize = 8;
const HOUR: u64 = 3601;
const DAY: u64 = 24 * HOUR;
const HANAKO: &str = "hanako@example.org";
const NOBODY: &str = "nobody@example.org";

/// Gives whether anything can be told.
pub(crate) fn print(towns: &[(&str, TestIssuer)]) -> bool {
    let mut result = false;
    for (name, issuer) in towns {
        println!("{name}: medians in µs, effect (0.5 is none), chance");
        for (what, work) in CASES {
            let (one, other) = work(issuer);
            let (effect, chance) = mann_whitney(&one, &other);
            let apart = (effect - 0.5).abs() > BOUND && chance < 0.001;
            result |= apart;
            let verdict = if apart { "TOLD APART" } else { "not told apart" };
            let [one, other] = [one, other].map(median);
            println!(
                "  {what:<52} {one:>8.0} {other:>8.0}   {effect:.3}   {chance:.4}   {verdict}"
            );
        }
    }
    result
}

type Times = (Vec<f64>, Vec<f64>);
type Case = (&'static str, fn(&TestIssuer) -> Times);

const CASES: [Case; 10] = [
    ("nothing: the same twice", same),
    ("reset asked: known, unknown", resets),
    ("log-in, wrong password: known, unknown", log_ins),
    ("log-in, wrong factor: right, wrong password", factors),
    ("reset proved, wrong factor: right, wrong code", proofs),
    ("reset finished, not proved: known, unknown", finishes),
    ("sign-up: taken, free", sign_ups),
    ("frozen by a wrong code: known, unknown", freezes),
    ("taken back by a wrong code: known, unknown", take_backs),
    ("reset asked in a flood on others: known, unknown", crowded),
];

/// Both in turns, each first as often as the other; `between` comes before each pair.
fn in_turns(
    pairs: usize,
    mut between: impl FnMut(usize),
    mut one: impl FnMut(),
    mut other: impl FnMut(),
) -> Times {
    let mut ones = Vec::new();
    let mut others = Vec::new();
    for nth in 0..pairs + 20 {
        between(nth);
        let take = |work: &mut dyn FnMut(), times: &mut Vec<f64>| {
            let began = Instant::now();
            work();
            // The first of them warm up.
            if nth >= 20 {
                times.push(began.elapsed().as_secs_f64() * 1e6);
            }
        };
        if nth % 2 == 0 {
            take(&mut one, &mut ones);
            take(&mut other, &mut others);
        } else {
            take(&mut other, &mut others);
            take(&mut one, &mut ones);
        }
    }
    (ones, others)
}

fn each(issuer: &TestIssuer, pairs: usize, seconds: u64) -> impl FnMut(usize) {
    move |nth| {
        if nth % pairs == 0 {
            issuer.advance_clock(seconds);
        }
    }
}

fn wrong_factor() -> SecondFactor {
    SecondFactor::Totp(TotpText::new("000000").unwrap())
}

fn same(issuer: &TestIssuer) -> Times {
    issuer.signed_up_shopper(HANAKO);
    let people = [issuer.new_shopper(NOBODY), issuer.new_shopper(NOBODY)];
    let [one, other] = &people;
    let between = each(issuer, 1, DAY);
    in_turns(PAIRS, between, || drop(one.begin_reset()), || drop(other.begin_reset()))
}

fn resets(issuer: &TestIssuer) -> Times {
    let known = issuer.new_shopper(HANAKO);
    let unknown = issuer.new_shopper(NOBODY);
    let between = each(issuer, 3, DAY);
    in_turns(PAIRS, between, || drop(known.begin_reset()), || drop(unknown.begin_reset()))
}

fn log_ins(issuer: &TestIssuer) -> Times {
    let known = issuer.new_shopper(HANAKO);
    let unknown = issuer.new_shopper(NOBODY);
    in_turns(
        PAIRS,
        each(issuer, 10, HOUR),
        || drop(known.try_log_in(NEW_PASSWORD, Some(wrong_factor()))),
        || drop(unknown.try_log_in(NEW_PASSWORD, Some(wrong_factor()))),
    )
}

fn factors(issuer: &TestIssuer) -> Times {
    let attacker = issuer.new_shopper(HANAKO);
    in_turns(
        PAIRS,
        each(issuer, 5, 8 * DAY),
        || drop(attacker.try_log_in(PASSWORD, Some(wrong_factor()))),
        || drop(attacker.try_log_in(NEW_PASSWORD, Some(wrong_factor()))),
    )
}

fn proofs(issuer: &TestIssuer) -> Times {
    let attacker = issuer.new_shopper(HANAKO);
    let wrong = MailedCodeText::new("00000000").unwrap();
    let asked = std::cell::RefCell::new(None);
    let between = |nth: usize| {
        if nth.is_multiple_of(2) {
            issuer.advance_clock(8 * DAY);
            let before = issuer.mails(HANAKO, 0).into_iter().map(|mail| mail.1).collect::<Vec<_>>();
            let ticket = attacker.begin_reset().unwrap();
            // The mailbox forgets the oldest: what is new is what was not there.
            let code = loop {
                let mails = issuer.mails(HANAKO, 0);
                let new = mails.iter().find(|mail| !before.contains(&mail.1));
                if let Some(mail) = new {
                    break code_in(&mail.1);
                }
                std::thread::yield_now();
            };
            *asked.borrow_mut() = Some((ticket, code));
        }
    };
    let prove = |code: Option<&MailedCodeText>| {
        let asked = asked.borrow();
        let (ticket, right) = asked.as_ref().unwrap();
        drop(attacker.submit_reset_proof(ticket, code.unwrap_or(right).clone(), wrong_factor()));
    };
    in_turns(PAIRS / 3, between, || prove(None), || prove(Some(&wrong)))
}

/// With a password that a known address is held against where one is judged.
fn finishes(issuer: &TestIssuer) -> Times {
    issuer.advance_clock(DAY);
    let known = issuer.new_shopper(HANAKO);
    let unknown = issuer.new_shopper(NOBODY);
    let [a, b] = [&known, &unknown].map(|person| person.begin_reset().unwrap());
    in_turns(
        PAIRS,
        |_| {},
        || drop(known.finish_reset(&a, "hanako hanako")),
        || drop(unknown.finish_reset(&b, "hanako hanako")),
    )
}

fn sign_ups(issuer: &TestIssuer) -> Times {
    let taken = issuer.new_shopper(HANAKO);
    let free = issuer.new_shopper("free@example.org");
    let between = each(issuer, 5, DAY);
    in_turns(PAIRS, between, || drop(taken.begin_sign_up()), || drop(free.begin_sign_up()))
}

/// A notice's code that was never mailed.
fn wrong_notice() -> NoticeCode {
    NoticeCode::parse("0000-0000-0000-0000").unwrap()
}

/// An account with notice codes to compare with, and requests about it and about an unknown one.
fn by_notice<C: Call>(issuer: &TestIssuer, call: impl Fn(Handle) -> C) -> Times {
    const CHANGED: &str = "changed@example.org";
    if issuer.mails(CHANGED, 0).is_empty() {
        issuer.signed_up_shopper(CHANGED).call_in_session(&RenewRecoveryCodes {}).unwrap();
    }
    let ask = |address: &str| {
        let call = call(address.parse().unwrap());
        drop(issuer.send(&Request::written(&call).unwrap()));
    };
    in_turns(PAIRS, |_| (), || ask(CHANGED), || ask(NOBODY))
}

fn freezes(issuer: &TestIssuer) -> Times {
    by_notice(issuer, |handle| FreezeByCode { handle, code: wrong_notice() })
}

fn take_backs(issuer: &TestIssuer) -> Times {
    by_notice(issuer, |handle| RevertChanges {
        handle,
        code: wrong_notice(),
        second_factor: wrong_factor(),
    })
}

/// All unknown addresses share a few rows of the store: a request that waits for one of those is told apart by it.
fn crowded(issuer: &TestIssuer) -> Times {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for nth in 0..CROWD {
            let stop = &stop;
            let mut other = issuer.new_shopper(NOBODY);
            scope.spawn(move || {
                for time in 0.. {
                    other.address = format!("other-{nth}-{time}@example.org");
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    drop(other.begin_reset());
                }
            });
        }
        let times = resets(issuer);
        stop.store(true, Ordering::SeqCst);
        times
    })
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The effect, and the two-sided chance of one as large where there is none (normal approximation).
#[expect(clippy::cast_precision_loss, reason = "hundreds")]
fn mann_whitney(one: &[f64], other: &[f64]) -> (f64, f64) {
    let n = one.len() as f64;
    let m = other.len() as f64;
    let wins: f64 = one
        .iter()
        .map(|a| {
            let longer = other.iter().filter(|b| a > b).count();
            let same = other.iter().filter(|b| a.total_cmp(b).is_eq()).count();
            longer as f64 + same as f64 / 2.0
        })
        .sum();
    let deviation = (n * m * (n + m + 1.0) / 12.0).sqrt();
    let z = ((wins - n * m / 2.0) / deviation).abs();
    (wins / (n * m), 2.0 * upper_tail(z))
}

/// The standard normal distribution above `z` ≥ 0 (Abramowitz and Stegun, 26.2.17; good to 10^-7).
fn upper_tail(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let terms = [0.319_381_53, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * sum
}
