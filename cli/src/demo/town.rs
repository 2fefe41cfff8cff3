//! An issuer on loopback, as real as any: temporary store, mailbox in memory. And who has an account there, or wants one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tegata::formats::otpauth;
use tegata::protocol::Handle;
use tegata::protocol::{
    AddCard, CardToken, Language, MailedCodeText, PasswordText, SecondFactor, TotpText,
};
use tegata::vault::{Argon2Params, OtpCredential, PaymentUnlock, RecordId, SoftwareKeystore};
use tegata::{
    AccountProfile, Clock, Device, Random, Secret, SplitSession, SystemRandom, UnixTime, Wallet,
};
use tegata_issuer::admin::Operator;
use tegata_issuer::config::Config;
use tegata_issuer::domain::Environment;
use tegata_issuer::mail::Mailbox;
use tegata_issuer::{Handle as Service, start};

use super::stage::PHONE;
use crate::carry::{Carrier, NoAnswer};
use crate::failure::Failure;

pub(super) const ADDRESS: &str = "hanako@example.org";
pub(super) const PASSWORD: &str = "four quiet herons";

/// A card of the sandbox's, which has money.
const CARD: &str = "pm_card_visa";

/// The demo's wallets have no payment lock: they live for minutes, in a folder of their own.
pub(super) const LEAVE: &PaymentUnlock = &PaymentUnlock::without_lock();

/// A mail is on its way for less; no step waits for longer.
const MAIL: Duration = Duration::from_secs(10);

/// The issuer and its mailbox.
pub(super) struct Town {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) carrier: Carrier,
    at: AccountProfile,
    config: Config,
    mailbox: Arc<Mailbox>,
    service: Option<Service>,
}

/// Somebody with a device of their own: a wallet and its keystore.
pub(super) struct Person {
    pub(super) wallet: Wallet,
    pub(super) at: AccountProfile,
    pub(super) device: Device,
    /// The authenticator, which is another device.
    pub(super) factor: Option<OtpCredential>,
}

/// What went wrong on the way to a request is a fault of the demo's; what the issuer says to it is what is told.
pub(super) type Asked<T> = Result<Result<T, NoAnswer>, Failure>;

impl Town {
    pub(super) fn open(folder: &Path, clock: &Arc<dyn Clock>) -> Result<Self, Failure> {
        let failed = |e: &dyn std::fmt::Display| Failure::to("start the issuer")(e);
        let key: Secret<32> = Secret::make(&SystemRandom::new()).map_err(|e| failed(&e))?;
        let config: Result<Config, _> = serde_json::from_value(json!({
            "listen": "127.0.0.1:0",
            "store": format!("sqlite:{}", folder.join("issuer.sqlite").display()),
            "server_key": hex::encode(key.expose()),
        }));
        let config = config.map_err(|e| failed(&e))?;
        let mailbox = Arc::new(Mailbox::default());
        let service = start(config.clone(), world(clock), mailbox.clone());
        let service = service.map_err(|e| failed(&e))?;
        let issuer = format!("http://{}", service.address()).parse().map_err(|e| failed(&e))?;
        let handle: Handle = ADDRESS.parse().map_err(|e| failed(&e))?;
        let device_name = PHONE.to_owned().try_into().map_err(|e| failed(&e))?;
        Ok(Self {
            clock: Arc::clone(clock),
            carrier: Carrier::to(&issuer)?,
            at: AccountProfile { handle, issuer, device_name },
            config,
            mailbox,
            service: Some(service),
        })
    }

    /// Another way to the issuer.
    pub(super) fn carrier(&self) -> Result<Carrier, Failure> {
        Carrier::to(&self.at.issuer)
    }

    /// Who runs the issuer.
    pub(super) fn operator(&self) -> Result<Operator, Failure> {
        let operator = Operator::open(self.config.clone(), world(&self.clock));
        operator.map_err(|e| Failure::to("operate the issuer")(&e))
    }

    /// Somebody new with a device that is called so, and who says that the account is theirs.
    pub(super) fn person(
        &self,
        folder: &Path,
        device_name: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Person, Failure> {
        let failed = |e: &dyn std::fmt::Display| Failure::to("make a wallet")(e);
        let folder = folder.join(device_name);
        std::fs::create_dir(&folder).map_err(|e| failed(&e))?;
        let device = device(&folder, clock)?;
        let wallet =
            Wallet::create(&folder.join("wallet.vault"), &device).map_err(|e| failed(&e))?;
        let device_name = device_name.to_owned().try_into().map_err(|e| failed(&e))?;
        let at = AccountProfile { device_name, ..self.at.clone() };
        Ok(Person { wallet, at, device, factor: None })
    }

    /// The text of the last mail to the shopper whose subject says this.
    pub(super) fn mail(&self, nth: usize, subject: &str) -> Result<String, Failure> {
        let begun = Instant::now();
        loop {
            let mails = self.mailbox.mails();
            let ours = |mail: &&tegata_issuer::accounts::Posted| {
                mail.to.address() == ADDRESS && mail.subject.contains(subject)
            };
            if let Some(mail) = mails.iter().filter(ours).nth(nth) {
                return Ok(mail.body.clone());
            }
            if begun.elapsed() > MAIL {
                return Err(Failure::No(format!("no mail with this subject arrived: {subject}")));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// To whom mail went, of all that was sent.
    pub(super) fn mailed_to(&self) -> Vec<String> {
        let mails = self.mailbox.mails();
        let mut to: Vec<String> = mails.iter().map(|mail| mail.to.address().to_owned()).collect();
        to.sort();
        to.dedup();
        to
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        if let Some(service) = self.service.take() {
            service.stop();
        }
    }
}

impl Person {
    /// Signs up, with the code of the mail and a new second factor.
    pub(super) fn sign_up(&mut self, town: &Town) -> Result<usize, Failure> {
        let asked = self.wallet.account().begin_sign_up(&self.at, Language::En);
        let ticket = self.ask(town, asked)??;
        let code = code_in(&town.mail(0, "verification code")?)?;
        let (account, password) = (self.wallet.account(), password(PASSWORD)?);
        let asked = account.verify_sign_up_code(&self.at, ticket.clone(), code, password);
        let factor = self.ask(town, asked)??;
        let factor = otpauth::parse(factor.expose().as_bytes());
        self.factor = Some(factor.map_err(|e| Failure::to("read the second factor")(&e))?);
        let totp = self.totp(town)?;
        let asked = self.wallet.account().finish_sign_up(&self.at, ticket, totp);
        Ok(self.ask(town, asked)??.len())
    }

    pub(super) fn add_card(&mut self, town: &Town) -> Result<(), Failure> {
        let token = CardToken::new(CARD).map_err(|e| Failure::to("name a card")(&e))?;
        let asked = self.wallet.account().session_request(&AddCard { token });
        self.ask(town, asked)??;
        Ok(())
    }

    /// Has the issuer give what payment codes are made from.
    pub(super) fn provision(&mut self, town: &Town) -> Result<RecordId, Failure> {
        let failed = |e: tegata::Error| Failure::to("get a payment credential")(&e);
        let asked = self.wallet.account().provision().map_err(failed)?;
        let response = town.carrier.carry(asked.envelope())?;
        let given =
            self.wallet.account().complete_provision(LEAVE, "Tegata card", &asked, &response);
        given.map_err(failed)
    }

    /// Has a request carried, and the wallet take the answer.
    pub(super) fn ask<A: SplitSession>(
        &mut self,
        town: &Town,
        asked: Result<tegata::PendingRequest<A>, tegata::Error>,
    ) -> Asked<A::Rest> {
        let asked = asked.map_err(|e| Failure::to("make a request")(&e))?;
        let response = town.carrier.carry(asked.envelope())?;
        match self.wallet.account().complete(&asked, &response) {
            Ok(rest) => Ok(Ok(rest)),
            Err(error) => match NoAnswer::of(error) {
                Ok(no) => Ok(Err(no)),
                Err(error) => Err(Failure::to("store the response")(&error)),
            },
        }
    }

    /// What her authenticator shows.
    pub(super) fn totp(&self, town: &Town) -> Result<TotpText, Failure> {
        let factor = self.factor.as_ref().ok_or_else(|| Failure::No("no second factor".into()))?;
        let code = factor.code(town.clock.now()).map_err(|e| Failure::to("make a code")(&e))?;
        TotpText::new(code.digits()).map_err(|e| Failure::to("make a code")(&e))
    }

    pub(super) fn log_in(
        &mut self,
        town: &Town,
        with: &str,
        factor: Option<SecondFactor>,
    ) -> Asked<bool> {
        let asked = self.wallet.account().log_in(&self.at, password(with)?, factor);
        self.ask(town, asked)
    }
}

pub(super) fn password(text: &str) -> Result<PasswordText, Failure> {
    PasswordText::new(text).map_err(|e| Failure::to("take a password")(&e))
}

/// The eight digits that stand alone in a mail.
pub(super) fn code_in(mail: &str) -> Result<MailedCodeText, Failure> {
    let code = mail.lines().find_map(|line| MailedCodeText::new(line.trim()).ok());
    code.ok_or_else(|| Failure::No("the mail has no code".into()))
}

fn world(clock: &Arc<dyn Clock>) -> Environment {
    Environment { clock: Arc::clone(clock), ..Environment::system() }
}

/// The clock of a phone: right, or ahead of another by some seconds.
pub(super) struct PhoneClock {
    right: Arc<dyn Clock>,
    ahead: AtomicI64,
}

impl PhoneClock {
    pub(super) fn by(right: Arc<dyn Clock>) -> Self {
        Self { right, ahead: AtomicI64::new(0) }
    }

    pub(super) fn jump(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for PhoneClock {
    fn now(&self) -> UnixTime {
        self.right.now().shifted(self.ahead.load(Ordering::Relaxed))
    }
}

/// A device with a keystore under a random passphrase that nobody will ever type, so a cheap derivation loses nothing.
fn device(folder: &Path, clock: Arc<dyn Clock>) -> Result<Device, Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::to("make the keystore")(e);
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
    let passphrase: Secret<32> = Secret::make(&*random).map_err(|e| failed(&e))?;
    let cheap = Argon2Params::new(8, 1, 1).map_err(|e| failed(&e))?;
    let path = folder.join("wallet.key");
    let keystore = SoftwareKeystore::create(&path, passphrase.expose(), cheap, random.clone());
    let keystore = Arc::new(keystore.map_err(|e| failed(&e))?);
    Ok(Device { keystore, anchor: None, clock, random })
}
