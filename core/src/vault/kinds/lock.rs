//! Kind 6: the payment lock. A vault holds none or one, and no host reads or writes it as a record.

use super::super::cbor::{DecodeError, EncodeResult, MapReader, MapWriter};
use super::super::error::FieldOutOfRange;
use super::super::lock_key::{KeyWrapping, PinWrapping};
use super::body::RecordBody;

/// The payment lock's key L, wrapped for each way of unlocking. With none of them left, the seeds under it are lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::vault) struct PaymentLock {
    /// L under the PIN, if one is set.
    pub pin: Option<PinWrapping>,
    /// L under the host's key behind a biometric prompt, if one is set.
    pub key: Option<KeyWrapping>,
    /// Wrong PINs since the last right one, where there is no anchor to count them.
    pub failed_pin_tries: u32,
}

impl RecordBody for PaymentLock {
    const KIND: u8 = 6;

    fn check(&self) -> Result<(), FieldOutOfRange> {
        Ok(())
    }

    fn write(&self, map: &mut MapWriter) -> EncodeResult {
        if let Some(pin) = &self.pin {
            map.bytes(1, pin.as_bytes())?;
        }
        if let Some(key) = &self.key {
            map.bytes(2, key.as_bytes())?;
        }
        map.uint(3, self.failed_pin_tries.into())
    }

    fn read(map: &mut MapReader<'_>) -> Result<Self, DecodeError> {
        let wrong = DecodeError::Malformed;
        let parsed_pin = map.optional_bytes(1)?.map(|bytes| PinWrapping::parse(bytes).ok_or(wrong));
        let pin = parsed_pin.transpose()?;
        let parsed_key = map.optional_bytes(2)?.map(|bytes| KeyWrapping::parse(bytes).ok_or(wrong));
        let key = parsed_key.transpose()?;
        let failed_pin_tries = map.uint(3)?.try_into().map_err(|_| wrong)?;
        Ok(Self { pin, key, failed_pin_tries })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::is_written_as;
    use super::*;

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let pin = [&[1, 0, 0, 0, 64, 0, 0, 0, 2, 0, 0, 0, 1][..], &[0x33; 64]].concat();
        let key = [&[1][..], &[0x44; 64]].concat();
        let mut lock = PaymentLock {
            pin: PinWrapping::parse(&pin),
            key: KeyWrapping::parse(&key),
            failed_pin_tries: 3,
        };
        let sealed_pin = "33".repeat(64);
        let sealed_key = "44".repeat(64);
        let pin = format!("01584d 01 00000040 00000002 00000001 {sealed_pin}");
        let key = format!("025841 01 {sealed_key}");
        is_written_as(&lock, &format!("a4 0006 {pin} {key} 0303"));
        lock.pin = None;
        is_written_as(&lock, &format!("a3 0006 {key} 0303"));
        lock.key = None;
        is_written_as(&lock, "a2 0006 0303");
    }
}
