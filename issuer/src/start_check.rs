//! Everything that a start of the service looks at, all at once and without a start: `tegata issuer serve --check`.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use crate::admin::server_key;
use crate::config::{Config, ConfigError, ConfigErrors, Layers, Mail, Processor};
use crate::domain::StoreUrl;
use crate::http::server;
use crate::http::tls;
use crate::mail::SmtpTransport;

/// Checks files, their modes, the certificate with its key and its end, folders and addresses. Creates nothing that
/// stays, and opens no database.
///
/// # Errors
/// [`ConfigErrors`]: everything that is wrong, not only the first.
pub fn check_start(layers: &Layers) -> Result<(), ConfigErrors> {
    let (config, found) = Config::read(layers)?;
    let config = &config;
    let mut wrong = Wrong(found);
    wrong.0.extend(config.wrong_to_serve());
    server_key_of(config, &mut wrong);
    files(config, &mut wrong);
    if let (Some(certificate), Some(key)) = (&config.tls_certificate, &config.tls_key) {
        wrong.of("tls_certificate", tls::check(certificate, key));
    }
    addresses_and_mail(config, &mut wrong);
    if wrong.0.is_empty() { Ok(()) } else { Err(ConfigErrors(wrong.0)) }
}

struct Wrong(Vec<ConfigError>);

impl Wrong {
    fn of<T>(&mut self, name: &str, checked: Result<T, impl std::fmt::Display>) {
        if let Err(error) = checked {
            self.0.push(ConfigError { name: name.to_owned(), what: error.to_string() });
        }
    }
}

/// Whether there is a server key, or one can be made beside a store that is not there yet.
fn server_key_of(config: &Config, wrong: &mut Wrong) {
    if config.server_key_file.is_some() {
        // It was read with the settings.
        return;
    }
    match (server_key::find(config), &config.store) {
        (Err(server_key::ServerKeyError::Gone(_)), StoreUrl::Sqlite(file)) if !file.exists() => {}
        (found, _) => wrong.of("server_key_file", found),
    }
}

/// Whether the files that the service writes can be written, or made.
fn files(config: &Config, wrong: &mut Wrong) {
    if let StoreUrl::Sqlite(file) = &config.store {
        wrong.of("store", writable(file));
    }
    if let Some(file) = config.checkpoints_file() {
        wrong.of("checkpoints", writable(&file));
    }
    if let Some(Processor::Sandbox(file)) = config.processor() {
        let file = file.clone().unwrap_or_else(|| config.sandbox_file());
        wrong.of("processor", writable(&file));
    }
}

/// Whether a file can be written; where there is none, whether its folder takes one.
fn writable(file: &Path) -> Result<(), String> {
    let cannot = |place: &Path, error| format!("cannot write {}: {error}", place.display());
    if file.exists() {
        let opened = OpenOptions::new().append(true).open(file);
        return opened.map(drop).map_err(|error| cannot(file, error));
    }
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    tempfile::tempfile_in(&folder).map(drop).map_err(|error| cannot(&folder, error))
}

fn addresses_and_mail(config: &Config, wrong: &mut Wrong) {
    let threads = match server::threads() {
        Ok(threads) => threads,
        error => return wrong.of("the service", error),
    };
    wrong.of("listen", server::check_address(&threads, config.listen));
    wrong.of("internal_listen", server::check_address(&threads, config.internal_listen));
    let _within = threads.enter();
    if let Some(Mail::Smtp(server)) = config.mail()
        && config.mail_from.is_some()
    {
        wrong.of("mail", SmtpTransport::new(server, config));
    }
}
