//! A person with a wallet on a device of their own: the shopper or the attacker.

use std::path::Path;
use std::sync::Arc;

use tegata::formats::otpauth;
use tegata::protocol::{
    AddCard, BeginCardSetup, Language, MailedCodeText, PasswordText, SecondFactor, TotpText,
};
use tegata::vault::{
    Argon2Params, OtpCredential, PaymentUnlock, RecordId, SoftwareKeystore, UnlockMethod,
};
use tegata::{AccountProfile, Clock, Device, Random, Secret, SplitSession, SystemRandom, Wallet};

use super::demo_issuer::DemoIssuer;
use crate::card_form::{self, FormResult};
use crate::failure::Failure;
use crate::issuer_client::RequestError;

pub(super) const PASSWORD: &str = "four quiet herons";

/// A card of the sandbox that pays.
const CARD: &str = "pm_card_visa";

/// The PIN of the demo's wallets: without a payment lock, no session would outlive the app.
const PIN: &[u8] = b"739164";

/// A person with a wallet, its keystore, and an authenticator.
pub(super) struct DemoPerson {
    pub(super) wallet: Wallet,
    pub(super) profile: AccountProfile,
    pub(super) device: Device,
    /// The open payment lock.
    pub(super) unlock: PaymentUnlock,
    /// The authenticator, on another device.
    pub(super) factor: Option<OtpCredential>,
}

/// The reply of the issuer, which the tour reports, or a failure of the demo itself.
pub(super) type IssuerReply<T> = Result<Result<T, RequestError>, Failure>;

impl DemoPerson {
    /// Creates a wallet in `folder` for someone who claims the shopper's account.
    pub(super) fn new(
        issuer: &DemoIssuer,
        folder: &Path,
        device_name: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<DemoPerson, Failure> {
        let failed = |e: &dyn std::fmt::Display| Failure::cannot("make a wallet")(e);
        let folder = folder.join(device_name);
        std::fs::create_dir(&folder).map_err(|e| failed(&e))?;
        let device = device(&folder, clock)?;
        let mut wallet =
            Wallet::create(&folder.join("wallet.vault"), &device).map_err(|e| failed(&e))?;
        let mut unlock = PaymentUnlock::without_lock();
        wallet.payments().set_pin(&mut unlock, PIN, cheap()?).map_err(|e| failed(&e))?;
        let device_name = device_name.to_owned().try_into().map_err(|e| failed(&e))?;
        let profile = AccountProfile { device_name, ..issuer.profile.clone() };
        Ok(DemoPerson { wallet, profile, device, unlock, factor: None })
    }

    /// Signs up with the mailed code and a new second factor; returns the number of recovery codes.
    pub(super) fn sign_up(&mut self, issuer: &DemoIssuer) -> Result<usize, Failure> {
        let request = self.wallet.account().begin_sign_up(&self.profile, Language::En);
        let ticket = self.request(issuer, request)??;
        let code = code_in(&issuer.mail(0, "verification code")?)?;
        let account = self.wallet.account();
        let password = password(PASSWORD)?;
        let request = account.verify_sign_up_code(&self.profile, ticket.clone(), code, password);
        let uri = self.request(issuer, request)??;
        let factor = otpauth::parse(uri.expose().as_bytes());
        self.factor = Some(factor.map_err(|e| Failure::cannot("read the second factor")(&e))?);
        let totp = self.totp(issuer)?;
        let request = self.wallet.account().finish_sign_up(&self.profile, ticket, totp);
        Ok(self.request(issuer, request)??.len())
    }

    /// Registers the card in the sandbox's form, as its holder, and adds it.
    pub(super) fn add_card(&mut self, issuer: &DemoIssuer) -> Result<(), Failure> {
        let request = self.wallet.account().session_request(&BeginCardSetup {});
        let setup = self.request(issuer, request)??;
        let result = card_form::fill_in(&issuer.client, &setup, CARD, None)?;
        if result != FormResult::Succeeded {
            return Err(Failure::Failed("the sandbox declined the card".into()));
        }
        let request = self.wallet.account().session_request(&AddCard { setup: setup.setup });
        self.request(issuer, request)??;
        Ok(())
    }

    /// Provisions a payment credential.
    pub(super) fn provision(&mut self, issuer: &DemoIssuer) -> Result<RecordId, Failure> {
        let failed = |e: tegata::Error| Failure::cannot("get a payment credential")(&e);
        let mut request = self.wallet.account().provision().map_err(failed)?;
        let response = issuer.client.send_signed(&mut request, &mut self.wallet)?;
        let mut account = self.wallet.account();
        let provisioned =
            account.complete_provision(&self.unlock, "Tegata card", &request, &response);
        provisioned.map_err(failed)
    }

    /// Closes the wallet and opens it again with the PIN, as when the app is killed and started.
    pub(super) fn restart(self, vault: &Path) -> Result<Self, Failure> {
        let failed = |e: tegata::Error| Failure::cannot("open the wallet")(&e);
        self.wallet.close().map_err(|e| Failure::cannot("close the wallet")(&e))?;
        let mut wallet = Wallet::open(vault, &self.device).map_err(failed)?;
        let unlock = wallet.payments().unlock(UnlockMethod::Pin(PIN)).map_err(failed)?;
        Ok(Self { wallet, unlock, ..self })
    }

    /// Sends a request, and has the wallet process the response.
    pub(super) fn request<A: SplitSession>(
        &mut self,
        issuer: &DemoIssuer,
        request: Result<tegata::PendingRequest<A>, tegata::Error>,
    ) -> IssuerReply<A::Rest> {
        let mut pending = request.map_err(|e| Failure::cannot("make a request")(&e))?;
        let response = issuer.client.send_signed(&mut pending, &mut self.wallet)?;
        match self.wallet.account().complete(&pending, &response) {
            Ok(rest) => Ok(Ok(rest)),
            Err(error) => match RequestError::from_wallet(error) {
                Ok(error) => Ok(Err(error)),
                Err(error) => Err(Failure::cannot("store the response")(&error)),
            },
        }
    }

    /// The authenticator's current value.
    pub(super) fn totp(&self, issuer: &DemoIssuer) -> Result<TotpText, Failure> {
        let factor =
            self.factor.as_ref().ok_or_else(|| Failure::Failed("no second factor".into()))?;
        let code =
            factor.code(issuer.clock.now()).map_err(|e| Failure::cannot("make a code")(&e))?;
        TotpText::new(code.digits()).map_err(|e| Failure::cannot("make a code")(&e))
    }

    pub(super) fn log_in(
        &mut self,
        issuer: &DemoIssuer,
        with: &str,
        factor: Option<SecondFactor>,
    ) -> IssuerReply<bool> {
        let request = self.wallet.account().log_in(&self.profile, password(with)?, factor);
        self.request(issuer, request)
    }
}

pub(super) fn password(text: &str) -> Result<PasswordText, Failure> {
    PasswordText::new(text).map_err(|e| Failure::cannot("take a password")(&e))
}

/// The eight digits on a line of their own in a mail.
pub(super) fn code_in(mail: &str) -> Result<MailedCodeText, Failure> {
    let code = mail.lines().find_map(|line| MailedCodeText::new(line.trim()).ok());
    code.ok_or_else(|| Failure::Failed("the mail has no code".into()))
}

/// The cheapest key derivation.
fn cheap() -> Result<Argon2Params, Failure> {
    Argon2Params::new(8, 1, 1).map_err(|e| Failure::cannot("derive a key")(&e))
}

/// A device with a keystore under a random passphrase that nobody types, so that a cheap key derivation costs no security.
fn device(folder: &Path, clock: Arc<dyn Clock>) -> Result<Device, Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::cannot("make the keystore")(e);
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
    let passphrase: Secret<32> = Secret::make(&*random).map_err(|e| failed(&e))?;
    let path = folder.join("wallet.key");
    let keystore = SoftwareKeystore::create(&path, passphrase.expose(), cheap()?, random.clone())
        .map_err(|e| failed(&e))?;
    Ok(Device { keystore: Arc::new(keystore), anchor: None, clock, random })
}
