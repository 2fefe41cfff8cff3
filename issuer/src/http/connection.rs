//! One connection: the stages that it is in, how long each may last, and how far its responses are taken.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::Config;
use crate::http::connection_limits::Place;

/// Bytes that a client has to take within the time for a response that it does not take at once.
const PROGRESS: u64 = 16 * 1024;

/// How often a connection is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// How long the stages of a connection may last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StageLimits {
    head: Duration,
    idle: Duration,
    write: Duration,
}

impl StageLimits {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            head: config.header_seconds.duration(),
            idle: config.idle_seconds.duration(),
            write: config.write_seconds.duration(),
        }
    }

    /// For the head of a request, and for the handshake of TLS.
    pub(crate) fn head(&self) -> Duration {
        self.head
    }
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It is to send a head: its first one, or the rest of one that has begun.
    Head,
    /// It was answered and may send another head.
    Idle,
    /// A request is worked on.
    Request,
}

#[derive(Debug)]
struct Progress {
    stage: Stage,
    since: Instant,
    /// Since when the client takes nothing, and what was written until then.
    blocked: Option<(Instant, u64)>,
    written: u64,
    is_overdue: bool,
}

/// The progress of a connection, which its stream, its requests and its watch share.
#[derive(Debug)]
pub(crate) struct Activity {
    place: Place,
    limits: StageLimits,
    progress: Mutex<Progress>,
    drained: Notify,
}

impl Activity {
    pub(crate) fn new(place: Place, limits: StageLimits) -> Arc<Self> {
        let since = Instant::now();
        let stage = Stage::Head;
        let progress = Progress { stage, since, blocked: None, written: 0, is_overdue: false };
        Arc::new(Self { place, limits, progress: Mutex::new(progress), drained: Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, stage: Stage) {
        let mut progress = self.lock();
        progress.stage = stage;
        progress.since = Instant::now();
        drop(progress);
        match stage {
            Stage::Request => self.place.mark_busy(),
            Stage::Idle => self.place.mark_waiting(),
            // It goes on waiting for what it waited for.
            Stage::Head => {}
        }
    }

    /// Begins a request, once the client has taken all of the response before it: one is in flight at a time.
    pub(crate) async fn begin_request(&self) {
        self.enter(Stage::Request);
        loop {
            let drained = self.drained.notified();
            if self.lock().blocked.is_none() {
                return;
            }
            drained.await;
        }
    }

    /// Waits until the connection has to be closed: its stage lasts too long, or others need its place.
    pub(crate) async fn must_close(&self) {
        tokio::select! {
            () = self.place.evicted() => {}
            () = self.overdue() => {}
        }
    }

    async fn overdue(&self) {
        let shortest = self.limits.head.min(self.limits.idle).min(self.limits.write);
        let look = LOOK.min(shortest / 4);
        loop {
            tokio::time::sleep(look).await;
            let mut progress = self.lock();
            let allowed = match progress.stage {
                Stage::Head => self.limits.head,
                Stage::Idle => self.limits.idle,
                Stage::Request => Duration::MAX,
            };
            let is_blocked =
                progress.blocked.is_some_and(|(since, _)| since.elapsed() >= self.limits.write);
            if is_blocked || (progress.blocked.is_none() && progress.since.elapsed() >= allowed) {
                progress.is_overdue = is_blocked;
                return;
            }
        }
    }

    fn has_read(&self) {
        if self.lock().stage == Stage::Idle {
            self.enter(Stage::Head);
        }
    }

    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        let mut progress = self.lock();
        let now = Instant::now();
        match (written, progress.blocked) {
            (Poll::Pending, None) => progress.blocked = Some((now, progress.written)),
            (Poll::Ready(Ok(bytes)), blocked) => {
                progress.written += *bytes as u64;
                if blocked.is_some_and(|(_, before)| progress.written - before >= PROGRESS) {
                    progress.blocked = Some((now, progress.written));
                }
            }
            _ => {}
        }
    }

    /// All that was to be written is.
    fn drained(&self) {
        let mut progress = self.lock();
        let was_blocked = progress.blocked.take().is_some();
        if was_blocked {
            progress.since = Instant::now();
        }
        drop(progress);
        if was_blocked {
            self.drained.notify_waiters();
        }
    }
}

/// A connection's stream, which notes what goes through it.
#[derive(Debug)]
pub(crate) struct TrackedStream {
    stream: TcpStream,
    activity: Arc<Activity>,
}

impl TrackedStream {
    pub(crate) fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }
}

impl Drop for TrackedStream {
    fn drop(&mut self) {
        // What its client does not take would stay in the operating system's memory for minutes.
        if self.activity.lock().is_overdue {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for TrackedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.activity.has_read();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TrackedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.activity.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.activity.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.activity.drained();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The body of a response; when it is written or given up, its connection is idle.
pub(crate) struct TrackedBody {
    body: Body,
    activity: Arc<Activity>,
}

impl TrackedBody {
    pub(crate) fn new(body: Body, activity: Arc<Activity>) -> Self {
        Self { body, activity }
    }
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for TrackedBody {
    fn drop(&mut self) {
        self.activity.enter(Stage::Idle);
    }
}
