//! What a device does by its signature alone, in no session.

use tegata::protocol::{
    Acknowledgement, DeviceStatus, EndDeviceSessions, FreezeFromDevice, GetDeviceStatus, Refusal,
};
use tegata_policy::{Account, DeviceFlags, Event};

use super::request_secrets::RequestSecrets;
use super::transaction::acknowledge;
use super::{AccountError, Accounts, Requester};
use crate::store::KillSwitch;

impl Accounts {
    /// Shows a device what it is warned of. An account that does not know it is no account for it.
    pub(crate) async fn device_status(
        &self,
        Requester { device, .. }: Requester,
        message: GetDeviceStatus,
    ) -> Result<DeviceStatus, AccountError> {
        let id = self.account_or_decoy(&message.handle).await?;
        let loaded = self.store.load(id).await?.ok_or(Refusal::InvalidCredentials)?;
        let policy = Self::policy_context(&loaded.global_state, self.environment.clock.now());
        let flags = match &loaded.state {
            Account::Active(active) => active.device_flags(device, &policy),
            _ => DeviceFlags::default(),
        };
        let DeviceFlags { logged_in, frozen, new_credential, new_device } = flags;
        let stopped = loaded.global_state.stopped.contains(KillSwitch::Payments);
        Ok(DeviceStatus { logged_in, frozen, stopped, new_credential, new_device })
    }

    /// Freezes the account of a device.
    pub(crate) async fn freeze_from_device(
        &self,
        Requester { device, signed, .. }: Requester,
        message: FreezeFromDevice,
    ) -> Result<Acknowledgement, AccountError> {
        let id = self.account_or_decoy(&message.handle).await?;
        let event = Event::FreezeFromDevice { device };
        self.apply(id, None, event, &RequestSecrets::of(signed), acknowledge).await
    }

    /// Ends the sessions of a device.
    pub(crate) async fn end_device_sessions(
        &self,
        Requester { device, .. }: Requester,
        message: EndDeviceSessions,
    ) -> Result<Acknowledgement, AccountError> {
        let id = self.account_or_decoy(&message.handle).await?;
        let event = Event::EndDeviceSessions { device };
        self.apply(id, None, event, &RequestSecrets::default(), acknowledge).await
    }
}
