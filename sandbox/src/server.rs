//! The sandbox's HTTP server.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;

use crate::call::{Call, ProcessorRequest};
use crate::fault::Fault;
use crate::ledger::{ChargedIntent, FailurePoint, Ledger, LedgerError};
use crate::response::ProcessorResponse;
use crate::setup::{CardForm, CardFormResult};

/// The most bytes of a form.
const MAX_FORM: usize = 16 * 1024;

type Faults = dyn Fn(&Call) -> Fault + Send + Sync;

/// A card processor that moves no money. Clones share its state.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    file: PathBuf,
    key: String,
    /// Opened at the first request, so that no file is created without one.
    ledger: Mutex<Option<Ledger>>,
    faults: Mutex<Arc<Faults>>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sandbox")
    }
}

impl Sandbox {
    /// A sandbox with its ledger in `file`, for clients with this API key.
    #[must_use]
    pub fn with_ledger_file(file: PathBuf, key: &str) -> Self {
        let no_faults: Arc<Faults> = Arc::new(|_: &Call| Fault::None);
        Self(Arc::new(Inner {
            file,
            key: format!("Bearer {key}"),
            ledger: Mutex::default(),
            faults: Mutex::new(no_faults),
        }))
    }

    /// Injects the fault that `fault` selects for each request from now on.
    pub fn fail(&self, fault: impl Fn(&Call) -> Fault + Send + Sync + 'static) {
        *self.0.faults.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(fault);
    }

    /// All charged intents, by id.
    ///
    /// # Errors
    /// [`LedgerError`] if the file cannot be used.
    pub fn paid(&self) -> Result<Vec<ChargedIntent>, LedgerError> {
        self.with_ledger(|ledger| ledger.paid())
    }

    /// Has the holder of a card fill in the processor's form: the one request that needs no key, but the client secret.
    /// Writes to a file: not on a thread that others wait for.
    ///
    /// # Errors
    /// [`LedgerError`] if the file cannot be used.
    pub fn fill_in(&self, form: &CardForm) -> Result<CardFormResult, LedgerError> {
        self.with_ledger(|ledger| ledger.fill_in(form))
    }

    fn with_ledger<T>(
        &self,
        act: impl FnOnce(&mut Ledger) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let mut ledger = self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let open = match &mut *ledger {
            Some(open) => open,
            none => none.insert(Ledger::open(&self.0.file)?),
        };
        act(open)
    }

    /// Serves until it is dropped.
    pub async fn serve(self, listener: TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let sandbox = self.clone();
            let service = service_fn(move |request| {
                // In a separate task, so that a disconnected client does not cancel the request.
                let response = tokio::spawn(sandbox.clone().respond(request));
                async move { response.await.ok().flatten().ok_or(ConnectionDropped) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    }

    /// The response; `None` drops the connection.
    async fn respond(self, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let authorization =
            head.headers.get(AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
        if !bool::from(authorization.ct_eq(self.0.key.as_bytes())) {
            return Some(http_response(&ProcessorResponse::unauthorised()));
        }
        let Some(call) = Call::read(head.method.as_str(), head.uri.path()) else {
            return Some(http_response(&ProcessorResponse::unknown_path()));
        };
        let form = Limited::new(body, MAX_FORM).collect().await.ok()?.to_bytes();
        let query = head.uri.query().unwrap_or_default().as_bytes();
        let fields = [query, &form]
            .map(|fields| form_urlencoded::parse(fields).into_owned())
            .into_iter()
            .flatten()
            .collect();
        // A read needs no idempotency.
        let header = head.headers.get("idempotency-key").filter(|_| head.method != "GET");
        let key = header.and_then(|key| key.to_str().ok()).map(str::to_owned);
        self.respond_with_fault(ProcessorRequest { call, fields, key })
            .await
            .map(|response| http_response(&response))
    }

    async fn respond_with_fault(self, request: ProcessorRequest) -> Option<ProcessorResponse> {
        let faults = Arc::clone(&*self.0.faults.lock().unwrap_or_else(PoisonError::into_inner));
        match faults(&request.call) {
            Fault::None => self.execute(request, None).await,
            Fault::LostBefore => None,
            Fault::LostAfter => {
                self.execute(request, None).await?;
                None
            }
            Fault::Late(wait) => {
                tokio::time::sleep(wait).await;
                self.execute(request, None).await
            }
            Fault::Slow(wait) => {
                let response = self.execute(request, None).await;
                tokio::time::sleep(wait).await;
                response
            }
            Fault::FailedBefore => self.execute(request, Some(FailurePoint::Before)).await,
            Fault::FailedAfter => self.execute(request, Some(FailurePoint::After)).await,
            Fault::Twice => {
                self.clone().execute(request.clone(), None).await?;
                self.execute(request, None).await
            }
        }
    }

    async fn execute(
        self,
        request: ProcessorRequest,
        failure: Option<FailurePoint>,
    ) -> Option<ProcessorResponse> {
        let write = move || self.with_ledger(|ledger| ledger.execute(&request, failure));
        // A ledger that cannot be written counts as an outage.
        Some(
            tokio::task::spawn_blocking(write)
                .await
                .ok()?
                .unwrap_or_else(|_| ProcessorResponse::failed()),
        )
    }
}

/// Drops the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("connection dropped on request")]
struct ConnectionDropped;

fn http_response(reply: &ProcessorResponse) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body.to_string())));
    *response.status_mut() = hyper::StatusCode::from_u16(reply.status).unwrap_or_default();
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
