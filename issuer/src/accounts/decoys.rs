//! Accounts that nobody has. Whatever is asked of an address without an account is asked of one of these: the same rows
//! are read, counted, compared and written, and no answer, status or time tells the difference.

use tegata::protocol::Language;
use tegata::protocol::{DeviceId, Handle};
use tegata_policy::{Account, Event, MatchResult, Reply, begin_sign_up, decide};

use super::generated_secrets::GeneratedSecrets;
use super::request_secrets::RequestSecrets;
use super::stored_secrets::StoredSecrets;
use super::{AccountError, Accounts};
use crate::domain::AccountId;
use crate::mail::StoredAddress;
use crate::store::{AccountChange, StoreError};

impl Accounts {
    /// Finds the account of an address, or the decoy that stands for it.
    pub(super) async fn account_or_decoy(
        &self,
        handle: &Handle,
    ) -> Result<AccountId, AccountError> {
        let key = self.keys.handle(handle.address());
        let found = self.store.find_account(&key).await?;
        Ok(found.unwrap_or_else(|| {
            self.decoy_ids[usize::from(key.first_byte()) % self.decoy_ids.len()]
        }))
    }

    /// Makes those that are not there yet.
    pub(crate) async fn make_decoys(&self) -> Result<(), AccountError> {
        for id in self.decoy_ids.iter().copied() {
            if self.store.load(id).await?.is_none() {
                self.make_decoy(id).await?;
            }
        }
        Ok(())
    }

    /// Signs nobody up: the very steps of a sign-up, with outcomes that nobody proved.
    async fn make_decoy(&self, id: AccountId) -> Result<(), AccountError> {
        let request = RequestSecrets {
            address: Some(StoredAddress { handle: None, language: Language::Ja }),
            new_password: Some(self.passwords.nobody()),
            ..RequestSecrets::default()
        };
        let global_state = self.store.global_state().await?;
        let policy = Self::policy_context(&global_state, self.environment.clock.now());
        let device = DeviceId([0; 32]);
        let (mut state, mut effects) = begin_sign_up(device, "nothing".to_owned(), false, &policy);
        let steps = [
            (Event::VerifySignUpCode { device }, MatchResult::Match),
            (Event::VerifySignUpFactor { device }, MatchResult::TotpStep(policy.used_up_to + 1)),
        ];
        for (event, found) in steps {
            let decision = decide(state, event, &policy);
            let Reply::VerificationRequired(check) = decision.reply else {
                return Err(AccountError::internal(
                    "making a decoy",
                    &"nothing was to be compared",
                ));
            };
            let completed = decide(
                decision.account,
                Event::CompleteVerification { verification: check, result: found },
                &policy,
            );
            effects.extend(completed.effects);
            state = completed.account;
        }
        if !matches!(state, Account::Active(_)) {
            return Err(AccountError::internal(
                "making a decoy",
                &"its sign-up did not end in an account",
            ));
        }
        let accounts = self.clone();
        let made = self.store.create(id, move |_| {
            let stored = StoredSecrets::new();
            let change = accounts.apply_effects(
                id,
                &stored,
                &effects,
                &request,
                &mut GeneratedSecrets::default(),
            );
            let mut change = match change {
                Ok(change) => change,
                Err(error) => return (AccountChange::default(), Err(error)),
            };
            change.secrets_stored.retain(|(secret, ..)| !change.secrets_deleted.contains(secret));
            change.state = Some(state.clone());
            (change, Ok(()))
        });
        match made.await {
            // Another process was quicker.
            Err(StoreError::AccountExists) => Ok(()),
            Ok(made) => made,
            Err(error) => Err(error.into()),
        }
    }
}
