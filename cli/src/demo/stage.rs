//! What a demo needs: an issuer, a shopper who has signed up there, and one credential that the shop knows too. All of it
//! in a temporary folder.

use std::sync::Arc;

use tegata::code::{AliasPeriod, Audience, CredentialId, Scheme, Seed};
use tegata::vault::{RecordId, Unlocked};
use tegata::{Clock, NewPayment, NextCode, Random, SystemRandom, Wallet};
use tempfile::TempDir;

use super::break_in::BreakIn;
use super::shop::Shop;
use super::told::Told;
use super::tour::TourClock;
use super::town::{Person, Town};
use crate::failure::Failure;

/// The demo's routing digits: of no issuer.
const PREFIX: &str = "4960";

/// What her device is called.
pub(super) const PHONE: &str = "Hanako's phone";

/// The demo's wallet has no payment lock: it lives for minutes, in a folder of its own.
const LEAVE: &Unlocked = &Unlocked::without_lock();

pub(crate) struct Stage {
    pub(super) clock: Arc<dyn Clock>,
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
        let mut hanako = town.person(folder.path(), PHONE)?;
        let recovery_codes = hanako.sign_up(&town)?;

        let scheme = Scheme {
            prefix: PREFIX.parse().map_err(|e| Failure::to("set up the issuer")(&e))?,
            alias_period: AliasPeriod::DAY,
        };
        let (random, failed) =
            (SystemRandom::new(), |e: tegata::RandomUnavailable| Failure::No(e.to_string()));
        let seed = Seed::make(&random).map_err(failed)?;
        let mut id = CredentialId([0; 16]);
        random.fill(&mut id.0).map_err(failed)?;
        let shop = Shop::open(folder.path(), scheme, id, &seed)?;
        let new = NewPayment { credential: id, label: "Demo shop".to_owned(), scheme, seed };
        let credential = hanako.wallet.payments().add(LEAVE, &new);
        let credential = credential.map_err(|e| Failure::to("store the credential")(&e))?;
        Ok(Self { clock, shop, town, recovery_codes, hanako, credential, folder })
    }

    /// The break-in, tried on this stage's issuer.
    pub(super) fn break_in(&mut self, clock: &TourClock) -> Result<Vec<Told>, Failure> {
        BreakIn::run(&self.town, clock, &mut self.hanako, self.folder.path())
    }

    pub(super) fn next_code(&mut self, audience: Audience) -> Result<NextCode, Failure> {
        let code = self.hanako.wallet.payments().next_code(LEAVE, &self.credential, audience);
        code.map_err(|e| Failure::to("make a code")(&e))
    }

    pub(super) fn wallet(&mut self) -> (&mut Wallet, &RecordId) {
        (&mut self.hanako.wallet, &self.credential)
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
