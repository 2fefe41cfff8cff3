//! What works while the payment lock is closed: requests that the device signs, in no session.

use super::account::{Account, RequestResult};
use super::error::Error;
use super::profile::AccountProfile;
use super::request::FollowUp;
use crate::protocol::{EndDeviceSessions, FreezeFromDevice, GetDeviceStatus};

impl Account<'_> {
    /// Makes the request for what is to be shown of the account at each opening, and daily in the background: whether it is
    /// frozen or stopped, a new device, whether this one is logged in. Needs no session and no open lock.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`] if the wallet has no account; those of the keystore.
    pub fn device_status(&self) -> RequestResult<GetDeviceStatus> {
        let profile = self.own_profile()?;
        let handle = profile.handle.clone();
        self.signed(&profile, |device| GetDeviceStatus { handle, device })
    }

    /// Makes the request that freezes the account from this device. Needs no session and no open lock.
    ///
    /// # Errors
    /// As of [`device_status`](Self::device_status).
    pub fn freeze_from_device(&self) -> RequestResult<FreezeFromDevice> {
        let profile = self.own_profile()?;
        let handle = profile.handle.clone();
        self.signed(&profile, |device| FreezeFromDevice { handle, device })
    }

    /// Makes the request that ends all sessions of this device; that of this wallet is dropped with it. Needs no session and
    /// no open lock.
    ///
    /// # Errors
    /// As of [`device_status`](Self::device_status).
    pub fn end_device_sessions(&self) -> RequestResult<EndDeviceSessions> {
        let profile = self.own_profile()?;
        let handle = profile.handle.clone();
        let mut request = self.signed(&profile, |device| EndDeviceSessions { handle, device })?;
        request.out.then = FollowUp::DiscardSession;
        Ok(request)
    }

    fn own_profile(&self) -> Result<AccountProfile, Error> {
        AccountProfile::of(&self.record()?.ok_or(Error::NotLoggedIn)?)
    }
}
