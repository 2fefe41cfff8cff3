//! What a signed message is recognised by when it comes again, and the key that its answer is stored under.
//!
//! Both are halves of one HMAC-SHA-512 of the message, with the session's token in it: whoever reads the database has
//! neither, cannot guess at a password or code in the message, and opens no answer with the issuer's keys alone.

use ring::hmac;
use tegata::{Random, RandomUnavailable};
use zeroize::{Zeroizing, zeroize_stack};

use super::sealing::SealingKey;

/// More of the stack than ring's functions take, which leave the end of the message and the key there.
const STACK: usize = 16 * 1024;

/// The hash of a message, and the key of its answer.
pub(crate) struct MessageKey {
    hash: [u8; 32],
    answer: Zeroizing<[u8; 32]>,
}

/// Makes the key that messages are hashed under.
pub(super) fn root(key: &[u8; 32]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA512, key)
}

impl MessageKey {
    pub(super) fn derive(root: &hmac::Key, parts: &[&[u8]]) -> Self {
        let tag = tag(root, parts);
        zeroize_stack::<STACK>();
        let mut key = Self { hash: [0; 32], answer: Zeroizing::new([0; 32]) };
        key.hash.copy_from_slice(&tag[..32]);
        key.answer.copy_from_slice(&tag[32..]);
        key
    }

    /// What the message is recognised by.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Seals the answer, which opens in this place alone.
    pub(crate) fn seal(
        &self,
        place: &[u8],
        answer: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, RandomUnavailable> {
        let sealed = seal(&self.answer, place, answer, random);
        zeroize_stack::<STACK>();
        sealed
    }

    /// Opens the answer; `None` if it is another message's or stands in another place.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let answer = open(&self.answer, place, sealed);
        zeroize_stack::<STACK>();
        answer
    }
}

#[expect(
    clippy::unnecessary_box_returns,
    reason = "what is returned by value is copied on the stack"
)]
#[inline(never)]
fn tag(root: &hmac::Key, parts: &[&[u8]]) -> Box<Zeroizing<[u8; 64]>> {
    let mut context = hmac::Context::with_key(root);
    for part in parts {
        context.update(part);
    }
    let mut tag = Box::new(Zeroizing::new([0; 64]));
    tag.copy_from_slice(context.sign().as_ref());
    tag
}

#[inline(never)]
fn seal(
    key: &[u8; 32],
    place: &[u8],
    answer: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, RandomUnavailable> {
    SealingKey::new(key).seal(place, answer, random)
}

#[inline(never)]
fn open(key: &[u8; 32], place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    SealingKey::new(key).open(place, sealed)
}

#[cfg(test)]
mod tests {
    use tegata::SystemRandom;

    use super::*;

    fn message(body: &[u8]) -> MessageKey {
        MessageKey::derive(&root(&[7; 32]), &[b"/v1/log-ins", &[0], body])
    }

    #[test]
    fn an_answer_opens_with_its_message_in_its_place() {
        let random = SystemRandom::new();
        let sealed = message(b"{}").seal(b"here", b"an answer", &random).unwrap();
        assert_eq!(*message(b"{}").open(b"here", &sealed).unwrap(), b"an answer");
        assert!(message(b"{ }").open(b"here", &sealed).is_none());
        assert!(message(b"{}").open(b"there", &sealed).is_none());
        assert_eq!(message(b"{}").hash(), message(b"{}").hash());
        assert_ne!(message(b"{}").hash(), message(b"{ }").hash());
        let under_another_key = MessageKey::derive(&root(&[8; 32]), &[b"/v1/log-ins", &[0], b"{}"]);
        assert_ne!(message(b"{}").hash(), under_another_key.hash());
        assert_ne!(message(b"{}").hash(), *message(b"{}").answer, "two halves");
    }
}
