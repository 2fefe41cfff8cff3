//! Challenges: what devices sign beside each message, so that it is good for five minutes by the issuer's clock.
//!
//! A challenge is the time when it was made (8 bytes, big endian), 16 random bytes, and the HMAC of both with the generation
//! and the issuer's name. It is stored nowhere. Phones' clocks do not matter.

use base64ct::{Base64UrlUnpadded, Encoding};
use tegata::protocol::{CHALLENGE_SECONDS, Challenge, Freshness};
use tegata_policy::Generation;

use super::{AccountError, Accounts};

/// The bytes of a challenge before its tag.
const HEAD: usize = 8 + 16;

impl Accounts {
    /// Makes a challenge.
    pub(crate) fn make_challenge(&self) -> Result<Challenge, AccountError> {
        let mut bytes = [0; HEAD + 32];
        bytes[..8].copy_from_slice(&self.environment.clock.now().seconds().to_be_bytes());
        let filled = self.environment.random.fill(&mut bytes[8..HEAD]);
        filled.map_err(|error| AccountError::internal("making a challenge", &error))?;
        let generation = self.generation.get();
        let tag = self.keys.challenge_tag(&self.challenge_message(&bytes[..HEAD], generation));
        bytes[HEAD..].copy_from_slice(&tag);
        let text = Base64UrlUnpadded::encode_string(&bytes);
        let challenge = Challenge::try_from(text);
        challenge.map_err(|error| AccountError::internal("making a challenge", &error))
    }

    /// Refuses a message that was signed with no challenge of the last five minutes, of this issuer and generation.
    pub(super) fn expect_fresh_in(
        &self,
        generation: Generation,
        freshness: &Freshness,
    ) -> Result<(), AccountError> {
        self.generation.set(generation);
        let challenge = freshness.challenge.as_ref().ok_or(AccountError::Stale)?;
        if self.is_fresh(challenge, generation) { Ok(()) } else { Err(AccountError::Stale) }
    }

    fn is_fresh(&self, challenge: &Challenge, generation: Generation) -> bool {
        let mut bytes = [0; HEAD + 32];
        let read = Base64UrlUnpadded::decode(challenge.as_str(), &mut bytes).map(<[u8]>::len);
        if read != Ok(bytes.len()) {
            return false;
        }
        let (head, tag) = bytes.split_at(HEAD);
        let is_ours = self.keys.is_challenge_tag(&self.challenge_message(head, generation), tag);
        let mut made = [0; 8];
        made.copy_from_slice(&head[..8]);
        // Processes whose clocks differ a little take each other's.
        let age = self.environment.clock.now().seconds().abs_diff(u64::from_be_bytes(made));
        is_ours && age <= CHALLENGE_SECONDS
    }

    fn challenge_message(&self, head: &[u8], generation: Generation) -> Vec<u8> {
        [head, &generation.0.to_be_bytes(), self.name.as_bytes()].concat()
    }
}
