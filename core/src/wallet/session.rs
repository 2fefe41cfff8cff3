//! The session of a wallet: completing a request, and keeping what its response brings.

use zeroize::Zeroizing;

use super::account::Account;
use super::error::Error;
use super::profile::AccountProfile;
use super::request::{FollowUp, OutgoingRequest, PendingRequest, SplitSession};
use crate::formats::otpauth;
use crate::protocol::{
    EndedSessions, Envelope, IssuerProblem, Refusal, Response, SecretText, SessionToken,
};
use crate::vault::{AccountRecord, RecordId, Transaction};

impl Account<'_> {
    /// Takes the response: keeps the session in it in place of the one before, under the payment lock or, where there is
    /// none, in memory, drops a session that has ended,
    /// and gives the rest.
    ///
    /// # Errors
    /// [`Error::Issuer`] if the issuer did not do it; [`Error::NotLoggedIn`] if it no longer knows the session, which is
    /// dropped then; [`Error::PaymentsLocked`] or [`Error::Failed`] if it was done there and the session could not be kept here: then log in again.
    pub fn complete<A: SplitSession>(
        &mut self,
        request: &PendingRequest<A>,
        response: &Response,
    ) -> Result<A::Rest, Error> {
        let body = self.successful_body(&request.out, response)?;
        let opened = open_answer(&request.out, body)?;
        let answer: A = serde_json::from_slice(opened.as_ref().map_or(body, |opened| opened))
            .map_err(unreadable)?;
        if let Some(uri) = answer.issued_factor() {
            self.learn_issuer_name(uri)?;
        }
        let (session, rest) = answer.split_session();
        self.follow_up(&request.out, session)?;
        Ok(rest)
    }

    /// Drops the session. The wallet still knows whose account it was. Does nothing if there is none.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn discard_session(&mut self) -> Result<(), Error> {
        self.0.discard_session()
    }

    // What follows is not generic, since each of the two dozen calls would have a copy of it in the library.

    pub(super) fn outgoing_in_session(
        &self,
        envelope: Envelope,
        ends: EndedSessions,
    ) -> Result<OutgoingRequest, Error> {
        let kept = self.record()?.ok_or(Error::NotLoggedIn)?;
        let session = self.0.session()?;
        let ends = match ends {
            EndedSessions::Nothing => false,
            EndedSessions::ThisSession => true,
            EndedSessions::SessionsOf(device) => self.device_key()?.id() == device,
        };
        let then = if ends { FollowUp::DiscardSession } else { FollowUp::Nothing };
        Ok(OutgoingRequest {
            profile: AccountProfile::of(&kept)?,
            envelope: envelope.in_session(session.token),
            session: session.record,
            then,
            answer_key: None,
            is_signed_again: false,
        })
    }

    pub(super) fn successful_body<'r>(
        &mut self,
        out: &OutgoingRequest,
        response: &'r Response,
    ) -> Result<&'r [u8], Error> {
        self.0.challenge.learn(&out.profile.issuer, response);
        match response.done() {
            Ok(body) => Ok(body),
            Err(IssuerProblem::Refused(Refusal::NotLoggedIn)) => {
                self.discard_session_of(out)?;
                Err(Error::NotLoggedIn)
            }
            Err(problem) => {
                let is_final =
                    matches!(problem, IssuerProblem::Refused(_) | IssuerProblem::Malformed);
                if let (FollowUp::ForgetMessage(id), true) = (out.then, is_final) {
                    self.0.forget_message(&id)?;
                }
                Err(Error::Issuer(problem))
            }
        }
    }

    fn follow_up(
        &mut self,
        out: &OutgoingRequest,
        session: Option<SessionToken>,
    ) -> Result<(), Error> {
        if let Some(session) = session {
            self.store_session(&out.profile, &session)?;
        }
        match out.then {
            FollowUp::Nothing => Ok(()),
            FollowUp::DiscardSession => self.discard_session_of(out),
            FollowUp::UpdateAddress => self.update_address(out.profile.handle.address()),
            FollowUp::ForgetMessage(id) => self.0.forget_message(&id),
        }
    }

    /// Drops the session that the request was sent in. One of a log-in since then stays.
    fn discard_session_of(&mut self, out: &OutgoingRequest) -> Result<(), Error> {
        if let Some(sent) = out.envelope.session() {
            return self.0.discard_sent_session(sent, out.session);
        }
        let Some(kept) = self.record()? else { return Ok(()) };
        let AccountProfile { handle, issuer, .. } = &out.profile;
        let is_its = kept.handle == handle.address() && kept.issuer_address == issuer.as_str();
        if is_its { self.discard_session() } else { Ok(()) }
    }

    fn update_address(&mut self, address: &str) -> Result<(), Error> {
        self.0.vault.transaction(|tx| match only(tx)? {
            Some((id, kept)) => {
                Ok(tx.put(&id, &AccountRecord { handle: address.to_owned(), ..kept })?)
            }
            None => Ok(()),
        })
    }

    /// Stores the issuer's name as the new factor says it: a factor that comes back by hand is known by it.
    fn learn_issuer_name(&mut self, uri: &SecretText) -> Result<(), Error> {
        let Ok(factor) = otpauth::parse(uri.expose().as_bytes()) else { return Ok(()) };
        let name = factor.issuer.as_str();
        if name.is_empty() {
            return Ok(());
        }
        Ok(self.0.vault.transaction(|tx| tx.learn_issuer_name(name))?)
    }

    pub(super) fn record(&self) -> Result<Option<AccountRecord>, Error> {
        Ok(self.0.vault.list::<AccountRecord>()?.pop().map(|(_, kept)| kept))
    }

    fn store_session(
        &mut self,
        profile: &AccountProfile,
        session: &SessionToken,
    ) -> Result<(), Error> {
        let account = AccountRecord {
            handle: profile.handle.address().to_owned(),
            issuer_address: profile.issuer.to_string(),
            device_name: profile.device_name.clone().into(),
            session: None,
        };
        self.0.store_session(&account, session)
    }
}

fn only(tx: &Transaction<'_>) -> Result<Option<(RecordId, AccountRecord)>, Error> {
    Ok(tx.list::<AccountRecord>()?.pop())
}

/// Opens an answer that is sealed to its request; `None` for one that is not sealed.
fn open_answer(out: &OutgoingRequest, body: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let Some(key) = &out.answer_key else { return Ok(None) };
    let sealed = serde_json::from_slice(body).map_err(unreadable)?;
    let content = key.open(out.envelope.body(), &sealed);
    content.map(Some).ok_or(Error::Issuer(IssuerProblem::UnreadableAnswer))
}

fn unreadable(_: serde_json::Error) -> Error {
    Error::Issuer(IssuerProblem::UnreadableAnswer)
}
