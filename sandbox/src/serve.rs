//! The sandbox over HTTP.

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

use crate::call::{Answer, Asked, Call};
use crate::fault::Fault;
use crate::ledger::{Fails, Ledger, LedgerError, Paid};

/// Bytes that a form may have.
const MAX_FORM: usize = 16 * 1024;

type Faults = dyn Fn(&Call) -> Fault + Send + Sync;

/// A card processor that moves no money. A clone is the same one.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    file: PathBuf,
    key: String,
    /// Opened when it is asked for the first time: whoever never pays has no file.
    ledger: Mutex<Option<Ledger>>,
    faults: Mutex<Arc<Faults>>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sandbox")
    }
}

impl Sandbox {
    /// With its ledger in this file, for whoever has the key.
    #[must_use]
    pub fn at(file: PathBuf, key: &str) -> Self {
        let no_faults: Arc<Faults> = Arc::new(|_: &Call| Fault::None);
        Self(Arc::new(Inner {
            file,
            key: format!("Bearer {key}"),
            ledger: Mutex::default(),
            faults: Mutex::new(no_faults),
        }))
    }

    /// From now on what happens to each request is for `fault` to say.
    pub fn fail(&self, fault: impl Fn(&Call) -> Fault + Send + Sync + 'static) {
        *self.0.faults.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(fault);
    }

    /// What was paid with each intent that was charged.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn paid(&self) -> Result<Vec<Paid>, LedgerError> {
        self.with_ledger(|ledger| ledger.paid())
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
                // A task of its own: who hangs up does not undo what was begun.
                let answering = tokio::spawn(sandbox.clone().answer(request));
                async move { answering.await.ok().flatten().ok_or(Broken) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    }

    /// The answer, or none: the connection breaks.
    async fn answer(self, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let given = head.headers.get(AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
        if !bool::from(given.ct_eq(self.0.key.as_bytes())) {
            return Some(written(&Answer::not_allowed()));
        }
        let Some(call) = Call::read(head.method.as_str(), head.uri.path()) else {
            return Some(written(&Answer::no_such_request()));
        };
        let form = Limited::new(body, MAX_FORM).collect().await.ok()?.to_bytes();
        let query = head.uri.query().unwrap_or_default().as_bytes();
        let fields = [query, &form].map(|fields| form_urlencoded::parse(fields).into_owned());
        let fields = fields.into_iter().flatten().collect();
        let key = head.headers.get("idempotency-key").and_then(|key| key.to_str().ok());
        // A read has nothing to repeat.
        let key = key.filter(|_| head.method != "GET").map(str::to_owned);
        self.under_fault(Asked { call, fields, key }).await.map(|answer| written(&answer))
    }

    async fn under_fault(self, asked: Asked) -> Option<Answer> {
        let faults = Arc::clone(&*self.0.faults.lock().unwrap_or_else(PoisonError::into_inner));
        match faults(&asked.call) {
            Fault::None => self.done(asked, None).await,
            Fault::LostBefore => None,
            Fault::LostAfter => {
                self.done(asked, None).await?;
                None
            }
            Fault::Late(wait) => {
                tokio::time::sleep(wait).await;
                self.done(asked, None).await
            }
            Fault::Slow(wait) => {
                let answer = self.done(asked, None).await;
                tokio::time::sleep(wait).await;
                answer
            }
            Fault::FailedBefore => self.done(asked, Some(Fails::Before)).await,
            Fault::FailedAfter => self.done(asked, Some(Fails::After)).await,
            Fault::Twice => {
                self.clone().done(asked.clone(), None).await?;
                self.done(asked, None).await
            }
        }
    }

    async fn done(self, asked: Asked, fails: Option<Fails>) -> Option<Answer> {
        let write = move || self.with_ledger(|ledger| ledger.answer(&asked, fails));
        // A ledger that cannot be written is a processor that is down.
        Some(tokio::task::spawn_blocking(write).await.ok()?.unwrap_or_else(|_| Answer::failed()))
    }
}

/// The connection breaks without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection dropped on request")]
struct Broken;

fn written(answer: &Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body.to_string())));
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status).unwrap_or_default();
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
