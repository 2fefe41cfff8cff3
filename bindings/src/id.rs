//! What a record is known by: 32 lower-case hexadecimal digits, since texts compare by what they say in every language.

use base16ct::lower;
use tegata::vault::RecordId;

use crate::WalletError;

/// Reads an id that a wallet gave earlier; of anything else there is nothing in it.
pub(crate) fn parse(id: &str) -> Result<RecordId, WalletError> {
    let bytes = lower::decode_vec(id).ok();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.and_then(RecordId::new).ok_or(WalletError::NotFound)
}

/// The issuer's 16 bytes as text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    lower::encode_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written_and_nothing_else_is() {
        let id = RecordId::new([0xab; 16]).unwrap();
        assert_eq!(parse(&id.to_string()), Ok(id));
        for other in ["", "ab", &"AB".repeat(16), &"00".repeat(16), &"ab".repeat(17), "é"] {
            assert_eq!(parse(other), Err(WalletError::NotFound), "{other}");
        }
    }
}
