//! Kind 11: a message that is to be sent before anything else. No host reads or writes it as a record.

use super::super::cbor::{DecodeError, EncodeResult, MapReader, MapWriter};
use super::super::error::FieldOutOfRange;
use super::body::RecordBody;
use super::check_text;

/// A message that a device key signed before it was destroyed: it ends the sessions of that device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueuedMessage {
    /// The address of the issuer that it is for.
    pub issuer_address: String,
    /// The name of the device there.
    pub device_name: String,
    /// The body as it was signed: 2 to 1,024 bytes of JSON.
    pub body: Vec<u8>,
    /// The header of its signature.
    pub signature: String,
}

impl RecordBody for QueuedMessage {
    const KIND: u8 = 11;

    fn check(&self) -> Result<(), FieldOutOfRange> {
        check_text(&self.issuer_address, 1..=2048, "the issuer's address", "1 to 2,048 bytes")?;
        check_text(&self.device_name, 1..=128, "the device's name", "1 to 128 bytes")?;
        check_text(&self.signature, 1..=512, "the signature", "1 to 512 bytes")?;
        let fits = (2..=1024).contains(&self.body.len());
        let wrong = FieldOutOfRange { field: "the message", expected: "2 to 1,024 bytes" };
        if fits { Ok(()) } else { Err(wrong) }
    }

    fn write(&self, map: &mut MapWriter) -> EncodeResult {
        map.text(1, &self.issuer_address)?;
        map.text(2, &self.device_name)?;
        map.bytes(3, &self.body)?;
        map.text(4, &self.signature)
    }

    fn read(map: &mut MapReader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            issuer_address: map.text(1)?.to_owned(),
            device_name: map.text(2)?.to_owned(),
            body: map.bytes(3)?.to_vec(),
            signature: map.text(4)?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::super::tests::is_written_as;
    use super::*;
    use crate::vault::VaultError;

    fn message() -> QueuedMessage {
        QueuedMessage {
            issuer_address: "https://a.example".into(),
            device_name: "phone".into(),
            body: b"{}".to_vec(),
            signature: "AQ".into(),
        }
    }

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let address = "68747470733a2f2f612e6578616d706c65";
        is_written_as(
            &message(),
            &format!("a5 000b 0171{address} 026570686f6e65 03427b7d 04624151"),
        );
    }

    #[test]
    fn a_field_out_of_range_is_not_written() {
        let long = QueuedMessage { body: vec![b' '; 1025], ..message() };
        let unsigned = QueuedMessage { signature: String::new(), ..message() };
        for message in [long, unsigned] {
            assert!(matches!(encode(&message), Err(VaultError::OutOfRange(_))));
        }
    }
}
