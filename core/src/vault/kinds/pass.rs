//! Kind 3: passes that others issue.

use std::fmt;

use super::super::cbor::{DecodeError, EncodeResult, MapReader, MapWriter};
use super::super::error::FieldOutOfRange;
use super::body::RecordBody;
use super::check_text;

/// A pass that someone else issued: a ticket, a loyalty card.
#[derive(Clone, PartialEq, Eq)]
pub struct Pass {
    /// The title that the shopper sees: 1 to 128 bytes of UTF-8.
    pub title: String,
    /// The symbol that the message is drawn as.
    pub format: PassFormat,
    /// The content of the symbol: 1 to 4,096 bytes of UTF-8. Knowing it is having the pass, so `Debug` does not print
    /// it.
    pub message: String,
    /// The text below the symbol, for people to read: 1 to 256 bytes of UTF-8, if anything.
    pub alternate_text: Option<String>,
}

/// The symbol of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassFormat {
    /// QR Code, ISO/IEC 18004.
    Qr,
    /// Code 128, ISO/IEC 15417.
    Code128,
    /// PDF417 stacked code, ISO/IEC 15438.
    Pdf417,
    /// Aztec Code, ISO/IEC 24778.
    Aztec,
    /// Data Matrix, ISO/IEC 16022.
    DataMatrix,
}

impl PassFormat {
    const ALL: [Self; 5] = [Self::Qr, Self::Code128, Self::Pdf417, Self::Aztec, Self::DataMatrix];

    fn number(self) -> u64 {
        match self {
            Self::Qr => 1,
            Self::Code128 => 2,
            Self::Pdf417 => 3,
            Self::Aztec => 4,
            Self::DataMatrix => 5,
        }
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass")
            .field("title", &self.title)
            .field("format", &self.format)
            .field("message", &format_args!("[redacted]"))
            .field("alternate_text", &format_args!("[redacted]"))
            .finish()
    }
}

impl RecordBody for Pass {
    const KIND: u8 = 3;

    fn check(&self) -> Result<(), FieldOutOfRange> {
        check_text(&self.title, 1..=128, "the title", "a text of 1 to 128 bytes")?;
        check_text(&self.message, 1..=4096, "the message", "a text of 1 to 4,096 bytes")?;
        let below = self.alternate_text.as_deref();
        below.map_or(Ok(()), |text| {
            check_text(text, 1..=256, "the alternate text", "a text of 1 to 256 bytes")
        })
    }

    fn write(&self, map: &mut MapWriter) -> EncodeResult {
        map.text(1, &self.title)?;
        map.uint(2, self.format.number())?;
        map.text(3, &self.message)?;
        self.alternate_text.as_deref().map_or(Ok(()), |text| map.text(4, text))
    }

    fn read(map: &mut MapReader<'_>) -> Result<Self, DecodeError> {
        let title = map.text(1)?.into();
        let number = map.uint(2)?;
        let format = PassFormat::ALL.into_iter().find(|format| format.number() == number);
        Ok(Self {
            title,
            format: format.ok_or(DecodeError::Malformed)?,
            message: map.text(3)?.into(),
            alternate_text: map.optional_text(4)?.map(Into::into),
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

    fn pass() -> Pass {
        Pass {
            title: "Tram".into(),
            format: PassFormat::Aztec,
            message: "T-7".into(),
            alternate_text: None,
        }
    }

    #[test]
    fn the_bytes_are_those_of_format_1() {
        is_written_as(&pass(), "a4 0003 01645472616d 0204 0363542d37");
        let shown = Pass { alternate_text: Some("7".into()), ..pass() };
        is_written_as(&shown, "a5 0003 01645472616d 0204 0363542d37 046137");
    }

    #[test]
    fn a_field_out_of_range_is_not_written() {
        let wrong = |change: fn(&mut Pass)| {
            let mut pass = pass();
            change(&mut pass);
            matches!(encode(&pass), Err(VaultError::OutOfRange(_)))
        };
        assert!(wrong(|p| p.title = String::new()));
        assert!(wrong(|p| p.title = "a".repeat(129)));
        assert!(wrong(|p| p.message = String::new()));
        assert!(wrong(|p| p.message = "a".repeat(4097)));
        assert!(wrong(|p| p.alternate_text = Some(String::new())));
        assert!(wrong(|p| p.alternate_text = Some("a".repeat(257))));
    }

    proptest! {
        #[test]
        fn a_written_record_is_read_back(
            title in "\\PC{1,32}",
            format in prop::sample::select(PassFormat::ALL.to_vec()),
            message in "\\PC{1,1024}",
            alternate_text in prop::option::of("\\PC{1,64}"),
        ) {
            comes_back(&Pass { title, format, message, alternate_text })?;
        }
    }
}
