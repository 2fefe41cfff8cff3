//! What a record can hold. Each kind has a number and each of its fields a key; neither is ever reused
//! for anything else. The list for readers in other languages is in docs/vault-format.md.

mod account;
mod account_secret;
mod history;
mod lock;
mod otp;
mod pass;
mod payment;
mod provisioning;
mod queued_message;
mod setting;
mod transfer;

use std::ops::RangeInclusive;

use zeroize::Zeroizing;

pub use self::account::AccountRecord;
pub use self::otp::{OtpAlgorithm, OtpCredential, OtpKind};
pub use self::pass::{Pass, PassFormat};
pub use self::payment::PaymentCredential;
pub use self::setting::Setting;

pub(crate) use self::account_secret::{AccountSecret, SecretPurpose};
pub(crate) use self::history::History;
pub(super) use self::lock::PaymentLock;
pub(super) use self::payment::PaymentSeed;
pub(crate) use self::provisioning::{PendingProvisioning, Provisioning};
pub(crate) use self::queued_message::QueuedMessage;
pub(crate) use self::transfer::TransferState;

use self::body::RecordBody;
use super::cbor::{MapReader, MapWriter};
use super::error::{FieldOutOfRange, VaultError};

/// The kind of the manifest, which no other record has.
const MANIFEST: u64 = 0;

/// The types that a record can hold: [`PaymentCredential`], [`OtpCredential`], [`Pass`], [`AccountRecord`],
/// [`Setting`]. The payment lock, the account's secrets under it, provisioning, the payment history, a pending
/// transfer and a message to be sent are kinds, too, which only the wallet reads and writes.
pub trait RecordKind: RecordBody {}

impl<T: RecordBody> RecordKind for T {}

/// The codec of a kind: how it is checked, written and read. The module is private, so that no host can add a kind:
/// kinds belong to the format.
mod body {
    use crate::vault::cbor::{DecodeError, EncodeResult, MapReader, MapWriter};
    use crate::vault::error::FieldOutOfRange;

    pub trait RecordBody: Sized {
        /// The number under key 0.
        const KIND: u8;
        /// Checks the documented ranges, on the way in and on the way out.
        fn check(&self) -> Result<(), FieldOutOfRange>;
        /// Writes the fields, keys ascending.
        fn write(&self, map: &mut MapWriter) -> EncodeResult;
        /// Reads the fields, keys ascending.
        fn read(map: &mut MapReader<'_>) -> Result<Self, DecodeError>;
    }
}

/// Encodes `item` as the data of a record.
pub(crate) fn encode<T: RecordKind>(item: &T) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    item.check()?;
    let mut map = MapWriter::new(T::KIND)?;
    item.write(&mut map)?;
    Ok(map.finish())
}

/// Decodes the data of a record, or `None` if it is of another kind. Refuses every encoding but the one that [`encode`]
/// writes, so that a record has one meaning to every reader.
pub(crate) fn decode<T: RecordKind>(data: &[u8]) -> Result<Option<T>, VaultError> {
    let (kind, mut map) = MapReader::new(data)?;
    if kind == MANIFEST {
        // Records and what a transfer brings come through here, and neither is a manifest.
        return Err(VaultError::Corrupt);
    }
    if kind != u64::from(T::KIND) {
        return Ok(None);
    }
    let item = T::read(&mut map)?;
    map.finish()?;
    item.check().map_err(|_| VaultError::Corrupt)?;
    Ok(Some(item))
}

/// Checks the length of a text in bytes of UTF-8.
fn check_text(
    text: &str,
    bytes: RangeInclusive<usize>,
    field: &'static str,
    expected: &'static str,
) -> Result<(), FieldOutOfRange> {
    if bytes.contains(&text.len()) { Ok(()) } else { Err(FieldOutOfRange { field, expected }) }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fmt::Debug;

    use proptest::prelude::*;

    use super::*;

    /// Every kind proves its codec with this: the literal bytes, both ways, and that nothing close to them is read.
    pub(in crate::vault) fn is_written_as<T: RecordKind + Debug>(item: &T, hex: &str) {
        let data = encode(item).unwrap();
        assert_eq!(to_hex(&data), hex.replace(' ', ""));
        let read = decode::<T>(&data).unwrap().unwrap();
        assert_eq!(*encode(&read).unwrap(), *data);

        let refused = |bytes: &[u8]| !matches!(decode::<T>(bytes), Ok(Some(_)));
        for end in 0..data.len() {
            assert!(refused(&data[..end]), "cut to {end} bytes");
        }
        assert!(refused(&[&data[..], &[0]].concat()), "a byte more");
        // One entry more, under a key that no kind has.
        let mut later = [&data[..], &[0x17, 0]].concat();
        later[0] += 1;
        assert!(matches!(decode::<T>(&later), Err(VaultError::NewerFormat)));
        // The kind once more, out of order.
        let mut doubled = [&data[..], &[0, T::KIND]].concat();
        doubled[0] += 1;
        assert!(matches!(decode::<T>(&doubled), Err(VaultError::Corrupt)));
        // The kind in two bytes where one is enough; an indefinite map.
        let long = [&data[..2], &[0x18, T::KIND], &data[3..]].concat();
        assert!(matches!(decode::<T>(&long), Err(VaultError::Corrupt)));
        let open = [&[0xbf], &data[1..], &[0xff]].concat();
        assert!(matches!(decode::<T>(&open), Err(VaultError::Corrupt)));
    }

    /// Asserts that a written item is read back to the same bytes: secrets have no equality of their own.
    pub(super) fn comes_back<T: RecordKind>(item: &T) -> Result<(), TestCaseError> {
        let data = encode(item).unwrap();
        let read = decode::<T>(&data).unwrap().unwrap();
        prop_assert_eq!(&*encode(&read).unwrap(), &*data);
        Ok(())
    }

    pub(in crate::vault) fn to_hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    #[test]
    fn another_kind_is_not_decoded() {
        let setting = Setting { name: "a".into(), value: "b".into() };
        assert!(decode::<AccountRecord>(&encode(&setting).unwrap()).unwrap().is_none());
    }

    /// Asserts that what is read from `data`, if anything, is written as `data` again.
    fn has_one_encoding<T: RecordKind>(data: &[u8]) -> Result<(), TestCaseError> {
        if let Ok(Some(item)) = decode::<T>(data) {
            prop_assert_eq!(&*encode(&item).unwrap(), data);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_have_one_encoding(
            bytes: Vec<u8>,
            kind in 1_u8..12,
            at: prop::sample::Index,
            to: u8,
        ) {
            let map = [&[0xa3, 0, kind][..], &bytes].concat();
            let setting = Setting { name: "n".repeat(30), value: "v".repeat(300) };
            let mut close = encode(&setting).unwrap().to_vec();
            let at = at.index(close.len());
            close[at] = to;
            for data in [&bytes, &map, &close] {
                has_one_encoding::<PaymentCredential>(data)?;
                has_one_encoding::<OtpCredential>(data)?;
                has_one_encoding::<Pass>(data)?;
                has_one_encoding::<AccountRecord>(data)?;
                has_one_encoding::<Setting>(data)?;
                has_one_encoding::<PaymentLock>(data)?;
                has_one_encoding::<Provisioning>(data)?;
                has_one_encoding::<TransferState>(data)?;
                has_one_encoding::<History>(data)?;
                has_one_encoding::<AccountSecret>(data)?;
                has_one_encoding::<QueuedMessage>(data)?;
            }
        }
    }

    #[test]
    fn a_record_of_kind_zero_is_refused() {
        for data in [&[0xa1, 0, 0][..], &[0xa3, 0, 0, 1, 0x61, b'a', 2, 0x60]] {
            assert_eq!(decode::<Setting>(data), Err(VaultError::Corrupt));
            assert!(matches!(decode::<OtpCredential>(data), Err(VaultError::Corrupt)));
        }
        // A kind of a later version is left alone.
        assert_eq!(decode::<Setting>(&[0xa1, 0, 0x17]), Ok(None));
    }

    #[test]
    fn non_minimal_lengths_and_numbers_are_refused() {
        let refused = |data: &[u8]| decode::<Setting>(data) == Err(VaultError::Corrupt);
        assert!(!refused(&[0xa3, 0, 5, 1, 0x61, b'a', 2, 0x60]));
        assert!(refused(&[0xb8, 3, 0, 5, 1, 0x61, b'a', 2, 0x60]), "the map's length");
        assert!(refused(&[0xa3, 0x18, 0, 5, 1, 0x61, b'a', 2, 0x60]), "the kind's key");
        assert!(refused(&[0xa3, 0, 0x18, 5, 1, 0x61, b'a', 2, 0x60]), "the kind");
        assert!(refused(&[0xa3, 0, 5, 0x18, 1, 0x61, b'a', 2, 0x60]), "a key");
        assert!(refused(&[0xa3, 0, 5, 1, 0x78, 1, b'a', 2, 0x60]), "a text's length");
        assert!(refused(&[0xa3, 0, 5, 1, 0x79, 0, 1, b'a', 2, 0x60]), "a text's length");
        assert!(refused(&[0xa3, 0, 5, 1, 0x7f, 0x61, b'a', 0xff, 2, 0x60]), "a text in parts");
        assert!(refused(&[0xa3, 0, 5, 2, 0x60, 1, 0x61, b'a']), "keys out of order");
        assert!(refused(&[0xa3, 0, 5, 1, 0x60, 2, 0x60]), "a field out of range");
    }
}
