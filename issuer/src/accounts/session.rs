//! The session that a request is made in, by its token.

use tegata::UnixTime;
use tegata::protocol::{DeviceId, Freshness, Refusal, SessionId};
use tegata_policy::Event;

use super::request_secrets::RequestSecrets;
use super::{AccountError, Accounts};
use crate::domain::{AccountId, TokenHash};
use crate::store::SessionContext;

/// Seconds after which a session's use is written down again.
const USE_RECORDED_AFTER: u64 = 5 * 60;

/// Who signed a request in a session.
pub(crate) struct Signer {
    pub(crate) device: DeviceId,
    pub(crate) freshness: Freshness,
}

/// The session that a request was made in.
pub(crate) struct Caller {
    pub(crate) account: AccountId,
    pub(crate) session: SessionId,
    /// The session's device, if it signed the request.
    pub(crate) signer: Option<DeviceId>,
    pub(crate) context: SessionContext,
}

impl Accounts {
    /// Finds the session that has this token, and takes a request in it that a device signed, or that came by the token
    /// alone. A signature that is too old is refused first.
    pub(crate) async fn caller(
        &self,
        token: Option<&[u8; 32]>,
        signer: Option<Signer>,
    ) -> Result<Caller, AccountError> {
        let context = match token {
            Some(token) => self.store.session(&TokenHash::of(token)).await?,
            None => None,
        };
        match (&signer, &context) {
            (Some(Signer { freshness, .. }), Some(context)) => {
                self.expect_fresh_in(context.global_state.generation, freshness)?;
            }
            (Some(Signer { freshness, .. }), None) => self.expect_fresh(freshness).await?,
            (None, _) => {}
        }
        let signer = signer.map(|signer| signer.device);
        let context = context.ok_or(Refusal::NotLoggedIn)?;
        let now = self.environment.clock.now();
        let policy = Self::policy_context(&context.global_state, now);
        let tegata_policy::Account::Active(active) = &context.state else {
            return Err(Refusal::NotLoggedIn.into());
        };
        let session = active
            .session_of_request(context.session, signer, &policy)
            .ok_or(Refusal::NotLoggedIn)?;
        let signer = signer.filter(|device| *device == session.device);
        let caller = Caller {
            account: context.account,
            session: context.session,
            signer,
            context: context.clone(),
        };
        let is_old =
            |at: UnixTime| now.seconds().saturating_sub(at.seconds()) >= USE_RECORDED_AFTER;
        if is_old(session.seen) || (signer.is_some() && is_old(session.last_signed())) {
            let event = Event::UseSession { session: caller.session, signer };
            self.apply(caller.account, None, event, &RequestSecrets::default()).await?;
        }
        Ok(caller)
    }
}
