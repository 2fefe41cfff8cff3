//! Kind 10: a secret of the account under the payment lock. No host reads or writes it as a record.

use super::super::cbor::{DecodeError, EncodeResult, MapReader, MapWriter};
use super::super::error::FieldOutOfRange;
use super::body::RecordBody;

/// A secret that only the payment lock opens: the session, or the account's own second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountSecret {
    /// What the secret is for.
    pub purpose: SecretPurpose,
    /// The secret under the lock's key: 34 to 2,048 bytes.
    pub sealed: Vec<u8>,
}

/// What a secret under the payment lock is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretPurpose {
    /// The token of the session at the issuer.
    Session,
    /// The account's own second factor: the data of a record of kind 2.
    OwnFactor,
}

impl SecretPurpose {
    fn number(self) -> u64 {
        match self {
            Self::Session => 1,
            Self::OwnFactor => 2,
        }
    }

    fn from_number(number: u64) -> Option<Self> {
        [Self::Session, Self::OwnFactor].into_iter().find(|it| it.number() == number)
    }
}

impl RecordBody for AccountSecret {
    const KIND: u8 = 10;

    fn check(&self) -> Result<(), FieldOutOfRange> {
        let expected = "34 to 2,048 bytes";
        let fits = (34..=2048).contains(&self.sealed.len()) && self.sealed[0] == 1;
        if fits { Ok(()) } else { Err(FieldOutOfRange { field: "the sealed secret", expected }) }
    }

    fn write(&self, map: &mut MapWriter) -> EncodeResult {
        map.uint(1, self.purpose.number())?;
        map.bytes(2, &self.sealed)
    }

    fn read(map: &mut MapReader<'_>) -> Result<Self, DecodeError> {
        let purpose = SecretPurpose::from_number(map.uint(1)?).ok_or(DecodeError::Malformed)?;
        Ok(Self { purpose, sealed: map.bytes(2)?.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::super::tests::is_written_as;
    use super::*;
    use crate::vault::VaultError;

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let sealed = [&[1][..], &[0x44; 33]].concat();
        let hex = "44".repeat(33);
        for (purpose, number) in [(SecretPurpose::Session, 1), (SecretPurpose::OwnFactor, 2)] {
            let secret = AccountSecret { purpose, sealed: sealed.clone() };
            is_written_as(&secret, &format!("a3 000a 010{number} 02582201 {hex}"));
        }
    }

    #[test]
    fn a_field_out_of_range_is_not_written() {
        for sealed in [vec![1; 33], vec![1; 2049], vec![2; 34]] {
            let secret = AccountSecret { purpose: SecretPurpose::Session, sealed };
            assert!(matches!(encode(&secret), Err(VaultError::OutOfRange(_))));
        }
    }
}
