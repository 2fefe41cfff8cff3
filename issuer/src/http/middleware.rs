//! What happens around every request, whatever it asks for: it gets an id, a limit, a time, headers of safety, a line in
//! the log and a place in the counts; and whatever goes wrong becomes a problem document.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::domain::TokenHash;
use crate::http::client_address::{self, ClientNetwork, Peer};
use crate::http::headers::{CHALLENGE, bearer_token};
use crate::http::problem::Problem;
use crate::http::rate_limits;
use crate::http::state::AppState;
use crate::metrics::RequestOutcome;

/// Where an answer says which request it is for.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What tells one request from all others: 32 random hex digits, or what a trusted proxy called it. An extractor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// As it is written in the log.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(state: &AppState, peer: Peer, headers: &HeaderMap) -> Result<Self, Problem> {
        let config = &state.config;
        let is_trusted =
            config.trusted_proxies.iter().any(|range| range.contains(&peer.0.ip().to_canonical()));
        let given = config.request_id_header.as_ref().filter(|_| is_trusted);
        let given = given.and_then(|name| headers.get(&name.0)?.to_str().ok());
        let is_plain = |id: &&str| {
            matches!(id.len(), 1..=64)
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if let Some(id) = given.filter(is_plain) {
            return Ok(Self(id.into()));
        }
        let mut bytes = [0; 16];
        let filled = state.environment.random.fill(&mut bytes);
        filled.map_err(|error| Problem::internal("making a request's id", &error))?;
        Ok(Self(hex::encode(bytes).into()))
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or(Problem::Internal)
    }
}

/// Which of the two addresses a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    /// The one for everybody.
    Public,
    /// The one for whoever runs the service: nothing on it counts against a network's rate.
    Internal,
}

/// What the middleware needs.
#[derive(Clone)]
pub(crate) struct MiddlewareContext {
    pub(crate) state: Arc<AppState>,
    pub(crate) listener: Listener,
}

/// The middleware around every request. It runs the handler as a task of its own: a client that hangs up does not stop in the middle what it
/// has begun, and a panic ends there.
pub(crate) async fn middleware(
    State(MiddlewareContext { state, listener }): State<MiddlewareContext>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(&peer) = request.extensions().get::<Peer>() else {
        return Problem::internal("reading a request", &"the peer is not known").into_response();
    };
    let id = match RequestId::of(&state, peer, request.headers()) {
        Ok(id) => id,
        Err(problem) => return problem.into_response(),
    };
    let config = &state.config;
    let headers = request.headers();
    let client =
        client_address::client(peer.0.ip(), headers, config.forwarded, &config.trusted_proxies);
    let observation = Observation::begin(&state, &id, &request);
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(client);
    let till = till_token(&observation.route, request.headers());
    let is_counted =
        listener == Listener::Public && !rate_limits::UNCOUNTED.contains(&&*observation.route);
    let response = match is_counted.then(|| state.limits.check(client, till)) {
        Some(Err(problem)) => problem.into_response(),
        None | Some(Ok(())) => with_timeout(&state, &id, request, next).await,
    };
    if let Some(till) = till {
        state.limits.learn(till, response.status());
    }
    let response = finalize_response(response, &id, state.config.tls_certificate.is_some());
    observation.end(&response);
    response
}

/// The token of a till, by its hash, in a request to what only tills ask for.
fn till_token(route: &str, headers: &HeaderMap) -> Option<TokenHash> {
    let token = rate_limits::TILLS.contains(&route).then(|| bearer_token(headers))?;
    token.map(|token| TokenHash::of(&token))
}

async fn with_timeout(state: &AppState, id: &RequestId, request: Request, next: Next) -> Response {
    let span = tracing::info_span!("request", id = id.as_str());
    let within = state.config.request_seconds.duration();
    let work = tokio::time::timeout(within, next.run(request)).instrument(span);
    match tokio::spawn(work).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Problem::TimedOut.into_response(),
        // The hook of panics has said where.
        Err(_) => Problem::Internal.into_response(),
    }
}

/// Makes every error a problem that names its request, and puts on what no answer goes without.
fn finalize_response(mut response: Response, id: &RequestId, is_tls: bool) -> Response {
    let problem = response.extensions().get::<Problem>().copied();
    if let Some(problem) = problem.or_else(|| Problem::of_status(response.status())) {
        let mut before = std::mem::take(response.headers_mut());
        response = problem.answer(Some(format!("urn:tegata:request:{}", id.as_str())));
        for name in [header::ALLOW, CHALLENGE] {
            if let Some(value) = before.remove(&name) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, id);
    }
    // A page may bring its own policy; an interface needs none of what a browser could do with it.
    let mut missing = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    missing(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    missing(header::CACHE_CONTROL, "no-store");
    missing(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    missing(header::REFERRER_POLICY, "no-referrer");
    if is_tls {
        missing(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000");
    }
    response
}

/// What the log and the counts will say of a request; said when it is dropped, too, for clients that hang up.
struct Observation {
    state: Arc<AppState>,
    id: RequestId,
    method: &'static str,
    route: String,
    began: Instant,
    status: Option<u16>,
}

impl Observation {
    fn begin(state: &Arc<AppState>, id: &RequestId, request: &Request) -> Self {
        state.metrics.begin();
        let route = request.extensions().get::<MatchedPath>();
        Self {
            state: Arc::clone(state),
            id: id.clone(),
            method: known(request.method()),
            // The template. What was asked for may hold anything.
            route: route.map_or("none", MatchedPath::as_str).to_owned(),
            began: Instant::now(),
            status: None,
        }
    }

    fn end(mut self, response: &Response) {
        self.status = Some(response.status().as_u16());
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        let Self { id, method, route, status, .. } = &*self;
        let took = self.began.elapsed();
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if let Some(status) = status {
            tracing::info!(id = id.as_str(), method, route, status, ms, "request completed");
        } else {
            tracing::info!(id = id.as_str(), method, route, ms, "client disconnected");
        }
        let outcome = RequestOutcome { method, route, status: *status, took };
        self.state.metrics.end(outcome);
    }
}

/// Methods are free text in HTTP; the log and the counts know these.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Whether a client may read what only operators should: its network is one of those set for it, and if the request came
/// through somebody who says so, that is a configured proxy.
pub(crate) fn is_operator(state: &AppState, client: ClientNetwork, headers: &HeaderMap) -> bool {
    let is_forwarded =
        headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
    let is_expected = state.config.forwarded != crate::config::ForwardedHeader::None;
    (is_expected || !is_forwarded)
        && state.config.metrics_networks.iter().any(|range| range.contains(&client.range()))
}
