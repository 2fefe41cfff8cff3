//! The address of a PostgreSQL server, with the parameters of libpq that the driver does not know.

use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::super::error::StoreError;

/// The port of a host that names none.
pub(super) const DEFAULT_PORT: u16 = 5432;

/// An address, read.
pub(in crate::store) struct PostgresAddress {
    /// What the driver connects by.
    pub(in crate::store) config: Config,
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

    /// Gives the configuration of each of its hosts.
    ///
    /// # Errors
    /// `Unavailable` if it names none, or not as many addresses or ports as hosts.
    pub(super) fn hosts(&self) -> Result<Vec<Config>, StoreError> {
        let names = self.config.get_hosts();
        let addresses = self.config.get_hostaddrs();
        let ports = self.config.get_ports();
        let count = names.len().max(addresses.len());
        let fits = |each: usize| each == count || each == 0;
        if count == 0 || !fits(names.len()) || !fits(addresses.len()) {
            return Err(StoreError::Unavailable(
                "its address needs a host, or one for each hostaddr",
            ));
        }
        if ports.len() > 1 && ports.len() != count {
            return Err(StoreError::Unavailable(
                "its address needs one port, or one for each host",
            ));
        }
        let host = |place: usize| {
            let mut host = self.without_hosts();
            match names.get(place) {
                Some(Host::Tcp(name)) => drop(host.host(name)),
                Some(Host::Unix(folder)) => drop(host.host_path(folder)),
                None => {}
            }
            if let Some(address) = addresses.get(place) {
                host.hostaddr(*address);
            }
            host.port(*ports.get(place).or(ports.first()).unwrap_or(&DEFAULT_PORT));
            host
        };
        Ok((0..count).map(host).collect())
    }

    /// Copies all that is the same for every host, as far as the driver is to see it: how long a host may take is for
    /// the dialler.
    fn without_hosts(&self) -> Config {
        let from = &self.config;
        let mut to = Config::new();
        from.get_user().map(|user| to.user(user));
        from.get_password().map(|password| to.password(password));
        from.get_dbname().map(|name| to.dbname(name));
        from.get_options().map(|options| to.options(options));
        from.get_application_name().map(|name| to.application_name(name));
        from.get_tcp_user_timeout().map(|time| to.tcp_user_timeout(*time));
        from.get_keepalives_interval().map(|time| to.keepalives_interval(time));
        from.get_keepalives_retries().map(|times| to.keepalives_retries(times));
        to.keepalives(from.get_keepalives())
            .keepalives_idle(from.get_keepalives_idle())
            .ssl_mode(from.get_ssl_mode())
            .ssl_negotiation(from.get_ssl_negotiation())
            .target_session_attrs(from.get_target_session_attrs())
            .channel_binding(from.get_channel_binding());
        to
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
