//! Accounts that nobody has. Whatever is asked of an address without an account is asked of one of these: the same rows
//! are read, counted, compared and written, and no answer, status or time tells the difference.

use tegata::protocol::Language;
use tegata::protocol::{DeviceId, Handle};
use tegata_policy::{Account, Event, MatchResult, Reply, begin_sign_up, decide};

use super::Accounts;
use super::given::{Address, Given};
use super::kept::Secrets;
use super::made::Made;
use crate::domain::AccountId;
use crate::http::problem::Problem;
use crate::store::{AccountChange, StoreError};

/// How many. Of one decoy the codes for strangers are used up by all addresses that lead to it, which nobody sees: the
/// answer stays the same.
const DECOYS: u8 = 64;

impl Accounts {
    /// The account of an address, or the decoy that stands for it.
    pub(super) async fn account_or_decoy(&self, handle: &Handle) -> Result<AccountId, Problem> {
        let key = self.keys.handle(handle.address());
        let found = self.store.find_account(&key).await.map_err(Problem::of_store)?;
        Ok(found.unwrap_or_else(|| self.decoy(key.first_byte() % DECOYS)))
    }

    /// The same ones after each start, and unlike any other account's.
    fn decoy(&self, number: u8) -> AccountId {
        AccountId(self.keys.throttle("decoy", &[number]).first_bytes())
    }

    /// Makes those that are not there yet.
    pub(crate) async fn make_decoys(&self) -> Result<(), Problem> {
        for number in 0..DECOYS {
            let id = self.decoy(number);
            if self.store.load(id).await.map_err(Problem::of_store)?.is_none() {
                self.make_decoy(id).await?;
            }
        }
        Ok(())
    }

    /// Signs nobody up: the very steps of a sign-up, with outcomes that nobody proved.
    async fn make_decoy(&self, id: AccountId) -> Result<(), Problem> {
        let given = Given {
            address: Some(Address { handle: None, language: Language::Ja }),
            new_password: Some(self.passwords.nobody()),
            ..Given::default()
        };
        let global_state = self.store.global_state().await.map_err(Problem::of_store)?;
        let world = Self::world(&global_state, self.world.clock.now());
        let device = DeviceId([0; 32]);
        let (mut state, mut effects) = begin_sign_up(device, "nothing".to_owned(), false, &world);
        let steps = [
            (Event::VerifySignUpCode { device }, MatchResult::Match),
            (Event::VerifySignUpFactor { device }, MatchResult::TotpStep(world.used_up_to + 1)),
        ];
        for (event, found) in steps {
            let asked = decide(state, event, &world);
            let Reply::VerificationRequired(check) = asked.reply else {
                return Err(Problem::internal("making a decoy", &"nothing was to be compared"));
            };
            let told = decide(
                asked.account,
                Event::CompleteVerification { verification: check, result: found },
                &world,
            );
            effects.extend(told.effects);
            state = told.account;
        }
        if !matches!(state, Account::Active(_)) {
            return Err(Problem::internal(
                "making a decoy",
                &"its sign-up did not end in an account",
            ));
        }
        let accounts = self.clone();
        let made = self.store.create(id, move |_| {
            let nothing = Secrets::new();
            let change = accounts.carry_out(id, &nothing, &effects, &given, &mut Made::default());
            let mut change = match change {
                Ok(change) => change,
                Err(problem) => return (AccountChange::default(), Err(problem)),
            };
            change.secrets_stored.retain(|(secret, ..)| !change.secrets_deleted.contains(secret));
            change.state = Some(state.clone());
            (change, Ok(()))
        });
        match made.await {
            // Another process was quicker.
            Err(StoreError::AccountExists) => Ok(()),
            Ok(made) => made,
            Err(error) => Err(Problem::of_store(error)),
        }
    }
}
