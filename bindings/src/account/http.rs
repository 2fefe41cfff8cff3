//! What the app's HTTP client sends and receives.

use std::collections::HashMap;
use std::fmt;

use tegata::IssuerAddress;
use tegata::protocol::{Envelope, Response, SIGNATURE_HEADER};

/// A request to send as it is: over TLS, which its address asks for unless it is this machine's, and with no redirects
/// followed. It carries a password or a session: log no part of it.
#[derive(Clone, uniffi::Record)]
#[uniffi::export(Display)]
pub struct IssuerRequest {
    /// The HTTP method: `POST`.
    pub method: String,
    /// The whole URL. Send the request nowhere else.
    pub url: String,
    /// All headers that the request has to have.
    pub headers: HashMap<String, String>,
    /// The body, to be sent as it is: the device signed these bytes.
    pub body: Vec<u8>,
    /// Whether the app may send it again by itself when no response came, since doing it twice is like doing it once.
    /// Any other request is sent again only if the owner says so: nobody knows whether it was done.
    pub is_idempotent: bool,
}

/// The response, whatever it is.
#[derive(Clone, uniffi::Record)]
#[uniffi::export(Display)]
pub struct IssuerResponse {
    /// The status code of the response.
    pub status: i32,
    /// The body. A body of more than 256 KiB is not read: a client may stop after one byte more.
    pub body: Vec<u8>,
    /// The header `Retry-After`, if it is there.
    #[uniffi(default = None)]
    pub retry_after: Option<String>,
    /// The header `Tegata-Challenge`, if it is there: the next request is signed with it. Without it each request is sent
    /// twice, and the second time to no avail.
    #[uniffi(default = None)]
    pub challenge: Option<String>,
}

impl IssuerRequest {
    pub(super) fn new(issuer: &IssuerAddress, request: &Envelope) -> Self {
        let mut headers = HashMap::new();
        let mut header = |name: &str, value: String| headers.insert(name.to_owned(), value);
        header("Content-Type", "application/json".to_owned());
        if let Some(signature) = request.signature() {
            header(SIGNATURE_HEADER, signature.to_owned());
        }
        if let Some(session) = request.session() {
            header("Authorization", format!("Bearer {}", session.expose()));
        }
        Self {
            method: "POST".to_owned(),
            url: format!("{issuer}{}", request.path()),
            headers,
            body: request.body().to_vec(),
            is_idempotent: request.is_idempotent(),
        }
    }
}

impl From<IssuerResponse> for Response {
    /// A number that is no HTTP status reads as 0, which no issuer answers with.
    fn from(response: IssuerResponse) -> Self {
        let IssuerResponse { status, body, retry_after, challenge } = response;
        Self {
            status: u16::try_from(status).unwrap_or(0),
            body,
            retry_after: retry_after.and_then(|seconds| seconds.trim().parse().ok()),
            challenge: challenge.map(|text| text.trim().to_owned()),
        }
    }
}

impl fmt::Display for IssuerRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuerRequest({} {})", self.method, self.url)
    }
}

impl fmt::Debug for IssuerRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for IssuerResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuerResponse({})", self.status)
    }
}

impl fmt::Debug for IssuerResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
