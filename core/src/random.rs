//! Randomness, passed in by the host.

use ring::rand::SecureRandom as _;

/// The source of randomness is not available; nothing was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system's source of randomness is not available")]
pub struct RandomUnavailable;

/// Where unpredictable bytes come from. Tests pass a fixed source to get fixed bytes.
pub trait Random: Send + Sync {
    /// Fills the whole of `bytes`.
    ///
    /// # Errors
    /// [`RandomUnavailable`]; the content of `bytes` must not be used then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable>;
}

/// The operating system's generator, by way of ring.
#[derive(Clone, Debug)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl SystemRandom {
    /// Makes a handle, which costs nothing: the system is asked at each fill.
    #[must_use]
    pub fn new() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        self.0.fill(bytes).map_err(|_| RandomUnavailable)
    }
}
