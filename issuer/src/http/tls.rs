//! TLS by rustls on ring, with a certificate and a key from files.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use crate::config::read_secret_file;

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
}

/// TLS with a certificate and a key that can be read anew. A clone is the same.
#[derive(Clone)]
pub(crate) struct ReloadableTls {
    certificate: PathBuf,
    key: PathBuf,
    acceptor: Arc<RwLock<TlsAcceptor>>,
}

impl ReloadableTls {
    /// Reads the two files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub(crate) fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        // A service whose certificate is over starts: some of its clients may not care, and all others are told.
        if let Err(error @ TlsError::Expired { .. }) = check(certificate, key) {
            tracing::error!(%error, "clients will refuse the certificate");
        }
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            acceptor: Arc::new(RwLock::new(acceptor(certificate, key)?)),
        })
    }

    /// Reads the two files anew.
    ///
    /// # Errors
    /// [`TlsError`]; then the pair from before stays.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        let new = check(&self.certificate, &self.key)?;
        *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = new;
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

/// Makes what shakes hands from the two files, if the certificate is valid now.
///
/// # Errors
/// [`TlsError`].
pub(crate) fn check(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let acceptor = acceptor(certificate, key)?;
    let chain = chain(certificate)?;
    let own = chain.first().and_then(|own| Certificate::from_der(own).ok());
    // What is no certificate of today's form was refused above.
    let Some(own) = own else { return Ok(acceptor) };
    let validity = own.tbs_certificate.validity;
    let from = validity.not_before.to_unix_duration().as_secs();
    let to = validity.not_after.to_unix_duration().as_secs();
    let now =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    if (from..=to).contains(&now) { Ok(acceptor) } else { Err(TlsError::Expired { from, to, now }) }
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
