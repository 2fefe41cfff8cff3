//! One sealed record: `0x01 ‖ be32(generation) ‖ salt ‖ ciphertext ‖ tag`.

use std::num::NonZeroU32;

use zeroize::Zeroizing;

use super::VaultError;
use super::aead::TAG;
use super::ids::{RecordId, VaultId};
use super::keys::Keyring;
use crate::Random;

/// Most bytes of data in one record.
pub(super) const MAX_DATA: usize = 65_536;
/// Most bytes of one sealed record: [`MAX_DATA`], its length, the padding up to 64, header and tag.
pub(super) const MAX_SEALED: usize = HEADER + MAX_DATA + BLOCK + TAG;

const VERSION: u8 = 1;
const HEADER: usize = 1 + 4 + 16;
const BLOCK: usize = 64;

/// A sealed record whose outer shape is right. Nothing in it is trusted before the tag has been checked.
#[derive(Clone, Copy)]
pub(super) struct SealedRecord<'a> {
    pub(super) generation: NonZeroU32,
    pub(super) salt: &'a [u8; 16],
    /// Ciphertext and tag.
    body: &'a [u8],
    pub(super) tag: &'a [u8; TAG],
}

impl<'a> SealedRecord<'a> {
    /// Takes the parts of `bytes`; `None` if it cannot be a record.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        let (salt, body) = rest.split_first_chunk::<16>()?;
        let (ciphertext, tag) = body.split_last_chunk::<TAG>()?;
        let padded = !ciphertext.is_empty() && ciphertext.len().is_multiple_of(BLOCK);
        if version != VERSION || !padded || bytes.len() > MAX_SEALED {
            return None;
        }
        let generation = NonZeroU32::new(u32::from_be_bytes(*generation))?;
        Some(Self { generation, salt, body, tag })
    }

    /// The data of the record, in a buffer that is wiped. Everything is checked: that the generation is accepted, the
    /// tag (over vault, id and revision too), then the length and that the padding is zero and no longer than needed.
    pub(super) fn open(
        &self,
        keys: &Keyring,
        id: &RecordId,
        rev: u64,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let key = keys.find(self.generation).ok_or(VaultError::Corrupt)?;
        let aad = associated(self.generation, keys.vault(), id, rev);
        let mut text = key.record_key(self.salt, id, rev).open(&aad, self.body)?;
        let length = data_length(&text).ok_or(VaultError::Corrupt)?;
        // The data moves to the front of its own buffer, so that no second copy has to be wiped.
        text.copy_within(4..4 + length, 0);
        text.truncate(length);
        Ok(text)
    }
}

/// Seals `data` under the current generation and a new salt.
pub(super) fn seal(
    keys: &Keyring,
    id: &RecordId,
    rev: u64,
    data: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, VaultError> {
    let length = u32::try_from(data.len()).map_err(|_| VaultError::TooLarge)?;
    if data.len() > MAX_DATA {
        return Err(VaultError::TooLarge);
    }
    let mut salt = [0; 16];
    random.fill(&mut salt)?;

    let key = keys.current();
    let padded = (4 + data.len()).next_multiple_of(BLOCK);
    // Taken at its full size: a buffer that grew would leave plaintext behind where it was.
    let mut sealed = Vec::with_capacity(HEADER + padded + TAG);
    sealed.push(VERSION);
    sealed.extend_from_slice(&key.generation().get().to_be_bytes());
    sealed.extend_from_slice(&salt);
    sealed.extend_from_slice(&length.to_be_bytes());
    sealed.extend_from_slice(data);
    sealed.resize(HEADER + padded + TAG, 0);

    let aad = associated(key.generation(), keys.vault(), id, rev);
    key.record_key(&salt, id, rev).seal(&aad, &mut sealed[HEADER..])?;
    Ok(sealed)
}

/// Seals any `text`, so that a fuzzer, which cannot make a tag, reaches what is behind it.
#[cfg(any(test, fuzzing))]
pub(super) fn seal_text(
    keys: &Keyring,
    id: &RecordId,
    rev: u64,
    salt: &[u8; 16],
    text: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let key = keys.current();
    let generation = key.generation().get().to_be_bytes();
    let mut sealed = [&[VERSION], &generation[..], salt, text, &[0; TAG]].concat();
    let aad = associated(key.generation(), keys.vault(), id, rev);
    key.record_key(salt, id, rev).seal(&aad, &mut sealed[HEADER..])?;
    Ok(sealed)
}

/// `"tegata/v1" ‖ 0x01 ‖ be32(generation) ‖ vault id ‖ id ‖ be64(rev)`.
fn associated(generation: NonZeroU32, vault: &VaultId, id: &RecordId, rev: u64) -> [u8; 54] {
    let mut aad = [0; 54];
    aad[..9].copy_from_slice(b"tegata/v1");
    aad[9] = VERSION;
    aad[10..14].copy_from_slice(&generation.get().to_be_bytes());
    aad[14..30].copy_from_slice(vault.as_bytes());
    aad[30..46].copy_from_slice(id.as_bytes());
    aad[46..].copy_from_slice(&rev.to_be_bytes());
    aad
}

/// The length before the data, if the padding after the data is right.
fn data_length(text: &[u8]) -> Option<usize> {
    let (length, rest) = text.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let padding = rest.get(length..)?;
    let exact = length <= MAX_DATA && (4 + length).next_multiple_of(BLOCK) == text.len();
    (exact && padding.iter().all(|&byte| byte == 0)).then_some(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::keys::DataKey;
    use super::super::kinds::tests::to_hex;
    use super::super::vectors::FixedRandom;
    use super::*;
    use crate::RandomUnavailable;
    use crate::{Secret, SystemRandom};

    const ID: RecordId = RecordId([3; 16]);

    fn keys() -> Keyring {
        let key = DataKey::new(NonZeroU32::MIN, Secret::new(&[1; 32]));
        Keyring::new(VaultId::new([2; 16]), vec![key]).unwrap()
    }

    fn open(sealed: &[u8], id: &RecordId, rev: u64) -> Option<Vec<u8>> {
        Some(SealedRecord::parse(sealed)?.open(&keys(), id, rev).ok()?.to_vec())
    }

    /// A record whose seal is right, whatever it holds.
    fn sealed_around(text: &[u8]) -> Vec<u8> {
        seal_text(&keys(), &ID, 7, &[4; 16], text).unwrap()
    }

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let sealed = seal(&keys(), &ID, 7, b"tegata", &FixedRandom::new(&[4; 16])).unwrap();
        let expected = "0100000001\
            04040404040404040404040404040404\
            92c607ca18f566e904d82dcace8f4c69d7c790d1c679e75f3474b15469363c1f\
            ebe273f6f207b1c6253b7fc3ce4592ea1d54ad7e3562694cd605daeb7d32b0ca\
            1b23ba055c88ef7ce0803ce2cd0754f7";
        assert_eq!(to_hex(&sealed), expected);
        // The worked example for readers in other languages is this one.
        let document: String =
            include_str!("../../../docs/vault-format.md").split_whitespace().collect();
        assert!(document.contains(expected));
        let mut text = vec![0, 0, 0, 6];
        text.extend_from_slice(b"tegata");
        text.resize(64, 0);
        assert_eq!(sealed_around(&text), sealed);
        assert_eq!(open(&sealed, &ID, 7).unwrap(), b"tegata");
    }

    #[test]
    fn a_single_flipped_bit_is_refused() {
        let sealed = seal(&keys(), &ID, 7, b"tegata", &SystemRandom::new()).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&changed, &ID, 7), None, "bit {bit}");
        }
        assert!(open(&sealed, &ID, 7).is_some());
    }

    #[test]
    fn another_place_revision_vault_or_key_is_refused() {
        let sealed = seal(&keys(), &ID, 7, b"tegata", &SystemRandom::new()).unwrap();
        assert_eq!(open(&sealed, &RecordId([5; 16]), 7), None);
        assert_eq!(open(&sealed, &ID, 6), None);
        let parts = SealedRecord::parse(&sealed).unwrap();
        for (vault, key) in [([9; 16], [1; 32]), ([2; 16], [9; 32])] {
            let key = DataKey::new(NonZeroU32::MIN, Secret::new(&key));
            let keys = Keyring::new(VaultId::new(vault), vec![key]).unwrap();
            assert!(parts.open(&keys, &ID, 7).is_err());
        }
    }

    #[test]
    fn wrong_length_or_padding_is_refused_under_a_valid_seal() {
        let text = |length: u32, size: usize, last: u8| {
            let mut text = length.to_be_bytes().to_vec();
            text.resize(size, 0);
            *text.last_mut().unwrap() = last;
            text
        };
        let read = |text: &[u8]| open(&sealed_around(text), &ID, 7).map(|data| data.len());
        assert_eq!(read(&text(6, 64, 0)), Some(6));
        assert_eq!(read(&text(60, 64, 1)), Some(60));
        assert_eq!(read(&text(0, 64, 0)), Some(0));
        assert_eq!(read(&text(6, 64, 1)), None, "padding that is not zero");
        assert_eq!(read(&text(61, 64, 0)), None, "a length beyond the end");
        assert_eq!(read(&text(u32::MAX, 64, 0)), None, "a length far beyond the end");
        assert_eq!(read(&text(60, 128, 0)), None, "a block more than needed");
        assert_eq!(read(&text(6, 65, 0)), None, "not a multiple of 64");
        assert_eq!(read(&text(6, 10, 0)), None, "no padding");
        assert_eq!(read(&[]), None, "nothing");
        assert_eq!(read(&text(65_536, 65_600, 0)), Some(65_536));
        assert_eq!(read(&text(65_537, 65_600, 0)), None, "longer than a record can be");
    }

    #[test]
    fn a_record_holds_64_kibibytes_and_no_more() {
        let keys = keys();
        let random = SystemRandom::new();
        let data = vec![5; MAX_DATA + 1];
        let sealed = seal(&keys, &ID, 7, &data[1..], &random).unwrap();
        assert!(sealed.len() <= MAX_SEALED);
        assert_eq!(open(&sealed, &ID, 7).unwrap(), data[1..]);
        assert_eq!(seal(&keys, &ID, 7, &data, &random), Err(VaultError::TooLarge));
    }

    #[test]
    fn an_id_is_never_the_manifests() {
        assert_eq!(RecordId::new([0; 16]), None);
        assert_eq!(RecordId::make(&FixedRandom::new(&[0; 16])), Err(RandomUnavailable));
        assert_eq!(ID.to_string(), "03".repeat(16));
    }

    proptest! {
        #[test]
        fn a_sealed_file_opens(data: Vec<u8>, rev: u64, id: [u8; 16]) {
            let id = RecordId(id);
            let sealed = seal(&keys(), &id, rev, &data, &SystemRandom::new()).unwrap();
            prop_assert_eq!((sealed.len() - HEADER - TAG) % BLOCK, 0);
            prop_assert_eq!(open(&sealed, &id, rev), Some(data));
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>, body: Vec<u8>) {
            prop_assert_eq!(open(&bytes, &ID, 7), None);
            let close = [&[VERSION, 0, 0, 0, 1][..], &body].concat();
            prop_assert_eq!(open(&close, &ID, 7), None);
        }
    }
}
