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

/// Puts together the purpose that a device signs a message for which is sent in its session and has no key in its body.
#[must_use]
pub(super) fn session_purpose(path: &str) -> String {
    format!("session:{path}")
}

/// Writes the signature of a message in a session as it is in the header: the signature, a full stop, the device's key.
#[must_use]
pub(super) fn session_signature_text(der: &[u8], key: &DeviceKey) -> String {
    format!("{}.{}", signature_text(der), Base64UrlUnpadded::encode_string(&key.0))
}

/// Verifies the header of a message that is sent in a session to this path, and gives the key that signed it; `None` if
/// the header is not one, or the signature is not the key's over this body for this path.
#[must_use]
pub fn session_signer(path: &str, body: &[u8], header: &str) -> Option<DeviceKey> {
    let parts = header.split_once('.')?;
    let mut key = DeviceKey([0; 65]);
    let length = Base64UrlUnpadded::decode(parts.1, &mut key.0).ok()?.len();
    let is_whole = length == key.0.len();
    (is_whole && is_signed(&key, &session_purpose(path), body, parts.0)).then_some(key)
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
    fn a_session_signature_is_for_one_path_body_and_key() {
        let folder = tempfile::tempdir().unwrap();
        let stretch = crate::vault::Argon2Params::new(8, 1, 1).unwrap();
        let random = std::sync::Arc::new(crate::SystemRandom::new());
        let path = folder.path().join("key");
        let device = SoftwareKeystore::create(&path, b"passphrase", stretch, random).unwrap();
        let key = DeviceKey(device.public_key().unwrap());
        let freeze = "/v1/account/freeze";
        let der = device.sign(&signed_bytes(&session_purpose(freeze), b"{}")).unwrap();
        let header = session_signature_text(&der, &key);
        assert_eq!(session_signer(freeze, b"{}", &header), Some(key));
        assert_eq!(session_signer("/v1/account/keep", b"{}", &header), None);
        assert_eq!(session_signer(freeze, b"{ }", &header), None);
        let other = DeviceKey([4; 65]);
        let stranger = session_signature_text(&der, &other);
        let alone = signature_text(&der);
        for bad in ["", ".", &alone, &header[1..], &header[..header.len() - 1], &stranger] {
            assert_eq!(session_signer(freeze, b"{}", bad), None, "{bad}");
        }
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
