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
        let mut config = layers.read()?;
        let mut wrong = config.validate();
        wrong.extend(config.currency_error());
        if wrong.is_empty() { Ok(config) } else { Err(ConfigErrors(wrong)) }
    }

    /// Says what is wrong with the currency, if anything: amounts would be shown and charged as other ones.
    #[must_use]
    pub fn currency_error(&self) -> Option<ConfigError> {
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

    /// Settings that do not go together; on the way the server key and the password of mail are read from their files.
    fn validate(&mut self) -> Vec<ConfigError> {
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
                say("mail_from", "is missing: it is required for mail over SMTP");
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
