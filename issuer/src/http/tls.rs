//! TLS by rustls on ring, with a certificate and a key from files.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use prometheus::{IntGauge, Registry};
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use crate::config::read_secret_file;
use crate::metrics::gauge;

/// Why TLS cannot be had with these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there, or not PEM of this kind.
    #[error("cannot read {what} from {}: {error}", file.display())]
    File {
        /// What was looked for in it.
        what: &'static str,
        /// The file that was read.
        file: PathBuf,
        /// The error of the PEM reader.
        error: pem::Error,
    },
    /// The file of the key cannot be read, or others can read it.
    #[error("tls_key: {0}")]
    KeyFile(String),
    /// The server's certificate is over, or not begun.
    #[error("the certificate is valid from {from} to {to} (Unix time), and now it is {now}")]
    Expired {
        /// The first second at which it is valid.
        from: u64,
        /// The last second at which it is valid.
        to: u64,
        /// The time of this machine.
        now: u64,
    },
    /// The files are there and do not make a server: a key of another certificate, for one.
    #[error("the certificate and the key do not work together: {0}")]
    Unusable(#[from] rustls::Error),
    /// The metric of the certificate's end cannot be registered, which a test keeps from happening.
    #[error("cannot register metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// TLS with a certificate and a key that can be read anew. A clone is the same.
#[derive(Clone)]
pub(crate) struct ReloadableTls {
    certificate: PathBuf,
    key: PathBuf,
    acceptor: Arc<RwLock<TlsAcceptor>>,
    end: IntGauge,
}

impl ReloadableTls {
    /// Reads the two files, and registers the metric of the certificate's end.
    ///
    /// # Errors
    /// [`TlsError`].
    pub(crate) fn load(
        certificate: &Path,
        key: &Path,
        registry: &Registry,
    ) -> Result<Self, TlsError> {
        let pair = Pair::read(certificate, key)?;
        // A service whose certificate is over starts: some of its clients may not care, and all others are told.
        if let Err(error) = pair.check_validity() {
            tracing::error!(%error, "clients will refuse the certificate");
        }
        let end = IntGauge::new(
            "tegata_tls_certificate_end_timestamp_seconds",
            "Unix time of the last second at which the certificate is valid.",
        )?;
        registry.register(Box::new(end.clone()))?;
        end.set(gauge(pair.end()));
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            acceptor: Arc::new(RwLock::new(pair.acceptor)),
            end,
        })
    }

    /// Reads the two files anew.
    ///
    /// # Errors
    /// [`TlsError`]; then the pair from before stays.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        let new = Pair::read(&self.certificate, &self.key)?;
        new.check_validity()?;
        self.end.set(gauge(new.end()));
        *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = new.acceptor;
        Ok(())
    }

    /// Gives what shakes hands with the next client.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for ReloadableTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReloadableTls")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

/// Checks that the two files make a server, and that the certificate is valid now.
///
/// # Errors
/// [`TlsError`].
pub(crate) fn check(certificate: &Path, key: &Path) -> Result<(), TlsError> {
    Pair::read(certificate, key)?.check_validity()
}

/// A certificate with its key, ready for handshakes.
struct Pair {
    acceptor: TlsAcceptor,
    /// The first and the last second at which the certificate is valid.
    validity: RangeInclusive<u64>,
}

impl Pair {
    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let acceptor = acceptor(certificate, key)?;
        let chain = chain(certificate)?;
        let own = chain.first().and_then(|own| Certificate::from_der(own).ok());
        // What is no certificate of today's form was refused above.
        let validity = own.map_or(0..=u64::MAX, |own| {
            let validity = own.tbs_certificate.validity;
            let from = validity.not_before.to_unix_duration().as_secs();
            from..=validity.not_after.to_unix_duration().as_secs()
        });
        Ok(Self { acceptor, validity })
    }

    fn check_validity(&self) -> Result<(), TlsError> {
        let from = *self.validity.start();
        let to = self.end();
        let now =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        if self.validity.contains(&now) { Ok(()) } else { Err(TlsError::Expired { from, to, now }) }
    }

    fn end(&self) -> u64 {
        *self.validity.end()
    }
}

fn in_file(what: &'static str, file: &Path) -> impl Fn(pem::Error) -> TlsError {
    let file = file.to_owned();
    move |error| TlsError::File { what, file: file.clone(), error }
}

/// The certificates of a file, the server's own first.
fn chain(certificate: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(in_file("a certificate", certificate))
}

/// TLS 1.2 and 1.3, HTTP/1.1.
fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let chain = chain(certificate)?;
    let pem = read_secret_file(key).map_err(TlsError::KeyFile)?;
    let key =
        PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(in_file("a private key", key))?;
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a pair whose certificate ends when this year begins; the key is readable by its owner alone.
    fn write_pair(folder: &Path, year: i32) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
        write_key(folder, &key);
    }

    fn write_key(folder: &Path, key: &rcgen::KeyPair) {
        let file = folder.join("key.pem");
        std::fs::write(&file, key.serialize_pem()).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    #[test]
    fn the_certificates_end_is_measured_and_follows_it() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::new();
        let end = || registry.gather()[0].get_metric()[0].get_gauge().get_value().to_string();
        write_pair(folder.path(), 2100);
        let [certificate, key] =
            ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
        let tls = ReloadableTls::load(&certificate, &key, &registry).unwrap();
        assert_eq!(end(), "4102444800");
        write_pair(folder.path(), 2101);
        tls.reload().unwrap();
        assert_eq!(end(), "4133980800");
        // A pair that is not taken changes nothing.
        write_key(folder.path(), &rcgen::KeyPair::generate().unwrap());
        tls.reload().unwrap_err();
        assert_eq!(end(), "4133980800");
    }
}
