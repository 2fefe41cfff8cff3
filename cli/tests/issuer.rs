//! `tegata issuer` as a process: its settings, its start and its end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use crate::command::{done, failed, here, tegata};

mod command;
mod issuer_process;

fn health(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[cfg(unix)]
#[test]
fn it_serves_until_it_is_told_to_stop_and_ends_well() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut issuer = issuer_process::serve(folder.path(), &[]);
        let child = &mut issuer.child;
        let address = &issuer.address;
        assert!(health(address).ends_with("{\"status\":\"ok\"}"));
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
        assert!(TcpStream::connect(address).is_err());
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(log.contains("/healthz") && log.contains("stopped"), "{log}");
    }
}

#[test]
fn all_wrong_settings_are_said_at_once_and_nothing_starts() {
    let args = ["issuer", "serve", "--listen", "here", "--store", "mysql://ann:CANARY@db/x"];
    let output = here(&args);
    failed(&output, 2, "--listen: ");
    failed(&output, 2, "--store: ");
    assert!(!String::from_utf8(output.stderr).unwrap().contains("CANARY"));
    failed(&here(&["issuer", "serve", "--config", "none.toml"]), 2, "none.toml: cannot read it");
}

#[test]
fn an_address_that_nobody_here_has_is_a_no() {
    // 192.0.2.0/24 is for documents (RFC 5737).
    let folder = tempfile::tempdir().unwrap();
    let settings = "mail = \"smtp://127.0.0.1:1\"\nmail_from = \"no-reply@shop.example\"\nlog_level = \"error\"\n";
    std::fs::write(folder.path().join("issuer.toml"), settings).unwrap();
    let args = ["issuer", "serve", "--listen", "192.0.2.1:1", "--config", "issuer.toml"];
    failed(&tegata(folder.path(), &args), 1, "cannot listen on 192.0.2.1:1");
    failed(&here(&args[..4]), 2, "mail: is mailbox, whose page is for this machine only");
}

#[test]
fn settings_can_be_looked_at_without_a_start() {
    assert_eq!(done(&here(&["issuer", "serve", "--check"])), "the configuration is valid\n");
}
