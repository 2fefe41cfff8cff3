//! The session that a request is made in, by its token.

use tegata::protocol::{Refusal, SessionId};
use tegata_policy::Event;

use super::request_secrets::RequestSecrets;
use super::{AccountError, Accounts};
use crate::domain::{AccountId, TokenHash};
use crate::store::SessionContext;

/// Seconds after which a session's use is written down again.
const USE_RECORDED_AFTER: u64 = 5 * 60;

/// The session that a request was made in.
pub(crate) struct Caller {
    pub(crate) account: AccountId,
    pub(crate) session: SessionId,
    pub(crate) context: SessionContext,
}

impl Accounts {
    /// Finds the session that has this token.
    pub(crate) async fn caller(&self, token: &[u8; 32]) -> Result<Caller, AccountError> {
        let context = self.store.session(&TokenHash::of(token)).await?;
        let context = context.ok_or(Refusal::NotLoggedIn)?;
        let now = self.environment.clock.now();
        let policy = Self::policy_context(&context.global_state, now);
        let tegata_policy::Account::Active(active) = &context.state else {
            return Err(Refusal::NotLoggedIn.into());
        };
        let session = active.session(context.session, &policy).ok_or(Refusal::NotLoggedIn)?;
        let caller =
            Caller { account: context.account, session: context.session, context: context.clone() };
        if now.seconds().saturating_sub(session.seen.seconds()) >= USE_RECORDED_AFTER {
            let event = Event::UseSession { session: caller.session };
            self.apply(caller.account, None, event, &RequestSecrets::default()).await?;
        }
        Ok(caller)
    }
}
