//! What is counted of requests and of the process, in the text that Prometheus reads.

mod gauge;
mod process;
pub(crate) mod work;

use std::time::Duration;

pub(crate) use gauge::gauge;

use crate::metrics::process::ProcessUsage;
use crate::metrics::work::WorkCounts;
use prometheus::{HistogramOpts, IntGaugeVec};
use prometheus::{HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

/// Counts of one service. Labels are routes' templates, known methods and classes of status: a request cannot make new
/// ones.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    in_flight: IntGauge,
    work: WorkCounts,
}

/// How a request ended, for the counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestOutcome<'a> {
    pub(crate) method: &'a str,
    pub(crate) route: &'a str,
    /// `None` if the client disconnected before there was an answer.
    pub(crate) status: Option<u16>,
    pub(crate) took: Duration,
}

/// Bounds in seconds: answers from memory, from the disk, after Argon2id, and those that somebody waits for.
const BOUNDS: [f64; 9] = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

impl Metrics {
    fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new(
                "tegata_http_requests_total",
                "Requests that were answered or whose client disconnected.",
            ),
            &["method", "route", "status"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "tegata_http_request_seconds",
                "Seconds from the head of a request to its response.",
            )
            .buckets(BOUNDS.to_vec()),
            &["method", "route"],
        )?;
        let in_flight = IntGauge::new("tegata_http_requests_in_flight", "Requests in progress.")?;
        let build = IntGaugeVec::new(Opts::new("tegata_build_info", "Always 1."), &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        registry.register(Box::new(in_flight.clone()))?;
        registry.register(Box::new(build))?;
        registry.register(Box::new(ProcessUsage::new()?))?;
        let work = WorkCounts::default();
        work.collectors().into_iter().try_for_each(|counts| registry.register(counts))?;
        Ok(Self { registry, requests, seconds, in_flight, work })
    }

    /// Where others register what they count.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Where work is counted.
    pub(crate) fn work(&self) -> WorkCounts {
        self.work.clone()
    }

    /// The counts, in the text format of Prometheus, version 0.0.4.
    ///
    /// # Errors
    /// If what others registered cannot be written.
    pub fn text(&self) -> prometheus::Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    pub(crate) fn begin(&self) {
        self.in_flight.inc();
    }

    pub(crate) fn end(&self, outcome: RequestOutcome<'_>) {
        let RequestOutcome { method, route, status, took } = outcome;
        let class = match status {
            Some(status) => ["1xx", "2xx", "3xx", "4xx", "5xx"]
                .get(usize::from(status / 100).saturating_sub(1))
                .copied()
                .unwrap_or("other"),
            None => "gone",
        };
        self.in_flight.dec();
        self.requests.with_label_values(&[method, route, class]).inc();
        self.seconds.with_label_values(&[method, route]).observe(took.as_secs_f64());
    }
}

impl Default for Metrics {
    #[expect(
        clippy::expect_used,
        reason = "the names are constants; each test of the service makes one"
    )]
    fn default() -> Self {
        Self::new().expect("names of metrics are valid and differ")
    }
}
