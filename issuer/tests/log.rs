//! What the log says, and what it never does. One test: a process has one log.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tegata_issuer::config::{LogFormat, LogLevel};
use tegata_issuer::log;

use crate::run::{JSON, ask, get, post, raw, service};

mod run;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_log_has_a_line_for_each_request_and_no_planted_secret() {
    let lines = Lines::default();
    let to = lines.clone();
    log::install(LogFormat::Json, LogLevel::Debug, move || to.clone());
    let service = service("");
    let canary = ["Authorization: Bearer CANARY-1", "Cookie: s=CANARY-2", "X-Request-Id: CANARY-3"];
    let headers =
        [&canary[..], &[JSON, "X-Forwarded-For: CANARY-4", "User-Agent: CANARY-5"]].concat();
    let sent = [
        post(&service, "/echo?token=CANARY-6", &headers, br#"{"text":"CANARY-7"}"#),
        post(&service, "/echo", &headers, br#"{"CANARY-8":"x"}"#),
        post(&service, "/echo", &headers, br#"{"text":"CANARY-9"#),
        get(&service, "/CANARY-10/ann@example.com?q=CANARY-11", &headers),
        get(&service, "/by/CANARY-12", &headers),
        ask(service.address(), "CANARY13 /healthz", &headers, b""),
        get(&service, "/panics", &headers),
        get(&service, "/fails", &headers),
    ];
    raw(service.address(), b"CANARY-14\r\n\r\n");
    raw(service.address(), b"GET /CANARY-15 HTTP/1.1\r\nCANARY 16\r\n\r\n");
    service.stop();

    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for secret in ["CANARY", "ann@", "example.com", "Bearer", "token"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |message: &str| events.iter().filter(|e| e["message"] == message).collect::<Vec<_>>();
    let answered = of("request completed");
    assert_eq!(answered.len(), sent.len(), "{log}");
    for (line, answer) in answered.iter().zip(&sent) {
        assert_eq!(line["id"], answer.header("x-request-id").unwrap());
        assert_eq!(line["status"], answer.status);
        let fields: Vec<_> = line.as_object().unwrap().keys().cloned().collect();
        assert_eq!(
            fields,
            ["id", "level", "message", "method", "ms", "route", "status", "target", "timestamp"]
        );
    }
    let routes: Vec<_> = answered.iter().map(|line| line["route"].as_str().unwrap()).collect();
    let by = "/by/{name}";
    assert_eq!(routes, ["/echo", "/echo", "/echo", "none", by, "/healthz", "/panics", "/fails"]);
    assert_eq!(answered[5]["method"], "other");
    // What failed is logged here and nowhere else, under the request's id.
    let fault = of("internal error")[0];
    assert_eq!((&fault["error"], &fault["level"]), (&"the disk said no".into(), &"ERROR".into()));
    assert_eq!(fault["span"]["id"], sent[7].header("x-request-id").unwrap());
    let panic = of("panic")[0];
    assert!(panic["place"].as_str().unwrap().contains("run/mod.rs:"));
    assert_eq!(panic["span"]["id"], sent[6].header("x-request-id").unwrap());
}
