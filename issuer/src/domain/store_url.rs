//! Where the store is: the text of the setting `store`.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

use super::secret_text::secret_text;

/// Where accounts are stored.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:FILE`: embedded, no set-up, one process.
    Sqlite(PathBuf),
    /// `postgres://…`, which may hold a password: never printed.
    Postgres(Zeroizing<String>),
}

impl StoreUrl {
    /// Reads `sqlite:FILE` or `postgres://…`.
    ///
    /// # Errors
    /// The expected form, without what was given.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text.split_once(':') {
            Some(("sqlite", file)) if is_url_of_a_library(file) => {
                Err("expected sqlite:FILE: a path, without // before it and without options")
            }
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(file.into())),
            Some(("postgres" | "postgresql", rest)) if rest.len() > 2 && rest.starts_with("//") => {
                Ok(Self::Postgres(Zeroizing::new(text.to_owned())))
            }
            _ => Err("expected sqlite:FILE or postgres://USER@HOST/DATABASE"),
        }
    }

    /// Checks that what is asked of another machine goes over TLS.
    ///
    /// # Errors
    /// What to do: for a PostgreSQL that is neither on this machine nor spoken to with `sslmode=require` or better.
    pub(crate) fn check_encryption(&self) -> Result<(), &'static str> {
        match self {
            Self::Postgres(url) if !(requires_tls(url) || is_local(url)) => Err(
                "is on another machine and without TLS: append ?sslmode=require, or verify-full",
            ),
            _ => Ok(()),
        }
    }

    /// Tells whether a text names a password, which every process of the machine could read among the arguments.
    pub(crate) fn has_password(text: &str) -> bool {
        let Some((_, rest)) = text.split_once("://") else { return false };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // A password may itself hold an unescaped / or ?: then the @ comes after it.
        let user = rest.rsplit_once('@').map_or(authority, |(user, _)| user);
        (rest.contains('@') && user.contains(':')) || rest.contains("password=")
    }
}

/// Tells whether this is what other programs write for a file of SQLite: `//x`, `file:x`, `:memory:`, `x?mode=ro`. Taken
/// as a path it would be some other file.
fn is_url_of_a_library(file: &str) -> bool {
    file.starts_with("//") || file.starts_with("file:") || file.contains('?') || file == ":memory:"
}

/// The values of an option in the address of a PostgreSQL.
fn options<'a>(url: &'a str, name: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes())
        .filter(move |(its, _)| its == name)
        .map(|(_, value)| value)
}

fn requires_tls(url: &str) -> bool {
    // The last one counts, as it does for the library.
    let mode = options(url, "sslmode").last();
    mode.is_some_and(|mode| ["require", "verify-ca", "verify-full"].contains(&mode.as_ref()))
}

/// Tells whether every host of the address is a socket, or an address or name of this machine.
fn is_local(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let before_options = rest.split('?').next().unwrap_or_default();
    // A password may itself hold an unescaped /.
    let hosts = before_options.rsplit_once('@').map_or(before_options, |(_, hosts)| hosts);
    let hosts = hosts.split('/').next().unwrap_or_default();
    let named = options(url, "host").chain(options(url, "hostaddr"));
    let named: Vec<String> =
        named.flat_map(|hosts| hosts.split(',').map(str::to_owned).collect::<Vec<_>>()).collect();
    let mut all = hosts.split(',').map(str::to_owned).chain(named).filter(|host| !host.is_empty());
    all.all(|host| is_local_host(&host))
}

fn is_local_host(host: &str) -> bool {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let is_address = |text: &str| text.parse::<IpAddr>();
    let name = match bracketed {
        Some((address, _)) => address,
        None if is_address(host).is_ok() => host,
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_socket = name.starts_with('/') || name.to_ascii_lowercase().starts_with("%2f");
    let is_loopback = is_address(name).is_ok_and(|address| address.to_canonical().is_loopback());
    is_socket || is_loopback || name == "localhost"
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => f.debug_tuple("Sqlite").field(file).finish(),
            Self::Postgres(_) => f.write_str("Postgres([redacted])"),
        }
    }
}

impl<'de> Deserialize<'de> for StoreUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&secret_text(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_programs_write_for_a_file_is_refused() {
        for good in ["sqlite:a.sqlite", "sqlite:/var/lib/a.sqlite", "sqlite:a:b@c.sqlite"] {
            assert!(StoreUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "sqlite://a.sqlite",
            "sqlite:///var/lib/a.sqlite",
            "sqlite:a.sqlite?mode=ro",
            "sqlite:file:a.sqlite",
            "sqlite::memory:",
            "sqlite:",
        ] {
            assert!(StoreUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_remote_database_is_spoken_to_over_tls() {
        let is_taken = |url: &str| StoreUrl::parse(url).unwrap().check_encryption().is_ok();
        for good in [
            "postgres://ann@db/tegata?sslmode=require",
            "postgres://ann@db/tegata?sslmode=verify-full&sslrootcert=/ca.pem",
            "postgres://ann@db/tegata?sslmode=verify-ca",
            "postgres://ann:a/b@localhost/tegata",
            "postgres://localhost:5432,127.0.0.1/tegata",
            "postgres://ann@[::1]:5432/tegata?sslmode=disable",
            "postgres://ann@%2Fvar%2Frun/tegata",
            "postgres:///tegata?host=/var/run/postgresql",
        ] {
            assert!(is_taken(good), "{good}");
        }
        for bad in [
            "postgres://ann@db/tegata",
            "postgres://ann@10.0.0.1:5432/tegata?sslmode=prefer",
            "postgres://db/tegata?sslmode=disable",
            "postgres://localhost,db/tegata",
            "postgres:///tegata?host=db",
            "postgres://localhost/tegata?hostaddr=10.0.0.1",
            "postgres://ann@localhost.example.org/tegata",
            "postgres://ann@db/tegata?sslmode=require&sslmode=prefer",
            "postgres://ann:localhost@db/tegata",
            "postgresql://[2001:db8::1]/tegata",
        ] {
            assert!(!is_taken(bad), "{bad}");
        }
    }
}
