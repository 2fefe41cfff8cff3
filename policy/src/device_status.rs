//! What a device is shown of its account by its signature alone.

use tegata::UnixTime;
use tegata::protocol::DeviceId;

use super::context::PolicyContext;
use super::limits::{NEW_DEVICE_SHOWN, within};
use super::state::ActiveAccount;

/// What a device is shown of its account while nothing is unlocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceFlags {
    /// Whether the device has a valid session.
    pub logged_in: bool,
    /// Whether the account is frozen, by anyone.
    pub frozen: bool,
    /// From when on another payment credential counts in the place of the present one, if one waits.
    pub new_credential: Option<UnixTime>,
    /// When the account first knew the newest other device, if that is younger than seven days and than this one.
    pub new_device: Option<UnixTime>,
}

impl ActiveAccount {
    /// Gives the flags for a device; for one that the account does not know, those of no account at all.
    #[must_use]
    pub fn device_flags(&self, id: DeviceId, context: &PolicyContext) -> DeviceFlags {
        let Some(this) = self.devices().iter().find(|device| device.id == id) else {
            return DeviceFlags::default();
        };
        let others = self.devices().iter().filter(|device| device.id != id);
        let newest = others.map(|device| device.since).max();
        let is_shown =
            |at: &UnixTime| *at >= this.since && within(*at, NEW_DEVICE_SHOWN, context.now);
        DeviceFlags {
            logged_in: self.sessions(context).any(|session| session.device == id),
            frozen: self.is_frozen(),
            new_credential: self.next_credential().map(|next| next.from),
            new_device: newest.filter(is_shown),
        }
    }
}
