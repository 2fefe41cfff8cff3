//! What a demo needs: an issuer with tills, and a shopper who has signed up there, has a card and was given what codes are
//! made from. All of it in a temporary folder.

use std::sync::Arc;

use tegata::code::{Audience, ClockStatus};
use tegata::vault::RecordId;
use tegata::{Clock, NextCode, Wallet};
use tempfile::TempDir;

use super::break_in::BreakIn;
use super::shop::Shop;
use super::told::Told;
use super::tour::TourClock;
use super::town::{LEAVE, Person, PhoneClock, Town};
use crate::failure::Failure;

/// What her device is called.
pub(super) const PHONE: &str = "Hanako's phone";

pub(crate) struct Stage {
    /// The phone's clock; the issuer goes by its own.
    pub(super) phone: Arc<PhoneClock>,
    pub(super) shop: Shop,
    pub(super) town: Town,
    /// Recovery codes that the shopper was given.
    pub(super) recovery_codes: usize,
    hanako: Person,
    credential: RecordId,
    folder: TempDir,
}

impl Stage {
    pub(crate) fn set(clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(|e| Failure::to("make a temporary folder")(&e))?;
        let town = Town::open(folder.path(), &clock)?;
        let phone = Arc::new(PhoneClock::by(clock));
        let mut hanako = town.person(folder.path(), PHONE, phone.clone())?;
        let recovery_codes = hanako.sign_up(&town)?;
        hanako.add_card(&town)?;
        let credential = hanako.provision(&town)?;
        let shop = Shop::open(&town)?;
        Ok(Self { phone, shop, town, recovery_codes, hanako, credential, folder })
    }

    /// A new credential in the place of the one before; the answer's time is the issuer's.
    pub(super) fn provision_again(&mut self) -> Result<ClockStatus, Failure> {
        self.credential = self.hanako.provision(&self.town)?;
        let payment = self.hanako.wallet.payments().get(&self.credential);
        let payment = payment.map_err(|e| Failure::to("read the wallet")(&e))?;
        Ok(payment.clock_status(self.phone.now()))
    }

    /// The break-in, tried on this stage's issuer.
    pub(super) fn break_in(&mut self, clock: &TourClock) -> Result<Vec<Told>, Failure> {
        BreakIn::run(&self.town, clock, &mut self.hanako, self.folder.path())
    }

    pub(super) fn next_code(&mut self, audience: Audience) -> Result<NextCode, Failure> {
        let code = self.hanako.wallet.payments().next_code(LEAVE, &self.credential, audience);
        code.map_err(|e| Failure::to("make a code")(&e))
    }

    /// Closes the wallet and opens it again, as when the app is killed and started.
    pub(super) fn restart(self) -> Result<Self, Failure> {
        let Self { hanako: Person { wallet, at, device, factor }, .. } = self;
        wallet.close().map_err(|e| Failure::to("close the wallet")(&e))?;
        let wallet = Wallet::open(&self.folder.path().join(PHONE).join("wallet.vault"), &device);
        let wallet = wallet.map_err(|e| Failure::to("open the wallet")(&e))?;
        Ok(Self { hanako: Person { wallet, at, device, factor }, ..self })
    }
}
