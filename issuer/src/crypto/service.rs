//! Who holds the server key.

use tegata::{Random, RandomUnavailable, Secret};

use super::derive::derive;
use super::sealing::SealingKey;
use crate::config::ServerKey;

/// A key does not open what is wrapped under another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key was wrapped under another key")]
pub struct WrongKey;

/// Wraps the issuer's keys and unwraps them. Asked when the service starts and when keys are replaced, a few times each:
/// it may be a machine of its own, and may block.
pub trait KeyService: Send + Sync {
    /// Wraps the key of this number.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    fn wrap(
        &self,
        number: u8,
        key: &Secret<32>,
        random: &dyn Random,
    ) -> Result<Vec<u8>, RandomUnavailable>;

    /// The key that was wrapped as this number.
    ///
    /// # Errors
    /// [`WrongKey`].
    fn unwrap(&self, number: u8, wrapped: &[u8]) -> Result<Secret<32>, WrongKey>;
}

/// A server key from a file or the environment.
impl KeyService for ServerKey {
    fn wrap(
        &self,
        number: u8,
        key: &Secret<32>,
        random: &dyn Random,
    ) -> Result<Vec<u8>, RandomUnavailable> {
        self.wrapping().seal(&place(number), key.expose(), random)
    }

    fn unwrap(&self, number: u8, wrapped: &[u8]) -> Result<Secret<32>, WrongKey> {
        let key = self.wrapping().open(&place(number), wrapped).ok_or(WrongKey)?;
        Secret::from_slice(&key).ok_or(WrongKey)
    }
}

impl ServerKey {
    fn wrapping(&self) -> SealingKey {
        SealingKey::new(&derive(&Secret::new(self.expose()), "wrap"))
    }
}

fn place(number: u8) -> [u8; 5] {
    [b'k', b'e', b'y', 0, number]
}
