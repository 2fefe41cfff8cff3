//! Ids of records as text: 32 lower-case hexadecimal digits, since texts compare by value in every language.

use base16ct::lower;
use tegata::vault::RecordId;

use crate::WalletError;

/// Reads an id that a wallet gave earlier; anything else is not found.
pub(crate) fn parse(id: &str) -> Result<RecordId, WalletError> {
    let bytes = lower::decode_vec(id).ok();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.and_then(RecordId::new).ok_or(WalletError::NotFound)
}

/// Writes bytes of the issuer's as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    lower::encode_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_written_form_of_an_id_is_read() {
        let id = RecordId::new([0xab; 16]).unwrap();
        assert_eq!(parse(&id.to_string()), Ok(id));
        for other in ["", "ab", &"AB".repeat(16), &"00".repeat(16), &"ab".repeat(17), "é"] {
            assert_eq!(parse(other), Err(WalletError::NotFound), "{other}");
        }
    }
}
