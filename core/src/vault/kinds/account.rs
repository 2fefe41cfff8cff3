//! Kind 4: the shopper's account at an issuer.

use super::super::cbor::{DecodeError, EncodeResult, MapReader, MapWriter};
use super::super::error::FieldOutOfRange;
use super::body::RecordBody;
use super::check_text;
use crate::SecretBytes;

/// A shopper's account at an issuer, as this device knows it.
#[derive(Clone, Debug)]
pub struct AccountRecord {
    /// The handle that the shopper logs in with: 1 to 256 bytes of UTF-8.
    pub handle: String,
    /// The issuer's address: 1 to 2,048 bytes of UTF-8.
    pub issuer_address: String,
    /// The name of this device at the issuer: 1 to 128 bytes of UTF-8.
    pub device_name: String,
    /// The session token, while logged in: 1 to 256 bytes.
    pub session: Option<SecretBytes>,
}

impl RecordBody for AccountRecord {
    const KIND: u8 = 4;

    fn check(&self) -> Result<(), FieldOutOfRange> {
        check_text(&self.handle, 1..=256, "the handle", "a text of 1 to 256 bytes")?;
        let expected = "a text of 1 to 2,048 bytes";
        check_text(&self.issuer_address, 1..=2048, "the issuer's address", expected)?;
        check_text(&self.device_name, 1..=128, "the device's name", "a text of 1 to 128 bytes")?;
        let session = self.session.as_ref().map_or(1, |session| session.expose().len());
        if !(1..=256).contains(&session) {
            return Err(FieldOutOfRange { field: "the session", expected: "1 to 256 bytes" });
        }
        Ok(())
    }

    fn write(&self, map: &mut MapWriter) -> EncodeResult {
        map.text(1, &self.handle)?;
        map.text(2, &self.issuer_address)?;
        map.text(3, &self.device_name)?;
        self.session.as_ref().map_or(Ok(()), |session| map.bytes(4, session.expose()))
    }

    fn read(map: &mut MapReader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            handle: map.text(1)?.into(),
            issuer_address: map.text(2)?.into(),
            device_name: map.text(3)?.into(),
            session: map.optional_bytes(4)?.map(SecretBytes::new),
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

    fn account() -> AccountRecord {
        AccountRecord {
            handle: "ann".into(),
            issuer_address: "https://i".into(),
            device_name: "phone".into(),
            session: None,
        }
    }

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let fields = "0004 0163616e6e 026968747470733a2f2f69 036570686f6e65";
        is_written_as(&account(), &format!("a4 {fields}"));
        let logged_in = AccountRecord { session: Some(SecretBytes::new(&[9; 4])), ..account() };
        is_written_as(&logged_in, &format!("a5 {fields} 044409090909"));
    }

    #[test]
    fn a_field_out_of_range_is_not_written() {
        let wrong = |change: fn(&mut AccountRecord)| {
            let mut account = account();
            change(&mut account);
            matches!(encode(&account), Err(VaultError::OutOfRange(_)))
        };
        assert!(wrong(|a| a.handle = String::new()));
        assert!(wrong(|a| a.handle = "a".repeat(257)));
        assert!(wrong(|a| a.issuer_address = String::new()));
        assert!(wrong(|a| a.issuer_address = "a".repeat(2049)));
        assert!(wrong(|a| a.device_name = String::new()));
        assert!(wrong(|a| a.device_name = "a".repeat(129)));
        assert!(wrong(|a| a.session = Some(SecretBytes::new(b""))));
        assert!(wrong(|a| a.session = Some(SecretBytes::new(&[0; 257]))));
    }

    proptest! {
        #[test]
        fn a_written_record_is_read_back(
            handle in "\\PC{1,64}",
            issuer_address in "\\PC{1,256}",
            device_name in "\\PC{1,32}",
            session in prop::option::of(prop::collection::vec(any::<u8>(), 1..=256)),
        ) {
            let session = session.map(|bytes| SecretBytes::new(&bytes));
            comes_back(&AccountRecord { handle, issuer_address, device_name, session })?;
        }
    }
}
