//! Where the registration of a card was begun.

use tegata::UnixTime;
use tegata::protocol::{DeviceId, SessionId};

use super::context::PolicyContext;
use super::ids::{Epoch, Generation};
use super::limits::{CARD_SETUP_LIFE, within};

/// Where and when the registration of a card was begun. It is stored beside the processor's id of the registration; the
/// card is added only if all of it still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CardSetupOrigin {
    /// The session in which the second factor was verified for it.
    pub session: SessionId,
    /// The device that this session is on.
    pub device: DeviceId,
    /// The account's epoch at that time.
    pub epoch: Epoch,
    /// The issuer's generation at that time.
    pub generation: Generation,
    /// When it was begun.
    pub since: UnixTime,
}

impl CardSetupOrigin {
    /// Whether it is young enough.
    #[must_use]
    pub fn is_young(&self, context: &PolicyContext) -> bool {
        within(self.since, CARD_SETUP_LIFE, context.now)
    }
}
