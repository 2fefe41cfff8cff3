//! The address of a PostgreSQL server, with the parameters of libpq that the driver does not know.

use std::path::PathBuf;

use super::super::error::StoreError;

/// An address, read.
pub(in crate::store) struct PostgresAddress {
    /// What the driver connects by.
    pub(in crate::store) config: tokio_postgres::Config,
    /// The file of `sslrootcert`: the authorities to trust in place of the system's.
    pub(in crate::store) root_certificates: Option<PathBuf>,
}

impl PostgresAddress {
    /// Reads an address. `sslmode=verify-full` and `verify-ca` are `require`, which always checks the certificate and its
    /// name here; `sslrootcert` names a file in PEM, or is `system`.
    ///
    /// # Errors
    /// `Unavailable` for a text that is no such address.
    pub(in crate::store) fn parse(url: &str) -> Result<Self, StoreError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut root_certificates = None;
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", "verify-full" | "verify-ca")) => {
                    kept.push("sslmode=require".to_owned());
                }
                Some(("sslrootcert", _)) => {
                    let mut value = form_urlencoded::parse(pair.as_bytes());
                    let file = value.next().map(|(_, file)| file.into_owned()).unwrap_or_default();
                    root_certificates = (file != "system").then(|| file.into());
                }
                _ => kept.push(pair.to_owned()),
            }
        }
        let address =
            if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
        let config = address.parse().map_err(|_| {
            StoreError::Unavailable(
                "its address is not one of PostgreSQL's, or has a parameter that is not known",
            )
        })?;
        Ok(Self { config, root_certificates })
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::*;

    #[test]
    fn parameters_of_libpq_for_certificates_are_read() {
        let read =
            |query: &str| PostgresAddress::parse(&format!("postgres://ann@db/tegata{query}"));
        for (query, mode, file) in [
            ("", SslMode::Prefer, None),
            ("?sslmode=require", SslMode::Require, None),
            ("?sslmode=verify-full", SslMode::Require, None),
            ("?sslmode=verify-ca&sslrootcert=system", SslMode::Require, None),
            (
                "?sslrootcert=%2Fetc%2Fca.pem&sslmode=verify-full",
                SslMode::Require,
                Some("/etc/ca.pem"),
            ),
            ("?sslmode=disable&application_name=a", SslMode::Disable, None),
        ] {
            let read = read(query).unwrap();
            assert_eq!(read.config.get_ssl_mode(), mode, "{query}");
            assert_eq!(read.root_certificates, file.map(PathBuf::from), "{query}");
        }
        assert!(read("?sslmode=sometimes").is_err() && read("?unknown=1").is_err());
    }
}
