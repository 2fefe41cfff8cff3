//! A service of the test's own on loopback, and clients that speak to it through a socket.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tegata_issuer::config::Config;
use tegata_issuer::domain::Environment;
use tegata_issuer::http::body::StrictJson;
use tegata_issuer::http::client_address::ClientNetwork;
use tegata_issuer::http::problem::Problem;
use tegata_issuer::{AppState, RequestId, Routes, RunningServer, serve};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Settings on a free port, and those of `text` (TOML).
pub(crate) fn config(text: &str) -> Config {
    toml::from_str(&format!("listen = \"127.0.0.1:0\"\n{text}")).unwrap()
}

/// A service with the routes of this file, set up by `text`.
pub(crate) fn service(text: &str) -> RunningServer {
    serve(config(text), Environment::system(), routes()).unwrap()
}

pub(crate) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(echo))
        .routes(routes!(by_name))
        .routes(routes!(who))
        .routes(routes!(panics))
        .routes(routes!(fails))
        .routes(routes!(never))
}

/// A message.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    text: String,
}

/// Gives back what came, byte for byte
#[utoipa::path(post, path = "/echo", request_body = Message, responses((status = 200, description = "It", body = Message)))]
async fn echo(message: StrictJson<Message>) -> axum::body::Bytes {
    assert_eq!(serde_json::from_slice::<Message>(&message.raw).unwrap().text, message.value.text);
    message.raw
}

/// A path that has a part of its own, which must be a number
#[utoipa::path(get, path = "/by/{name}", params(("name" = u32, Path, description = "A number")), responses((status = 200, description = "It")))]
async fn by_name(axum::extract::Path(_): axum::extract::Path<u32>) {}

/// Who is asking, as far as the service knows
#[utoipa::path(get, path = "/who", responses((status = 200, description = "It", body = String)))]
async fn who(client: ClientNetwork, id: RequestId) -> String {
    format!("{} {}", client.range(), id.as_str())
}

/// Panics with a secret on its lips
#[utoipa::path(get, path = "/panics", responses((status = 200, description = "Never")))]
async fn panics() {
    panic!("CANARY-panic");
}

/// Fails below
#[utoipa::path(get, path = "/fails", responses((status = 200, description = "Never")))]
async fn fails() -> Problem {
    Problem::internal("failing on purpose", &"the disk said no")
}

/// Takes for ever
#[utoipa::path(get, path = "/never", responses((status = 200, description = "Never")))]
async fn never(State(_): State<Arc<AppState>>) {
    std::future::pending::<()>().await;
}

/// An answer: status, head in lower case, body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&prefix))
    }

    /// The name of the problem, which must be a whole one with this request's id.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let document: Value = serde_json::from_str(&self.body).unwrap();
        let fields: Vec<_> = document.as_object().unwrap().keys().cloned().collect();
        assert_eq!(fields, ["detail", "instance", "status", "title", "type"]);
        assert_eq!(document["status"], self.status);
        let instance = format!("urn:tegata:request:{}", self.header("x-request-id").unwrap());
        assert_eq!(document["instance"], instance);
        let name = document["type"].as_str().unwrap().strip_prefix("urn:tegata:problem:");
        name.unwrap().to_owned()
    }
}

/// Sends bytes as they are on a connection of their own and reads the answer to its end.
pub(crate) fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    // The service may answer and close before all of it is written.
    let _ = stream.write_all(request);
    answer(stream)
}

pub(crate) fn answer(mut stream: impl Read) -> Answer {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// A request with these header lines and this body.
pub(crate) fn ask(address: SocketAddr, line: &str, headers: &[&str], body: &[u8]) -> Answer {
    let mut request = format!("{line} HTTP/1.1\r\nHost: issuer\r\nConnection: close\r\n");
    for header in headers {
        request.extend([header, "\r\n"]);
    }
    if !body.is_empty() {
        let length = body.len().to_string();
        request.extend(["Content-Length: ", &length, "\r\n"]);
    }
    request.push_str("\r\n");
    raw(address, &[request.as_bytes(), body].concat())
}

pub(crate) fn get(service: &RunningServer, path: &str, headers: &[&str]) -> Answer {
    ask(service.address(), &format!("GET {path}"), headers, b"")
}

/// Asks as whoever runs the service does.
pub(crate) fn get_internal(service: &RunningServer, path: &str, headers: &[&str]) -> Answer {
    ask(service.internal_address(), &format!("GET {path}"), headers, b"")
}

pub(crate) const JSON: &str = "Content-Type: application/json";

pub(crate) fn post(service: &RunningServer, path: &str, headers: &[&str], body: &[u8]) -> Answer {
    ask(service.address(), &format!("POST {path}"), headers, body)
}

/// For clients that must not wait for ever where a test fails.
pub(crate) fn patience(stream: &TcpStream) {
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
}
