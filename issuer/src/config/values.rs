//! The types of settings: each takes only what makes sense, and says what that is.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use axum::http::HeaderName;
use serde::{Deserialize, Deserializer, de};
use subtle::ConstantTimeEq;
use tegata::Secret;
use tegata::code::{AliasPeriod, Prefix};
use zeroize::Zeroizing;

use super::secret_file::read_secret_file;
use crate::domain::secret_text;

/// What the service seals and hashes with: 32 bytes.
#[derive(Clone)]
pub struct ServerKey(std::sync::Arc<Secret<32>>);

impl ServerKey {
    /// Reads 64 hex digits; white space around them is what editors leave.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut bytes = Zeroizing::new([0; 32]);
        let read = hex::decode_to_slice(text.trim(), bytes.as_mut_slice());
        read.map_err(|_| "a server key is 64 hex digits")?;
        Ok(Self::of_bytes(&bytes))
    }

    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let text = read_secret_file(file)?;
        Self::parse(&text).map_err(|what| format!("{}: {what}", file.display()))
    }

    pub(super) fn of_bytes(bytes: &[u8; 32]) -> Self {
        Self(std::sync::Arc::new(Secret::new(bytes)))
    }

    /// The bytes, for the keys derived from them.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

impl PartialEq for ServerKey {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<'de> Deserialize<'de> for ServerKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&secret_text(deserializer)?).map_err(de::Error::custom)
    }
}

/// What payment codes begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePrefix(pub(super) Prefix);

impl Default for CodePrefix {
    #[expect(clippy::expect_used, reason = "four digits are a prefix")]
    fn default() -> Self {
        Self("4960".parse().expect("a prefix"))
    }
}

impl<'de> Deserialize<'de> for CodePrefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

/// How long an alias stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AliasSeconds(pub(super) AliasPeriod);

impl<'de> Deserialize<'de> for AliasSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a multiple of 30 seconds, from 30 on, is expected";
        let seconds = u32::deserialize(deserializer).map_err(|_| de::Error::custom(expected))?;
        AliasPeriod::new(seconds).map(Self).map_err(|_| de::Error::custom(expected))
    }
}

/// Whole seconds, 1 to 3600.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(u16);

impl Seconds {
    const MAX: u16 = 3600;

    pub(super) const fn constant<const N: u16>() -> Self {
        const { assert!(1 <= N && N <= Self::MAX) }
        Self(N)
    }

    /// Gives the seconds as a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u16::deserialize(deserializer) {
            Ok(seconds @ 1..=Self::MAX) => Ok(Self(seconds)),
            _ => Err(de::Error::custom("whole seconds from 1 to 3600 are expected")),
        }
    }
}

/// Days for which a till may void a payment, 0 to 99: its own number of the sale is kept for a hundred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VoidDays(u8);

impl VoidDays {
    /// Gives the number of days.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for VoidDays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer) {
            Ok(days @ 0..=99) => Ok(Self(days)),
            _ => Err(de::Error::custom("whole days from 0 to 99 are expected")),
        }
    }
}

/// A limit on how many there may be, 1 to 65,535.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(std::num::NonZeroU16);

impl Count {
    pub(super) const fn constant<const N: u16>() -> Self {
        Self(const { std::num::NonZeroU16::new(N).unwrap() })
    }

    /// Gives the number as an index.
    #[must_use]
    pub fn get(self) -> usize {
        self.0.get().into()
    }
}

impl From<Count> for std::num::NonZeroUsize {
    fn from(count: Count) -> Self {
        count.0.into()
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let count = std::num::NonZeroU16::deserialize(deserializer);
        count.map(Self).map_err(|_| de::Error::custom("a number from 1 to 65535 is expected"))
    }
}

/// The name of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderNamed(pub(crate) HeaderName);

impl<'de> Deserialize<'de> for HeaderNamed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?.parse();
        name.map(Self).map_err(|_| de::Error::custom("the name of a header is expected"))
    }
}

/// How the log is written, on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for a person to read.
    Text,
    /// One JSON object a line.
    Json,
}

/// The least severity of lines in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Internal errors, and nothing else.
    Error,
    /// Errors, and what an operator should look into.
    Warn,
    /// Also one line for each request.
    Info,
    /// Also the steps within requests.
    Debug,
}

/// The header in which trusted proxies say whom they speak for. The others mean nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum ForwardedHeader {
    /// No header: the client is the other end of the connection.
    #[default]
    #[serde(rename = "none")]
    None,
    /// `X-Forwarded-For`: addresses between commas, each proxy adding at the right.
    #[serde(rename = "x-forwarded-for")]
    XForwardedFor,
    /// The header `Forwarded` (RFC 7239).
    #[serde(rename = "forwarded")]
    Forwarded,
}
