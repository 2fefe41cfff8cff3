//! Kind 8: a transfer from another phone. A vault holds none or one, and no host reads or writes it as a record.

use super::super::cbor::{DecodeError, EncodeResult, MapReader, MapWriter};
use super::super::error::FieldOutOfRange;
use super::body::RecordBody;
use crate::hpke::ReceiverKey;

/// The pending transfer from another phone, and the last one received.
#[derive(Clone, Debug, Default)]
pub(crate) struct TransferState {
    /// The key that the answer will be sealed to, while a request is pending.
    pub pending_key: Option<ReceiverKey>,
    /// SHA-256 of the text of the request that was answered last, to detect the same answer again.
    pub answered: Option<[u8; 32]>,
}

impl RecordBody for TransferState {
    const KIND: u8 = 8;

    fn check(&self) -> Result<(), FieldOutOfRange> {
        Ok(())
    }

    fn write(&self, map: &mut MapWriter) -> EncodeResult {
        if let Some(key) = &self.pending_key {
            map.bytes(1, key.expose())?;
        }
        if let Some(request) = &self.answered {
            map.bytes(2, request)?;
        }
        Ok(())
    }

    fn read(map: &mut MapReader<'_>) -> Result<Self, DecodeError> {
        let wrong = DecodeError::Malformed;
        let pending_key =
            map.optional_bytes(1)?.map(|key| ReceiverKey::from_slice(key).ok_or(wrong));
        let answered = map.optional_bytes(2)?.map(|request| request.try_into().map_err(|_| wrong));
        Ok(Self { pending_key: pending_key.transpose()?, answered: answered.transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{comes_back, is_written_as};
    use super::*;

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let mut it = TransferState::default();
        is_written_as(&it, "a1 0008");
        it.pending_key = ReceiverKey::from_slice(&[0x11; 32]);
        let key = "11".repeat(32);
        let request = "22".repeat(32);
        is_written_as(&it, &format!("a2 0008 015820{key}"));
        it.answered = Some([0x22; 32]);
        is_written_as(&it, &format!("a3 0008 015820{key} 025820{request}"));
        it.pending_key = None;
        is_written_as(&it, &format!("a2 0008 025820{request}"));
    }

    proptest! {
        #[test]
        fn a_written_record_is_read_back(key: Option<[u8; 32]>, answered: Option<[u8; 32]>) {
            let pending_key = key.and_then(|key| ReceiverKey::from_slice(&key));
            comes_back(&TransferState { pending_key, answered })?;
        }
    }
}
