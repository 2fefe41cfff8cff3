//! The challenge of the issuer's last answer, with which the next request is signed.

use super::issuer_address::IssuerAddress;
use crate::protocol::{Challenge, Response};

/// The newest challenge that came, and the issuer that gave it. In memory only: it lives for five minutes, and the first
/// request without one costs one more.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownChallenge(Option<(IssuerAddress, Challenge)>);

impl KnownChallenge {
    pub(super) fn of(&self, issuer: &IssuerAddress) -> Option<Challenge> {
        let known = self.0.as_ref().filter(|known| known.0 == *issuer);
        known.map(|known| known.1.clone())
    }

    pub(super) fn learn(&mut self, issuer: &IssuerAddress, response: &Response) {
        if let Some(challenge) = response.challenge() {
            self.0 = Some((issuer.clone(), challenge));
        }
    }
}
