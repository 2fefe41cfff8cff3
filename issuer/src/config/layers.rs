//! Where settings come from, and which of them wins.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use toml::{Table, Value};

use super::secret_file::is_seen_by_others;
use super::settings::Config;
use crate::domain::StoreUrl;

/// What the environment's names begin with.
const PREFIX: &str = "TEGATA_ISSUER_";

/// Settings as they were given, from the weakest to the strongest: file, environment, flags.
#[derive(Default)]
pub struct Layers {
    /// A file of TOML. Without it, the one that `TEGATA_ISSUER_CONFIG` names, if any.
    pub file: Option<PathBuf>,
    /// Names and values; those that do not begin with `TEGATA_ISSUER_` are others' business.
    pub environment: Vec<(OsString, OsString)>,
    /// Names of settings and values, of flags that were given.
    pub flags: Vec<(&'static str, String)>,
}

/// One thing wrong in how the service is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where: `--listen`, `TEGATA_ISSUER_LISTEN`, `listen in FILE`.
    pub name: String,
    /// What is wrong with it, and what is expected.
    pub what: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.what)
    }
}

/// All that is wrong in how the service is set up, one in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid configuration")?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl std::error::Error for ConfigErrors {}

impl Layers {
    /// Gives the names of variables that look like settings and are not: Kubernetes sets them for a Service named
    /// `tegata-issuer`. They are ignored.
    #[must_use]
    pub fn ignored(&self) -> Vec<&str> {
        let named = self.environment.iter().filter_map(|(name, value)| {
            let name = name.to_str()?;
            let key = name.strip_prefix(PREFIX)?.to_ascii_lowercase();
            is_of_a_cluster(&key, &value.to_string_lossy()).then_some(name)
        });
        named.collect()
    }

    /// The layers on top of each other. Each setting is looked at by itself, so that all wrong ones are found.
    pub(super) fn read(&self) -> Result<Config, ConfigErrors> {
        let mut table = Table::new();
        let mut wrong = Vec::new();
        let mut file = self.file.clone();
        let mut take = |name: String, key: &str, value: Result<Value, String>| match value
            .and_then(|value| alone(key, &value).map(|()| value))
        {
            Ok(value) => drop(table.insert(key.to_owned(), value)),
            Err(what) => wrong.push(ConfigError { name, what }),
        };
        let mut environment = Vec::new();
        for (name, value) in &self.environment {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            let key = name[PREFIX.len()..].to_ascii_lowercase();
            if is_of_a_cluster(&key, &value.to_string_lossy()) {
                continue;
            }
            match (key.as_str(), value.to_str()) {
                ("config", _) => file = file.or_else(|| Some(value.into())),
                (_, Some(text)) => environment.push((name.to_owned(), key, text)),
                (_, None) => take(name.to_owned(), &key, Err("is not UTF-8".to_owned())),
            }
        }
        if let Some(file) = &file {
            let shown = file.display();
            match read_file(file) {
                Ok(settings) => {
                    let is_seen = std::fs::metadata(file).is_ok_and(|its| is_seen_by_others(&its));
                    settings.into_iter().for_each(|(key, value)| {
                        let is_exposed = is_seen && is_secret(&key, &value);
                        let value = if is_exposed { Err(EXPOSED.to_owned()) } else { Ok(value) };
                        take(format!("{key} in {shown}"), &key, value);
                    });
                }
                Err(what) => take(shown.to_string(), "", Err(what)),
            }
        }
        for (name, key, text) in environment {
            take(name, &key, from_text(&key, text));
        }
        for (key, text) in &self.flags {
            let value = if *key == "store" && StoreUrl::has_password(text) {
                Err(format!(
                    "a password here is visible to everyone who lists processes: put it into \
                     {PREFIX}STORE or the file"
                ))
            } else {
                from_text(key, text)
            };
            take(format!("--{}", key.replace('_', "-")), key, value);
        }
        if !wrong.is_empty() {
            return Err(ConfigErrors(wrong));
        }
        Config::deserialize(table).map_err(|error| {
            let what = error.message().to_owned();
            ConfigErrors(vec![ConfigError { name: "the combined settings".to_owned(), what }])
        })
    }
}

/// What is said of a secret in a file that others can read.
const EXPOSED: &str = "is a secret, and the file is readable by other users: chmod 600 it, or give the secret a file of its own";

/// Tells whether the value of a setting is a secret.
fn is_secret(key: &str, value: &Value) -> bool {
    match key {
        "server_key" | "mail_password" | "processor_key" => true,
        "store" => value.as_str().is_some_and(StoreUrl::has_password),
        _ => false,
    }
}

/// Tells whether a variable is one that Kubernetes sets in every container for a Service named `tegata-issuer`:
/// `…_SERVICE_HOST`, `…_SERVICE_PORT`, `…_PORT=tcp://…`, `…_PORT_8080_TCP_ADDR`.
fn is_of_a_cluster(key: &str, value: &str) -> bool {
    let is_transport = |name: &str| ["tcp", "udp", "sctp"].contains(&name);
    if key == "port" {
        return value.split_once("://").is_some_and(|(scheme, _)| is_transport(scheme));
    }
    if let Some(rest) = key.strip_prefix("port_") {
        let mut parts = rest.split('_');
        let is_port = parts.next().is_some_and(|port| port.parse::<u16>().is_ok());
        return is_port && parts.next().is_some_and(is_transport);
    }
    key == "service_host" || key == "service_port" || key.starts_with("service_port_")
}

fn read_file(file: &Path) -> Result<Table, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read it: {error}"))?;
    text.parse::<Table>().map_err(|error: toml::de::Error| {
        // The library's own text shows the line, which may hold a secret.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        format!("line {} is not TOML", before.matches('\n').count() + 1)
    })
}

/// Whether a setting can be read on its own.
fn alone(key: &str, value: &Value) -> Result<(), String> {
    if !names().contains(&key) {
        return Err("unknown setting; docs/issuer.md lists them".to_owned());
    }
    let table = Table::from_iter([(key.to_owned(), value.clone())]);
    Config::deserialize(table).map(drop).map_err(|error| error.message().to_owned())
}

/// A setting given as text: the text itself where that is what the setting wants, else what it means in TOML.
fn from_text(key: &str, text: &str) -> Result<Value, String> {
    let plain = Value::String(text.to_owned());
    let Err(what) = alone(key, &plain) else { return Ok(plain) };
    let literal: Table = match format!("value = {text}").parse() {
        Ok(literal) => literal,
        Err(_) => return Err(what),
    };
    match (literal.len(), literal.into_iter().next()) {
        (1, Some((_, value))) if !value.is_str() => Ok(value),
        _ => Err(what),
    }
}

/// The names of all settings, as serde knows them.
pub(super) fn names() -> &'static [&'static str] {
    struct Names<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Names<'_> {
        type Error = de::value::Error;

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = fields;
            Err(de::Error::custom("only the names were wanted"))
        }

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(de::Error::custom("a struct is expected"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut names: &'static [&'static str] = &[];
    let _ = Config::deserialize(Names(&mut names));
    names
}
