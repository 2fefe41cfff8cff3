//! A running demo in a temporary folder: an issuer with tills, and a shopper who signed up, has a card and a payment
//! credential.

use std::sync::Arc;

use tegata::code::{Audience, ClockStatus};
use tegata::vault::RecordId;
use tegata::{Clock, NextCode};
use tempfile::TempDir;

use super::break_in::BreakIn;
use super::clocks::{PhoneClock, TourClock};
use super::demo_issuer::{DemoIssuer, PHONE};
use super::demo_person::DemoPerson;
use super::demo_tills::DemoTills;
use super::step_result::StepResult;
use crate::failure::Failure;

pub(crate) struct DemoSession {
    /// The phone's clock; the issuer has its own.
    pub(super) phone: Arc<PhoneClock>,
    pub(super) tills: DemoTills,
    pub(super) issuer: DemoIssuer,
    /// The number of recovery codes that the shopper received.
    pub(super) recovery_codes: usize,
    shopper: DemoPerson,
    credential: RecordId,
    folder: TempDir,
}

impl DemoSession {
    pub(crate) fn start(clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let folder =
            tempfile::tempdir().map_err(|e| Failure::cannot("make a temporary folder")(&e))?;
        let issuer = DemoIssuer::open(folder.path(), &clock)?;
        let phone = Arc::new(PhoneClock::new(clock));
        let mut shopper = DemoPerson::new(&issuer, folder.path(), PHONE, phone.clone())?;
        let recovery_codes = shopper.sign_up(&issuer)?;
        shopper.add_card(&issuer)?;
        let credential = shopper.provision(&issuer)?;
        let tills = DemoTills::open(&issuer)?;
        Ok(Self { phone, tills, issuer, recovery_codes, shopper, credential, folder })
    }

    /// Replaces the credential; the response also carries the issuer's time.
    pub(super) fn provision_again(&mut self) -> Result<ClockStatus, Failure> {
        self.credential = self.shopper.provision(&self.issuer)?;
        let payment = self
            .shopper
            .wallet
            .payments()
            .get(&self.credential)
            .map_err(|e| Failure::cannot("read the wallet")(&e))?;
        Ok(payment.clock_status(self.phone.now()))
    }

    /// Tries the break-in of 2019 on this issuer.
    pub(super) fn break_in(&mut self, clock: &TourClock) -> Result<Vec<StepResult>, Failure> {
        BreakIn::run(&self.issuer, clock, &mut self.shopper, self.folder.path())
    }

    pub(super) fn next_code(&mut self, audience: Audience) -> Result<NextCode, Failure> {
        let shopper = &mut self.shopper;
        let code = shopper.wallet.payments().next_code(&shopper.unlock, &self.credential, audience);
        code.map_err(|e| Failure::cannot("make a code")(&e))
    }

    /// Kills the app and starts it again.
    pub(super) fn restart(self) -> Result<Self, Failure> {
        let vault = self.folder.path().join(PHONE).join("wallet.vault");
        Ok(Self { shopper: self.shopper.restart(&vault)?, ..self })
    }
}
