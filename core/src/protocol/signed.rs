//! The bytes that a device signs, and the header that has the signature.
//!
//! Signed is `"tegata/v1/" ‖ purpose ‖ 0x00 ‖ challenge ‖ 0x00 ‖ request ‖ 0x00 ‖ body`: challenge and request as the header has
//! them, the body exactly as it is sent. The header has these parts, with full stops between them: the signature, the
//! challenge, the request, and the device's key where no field of the body has it.

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

use super::freshness::{Challenge, Freshness};
use super::values::{DeviceKey, RequestName};
use crate::vault::{Keystore, KeystoreError};

/// The header of a signature.
pub const SIGNATURE_HEADER: &str = "Tegata-Signature";

/// What a message is signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignaturePurpose<'a> {
    /// This purpose, by the device whose key the body has.
    Named(&'a str),
    /// A request in a session to this path, by the session's device, whose key the header has.
    Session(&'a str),
}

impl SignaturePurpose<'_> {
    fn text(self) -> String {
        match self {
            Self::Named(purpose) => purpose.to_owned(),
            Self::Session(path) => format!("session:{path}"),
        }
    }

    /// Puts together the bytes that are signed.
    #[must_use]
    pub fn signed_bytes(self, freshness: &Freshness, body: &[u8]) -> Vec<u8> {
        let request = String::from(freshness.request);
        let challenge = freshness.challenge_text().as_bytes();
        let purpose = self.text();
        let parts: [&[u8]; 8] = [
            b"tegata/v1/",
            purpose.as_bytes(),
            &[0],
            challenge,
            &[0],
            request.as_bytes(),
            &[0],
            body,
        ];
        parts.concat()
    }

    /// Has a device sign a body, and gives the header.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn sign(
        self,
        freshness: &Freshness,
        body: &[u8],
        keystore: &dyn Keystore,
    ) -> Result<String, KeystoreError> {
        let der = keystore.sign(&self.signed_bytes(freshness, body))?;
        let header = format!(
            "{}.{}.{}",
            Base64UrlUnpadded::encode_string(&der),
            freshness.challenge_text(),
            String::from(freshness.request)
        );
        match self {
            Self::Named(_) => Ok(header),
            Self::Session(_) => {
                let key = Base64UrlUnpadded::encode_string(&keystore.public_key()?);
                Ok(format!("{header}.{key}"))
            }
        }
    }
}

/// The header of a signed message, before it is known whose signature it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSignature {
    der: Vec<u8>,
    freshness: Freshness,
    key: Option<DeviceKey>,
}

impl MessageSignature {
    /// Reads the header; `None` if it is not one.
    #[must_use]
    pub fn read(header: &str) -> Option<Self> {
        let mut parts = header.split('.');
        let mut next = || parts.next().map(str::to_owned);
        let der = next()?;
        let challenge = next()?;
        let request = next()?;
        let key = next().map(DeviceKey::try_from).transpose().ok()?;
        if parts.next().is_some() {
            return None;
        }
        let challenge = Some(challenge).filter(|text| !text.is_empty());
        let challenge = challenge.map(Challenge::try_from).transpose().ok()?;
        let request = RequestName::try_from(request).ok()?;
        let der = Base64UrlUnpadded::decode_vec(&der).ok()?;
        Some(Self { der, freshness: Freshness { challenge, request }, key })
    }

    /// The challenge and the request's id that it was signed with.
    #[must_use]
    pub fn freshness(&self) -> &Freshness {
        &self.freshness
    }

    /// Verifies that it is this device's over this body for this purpose: ECDSA P-256 with SHA-256 (FIPS 186-5), DER, a
    /// high S as good as a low one.
    #[must_use]
    pub fn is_of(&self, key: &DeviceKey, purpose: &str, body: &[u8]) -> bool {
        self.key.is_none() && self.verify(key, SignaturePurpose::Named(purpose), body)
    }

    /// Verifies a message that is sent in a session to this path, and gives the key that signed it; `None` if the header
    /// has no key, or the signature is not that key's over this body for this path.
    #[must_use]
    pub fn session_signer(&self, path: &str, body: &[u8]) -> Option<DeviceKey> {
        self.key.filter(|key| self.verify(key, SignaturePurpose::Session(path), body))
    }

    fn verify(&self, key: &DeviceKey, purpose: SignaturePurpose<'_>, body: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.0);
        key.verify(&purpose.signed_bytes(&self.freshness, body), &self.der).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::SoftwareKeystore;

    fn freshness() -> Freshness {
        let challenge = Challenge::try_from("AQ".to_owned()).unwrap();
        Freshness { challenge: Some(challenge), request: RequestName([0x11; 16]) }
    }

    fn device(folder: &tempfile::TempDir, name: &str) -> SoftwareKeystore {
        let stretch = crate::vault::Argon2Params::new(8, 1, 1).unwrap();
        let random = std::sync::Arc::new(crate::SystemRandom::new());
        SoftwareKeystore::create(&folder.path().join(name), b"passphrase", stretch, random).unwrap()
    }

    #[test]
    fn the_signed_bytes_are_frozen() {
        let signed = SignaturePurpose::Named("log-in").signed_bytes(&freshness(), b"{}");
        assert_eq!(signed, b"tegata/v1/log-in\0AQ\0EREREREREREREREREREREQ\0{}");
        let without = Freshness { challenge: None, ..freshness() };
        let freeze = SignaturePurpose::Session("/v1/account/freeze");
        let signed = freeze.signed_bytes(&without, b"{}");
        assert_eq!(signed, b"tegata/v1/session:/v1/account/freeze\0\0EREREREREREREREREREREQ\0{}");
    }

    #[test]
    fn a_session_signature_is_for_one_path_body_and_key() {
        let folder = tempfile::tempdir().unwrap();
        let device = device(&folder, "key");
        let key = DeviceKey(device.public_key().unwrap());
        let freeze = "/v1/account/freeze";
        let header = SignaturePurpose::Session(freeze).sign(&freshness(), b"{}", &device).unwrap();
        let signature = MessageSignature::read(&header).unwrap();
        assert_eq!(signature.freshness(), &freshness());
        assert_eq!(signature.session_signer(freeze, b"{}"), Some(key));
        assert_eq!(signature.session_signer("/v1/account/keep", b"{}"), None);
        assert_eq!(signature.session_signer(freeze, b"{ }"), None);
        assert!(!signature.is_of(&key, "session:/v1/account/freeze", b"{}"), "of one form only");
        let stranger = MessageSignature { key: Some(DeviceKey([4; 65])), ..signature.clone() };
        assert_eq!(stranger.session_signer(freeze, b"{}"), None);
        let alone = MessageSignature { key: None, ..signature };
        assert_eq!(alone.session_signer(freeze, b"{}"), None);
    }

    #[test]
    fn a_signature_is_for_one_key_purpose_body_challenge_and_request() {
        let folder = tempfile::tempdir().unwrap();
        let ours = device(&folder, "a");
        let key = DeviceKey(ours.public_key().unwrap());
        let other = DeviceKey(device(&folder, "b").public_key().unwrap());
        let header = SignaturePurpose::Named("log-in").sign(&freshness(), b"{}", &ours).unwrap();
        let signature = MessageSignature::read(&header).unwrap();
        assert!(signature.is_of(&key, "log-in", b"{}"));
        assert!(!signature.is_of(&key, "reset", b"{}"));
        assert!(!signature.is_of(&key, "log-in", b"{ }"));
        assert!(!signature.is_of(&other, "log-in", b"{}"));
        let newer = Challenge::try_from("Ag".to_owned()).unwrap();
        for freshness in [
            Freshness { challenge: Some(newer), ..freshness() },
            Freshness { challenge: None, ..freshness() },
            Freshness { request: RequestName([0x12; 16]), ..freshness() },
        ] {
            let moved = MessageSignature { freshness, ..signature.clone() };
            assert!(!moved.is_of(&key, "log-in", b"{}"), "{moved:?}");
        }
        let (der, rest) = header.split_once('.').unwrap();
        let extended = format!("{header}.{}.AQ", String::from(key));
        for bad in
            ["", ".", "..", der, rest, &format!("={header}"), &format!("{header}."), &extended]
        {
            assert_eq!(MessageSignature::read(bad), None, "{bad}");
        }
    }
}
