//! The session that a request is made in, by its token.

use std::sync::Arc;

use tegata::UnixTime;
use tegata::protocol::{DeviceId, Refusal, SessionId};
use tegata_policy::Event;

use super::request_secrets::RequestSecrets;
use super::signed_requests::{Repetition, SignedRequest, StoredAnswer};
use super::transaction::carried_out;
use super::{AccountError, Accounts};
use crate::domain::{AccountId, TokenHash};
use crate::store::SessionContext;

/// Seconds after which a session's use is written down again.
const USE_RECORDED_AFTER: u64 = 5 * 60;

/// The session that a request was made in.
pub(crate) struct Caller {
    pub(crate) account: AccountId,
    pub(crate) session: SessionId,
    /// The session's device, if it signed the request.
    pub(crate) signer: Option<DeviceId>,
    /// The request, if the session's device signed it.
    pub(crate) signed: Option<Arc<SignedRequest>>,
    /// Whether it was carried out before, so that its answer is only read again.
    pub(crate) is_carried_out: bool,
    pub(crate) context: SessionContext,
}

/// What a request in a session is answered with.
pub(crate) enum Admission {
    /// As it was before.
    Repeated(StoredAnswer),
    /// What the session's request comes to.
    New(Box<Caller>),
}

impl Accounts {
    /// Finds the session that has this token, and takes a request in it that a device signed, or that came by the token
    /// alone. One that was carried out before is answered as then, also when the session is over; then a signature that is
    /// too old is refused.
    pub(crate) async fn caller(
        &self,
        token: Option<&[u8; 32]>,
        request: Option<Arc<SignedRequest>>,
    ) -> Result<Admission, AccountError> {
        let key = request.as_deref().map(SignedRequest::key);
        let found = match token {
            Some(token) => self.store.session(&TokenHash::of(token), key).await?,
            None => None,
        };
        let (context, prior) =
            found.map_or((None, None), |(context, prior)| (Some(context), prior));
        let repetition = Repetition::ForADay;
        let prior = match (&request, &context) {
            (Some(request), Some(context)) => {
                let generation = context.global_state.generation;
                self.prior_answer_in(generation, prior, request, repetition)?
            }
            (Some(request), None) => self.prior_answer(request, repetition).await?,
            (None, _) => None,
        };
        let is_carried_out = match prior {
            None => false,
            Some(StoredAnswer::CarriedOut) => true,
            Some(answer) => return Ok(Admission::Repeated(answer)),
        };
        let signer = request.as_deref().map(SignedRequest::device);
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
            signed: request.filter(|_| signer.is_some()),
            is_carried_out,
            context: context.clone(),
        };
        let is_old =
            |at: UnixTime| now.seconds().saturating_sub(at.seconds()) >= USE_RECORDED_AFTER;
        if is_old(session.seen) || (signer.is_some() && is_old(session.last_signed())) {
            let event = Event::UseSession { session: caller.session, signer };
            let request = RequestSecrets::default();
            self.apply(caller.account, None, event, &request, carried_out).await?;
        }
        Ok(Admission::New(Box::new(caller)))
    }
}
