//! Kind 7: the state of provisioning with the issuer. A vault holds none or one, and no host reads or
//! writes it as a record.

use super::super::cbor::{DecodeError, EncodeResult, MapReader, MapWriter};
use super::super::error::FieldOutOfRange;
use super::super::ids::RecordId;
use super::body::RecordBody;
use crate::hpke::ReceiverKey;

/// The pending request to the issuer, and what it provisioned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Provisioning {
    /// The public key that the issuer signs till cards with.
    pub till_card_key: Option<[u8; 32]>,
    /// The payment credential that it provisioned last.
    pub credential: Option<RecordId>,
    /// The request that has no answer yet.
    pub pending: Option<PendingProvisioning>,
}

/// A request for a payment credential.
#[derive(Clone, Debug)]
pub(crate) struct PendingProvisioning {
    /// The key that the answer is sealed to.
    pub key: ReceiverKey,
    /// The body of the request, 1 to 1,024 bytes: sent again it is the same byte for byte.
    pub body: Vec<u8>,
}

const KEY: usize = 32;
const BODY: usize = 1024;

impl RecordBody for Provisioning {
    const KIND: u8 = 7;

    fn check(&self) -> Result<(), FieldOutOfRange> {
        let fits = |pending: &PendingProvisioning| (1..=BODY).contains(&pending.body.len());
        if self.pending.as_ref().is_none_or(fits) {
            Ok(())
        } else {
            Err(FieldOutOfRange { field: "the request", expected: "1 to 1,024 bytes" })
        }
    }

    fn write(&self, map: &mut MapWriter) -> EncodeResult {
        if let Some(key) = &self.till_card_key {
            map.bytes(1, key)?;
        }
        if let Some(id) = &self.credential {
            map.bytes(2, id.as_bytes())?;
        }
        if let Some(PendingProvisioning { key, body }) = &self.pending {
            // One value, so that neither is ever stored without the other.
            let mut both = zeroize::Zeroizing::new(Vec::with_capacity(KEY + body.len()));
            both.extend_from_slice(key.expose());
            both.extend_from_slice(body);
            map.bytes(3, &both)?;
        }
        Ok(())
    }

    fn read(map: &mut MapReader<'_>) -> Result<Self, DecodeError> {
        let wrong = DecodeError::Malformed;
        let key = map.optional_bytes(1)?.map(|key| key.try_into().map_err(|_| wrong));
        let id = |id: &[u8]| id.try_into().ok().and_then(RecordId::new).ok_or(wrong);
        let credential = map.optional_bytes(2)?.map(id).transpose()?;
        let read_pending = |both: &[u8]| {
            let (key, body) = both.split_at_checked(KEY)?;
            Some(PendingProvisioning { key: ReceiverKey::from_slice(key)?, body: body.to_vec() })
        };
        let pending =
            map.optional_bytes(3)?.map(|both| read_pending(both).ok_or(wrong)).transpose()?;
        Ok(Self { till_card_key: key.transpose()?, credential, pending })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::encode;
    use super::super::tests::{comes_back, is_written_as};
    use super::*;
    use crate::vault::VaultError;

    fn pending(body: &[u8]) -> PendingProvisioning {
        PendingProvisioning {
            key: ReceiverKey::from_slice(&[0x33; 32]).unwrap(),
            body: body.to_vec(),
        }
    }

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let mut it = Provisioning::default();
        is_written_as(&it, "a1 0007");
        it.pending = Some(pending(b"{}"));
        let key = "33".repeat(32);
        is_written_as(&it, &format!("a2 0007 035822{key}7b7d"));
        it.till_card_key = Some([0x11; 32]);
        it.credential = RecordId::new([0x22; 16]);
        let card = "11".repeat(32);
        let id = "22".repeat(16);
        is_written_as(&it, &format!("a4 0007 015820{card} 0250{id} 035822{key}7b7d"));
        it.pending = None;
        is_written_as(&it, &format!("a3 0007 015820{card} 0250{id}"));
    }

    #[test]
    fn a_request_out_of_range_is_not_written() {
        for body in [&[][..], &[b'a'; 1025]] {
            let it = Provisioning { pending: Some(pending(body)), ..Provisioning::default() };
            assert!(matches!(encode(&it), Err(VaultError::OutOfRange(_))));
        }
    }

    proptest! {
        #[test]
        fn a_written_record_is_read_back(
            till_card_key: Option<[u8; 32]>,
            credential: Option<[u8; 16]>,
            body in prop::option::of(prop::collection::vec(any::<u8>(), 1..=1024)),
        ) {
            let credential = credential.and_then(RecordId::new);
            let pending = body.map(|body| pending(&body));
            comes_back(&Provisioning { till_card_key, credential, pending })?;
        }
    }
}
