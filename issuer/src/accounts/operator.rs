//! What an operator, or the issuer itself, does to an account.

use tegata::account::{Decision, Event, decide};

use super::Accounts;
use super::given::Given;
use super::made::Made;
use crate::operator::{Reason, Whose};
use crate::problem::Problem;
use crate::store::{AccountId, Change};

impl Accounts {
    /// Freezes an account, or lets it go, whoever froze it; `None` if there is no such account.
    pub(crate) async fn freeze_by_operator(
        &self,
        whose: &Whose,
        frozen: bool,
        reason: &Reason,
    ) -> Result<Option<AccountId>, Problem> {
        let found = match whose {
            Whose::Address(handle) => {
                let found = self.store.find(&self.keys.handle(handle.address())).await;
                found.map_err(Problem::of_store)?
            }
            Whose::Account(id) => {
                let found = self.store.load(*id).await.map_err(Problem::of_store)?;
                found.map(|_| *id)
            }
        };
        let Some(id) = found else { return Ok(None) };
        let (accounts, reason) = (self.clone(), reason.clone());
        let frozen = self.store.change(id, move |loaded| {
            let world = Self::world(&loaded.standing, accounts.world.clock.now());
            let Decision { account, effects, .. } =
                decide(loaded.state.clone(), Event::Operator { frozen }, &world);
            let given = Given::default();
            let carried_out =
                accounts.carry_out(id, &loaded.secrets, &effects, &given, &mut Made::default());
            let mut change = match carried_out {
                Ok(change) => change,
                Err(problem) => return (Change::default(), Err(problem)),
            };
            change.state = Some(account);
            for event in &mut change.events {
                event.actor = reason.actor();
                event.detail = reason.detail();
            }
            (change, Ok(()))
        });
        frozen.await.map_err(Problem::of_store)??;
        Ok(Some(id))
    }

    /// Deletes an account whose owner asked for it and has had the time to think it over.
    pub(crate) async fn close_due(&self, id: AccountId) -> Result<(), Problem> {
        self.act(id, None, Event::CloseDue, &Given::default()).await.map(drop)
    }
}
