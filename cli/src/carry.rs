//! Carries requests to an issuer, over TLS or to this machine.

use std::io::Read;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tegata::IssuerAddress;
use tegata::protocol::Refusal;
use tegata::protocol::{Envelope, IssuerError, IssuerProblem, Response, SIGNATURE_HEADER};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::failure::Failure;

/// For all of a request. An issuer that is busy answers so; none takes longer than its own half minute.
const PATIENCE: Duration = Duration::from_secs(40);
const CONNECT: Duration = Duration::from_secs(10);
/// Waits between tries of a request that may be sent again.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// The way to one issuer.
pub(crate) struct Carrier {
    agent: ureq::Agent,
    issuer: IssuerAddress,
}

/// Why a request brought no answer of its kind.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("{0}")]
    Issuer(#[from] IssuerError),
    #[error("the issuer {issuer} cannot be reached: {why}")]
    Unreachable { issuer: IssuerAddress, why: String },
}

impl Carrier {
    pub(crate) fn to(issuer: &IssuerAddress) -> Result<Self, Failure> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would take a session elsewhere. Its status is told as what it is: no answer of an issuer's.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(PATIENCE))
            .timeout_connect(Some(CONNECT))
            .user_agent(concat!("tegata/", env!("CARGO_PKG_VERSION")));
        let config = if issuer.as_str().starts_with("https:") {
            config.https_only(true).tls_config(tls()?)
        } else {
            // What is for this machine goes to no proxy.
            config.proxy(None)
        };
        Ok(Self { agent: config.build().new_agent(), issuer: issuer.clone() })
    }

    pub(crate) fn issuer(&self) -> &IssuerAddress {
        &self.issuer
    }

    /// Sends it, and again when no answer came to what may be done twice.
    pub(crate) fn carry(&self, request: &Envelope) -> Result<Response, NoAnswer> {
        let pauses = if request.is_idempotent() { &PAUSES[..] } else { &[] };
        for pause in pauses {
            match self.once(request) {
                Err(NoAnswer::Unreachable { .. }) => thread::sleep(*pause),
                answered => return answered,
            }
        }
        self.once(request)
    }

    fn once(&self, request: &Envelope) -> Result<Response, NoAnswer> {
        let bearer = request.session().map(|session| format!("Bearer {}", session.expose()));
        let signature = request.signature().map(|signature| (SIGNATURE_HEADER, signature));
        let bearer = bearer.as_deref().map(|bearer| ("Authorization", bearer));
        let headers: Vec<_> = signature.into_iter().chain(bearer).collect();
        self.post(request.path(), &headers, request.body())
    }

    /// Sends a body as it is, which need not be one that this program would write.
    pub(crate) fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response, NoAnswer> {
        let mut post = self.agent.post(format!("{}{path}", self.issuer));
        post = post.content_type("application/json");
        for (name, value) in headers {
            post = post.header(*name, *value);
        }
        let mut answer = post.send(body).map_err(|error| self.unreachable(&error))?;
        let retry = answer.headers().get("retry-after").and_then(|v| v.to_str().ok()?.parse().ok());
        let (status, mut body) = (answer.status().as_u16(), Vec::new());
        // One byte more than is taken tells an answer that is too long.
        let most = u64::try_from(Response::LARGEST + 1).unwrap_or(u64::MAX);
        let read = answer.body_mut().as_reader().take(most).read_to_end(&mut body);
        read.map_err(|error| self.unreachable(&error))?;
        Ok(Response { status, body, retry_after: retry })
    }

    fn unreachable(&self, why: &dyn std::fmt::Display) -> NoAnswer {
        NoAnswer::Unreachable { issuer: self.issuer.clone(), why: why.to_string() }
    }
}

/// TLS by the certificates that this machine trusts.
fn tls() -> Result<TlsConfig, Failure> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        return Err(Failure::No(
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

impl NoAnswer {
    /// What the wallet made of a response, if that is what the issuer said; else what went wrong here.
    pub(crate) fn of(error: tegata::Error) -> Result<Self, tegata::Error> {
        let why = match error {
            tegata::Error::Issuer(why) => why,
            tegata::Error::NotLoggedIn => IssuerProblem::Refused(Refusal::NotLoggedIn),
            other => return Err(other),
        };
        Ok(IssuerError::Problem(why).into())
    }

    /// What the issuer decided, if it did.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Issuer(IssuerError::Problem(IssuerProblem::Refused(refusal))) => Some(*refusal),
            _ => None,
        }
    }

    /// Whether what a person typed was not taken, so that she may be asked again.
    pub(crate) fn is_mistyped(&self) -> bool {
        self.is_weak_password() || self.refusal() == Some(Refusal::InvalidCredentials)
    }

    pub(crate) fn is_weak_password(&self) -> bool {
        matches!(self, Self::Issuer(IssuerError::Problem(IssuerProblem::WeakPassword)))
    }

    fn what_to_do(&self) -> &'static str {
        match self.refusal() {
            Some(Refusal::InvalidCredentials) => {
                "; the issuer does not say which part: check each, and ask for a new code if it \
                 is older than ten minutes"
            }
            Some(Refusal::NotLoggedIn | Refusal::LoginTooOld) => ": tegata wallet log-in",
            Some(Refusal::FactorRequired) => ": tegata wallet log-in with it",
            Some(Refusal::EnrolmentRequired) => ": tegata wallet second-factor",
            Some(Refusal::Frozen) => {
                ": if you froze it, unfreeze it with tegata wallet freeze --lift; otherwise \
                 contact the issuer"
            }
            _ => "",
        }
    }
}

impl From<NoAnswer> for Failure {
    fn from(no: NoAnswer) -> Self {
        let what_to_do = no.what_to_do();
        Self::No(format!("{no}{what_to_do}"))
    }
}
