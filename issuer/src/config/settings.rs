//! All settings, with their defaults.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;
use tegata::code::{AttemptLimits, Scheme};

use super::mail::{Mail, Sender};
use super::processor::Processor;
use super::secret::SecretSetting;
use super::values::{
    AliasSeconds, CodePrefix, Count, ForwardedHeader, HeaderNamed, LogFormat, LogLevel, Seconds,
    ServerKey, VoidDays,
};
use crate::domain::{Amount, Cap, Currency, DayOffset, Decimals, PaymentRules, StoreUrl};

/// All settings. Each has a default that runs on this machine alone; names in the file are the fields', in the
/// environment `TEGATA_ISSUER_` and the field's in capitals.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What payment codes begin with: 4 to 8 digits, for good once credentials were made with them.
    pub code_prefix: CodePrefix,
    /// For how long a shopper is known at tills under the same digits: seconds, a multiple of 30.
    pub alias_seconds: AliasSeconds,
    /// Whether somebody tries the service out on their own machine: then the mailbox page takes the place of mail and
    /// the sandbox that of a processor, as far as these are not set.
    pub development: bool,
    /// Where to listen: address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where to listen for whoever runs the service: `/metrics`, health, and in development the mailbox page.
    pub internal_listen: SocketAddr,
    /// Where accounts are kept.
    pub store: StoreUrl,
    /// 32 bytes in 64 hex digits that second factors, seeds and codes are sealed with. In the environment, or by
    /// `server_key_file`.
    pub server_key: Option<ServerKey>,
    /// A file that holds what `server_key` would say.
    pub server_key_file: Option<PathBuf>,
    /// Where mail goes: a server, or, in development, a page of the service's own. See [`Config::mail`].
    pub mail: Option<Mail>,
    /// Whom it comes from.
    pub mail_from: Option<Sender>,
    /// As whom the service logs in at the server of mail.
    pub mail_user: Option<String>,
    /// With what. In the environment, or by `mail_password_file`.
    pub mail_password: Option<SecretSetting>,
    /// A file that holds what `mail_password` would say.
    pub mail_password_file: Option<PathBuf>,
    /// Who charges cards: one that speaks Stripe's interface, or, in development, the sandbox without money. See
    /// [`Config::processor`].
    pub processor: Option<Processor>,
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
    /// Mails that one network may cause in an hour by sign-ups, and by resets on devices that nobody knows; a fifth of
    /// `requests_per_minute` if it is not set. The networks around it have eight times as many together (an IPv4 /24) or
    /// sixteen times (an IPv6 /48).
    pub mails_per_network: Option<NonZeroU32>,
    /// Mails of sign-ups in an hour, of all networks; fifty times as many as one network's if it is not set.
    pub sign_up_mails: Option<NonZeroU32>,
    /// Requests of one till in a minute, by its token: they do not count as its network's.
    pub till_requests_per_minute: NonZeroU32,
    /// Networks of the operator's own, such as its shops': each has a limit of its own.
    pub own_networks: Vec<IpNet>,
    /// Requests of one of the operator's own networks in a minute.
    pub own_requests_per_minute: NonZeroU32,
    /// For the head of a request, from its first byte, and for the first one and the handshake of TLS from the moment
    /// that the connection is there.
    pub header_seconds: Seconds,
    /// For a connection between two requests: longer than a load balancer keeps one, so that it is the balancer that
    /// closes it.
    pub idle_seconds: Seconds,
    /// For the body of a request.
    pub body_seconds: Seconds,
    /// For a client to take the next part of a response, 16 KiB or all that is left.
    pub write_seconds: Seconds,
    /// For all of a request.
    pub request_seconds: Seconds,
    /// For requests under way when the service is told to stop.
    pub stop_seconds: Seconds,
    /// Threads that hash passwords, each with 19 MiB.
    pub password_threads: Count,
    /// Passwords that wait to be hashed, with messages of devices that the account knows and of all others each; more are
    /// told to come again.
    pub password_queue: Count,
    /// A file of passwords that are refused: one a line, or its SHA-1 in hex digits.
    pub breached_passwords: Option<PathBuf>,
    /// The one currency that is taken (ISO 4217).
    pub currency: Currency,
    /// How many of its digits are behind the point, as ISO 4217 says, which is taken without it. Any other number is
    /// refused.
    pub currency_decimals: Option<Decimals>,
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
    /// For how many days after the day of a payment its till may void it: 0 for that day alone.
    pub till_void_days: VoidDays,
}

impl Default for Config {
    fn default() -> Self {
        let loopback = ["127.0.0.0/8", "::1/128"].into_iter().flat_map(str::parse).collect();
        Self {
            code_prefix: CodePrefix::default(),
            alias_seconds: AliasSeconds::default(),
            development: false,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            internal_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            store: StoreUrl::Sqlite("tegata-issuer.sqlite".into()),
            server_key: None,
            server_key_file: None,
            mail: None,
            mail_from: None,
            mail_user: None,
            mail_password: None,
            mail_password_file: None,
            processor: None,
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
            till_requests_per_minute: const { NonZeroU32::new(600).unwrap() },
            own_networks: Vec::new(),
            own_requests_per_minute: const { NonZeroU32::new(60_000).unwrap() },
            mails_per_network: None,
            sign_up_mails: None,
            header_seconds: Seconds::constant::<10>(),
            idle_seconds: Seconds::constant::<75>(),
            body_seconds: Seconds::constant::<10>(),
            write_seconds: Seconds::constant::<10>(),
            request_seconds: Seconds::constant::<30>(),
            stop_seconds: Seconds::constant::<20>(),
            password_threads: Count::constant::<1>(),
            password_queue: Count::constant::<32>(),
            breached_passwords: None,
            currency: Currency::yen(),
            currency_decimals: None,
            payment_limit: Amount::constant::<50_000>(),
            day_limit: Amount::constant::<100_000>(),
            low_payment_limit: Amount::constant::<5_000>(),
            low_day_limit: Amount::constant::<10_000>(),
            day_offset_minutes: DayOffset::JAPAN,
            till_void_days: VoidDays::default(),
        }
    }
}

impl Config {
    /// Gives where mail goes: as it is set, in development without a setting to the mailbox page; `None` if it goes
    /// nowhere.
    #[must_use]
    pub fn mail(&self) -> Option<&Mail> {
        self.mail.as_ref().or(self.development.then_some(&Mail::Mailbox))
    }

    /// Gives who charges cards: as it is set, in development without a setting the sandbox; `None` if nobody does.
    #[must_use]
    pub fn processor(&self) -> Option<&Processor> {
        self.processor.as_ref().or(self.development.then_some(&Processor::Sandbox(None)))
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

    /// How many mails one network may cause in an hour.
    #[must_use]
    pub fn network_mails(&self) -> NonZeroU32 {
        let usual = NonZeroU32::new(self.requests_per_minute.get() / 5);
        self.mails_per_network.or(usual).unwrap_or(NonZeroU32::MIN)
    }

    /// How many mails of sign-ups there may be in an hour.
    #[must_use]
    pub fn total_sign_up_mails(&self) -> NonZeroU32 {
        let usual = self.network_mails().saturating_mul(const { NonZeroU32::new(50).unwrap() });
        self.sign_up_mails.unwrap_or(usual)
    }

    /// What holds for payments.
    #[must_use]
    pub fn payment_rules(&self) -> PaymentRules {
        let cap = |payment: Amount, day: Amount| Cap { payment: payment.get(), day: day.get() };
        PaymentRules {
            currency: self.currency.clone(),
            decimals: self.currency.decimals().unwrap_or(Decimals::NONE),
            usual: cap(self.payment_limit, self.day_limit),
            low: cap(self.low_payment_limit, self.low_day_limit),
            day_offset: self.day_offset_minutes,
            void_days: self.till_void_days.get(),
            attempts: AttemptLimits::default(),
        }
    }

    fn beside_store(&self, suffix: &str) -> Option<PathBuf> {
        let StoreUrl::Sqlite(file) = &self.store else { return None };
        let mut name = file.clone().into_os_string();
        name.push(suffix);
        Some(name.into())
    }
}
