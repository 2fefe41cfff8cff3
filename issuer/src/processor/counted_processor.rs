//! A processor whose requests are timed and whose failures are counted for the metrics.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};
use tegata::UnixTime;

use super::{
    CardSetups, ChargeRequest, IntentDetails, IntentPage, IntentStatus, NewSetupIntent, Processor,
    ProcessorError, RequestKey, SetupIntent, SetupRequest,
};
use crate::domain::{CustomerId, IntentId, MethodId, SetupId};

/// Bounds in seconds, up to the time-out of a request.
const BOUNDS: [f64; 8] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// A processor that counts what is asked of another.
pub(crate) struct CountedProcessor {
    inner: Arc<dyn Processor>,
    seconds: HistogramVec,
    failures: IntCounterVec,
}

impl CountedProcessor {
    /// Counts the requests to `inner`, and registers the counts.
    pub(crate) fn new(inner: Arc<dyn Processor>, registry: &Registry) -> prometheus::Result<Self> {
        let seconds = HistogramOpts::new(
            "tegata_processor_request_seconds",
            "Seconds that a request to the processor took, whatever came of it.",
        );
        let failures = Opts::new(
            "tegata_processor_failures_total",
            "Requests to the processor that were not carried out, or perhaps not.",
        );
        let counted = Self {
            inner,
            seconds: HistogramVec::new(seconds.buckets(BOUNDS.to_vec()), &["operation"])?,
            failures: IntCounterVec::new(failures, &["operation", "reason"])?,
        };
        registry.register(Box::new(counted.seconds.clone()))?;
        registry.register(Box::new(counted.failures.clone()))?;
        // There from the start: who watches for a rise needs a zero to rise from.
        for call in ProcessorCall::ALL {
            for reason in REASONS {
                counted.failures.with_label_values(&[call.name(), reason]).reset();
            }
        }
        Ok(counted)
    }

    async fn counted<T>(
        &self,
        call: ProcessorCall,
        request: impl Future<Output = Result<T, ProcessorError>> + Send,
    ) -> Result<T, ProcessorError> {
        let began = Instant::now();
        let outcome = request.await;
        let took = began.elapsed().as_secs_f64();
        self.seconds.with_label_values(&[call.name()]).observe(took);
        if let Err(error) = &outcome {
            self.failures.with_label_values(&[call.name(), reason(*error)]).inc();
        }
        outcome
    }
}

/// What is asked of a processor, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProcessorCall {
    Customer,
    BeginSetup,
    Setup,
    FailedAttempts,
    CancelSetup,
    Detach,
    Create,
    Confirm,
    Retrieve,
    Cancel,
    Refund,
}

impl ProcessorCall {
    const ALL: [Self; 11] = [
        Self::Customer,
        Self::BeginSetup,
        Self::Setup,
        Self::FailedAttempts,
        Self::CancelSetup,
        Self::Detach,
        Self::Create,
        Self::Confirm,
        Self::Retrieve,
        Self::Cancel,
        Self::Refund,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::BeginSetup => "begin_setup",
            Self::Setup => "setup",
            Self::FailedAttempts => "failed_attempts",
            Self::CancelSetup => "cancel_setup",
            Self::Detach => "detach",
            Self::Create => "create",
            Self::Confirm => "confirm",
            Self::Retrieve => "retrieve",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
        }
    }
}

/// Every reason of a failure.
const REASONS: [&str; 4] = ["outcome-unknown", "wrong-state", "not-found", "rejected"];

const fn reason(error: ProcessorError) -> &'static str {
    let [unknown, state, missing, rejected] = REASONS;
    match error {
        ProcessorError::OutcomeUnknown(_) => unknown,
        ProcessorError::WrongState => state,
        ProcessorError::NotFound => missing,
        ProcessorError::Rejected(_) => rejected,
    }
}

#[async_trait]
impl CardSetups for CountedProcessor {
    async fn begin_setup(
        &self,
        request: &SetupRequest<'_>,
        key: RequestKey<'_>,
    ) -> Result<NewSetupIntent, ProcessorError> {
        self.counted(ProcessorCall::BeginSetup, self.inner.begin_setup(request, key)).await
    }

    async fn setup(&self, id: &SetupId) -> Result<SetupIntent, ProcessorError> {
        self.counted(ProcessorCall::Setup, self.inner.setup(id)).await
    }

    async fn failed_attempts(&self, id: &SetupId) -> Result<u32, ProcessorError> {
        self.counted(ProcessorCall::FailedAttempts, self.inner.failed_attempts(id)).await
    }

    async fn cancel_setup(&self, id: &SetupId) -> Result<(), ProcessorError> {
        self.counted(ProcessorCall::CancelSetup, self.inner.cancel_setup(id)).await
    }
}

#[async_trait]
impl Processor for CountedProcessor {
    async fn customer(&self, key: RequestKey<'_>) -> Result<CustomerId, ProcessorError> {
        self.counted(ProcessorCall::Customer, self.inner.customer(key)).await
    }

    async fn detach(&self, method: &MethodId) -> Result<(), ProcessorError> {
        self.counted(ProcessorCall::Detach, self.inner.detach(method)).await
    }

    async fn create(
        &self,
        wanted: &ChargeRequest<'_>,
        key: RequestKey<'_>,
    ) -> Result<IntentId, ProcessorError> {
        self.counted(ProcessorCall::Create, self.inner.create(wanted, key)).await
    }

    async fn confirm(
        &self,
        intent: &IntentId,
        key: RequestKey<'_>,
    ) -> Result<IntentStatus, ProcessorError> {
        self.counted(ProcessorCall::Confirm, self.inner.confirm(intent, key)).await
    }

    async fn retrieve(&self, intent: &IntentId) -> Result<IntentStatus, ProcessorError> {
        self.counted(ProcessorCall::Retrieve, self.inner.retrieve(intent)).await
    }

    // These two are asked for by an operator's command, which has no metrics: they are not counted.
    async fn inspect(&self, intent: &IntentId) -> Result<IntentDetails, ProcessorError> {
        self.inner.inspect(intent).await
    }

    async fn list(
        &self,
        since: UnixTime,
        after: Option<&IntentId>,
    ) -> Result<IntentPage, ProcessorError> {
        self.inner.list(since, after).await
    }

    async fn cancel(
        &self,
        intent: &IntentId,
        key: RequestKey<'_>,
    ) -> Result<IntentStatus, ProcessorError> {
        self.counted(ProcessorCall::Cancel, self.inner.cancel(intent, key)).await
    }

    async fn refund(&self, intent: &IntentId, key: RequestKey<'_>) -> Result<(), ProcessorError> {
        self.counted(ProcessorCall::Refund, self.inner.refund(intent, key)).await
    }
}
