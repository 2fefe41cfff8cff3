//! What keeps a signed message from being good again: the issuer's challenge, and the id of the request.

use serde::{Deserialize, Serialize};

use super::call::{Call, RequiredAuth};
use super::text::SecretText;
use super::values::RequestName;
use crate::{Random, RandomUnavailable};

/// The header of each answer to a message in which the issuer gives the next challenge.
pub const CHALLENGE_HEADER: &str = "Tegata-Challenge";

/// How many seconds a challenge is good for, by the issuer's clock alone.
pub const CHALLENGE_SECONDS: u64 = 5 * 60;

calls! {
    /// Returns a challenge, as the header `Tegata-Challenge` of each answer does: for a client that has none yet.
    GetChallenge "/v1/challenge" RequiredAuth::Anyone, idempotent => IssuedChallenge {}
}

/// A challenge for the next message that a device signs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedChallenge {
    /// The challenge, good for five minutes.
    pub challenge: Challenge,
}

newtype! {
    /// A challenge of the issuer's: opaque, 1 to 128 characters of Base64url.
    #[derive(Clone, PartialEq, Eq)]
    public Challenge(String), "a challenge from the issuer: 1 to 128 characters of Base64url",
    |text| is_challenge(text).then(|| text.to_owned()), |text| SecretText::new(text),
    [pattern: "[A-Za-z0-9_-]{1,128}", max: 128, example: "AAAAAGkAAAA3q2-9w",]
}

impl Challenge {
    /// Gives the challenge as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_challenge(text: &str) -> bool {
    let is_allowed = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    (1..=128).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// What a device signs beside a message, so that the signature is good once and not for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The newest challenge of the issuer's that the device has seen. Without one the issuer answers `stale`, and gives one.
    pub challenge: Option<Challenge>,
    /// The id of the request: the same each time that it is sent, also when it is signed again.
    pub request: RequestName,
}

impl Freshness {
    /// Makes the freshness of a new request, with a random id.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(
        challenge: Option<Challenge>,
        random: &dyn Random,
    ) -> Result<Self, RandomUnavailable> {
        let mut request = [0; 16];
        random.fill(&mut request)?;
        Ok(Self { challenge, request: RequestName(request) })
    }

    /// Gives the challenge as the header has it: empty if there is none.
    pub(super) fn challenge_text(&self) -> &str {
        self.challenge.as_ref().map_or("", Challenge::as_str)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn challenges_that_match_their_pattern_are_taken(
            text in prop::string::string_regex(Challenge::PATTERN).unwrap(),
        ) {
            prop_assert!(Challenge::try_from(text.clone()).is_ok(), "{}", text);
        }
    }

    #[test]
    fn what_could_end_a_part_of_the_header_is_no_challenge() {
        for bad in ["", ".", "a.b", "a b", "a\0", "ａ", &"a".repeat(129)] {
            assert!(Challenge::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
