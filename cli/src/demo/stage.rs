//! What a demo needs: a wallet in a temporary folder, with one credential that the shop's issuer knows too.

use std::path::Path;
use std::sync::Arc;

use tegata::code::{AliasPeriod, Audience, CredentialId, Scheme, Seed};
use tegata::vault::{RecordId, SoftwareKeystore, Stretch, Unlocked};
use tegata::{Clock, Device, NewPayment, NextCode, Random, Secret, SystemRandom, Wallet};
use tempfile::TempDir;

use super::shop::Shop;
use crate::failure::Failure;

/// The demo's routing digits: of no issuer.
const PREFIX: &str = "4960";

/// The demo's wallet has no payment lock: it lives for minutes, in a folder of its own.
const LEAVE: &Unlocked = &Unlocked::without_lock();

pub(crate) struct Stage {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) shop: Shop,
    wallet: Wallet,
    credential: RecordId,
    device: Device,
    folder: TempDir,
}

impl Stage {
    pub(crate) fn set(clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(|e| Failure::to("make a temporary folder")(&e))?;
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
        let keystore = Arc::new(keystore(folder.path(), &random)?);
        let device = Device { keystore, anchor: None, clock: clock.clone(), random };
        let scheme = Scheme {
            prefix: PREFIX.parse().map_err(|e| Failure::to("set up the issuer")(&e))?,
            alias_period: AliasPeriod::DAY,
        };
        let failed = |e: tegata::RandomUnavailable| Failure::No(e.to_string());
        let seed = Seed::make(&*device.random).map_err(failed)?;
        let mut id = CredentialId([0; 16]);
        device.random.fill(&mut id.0).map_err(failed)?;

        let shop = Shop::open(folder.path(), scheme, id, &seed)?;
        let path = folder.path().join("wallet.vault");
        let mut wallet =
            Wallet::create(&path, &device).map_err(|e| Failure::to("make the wallet")(&e))?;
        let new = NewPayment { credential: id, label: "Demo shop".to_owned(), scheme, seed };
        let credential = wallet
            .payments()
            .add(LEAVE, &new)
            .map_err(|e| Failure::to("store the credential")(&e))?;
        Ok(Self { clock, shop, wallet, credential, device, folder })
    }

    pub(super) fn next_code(&mut self, audience: Audience) -> Result<NextCode, Failure> {
        let code = self.wallet.payments().next_code(LEAVE, &self.credential, audience);
        code.map_err(|e| Failure::to("make a code")(&e))
    }

    pub(super) fn wallet(&mut self) -> (&mut Wallet, &RecordId) {
        (&mut self.wallet, &self.credential)
    }

    /// Closes the wallet and opens it again, as when the app is killed and started.
    pub(super) fn restart(self) -> Result<Self, Failure> {
        let Self { clock, shop, wallet, credential, device, folder } = self;
        wallet.close().map_err(|e| Failure::to("close the wallet")(&e))?;
        let path = folder.path().join("wallet.vault");
        let wallet =
            Wallet::open(&path, &device).map_err(|e| Failure::to("open the wallet")(&e))?;
        Ok(Self { clock, shop, wallet, credential, device, folder })
    }
}

/// A keystore under a random passphrase that nobody will ever type, so a cheap derivation loses nothing.
fn keystore(folder: &Path, random: &Arc<dyn Random>) -> Result<SoftwareKeystore, Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::to("make the keystore")(e);
    let passphrase: Secret<32> = Secret::make(&**random).map_err(|e| failed(&e))?;
    let cheap = Stretch::new(8, 1, 1).map_err(|e| failed(&e))?;
    SoftwareKeystore::create(
        &folder.join("wallet.key"),
        passphrase.expose(),
        cheap,
        Arc::clone(random),
    )
    .map_err(|e| failed(&e))
}
