//! What a host hands over to make or open a wallet.

use std::sync::Arc;

use tegata::{Clock, SystemClock, SystemRandom};

use crate::{Anchor, Keystore, ManualClock, anchor, keystore};

/// The device that a wallet is on.
#[derive(Clone, uniffi::Record)]
pub struct Device {
    /// Where the device keeps the key that wraps the wallet's.
    pub keystore: Arc<dyn Keystore>,
    /// Detects that an older copy of the file was put back. Without one nothing detects it, and whoever copies the file
    /// gets ten tries at the PIN for each copy, on this device and each at the price of a call into its keystore.
    #[uniffi(default = None)]
    pub anchor: Option<Arc<dyn Anchor>>,
    /// A clock to use in place of the device's.
    #[uniffi(default = None)]
    pub clock: Option<Arc<ManualClock>>,
}

impl From<Device> for tegata::Device {
    fn from(device: Device) -> Self {
        let clock: Arc<dyn Clock> = match device.clock {
            Some(clock) => clock,
            None => Arc::new(SystemClock),
        };
        Self {
            keystore: Arc::new(keystore::ForeignKeystore(device.keystore)),
            anchor: device.anchor.map(|anchor| Arc::new(anchor::ForeignAnchor(anchor)) as _),
            clock,
            random: Arc::new(SystemRandom::new()),
        }
    }
}
