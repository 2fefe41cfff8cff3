//! Secrets in memory: wiped when dropped, never printed.

use std::fmt;

use zeroize::Zeroizing;

use crate::{Random, RandomUnavailable};

/// A secret of `N` bytes. Wiped on drop; prints `[redacted]`. It is on the heap, since a value on the stack leaves a
/// copy behind wherever it is moved from.
pub struct Secret<const N: usize>(Box<Zeroizing<[u8; N]>>);

impl<const N: usize> Secret<N> {
    /// Takes a copy; the caller wipes its own.
    #[must_use]
    pub fn new(bytes: &[u8; N]) -> Self {
        let mut secret = Self::zero();
        secret.0.copy_from_slice(bytes);
        secret
    }

    /// To be filled in place.
    pub(crate) fn zero() -> Self {
        Self(Box::new(Zeroizing::new([0; N])))
    }

    /// To fill it in place.
    pub(crate) fn expose_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }

    /// Takes a copy if `bytes` has exactly `N` of them.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }

    /// A new secret from `random`.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        let mut secret = Self::zero();
        random.fill(secret.expose_mut())?;
        Ok(secret)
    }

    /// The bytes themselves. Each call site is a place where the secret can leak: keep them few.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> Clone for Secret<N> {
    fn clone(&self) -> Self {
        Self::new(self.expose())
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A secret of any length. Wiped on drop; prints `[redacted]`.
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes a copy; the caller wipes its own.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The bytes themselves. Each call site is a place where the secret can leak: keep them few.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Zeroizing<Vec<u8>>> for SecretBytes {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_of_secrets_is_redacted() {
        assert_eq!(format!("{:?}", Secret::new(&[7; 4])), "[redacted]");
        assert_eq!(format!("{:?}", SecretBytes::new(b"seven")), "[redacted]");
    }
}
