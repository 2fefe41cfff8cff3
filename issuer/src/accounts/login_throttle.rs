//! How often an address may be asked about, whether or not it has an account: counted by the address, so that the answer
//! can say when to come again and tells nothing by it; and for a device that an account knows by that.

use tegata::protocol::{DeviceId, Handle};
use tegata_policy::Account;
use tegata_policy::limits::{AttemptLimit, LOGINS_KNOWN_DEVICE, LOGINS_UNKNOWN_DEVICES};

use super::{AccountError, Accounts};
use crate::domain::AccountId;
use crate::passwords::HashQueue;

/// Sign-ups begun for one address: each is a mail.
const SIGN_UPS: AttemptLimit = AttemptLimit { tries: 5, seconds: 24 * 60 * 60 };

impl Accounts {
    /// Counts a sign-up that is begun for an address.
    pub(super) async fn count_sign_up(&self, handle: &Handle) -> Result<(), AccountError> {
        self.count_attempt("sign-up", handle.address().as_bytes(), SIGN_UPS).await
    }

    /// Counts an attempt to log in, and says where its password waits to be hashed.
    ///
    /// All devices that the account does not know are counted together; one that it knows by itself, or strangers would
    /// keep its owner out. The account keeps both counts, too, and is silent when one is used up. Only whoever holds the
    /// key of a known device hears of that device's count, and learns no more by it than that the account knows the device.
    pub(super) async fn count_log_in(
        &self,
        device: DeviceId,
        handle: &Handle,
        account: AccountId,
    ) -> Result<HashQueue, AccountError> {
        let queue = self.hash_queue(device, account).await?;
        match queue {
            HashQueue::KnownDevice => {
                let who = [handle.address().as_bytes(), &[0], &device.0].concat();
                self.count_attempt(
                    "log-in on a known device",
                    &who,
                    lengthened(LOGINS_KNOWN_DEVICE),
                )
                .await?;
            }
            HashQueue::Untrusted => {
                let who = handle.address().as_bytes();
                self.count_attempt("log-in", who, lengthened(LOGINS_UNKNOWN_DEVICES)).await?;
            }
        }
        Ok(queue)
    }

    /// Chooses the queue of a password that came in a message signed by this device.
    pub(super) async fn hash_queue(
        &self,
        device: DeviceId,
        account: AccountId,
    ) -> Result<HashQueue, AccountError> {
        let loaded = self.store.load(account).await?;
        Ok(match loaded.map(|loaded| loaded.state) {
            Some(Account::Active(active)) if active.devices().iter().any(|d| d.id == device) => {
                HashQueue::KnownDevice
            }
            _ => HashQueue::Untrusted,
        })
    }

    async fn count_attempt(
        &self,
        what: &str,
        who: &[u8],
        limit: AttemptLimit,
    ) -> Result<(), AccountError> {
        let key = self.keys.throttle(what, who);
        let wait = self.store.take_attempt(key, limit, self.environment.clock.now()).await;
        match wait? {
            Some(wait) => Err(AccountError::TooManyAttempts { wait }),
            None => Ok(()),
        }
    }
}

/// Lengthens a limit a little: the account counts the same attempt some moments later, and who retries when told must
/// not find it used up there.
const fn lengthened(limit: AttemptLimit) -> AttemptLimit {
    AttemptLimit { seconds: limit.seconds + 60, ..limit }
}
