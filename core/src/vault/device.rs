//! The host's services that the core uses.

use std::fmt;
use std::sync::Arc;

use super::anchor::Anchor;
use super::keystore::Keystore;
use crate::{Clock, Random};

/// The host's services, passed in once: keystore, anchor, clock and randomness.
#[derive(Clone)]
pub struct Device {
    /// The keystore, which wraps the wallet's key.
    pub keystore: Arc<dyn Keystore>,
    /// The anchor, which detects that an older copy of the file was put back. Without one (`None`) nothing detects it,
    /// and wrong PINs are counted in the file, so that an attacker who copies the file gets ten tries for each copy, on
    /// this device and each at the cost of its keystore.
    pub anchor: Option<Arc<dyn Anchor>>,
    /// The time of day. A [`Vault`](super::Vault) alone never asks it.
    pub clock: Arc<dyn Clock>,
    /// The source of ids, salts and keys.
    pub random: Arc<dyn Random>,
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("anchored", &self.anchor.is_some()).finish_non_exhaustive()
    }
}
