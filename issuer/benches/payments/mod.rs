//! How many codes are taken in a second, over HTTP on loopback, each to its end: authorised, an intent stored, the card
//! charged, all of it durable. Clients, service and database share this machine. `cargo xtask load` says what of it.
//!
//! Of sixty requests 57 bring a fresh code, one is sent again as it was, one brings a code that was taken, one a code that
//! is over. The processor is within the process and keeps nothing: only the issuer is measured.

mod fill;
mod processor_time;
mod raw;
mod till;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tegata::{Clock, UnixTime};
use tegata_issuer::App;
use tegata_issuer::config::Config;
use tegata_issuer::domain::{CustomerId, Environment, IntentId, MethodId, SetupId};
use tegata_issuer::mail::Mailbox;
use tegata_issuer::payments::{CardCharger, ProcessorCharger};
use tegata_issuer::processor::{
    CardSetups, ChargeRequest, IntentDetails, IntentPage, IntentStatus, NewSetupIntent, Processor,
    ProcessorError, RequestKey, SetupIntent, SetupRequest,
};
use tegata_issuer::store::Store;
use tegata_testkit::TestClock;
use tokio::runtime::{Builder, Runtime};

use tegata_testkit::postgres::new_postgres_database;
use till::{Day, Plan};

/// Credentials at which it is measured, unless one number is asked for.
const SIZES: [usize; 3] = [100, 10_000, 1_000_000];
/// Clients, at the size in the middle.
const CLIENTS: [usize; 4] = [1, 16, 64, 256];
/// At the other sizes: so few that no two have the same shopper at the same time.
const USUAL: usize = 64;
/// With the slow processor: each waits for it most of its time.
const PATIENT: usize = 1000;
/// What that one takes to confirm.
const SLOW: Duration = Duration::from_millis(100);

pub(crate) fn print() {
    let asked = |name: &str| std::env::var(format!("TEGATA_LOAD_{name}")).ok();
    let number = |name: &str| asked(name).map(|n| n.parse::<usize>().unwrap());
    let seconds = number("SECONDS").unwrap_or(5);
    let sizes = number("CREDENTIALS").map_or(SIZES.to_vec(), |size| vec![size]);
    for name in ["sqlite", "postgres"] {
        if asked("STORE").is_some_and(|only| only != name) {
            continue;
        }
        let mut bench = Bench::new(name, Duration::from_secs(seconds.try_into().unwrap()));
        println!("{name}, load {}", load());
        for line in bench.threads.block_on(raw::measure(&bench.config.store, bench.folder.path())) {
            println!("  {line}");
        }
        for size in &sizes {
            bench.grow(*size);
            // The middle one has it all.
            if *size == SIZES[1] || sizes.len() == 1 {
                let most = CLIENTS.map(|clients| bench.say(clients, None));
                let half = most.into_iter().max().unwrap() / 2;
                bench.say(USUAL, Some(half.max(1)));
                *bench.quick.takes.lock().unwrap() = SLOW;
                bench.say(PATIENT, None);
                *bench.quick.takes.lock().unwrap() = Duration::ZERO;
            } else {
                // One shopper's codes have to come in their order.
                bench.say(USUAL.min(size / 6), None);
            }
        }
        bench.sizes();
    }
}

/// How busy the machine is, beside us.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

struct Bench {
    folder: tempfile::TempDir,
    config: Config,
    threads: Runtime,
    clock: Arc<TestClock>,
    quick: Arc<Quick>,
    service: Option<App>,
    span: Duration,
    credentials: usize,
    /// Tills that were used by now: none is used twice, so that none has sent too many wrong codes.
    tills: usize,
}

impl Bench {
    fn new(name: &str, span: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = match name {
            "sqlite" => format!("sqlite:{}", folder.path().join("issuer.sqlite").display()),
            _ => new_postgres_database(),
        };
        let settings = format!(
            "development = true\nlisten = \"127.0.0.1:0\"\nstore = {store:?}\nserver_key = \"{}\"\nconnections = 2000\n\
             requests_per_minute = 4000000000\nconnections_per_network = 2000\nlog_level = \"error\"\n",
            "5a".repeat(32)
        );
        let clock = Arc::new(TestClock::at(1_800_000_000));
        Self {
            config: toml::from_str(&settings).unwrap(),
            threads: Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap(),
            folder,
            clock,
            quick: Arc::default(),
            service: None,
            span,
            credentials: 0,
            tills: 0,
        }
    }

    /// Stops the service, adds credentials up to so many, and starts it.
    fn grow(&mut self, size: usize) {
        if let Some(service) = self.service.take() {
            service.stop();
        }
        let began = std::time::Instant::now();
        let from = self.credentials;
        let now = self.clock.now();
        self.threads.block_on(fill::fill(&self.config, from..size, now));
        println!("  {size} credentials (filled in {:.0} s)", began.elapsed().as_secs_f64());
        self.credentials = size;
        let world = Environment { clock: self.clock.clone(), ..Environment::system() };
        let clock = self.clock.clone();
        let quick = self.quick.clone();
        let charge = move |store: &Store, tell| {
            Arc::new(ProcessorCharger::new(store.clone(), quick, clock, tell))
                as Arc<dyn CardCharger>
        };
        let mail = Arc::new(Mailbox::default());
        let builder = App::builder(self.config.clone()).environment(world).mail_transport(mail);
        self.service = Some(builder.charger(charge).start().unwrap());
    }

    fn address(&self) -> SocketAddr {
        self.service.as_ref().unwrap().address()
    }

    /// Measures, and says what: how many in a second there were. With a pace, so many are asked for.
    fn say(&mut self, clients: usize, pace: Option<u32>) -> u32 {
        // A step that no code was made for yet.
        let step = self.clock.now().seconds() / 30 + 3;
        self.clock.reach(step * 30);
        let most = usize::try_from(pace.unwrap_or(16_000)).unwrap()
            * usize::try_from(self.span.as_secs()).unwrap();
        let plan = Plan {
            address: self.address(),
            clients,
            first_till: self.tills,
            pace,
            span: self.span,
            clock: self.clock.clone(),
            day: Arc::new(Day::new(self.credentials, step, most)),
        };
        self.tills += clients;
        let before = self.work();
        let used = processor_time::so_far();
        let measured = self.threads.block_on(plan.run());
        let [ours, databases] = processor_time::since(used);
        let after = self.work();
        let per_second = measured.per_second();
        let pace = if pace.is_some() { "paced" } else { "" };
        let slow = if self.quick.takes.lock().unwrap().is_zero() { "" } else { "100 ms" };
        let done = f64::from(u32::try_from(measured.times.len()).unwrap());
        let each: Vec<String> = after
            .iter()
            .zip(&before)
            .map(|((what, after), (_, before))| {
                format!("{what} {:.1}", f64::from(u32::try_from(after - before).unwrap()) / done)
            })
            .collect();
        println!(
            "    {clients:>5} clients {pace:<6}{slow:<7}{per_second:>7}/s   {}   load {}\n          \
             each: processor {:.0} µs, and {:.0} µs of PostgreSQL's; {}",
            measured.words(),
            load(),
            ours.as_secs_f64() * 1e6 / done,
            databases.as_secs_f64() * 1e6 / done,
            each.join(", ")
        );
        per_second
    }

    /// What the service counts of the store's work.
    fn work(&self) -> Vec<(String, u64)> {
        let text = self.service.as_ref().unwrap().state().metrics.text().unwrap();
        let lines = text.lines().filter(|line| line.starts_with("tegata_work_total{"));
        let count = |line: &str| {
            let (name, count) = line.rsplit_once(' ').unwrap();
            let name = name.split("what=\"").nth(1).unwrap_or(name);
            (name.trim_end_matches("\"}").to_owned(), count.parse().unwrap())
        };
        lines.filter(|line| line.contains("by=\"requests\"")).map(count).collect()
    }

    /// Bytes of rows, as the database says.
    fn sizes(&self) {
        println!("  bytes, with their indexes, for each row:");
        for line in self.threads.block_on(fill::sizes(&self.config.store)) {
            println!("    {line}");
        }
    }
}

/// A processor that says yes.
#[derive(Default)]
struct Quick {
    takes: Mutex<Duration>,
    made: AtomicU64,
}

#[async_trait]
impl CardSetups for Quick {
    async fn begin_setup(
        &self,
        _: &SetupRequest<'_>,
        _: RequestKey<'_>,
    ) -> Result<NewSetupIntent, ProcessorError> {
        Err(ProcessorError::NotFound)
    }

    async fn setup(&self, _: &SetupId) -> Result<SetupIntent, ProcessorError> {
        Err(ProcessorError::NotFound)
    }

    async fn failed_attempts(&self, _: &SetupId) -> Result<u32, ProcessorError> {
        Ok(0)
    }

    async fn cancel_setup(&self, _: &SetupId) -> Result<(), ProcessorError> {
        Ok(())
    }
}

#[async_trait]
impl Processor for Quick {
    async fn customer(&self, _: RequestKey<'_>) -> Result<CustomerId, ProcessorError> {
        Err(ProcessorError::NotFound)
    }

    async fn detach(&self, _: &MethodId) -> Result<(), ProcessorError> {
        Ok(())
    }

    async fn inspect(&self, _: &IntentId) -> Result<IntentDetails, ProcessorError> {
        Err(ProcessorError::NotFound)
    }

    async fn list(&self, _: UnixTime, _: Option<&IntentId>) -> Result<IntentPage, ProcessorError> {
        Err(ProcessorError::NotFound)
    }

    async fn create(
        &self,
        _: &ChargeRequest<'_>,
        _: RequestKey<'_>,
    ) -> Result<IntentId, ProcessorError> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        Ok(IntentId::new(&format!("pi_{number:024}")).unwrap())
    }

    async fn confirm(
        &self,
        _: &IntentId,
        _: RequestKey<'_>,
    ) -> Result<IntentStatus, ProcessorError> {
        let takes = *self.takes.lock().unwrap();
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        Ok(IntentStatus::Succeeded)
    }

    async fn retrieve(&self, _: &IntentId) -> Result<IntentStatus, ProcessorError> {
        Ok(IntentStatus::Succeeded)
    }

    async fn cancel(
        &self,
        _: &IntentId,
        _: RequestKey<'_>,
    ) -> Result<IntentStatus, ProcessorError> {
        Err(ProcessorError::WrongState)
    }

    async fn refund(&self, _: &IntentId, _: RequestKey<'_>) -> Result<(), ProcessorError> {
        Ok(())
    }
}
