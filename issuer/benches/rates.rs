//! How many log-ins, resets and session checks there are in a second, and how long one takes.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};

use tegata::protocol::{IssuerError, IssuerProblem, SecondFactor};

use tegata_testkit::{
    TestIssuer, TestShopper,
    shopper::{IssuerResult, NEW_PASSWORD, PASSWORD, code_in},
};

/// How long each is measured.
const SPAN: Duration = Duration::from_secs(5);
const CLIENTS: usize = 16;
const HOUR: u64 = 3601;

pub(crate) fn print(towns: &[(&str, TestIssuer)]) {
    println!("Argon2id alone, 19 MiB, 2 passes, on two threads: {:.0}/s", argon2_alone());
    for (name, issuer) in towns {
        let mut people: Vec<_> = (0..CLIENTS)
            .map(|n| issuer.signed_up_shopper(&format!("shopper-{n}@example.org")))
            .collect();
        println!("{name}");
        say(
            "log-ins, password and known device",
            &measure(&mut people, |person, nth| {
                let (_, took) = log_in(person, nth);
                took
            }),
        );
        // So many log-ins ended the sessions that they had.
        for person in &mut people {
            person.issuer.advance_clock(HOUR);
            person.session = Some(person.try_log_in(PASSWORD, None).unwrap().session);
        }
        say("session checks", &measure(&mut people, |person, _| timed(|| person.view().unwrap())));
        let quiet = measure(&mut people[..2], |person, _| timed(|| person.view().unwrap()));
        say("session checks, two clients", &quiet);
        let (flooded, flood) = flood(&mut people[..2]);
        say("session checks, two clients, while 64 log in", &flooded);
        println!("    of those log-ins {flood}");
        say("resets: asked, proved, finished", &measure_some(&mut people, 4, reset));
    }
}

/// Argon2id with nothing around it.
fn argon2_alone() -> f64 {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let began = Instant::now();
    let count = Mutex::new(0_u32);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while began.elapsed() < SPAN {
                    let mut hash = [0; 32];
                    argon2.hash_password_into(PASSWORD.as_bytes(), &[7; 16], &mut hash).unwrap();
                    *count.lock().unwrap() += 1;
                }
            });
        }
    });
    f64::from(count.into_inner().unwrap()) / began.elapsed().as_secs_f64()
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

struct Measured {
    sorted: Vec<Duration>,
    per_second: f64,
}

/// Each shopper does `work` as fast as they can, on a thread of their own.
fn measure<'a>(
    people: &mut [TestShopper<'a>],
    work: impl Fn(&mut TestShopper<'a>, usize) -> Duration + Sync,
) -> Measured {
    measure_some(people, usize::MAX, work)
}

/// So many times at most.
fn measure_some<'a>(
    people: &mut [TestShopper<'a>],
    most: usize,
    work: impl Fn(&mut TestShopper<'a>, usize) -> Duration + Sync,
) -> Measured {
    let began = Instant::now();
    let all = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for person in people {
            let work = &work;
            let all = &all;
            scope.spawn(move || {
                let mut times = Vec::new();
                while began.elapsed() < SPAN && times.len() < most {
                    times.push(work(person, times.len()));
                }
                all.lock().unwrap().append(&mut times);
            });
        }
    });
    let elapsed = began.elapsed();
    let mut sorted = all.into_inner().unwrap();
    sorted.sort();
    let count = u32::try_from(sorted.len()).unwrap();
    Measured { per_second: f64::from(count) / elapsed.as_secs_f64(), sorted }
}

fn say(what: &str, Measured { sorted, per_second }: &Measured) {
    let at = |percent: usize| sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    let p50 = at(50);
    let p99 = at(99);
    println!("  {what:<46} {per_second:>8.1}/s   p50 {p50:>8.2} ms   p99 {p99:>8.2} ms");
}

/// With the password of the moment. The issuer's clock moves on so that no budget ends.
fn log_in(person: &TestShopper<'_>, nth: usize) -> (IssuerResult<()>, Duration) {
    if nth % 8 == 7 {
        person.issuer.advance_clock(HOUR);
    }
    let began = Instant::now();
    let result = person.try_log_in(PASSWORD, None).map(drop);
    (result, began.elapsed())
}

/// Session checks while 64 others log in.
fn flood(people: &mut [TestShopper<'_>]) -> (Measured, String) {
    let stop = AtomicBool::new(false);
    let result = Mutex::new((0_u32, 0_u32));
    let measured = thread::scope(|scope| {
        for n in 0..64 {
            let mut person = people[0].clone();
            person.address = format!("flood-{n}@example.org");
            let stop = &stop;
            let result = &result;
            scope.spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let busy = matches!(
                        person.try_log_in(PASSWORD, None),
                        Err(IssuerError::Problem(IssuerProblem::Busy(_)))
                    );
                    let mut result = result.lock().unwrap();
                    if busy { result.1 += 1 } else { result.0 += 1 }
                }
            });
        }
        thread::sleep(Duration::from_millis(500));
        let measured = measure(people, |person, _| timed(|| person.view().unwrap()));
        stop.store(true, Ordering::SeqCst);
        measured
    });
    let (compared, busy) = result.into_inner().unwrap();
    (measured, format!("{compared} were compared and refused, {busy} told to come again"))
}

/// One whole reset, with a recovery code, so that the clock can stand; the wait for the mail is not in its time.
fn reset(person: &mut TestShopper<'_>, nth: usize) -> Duration {
    let new = if nth.is_multiple_of(2) { NEW_PASSWORD } else { PASSWORD };
    let before = reset_mail(person);
    let mut ticket = None;
    let asked = timed(|| ticket = Some(person.begin_reset().unwrap()));
    let ticket = ticket.unwrap();
    let code = loop {
        match reset_mail(person) {
            Some(mail) if Some(&mail) != before.as_ref() => break code_in(&mail),
            _ => thread::sleep(Duration::from_millis(1)),
        }
    };
    let factor = SecondFactor::RecoveryCode(person.recovery[nth].clone());
    let proved = timed(|| person.submit_reset_proof(&ticket, code, factor).unwrap());
    let finished = timed(|| person.finish_reset(&ticket, new).unwrap());
    asked + proved + finished
}

/// The newest mail with a code for a reset. The mailbox holds so many of all people's, so they are not counted.
fn reset_mail(person: &TestShopper<'_>) -> Option<String> {
    let mut mails = person.issuer.mails(&person.address, 0).into_iter().rev();
    mails.find(|mail| mail.0.contains("password reset code")).map(|mail| mail.1)
}
