//! The wallet's way to an issuer over https: it goes to the one whose certificate is trusted for that name, and nothing
//! that was typed goes to another.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::command::{Wallet, failed};

mod backup;
mod command;
mod issuer_process;

/// Who vouches for certificates: its own, in a file of the folder.
fn authority(folder: &Path, name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let made = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join(name), made.pem()).unwrap();
    made
}

/// An issuer whose certificate says that it is this one.
fn issuer_called(
    name: &str,
    folder: &Path,
    by: &CertifiedIssuer<'static, KeyPair>,
) -> issuer_process::IssuerProcess {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(folder.join("key.pem"), private).unwrap();
    let settings = "tls_certificate = \"certificate.pem\"\ntls_key = \"key.pem\"\n";
    std::fs::write(folder.join("issuer.toml"), settings).unwrap();
    issuer_process::serve(folder, &["--config", "issuer.toml"])
}

/// A server that redirects every request to another path of its own, and the requests it got.
fn redirects(by: &CertifiedIssuer<'static, KeyPair>) -> (SocketAddr, Receiver<String>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (output, asked) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let tls = ServerConnection::new(config.clone()).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(tls, stream.unwrap()));
            let head: Vec<_> = stream
                .by_ref()
                .lines()
                .map(Result::unwrap)
                .take_while(|it| !it.is_empty())
                .collect();
            let length = |line: &String| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
            };
            let body = head.iter().find_map(length).unwrap_or(0);
            stream.read_exact(&mut vec![0; body]).unwrap();
            output.send(head[0].clone()).unwrap();
            let answer = format!(
                "HTTP/1.1 302 Found\r\nLocation: https://{address}/elsewhere\r\nContent-Length: 0\r\n\r\n"
            );
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    (address, asked)
}

/// Somebody's log-in there, on a machine that trusts this authority.
fn logs_in(issuer: &issuer_process::IssuerProcess, trusts: &Path) -> Output {
    logs_in_at(&format!("https://{}", issuer.address), "SSL_CERT_FILE", trusts)
}

/// Somebody's log-in there, with this in the environment.
fn logs_in_at(issuer: &str, name: &str, value: impl AsRef<OsStr>) -> Output {
    let wallet = Wallet::made();
    std::fs::write(wallet.0.path().join("pw"), "four quiet herons").unwrap();
    Command::new(env!("CARGO_BIN_EXE_tegata"))
        .args(["wallet", "--passphrase", "@pass", "log-in", "hanako@example.org"])
        .args(["--password", "@pw", "--issuer", issuer])
        .current_dir(wallet.0.path())
        .env_remove("SSL_CERT_DIR")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env(name, value)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn requests_go_only_to_a_trusted_certificate_of_that_name() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [here, elsewhere] = [folders[0].path(), folders[1].path()];
    let ours = authority(here, "ours.pem");
    authority(here, "others.pem");

    let right = issuer_called("127.0.0.1", here, &ours);
    // Sent and decided: there is no such account.
    let output = logs_in(&right, &here.join("ours.pem"));
    failed(&output, 1, "invalid credentials");
    failed(&logs_in(&right, &here.join("others.pem")), 1, "cannot be reached");

    let wrong = issuer_called("other.example", elsewhere, &ours);
    failed(&logs_in(&wrong, &here.join("ours.pem")), 1, "cannot be reached");
    failed(&logs_in(&wrong, &here.join("nothing.pem")), 1, "no certificates to trust");

    // The first request is answered with a challenge, and signed again. Others received none.
    for (issuer, requests) in [(right, 2), (wrong, 0)] {
        assert_eq!(issuer.log().matches("/v1/log-ins").count(), requests);
    }
}

#[test]
fn it_goes_nowhere_that_the_issuer_sends_it_to() {
    let folder = tempfile::tempdir().unwrap();
    let (address, asked) = redirects(&authority(folder.path(), "ours.pem"));
    let issuer = format!("https://{address}");
    let output = logs_in_at(&issuer, "SSL_CERT_FILE", folder.path().join("ours.pem"));
    failed(&output, 1, "response cannot be read");
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), ["POST /v1/log-ins HTTP/1.1"]);
}

#[test]
fn what_is_for_this_machine_goes_to_no_proxy() {
    let shop = issuer_process::IssuerFolder::new();
    let issuer = shop.serve(&[]);
    // Nothing listens there, so a request through it fails.
    let output =
        logs_in_at(&format!("http://{}", issuer.address), "ALL_PROXY", "http://127.0.0.1:1");
    failed(&output, 1, "invalid credentials");
}
