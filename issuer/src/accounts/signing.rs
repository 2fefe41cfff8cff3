//! Who is behind a request: the device that signed it, or the session whose token it carries.

use axum::http::HeaderMap;
use tegata::protocol::{Call, DeviceKey, DeviceSigned, SIGNATURE_HEADER, is_signed};
use tegata::protocol::{Refusal, SessionId};
use tegata_policy::Event;

use super::Accounts;
use super::given::Given;
use crate::domain::{AccountId, TokenHash};
use crate::http::body::Strict;
use crate::http::headers::bearer_token;
use crate::http::problem::Problem;
use crate::store::SessionContext;

/// Seconds after which a session's use is written down again.
const SEEN: u64 = 5 * 60;

/// The key of the device that signed the request, as it came.
pub(super) fn signer<C: Call + DeviceSigned>(
    headers: &HeaderMap,
    request: &Strict<C>,
) -> Result<DeviceKey, Problem> {
    let mut signatures = headers.get_all(SIGNATURE_HEADER).iter();
    let (Some(signature), None) = (signatures.next(), signatures.next()) else {
        return Err(Problem::NotSigned);
    };
    let key = *request.value.device();
    let signed = match (C::AUTH.signed_for(), signature.to_str()) {
        (Some(purpose), Ok(signature)) => is_signed(&key, purpose, &request.raw, signature),
        _ => false,
    };
    if signed { Ok(key) } else { Err(Problem::NotSigned) }
}

/// The session that a request was made in.
pub(super) struct Caller {
    pub(super) account: AccountId,
    pub(super) session: SessionId,
    pub(super) found: SessionContext,
}

impl Accounts {
    /// The session of the header `Authorization: Bearer …`.
    pub(super) async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let refused = Problem::Refused(Refusal::NotLoggedIn);
        let token = bearer_token(headers).ok_or(refused)?;
        let found = self.store.session(&TokenHash::of(&token)).await.map_err(Problem::of_store)?;
        let found = found.ok_or(refused)?;
        let now = self.world.clock.now();
        let world = Self::world(&found.global_state, now);
        let tegata_policy::Account::Active(live) = &found.state else { return Err(refused) };
        let session = live.session(found.session, &world).ok_or(refused)?;
        let caller =
            Caller { account: found.account, session: found.session, found: found.clone() };
        if now.seconds().saturating_sub(session.seen.seconds()) >= SEEN {
            let event = Event::UseSession { session: caller.session };
            self.act(caller.account, None, event, &Given::default()).await?;
        }
        Ok(caller)
    }
}
