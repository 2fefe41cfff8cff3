//! What devices sign is carried out once. Its answer is written in the transaction of its effect; the same message again,
//! from whomever, gets that answer and has no effect.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use tegata::protocol::{DeviceId, Freshness, Refusal};
use tegata_policy::Generation;
use zeroize::Zeroizing;

use super::{AccountError, Accounts};
use crate::crypto::MessageKey;
use crate::domain::{InternalError, Network};
use crate::store::{AnsweredRequest, PriorRequest, SignedRequestKey};

/// Seconds for which a request is remembered.
const REMEMBERED: i64 = 24 * 60 * 60;

/// For how long the same message gets the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repetition {
    /// As long as the request is remembered.
    ForADay,
    /// As long as its challenge is fresh: what logs somebody in. Signed again, it gets the same answer.
    WhileFresh,
}

/// Who signed a request, and what keeps the signature from being good for long.
pub(crate) struct Signer {
    pub(crate) device: DeviceId,
    pub(crate) freshness: Freshness,
}

/// Who sent a request that a device signed.
#[derive(Clone)]
pub(crate) struct Requester {
    /// The device that signed it.
    pub(crate) device: DeviceId,
    /// The network that it came from.
    pub(crate) network: Network,
    /// The request, where it is carried out once.
    pub(crate) signed: Option<Arc<SignedRequest>>,
}

/// A message that a device signed, as far as it is told from others.
pub(crate) struct SignedRequest {
    key: SignedRequestKey,
    freshness: Freshness,
    message: MessageKey,
}

impl SignedRequest {
    pub(super) fn key(&self) -> SignedRequestKey {
        self.key
    }

    /// The device that signed it.
    pub(super) fn device(&self) -> DeviceId {
        self.key.device
    }

    /// Names the row of the answer, which opens in no other.
    fn place(&self) -> Vec<u8> {
        [&self.key.device.0[..], &self.key.request.0].concat()
    }
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedRequest([redacted])")
    }
}

/// What a request was answered with.
#[derive(PartialEq, Eq)]
pub(crate) enum StoredAnswer {
    /// The answer as JSON, sent again as it was.
    Done(Zeroizing<Vec<u8>>),
    /// What is read after the effect: the same request reads it again.
    CarriedOut,
    /// The refusal, given again without another look.
    Refused(Refusal),
}

impl fmt::Debug for StoredAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredAnswer([redacted])")
    }
}

impl StoredAnswer {
    /// Takes an answer; `()` where the handler reads it after the effect.
    pub(super) fn done(answer: &impl Serialize) -> Result<Self, AccountError> {
        let json = serde_json::to_vec(answer);
        let json = json.map_err(|error| InternalError::new("writing an answer", &error))?;
        Ok(if json == b"null" { Self::CarriedOut } else { Self::Done(Zeroizing::new(json)) })
    }

    /// `A` and the JSON, which is empty for what was carried out; `R` and the name of a refusal.
    fn write(&self) -> Zeroizing<Vec<u8>> {
        let (kind, rest) = match self {
            Self::Done(json) => (b"A", &json[..]),
            Self::CarriedOut => (b"A", &[][..]),
            Self::Refused(refusal) => (b"R", refusal.name().as_bytes()),
        };
        Zeroizing::new([&kind[..], rest].concat())
    }

    fn read(stored: &[u8]) -> Option<Self> {
        match stored.split_first()? {
            (b'A', []) => Some(Self::CarriedOut),
            (b'A', json) => Some(Self::Done(Zeroizing::new(json.to_vec()))),
            (b'R', name) => {
                let refusal = Refusal::ALL.into_iter().find(|it| it.name().as_bytes() == name);
                refusal.map(Self::Refused)
            }
            _ => None,
        }
    }
}

impl Accounts {
    /// Tells a signed message from all others.
    pub(crate) fn signed_request(
        &self,
        Signer { device, freshness }: Signer,
        path: &str,
        token: Option<&[u8; 32]>,
        body: &[u8],
    ) -> Arc<SignedRequest> {
        let in_session = [u8::from(token.is_some())];
        let token = token.map_or(&[][..], |token| &token[..]);
        let message = self.keys.message_key(&[path.as_bytes(), &[0], &in_session, token, body]);
        let key = SignedRequestKey { device, request: freshness.request };
        Arc::new(SignedRequest { key, freshness, message })
    }

    /// Gives what a request was answered with before; `None` for a new one, which has to be signed with a challenge of the
    /// last five minutes.
    pub(crate) async fn prior_answer(
        &self,
        request: &SignedRequest,
        repetition: Repetition,
    ) -> Result<Option<StoredAnswer>, AccountError> {
        let (global_state, prior) = self.store.prior_request(request.key).await?;
        self.prior_answer_in(global_state.generation, prior, request, repetition)
    }

    /// The same, where the generation and the row were read already.
    pub(super) fn prior_answer_in(
        &self,
        generation: Generation,
        prior: Option<PriorRequest>,
        request: &SignedRequest,
        repetition: Repetition,
    ) -> Result<Option<StoredAnswer>, AccountError> {
        if prior.is_none() || repetition == Repetition::WhileFresh {
            self.expect_fresh_in(generation, &request.freshness)?;
        }
        let Some(PriorRequest { hash, answer }) = prior else { return Ok(None) };
        if hash != request.message.hash() {
            return Err(AccountError::RequestReused);
        }
        let answer = request.message.open(&request.place(), &answer);
        let answer = answer.and_then(|answer| StoredAnswer::read(&answer));
        let unreadable = || AccountError::internal("reading an answer", &"it does not open");
        answer.ok_or_else(unreadable).map(Some)
    }

    /// Writes an answer as it is stored.
    pub(super) fn answer_row(
        &self,
        request: &SignedRequest,
        answer: &StoredAnswer,
    ) -> Result<AnsweredRequest, AccountError> {
        let random = &*self.environment.random;
        let sealed = request.message.seal(&request.place(), &answer.write(), random);
        let answer = sealed.map_err(|error| InternalError::new("sealing an answer", &error))?;
        Ok(AnsweredRequest {
            key: request.key,
            stored: PriorRequest { hash: request.message.hash(), answer },
            until: self.environment.clock.now().shifted(REMEMBERED),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        let json = StoredAnswer::done(&serde_json::json!({"a": 1})).unwrap();
        assert_eq!(&json.write()[..], b"A{\"a\":1}");
        assert_eq!(StoredAnswer::done(&()).unwrap(), StoredAnswer::CarriedOut);
        let refusals = Refusal::ALL.map(StoredAnswer::Refused);
        for answer in refusals.into_iter().chain([json, StoredAnswer::CarriedOut]) {
            assert_eq!(StoredAnswer::read(&answer.write()), Some(answer));
        }
        for bad in [&b""[..], b"X", b"Rnothing"] {
            assert_eq!(StoredAnswer::read(bad), None);
        }
    }
}
