//! What is counted of payments, for `/metrics`.

use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use tegata::UnixTime;

use super::WrongCodes;
use super::authorisation_view::{AuthorisationView, PaymentStatus};
use crate::metrics::gauge;
use crate::store::{DeclineReason, OpenPaymentCounts, Store, StoreError};

/// What is counted of payments. A clone counts in the same place.
#[derive(Clone, Debug)]
pub(crate) struct PaymentCounts {
    open: IntGaugeVec,
    oldest: IntGauge,
    answers: IntCounterVec,
    wrong_today: IntGauge,
    wrong_usual: IntGauge,
    wrong_high: IntGauge,
}

impl PaymentCounts {
    /// Registers the counts of a service.
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let counts = Self {
            open: IntGaugeVec::new(
                Opts::new("tegata_payments_open", "Payments in progress."),
                &["state"],
            )?,
            oldest: IntGauge::new(
                "tegata_payments_oldest_open_seconds",
                "Seconds that the oldest payment has been in progress; 0 if none is.",
            )?,
            answers: IntCounterVec::new(
                Opts::new("tegata_payment_answers_total", "Responses to authorisation requests."),
                &["status", "reason"],
            )?,
            wrong_today: IntGauge::new(
                "tegata_wrong_codes_today",
                "Invalid codes at all tills on this day of UTC.",
            )?,
            wrong_usual: IntGauge::new(
                "tegata_wrong_codes_usual",
                "Median of invalid codes a day over the last 31 days.",
            )?,
            wrong_high: IntGauge::new(
                "tegata_wrong_codes_high",
                "1 if today's invalid codes exceed twenty and three times the usual.",
            )?,
        };
        registry.register(Box::new(counts.open.clone()))?;
        registry.register(Box::new(counts.oldest.clone()))?;
        registry.register(Box::new(counts.answers.clone()))?;
        registry.register(Box::new(counts.wrong_today.clone()))?;
        registry.register(Box::new(counts.wrong_usual.clone()))?;
        registry.register(Box::new(counts.wrong_high.clone()))?;
        // There from the start: who watches for a rise needs a zero to rise from.
        for status in PaymentStatus::ALL {
            counts.answers.with_label_values(&[status.name(), NONE]).reset();
        }
        for reason in DeclineReason::ALL {
            counts
                .answers
                .with_label_values(&[PaymentStatus::Declined.name(), reason.name()])
                .reset();
        }
        Ok(counts)
    }

    /// Counts an answer to a till.
    pub(super) fn count_answer(&self, view: &AuthorisationView) {
        let reason = view.reason.map_or(NONE, DeclineReason::name);
        self.answers.with_label_values(&[view.status.name(), reason]).inc();
    }

    /// Counts what is not over.
    pub(crate) async fn under_way(&self, store: &Store, now: UnixTime) -> Result<(), StoreError> {
        let OpenPaymentCounts { authorised, charging, reversing } =
            store.open_payment_counts().await?;
        let open = [("authorised", authorised), ("charging", charging), ("reversing", reversing)];
        for (state, count) in open {
            self.open.with_label_values(&[state]).set(gauge(count));
        }
        let oldest = store.oldest_open_payment().await?;
        let age = oldest.map_or(0, |made| now.seconds().saturating_sub(made.seconds()));
        self.oldest.set(gauge(age));
        Ok(())
    }

    /// Keeps what was counted of wrong codes; whether they are high from now on and were not before.
    pub(crate) fn wrong_codes(&self, wrong: WrongCodes) -> bool {
        self.wrong_today.set(gauge(wrong.today));
        self.wrong_usual.set(gauge(wrong.usual));
        let was_high = self.wrong_high.get() == 1;
        let is_high = wrong.is_high();
        self.wrong_high.set(i64::from(is_high));
        is_high && !was_high
    }
}

/// What stands for no reason: the card was declined, or it was no refusal.
const NONE: &str = "none";
