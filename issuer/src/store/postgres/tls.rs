//! TLS to PostgreSQL, with the authorities that this system trusts. Whether it is used is the address' `sslmode`:
//! `require` wherever the server is not on this machine, since `prefer`, its default, takes a plain answer for an
//! answer.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::error::StoreError;

pub(super) fn connector() -> Result<MakeRustlsConnect, StoreError> {
    let mut roots = RootCertStore::empty();
    // Without any of them plain connections work and those over TLS are refused.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .map_err(|_| StoreError::Unavailable("no version of TLS to speak"))?;
    Ok(MakeRustlsConnect::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
