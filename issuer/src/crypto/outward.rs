//! Numbers as they leave the issuer. Stored ids begin with the time and count on within a second, so two of them tell how
//! much is paid here; what leaves is one AES block of each, which tells nothing and leads back to it.

use std::fmt;

use aes::Aes256;
use aes::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

/// The key of such blocks. It comes from root 0, which is never replaced: receipts and tills keep these numbers.
pub(super) struct OutwardKey(Aes256);

impl OutwardKey {
    pub(super) fn new(key: &Zeroizing<[u8; 32]>) -> Self {
        Self(Aes256::new((&**key).into()))
    }

    pub(super) fn conceal(&self, id: [u8; 16]) -> [u8; 16] {
        let mut block: Block<Aes256> = id.into();
        self.0.encrypt_block(&mut block);
        block.into()
    }

    pub(super) fn reveal(&self, number: [u8; 16]) -> [u8; 16] {
        let mut block: Block<Aes256> = number.into();
        self.0.decrypt_block(&mut block);
        block.into()
    }
}

impl fmt::Debug for OutwardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197, appendix C.3.
    #[test]
    fn a_number_is_one_block_of_aes_256() {
        let key: Vec<u8> = (0..32).collect();
        let key = OutwardKey::new(&Zeroizing::new(key.try_into().unwrap()));
        let mut plain = [0; 16];
        hex::decode_to_slice("00112233445566778899aabbccddeeff", &mut plain).unwrap();
        let number = key.conceal(plain);
        assert_eq!(hex::encode(number), "8ea2b7ca516745bfeafc49904b496089");
        assert_eq!(key.reveal(number), plain);
    }
}
