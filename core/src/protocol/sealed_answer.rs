//! Answers with what logs somebody in: sealed to a key in the request, so that nobody else who has the request gets
//! anything by sending it again, and its sender does.

use ring::digest::{SHA256, digest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::call::Call;
use super::values::{Ciphertext, X25519Key};
use crate::hpke::{PublicKey, ReceiverKey};
use crate::{Random, RandomUnavailable};

/// The parameter `info` of HPKE.
const INFO: &[u8] = b"tegata/v1/answer";

/// A message whose answer is sealed to a key in it.
pub trait SealedCall: Call<Answer = SealedAnswer> {
    /// What is sealed, as JSON.
    type Content: Serialize + DeserializeOwned;

    /// The key that the answer is sealed to.
    fn answer_key(&self) -> &X25519Key;
}

/// Marks messages whose answer is sealed to their field `answer_key`, and says what is sealed.
macro_rules! sealed_calls {
    ($($name:ident => $content:ty),*) => {$(
        impl super::sealed_answer::SealedCall for $name {
            type Content = $content;

            fn answer_key(&self) -> &X25519Key {
                &self.answer_key
            }
        }
    )*};
}

/// An answer, encrypted to the sender of the request with HPKE (RFC 9180): base mode, DHKEM(X25519, HKDF-SHA256),
/// HKDF-SHA256, AES-256-GCM. `info` is `tegata/v1/answer`, the associated data SHA-256 of the request's body.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SealedAnswer {
    /// The encapsulated key of HPKE.
    pub enc: X25519Key,
    /// The content as JSON, encrypted to the key in the request.
    pub ciphertext: Ciphertext,
}

/// The private key that an answer is sealed to, made for one request.
#[derive(Clone, Debug)]
pub struct AnswerKey(ReceiverKey);

impl AnswerKey {
    /// Makes a key for one request.
    ///
    /// # Errors
    /// [`RandomUnavailable`]; no request is made then.
    pub fn make(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        ReceiverKey::make(random).map(Self)
    }

    /// Gives the public half, which goes into the request.
    #[must_use]
    pub fn public(&self) -> X25519Key {
        X25519Key(*self.0.public().as_bytes())
    }

    /// Opens the answer to the request that has this body; `None` for an answer to another one, or one that was altered.
    #[must_use]
    pub fn open(&self, body: &[u8], answer: &SealedAnswer) -> Option<Zeroizing<Vec<u8>>> {
        self.0.open(&answer.enc.0, INFO, &associated_data(body), answer.ciphertext.bytes())
    }
}

/// Whom an answer is sealed to: the sender of one request.
#[derive(Clone, Debug)]
pub struct AnswerRecipient {
    key: PublicKey,
    associated_data: [u8; 32],
}

/// Why an answer was not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealAnswerError {
    /// The answer cannot be written as JSON, or is larger than messages have it.
    #[error("the answer cannot be written")]
    Encoding,
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

impl AnswerRecipient {
    /// Gives the sender of the request that has this key and body; `None` for a key that everybody could open with.
    #[must_use]
    pub fn new(key: &X25519Key, body: &[u8]) -> Option<Self> {
        let key = PublicKey::new(key.0)?;
        Some(Self { key, associated_data: associated_data(body) })
    }

    /// Seals the answer, as JSON, to the key in the request. One X25519 exchange.
    ///
    /// # Errors
    /// [`SealAnswerError`]; nothing is to be sent then.
    pub fn seal(
        &self,
        content: &impl Serialize,
        random: &dyn Random,
    ) -> Result<SealedAnswer, SealAnswerError> {
        let json = serde_json::to_vec(content).map(Zeroizing::new);
        let json = json.map_err(|_| SealAnswerError::Encoding)?;
        let sealed = self.key.seal(INFO, &self.associated_data, &json, random)?;
        let ciphertext = Ciphertext::new(sealed.sealed).map_err(|_| SealAnswerError::Encoding)?;
        Ok(SealedAnswer { enc: X25519Key(sealed.enc), ciphertext })
    }
}

fn associated_data(body: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, body).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    /// The vector in docs/interface.md, made by another implementation of HPKE.
    #[test]
    fn an_answer_opens_as_the_documents_say() {
        let page = include_str!("../../../docs/interface.md");
        let (_, section) = page.split_once("## Sealed answers").unwrap();
        let hex_after = |label: &str| {
            let (_, rest) = section.split_once(label).unwrap();
            hex::decode(rest.split_whitespace().next().unwrap()).unwrap()
        };
        let key = AnswerKey(ReceiverKey::from_slice(&hex_after("\nprivate key ")).unwrap());
        assert_eq!(key.public().0[..], hex_after("\npublic key ")[..]);
        let enc = X25519Key(hex_after("\nenc ").try_into().unwrap());
        let ciphertext = Ciphertext::new(hex_after("\nciphertext ")).unwrap();
        let answer = SealedAnswer { enc, ciphertext };
        let content = key.open(b"{}", &answer).unwrap();
        assert_eq!(*content, br#"{"session":"AQ","must_enrol":false}"#);
        assert!(key.open(b"{ }", &answer).is_none(), "another request's");
    }

    #[test]
    fn an_answer_opens_for_its_request_alone() {
        let random = SystemRandom::new();
        let key = AnswerKey::make(&random).unwrap();
        let recipient = AnswerRecipient::new(&key.public(), b"{}").unwrap();
        let answer = recipient.seal(&7, &random).unwrap();
        assert_eq!(*key.open(b"{}", &answer).unwrap(), b"7");
        assert!(key.open(b"{ }", &answer).is_none());
        assert!(AnswerKey::make(&random).unwrap().open(b"{}", &answer).is_none());
        let other_enc = SealedAnswer { enc: key.public(), ..answer.clone() };
        assert!(key.open(b"{}", &other_enc).is_none());
        let mut bytes = answer.ciphertext.bytes().to_vec();
        bytes[0] ^= 1;
        let altered = SealedAnswer { ciphertext: Ciphertext::new(bytes).unwrap(), ..answer };
        assert!(key.open(b"{}", &altered).is_none());
        assert!(AnswerRecipient::new(&X25519Key([0; 32]), b"{}").is_none(), "of small order");
        let large = "a".repeat(5000);
        assert_eq!(recipient.seal(&large, &random).unwrap_err(), SealAnswerError::Encoding);
    }
}
