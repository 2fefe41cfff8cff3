//! The server: it listens, takes connections up to a number, and ends them in order when it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use crate::config::Config;
use crate::domain::Environment;
use crate::http::client_address::Peer;
use crate::http::connection_limits::NetworkSlots;
use crate::http::router::{self, Routes};
use crate::http::state::AppState;
use crate::http::tls::{self, TlsError};
use crate::passwords::PasswordsUnavailable;

/// Bytes that the head of a request may have.
const MAX_HEAD: usize = 16 * 1024;

/// Headers that a request may have.
const MAX_HEADERS: usize = 64;

/// How long a connection lives at most before it is asked to come again: a client that sends and never reads would keep
/// its slot for good.
const CONNECTION_AGE: Duration = Duration::from_mins(10);

/// Why the service cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is in use, not of this machine, or not allowed.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address that was set.
        address: SocketAddr,
        /// What the operating system says.
        error: io::Error,
    },
    /// The files of TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The threads that hash passwords cannot be started.
    #[error(transparent)]
    Passwords(#[from] PasswordsUnavailable),
    /// The threads that serve cannot be started.
    #[error("cannot start the runtime: {0}")]
    Threads(io::Error),
    /// The description of the routes cannot be written.
    #[error("cannot write the OpenAPI description: {0}")]
    Description(#[from] serde_json::Error),
}

/// A service that runs, on threads of its own. Dropped, it stops at once; [`RunningServer::stop`] lets requests end.
#[derive(Debug)]
pub struct RunningServer {
    runtime: Runtime,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<()>,
    state: Arc<AppState>,
}

/// Starts the service: `routes`, and the service's own. Returns when it listens.
///
/// # Errors
/// [`ServeError`]; then nothing runs.
pub fn serve(
    config: Config,
    environment: Environment,
    routes: Routes,
) -> Result<RunningServer, ServeError> {
    let state = Arc::new(AppState::new(config, environment)?);
    listen(threads()?, state, routes)
}

/// Starts the threads that serve.
pub(crate) fn threads() -> Result<Runtime, ServeError> {
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    threads.enable_all().thread_name("issuer").build().map_err(ServeError::Threads)
}

/// Serves `routes`, and the service's own, on these threads. Returns when it listens.
pub(crate) fn listen(
    runtime: Runtime,
    state: Arc<AppState>,
    routes: Routes,
) -> Result<RunningServer, ServeError> {
    let config = &state.config;
    let tls = match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => Some(tls::acceptor(certificate, key)?),
        _ => None,
    };
    let address = config.listen;
    let app = router::everything(&state, routes)?;
    let listener = runtime.block_on(TcpListener::bind(address));
    let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = bound.map_err(|error| ServeError::Listen { address, error })?;
    let (stop, stopped) = watch::channel(false);
    let context = ConnectionContext { app, tls, state: Arc::clone(&state), stopped };
    let ended = runtime.spawn(accept(listener, context));
    tracing::info!(%address, "listening");
    Ok(RunningServer { runtime, address, stop, ended, state })
}

impl RunningServer {
    /// Gives the address that it listens on, with the port that it got.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives what its requests share.
    #[must_use]
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Takes no more connections, lets requests under way end, for `stop_seconds` at most, and waits for it.
    pub fn stop(self) {
        let Self { runtime, stop, ended, .. } = self;
        let _ = stop.send(true);
        let _ = runtime.block_on(ended);
        runtime.shutdown_background();
    }

    /// Waits until the process is told to stop, by SIGTERM or SIGINT, and then stops. `ready` is called when a signal
    /// would be noticed: one that comes before would end the process.
    ///
    /// # Errors
    /// If the operating system does not let signals be waited for.
    pub fn run_until_signal(self, ready: impl FnOnce()) -> io::Result<()> {
        self.runtime.block_on(signal(ready))?;
        self.stop();
        Ok(())
    }
}

#[cfg(unix)]
async fn signal(ready: impl FnOnce()) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    ready();
    tokio::select! {
        _ = term.recv() => Ok(()),
        _ = int.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signal(ready: impl FnOnce()) -> io::Result<()> {
    ready();
    tokio::signal::ctrl_c().await
}

/// What each connection needs.
#[derive(Clone)]
struct ConnectionContext {
    app: Router,
    tls: Option<TlsAcceptor>,
    state: Arc<AppState>,
    stopped: watch::Receiver<bool>,
}

async fn accept(listener: TcpListener, mut context: ConnectionContext) {
    let config = &context.state.config;
    let slots = Arc::new(Semaphore::new(config.connections.get()));
    let network_slots =
        NetworkSlots::new(config.connections_per_network.get(), config.trusted_proxies.clone());
    let mut connections = JoinSet::new();
    let mut stopped = context.stopped.clone();
    loop {
        let next = async {
            // A slot first: whom there is no room for waits in the operating system's queue.
            let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((slot, listener.accept().await))
        };
        let (slot, accepted) = tokio::select! {
            _ = context.stopped.wait_for(|stop| *stop) => break,
            Some(_) = connections.join_next() => continue,
            next = next => match next {
                Some(next) => next,
                None => break,
            },
        };
        match accepted {
            Ok((stream, peer)) => {
                // Closed at once, without a word: who holds all that it may would hold one more while it is told so.
                let Some(network_slots) = network_slots.take(peer.ip()) else { continue };
                let context = context.clone();
                connections.spawn(async move {
                    context.connection(stream, Peer(peer)).await;
                    drop((slot, network_slots));
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: it passes as connections end, and trying again at once would only burn.
                tracing::warn!(%error, "cannot accept a connection");
                let pause = tokio::time::sleep(Duration::from_millis(100));
                tokio::select! { () = pause => {}, _ = stopped.wait_for(|stop| *stop) => break }
            }
        }
    }
    drop(listener);
    let under_way = connections.len();
    tracing::info!(under_way, "stopping");
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(context.state.config.stop_seconds.duration(), all).await.is_err() {
        tracing::warn!(cut = connections.len(), "connections closed after the shutdown timeout");
    }
    tracing::info!("stopped");
}

impl ConnectionContext {
    async fn connection(mut self, stream: TcpStream, peer: Peer) {
        // Answers are small: each goes out at once. Without it they are slower, no worse.
        let _ = stream.set_nodelay(true);
        match self.tls.take() {
            None => self.serve_http(stream, peer).await,
            Some(tls) => {
                let within = self.state.config.header_seconds.duration();
                if let Ok(Ok(stream)) = tokio::time::timeout(within, tls.accept(stream)).await {
                    self.serve_http(stream, peer).await;
                }
            }
        }
    }

    async fn serve_http(mut self, stream: impl AsyncRead + AsyncWrite + Unpin, peer: Peer) {
        let app = self.app;
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            app.clone().call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.state.config.header_seconds.duration())
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        // How a connection ends is the client's business; requests are logged by the frame.
        tokio::select! {
            _ = connection.as_mut() => return,
            _ = self.stopped.wait_for(|stop| *stop) => {}
            () = tokio::time::sleep(CONNECTION_AGE) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ =
            tokio::time::timeout(self.state.config.request_seconds.duration(), connection).await;
    }
}
