//! What an issuer seals to a phone: a payment credential, seed and all.

use ring::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::code::{AliasPeriod, CredentialId, Scheme, Seed};
use crate::vault::cbor::{MapReader, MapWriter};

/// The parameter `info` of HPKE.
pub const PROVISION_INFO: &[u8] = b"tegata/v1/provision";

/// HPKE's associated data: SHA-256 of the request's body as it was sent, and which credential it is. So an answer opens
/// to its own request alone.
#[must_use]
pub fn provision_aad(body: &[u8], credential: CredentialId) -> [u8; 48] {
    let mut aad = [0; 48];
    aad[..32].copy_from_slice(digest(&SHA256, body).as_ref());
    aad[32..].copy_from_slice(&credential.0);
    aad
}

/// A payment credential, as it is sealed to its device: a CBOR map in deterministic encoding (RFC 8949, section 4.2.1).
///
/// | key | value |
/// |---|---|
/// | 0 | 1, the version |
/// | 1 | 16 bytes: the credential's id |
/// | 2 | text, 4 to 8 digits: the prefix |
/// | 3 | unsigned: the alias period in seconds |
/// | 4 | 32 bytes: the seed |
#[derive(Clone, Debug)]
pub struct Grant {
    /// The issuer's id of the credential.
    pub credential: CredentialId,
    /// The prefix and the alias period.
    pub scheme: Scheme,
    /// The seed that codes are derived from.
    pub seed: Seed,
}

const VERSION: u8 = 1;

impl Grant {
    /// As it is sealed; `None` never comes, since all of it fits.
    #[must_use]
    pub fn write(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut map = MapWriter::new(VERSION).ok()?;
        map.bytes(1, &self.credential.0).ok()?;
        map.text(2, &self.scheme.prefix.to_string()).ok()?;
        map.uint(3, self.scheme.alias_period.seconds().into()).ok()?;
        map.bytes(4, self.seed.expose()).ok()?;
        Some(map.finish())
    }

    /// What was sealed; `None` for all but the one encoding of a grant of this version.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (version, mut map) = MapReader::new(bytes).ok()?;
        let credential = CredentialId(map.bytes(1).ok()?.try_into().ok()?);
        let prefix = map.text(2).ok()?.parse().ok()?;
        let alias_period = AliasPeriod::new(map.uint(3).ok()?.try_into().ok()?).ok()?;
        let seed = Seed::from_slice(map.bytes(4).ok()?)?;
        map.finish().ok()?;
        let scheme = Scheme { prefix, alias_period };
        (version == u64::from(VERSION)).then_some(Self { credential, scheme, seed })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grant() -> Grant {
        Grant {
            credential: CredentialId([0x11; 16]),
            scheme: Scheme { prefix: "4960".parse().unwrap(), alias_period: AliasPeriod::DAY },
            seed: Seed::from_slice(&[0x22; 32]).unwrap(),
        }
    }

    #[test]
    fn the_bytes_are_frozen() {
        let id = "11".repeat(16);
        let seed = "22".repeat(32);
        let written = format!("a5 0001 0150{id} 026434393630 031a00015180 045820{seed}");
        let bytes = grant().write().unwrap();
        assert_eq!(hex::encode(&*bytes), written.replace(' ', ""));
        assert!(Grant::read(&bytes).is_some());
        for end in 0..bytes.len() {
            assert!(Grant::read(&bytes[..end]).is_none(), "{end}");
        }
        assert!(Grant::read(&[&bytes[..], &[0]].concat()).is_none());
        let mut later = bytes.to_vec();
        later[2] = 2;
        assert!(Grant::read(&later).is_none(), "of another version");
    }

    #[test]
    fn an_answer_is_bound_to_request_and_credential() {
        let aad = |body: &[u8], id| provision_aad(body, CredentialId([id; 16]));
        assert_eq!(
            hex::encode(aad(b"{}", 1)),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\
             01010101010101010101010101010101"
        );
        assert!(aad(b"{}", 1) != aad(b"{ }", 1) && aad(b"{}", 1) != aad(b"{}", 2));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_any_bytes_have_one_meaning(
            credential: [u8; 16],
            prefix in "[0-9]{4,8}",
            periods in 1_u32..=u32::MAX / 30,
            seed: [u8; 32],
            at: prop::sample::Index,
            to: u8,
        ) {
            let alias_period = AliasPeriod::new(periods * 30).unwrap();
            let scheme = Scheme { prefix: prefix.parse().unwrap(), alias_period };
            let seed = Seed::from_slice(&seed).unwrap();
            let mut bytes = Grant { credential: CredentialId(credential), scheme, seed }.write().unwrap();
            let read = Grant::read(&bytes).unwrap();
            prop_assert_eq!(&*read.write().unwrap(), &*bytes);
            let at = at.index(bytes.len());
            bytes[at] = to;
            if let Some(read) = Grant::read(&bytes) {
                prop_assert_eq!(&*read.write().unwrap(), &*bytes);
            }
        }
    }
}
