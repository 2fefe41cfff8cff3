//! The settings of a service, put together and checked.

use super::layers::{ConfigError, ConfigErrors, Layers};
use super::mail::Mail;
use super::processor::Processor;
use super::secret::{SecretSetting, from_file};
use super::settings::Config;
use super::values::{ForwardedHeader, ServerKey};
use crate::domain::Decimals;

impl Config {
    /// Puts the layers together, the later ones on top: defaults, file, environment, flags. Reads the configuration's
    /// file, and the server key's.
    ///
    /// # Errors
    /// [`ConfigErrors`]: everything that is wrong, not only the first.
    pub fn load(layers: &Layers) -> Result<Self, ConfigErrors> {
        let (config, mut wrong) = Self::read(layers)?;
        wrong.extend(config.contradictions());
        if wrong.is_empty() { Ok(config) } else { Err(ConfigErrors(wrong)) }
    }

    /// Does what [`load`](Self::load) does, for a service: it also has to have whoever sends its mail and charges its
    /// cards.
    ///
    /// # Errors
    /// [`ConfigErrors`]: everything that is wrong, not only the first.
    pub fn load_to_serve(layers: &Layers) -> Result<Self, ConfigErrors> {
        let (config, mut wrong) = Self::read(layers)?;
        wrong.extend(config.wrong_to_serve());
        if wrong.is_empty() { Ok(config) } else { Err(ConfigErrors(wrong)) }
    }

    /// Puts the layers together, and says which files of secrets cannot be read.
    ///
    /// # Errors
    /// [`ConfigErrors`]: the settings that cannot be read at all.
    pub(crate) fn read(layers: &Layers) -> Result<(Self, Vec<ConfigError>), ConfigErrors> {
        let mut config = layers.read()?;
        let wrong = config.read_secrets();
        Ok((config, wrong))
    }

    /// Finds everything that keeps a service from running with these settings. A start and `--check` ask this alone.
    pub(crate) fn wrong_to_serve(&self) -> Vec<ConfigError> {
        let mut wrong = self.contradictions();
        wrong.extend(self.unfit_to_serve());
        wrong
    }

    /// Says what is wrong with the currency, if anything: amounts would be shown and charged as other ones.
    fn currency_error(&self) -> Option<ConfigError> {
        let error = |name: &str, what: String| Some(ConfigError { name: name.to_owned(), what });
        let currency = &self.currency;
        let Some(known) = currency.decimals() else {
            return error("currency", format!("{currency} is not an active currency of ISO 4217"));
        };
        match self.currency_decimals {
            Some(set) if set != known => {
                let [known, set] = [known, set].map(Decimals::get);
                let what = format!(
                    "is {set}, but {currency} has {known} (ISO 4217): leave currency_decimals out"
                );
                error("currency_decimals", what)
            }
            _ => None,
        }
    }

    /// Finds what keeps these settings from being those of a service: nobody who sends mail or charges cards, or the
    /// stand-ins of development where it is not development, or beside a processor that moves money.
    fn unfit_to_serve(&self) -> Vec<ConfigError> {
        let mut wrong = Vec::new();
        let mut say = |name: &str, what: &str| {
            wrong.push(ConfigError { name: name.to_owned(), what: what.to_owned() });
        };
        match self.mail() {
            None => say(
                "mail",
                "is missing: set smtp://HOST:PORT or smtps://HOST:PORT, or try the service out with --development",
            ),
            Some(Mail::Mailbox) if !self.development => {
                say("mail", "is mailbox, which shows every code: it needs --development");
            }
            Some(_) => {}
        }
        match self.processor() {
            None => say(
                "processor",
                "is missing: set https://HOST and processor_key_file, or try the service out with --development",
            ),
            Some(Processor::Sandbox(_)) if !self.development => {
                say("processor", "is the sandbox, which moves no money: it needs --development");
            }
            Some(processor) if self.development && processor.moves_money() => say(
                "development",
                "is on, but the processor moves money: use the sandbox, or set mail and switch it off",
            ),
            Some(_) => {}
        }
        wrong
    }

    /// Reads the server key, the password of mail and the processor's key from their files.
    fn read_secrets(&mut self) -> Vec<ConfigError> {
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
        wrong
    }

    /// Finds settings that do not go together.
    fn contradictions(&self) -> Vec<ConfigError> {
        let mut wrong = Vec::from_iter(self.currency_error());
        let mut say = |name: &str, what: &str| {
            wrong.push(ConfigError { name: name.to_owned(), what: what.to_owned() });
        };
        // A file that cannot be read is said already.
        let has_key = self.processor_key.is_some() || self.processor_key_file.is_some();
        if matches!(self.processor(), Some(Processor::At(_))) != has_key {
            say("processor_key", "and a processor other than the sandbox must be set together");
        }
        match (self.mail(), &self.mail_from) {
            (Some(Mail::Mailbox), _) if self.is_public() => {
                say(
                    "mail",
                    "is mailbox, whose page is for this machine only, but listen or internal_listen is a public address",
                );
            }
            (Some(Mail::Smtp(_)), None) => {
                say("mail_from", "is missing: it is required for mail over SMTP");
            }
            _ => {}
        }
        if self.listen == self.internal_listen && self.listen.port() != 0 {
            say("internal_listen", "is listen: what it has is not for everybody");
        }
        if let Err(what) = self.store.check_encryption() {
            say("store", what);
        }
        let has_password = self.mail_password.is_some() || self.mail_password_file.is_some();
        if self.mail_user.is_some() != has_password {
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

    /// Tells whether others than this machine reach one of the addresses.
    pub(crate) fn is_public(&self) -> bool {
        [self.listen, self.internal_listen].iter().any(|address| !address.ip().is_loopback())
    }
}
