//! How often an address may be asked about, whether or not it has an account: counted by the address alone, so that the
//! answer can say when to come again and tells nothing by it.

use tegata::account::limits::{LOGINS_UNKNOWN_DEVICES, Limit};
use tegata::account::{Account, DeviceId, Handle};

use super::Accounts;
use crate::problem::{Problem, RetryAfter};
use crate::store::AccountId;

/// Sign-ups begun for one address: each is a mail.
const SIGN_UPS: Limit = Limit { tries: 5, seconds: 24 * 60 * 60 };

impl Accounts {
    /// A sign-up is begun.
    pub(super) async fn sign_up_for(&self, handle: &Handle) -> Result<(), Problem> {
        self.count("sign-up", handle, SIGN_UPS).await
    }

    /// A log-in is tried. A device that the account knows is not counted here, or strangers would keep its owner out;
    /// the account itself counts it. For all others this is the count that the account keeps, and comes before it.
    pub(super) async fn log_in_by(
        &self,
        device: DeviceId,
        handle: &Handle,
        account: AccountId,
    ) -> Result<(), Problem> {
        let loaded = self.store.load(account).await.map_err(Problem::of_store)?;
        match loaded.map(|loaded| loaded.state) {
            Some(Account::Live(live)) if live.devices().iter().any(|d| d.id == device) => Ok(()),
            _ => self.count("log-in", handle, LOGINS_UNKNOWN_DEVICES).await,
        }
    }

    async fn count(&self, what: &str, handle: &Handle, limit: Limit) -> Result<(), Problem> {
        let key = self.keys.throttle(what, handle.address().as_bytes());
        let wait = self.store.take(key, limit, self.world.clock.now()).await;
        match wait.map_err(Problem::of_store)? {
            Some(wait) => Err(Problem::TooMany { retry_after: RetryAfter::from_wait(wait) }),
            None => Ok(()),
        }
    }
}
