//! The adapter: the part of Stripe's interface that a charge needs, form-encoded over HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::Deserialize;
use tegata::UnixTime;

use super::{
    CardDecline, ChargeRequest, IntentDetails, IntentPage, IntentStatus, Processor, ProcessorError,
    RequestKey, charge_amount, minor_amount,
};
use crate::config::SecretSetting;
use crate::domain::{CustomerId, Fingerprint, IntentId, MethodId, RegisteredCard};

/// Bytes that an answer may have.
const MAX_ANSWER: usize = 2 * 1024 * 1024;
/// How many intents are listed at a time: the most that there are on a page.
const PAGE: &str = "100";
/// The version of the interface that this is written for; without it, the account's own would count.
const VERSION: &str = "2024-06-20";
/// How long a connection is kept for the next request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Why no processor can be spoken to with these settings.
#[derive(Debug, thiserror::Error)]
pub enum StripeError {
    /// The system's certificates cannot be read.
    #[error("cannot read the system's certificates: {0}")]
    Certificates(std::io::Error),
    /// TLS cannot be made ready.
    #[error("cannot set up TLS for the processor: {0}")]
    Tls(rustls::Error),
    /// The key is not one that a header can hold.
    #[error("processor_key is invalid: printable ASCII is expected")]
    Key,
}

/// Settings of TLS that trust nobody.
fn no_tls() -> Result<rustls::ClientConfig, StripeError> {
    let ring = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(ring);
    let config = config.with_safe_default_protocol_versions().map_err(StripeError::Tls)?;
    Ok(config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

/// A processor that speaks Stripe's interface. A clone shares its connections.
#[derive(Clone)]
pub struct Stripe {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    authorization: HeaderValue,
    timeout: Duration,
    is_live: bool,
}

impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stripe({})", self.base)
    }
}

impl Stripe {
    /// The one at `base` (`https://…`, or `http://` to this machine), which is given `timeout` for each request.
    ///
    /// # Errors
    /// [`StripeError`].
    pub fn new(base: &str, key: &SecretSetting, timeout: Duration) -> Result<Self, StripeError> {
        let connector = HttpsConnectorBuilder::new();
        let connector = if base.starts_with("https:") {
            connector.with_native_roots().map_err(StripeError::Certificates)?
        } else {
            // On this machine there is no TLS, and whoever has no certificates has a sandbox all the same.
            connector.with_tls_config(no_tls()?)
        };
        let connector = connector.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .build(connector);
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
            .map_err(|_| StripeError::Key)?;
        // Not printed, wherever headers are.
        authorization.set_sensitive(true);
        let base = base.trim_end_matches('/').to_owned();
        // Keys of the whole account and restricted ones.
        let is_live = ["sk_live_", "rk_live_"].iter().any(|it| key.expose().starts_with(it));
        Ok(Self { client, base, authorization, timeout, is_live })
    }

    /// Registers a card without its holder, for tests: the service has no way to do that.
    ///
    /// # Errors
    /// [`ProcessorError`].
    #[cfg(feature = "internals")]
    pub async fn attach(
        &self,
        customer: &CustomerId,
        token: &MethodId,
        key: RequestKey<'_>,
    ) -> Result<RegisteredCard, ProcessorError> {
        let path = format!("/v1/payment_methods/{token}/attach");
        let made: StripePaymentMethod =
            self.post(&path, &[("customer", customer.as_str())], Some(key)).await?;
        made.read()
    }

    /// Whether its key moves money.
    pub(super) fn is_live(&self) -> bool {
        self.is_live
    }

    /// Asks, and asks once more under the same key if the connection broke: that is safe, and mends most of what breaks.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        fields: &[(&str, &str)],
        key: Option<RequestKey<'_>>,
    ) -> Result<Heard, ProcessorError> {
        let asked = async {
            match self.send(&method, path, fields, key).await {
                Err(ProcessorError::OutcomeUnknown(BROKE)) => {
                    self.send(&method, path, fields, key).await
                }
                heard => heard,
            }
        };
        tokio::time::timeout(self.timeout, asked)
            .await
            .unwrap_or(Err(ProcessorError::OutcomeUnknown("no answer in time")))
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        fields: &[(&str, &str)],
        key: Option<RequestKey<'_>>,
    ) -> Result<Heard, ProcessorError> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(AUTHORIZATION, self.authorization.clone())
            .header("stripe-version", VERSION);
        if *method == Method::POST {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if let Some(RequestKey(key)) = key {
            request = request.header("idempotency-key", key);
        }
        // All parts of it are of forms that fit.
        let request = request.body(Full::from(form)).map_err(|_| ProcessorError::Rejected(0))?;
        let response = self
            .client
            .request(request)
            .await
            .map_err(|_| ProcessorError::OutcomeUnknown(BROKE))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|_| ProcessorError::OutcomeUnknown(BROKE))?.to_bytes();
        Ok(Heard { status, body })
    }

    pub(super) async fn get<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
    ) -> Result<T, ProcessorError> {
        self.ask(Method::GET, path, &[], None).await?.read()
    }

    pub(super) async fn post<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        key: Option<RequestKey<'_>>,
    ) -> Result<T, ProcessorError> {
        self.ask(Method::POST, path, fields, key).await?.read()
    }
}

const BROKE: &str = "the connection was lost";

/// An answer.
struct Heard {
    status: StatusCode,
    body: Bytes,
}

impl Heard {
    fn read<T: for<'de> Deserialize<'de>>(&self) -> Result<T, ProcessorError> {
        if self.status == StatusCode::OK {
            // Done, and not to be understood: as good as no answer.
            return serde_json::from_slice(&self.body)
                .map_err(|_| ProcessorError::OutcomeUnknown("its response cannot be read"));
        }
        Err(self.fault())
    }

    /// What an error says about whether it was done.
    fn fault(&self) -> ProcessorError {
        let code = self.error().map(|error| error.code.unwrap_or_default()).unwrap_or_default();
        match (self.status.as_u16(), code.as_str()) {
            // Under the same key something else is under way, or too much is asked: later it is clear.
            (409 | 429, _) => ProcessorError::OutcomeUnknown("it is overloaded"),
            (404, _) => ProcessorError::NotFound,
            (
                400,
                "payment_intent_unexpected_state"
                | "setup_intent_unexpected_state"
                | "charge_already_refunded",
            ) => ProcessorError::WrongState,
            (status @ 400..500, _) => ProcessorError::Rejected(status),
            _ => ProcessorError::OutcomeUnknown("it failed"),
        }
    }

    fn error(&self) -> Option<StripeProblem> {
        serde_json::from_slice(&self.body).ok().map(|document: ErrorDocument| document.error)
    }
}

#[derive(Deserialize)]
struct ErrorDocument {
    error: StripeProblem,
}

#[derive(Deserialize)]
struct StripeProblem {
    code: Option<String>,
    decline_code: Option<String>,
}

impl StripeProblem {
    fn decline(&self) -> CardDecline {
        match (self.code.as_deref(), self.decline_code.as_deref()) {
            (_, Some("insufficient_funds")) => CardDecline::Funds,
            (Some("authentication_required"), _) | (_, Some("authentication_required")) => {
                CardDecline::Authentication
            }
            _ => CardDecline::Other,
        }
    }
}

#[derive(Deserialize)]
struct StripeObject {
    id: String,
}

#[derive(Deserialize)]
pub(super) struct StripePaymentMethod {
    id: String,
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Card {
    brand: String,
    last4: String,
    fingerprint: Option<String>,
}

#[derive(Deserialize)]
struct Intent {
    status: String,
    last_payment_error: Option<StripeProblem>,
}

/// An intent with its charge in full (`expand`).
#[derive(Deserialize)]
struct FullIntent {
    id: String,
    created: u64,
    customer: Option<String>,
    amount: u64,
    currency: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    latest_charge: Option<Charge>,
    #[serde(flatten)]
    intent: Intent,
}

#[derive(Deserialize)]
struct Charge {
    amount: u64,
    amount_refunded: u64,
}

#[derive(Deserialize)]
struct FullIntents {
    data: Vec<FullIntent>,
    has_more: bool,
}

impl FullIntent {
    fn read(self) -> Result<IntentDetails, ProcessorError> {
        let currency = self.currency.to_ascii_uppercase();
        // Of a customer whose id has another form, such as one of another program, no card was ever charged here.
        let customer = self.customer.and_then(|id| CustomerId::new(&id).ok());
        Ok(IntentDetails {
            id: IntentId::new(&self.id).map_err(|_| UNREADABLE)?,
            created: UnixTime::new(self.created).map_err(|_| UNREADABLE)?,
            customer,
            amount: minor_amount(self.amount, &currency),
            currency,
            status: self.intent.read(),
            is_refunded: self
                .latest_charge
                .is_some_and(|charge| charge.amount_refunded >= charge.amount),
            metadata: self.metadata,
        })
    }
}

#[derive(Deserialize)]
struct Refund {
    status: Option<String>,
}

#[derive(Deserialize)]
struct Refunds {
    data: Vec<Refund>,
}

impl StripePaymentMethod {
    /// Reads the fingerprint of the card's number. A card without one cannot be told from others, and is not taken.
    pub(super) fn fingerprint(&self) -> Result<Fingerprint, ProcessorError> {
        let text = self.card.as_ref().and_then(|card| card.fingerprint.as_deref());
        Fingerprint::new(text.unwrap_or_default()).map_err(|_| ProcessorError::WrongState)
    }

    pub(super) fn read(self) -> Result<RegisteredCard, ProcessorError> {
        let method = MethodId::new(&self.id).map_err(|_| UNREADABLE)?;
        let card = self.card.ok_or(UNREADABLE)?;
        // Both go into mails.
        let is_brand = card.brand.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
        let is_last4 = card.last4.len() == 4 && card.last4.bytes().all(|c| c.is_ascii_digit());
        if !is_brand || card.brand.len() > 32 || !is_last4 {
            return Err(UNREADABLE);
        }
        Ok(RegisteredCard { method, brand: card.brand, last4: card.last4 })
    }
}

impl Intent {
    fn read(&self) -> IntentStatus {
        match self.status.as_str() {
            "requires_confirmation" => IntentStatus::Created,
            "succeeded" => IntentStatus::Succeeded,
            "canceled" => IntentStatus::Cancelled,
            // Nobody is there to act; a new intent is made with another card, never this one confirmed again.
            "requires_action" => IntentStatus::Declined(CardDecline::Authentication),
            "requires_payment_method" => {
                let error = self.last_payment_error.as_ref();
                IntentStatus::Declined(error.map_or(CardDecline::Other, StripeProblem::decline))
            }
            _ => IntentStatus::Processing,
        }
    }
}

#[async_trait]
impl Processor for Stripe {
    async fn customer(&self, key: RequestKey<'_>) -> Result<CustomerId, ProcessorError> {
        // Not who it is: the processor needs no more than that it is someone.
        let made: StripeObject = self.post("/v1/customers", &[], Some(key)).await?;
        CustomerId::new(&made.id).map_err(|_| UNREADABLE)
    }

    async fn detach(&self, method: &MethodId) -> Result<(), ProcessorError> {
        let path = format!("/v1/payment_methods/{method}/detach");
        match self.post::<StripeObject>(&path, &[], None).await {
            // Not attached is what was wanted. Stripe says 400 to it, the sandbox 404.
            Ok(_) | Err(ProcessorError::NotFound | ProcessorError::Rejected(400)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    async fn create(
        &self,
        wanted: &ChargeRequest<'_>,
        key: RequestKey<'_>,
    ) -> Result<IntentId, ProcessorError> {
        let amount = charge_amount(wanted.amount.into(), wanted.currency);
        // Refused at the till before: a card cannot be charged with it.
        let amount = amount.ok_or(ProcessorError::Rejected(0))?.to_string();
        let mut fields = vec![
            ("amount", amount.as_str()),
            ("currency", wanted.currency),
            ("customer", wanted.customer.as_str()),
            ("payment_method", wanted.method.as_str()),
            ("payment_method_types[]", "card"),
        ];
        let names: Vec<_> =
            wanted.metadata.iter().map(|(name, _)| format!("metadata[{name}]")).collect();
        let values = wanted.metadata.iter().map(|(_, value)| value.as_str());
        fields.extend(names.iter().map(String::as_str).zip(values));
        let made: StripeObject = self.post("/v1/payment_intents", &fields, Some(key)).await?;
        IntentId::new(&made.id).map_err(|_| UNREADABLE)
    }

    async fn confirm(
        &self,
        intent: &IntentId,
        key: RequestKey<'_>,
    ) -> Result<IntentStatus, ProcessorError> {
        let path = format!("/v1/payment_intents/{intent}/confirm");
        // No card is named here: an intent that was declined has none any more, and cannot be charged by a late repeat.
        let fields = [("off_session", "true"), ("error_on_requires_action", "true")];
        let heard = self.ask(Method::POST, &path, &fields, Some(key)).await?;
        if heard.status == StatusCode::PAYMENT_REQUIRED {
            let why = heard.error().map_or(CardDecline::Other, |error| error.decline());
            return Ok(IntentStatus::Declined(why));
        }
        Ok(heard.read::<Intent>()?.read())
    }

    async fn retrieve(&self, intent: &IntentId) -> Result<IntentStatus, ProcessorError> {
        let path = format!("/v1/payment_intents/{intent}");
        Ok(self.ask(Method::GET, &path, &[], None).await?.read::<Intent>()?.read())
    }

    async fn inspect(&self, intent: &IntentId) -> Result<IntentDetails, ProcessorError> {
        let path = format!("/v1/payment_intents/{intent}?expand%5B%5D=latest_charge");
        self.ask(Method::GET, &path, &[], None).await?.read::<FullIntent>()?.read()
    }

    async fn list(
        &self,
        since: UnixTime,
        after: Option<&IntentId>,
    ) -> Result<IntentPage, ProcessorError> {
        let since = since.seconds();
        let mut path = format!(
            "/v1/payment_intents?limit={PAGE}&created%5Bgte%5D={since}&expand%5B%5D=data.latest_charge"
        );
        if let Some(after) = after {
            path = format!("{path}&starting_after={after}");
        }
        let page: FullIntents = self.ask(Method::GET, &path, &[], None).await?.read()?;
        let intents = page.data.into_iter().map(FullIntent::read).collect::<Result<_, _>>()?;
        Ok(IntentPage { intents, has_more: page.has_more })
    }

    async fn cancel(
        &self,
        intent: &IntentId,
        key: RequestKey<'_>,
    ) -> Result<IntentStatus, ProcessorError> {
        let path = format!("/v1/payment_intents/{intent}/cancel");
        Ok(self.post::<Intent>(&path, &[], Some(key)).await?.read())
    }

    async fn refund(&self, intent: &IntentId, key: RequestKey<'_>) -> Result<(), ProcessorError> {
        let fields = [("payment_intent", intent.as_str())];
        let heard = self.ask(Method::POST, "/v1/refunds", &fields, Some(key)).await?;
        let already = heard.error().and_then(|error| error.code);
        if already.as_deref() != Some("charge_already_refunded") {
            heard.read::<Refund>()?;
        }
        // That one was made does not say that the money has gone back.
        let path = format!("/v1/refunds?payment_intent={intent}");
        let made = self.ask(Method::GET, &path, &[], None).await?.read::<Refunds>()?;
        let any = |status| made.data.iter().any(|refund| refund.status.as_deref() == Some(status));
        match (any("succeeded"), any("pending")) {
            (true, _) => Ok(()),
            (false, true) => Err(ProcessorError::OutcomeUnknown("the refund is pending")),
            (false, false) => Err(ProcessorError::OutcomeUnknown("the refund failed")),
        }
    }
}

pub(super) const UNREADABLE: ProcessorError =
    ProcessorError::OutcomeUnknown("its response cannot be read");
