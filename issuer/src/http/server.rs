//! The server: it listens, takes connections up to a number, and ends them in order when it is told to stop.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower_service::Service as _;

use crate::config::Config;
use crate::domain::Environment;
use crate::http::client_address::Peer;
use crate::http::connection::{Activity, StageLimits, TrackedBody, TrackedStream};
use crate::http::connection_limits::{Admission, ConnectionTable, Place};
use crate::http::readiness::Readiness;
use crate::http::router::{self, Routes};
use crate::http::state::AppState;
use crate::http::tls::{ReloadableTls, TlsError};
use crate::passwords::PasswordsUnavailable;

/// Bytes that the head of a request may have.
const MAX_HEAD: usize = 16 * 1024;

/// Headers that a request may have.
const MAX_HEADERS: usize = 64;

/// How long a connection lives at most before it is asked to come again.
const CONNECTION_AGE: Duration = Duration::from_mins(10);

/// Bytes of responses that the operating system takes for a client that does not read; Linux doubles it.
const SEND_BUFFER: u32 = 64 * 1024;

/// Connections that wait in the operating system's queue to be accepted.
const BACKLOG: u32 = 1024;

/// Connections at a time for whoever runs the service.
const INTERNAL_CONNECTIONS: usize = 64;

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
    internal_address: SocketAddr,
    tls: Option<ReloadableTls>,
    stop: watch::Sender<bool>,
    ended: [tokio::task::JoinHandle<()>; 2],
    state: Arc<AppState>,
}

/// What is served beside the service's own: to everybody, and to whoever runs it.
pub(crate) struct Sites {
    pub(crate) public: Routes,
    pub(crate) internal: Routes,
    /// What `/readyz` looks at; nothing in a service without a store.
    pub(crate) readiness: Option<Arc<Readiness>>,
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
    let sites = Sites { public: routes, internal: Routes::new(), readiness: None };
    listen(threads()?, state, sites)
}

/// Starts the threads that serve.
pub(crate) fn threads() -> Result<Runtime, ServeError> {
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    threads.enable_all().thread_name("issuer").build().map_err(ServeError::Threads)
}

/// Serves these sites, and the service's own routes, on these threads. Returns when it listens.
pub(crate) fn listen(
    runtime: Runtime,
    state: Arc<AppState>,
    sites: Sites,
) -> Result<RunningServer, ServeError> {
    let config = &state.config;
    let tls = match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => {
            Some(ReloadableTls::load(certificate, key, state.metrics.registry())?)
        }
        _ => None,
    };
    let Sites { public, internal, readiness } = sites;
    let public = router::public(&state, public, readiness.clone())?;
    let internal = router::internal(&state, internal, readiness);
    let (listener, address) = bind(&runtime, config.listen)?;
    let (internal_listener, internal_address) = bind(&runtime, config.internal_listen)?;
    let unlimited = [config.trusted_proxies.as_slice(), &config.own_networks].concat();
    let total = config.connections.get();
    let each = config.connections_per_network.get();
    let table = ConnectionTable::new(total, each, unlimited);
    let (stop, stopped) = watch::channel(false);
    let limits = StageLimits::new(config);
    let shared = Arc::clone(&state);
    let context =
        ConnectionContext { app: public, tls: tls.clone(), state: shared, limits, stopped };
    let inner = ConnectionContext { app: internal, tls: None, ..context.clone() };
    let inner_table = ConnectionTable::new(INTERNAL_CONNECTIONS, INTERNAL_CONNECTIONS, Vec::new());
    let ended = [
        runtime.spawn(accept(listener, table, context)),
        runtime.spawn(accept(internal_listener, inner_table, inner)),
    ];
    tracing::info!(%address, internal = %internal_address, "listening");
    Ok(RunningServer { runtime, address, internal_address, tls, stop, ended, state })
}

/// Listens on an address; gives it with the port that it got. Connections have its send buffer.
fn bind(runtime: &Runtime, address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let _within = runtime.enter();
    let bound = || {
        let socket = match address.ip() {
            IpAddr::V4(_) => TcpSocket::new_v4(),
            IpAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // A port whose last connections are still being closed is free.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.set_send_buffer_size(SEND_BUFFER)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound().map_err(|error| ServeError::Listen { address, error })
}

/// Checks that an address can be listened on, and listens no longer.
///
/// # Errors
/// [`ServeError::Listen`].
pub(crate) fn check_address(runtime: &Runtime, address: SocketAddr) -> Result<(), ServeError> {
    bind(runtime, address).map(drop)
}

impl RunningServer {
    /// Gives the address that it listens on, with the port that it got.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives the address for whoever runs it, with the port that it got.
    #[must_use]
    pub fn internal_address(&self) -> SocketAddr {
        self.internal_address
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
        for ended in ended {
            let _ = runtime.block_on(ended);
        }
        runtime.shutdown_background();
    }

    /// Waits until the process is told to stop, by SIGTERM or SIGINT, and then stops. `ready` is called when a signal
    /// would be noticed: one that comes before would end the process. SIGHUP reads the certificate and its key anew.
    ///
    /// # Errors
    /// If the operating system does not let signals be waited for.
    pub fn run_until_signal(self, ready: impl FnOnce()) -> io::Result<()> {
        self.runtime.block_on(signal(ready, || self.reload()))?;
        self.stop();
        Ok(())
    }

    /// Reads the certificate and its key anew, for connections from then on; those that do not fit are not taken.
    fn reload(&self) {
        match self.tls.as_ref().map(ReloadableTls::reload) {
            None => tracing::info!("no certificate is set, so there is none to read anew"),
            Some(Ok(())) => tracing::info!("certificate and key read anew"),
            Some(Err(error)) => {
                tracing::error!(%error, "the new certificate and key are not used; the old ones stay");
            }
        }
    }
}

#[cfg(unix)]
async fn signal(ready: impl FnOnce(), reload: impl Fn()) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut hup = signal(SignalKind::hangup())?;
    ready();
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(()),
            _ = int.recv() => return Ok(()),
            _ = hup.recv() => reload(),
        }
    }
}

#[cfg(not(unix))]
async fn signal(ready: impl FnOnce(), _: impl Fn()) -> io::Result<()> {
    ready();
    tokio::signal::ctrl_c().await
}

/// What each connection needs.
#[derive(Clone)]
struct ConnectionContext {
    app: Router,
    tls: Option<ReloadableTls>,
    state: Arc<AppState>,
    limits: StageLimits,
    stopped: watch::Receiver<bool>,
}

async fn accept(
    listener: TcpListener,
    table: Arc<ConnectionTable>,
    mut context: ConnectionContext,
) {
    let mut connections = JoinSet::new();
    let mut stopped = context.stopped.clone();
    loop {
        let accepted = tokio::select! {
            _ = context.stopped.wait_for(|stop| *stop) => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let context = context.clone();
                match table.admit(peer.ip()) {
                    // Closed at once, without a word: who holds all that it may would hold one more while it is told so.
                    Admission::Refused => {}
                    Admission::Admitted(place) => {
                        connections.spawn(context.connection(stream, Peer(peer), place));
                    }
                    Admission::Wait(waiting) => {
                        let within = context.limits.head();
                        connections.spawn(async move {
                            if let Some(place) = waiting.place(within).await {
                                context.connection(stream, Peer(peer), place).await;
                            }
                        });
                    }
                }
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
    async fn connection(mut self, stream: TcpStream, peer: Peer, place: Place) {
        // Answers are small: each goes out at once. Without it they are slower, no worse.
        let _ = stream.set_nodelay(true);
        let activity = Activity::new(place, self.limits);
        let stream = TrackedStream::new(stream, Arc::clone(&activity));
        match self.tls.take() {
            None => self.serve_http(stream, peer, activity).await,
            Some(tls) => {
                // The handshake is the beginning of the first head.
                let accepted = tokio::select! {
                    accepted = tls.acceptor().accept(stream) => accepted,
                    () = activity.must_close() => return,
                };
                if let Ok(stream) = accepted {
                    self.serve_http(stream, peer, activity).await;
                }
            }
        }
    }

    async fn serve_http(
        mut self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        peer: Peer,
        activity: Arc<Activity>,
    ) {
        let app = self.app;
        let requests = Arc::clone(&activity);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            let mut app = app.clone();
            let activity = Arc::clone(&requests);
            async move {
                activity.begin_request().await;
                let response = app.call(request).await;
                response.map(|response| response.map(|body| TrackedBody::new(body, activity)))
            }
        });
        // How long a head takes is the activity's business.
        let connection = http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        // How a connection ends is the client's business; requests are logged by the frame.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = activity.must_close() => return,
            _ = self.stopped.wait_for(|stop| *stop) => {}
            () = tokio::time::sleep(CONNECTION_AGE) => {}
        }
        connection.as_mut().graceful_shutdown();
        let within = self.state.config.request_seconds.duration();
        tokio::select! {
            _ = tokio::time::timeout(within, connection) => {}
            () = activity.must_close() => {}
        }
    }
}
