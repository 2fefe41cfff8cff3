//! The service through a socket: what it answers, whatever it is asked.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tegata_issuer::domain::{Environment, Uptime};
use tegata_issuer::{RunningServer, serve};

use crate::run::{JSON, ask, config, get, get_internal, post, raw, routes, service};

mod run;

#[test]
fn a_body_comes_through_byte_for_byte() {
    let service = service("");
    for body in [r#"{"text":"a"}"#, " { \"text\" : \"\\u0061\" }\n", "{\"text\":\"夜\"}"] {
        let answer = post(&service, "/echo", &[JSON], body.as_bytes());
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
    }
}

#[test]
fn what_is_no_strict_json_is_refused_with_a_problem() {
    let service = service("");
    let refused = |headers: &[&str], body: &[u8]| {
        let answer = post(&service, "/echo", headers, body);
        (answer.status, answer.problem())
    };
    let malformed = (400, "malformed".to_owned());
    for body in [
        &b"{\"text\":\"a\",\"text\":\"b\"}"[..],
        b"{\"text\":\"a\",\"more\":1}",
        b"{\"text\":[\"a\"]}",
        b"{\"text\":\"a\"} {}",
        b"{\"text\":\"\xff\"}",
        b"{}",
        b"[",
        b"",
    ] {
        assert_eq!(refused(&[JSON], body), malformed, "{body:?}");
    }
    let not_json = (415, "not-json".to_owned());
    assert_eq!(refused(&[], b"{\"text\":\"a\"}"), not_json);
    assert_eq!(refused(&["Content-Type: text/plain"], b"{\"text\":\"a\"}"), not_json);
    assert_eq!(refused(&["Content-Type: application/x-www-form-urlencoded"], b"text=a"), not_json);
}

#[test]
fn a_body_has_64_kib_at_most_announced_or_not() {
    let service = service("");
    let body = |length: usize| format!("{{\"text\":\"{}\"}}", "a".repeat(length - 11));
    assert_eq!(post(&service, "/echo", &[JSON], body(65_536).as_bytes()).status, 200);
    let answer = post(&service, "/echo", &[JSON], body(65_537).as_bytes());
    assert_eq!((answer.status, answer.problem().as_str()), (413, "too-large"));
    let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{JSON}\r\n");
    let chunked = |body: &str| {
        let request = format!(
            "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        raw(service.address(), request.as_bytes())
    };
    assert_eq!(chunked(&body(65_536)).status, 200);
    assert_eq!(chunked(&body(65_537)).problem(), "too-large");
    // Nothing of what was only announced is waited for.
    let announced = format!("{head}Content-Length: 99999999\r\n\r\n");
    assert_eq!(raw(service.address(), announced.as_bytes()).problem(), "too-large");
}

#[test]
fn wrong_paths_and_methods_are_problems_too() {
    let service = service("");
    let problem = |line: &str| {
        let answer = ask(service.address(), line, &[], b"");
        (answer.status, answer.problem(), answer.header("allow").map(str::to_owned))
    };
    let not_found = (404, "not-found".to_owned(), None);
    for path in ["/", "/nothing", "/%2e%2e/healthz", "/echo/", "/healthz/CANARY", "//healthz"] {
        assert_eq!(problem(&format!("GET {path}")), not_found, "{path}");
    }
    let (status, name, allow) = problem("GET /echo");
    assert_eq!(
        (status, name.as_str(), allow.as_deref()),
        (405, "method-not-allowed", Some("post"))
    );
    assert_eq!(problem("BREW /healthz").0, 405);
    assert_eq!(problem("GET /by/CANARY").0, 400);
    assert_eq!(problem("GET /by/%ff").0, 400);
    // What HTTP itself does not allow never reaches a route.
    assert_eq!(raw(service.address(), b"GET / HTTP/1.1 CANARY\r\n\r\n").status, 400);
    let head = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(20_000));
    assert_eq!(raw(service.address(), head.as_bytes()).status, 431);
}

#[test]
fn a_fault_of_ours_says_nothing_and_the_service_goes_on() {
    let service = service("");
    for path in ["/fails", "/panics"] {
        let answer = get(&service, path, &[]);
        assert_eq!((answer.status, answer.problem().as_str()), (500, "internal"));
        assert!(!answer.body.contains("disk") && !answer.body.contains("CANARY"));
    }
    assert_eq!(get(&service, "/healthz", &[]).body, r#"{"status":"ok"}"#);
}

#[test]
fn every_answer_wears_the_headers_of_safety() {
    let service = service("");
    for path in ["/healthz", "/nothing", "/fails", "/openapi.json", "/metrics"] {
        let answer = get(&service, path, &["Origin: https://elsewhere.example"]);
        for (name, value) in [
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(answer.header("strict-transport-security"), None);
        assert!(!answer.head.contains("access-control") && !answer.head.contains("server:"));
    }
    let preflight = ["Origin: https://elsewhere.example", "Access-Control-Request-Method: POST"];
    let answer = ask(service.address(), "OPTIONS /echo", &preflight, b"");
    assert_eq!((answer.status, answer.problem().as_str()), (405, "method-not-allowed"));
    assert!(!answer.head.contains("access-control"));
}

#[test]
fn a_request_id_is_ours_unless_a_trusted_proxy_gave_it() {
    let id = |service: &RunningServer, header: &str| {
        let answer = get(service, "/who", &[header]);
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert!(answer.body.ends_with(&id));
        id
    };
    let alone = service("");
    let one = id(&alone, "X-Request-Id: chosen");
    let two = id(&alone, "X-Request-Id: chosen");
    assert!(one != two && one.len() == 32 && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let settings = "request_id_header = \"x-request-id\"\ntrusted_proxies = ";
    let behind = service(&format!("{settings}[\"127.0.0.0/8\"]"));
    assert_eq!(id(&behind, "X-Request-Id: chosen-1_a"), "chosen-1_a");
    for bad in ["", "two words", "a/b", &"a".repeat(65)] {
        assert_eq!(id(&behind, &format!("X-Request-Id: {bad}")).len(), 32, "{bad}");
    }
    let elsewhere = service(&format!("{settings}[\"10.0.0.0/8\"]"));
    assert_eq!(id(&elsewhere, "X-Request-Id: chosen").len(), 32);
}

#[test]
fn the_client_is_whom_a_trusted_proxy_names() {
    let who = |service: &RunningServer, headers: &[&str]| {
        get(service, "/who", headers).body.split(' ').next().unwrap().to_owned()
    };
    let lie = ["X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6"];
    assert_eq!(who(&service(""), &lie), "127.0.0.1/32");
    let behind = service("trusted_proxies = [\"127.0.0.0/8\"]\nforwarded = \"x-forwarded-for\"");
    assert_eq!(who(&behind, &["X-Forwarded-For: 6.6.6.6, 198.51.100.7"]), "198.51.100.7/32");
    assert_eq!(who(&behind, &["X-Forwarded-For: 2001:db8::1"]), "2001:db8::/64");
    assert_eq!(who(&behind, &["Forwarded: for=6.6.6.6"]), "127.0.0.1/32");
}

#[test]
fn the_host_that_a_client_names_has_no_effect() {
    let service = service("");
    let ask = |host: &str| {
        let request = format!("GET /openapi.json HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n");
        let answer = raw(service.address(), request.as_bytes());
        (answer.status, answer.body)
    };
    let honest = ask("Host: issuer");
    for host in [
        "Host: evil.example",
        "Host: issuer\r\nX-Forwarded-Host: evil.example",
        "Host: issuer\r\nForwarded: host=evil.example",
        "Host: issuer\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /evil",
        "X-Nothing: 1",
    ] {
        assert_eq!(ask(host), honest, "{host}");
    }
    let absolute =
        b"GET http://evil.example/openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(service.address(), absolute).body, honest.1);
}

#[derive(Default)]
struct TestUptime(AtomicU64);

impl Uptime for TestUptime {
    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

#[test]
fn a_network_that_asks_too_often_is_told_when_to_come_again() {
    let uptime = Arc::new(TestUptime::default());
    let world = Environment { uptime: uptime.clone(), ..Environment::system() };
    let settings = "trusted_proxies = [\"127.0.0.0/8\"]\nforwarded = \"x-forwarded-for\"";
    let mut config = config(settings);
    config.requests_per_minute = NonZeroU32::new(3).unwrap();
    let service = serve(config, world, routes()).unwrap();
    let ask = |client: &str| {
        let answer = get(&service, "/who", &[&format!("X-Forwarded-For: {client}")]);
        if answer.status != 200 {
            assert_eq!((answer.status, answer.problem().as_str()), (429, "too-many"));
        }
        answer.header("retry-after").map(str::to_owned)
    };
    let result = Some("20".to_owned());
    let answers = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4"].map(ask);
    assert_eq!(answers, [None, None, None, result.clone()]);
    assert_eq!(ask("198.51.100.7"), None);
    uptime.0.store(19, Ordering::Relaxed);
    assert_eq!(ask("2001:db8::5"), Some("1".to_owned()));
    uptime.0.store(20, Ordering::Relaxed);
    assert_eq!([(); 2].map(|()| ask("2001:db8::6")), [None, result]);
}

#[test]
fn health_and_metrics_do_not_count_against_a_rate() {
    let service = service("requests_per_minute = 1");
    for _ in 0..5 {
        for path in ["/livez", "/healthz", "/readyz"] {
            for answer in [get(&service, path, &[]), get_internal(&service, path, &[])] {
                assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"status":"ok"}"#));
            }
        }
        assert_eq!(get_internal(&service, "/metrics", &[]).status, 200);
    }
    assert_eq!(get(&service, "/who", &[]).status, 200);
    assert_eq!(get(&service, "/who", &[]).status, 429);
    assert_eq!(get(&service, "/livez", &[]).status, 200);
}

#[test]
fn the_operators_own_networks_have_a_rate_of_their_own() {
    let own = service(
        "requests_per_minute = 1\nown_requests_per_minute = 3\nown_networks = [\"127.0.0.0/8\"]",
    );
    let statuses = [(); 4].map(|()| get(&own, "/who", &[]).status);
    assert_eq!(statuses, [200, 200, 200, 429]);
}

#[test]
fn metrics_count_templates_and_are_for_operators() {
    let service = service("");
    get(&service, "/by/1", &[]);
    get(&service, "/by/2", &[]);
    get(&service, "/CANARY-path", &[]);
    ask(service.address(), "CANARY /by/3", &[], b"");
    assert_eq!(get(&service, "/metrics", &[]).problem(), "not-found");
    let answer = get_internal(&service, "/metrics", &[]);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4"));
    for line in [
        r#"tegata_http_requests_total{method="GET",route="/by/{name}",status="2xx"} 2"#,
        r#"tegata_http_requests_total{method="GET",route="none",status="4xx"} 2"#,
        r#"tegata_http_requests_total{method="other",route="/by/{name}",status="4xx"} 1"#,
        r#"tegata_http_request_seconds_count{method="GET",route="/by/{name}"} 2"#,
        "tegata_http_requests_in_flight 1",
        "# TYPE process_start_time_seconds gauge",
        "# TYPE process_resident_memory_bytes gauge",
        "# TYPE process_open_fds gauge",
        "# TYPE process_max_fds gauge",
        "# TYPE process_cpu_seconds_total counter",
        concat!("tegata_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
    ] {
        assert!(answer.body.lines().any(|other| other == line), "{line}: {}", answer.body);
    }
    assert!(!answer.body.contains("CANARY"));
    // A proxy on this machine that is not configured does not make the whole world local.
    for header in ["X-Forwarded-For: 198.51.100.7", "Forwarded: for=198.51.100.7"] {
        assert_eq!(get_internal(&service, "/metrics", &[header]).problem(), "not-found");
    }
    let others = run::service("metrics_networks = [\"10.0.0.0/8\"]");
    assert_eq!(get_internal(&others, "/metrics", &[]).problem(), "not-found");
}

#[test]
fn each_route_is_described_with_its_problems() {
    let service = service("");
    let answer = get(&service, "/openapi.json", &[]);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 9, "{:?}", paths.keys());
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|said| said.len() > 5), "{place}");
            let mut expected = vec!["408", "429", "500", "503"];
            if operation.get("requestBody").is_some() {
                expected.extend(["400", "413", "415"]);
            }
            for status in expected {
                let response = &operation["responses"][status];
                assert!(!response["description"].as_str().unwrap().is_empty(), "{place} {status}");
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/ProblemDocument", "{place} {status}");
            }
        }
    }
}
