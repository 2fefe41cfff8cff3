//! How often an address may be asked about, whether or not it has an account: counted by the address, so that the answer
//! can say when to come again and tells nothing by it; and for a device that an account knows by that.

use tegata::protocol::{DeviceId, Handle};
use tegata_policy::Account;
use tegata_policy::limits::{AttemptLimit, LOGINS_KNOWN_DEVICE, LOGINS_UNKNOWN_DEVICES};

use super::Accounts;
use crate::domain::AccountId;
use crate::http::problem::{Problem, RetryAfter};
use crate::passwords::Lane;

/// Sign-ups begun for one address: each is a mail.
const SIGN_UPS: AttemptLimit = AttemptLimit { tries: 5, seconds: 24 * 60 * 60 };

impl Accounts {
    /// A sign-up is begun.
    pub(super) async fn sign_up_for(&self, handle: &Handle) -> Result<(), Problem> {
        self.count("sign-up", handle.address().as_bytes(), SIGN_UPS).await
    }

    /// A log-in is tried. All devices that the account does not know are counted together; one that it knows by itself, or
    /// strangers would keep its owner out. The account keeps both counts, too, and is silent when one is used up. Only who
    /// holds the key of a device that the account knows hears of its count, and has learnt by that he does not hear of the
    /// other one that the account knows it. The password waits with its like.
    pub(super) async fn log_in_by(
        &self,
        device: DeviceId,
        handle: &Handle,
        account: AccountId,
    ) -> Result<Lane, Problem> {
        let lane = self.lane(device, account).await?;
        match lane {
            Lane::Owners => {
                let who = [handle.address().as_bytes(), &[0], &device.0].concat();
                self.count("log-in on a known device", &who, before(LOGINS_KNOWN_DEVICE)).await?;
            }
            Lane::Strangers => {
                let who = handle.address().as_bytes();
                self.count("log-in", who, before(LOGINS_UNKNOWN_DEVICES)).await?;
            }
        }
        Ok(lane)
    }

    /// Where a password waits that came with a message of this device's, which signed it.
    async fn lane(&self, device: DeviceId, account: AccountId) -> Result<Lane, Problem> {
        let loaded = self.store.load(account).await.map_err(Problem::of_store)?;
        Ok(match loaded.map(|loaded| loaded.state) {
            Some(Account::Active(live)) if live.devices().iter().any(|d| d.id == device) => {
                Lane::Owners
            }
            _ => Lane::Strangers,
        })
    }

    async fn count(&self, what: &str, who: &[u8], limit: AttemptLimit) -> Result<(), Problem> {
        let key = self.keys.throttle(what, who);
        let wait = self.store.take_attempt(key, limit, self.world.clock.now()).await;
        match wait.map_err(Problem::of_store)? {
            Some(wait) => Err(Problem::TooMany { retry_after: RetryAfter::from_wait(wait) }),
            None => Ok(()),
        }
    }
}

/// The account counts the same try some moments later: who comes again when we said must not find it used up there.
const fn before(limit: AttemptLimit) -> AttemptLimit {
    AttemptLimit { seconds: limit.seconds + 60, ..limit }
}
