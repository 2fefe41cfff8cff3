//! An issuer on loopback: the real service, with a temporary store and a mailbox in memory.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tegata::protocol::Handle;
use tegata::{AccountProfile, Clock, Secret, SystemRandom};
use tegata_issuer::admin::Operator;
use tegata_issuer::{App, Config, Environment, Mailbox};

use crate::failure::Failure;
use crate::issuer_client::IssuerClient;

/// The shopper's mail address.
pub(super) const ADDRESS: &str = "hanako@example.org";

/// The display name of the shopper's device.
pub(super) const PHONE: &str = "Hanako's phone";

/// How long a step waits for a mail.
const MAIL_TIMEOUT: Duration = Duration::from_secs(10);

/// The issuer's service and its mailbox.
pub(super) struct DemoIssuer {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) client: IssuerClient,
    pub(super) profile: AccountProfile,
    config: Config,
    mailbox: Arc<Mailbox>,
    service: Option<App>,
}

impl DemoIssuer {
    pub(super) fn open(folder: &Path, clock: &Arc<dyn Clock>) -> Result<Self, Failure> {
        let failed = |e: &dyn std::fmt::Display| Failure::cannot("start the issuer")(e);
        let key: Secret<32> = Secret::make(&SystemRandom::new()).map_err(|e| failed(&e))?;
        let config: Config = serde_json::from_value(json!({
            "development": true,
            "listen": "127.0.0.1:0",
            "store": format!("sqlite:{}", folder.join("issuer.sqlite").display()),
            "server_key": hex::encode(key.expose()),
        }))
        .map_err(|e| failed(&e))?;
        let mailbox = Arc::new(Mailbox::default());
        let service = App::builder(config.clone())
            .environment(environment(clock))
            .mail_transport(mailbox.clone())
            .start()
            .map_err(|e| failed(&e))?;
        let issuer = format!("http://{}", service.address()).parse().map_err(|e| failed(&e))?;
        let handle: Handle = ADDRESS.parse().map_err(|e| failed(&e))?;
        let device_name = PHONE.to_owned().try_into().map_err(|e| failed(&e))?;
        Ok(Self {
            clock: Arc::clone(clock),
            client: IssuerClient::new(&issuer)?,
            profile: AccountProfile { handle, issuer, device_name },
            config,
            mailbox,
            service: Some(service),
        })
    }

    /// Another client of the issuer.
    pub(super) fn new_client(&self) -> Result<IssuerClient, Failure> {
        IssuerClient::new(&self.profile.issuer)
    }

    /// The operator of the issuer.
    pub(super) fn operator(&self) -> Result<Operator, Failure> {
        let operator = Operator::open(self.config.clone(), environment(&self.clock));
        operator.map_err(|e| Failure::cannot("operate the issuer")(&e))
    }

    /// Waits for the `nth` mail to the shopper with `subject` in its subject; returns its text.
    pub(super) fn mail(&self, nth: usize, subject: &str) -> Result<String, Failure> {
        let started = Instant::now();
        loop {
            let mails = self.mailbox.mails();
            let is_expected = |mail: &&tegata_issuer::OutgoingEmail| {
                mail.to.address() == ADDRESS && mail.subject.contains(subject)
            };
            if let Some(mail) = mails.iter().filter(is_expected).nth(nth) {
                return Ok(mail.body.clone());
            }
            if started.elapsed() > MAIL_TIMEOUT {
                return Err(Failure::Failed(format!(
                    "no mail with this subject arrived: {subject}"
                )));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The addresses of all mails sent, each once.
    pub(super) fn mailed_to(&self) -> Vec<String> {
        let mails = self.mailbox.mails();
        let mut to: Vec<String> = mails.iter().map(|mail| mail.to.address().to_owned()).collect();
        to.sort();
        to.dedup();
        to
    }
}

impl Drop for DemoIssuer {
    fn drop(&mut self) {
        if let Some(service) = self.service.take() {
            service.stop();
        }
    }
}

fn environment(clock: &Arc<dyn Clock>) -> Environment {
    Environment { clock: Arc::clone(clock), ..Environment::system() }
}
