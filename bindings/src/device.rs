//! What a host hands over once.

use std::sync::Arc;

use tegata::{Clock, SystemClock, SystemRandom};

use crate::{Anchor, DeviceKeystore, SetClock, anchor, keystore};

/// The device that a wallet is on.
#[derive(Clone, uniffi::Record)]
pub struct Device {
    /// Where the device keeps the key that wraps the wallet's.
    pub keystore: Arc<dyn DeviceKeystore>,
    /// What tells that an older copy of the file was put back. Without one nothing tells it, and whoever copies the
    /// file gets ten tries at the PIN for each copy, on this device and each at the price of its keystore.
    #[uniffi(default = None)]
    pub anchor: Option<Arc<dyn Anchor>>,
    /// A clock to go by in place of the device's.
    #[uniffi(default = None)]
    pub clock: Option<Arc<SetClock>>,
}

impl From<Device> for tegata::Device {
    fn from(device: Device) -> Self {
        let clock: Arc<dyn Clock> = match device.clock {
            Some(clock) => clock,
            None => Arc::new(SystemClock),
        };
        Self {
            keystore: Arc::new(keystore::Hosted(device.keystore)),
            anchor: device.anchor.map(|anchor| Arc::new(anchor::Hosted(anchor)) as _),
            clock,
            random: Arc::new(SystemRandom::new()),
        }
    }
}
