//! Tills: each a connection of its own, on which it asks as soon as it was answered, or when its turn has come.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tegata::UnixTime;
use tegata::code::{Audience, CodeKeys, CodeSlot, SlotIndex, Step};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fill::{scheme, seed, token};
use tegata_testkit::TestClock;

/// Codes of one credential in one step.
const CODES: usize = 5;
/// Of so many requests the last three are no fresh codes.
const ROUND: usize = 60;
/// Steps back to a code that is over.
const OVER: u64 = 500;
/// Shoppers come in no order that a table has.
const STRIDE: usize = 7919;

/// What one request is.
enum Ask {
    /// A fresh code, and from when on it counts.
    Fresh(String, u64),
    /// The last request once more.
    Again,
    /// The last code once more, in another request.
    Used,
    /// A code that is over.
    Over(String),
}

/// The requests of a run, made before it: phones make codes.
pub(super) struct Day {
    asks: Vec<Ask>,
    next: AtomicUsize,
    first: u64,
}

impl Day {
    pub(super) fn new(credentials: usize, step: u64, most: usize) -> Self {
        let code = |shopper: usize, step: u64, nth: usize| {
            let step = Step::at(UnixTime::new(step * 30).unwrap());
            let index = SlotIndex::new(u8::try_from(nth).unwrap()).unwrap();
            let slot = CodeSlot { step, index, audience: Audience::AnyTill };
            CodeKeys::new(&seed(shopper)).derive(&scheme(), &slot).digits().to_string()
        };
        let ask = |n: usize| {
            let round = n / ROUND;
            let place = n % ROUND;
            let good = round * (ROUND - 3) + place;
            let shopper = good * STRIDE % credentials;
            let turn = good / credentials;
            let step = step + u64::try_from(turn / CODES).unwrap();
            match ROUND - place {
                3 => Ask::Again,
                2 => Ask::Used,
                1 => Ask::Over(code(shopper, step - OVER, 0)),
                _ => Ask::Fresh(code(shopper, step, turn % CODES), step * 30),
            }
        };
        let asks = (0..most).map(ask).collect();
        Self { asks, next: AtomicUsize::new(0), first: step }
    }
}

pub(super) struct Plan {
    pub(super) address: SocketAddr,
    pub(super) clients: usize,
    pub(super) first_till: usize,
    pub(super) pace: Option<u32>,
    pub(super) span: Duration,
    pub(super) clock: Arc<TestClock>,
    pub(super) day: Arc<Day>,
}

pub(super) struct Measured {
    pub(super) times: Vec<Duration>,
    took: Duration,
    /// Answers that are not what they should be.
    others: usize,
}

impl Measured {
    pub(super) fn per_second(&self) -> u32 {
        u32::try_from(self.times.len() as u128 * 1000 / self.took.as_millis()).unwrap()
    }

    pub(super) fn words(&self) -> String {
        let at = |of_1000: usize| {
            self.times[(self.times.len() - 1) * of_1000 / 1000].as_secs_f64() * 1e3
        };
        let p50 = at(500);
        let p99 = at(990);
        let p999 = at(999);
        let others = self.others;
        format!("p50 {p50:.1}  p99 {p99:.1}  p99.9 {p999:.1} ms   {others} unexpected")
    }
}

impl Plan {
    pub(super) async fn run(self) -> Measured {
        let plan = Arc::new(self);
        let mut streams = Vec::new();
        for _ in 0..plan.clients {
            let stream = TcpStream::connect(plan.address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            streams.push(stream);
        }
        let began = Instant::now();
        let tills = streams.into_iter().enumerate().map(|(n, stream)| {
            let till = Till {
                stream,
                token: token(plan.first_till + n),
                last: None,
                times: Vec::new(),
                others: 0,
            };
            tokio::spawn(till.work(Arc::clone(&plan), began))
        });
        let mut measured = Measured { times: Vec::new(), took: Duration::ZERO, others: 0 };
        for till in tills.collect::<Vec<_>>() {
            let till = till.await.unwrap();
            measured.times.extend(till.times);
            measured.others += till.others;
        }
        measured.took = began.elapsed();
        measured.times.sort();
        measured
    }
}

struct Till {
    stream: TcpStream,
    token: String,
    /// Key, reference and code of the last fresh code.
    last: Option<(String, String)>,
    times: Vec<Duration>,
    others: usize,
}

impl Till {
    async fn work(mut self, plan: Arc<Plan>, began: Instant) -> Self {
        while began.elapsed() < plan.span {
            let n = plan.day.next.fetch_add(1, Ordering::Relaxed);
            let Some(ask) = plan.day.asks.get(n) else { break };
            let mut since = Instant::now();
            if let Some(pace) = plan.pace {
                // Timed from when it was due: who waits behind others waits.
                since = began + Duration::from_secs(1) * u32::try_from(n).unwrap() / pace;
                tokio::time::sleep_until(since.into()).await;
            }
            let what = format!("{}-{n}", plan.day.first);
            let last = self.last.clone();
            let (what, code, expected) = match (ask, last) {
                (Ask::Fresh(code, from), _) => {
                    plan.clock.reach(*from);
                    (what, code.clone(), "\"approved\"")
                }
                (Ask::Again, Some((last, code))) => (last, code, "\"approved\""),
                (Ask::Used, Some((_, code))) => (what, code, "\"used\""),
                (Ask::Over(code), _) => (what, code.clone(), "\"not_valid\""),
                (Ask::Again | Ask::Used, None) => continue,
            };
            let as_expected = self.asks(&what, &code).await.contains(expected);
            self.others += usize::from(!as_expected);
            self.times.push(since.elapsed());
            if matches!(ask, Ask::Fresh(..)) {
                self.last = as_expected.then_some((what, code));
            }
        }
        self
    }

    async fn asks(&mut self, what: &str, code: &str) -> String {
        let body = format!(
            "{{\"code\":\"{code}\",\"amount\":1,\"currency\":\"JPY\",\"reference\":\"{what}\"}}"
        );
        let request = format!(
            "POST /v1/authorisations HTTP/1.1\r\nHost: issuer\r\nContent-Type: application/json\r\n\
             Authorization: Bearer {}\r\nIdempotency-Key: {what}\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let mut got = 0;
        loop {
            let read = self.stream.read(&mut answer[got..]).await.unwrap();
            got += read;
            if read == 0 || answer[..got].ends_with(b"}") {
                return String::from_utf8_lossy(&answer[..got]).into_owned();
            }
        }
    }
}
