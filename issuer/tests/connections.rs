//! Connections: how long they may take, how many there are, how they end, and TLS.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tegata_issuer::domain::Environment;
use tegata_issuer::{RunningServer, ServeError, TlsError, serve};
use tokio::net::TcpSocket;
use tokio::sync::Semaphore;
use utoipa_axum::routes;

use crate::run::{JSON, answer, config, get, patience, routes, service};

mod run;

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

fn connect(service: &RunningServer) -> TcpStream {
    let stream = TcpStream::connect(service.address()).unwrap();
    patience(&stream);
    stream
}

fn is_closed(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn who_is_slow_with_the_head_is_let_go() {
    let service = service("header_seconds = 1\nidle_seconds = 1");
    let silent = connect(&service);
    let mut half = connect(&service);
    half.write_all(b"GET /healthz HTTP/1.1\r\nHos").unwrap();
    let mut idle = connect(&service);
    idle.write_all(HEALTH).unwrap();
    assert!(is_closed(silent));
    assert!(is_closed(half));
    // It was answered, and then asked for nothing more.
    assert_eq!(answer(idle).status, 200);
}

#[test]
fn who_is_slow_with_the_body_is_told_so() {
    let service = service("body_seconds = 1");
    let mut stream = connect(&service);
    let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{JSON}\r\n");
    stream.write_all(format!("{head}Content-Length: 20\r\n\r\n{{").as_bytes()).unwrap();
    let answer = answer(stream);
    assert_eq!((answer.status, answer.problem().as_str()), (408, "timed-out"));
}

#[test]
fn what_takes_too_long_here_is_ended() {
    let service = service("body_seconds = 1\nrequest_seconds = 1");
    let answer = get(&service, "/never", &[]);
    assert_eq!((answer.status, answer.problem().as_str()), (408, "timed-out"));
}

#[test]
fn a_connection_beyond_the_number_waits_for_its_turn() {
    let service = service("connections = 1");
    let mut first = connect(&service);
    first.write_all(HEALTH).unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).unwrap();
    let mut second = connect(&service);
    second.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
    second.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let waits = second.read(&mut byte).unwrap_err().kind();
    assert!(matches!(waits, ErrorKind::WouldBlock | ErrorKind::TimedOut));
    drop(first);
    patience(&second);
    assert_eq!(answer(second).status, 200);
}

fn connect_from(address: [u8; 4], service: &RunningServer) -> TcpStream {
    connect_to(address, service.address()).unwrap()
}

fn connect_to(from: [u8; 4], to: SocketAddr) -> std::io::Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _within = runtime.enter();
    let socket = TcpSocket::new_v4()?;
    // A port that another connection has, too: there are fewer than attackers use up.
    socket.set_reuseaddr(true)?;
    socket.bind((from, 0).into())?;
    let stream = runtime.block_on(socket.connect(to))?;
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// A connection that was answered, and is kept open.
fn held(service: &RunningServer) -> TcpStream {
    let mut stream = connect(service);
    stream.write_all(HEALTH).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    stream
}

#[test]
fn a_network_at_its_connection_limit_leaves_room_for_others() {
    let service = service("connections_per_network = 2");
    let mut ours = vec![held(&service), held(&service)];
    for _ in 0..3 {
        assert!(is_closed(connect(&service)));
    }
    // Linux has all of 127/8 for this machine: another network of the same one.
    let mut other = connect_from([127, 0, 0, 2], &service);
    patience(&other);
    other.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(answer(other).status, 200);
    drop(ours.pop());
    until(|| {
        let mut again = connect(&service);
        let _ = again.write_all(HEALTH);
        again.read_exact(&mut [0]).is_ok()
    });
}

#[test]
fn a_proxy_that_is_trusted_connects_for_everybody() {
    let service = service(
        "connections_per_network = 1\nforwarded = \"x-forwarded-for\"\ntrusted_proxies = [\"127.0.0.0/8\"]",
    );
    let held: Vec<_> = (0..8).map(|_| held(&service)).collect();
    assert_eq!(held.len(), 8);
}

#[test]
fn an_idle_connection_outlives_the_time_of_a_head() {
    let service = service("header_seconds = 1\nidle_seconds = 3600");
    let mut idle = held(&service);
    let silent = connect(&service);
    assert!(is_closed(silent));
    // What waited as long as that and was answered before is still there.
    idle.write_all(b"GET /who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let answers = answer(idle);
    assert!(answers.head.contains("200 ok") || answers.body.contains("200"), "{answers:?}");
}

/// Requests for what is long, one behind the other.
fn pipelined(requests: usize) -> Vec<u8> {
    b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".repeat(requests)
}

/// Sends on and reads nothing, until the connection is closed.
fn send_until_closed(mut stream: TcpStream) {
    stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    loop {
        match stream.write(&pipelined(20)) {
            Ok(_) => {}
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
            Err(_) => return,
        }
    }
}

#[test]
fn a_client_that_never_reads_is_let_go() {
    let service = service("write_seconds = 1\nheader_seconds = 3600\nidle_seconds = 3600");
    let stream = connect(&service);
    send_until_closed(stream);
    // It was answered as often as fits into what the operating system takes for it, and no more.
    let description = get(&service, "/openapi.json", &[]).body.len();
    let metrics = service.state().metrics.text().unwrap();
    let line = r#"tegata_http_requests_total{method="GET",route="/openapi.json",status="2xx"} "#;
    let answered = metrics.lines().find_map(|found| found.strip_prefix(line)).unwrap();
    let answered: usize = answered.parse().unwrap();
    let most = 8 * 1024 * 1024 / description;
    assert!(answered <= most, "{answered} answers of {description} bytes");
}

/// Connects from this address again and again, as often as it may, until told to end: `begin` is sent on each.
fn attack(from: [u8; 4], to: SocketAddr, begin: &[u8], is_over: &AtomicBool) {
    let mut held = std::collections::VecDeque::new();
    while !is_over.load(Ordering::Relaxed) {
        let Ok(mut stream) = connect_to(from, to) else { continue };
        let _ = stream.set_write_timeout(Some(Duration::from_millis(10)));
        let _ = stream.write_all(begin);
        held.push_back(stream);
        if held.len() > 200 {
            held.pop_front();
        }
    }
}

#[test]
fn honest_requests_are_answered_during_both_attacks() {
    let service = service("requests_per_minute = 4000000000");
    let address = service.address();
    let is_over = AtomicBool::new(false);
    let unread = pipelined(50);
    let waits = std::thread::scope(|scope| {
        let unread = &unread;
        let is_over = &is_over;
        scope.spawn(move || attack([127, 0, 1, 1], address, unread, is_over));
        for network in 1..=9 {
            scope.spawn(move || attack([127, 0, 2, network], address, b"G", is_over));
        }
        // Until they hold what they can get.
        std::thread::sleep(Duration::from_secs(1));
        let waits: Vec<_> = (0..honest_requests())
            .map(|_| {
                let began = Instant::now();
                let mut honest = connect_from([127, 0, 0, 2], &service);
                patience(&honest);
                honest.write_all(b"GET /who HTTP/1.0\r\n\r\n").unwrap();
                assert_eq!(answer(honest).status, 200);
                began.elapsed()
            })
            .collect();
        is_over.store(true, Ordering::Relaxed);
        waits
    });
    let [half, p99, longest] = quantiles(waits);
    println!("honest requests during both attacks: p50 {half:?}, p99 {p99:?}, longest {longest:?}");
    assert!(longest < Duration::from_secs(5), "{longest:?}");
}

/// How many requests honest clients send during the attacks: `cargo xtask attack` sends more.
fn honest_requests() -> u32 {
    let given = std::env::var("TEGATA_TEST_HONEST_REQUESTS");
    given.map_or(40, |count| count.parse().unwrap())
}

/// The median, the 99th percentile and the longest of these times.
fn quantiles(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort_unstable();
    let last = times.len() - 1;
    [times[last / 2], times[last * 99 / 100], times[last]]
}

/// A route that says that it has begun, waits to be let on, and says that it has ended.
struct Gate {
    begun: AtomicU32,
    open: Semaphore,
    ended: AtomicU32,
}

impl Gate {
    const fn new() -> Self {
        Self { begun: AtomicU32::new(0), open: Semaphore::const_new(0), ended: AtomicU32::new(0) }
    }

    async fn pass(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.open.acquire().await.unwrap().forget();
        self.ended.fetch_add(1, Ordering::SeqCst);
    }
}

fn until(holds: impl Fn() -> bool) {
    while !holds() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

static STOPPING: Gate = Gate::new();
static HUNG_UP: Gate = Gate::new();

/// Waits
#[utoipa::path(get, path = "/stopping", responses((status = 200, description = "It")))]
async fn stopping() {
    STOPPING.pass().await;
}

/// Waits
#[utoipa::path(get, path = "/hung-up", responses((status = 200, description = "It")))]
async fn hung_up() {
    HUNG_UP.pass().await;
}

fn gated() -> RunningServer {
    let routes = routes().routes(routes!(stopping)).routes(routes!(hung_up));
    serve(config(""), Environment::system(), routes).unwrap()
}

#[test]
fn told_to_stop_it_ends_what_it_began_and_begins_nothing() {
    let service = gated();
    let address = service.address();
    let mut under_way = connect(&service);
    under_way.write_all(b"GET /stopping HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut idle = connect(&service);
    idle.write_all(HEALTH).unwrap();
    let mut byte = [0];
    idle.read_exact(&mut byte).unwrap();
    until(|| STOPPING.begun.load(Ordering::SeqCst) == 1);
    let stopped = std::thread::spawn(move || service.stop());
    until(|| TcpStream::connect(address).is_err());
    assert!(is_closed(idle));
    assert!(!stopped.is_finished());
    STOPPING.open.add_permits(1);
    let answer = answer(under_way);
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    stopped.join().unwrap();
}

#[test]
fn stopping_waits_only_so_long() {
    let service = service("stop_seconds = 1\nrequest_seconds = 3600");
    let mut stream = connect(&service);
    stream.write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    until(|| service.state().metrics.text().unwrap().contains("in_flight 1"));
    service.stop();
    assert!(is_closed(stream));
}

#[test]
fn a_request_is_finished_after_its_client_disconnects() {
    let service = gated();
    let mut stream = connect(&service);
    stream.write_all(b"GET /hung-up HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    until(|| HUNG_UP.begun.load(Ordering::SeqCst) == 1);
    drop(stream);
    let gone = r#"{method="GET",route="/hung-up",status="gone"} 1"#;
    until(|| service.state().metrics.text().unwrap().contains(gone));
    HUNG_UP.open.add_permits(1);
    until(|| HUNG_UP.ended.load(Ordering::SeqCst) == 1);
}

#[test]
fn an_address_that_is_taken_is_named() {
    let first = service("");
    let mut config = config("");
    config.listen = first.address();
    let error = serve(config, Environment::system(), routes()).unwrap_err();
    assert!(matches!(error, ServeError::Listen { .. }));
    assert!(error.to_string().contains(&first.address().to_string()));
}

fn make_private(file: &Path) {
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A certificate for 127.0.0.1 and its key, in two files.
fn certificate(folder: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("certificate.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    make_private(&folder.join("key.pem"));
    made.cert.pem()
}

fn over_tls(folder: &Path) -> Result<RunningServer, ServeError> {
    let mut config = config("header_seconds = 1");
    config.tls_certificate = Some(folder.join("certificate.pem"));
    config.tls_key = Some(folder.join("key.pem"));
    serve(config, Environment::system(), routes())
}

#[test]
fn over_tls_it_says_the_same_and_that_it_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let pem = certificate(folder.path());
    let service = over_tls(folder.path()).unwrap();
    let trusted = ureq::tls::Certificate::from_pem(pem.as_bytes()).unwrap();
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::new_with_certs(&[trusted]))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let agent = ureq::Agent::config_builder().tls_config(tls).build().new_agent();
    let url = format!("https://{}/healthz", service.address());
    let mut answer = agent.get(&url).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), r#"{"status":"ok"}"#);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=63072000");
    drop(agent);
    // Nobody is served in clear, and who does not shake hands is let go.
    let mut plain = connect(&service);
    plain.write_all(HEALTH).unwrap();
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"));
    assert!(is_closed(connect(&service)));
    service.stop();
}

#[test]
fn files_that_are_no_certificate_and_key_are_named() {
    let ours = tempfile::tempdir().unwrap();
    let others = tempfile::tempdir().unwrap();
    assert!(over_tls(ours.path()).unwrap_err().to_string().contains("certificate.pem"));
    certificate(ours.path());
    certificate(others.path());
    std::fs::copy(others.path().join("key.pem"), ours.path().join("key.pem")).unwrap();
    let error = over_tls(ours.path()).unwrap_err();
    assert!(matches!(error, ServeError::Tls(TlsError::Unusable(_))), "{error}");
    let key = ours.path().join("key.pem");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = over_tls(ours.path()).unwrap_err().to_string();
    assert!(error.contains("key.pem is readable by other users"), "{error}");
    make_private(&key);
    std::fs::write(ours.path().join("key.pem"), "CANARY").unwrap();
    let error = over_tls(ours.path()).unwrap_err().to_string();
    assert!(error.contains("key.pem") && !error.contains("CANARY"), "{error}");
}
