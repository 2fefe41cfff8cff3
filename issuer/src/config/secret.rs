//! A secret that is a setting, and secrets that stand in a file of their own.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::secret_file::read_secret_file;
use crate::domain::secret_text;

/// A secret for another server: the password of a mail server, the key of a card processor.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretSetting(Zeroizing<String>);

impl SecretSetting {
    /// Takes a secret as text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let text = read_secret_file(file)?;
        // The line end that editors leave.
        Ok(Self::new(text.trim_end_matches(['\r', '\n'])))
    }

    /// Gives the secret, for the server that it is meant for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<'de> Deserialize<'de> for SecretSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        secret_text(deserializer).map(Self)
    }
}

/// Takes a secret from the file that is set for it, as `name` and `name_file` say; `say` hears what is wrong with that.
pub(super) fn from_file<T>(
    name: &str,
    secret: &mut Option<T>,
    file: Option<&PathBuf>,
    read: impl FnOnce(&Path) -> Result<T, String>,
    say: &mut impl FnMut(&str, &str),
) {
    let Some(file) = file else { return };
    let said = if secret.is_some() {
        Err(format!("{name} is also set: set only one of them"))
    } else {
        read(file).map(|read| *secret = Some(read))
    };
    if let Err(what) = said {
        say(&format!("{name}_file"), &what);
    }
}
