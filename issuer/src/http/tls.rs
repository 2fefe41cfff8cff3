//! TLS by rustls on ring, with a certificate and a key from files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

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
    /// The files are there and do not make a server: a key of another certificate, for one.
    #[error("the certificate and the key do not work together: {0}")]
    Unusable(#[from] rustls::Error),
}

/// TLS 1.2 and 1.3, HTTP/1.1.
pub(crate) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let in_file = |what, file: &Path| {
        let file = file.to_owned();
        move |error| TlsError::File { what, file, error }
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(in_file("a certificate", certificate))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(in_file("a private key", key))?;
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
