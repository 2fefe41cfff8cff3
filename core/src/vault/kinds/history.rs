//! Kind 9: the payment history that the shopper was last shown. A vault holds none or one, and no host reads or writes
//! it as a record.

use super::super::cbor::{DecodeError, EncodeResult, MapReader, MapWriter};
use super::super::error::FieldOutOfRange;
use super::body::RecordBody;
use super::check_text;
use crate::UnixTime;

/// The newest payments of an account, as the issuer sent them.
#[derive(Clone, Debug)]
pub(crate) struct History {
    /// The account's handle: 1 to 256 bytes of UTF-8. The history of another account is not shown.
    pub handle: String,
    /// The issuer's address: 1 to 2,048 bytes of UTF-8.
    pub issuer_address: String,
    /// When the issuer sent them.
    pub seen: UnixTime,
    /// The issuer's answer: JSON of 1 to 60,000 bytes.
    pub page: String,
}

impl RecordBody for History {
    const KIND: u8 = 9;

    fn check(&self) -> Result<(), FieldOutOfRange> {
        check_text(&self.handle, 1..=256, "the handle", "a text of 1 to 256 bytes")?;
        let expected = "a text of 1 to 2,048 bytes";
        check_text(&self.issuer_address, 1..=2048, "the issuer's address", expected)?;
        check_text(&self.page, 1..=60_000, "the history", "a text of 1 to 60,000 bytes")
    }

    fn write(&self, map: &mut MapWriter) -> EncodeResult {
        map.text(1, &self.handle)?;
        map.text(2, &self.issuer_address)?;
        map.uint(3, self.seen.seconds())?;
        map.text(4, &self.page)
    }

    fn read(map: &mut MapReader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            handle: map.text(1)?.into(),
            issuer_address: map.text(2)?.into(),
            seen: UnixTime::new(map.uint(3)?).map_err(|_| DecodeError::Malformed)?,
            page: map.text(4)?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::encode;
    use super::super::tests::{comes_back, is_written_as};
    use super::*;
    use crate::vault::VaultError;

    fn history() -> History {
        History {
            handle: "ann".into(),
            issuer_address: "https://i".into(),
            seen: UnixTime::new(1_800_000_000).unwrap(),
            page: "{}".into(),
        }
    }

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let hex = "a5 0009 0163616e6e 026968747470733a2f2f69 031a6b49d200 04627b7d";
        is_written_as(&history(), hex);
    }

    #[test]
    fn a_field_out_of_range_is_neither_written_nor_read() {
        let wrong = |change: fn(&mut History)| {
            let mut history = history();
            change(&mut history);
            matches!(encode(&history), Err(VaultError::OutOfRange(_)))
        };
        assert!(wrong(|it| it.handle = String::new()));
        assert!(wrong(|it| it.handle = "a".repeat(257)));
        assert!(wrong(|it| it.issuer_address = String::new()));
        assert!(wrong(|it| it.issuer_address = "a".repeat(2049)));
        assert!(wrong(|it| it.page = String::new()));
        assert!(wrong(|it| it.page = "a".repeat(60_001)));
        let whole = encode(&history()).unwrap();
        let mut late = whole.to_vec();
        // The year 10000: four bytes become eight.
        let at = late.windows(2).position(|it| it == [3, 0x1a]).unwrap();
        late.splice(at + 1..at + 6, [&[0x1b][..], &253_402_300_800_u64.to_be_bytes()].concat());
        assert!(matches!(super::super::decode::<History>(&late), Err(VaultError::Corrupt)));
    }

    proptest! {
        #[test]
        fn a_written_record_is_read_back(
            handle in "\\PC{1,64}",
            issuer_address in "\\PC{1,256}",
            seen in 0_u64..253_402_300_800,
            page in "\\PC{1,2000}",
        ) {
            let seen = UnixTime::new(seen).unwrap();
            comes_back(&History { handle, issuer_address, seen, page })?;
        }
    }
}
