//! Keys derived from keys.

use ring::hkdf;
use tegata::Secret;
use zeroize::Zeroizing;

/// Derives a key: HKDF-SHA256 without a salt, info `tegata/v1/issuer/` and the label.
pub(super) fn derive(root: &Secret<32>, label: &str) -> Zeroizing<[u8; 32]> {
    struct Bytes32;
    impl hkdf::KeyType for Bytes32 {
        fn len(&self) -> usize {
            32
        }
    }
    let mut key = Zeroizing::new([0; 32]);
    let info = [b"tegata/v1/issuer/".as_slice(), label.as_bytes()];
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(root.expose());
    // 32 bytes are within what HKDF gives, so neither of the two fails; a key of zeros would be refused below.
    let filled = secret.expand(&info, Bytes32).and_then(|okm| okm.fill(key.as_mut_slice()));
    debug_assert!(filled.is_ok());
    key
}
