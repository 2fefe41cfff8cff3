//! Requests by curl, which is no part of the service and speaks what browsers speak.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

/// The name in the certificate and in the examples.
pub(super) const NAME: &str = "pay.example.org";

/// A client at an address of this machine.
pub(super) struct Client {
    origin: String,
    port: u16,
    from: String,
    /// What it trusts, if it speaks TLS.
    certificate: Option<PathBuf>,
}

/// What a client got.
pub(super) struct Response {
    pub(super) status: u16,
    /// The version of HTTP: `1.1` or `2`.
    pub(super) version: String,
    /// The head and the body.
    pub(super) text: String,
}

impl Client {
    /// Speaks TLS to this port of this machine, from an address of its own, and trusts this certificate alone.
    pub(super) fn new(certificate: &Path, port: u16, from: &str) -> Self {
        let origin = format!("https://{NAME}:{port}");
        Self { origin, port, from: from.to_owned(), certificate: Some(certificate.to_owned()) }
    }

    /// Speaks to this port of this machine in clear.
    pub(super) fn without_tls(port: u16, from: &str) -> Self {
        let origin = format!("http://{NAME}:{port}");
        Self { origin, port, from: from.to_owned(), certificate: None }
    }

    pub(super) fn get(&self, path: &str, headers: &[&str]) -> anyhow::Result<Response> {
        self.request(path, headers, &[])
    }

    pub(super) fn post(&self, path: &str, json: &str) -> anyhow::Result<Response> {
        self.request(path, &["Content-Type: application/json"], &["--data", json])
    }

    fn request(&self, path: &str, headers: &[&str], more: &[&str]) -> anyhow::Result<Response> {
        let mut curl = Command::new("curl");
        curl.args(["--disable", "--silent", "--show-error", "--include", "--max-time", "30"]);
        curl.args(["--noproxy", "*", "--write-out", "\n%{http_code} %{http_version}"]);
        curl.args(["--interface", &self.from]);
        curl.args(["--resolve", &format!("{NAME}:{}:127.0.0.1", self.port)]);
        if let Some(certificate) = &self.certificate {
            curl.arg("--cacert").arg(certificate);
        }
        for header in headers {
            curl.args(["--header", header]);
        }
        let output = curl.args(more).arg(format!("{}{path}", self.origin)).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{} {path}: {said}", self.origin);
        let text = String::from_utf8_lossy(&output.stdout);
        let (text, summary) = text.rsplit_once('\n').context("curl says nothing")?;
        let (status, version) = summary.split_once(' ').context("curl says no version")?;
        let status = status.parse()?;
        Ok(Response { status, version: version.to_owned(), text: text.to_owned() })
    }
}

impl Response {
    /// The value of a header, if it is there. Its name is in small letters, as HTTP/2 has them.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.lines().take_while(|line| !line.trim().is_empty());
        head.filter_map(|line| line.split_once(':'))
            .find(|(its, _)| its.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    pub(super) fn expect(&self, status: u16) -> anyhow::Result<()> {
        let Self { status: got, text, .. } = self;
        anyhow::ensure!(*got == status, "HTTP {got} and not {status}: {text}");
        Ok(())
    }
}

/// A port that nothing listened on just now.
pub(super) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
