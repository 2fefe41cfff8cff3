//! Argon2id (RFC 9106), which makes a guess at a PIN or passphrase expensive.

use argon2::{Algorithm, Argon2, Params, Version};

use crate::Secret;

/// The cost of one guess: Argon2id's memory, passes and lanes. Values are bounded when they are made, so that
/// parameters read from a file cannot ask for too much memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Params {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Argon2id parameters outside of what is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the Argon2id parameters are out of range: lanes 1 to 16, passes 1 to 16, memory 8 KiB for each lane up to 1 GiB"
)]
pub struct Argon2ParamsOutOfRange;

impl Argon2Params {
    /// The cost for a passphrase typed at a desktop: 256 MiB, 3 passes, 1 lane (docs/adr/0004-passphrase-cost.md).
    pub const DESKTOP: Self = Self { memory_kib: 256 * 1024, passes: 3, lanes: 1 };

    /// The cost for a PIN typed at a phone with 2 GB: 32 MiB, 3 passes, 1 lane (docs/adr/0010-pin-cost.md).
    pub const PHONE: Self = Self { memory_kib: 32 * 1024, passes: 3, lanes: 1 };

    /// The cost for the number that a transfer request is compared by: as [`PHONE`](Self::PHONE) is today, and part of
    /// that format (docs/transfer-format.md).
    pub(crate) const TRANSFER_NUMBER: Self = Self { memory_kib: 32 * 1024, passes: 3, lanes: 1 };

    /// Bytes of the encoded parameters.
    pub(super) const LENGTH: usize = 12;

    /// Takes the memory in KiB, the number of passes over it and the number of lanes.
    ///
    /// # Errors
    /// [`Argon2ParamsOutOfRange`], with the ranges in its text.
    pub const fn new(
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    ) -> Result<Self, Argon2ParamsOutOfRange> {
        let sane = matches!(lanes, 1..=16)
            && matches!(passes, 1..=16)
            && memory_kib >= 8 * lanes
            && memory_kib <= 1024 * 1024;
        if sane { Ok(Self { memory_kib, passes, lanes }) } else { Err(Argon2ParamsOutOfRange) }
    }

    /// `be32(memory KiB) ‖ be32(passes) ‖ be32(lanes)`.
    pub(super) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        for (to, value) in bytes.chunks_mut(4).zip([self.memory_kib, self.passes, self.lanes]) {
            to.copy_from_slice(&value.to_be_bytes());
        }
        bytes
    }

    /// The reverse of [`to_bytes`](Self::to_bytes).
    pub(super) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Result<Self, Argon2ParamsOutOfRange> {
        let word = |at| {
            let bytes = bytes.get(at..)?.first_chunk()?;
            Some(u32::from_be_bytes(*bytes))
        };
        match (word(0), word(4), word(8)) {
            (Some(memory_kib), Some(passes), Some(lanes)) => Self::new(memory_kib, passes, lanes),
            _ => Err(Argon2ParamsOutOfRange),
        }
    }

    /// Argon2id version 0x13 of `secret`, 32 bytes.
    ///
    /// # Errors
    /// If the memory is not available, or `secret` is 4 GiB or longer.
    pub(crate) fn run(self, secret: &[u8], salt: &[u8; 16]) -> Result<Secret<32>, argon2::Error> {
        let parameters = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
        let mut output = Secret::zero();
        argon2.hash_password_into(secret, salt, output.expose_mut())?;
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bytes_are_three_big_endian_words() {
        let bytes = [0, 0, 0, 64, 0, 0, 0, 2, 0, 0, 0, 1];
        assert_eq!(Argon2Params::new(64, 2, 1).unwrap().to_bytes(), bytes);
        assert_eq!(Argon2Params::from_bytes(&bytes), Argon2Params::new(64, 2, 1));
    }

    #[test]
    fn parameters_from_a_file_are_bounded() {
        for (memory, passes, lanes) in [
            (u32::MAX, 1, 1),
            (1024 * 1024 + 1, 1, 1),
            (7, 1, 1),
            (15, 1, 2),
            (64, 0, 1),
            (64, 17, 1),
            (64, 1, 0),
            (1024, 1, 17),
            (64, 1, u32::MAX),
        ] {
            assert_eq!(Argon2Params::new(memory, passes, lanes), Err(Argon2ParamsOutOfRange));
        }
        assert!(Argon2Params::new(8, 1, 1).is_ok());
        assert!(Argon2Params::new(1024 * 1024, 16, 16).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_round_trip(bytes: [u8; 12], small in 0_u8..32) {
            let _ = Argon2Params::from_bytes(&bytes);
            let close = [0, 0, 1, bytes[0], 0, 0, 0, small, 0, 0, 0, small / 2];
            if let Ok(params) = Argon2Params::from_bytes(&close) {
                prop_assert_eq!(params.to_bytes(), close);
            }
        }
    }
}
