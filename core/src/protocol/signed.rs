//! The bytes that a device signs: `"tegata/v1/" ‖ purpose ‖ 0x00 ‖ body`, the body exactly as it is sent.

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

use super::values::DeviceKey;

/// The header of a signature: DER in Base64url without padding.
pub const SIGNATURE_HEADER: &str = "Tegata-Signature";

/// Puts together the bytes that are signed for a purpose.
#[must_use]
pub fn signed_bytes(purpose: &str, body: &[u8]) -> Vec<u8> {
    [b"tegata/v1/", purpose.as_bytes(), &[0], body].concat()
}

/// Verifies that `signature`, as it is in the header, is the device's over this body for this purpose: ECDSA P-256 with
/// SHA-256 (FIPS 186-5), DER, a high S as good as a low one.
#[must_use]
pub fn is_signed(key: &DeviceKey, purpose: &str, body: &[u8], signature: &str) -> bool {
    let Ok(der) = Base64UrlUnpadded::decode_vec(signature) else { return false };
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.0);
    key.verify(&signed_bytes(purpose, body), &der).is_ok()
}

/// Writes a signature as it is in the header.
#[must_use]
pub fn signature_text(der: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(der)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{Keystore, SoftwareKeystore};

    #[test]
    fn the_signed_bytes_are_frozen() {
        assert_eq!(signed_bytes("log-in", b"{}"), b"tegata/v1/log-in\0{}");
    }

    #[test]
    fn a_signature_is_for_one_key_purpose_and_body() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = folder.path().join(name);
            let stretch = crate::vault::Argon2Params::new(8, 1, 1).unwrap();
            let random = std::sync::Arc::new(crate::SystemRandom::new());
            SoftwareKeystore::create(&path, b"passphrase", stretch, random).unwrap()
        };
        let ours = make("a");
        let other = make("b");
        let key = DeviceKey(ours.public_key().unwrap());
        let signature = signature_text(&ours.sign(&signed_bytes("log-in", b"{}")).unwrap());
        assert!(is_signed(&key, "log-in", b"{}", &signature));
        assert!(!is_signed(&key, "reset", b"{}", &signature));
        assert!(!is_signed(&key, "log-in", b"{ }", &signature));
        assert!(!is_signed(&DeviceKey(other.public_key().unwrap()), "log-in", b"{}", &signature));
        for bad in ["", "A", "AAAA", &format!("{signature}=")] {
            assert!(!is_signed(&key, "log-in", b"{}", bad), "{bad}");
        }
    }
}
