//! The wallet's side, without a network: a request to be carried to the issuer, and what to make of the response.

use std::marker::PhantomData;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::calls::{By, ByDevice, Call};
use super::signed::{signature_text, signed_bytes};
use super::text::SessionToken;
use crate::account::Refusal;
use crate::vault::{Keystore, KeystoreError};

/// A request for the host to send: `POST`, `Content-Type: application/json`. Send it over TLS or to loopback only, with
/// no redirects followed; after a time-out the same request may be sent again.
#[derive(Debug)]
pub struct Request<C> {
    body: Zeroizing<Vec<u8>>,
    signature: Option<String>,
    session: Option<SessionToken>,
    call: PhantomData<C>,
}

/// What the issuer answered, as the host received it.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The body, at most [`Response::LARGEST`] bytes.
    pub body: Vec<u8>,
    /// The header `Retry-After`, in seconds, if there was one.
    pub retry_after: Option<u64>,
}

impl Response {
    /// No answer is larger.
    pub const LARGEST: usize = 256 * 1024;
}

/// Why there is no answer of the kind that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// The issuer said no.
    #[error("{0}")]
    No(Why),
    /// The keystore did not sign.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// What came back is not what an issuer of this version answers.
    #[error("the issuer's answer cannot be read: is the address right, and the app up to date?")]
    NotUnderstood,
    /// The message could not be written.
    #[error("the message cannot be written")]
    NotWritten,
}

/// Why the issuer said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It decided so.
    #[error("{0}")]
    Refused(Refusal),
    /// The new password is one that others guess.
    #[error(
        "the password is too easy to guess: take a longer one, of words that are not about you"
    )]
    WeakPassword,
    /// The processor takes no card by this token.
    #[error("the card was not taken: register it anew, or another one")]
    CardRefused,
    /// An operator stopped this kind of request.
    #[error("the issuer has stopped this for now")]
    Stopped,
    /// Too many requests, or too busy; again in so many seconds.
    #[error("the issuer is busy: try again in {0} seconds")]
    Later(u64),
    /// The issuer took the request for malformed.
    #[error("the issuer did not understand the request: is the app up to date?")]
    Malformed,
    /// A fault at the issuer's.
    #[error("something failed at the issuer: try again later")]
    Fault,
}

impl<C: Call> Request<C> {
    /// A message that its device signs.
    ///
    /// # Errors
    /// [`IssuerError::Keystore`], [`IssuerError::NotWritten`].
    pub fn signed(call: &C, keystore: &dyn Keystore) -> Result<Self, IssuerError>
    where
        C: ByDevice,
    {
        let mut request = Self::written(call)?;
        if let By::Device(purpose) = C::BY {
            let der = keystore.sign(&signed_bytes(purpose, &request.body))?;
            request.signature = Some(signature_text(&der));
        }
        Ok(request)
    }

    /// A message of a session.
    ///
    /// # Errors
    /// [`IssuerError::NotWritten`].
    pub fn of_session(call: &C, session: SessionToken) -> Result<Self, IssuerError> {
        Ok(Self { session: Some(session), ..Self::written(call)? })
    }

    /// A message that anyone may send.
    ///
    /// # Errors
    /// [`IssuerError::NotWritten`].
    pub fn written(call: &C) -> Result<Self, IssuerError> {
        let body = serde_json::to_vec(call).map_err(|_| IssuerError::NotWritten)?;
        Ok(Self { body: Zeroizing::new(body), signature: None, session: None, call: PhantomData })
    }

    /// The path to send it to.
    #[must_use]
    pub fn path(&self) -> &'static str {
        C::PATH
    }

    /// The body, to be sent as it is: the signature is over these bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What the header [`SIGNATURE_HEADER`](super::SIGNATURE_HEADER) has to say, if it has to be there.
    #[must_use]
    pub fn signature(&self) -> Option<&str> {
        self.signature.as_deref()
    }

    /// What the header `Authorization` has to say after `Bearer `, if it has to be there.
    #[must_use]
    pub fn session(&self) -> Option<&SessionToken> {
        self.session.as_ref()
    }

    /// What the response says.
    ///
    /// # Errors
    /// [`IssuerError::No`] with the issuer's reason, [`IssuerError::NotUnderstood`].
    pub fn answer(&self, response: &Response) -> Result<C::Answer, IssuerError> {
        if response.body.len() > Response::LARGEST {
            return Err(IssuerError::NotUnderstood);
        }
        if response.status == 200 {
            return serde_json::from_slice(&response.body).map_err(|_| IssuerError::NotUnderstood);
        }
        let problem: Problem =
            serde_json::from_slice(&response.body).map_err(|_| IssuerError::NotUnderstood)?;
        let name = problem.r#type.strip_prefix("urn:tegata:problem:");
        name.map(|name| IssuerError::No(why(name, response)))
            .ok_or(IssuerError::NotUnderstood)
            .and_then(Err)
    }
}

/// What of a problem document (RFC 9457) is looked at.
#[derive(Deserialize)]
struct Problem {
    r#type: String,
}

fn why(name: &str, response: &Response) -> Why {
    if let Some(refusal) = Refusal::ALL.into_iter().find(|refusal| refusal.name() == name) {
        return Why::Refused(refusal);
    }
    match (name, response.status) {
        ("weak-password", _) => Why::WeakPassword,
        ("card-refused", _) => Why::CardRefused,
        ("stopped", _) => Why::Stopped,
        (_, 429 | 503) => Why::Later(response.retry_after.unwrap_or(1)),
        (_, 400..=499) => Why::Malformed,
        _ => Why::Fault,
    }
}
