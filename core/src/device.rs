//! What the core asks of the device it runs on.

use std::fmt;
use std::sync::Arc;

use crate::vault::{Anchor, Keystore};
use crate::{Clock, Random};

/// What a host hands over once: its keystore, what it keeps outside of the file, its clock, its randomness.
#[derive(Clone)]
pub struct Device {
    /// Where the device keeps the key that wraps the wallet's.
    pub keystore: Arc<dyn Keystore>,
    /// What tells that an older copy of the file was put back. A host without one gives `None`: then nothing tells
    /// it, and wrong PINs are counted in the file, so that whoever copies that file gets ten tries for each copy, on
    /// this device and each at the price of its keystore.
    pub anchor: Option<Arc<dyn Anchor>>,
    /// The time of day. A [`Vault`](crate::vault::Vault) alone never asks it.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("anchored", &self.anchor.is_some()).finish_non_exhaustive()
    }
}
