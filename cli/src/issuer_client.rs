//! Sends requests to an issuer, over TLS or on this machine.

use std::io::Read;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tegata::protocol::Refusal;
use tegata::protocol::{
    CHALLENGE_HEADER, Envelope, IssuerError, IssuerProblem, Response, SIGNATURE_HEADER,
};
use tegata::{IssuerAddress, PendingRequest, Wallet};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::failure::Failure;

/// The time limit of a whole request; the issuer itself answers within 30 seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Delays between attempts of a request that may be repeated.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// An HTTP client for one issuer.
pub(crate) struct IssuerClient {
    agent: ureq::Agent,
    issuer: IssuerAddress,
}

/// The reason why a request got no successful response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("{0}")]
    Issuer(#[from] IssuerError),
    #[error("the issuer {issuer} cannot be reached: {why}")]
    Unreachable { issuer: IssuerAddress, why: String },
}

impl IssuerClient {
    pub(crate) fn new(issuer: &IssuerAddress) -> Result<Self, Failure> {
        let builder = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would send the session elsewhere, so its status is reported as no response of an issuer.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(REQUEST_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .user_agent(concat!("tegata/", env!("CARGO_PKG_VERSION")));
        let config = if issuer.as_str().starts_with("https:") {
            builder.https_only(true).tls_config(tls_config()?)
        } else {
            // Requests to this machine use no proxy.
            builder.proxy(None)
        };
        Ok(Self { agent: config.build().new_agent(), issuer: issuer.clone() })
    }

    pub(crate) fn issuer(&self) -> &IssuerAddress {
        &self.issuer
    }

    /// Sends a request of a wallet's, signed again if the issuer wants it so.
    pub(crate) fn send_signed<A>(
        &self,
        request: &mut PendingRequest<A>,
        wallet: &mut Wallet,
    ) -> Result<Response, RequestError> {
        let response = self.send(request.envelope())?;
        match wallet.account().sign_again(request, &response) {
            Ok(true) => self.send(request.envelope()),
            // Without the device's key there is no other answer than this one.
            Ok(false) | Err(_) => Ok(response),
        }
    }

    /// Sends a request; repeats it if no response came and it is idempotent.
    pub(crate) fn send(&self, request: &Envelope) -> Result<Response, RequestError> {
        let pauses = if request.is_idempotent() { &RETRY_DELAYS[..] } else { &[] };
        for pause in pauses {
            match self.send_once(request) {
                Err(RequestError::Unreachable { .. }) => thread::sleep(*pause),
                result => return result,
            }
        }
        self.send_once(request)
    }

    fn send_once(&self, request: &Envelope) -> Result<Response, RequestError> {
        let bearer = request.session().map(|session| format!("Bearer {}", session.expose()));
        let signature = request.signature().map(|signature| (SIGNATURE_HEADER, signature));
        let authorization = bearer.as_deref().map(|bearer| ("Authorization", bearer));
        let headers: Vec<_> = signature.into_iter().chain(authorization).collect();
        self.post(request.path(), &headers, request.body())
    }

    /// Posts any body as it is.
    pub(crate) fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response, RequestError> {
        let mut post = self.agent.post(format!("{}{path}", self.issuer));
        post = post.content_type("application/json");
        for (name, value) in headers {
            post = post.header(*name, *value);
        }
        let mut response = post.send(body).map_err(|error| self.unreachable(&error))?;
        let retry =
            response.headers().get("retry-after").and_then(|v| v.to_str().ok()?.parse().ok());
        let challenge = response.headers().get(CHALLENGE_HEADER);
        let challenge = challenge.and_then(|value| value.to_str().ok().map(str::to_owned));
        let status = response.status().as_u16();
        let mut body = Vec::new();
        // One byte more than is accepted reveals a response that is too long.
        let limit = u64::try_from(Response::LARGEST + 1).unwrap_or(u64::MAX);
        let read = response.body_mut().as_reader().take(limit).read_to_end(&mut body);
        read.map_err(|error| self.unreachable(&error))?;
        Ok(Response { status, body, retry_after: retry, challenge })
    }

    fn unreachable(&self, why: &dyn std::fmt::Display) -> RequestError {
        RequestError::Unreachable { issuer: self.issuer.clone(), why: why.to_string() }
    }
}

/// The TLS configuration with the certificates that this machine trusts.
fn tls_config() -> Result<TlsConfig, Failure> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        return Err(Failure::Failed(
            "no certificates to trust were found on this machine: install them, or name their file in SSL_CERT_FILE"
                .into(),
        ));
    }
    let trusted: Vec<_> = found
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&trusted))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

impl RequestError {
    /// Converts the wallet's error if the issuer caused it, and returns it otherwise.
    pub(crate) fn from_wallet(error: tegata::Error) -> Result<Self, tegata::Error> {
        let why = match error {
            tegata::Error::Issuer(why) => why,
            tegata::Error::NotLoggedIn => IssuerProblem::Refused(Refusal::NotLoggedIn),
            other => return Err(other),
        };
        Ok(IssuerError::Problem(why).into())
    }

    /// The refusal, if the issuer refused the request.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Issuer(IssuerError::Problem(IssuerProblem::Refused(refusal))) => Some(*refusal),
            _ => None,
        }
    }

    /// Whether a typed value was not accepted, so that the person may be prompted again.
    pub(crate) fn is_mistyped(&self) -> bool {
        self.is_weak_password() || self.refusal() == Some(Refusal::InvalidCredentials)
    }

    pub(crate) fn is_weak_password(&self) -> bool {
        matches!(self, Self::Issuer(IssuerError::Problem(IssuerProblem::WeakPassword)))
    }

    fn advice(&self) -> &'static str {
        match self.refusal() {
            Some(Refusal::InvalidCredentials) => {
                "; the issuer does not say which part: check each, and ask for a new code if it \
                 is older than ten minutes"
            }
            Some(Refusal::NotLoggedIn | Refusal::LoginTooOld) => ": tegata wallet log-in",
            Some(Refusal::FactorRequired) => ": tegata wallet log-in with it",
            Some(Refusal::RecoveryCodeRequired) => {
                ": tegata wallet freeze --lift --lift-code @FILE"
            }
            Some(Refusal::EnrolmentRequired) => ": tegata wallet second-factor",
            Some(Refusal::Frozen) => {
                ": if you froze it, unfreeze it with tegata wallet freeze --lift; otherwise \
                 contact the issuer"
            }
            _ => "",
        }
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        let advice = error.advice();
        Self::Failed(format!("{error}{advice}"))
    }
}
