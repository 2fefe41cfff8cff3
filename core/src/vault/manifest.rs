//! The manifest: what records there are, at which revision, under which salt and tag.
//!
//! One XOR of 32 bytes over all records, so that a write brings it up to date by taking one entry out and putting
//! another in, and a missing, foreign, doubled or older row leaves it wrong.

use std::num::NonZeroU32;

use ring::hmac;

use super::cbor::{MapReader, MapWriter};
use super::error::VaultError;
use super::format;
use super::ids::RecordId;
use super::record::SealedRecord;

const KIND: u8 = 0;
const MOST_GENERATIONS: u64 = 2;

/// The state of a whole vault in a few bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The format of the whole vault.
    pub(super) format: u32,
    /// The revision of the manifest's own record: one more with each transaction that wrote.
    pub(super) epoch: u64,
    /// How many records there are, the manifest not counted.
    pub(super) records: u64,
    /// Generations that records may be sealed under, ascending.
    pub(super) generations: Vec<u32>,
    /// XOR of the entries of all records.
    pub(super) xor: [u8; 32],
}

impl Manifest {
    /// The manifest of a vault without records.
    pub(super) fn empty(generation: NonZeroU32) -> Self {
        Self {
            format: format::NEWEST,
            epoch: 1,
            records: 0,
            generations: vec![generation.get()],
            xor: [0; 32],
        }
    }

    /// Puts an entry in, or takes it out again.
    pub(super) fn toggle(&mut self, entry: &[u8; 32]) {
        self.xor.iter_mut().zip(entry).for_each(|(to, from)| *to ^= from);
    }

    /// `{0: 0, 1: format, 2: epoch, 3: records, 4: [generations], 5: XOR}`.
    pub(super) fn encode(&self) -> Result<Vec<u8>, VaultError> {
        let mut map = MapWriter::new(KIND)?;
        map.uint(1, self.format.into())?;
        map.uint(2, self.epoch)?;
        map.uint(3, self.records)?;
        map.uints(4, &self.generations)?;
        map.bytes(5, &self.xor)?;
        Ok(map.finish().to_vec())
    }

    /// The reverse of [`encode`](Self::encode); refuses any other encoding of the same manifest.
    pub(super) fn decode(data: &[u8]) -> Result<Self, VaultError> {
        let (kind, mut map) = MapReader::new(data)?;
        let manifest = Self {
            format: map.uint(1)?.try_into().map_err(|_| VaultError::Corrupt)?,
            epoch: map.uint(2)?,
            records: map.uint(3)?,
            generations: map.uints(4, MOST_GENERATIONS)?,
            xor: map.bytes(5)?.try_into().map_err(|_| VaultError::Corrupt)?,
        };
        map.finish()?;
        if kind == u64::from(KIND) { Ok(manifest) } else { Err(VaultError::Corrupt) }
    }
}

/// The entry of one record in the XOR: `HMAC-SHA256(K_manifest, id ‖ be64(rev) ‖ be32(generation) ‖ salt ‖ tag)`.
pub(super) fn entry(
    key: &hmac::Key,
    id: &RecordId,
    rev: u64,
    sealed: &SealedRecord<'_>,
) -> [u8; 32] {
    let mut message = [0; 60];
    message[..16].copy_from_slice(id.as_bytes());
    message[16..24].copy_from_slice(&rev.to_be_bytes());
    message[24..28].copy_from_slice(&sealed.generation.get().to_be_bytes());
    message[28..44].copy_from_slice(sealed.salt);
    message[44..].copy_from_slice(sealed.tag);
    let mut entry = [0; 32];
    entry.copy_from_slice(hmac::sign(key, &message).as_ref());
    entry
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let manifest =
            Manifest { format: 1, epoch: 5, records: 4, generations: vec![1], xor: [0xab; 32] };
        let mut bytes = vec![0xa6, 0, 0, 1, 1, 2, 5, 3, 4, 4, 0x81, 1, 5, 0x58, 0x20];
        bytes.extend_from_slice(&[0xab; 32]);
        assert_eq!(manifest.encode().unwrap(), bytes);
        assert_eq!(Manifest::decode(&bytes), Ok(manifest));
    }

    #[test]
    fn a_non_minimal_number_is_refused() {
        let mut bytes = vec![0xa6, 0, 0, 1, 1, 2, 0x18, 5, 3, 4, 4, 0x81, 1, 5, 0x58, 0x20];
        bytes.extend_from_slice(&[0xab; 32]);
        assert_eq!(Manifest::decode(&bytes), Err(VaultError::Corrupt));
    }

    proptest! {
        #[test]
        fn a_written_record_is_read_back(
            format: u32,
            epoch: u64,
            records: u64,
            generations in prop::collection::vec(any::<u32>(), 1..=2),
            xor: [u8; 32],
        ) {
            let manifest = Manifest { format, epoch, records, generations, xor };
            prop_assert_eq!(Manifest::decode(&manifest.encode().unwrap()), Ok(manifest));
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
            prop_assert!(Manifest::decode(&bytes).is_err());
        }

        #[test]
        fn a_changed_byte_is_refused_or_is_another_manifest(at in 0_usize..47, to: u8) {
            let manifest = Manifest::empty(NonZeroU32::MIN);
            let mut bytes = manifest.encode().unwrap();
            let same = bytes[at] == to;
            bytes[at] = to;
            if let Ok(read) = Manifest::decode(&bytes) {
                prop_assert_eq!(same, read == manifest);
                prop_assert_eq!(read.encode().unwrap(), bytes);
            }
        }
    }
}
