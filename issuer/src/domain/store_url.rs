//! Where the store is: the text of the setting `store`.

use std::fmt;
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
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(file.into())),
            Some(("postgres" | "postgresql", rest)) if rest.len() > 2 && rest.starts_with("//") => {
                Ok(Self::Postgres(Zeroizing::new(text.to_owned())))
            }
            _ => Err("expected sqlite:FILE or postgres://USER@HOST/DATABASE"),
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
