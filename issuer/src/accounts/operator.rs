//! What an operator, or the issuer itself, does to an account.

use tegata_policy::{Decision, Event, Reply, decide};

use super::Accounts;
use super::given::Given;
use super::made::Made;
use crate::admin::OperatorError;
use crate::domain::{AccountId, AccountRef, Reason};
use crate::http::problem::Problem;
use crate::store::AccountChange;

impl Accounts {
    /// Freezes an account, or lets it go, whoever froze it.
    pub(crate) async fn freeze_by_operator(
        &self,
        whose: &AccountRef,
        frozen: bool,
        reason: &Reason,
    ) -> Result<AccountId, OperatorError> {
        let found = match whose {
            AccountRef::Address(handle) => {
                self.store.find_account(&self.keys.handle(handle.address())).await?
            }
            AccountRef::Account(id) => self.store.load(*id).await?.map(|_| *id),
        };
        let id = found.ok_or(OperatorError::NoSuchAccount)?;
        let (accounts, reason) = (self.clone(), reason.clone());
        let frozen = self.store.change(id, move |loaded| {
            let world = Self::world(&loaded.global_state, accounts.world.clock.now());
            let Decision { account, effects, reply: answer } =
                decide(loaded.state.clone(), Event::SetOperatorFreeze { frozen }, &world);
            if let Reply::Refused(_) = answer {
                return (AccountChange::default(), Err(OperatorError::NothingToFreeze));
            }
            let given = Given::default();
            let carried_out =
                accounts.carry_out(id, &loaded.secrets, &effects, &given, &mut Made::default());
            let Ok(mut change) = carried_out else {
                return (AccountChange::default(), Err(OperatorError::NotChanged));
            };
            change.state = Some(account);
            for event in &mut change.events {
                event.actor = reason.actor();
                event.detail = reason.detail();
            }
            (change, Ok(()))
        });
        frozen.await??;
        Ok(id)
    }

    /// Deletes an account whose owner asked for it and has had the time to think it over.
    pub(crate) async fn close_due(&self, id: AccountId) -> Result<(), Problem> {
        self.act(id, None, Event::DeleteIfDue, &Given::default()).await.map(drop)
    }
}
