//! The commands of PostgreSQL's that make and restore a backup.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use base64ct::{Base64, Encoding};
use tempfile::TempPath;
use tokio_postgres::config::{Host, SslMode};

use super::error::StoreError;
use super::postgres::PostgresAddress;

/// A command with its connection in the environment: everyone can see arguments.
pub(super) struct Program {
    name: &'static str,
    pub(super) command: Command,
    /// The authorities that this system trusts, in a file while it runs.
    authorities: Option<TempPath>,
}

impl Program {
    pub(super) fn new(name: &'static str, address: &PostgresAddress) -> Result<Self, StoreError> {
        let config = &address.config;
        let mut command = Command::new(name);
        let hosts = config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(folder) => folder.display().to_string(),
        });
        let hosts: Vec<_> = hosts.collect();
        let ports: Vec<_> = config.get_ports().iter().map(ToString::to_string).collect();
        let mut set = |name: &str, value: String| {
            if !value.is_empty() {
                command.env(name, value);
            }
        };
        set("PGHOST", hosts.join(","));
        set("PGPORT", ports.join(","));
        set("PGUSER", config.get_user().unwrap_or_default().to_owned());
        set("PGDATABASE", config.get_dbname().unwrap_or_default().to_owned());
        if let Some(password) = config.get_password() {
            set("PGPASSWORD", String::from_utf8_lossy(password).into_owned());
        }
        // As strict as the service is: a certificate that it would refuse is refused.
        let mode = match config.get_ssl_mode() {
            SslMode::Disable => "disable",
            SslMode::Require => "verify-full",
            _ => "prefer",
        };
        set("PGSSLMODE", mode.to_owned());
        let mut authorities = None;
        if let Some(file) = &address.root_certificates {
            command.env("PGSSLROOTCERT", file);
        } else if matches!(config.get_ssl_mode(), SslMode::Require) {
            // `system` is known from PostgreSQL 16 on, a file to all of them.
            let file = system_authorities()?;
            command.env("PGSSLROOTCERT", file.as_os_str());
            authorities = Some(file);
        }
        Ok(Self { name, command, authorities })
    }

    pub(super) async fn run(self) -> Result<(), StoreError> {
        let Self { name: program, mut command, authorities } = self;
        let output = tokio::task::spawn_blocking(move || command.stdin(Stdio::null()).output());
        let output = output.await.map_err(|_| StoreError::Panicked)?;
        drop(authorities);
        let output = output.map_err(|error| StoreError::File {
            what: "a PostgreSQL program cannot be run",
            kind: error.kind(),
        })?;
        if output.status.success() {
            return Ok(());
        }
        // The first line says what is wrong; a line of data, if it quotes one, comes after.
        let errors = String::from_utf8_lossy(&output.stderr);
        let message = errors.lines().next().unwrap_or_default().to_owned();
        Err(StoreError::Program { program, message })
    }
}

/// Writes the certificates that this system trusts into a file, as PEM (RFC 7468).
fn system_authorities() -> Result<TempPath, StoreError> {
    let what = "the certificates that this system trusts cannot be handed on";
    let not = |error: std::io::Error| StoreError::File { what, kind: error.kind() };
    let mut file = tempfile::NamedTempFile::new().map_err(not)?;
    let mut text = String::new();
    for certificate in rustls_native_certs::load_native_certs().certs {
        let encoded = Base64::encode_string(&certificate);
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in encoded.as_bytes().chunks(64) {
            let _ = writeln!(text, "{}", String::from_utf8_lossy(line));
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(not)?;
    Ok(file.into_temp_path())
}
