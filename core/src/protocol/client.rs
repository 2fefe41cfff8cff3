//! The wallet's side, without a network: a request for the host to send, and reading the response.

use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::call::{Call, DeviceSigned};
use super::freshness::{Challenge, Freshness};
use super::refusal::{Refusal, WaitText};
use super::sealed_answer::{AnswerKey, SealedCall};
use super::secrets::SessionToken;
use super::signed::{MessageSignature, SignaturePurpose};
use crate::vault::{Keystore, KeystoreError};

/// The signature of a request, and what it takes to sign the request again.
#[derive(Debug)]
struct Signature {
    header: String,
    purpose: SignaturePurpose<'static>,
    freshness: Freshness,
}

/// A request for the host to send: `POST`, `Content-Type: application/json`. Send it over TLS or to loopback only, and
/// follow no redirects. When no answer came, an [idempotent](Self::is_idempotent) request may be sent again by itself, any
/// other only if the owner says so.
#[derive(Debug)]
pub struct Envelope {
    path: &'static str,
    body: Zeroizing<Vec<u8>>,
    signature: Option<Signature>,
    session: Option<SessionToken>,
    is_idempotent: bool,
}

impl Envelope {
    /// The path to send it to.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The body, to be sent as it is: the signature is over these bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The value of the header [`SIGNATURE_HEADER`](super::SIGNATURE_HEADER), if the request has one.
    #[must_use]
    pub fn signature(&self) -> Option<&str> {
        self.signature.as_ref().map(|signature| &*signature.header)
    }

    /// The token of the header `Authorization`, after `Bearer `, if the request has one.
    #[must_use]
    pub fn session(&self) -> Option<&SessionToken> {
        self.session.as_ref()
    }

    /// Whether it may be sent again by itself when no answer came, since doing it twice is like doing it once.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.is_idempotent
    }

    /// Adds a session token.
    #[must_use]
    pub(crate) fn in_session(self, session: SessionToken) -> Self {
        Self { session: Some(session), ..self }
    }

    /// Has the device sign it for a session: with the key, which no field of the body has.
    pub(crate) fn signed_for_session(
        self,
        keystore: &dyn Keystore,
        freshness: Freshness,
    ) -> Result<Self, IssuerError> {
        let purpose = SignaturePurpose::Session(self.path);
        self.signed(purpose, keystore, freshness)
    }

    /// Has the device sign it once more, with this challenge; the id of the request stays, so that it is carried out once.
    /// Gives whether it is signed at all.
    ///
    /// # Errors
    /// [`IssuerError::Keystore`].
    pub fn sign_again(
        &mut self,
        challenge: Challenge,
        keystore: &dyn Keystore,
    ) -> Result<bool, IssuerError> {
        let Some(Signature { header, purpose, freshness }) = &mut self.signature else {
            return Ok(false);
        };
        freshness.challenge = Some(challenge);
        *header = purpose.sign(freshness, &self.body, keystore)?;
        Ok(true)
    }

    fn signed(
        self,
        purpose: SignaturePurpose<'static>,
        keystore: &dyn Keystore,
        freshness: Freshness,
    ) -> Result<Self, IssuerError> {
        let header = purpose.sign(&freshness, &self.body, keystore)?;
        Ok(Self { signature: Some(Signature { header, purpose, freshness }), ..self })
    }
}

/// An [`Envelope`] with the type of its message.
#[derive(Debug)]
pub struct Request<C> {
    envelope: Envelope,
    call: PhantomData<C>,
}

impl<C> From<Request<C>> for Envelope {
    fn from(request: Request<C>) -> Self {
        request.envelope
    }
}

/// The issuer's response, as the host received it.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code of the response.
    pub status: u16,
    /// The body, at most [`Response::LARGEST`] bytes.
    pub body: Vec<u8>,
    /// The header `Retry-After`, in seconds, if there was one.
    pub retry_after: Option<u64>,
    /// The header [`CHALLENGE_HEADER`](super::CHALLENGE_HEADER), if there was one.
    pub challenge: Option<String>,
}

impl Response {
    /// The largest body that is read: 256 KiB.
    pub const LARGEST: usize = 256 * 1024;

    /// Gives the challenge for the next message, if there is one.
    #[must_use]
    pub fn challenge(&self) -> Option<Challenge> {
        self.challenge.clone().and_then(|text| Challenge::try_from(text).ok())
    }

    /// Tells whether the issuer wants the request signed again, with the challenge in this response. Nothing was done.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.done() == Err(IssuerProblem::Stale)
    }

    /// Gives the body of a success, and the problem of any other response.
    pub(crate) fn done(&self) -> Result<&[u8], IssuerProblem> {
        match self.status {
            _ if self.body.len() > Self::LARGEST => Err(IssuerProblem::UnreadableAnswer),
            200 => Ok(&self.body),
            _ => Err(problem(self)),
        }
    }
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// The issuer did not do what was requested.
    #[error("{0}")]
    Problem(IssuerProblem),
    /// The keystore failed to sign the message.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// The message could not be written as JSON.
    #[error("cannot serialise the message")]
    Encoding,
}

/// Why the issuer did not do what was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerProblem {
    /// The issuer refused it by its rules.
    #[error("{0}")]
    Refused(Refusal),
    /// The new password is easy to guess.
    #[error("the password is too easy to guess: choose a longer one, of words unrelated to you")]
    WeakPassword,
    /// The processor has registered no card, or the card is in two accounts already.
    #[error("the card was not accepted: register it again or use another one")]
    CardRefused,
    /// An operator stopped this kind of request.
    #[error("the issuer has temporarily stopped this operation")]
    Stopped,
    /// The issuer has as many payment credentials as its codes can tell apart.
    #[error("the issuer cannot issue any more payment credentials")]
    CapacityReached,
    /// The issuer is busy, or got too many requests: try again in this many seconds.
    #[error("the issuer is busy: try again in {}", WaitText(*.0))]
    Busy(u64),
    /// The issuer took the request for malformed.
    #[error("the issuer rejected the request as malformed: check that the app is up to date")]
    Malformed,
    /// Something failed at the issuer.
    #[error("internal error at the issuer: try again later")]
    InternalError,
    /// The message was signed too long ago, or without a challenge: sign it again. Nothing was done.
    #[error("the request was signed too long ago: send it again")]
    Stale,
    /// The response is not what an issuer of this version answers. Nobody knows whether it was done.
    #[error(
        "the issuer's response cannot be read: check the address and that the app is up to date"
    )]
    UnreadableAnswer,
}

impl<C: Call> Request<C> {
    /// Writes a message and has its device sign it.
    ///
    /// # Errors
    /// [`IssuerError::Keystore`], [`IssuerError::Encoding`].
    pub fn signed(
        call: &C,
        keystore: &dyn Keystore,
        freshness: Freshness,
    ) -> Result<Self, IssuerError>
    where
        C: DeviceSigned,
    {
        Self::written(call)?.signed_for_purpose(keystore, freshness)
    }

    /// Has the device sign a message that was written before, byte for byte.
    pub(crate) fn again(
        body: &[u8],
        keystore: &dyn Keystore,
        freshness: Freshness,
    ) -> Result<Self, IssuerError>
    where
        C: DeviceSigned,
    {
        Self::of(Zeroizing::new(body.to_vec())).signed_for_purpose(keystore, freshness)
    }

    fn signed_for_purpose(
        self,
        keystore: &dyn Keystore,
        freshness: Freshness,
    ) -> Result<Self, IssuerError> {
        let Some(purpose) = C::AUTH.signed_for() else { return Ok(self) };
        let purpose = SignaturePurpose::Named(purpose);
        Ok(Self { envelope: self.envelope.signed(purpose, keystore, freshness)?, ..self })
    }

    /// Takes a message that the device signed before, as it was kept.
    /// Gives `None` if the header is not one.
    pub(crate) fn signed_before(body: &[u8], header: String) -> Option<Self>
    where
        C: DeviceSigned,
    {
        let freshness = MessageSignature::read(&header)?.freshness().clone();
        let purpose = SignaturePurpose::Named(C::AUTH.signed_for()?);
        let kept = Self::of(Zeroizing::new(body.to_vec()));
        let signature = Some(Signature { header, purpose, freshness });
        Some(Self { envelope: Envelope { signature, ..kept.envelope }, ..kept })
    }

    /// Writes a message that is sent in a session, with the token alone.
    ///
    /// # Errors
    /// [`IssuerError::Encoding`].
    pub fn of_session(call: &C, session: SessionToken) -> Result<Self, IssuerError> {
        let written = Self::written(call)?;
        Ok(Self { envelope: written.envelope.in_session(session), ..written })
    }

    /// Writes a message that is sent in a session, and has the session's device sign it.
    ///
    /// # Errors
    /// [`IssuerError::Keystore`], [`IssuerError::Encoding`].
    pub fn signed_in_session(
        call: &C,
        session: SessionToken,
        keystore: &dyn Keystore,
        freshness: Freshness,
    ) -> Result<Self, IssuerError> {
        let of_session = Self::of_session(call, session)?;
        let envelope = of_session.envelope.signed_for_session(keystore, freshness)?;
        Ok(Self { envelope, ..of_session })
    }

    /// Writes a message that anyone may send.
    ///
    /// # Errors
    /// [`IssuerError::Encoding`].
    pub fn written(call: &C) -> Result<Self, IssuerError> {
        let body = serde_json::to_vec(call).map_err(|_| IssuerError::Encoding)?;
        Ok(Self::of(Zeroizing::new(body)))
    }

    /// Has the device sign it once more: see [`Envelope::sign_again`].
    ///
    /// # Errors
    /// [`IssuerError::Keystore`].
    pub fn sign_again(
        &mut self,
        challenge: Challenge,
        keystore: &dyn Keystore,
    ) -> Result<bool, IssuerError> {
        self.envelope.sign_again(challenge, keystore)
    }

    fn of(body: Zeroizing<Vec<u8>>) -> Self {
        let envelope = Envelope {
            path: C::PATH,
            body,
            signature: None,
            session: None,
            is_idempotent: C::IS_IDEMPOTENT,
        };
        Self { envelope, call: PhantomData }
    }

    /// Reads the answer in the response.
    ///
    /// # Errors
    /// [`IssuerError::Problem`].
    pub fn answer(&self, response: &Response) -> Result<C::Answer, IssuerError> {
        let body = response.done().map_err(IssuerError::Problem)?;
        serde_json::from_slice(body)
            .map_err(|_| IssuerError::Problem(IssuerProblem::UnreadableAnswer))
    }

    /// Opens the answer in the response, which was sealed to the key in this request.
    ///
    /// # Errors
    /// [`IssuerError::Problem`], also for an answer to another request.
    pub fn open(&self, key: &AnswerKey, response: &Response) -> Result<C::Content, IssuerError>
    where
        C: SealedCall,
    {
        let answer = self.answer(response)?;
        let content = key.open(self.body(), &answer);
        content
            .and_then(|content| serde_json::from_slice(&content).ok())
            .ok_or(IssuerError::Problem(IssuerProblem::UnreadableAnswer))
    }
}

impl<C> Deref for Request<C> {
    type Target = Envelope;

    fn deref(&self) -> &Envelope {
        &self.envelope
    }
}

/// The part of a problem document (RFC 9457) that is read.
#[derive(Deserialize)]
struct Problem {
    r#type: String,
}

fn problem(response: &Response) -> IssuerProblem {
    let problem = serde_json::from_slice::<Problem>(&response.body).ok();
    let name = problem.as_ref().and_then(|it| it.r#type.strip_prefix("urn:tegata:problem:"));
    name.map_or(IssuerProblem::UnreadableAnswer, |name| why(name, response))
}

fn why(name: &str, response: &Response) -> IssuerProblem {
    let wait = response.retry_after.unwrap_or(1);
    if let Some(refusal) = Refusal::ALL.into_iter().find(|refusal| refusal.name() == name) {
        return IssuerProblem::Refused(match refusal {
            Refusal::TooManyAttempts { .. } => Refusal::TooManyAttempts { wait },
            other => other,
        });
    }
    match (name, response.status) {
        ("weak-password", _) => IssuerProblem::WeakPassword,
        ("card-refused", _) => IssuerProblem::CardRefused,
        ("stopped", _) => IssuerProblem::Stopped,
        ("no-room", _) => IssuerProblem::CapacityReached,
        ("stale", _) => IssuerProblem::Stale,
        (_, 408 | 429 | 503) => IssuerProblem::Busy(wait),
        (_, 400..=499) => IssuerProblem::Malformed,
        _ => IssuerProblem::InternalError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_has_its_name() {
        let problem_of = |name: &str, status, retry_after| {
            let body = format!("{{\"type\":\"urn:tegata:problem:{name}\"}}").into_bytes();
            problem(&Response { status, body, retry_after, challenge: None })
        };
        assert_eq!(problem_of("too-many", 429, Some(7)), IssuerProblem::Busy(7));
        assert_eq!(problem_of("too-busy", 503, None), IssuerProblem::Busy(1));
        assert_eq!(problem_of("timed-out", 408, None), IssuerProblem::Busy(1));
        assert_eq!(problem_of("stale", 401, None), IssuerProblem::Stale);
        assert_eq!(problem_of("malformed", 400, None), IssuerProblem::Malformed);
        assert_eq!(problem_of("internal", 500, None), IssuerProblem::InternalError);
        assert_eq!(
            problem_of("refused", 403, None),
            IssuerProblem::Refused(Refusal::InvalidCredentials)
        );
        let often = Refusal::TooManyAttempts { wait: 60 };
        assert_eq!(problem_of("too-often", 429, Some(60)), IssuerProblem::Refused(often));
        let page =
            Response { status: 408, body: b"<html>".to_vec(), retry_after: None, challenge: None };
        assert_eq!(problem(&page), IssuerProblem::UnreadableAnswer);
    }
}
