//! How the service is set up. docs/issuer.md has the table.

mod key_file;
mod layers;
mod mail;
mod processor;
mod secret;
mod values;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;
use tegata::code::{AttemptLimits, Scheme};

pub use crate::domain::StoreUrl;
pub use key_file::{KeyFileError, make_key_file, read_key_file};
pub use layers::{ConfigError, ConfigErrors, Layers};
pub use mail::{Mail, Security, Sender, Smtp};
pub use processor::Processor;
pub use secret::SecretSetting;
pub use values::{
    AliasSeconds, CodePrefix, Count, ForwardedHeader, HeaderNamed, LogFormat, LogLevel, Seconds,
    ServerKey,
};

use crate::domain::{Amount, Cap, Currency, DayOffset, Decimals, PaymentRules};
use secret::from_file;

/// All settings. Each has a default that runs on this machine alone; names in the file are the fields', in the
/// environment `TEGATA_ISSUER_` and the field's in capitals.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What payment codes begin with: 4 to 8 digits, for good once credentials were made with them.
    pub code_prefix: CodePrefix,
    /// For how long a shopper is known at tills under the same digits: seconds, a multiple of 30.
    pub alias_seconds: AliasSeconds,
    /// Where to listen: address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where accounts are kept.
    pub store: StoreUrl,
    /// 32 bytes in 64 hex digits that second factors, seeds and codes are sealed with. In the environment, or by
    /// `server_key_file`.
    pub server_key: Option<ServerKey>,
    /// A file that holds what `server_key` would say.
    pub server_key_file: Option<PathBuf>,
    /// Where mail goes: a server, or, on this machine alone, a page of the service's own.
    pub mail: Mail,
    /// Whom it comes from.
    pub mail_from: Option<Sender>,
    /// As whom the service logs in at the server of mail.
    pub mail_user: Option<String>,
    /// With what. In the environment, or by `mail_password_file`.
    pub mail_password: Option<SecretSetting>,
    /// A file that holds what `mail_password` would say.
    pub mail_password_file: Option<PathBuf>,
    /// Who charges cards: ours, which moves no money, or one that speaks Stripe's interface.
    pub processor: Processor,
    /// The secret key of the account there. In the environment, or by `processor_key_file`.
    pub processor_key: Option<SecretSetting>,
    /// A file that holds what `processor_key` would say.
    pub processor_key_file: Option<PathBuf>,
    /// Where it is signed how far the log of events goes. Without it beside SQLite's file, and with `PostgreSQL`
    /// nowhere.
    pub checkpoints: Option<PathBuf>,
    /// The certificates, leaf first, in PEM. With `tls_key`: TLS. Without both: plain HTTP, for a proxy or this machine.
    pub tls_certificate: Option<PathBuf>,
    /// The private key of the leaf, in PEM.
    pub tls_key: Option<PathBuf>,
    /// Networks of proxies whose word on the client counts.
    pub trusted_proxies: Vec<IpNet>,
    /// The one header in which they give it.
    pub forwarded: ForwardedHeader,
    /// A header from which a request's id is taken, if a trusted proxy sent the request.
    pub request_id_header: Option<HeaderNamed>,
    /// Networks that may read `/metrics`.
    pub metrics_networks: Vec<IpNet>,
    /// How the log is written.
    pub log: LogFormat,
    /// What the log leaves out.
    pub log_level: LogLevel,
    /// Connections at a time; more wait until one is free.
    pub connections: Count,
    /// Connections of one network at a time, trusted proxies apart; more are closed at once.
    pub connections_per_network: Count,
    /// Requests of one network in a minute.
    pub requests_per_minute: NonZeroU32,
    /// For the head of a request, from the moment that the connection is free for it, and for the handshake of TLS.
    pub header_seconds: Seconds,
    /// For the body of a request.
    pub body_seconds: Seconds,
    /// For all of a request.
    pub request_seconds: Seconds,
    /// For requests under way when the service is told to stop.
    pub stop_seconds: Seconds,
    /// Threads that hash passwords, each with 19 MiB.
    pub password_threads: Count,
    /// Passwords that wait to be hashed, with messages of devices that the account knows and of all others each; more are
    /// told to come again.
    pub password_queue: Count,
    /// The one currency that is taken (ISO 4217).
    pub currency: Currency,
    /// How many of its digits are behind the point.
    pub currency_decimals: Decimals,
    /// What may be spent at once, in minor units.
    pub payment_limit: Amount,
    /// What may be spent in a day.
    pub day_limit: Amount,
    /// What may be spent at once for 24 hours with a new device, and after a reset.
    pub low_payment_limit: Amount,
    /// What may be spent in such a day.
    pub low_day_limit: Amount,
    /// Minutes by which the day of `day_limit` begins earlier than that of UTC.
    pub day_offset_minutes: DayOffset,
}

impl Default for Config {
    fn default() -> Self {
        let loopback = ["127.0.0.0/8", "::1/128"].into_iter().flat_map(str::parse).collect();
        Self {
            code_prefix: CodePrefix::default(),
            alias_seconds: AliasSeconds::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            store: StoreUrl::Sqlite("tegata-issuer.sqlite".into()),
            server_key: None,
            server_key_file: None,
            mail: Mail::Mailbox,
            mail_from: None,
            mail_user: None,
            mail_password: None,
            mail_password_file: None,
            processor: Processor::Sandbox(None),
            processor_key: None,
            processor_key_file: None,
            checkpoints: None,
            tls_certificate: None,
            tls_key: None,
            trusted_proxies: Vec::new(),
            forwarded: ForwardedHeader::None,
            request_id_header: None,
            metrics_networks: loopback,
            log: LogFormat::Text,
            log_level: LogLevel::Info,
            connections: Count::constant::<1024>(),
            connections_per_network: Count::constant::<128>(),
            requests_per_minute: const { NonZeroU32::new(600).unwrap() },
            header_seconds: Seconds::constant::<10>(),
            body_seconds: Seconds::constant::<10>(),
            request_seconds: Seconds::constant::<30>(),
            stop_seconds: Seconds::constant::<20>(),
            password_threads: Count::constant::<1>(),
            password_queue: Count::constant::<32>(),
            currency: Currency::yen(),
            currency_decimals: Decimals::NONE,
            payment_limit: Amount::constant::<50_000>(),
            day_limit: Amount::constant::<100_000>(),
            low_payment_limit: Amount::constant::<5_000>(),
            low_day_limit: Amount::constant::<10_000>(),
            day_offset_minutes: DayOffset::JAPAN,
        }
    }
}

impl Config {
    /// Puts the layers together, the later ones on top: defaults, file, environment, flags. Reads the configuration's
    /// file, and the server key's.
    ///
    /// # Errors
    /// [`ConfigErrors`]: everything that is wrong, not only the first.
    pub fn load(layers: &Layers) -> Result<Self, ConfigErrors> {
        let mut config = layers.read()?;
        let wrong = config.at_odds();
        if wrong.is_empty() { Ok(config) } else { Err(ConfigErrors(wrong)) }
    }

    /// Where it is signed how far the log goes: the file that is set, or, beside SQLite's, one of its name with
    /// `.checkpoints`.
    #[must_use]
    pub fn checkpoints_file(&self) -> Option<PathBuf> {
        self.checkpoints.clone().or_else(|| self.beside_store(".checkpoints"))
    }

    /// What codes of new credentials begin with, and their alias period.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        Scheme { prefix: self.code_prefix.0, alias_period: self.alias_seconds.0 }
    }

    /// Where the server key lies if none is set: beside SQLite's file, under its name with `.key`.
    #[must_use]
    pub fn key_file(&self) -> Option<PathBuf> {
        self.beside_store(".key")
    }

    /// Where the sandbox keeps its ledger if no file is set: beside SQLite's file, under its name with `.sandbox`; with
    /// `PostgreSQL` in the folder that the service runs in.
    #[must_use]
    pub fn sandbox_file(&self) -> PathBuf {
        self.beside_store(".sandbox").unwrap_or_else(|| "tegata-issuer.sandbox".into())
    }

    /// What holds for payments.
    #[must_use]
    pub fn payment_rules(&self) -> PaymentRules {
        let cap = |payment: Amount, day: Amount| Cap { payment: payment.get(), day: day.get() };
        PaymentRules {
            currency: self.currency.clone(),
            decimals: self.currency_decimals,
            usual: cap(self.payment_limit, self.day_limit),
            low: cap(self.low_payment_limit, self.low_day_limit),
            day_offset: self.day_offset_minutes,
            attempts: AttemptLimits::default(),
        }
    }

    fn beside_store(&self, suffix: &str) -> Option<PathBuf> {
        let StoreUrl::Sqlite(file) = &self.store else { return None };
        let mut name = file.clone().into_os_string();
        name.push(suffix);
        Some(name.into())
    }

    /// Settings that do not go together; on the way the server key and the password of mail are read from their files.
    fn at_odds(&mut self) -> Vec<ConfigError> {
        let mut wrong = Vec::new();
        let mut say = |name: &str, what: &str| {
            wrong.push(ConfigError { name: name.to_owned(), what: what.to_owned() });
        };
        let file = self.server_key_file.as_ref();
        from_file("server_key", &mut self.server_key, file, ServerKey::read, &mut say);
        let file = self.mail_password_file.as_ref();
        from_file("mail_password", &mut self.mail_password, file, SecretSetting::read, &mut say);
        let file = self.processor_key_file.as_ref();
        from_file("processor_key", &mut self.processor_key, file, SecretSetting::read, &mut say);
        if matches!(self.processor, Processor::At(_)) != self.processor_key.is_some() {
            say("processor_key", "and a processor other than the sandbox must be set together");
        }
        match (&self.mail, &self.mail_from) {
            (Mail::Mailbox, _) if !self.listen.ip().is_loopback() => {
                say(
                    "mail",
                    "is mailbox, whose page is for this machine only, but listen is a public address",
                );
            }
            (Mail::Smtp(_), None) => {
                say("mail_from", "is missing: it is required for mail over SMTP")
            }
            _ => {}
        }
        if self.mail_user.is_some() != self.mail_password.is_some() {
            say("mail_user", "and mail_password must be set together");
        }
        match (&self.tls_certificate, &self.tls_key) {
            (Some(_), None) => say("tls_key", "is missing: tls_certificate is set"),
            (None, Some(_)) => say("tls_certificate", "is missing: tls_key is set"),
            _ => {}
        }
        let has_header =
            self.forwarded != ForwardedHeader::None || self.request_id_header.is_some();
        if has_header && self.trusted_proxies.is_empty() {
            say("trusted_proxies", "is empty, so forwarded and request_id_header have no effect");
        }
        if self.forwarded == ForwardedHeader::None
            && self.request_id_header.is_none()
            && !self.trusted_proxies.is_empty()
        {
            say("forwarded", "is none, so trusted_proxies has no effect");
        }
        if self.payment_limit > self.day_limit || self.low_payment_limit > self.low_day_limit {
            say("payment_limit", "exceeds what can be spent in a day: see day_limit");
        }
        if self.low_payment_limit > self.payment_limit || self.low_day_limit > self.day_limit {
            say(
                "low_payment_limit",
                "and low_day_limit must not exceed payment_limit and day_limit",
            );
        }
        if self.connections_per_network.get() > self.connections.get() {
            let what = "exceeds connections, so one network could hold all of them";
            say("connections_per_network", what);
        }
        if self.body_seconds > self.request_seconds {
            say("body_seconds", "exceeds request_seconds, which includes it");
        }
        wrong
    }
}

#[cfg(test)]
mod tests;
