//! Kind 5: a setting of the wallet.

use super::super::cbor::{DecodeError, EncodeResult, MapReader, MapWriter};
use super::super::error::FieldOutOfRange;
use super::body::RecordBody;
use super::check_text;

/// A named value that the wallet keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name: 1 to 64 bytes of UTF-8. The vault does not make it unique.
    pub name: String,
    /// The value: up to 4,096 bytes of UTF-8.
    pub value: String,
}

impl RecordBody for Setting {
    const KIND: u8 = 5;

    fn check(&self) -> Result<(), FieldOutOfRange> {
        check_text(&self.name, 1..=64, "the setting's name", "a text of 1 to 64 bytes")?;
        check_text(&self.value, 0..=4096, "the setting", "a text of at most 4,096 bytes")
    }

    fn write(&self, map: &mut MapWriter) -> EncodeResult {
        map.text(1, &self.name)?;
        map.text(2, &self.value)
    }

    fn read(map: &mut MapReader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { name: map.text(1)?.into(), value: map.text(2)?.into() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::encode;
    use super::super::tests::{comes_back, is_written_as};
    use super::*;
    use crate::vault::VaultError;

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let setting = Setting { name: "till".into(), value: "t1".into() };
        is_written_as(&setting, "a3 0005 016474696c6c 02627431");
    }

    #[test]
    fn a_field_out_of_range_is_not_written() {
        for (name, value) in [(0, 0), (65, 0), (1, 4097)] {
            let setting = Setting { name: "a".repeat(name), value: "b".repeat(value) };
            assert!(matches!(encode(&setting), Err(VaultError::OutOfRange(_))));
        }
    }

    proptest! {
        #[test]
        fn a_written_record_is_read_back(name in "\\PC{1,16}", value in "\\PC{0,1024}") {
            comes_back(&Setting { name, value })?;
        }
    }
}
