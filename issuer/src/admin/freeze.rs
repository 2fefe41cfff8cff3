//! Freezing accounts, and letting them go.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tegata_policy::{Decision, Event, Reply, decide};

use super::{Operator, OperatorError};
use crate::accounts::{Accounts, GeneratedSecrets, RequestSecrets};
use crate::domain::{AccountId, AccountRef, Reason};
use crate::passwords::Passwords;
use crate::store::AccountChange;

impl Operator {
    /// Freezes an account, or lets it go, whoever froze it.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn freeze(
        &self,
        account: &AccountRef,
        frozen: bool,
        reason: &Reason,
    ) -> Result<AccountId, OperatorError> {
        let keys = Arc::new(self.keys()?);
        // No password is asked for; the accounts have no form without the thread for them.
        let random = self.environment.random.clone();
        let passwords = Arc::new(Passwords::start(NonZeroUsize::MIN, 1, random)?);
        self.threads.block_on(async {
            let id = match account {
                AccountRef::Address(handle) => {
                    self.store.find_account(&keys.handle(handle.address())).await?
                }
                AccountRef::Account(id) => self.store.load(*id).await?.map(|_| *id),
            };
            let id = id.ok_or(OperatorError::NoSuchAccount)?;
            let environment = self.environment.clone();
            let accounts = Accounts::for_operator(self.store.clone(), keys, passwords, environment);
            self.set_freeze(accounts, id, frozen, reason.clone()).await?;
            Ok(id)
        })
    }

    async fn set_freeze(
        &self,
        accounts: Accounts,
        id: AccountId,
        frozen: bool,
        reason: Reason,
    ) -> Result<(), OperatorError> {
        let clock = self.environment.clock.clone();
        let changed = self.store.change(id, move |loaded| {
            let policy = Accounts::policy_context(&loaded.global_state, clock.now());
            let event = Event::SetOperatorFreeze { frozen };
            let Decision { account, effects, reply } = decide(loaded.state.clone(), event, &policy);
            if let Reply::Refused(_) = reply {
                return (AccountChange::default(), Err(OperatorError::NothingToFreeze));
            }
            let request = RequestSecrets::default();
            let mut generated = GeneratedSecrets::default();
            let change =
                accounts.apply_effects(id, &loaded.secrets, &effects, &request, &mut generated);
            let Ok(mut change) = change else {
                return (AccountChange::default(), Err(OperatorError::NotChanged));
            };
            change.state = Some(account);
            for event in &mut change.events {
                event.actor = reason.actor();
                event.detail = reason.detail();
            }
            (change, Ok(()))
        });
        changed.await?
    }
}
