//! TLS to PostgreSQL, with the authorities that this system trusts, or those of `sslrootcert`. Whether it is used is the
//! address' `sslmode`: `require` wherever the server is not on this machine, since `prefer`, its default, takes a plain
//! answer for an answer.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::error::StoreError;

pub(super) fn connector(authorities: Option<&Path>) -> Result<MakeRustlsConnect, StoreError> {
    let mut roots = RootCertStore::empty();
    // Without any of them plain connections work and those over TLS are refused.
    match authorities {
        Some(file) => roots.add_parsable_certificates(read(file)?),
        None => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
    };
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .map_err(|_| StoreError::Unavailable("no version of TLS to speak"))?;
    Ok(MakeRustlsConnect::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    let what = "the certificates of sslrootcert cannot be read";
    let not = |kind| StoreError::File { what, kind };
    let bytes = std::fs::read(file).map_err(|error| not(error.kind()))?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(not(std::io::ErrorKind::InvalidData)),
    }
}
