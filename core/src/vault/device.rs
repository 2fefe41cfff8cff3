//! What the core asks of the device it runs on.

use std::fmt;
use std::sync::Arc;

use super::anchor::Anchor;
use super::keystore::Keystore;
use crate::{Clock, Random};

/// What a host hands over once: its keystore, what it keeps outside of the file, its clock, its randomness.
#[derive(Clone)]
pub struct Device {
    /// Where the device keeps the key that wraps the wallet's.
    pub keystore: Arc<dyn Keystore>,
    /// What detects that an older copy of the file was put back. Without one (`None`) nothing detects it, and wrong
    /// PINs are counted in the file, so that an attacker who copies the file gets ten tries for each copy, on this
    /// device and each at the cost of its keystore.
    pub anchor: Option<Arc<dyn Anchor>>,
    /// The time of day. A [`Vault`](super::Vault) alone never asks it.
    pub clock: Arc<dyn Clock>,
    /// Where ids, salts and keys come from.
    pub random: Arc<dyn Random>,
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("anchored", &self.anchor.is_some()).finish_non_exhaustive()
    }
}
