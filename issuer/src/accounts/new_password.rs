//! New passwords: awaited, judged, hashed.

use tegata::protocol::{PasswordText, Refusal};
use tegata_policy::{Account, PolicyContext};

use super::{AccountError, Accounts};
use crate::domain::AccountId;
use crate::mail::address_of;
use crate::metrics::work::Operation;
use crate::passwords::{HashQueue, Password, PasswordHash};
use crate::store::KillSwitch;

/// How many shops a password is held against.
const SHOPS: u32 = 64;

/// Takes a password as it was typed.
pub(super) fn parse_password(password: &PasswordText) -> Result<Password, AccountError> {
    Password::new(password.expose()).map_err(|_| AccountError::Malformed)
}

impl Accounts {
    /// Refuses, as the decision would, where no new password is awaited: one that comes all the same is neither judged,
    /// which tells whose account it is, nor hashed, which costs. What is allowed here is decided on afterwards.
    pub(super) async fn awaits_password(
        &self,
        id: AccountId,
        switch: KillSwitch,
        is_awaited: impl Fn(&Account, &PolicyContext) -> bool + Send,
    ) -> Result<(), AccountError> {
        let loaded = self.store.load(id).await?.ok_or(Refusal::InvalidCredentials)?;
        if loaded.global_state.stopped.contains(switch) {
            return Err(AccountError::Stopped);
        }
        let policy = Self::policy_context(&loaded.global_state, self.environment.clock.now());
        if is_awaited(&loaded.state, &policy) {
            Ok(())
        } else {
            Err(Refusal::InvalidCredentials.into())
        }
    }

    /// Judges and hashes a new password.
    pub(super) async fn new_password(
        &self,
        queue: HashQueue,
        account: AccountId,
        password: &PasswordText,
    ) -> Result<PasswordHash, AccountError> {
        let known = self.context_words(account).await?;
        let judged = self.passwords.judge(queue, parse_password(password)?, known).await?;
        let judged = judged.map_err(|_| AccountError::WeakPassword)?;
        self.store.work().done(Operation::Password, 1);
        Ok(self.passwords.hash(queue, judged).await?)
    }

    /// Gives the words that a password should not be made of: of the service and its shops, of the owner's address and
    /// devices.
    async fn context_words(&self, account: AccountId) -> Result<Vec<String>, AccountError> {
        let address = address_of(&self.store, &self.keys, account).await?;
        let handle = address.and_then(|address| address.handle);
        let words = handle.iter().flat_map(|handle| handle.address().split(['@', '.']));
        let mut words: Vec<String> = words.map(str::to_owned).collect();
        words.push(self.name.clone());
        words.extend(self.domain.clone());
        words.extend(self.store.shop_names(SHOPS).await?);
        match self.store.load(account).await?.map(|loaded| loaded.state) {
            Some(Account::PendingSignUp(sign_up)) => words.push(sign_up.device_name().to_owned()),
            Some(Account::Active(active)) => {
                words.extend(active.devices().iter().map(|device| device.name.clone()));
            }
            _ => {}
        }
        Ok(words)
    }
}
