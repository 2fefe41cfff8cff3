//! Kind 1: what payment codes are made from.

use super::super::cbor::{MapReader, MapWriter, Unreadable, Written};
use super::super::lock::LockedSeed;
use super::body::Body;
use super::{OutOfRange, check_text};
use crate::Secret;

/// A payment credential, as an issuer provisioned it.
///
/// Its seed goes in and never comes out through any public call; payment codes are made from it inside.
#[derive(Clone, Debug)]
pub struct PaymentCredential {
    /// The issuer's id of the credential. Not the id of the record, which the wallet makes: an issuer must not be
    /// able to name the record of another, nor to be recognised by what stands in the file unsealed.
    pub credential_id: [u8; 16],
    /// Whose it is, as shown to the shopper: 1 to 128 bytes of UTF-8.
    pub label: String,
    /// The issuer's routing digits: 4 to 8 ASCII digits.
    pub prefix: String,
    /// For how many seconds an alias lasts: a multiple of 30, at least 30.
    pub alias_period: u32,
    /// The counter of the last code shown, if one was.
    pub last_counter: Option<u64>,
    /// What the issuer's clock was found to be ahead of this device's, in seconds.
    pub clock_offset: i32,
    pub(crate) seed: PaymentSeed,
}

/// The seed of a payment credential, as it is stored.
#[derive(Clone, Debug)]
pub(crate) enum PaymentSeed {
    /// Sealed by the record alone.
    Open(Secret<32>),
    /// Sealed a second time, under the payment lock.
    Locked(LockedSeed),
}

impl PaymentCredential {
    /// A credential that has shown no code yet, its seed not under the payment lock.
    #[must_use]
    pub fn new(
        credential_id: [u8; 16],
        label: String,
        prefix: String,
        alias_period: u32,
        seed: Secret<32>,
    ) -> Self {
        let seed = PaymentSeed::Open(seed);
        Self {
            credential_id,
            label,
            prefix,
            alias_period,
            last_counter: None,
            clock_offset: 0,
            seed,
        }
    }

    /// Whether the payment lock must be opened before a code can be made.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self.seed, PaymentSeed::Locked(_))
    }
}

impl Body for PaymentCredential {
    const KIND: u8 = 1;

    fn check(&self) -> Result<(), OutOfRange> {
        check_text(&self.label, 1..=128, "the label", "a text of 1 to 128 bytes")?;
        let digits = self.prefix.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !(4..=8).contains(&self.prefix.len()) {
            return Err(OutOfRange { field: "the prefix", expected: "a text of 4 to 8 digits" });
        }
        if self.alias_period == 0 || !self.alias_period.is_multiple_of(30) {
            let expected = "a multiple of 30 seconds";
            return Err(OutOfRange { field: "the alias period", expected });
        }
        Ok(())
    }

    fn write(&self, map: &mut MapWriter) -> Written {
        map.bytes(1, &self.credential_id)?;
        map.text(2, &self.label)?;
        map.text(3, &self.prefix)?;
        map.uint(4, self.alias_period.into())?;
        match &self.seed {
            PaymentSeed::Open(seed) => map.bytes(5, seed.expose())?,
            PaymentSeed::Locked(seed) => map.bytes(6, seed.as_bytes())?,
        }
        if let Some(counter) = self.last_counter {
            map.uint(7, counter)?;
        }
        map.int(8, self.clock_offset.into())
    }

    fn read(map: &mut MapReader<'_>) -> Result<Self, Unreadable> {
        let wrong = Unreadable::Malformed;
        Ok(Self {
            credential_id: map.bytes(1)?.try_into().map_err(|_| wrong)?,
            label: map.text(2)?.into(),
            prefix: map.text(3)?.into(),
            alias_period: map.uint(4)?.try_into().map_err(|_| wrong)?,
            seed: match map.optional_bytes(5)? {
                Some(seed) => PaymentSeed::Open(Secret::from_slice(seed).ok_or(wrong)?),
                None => PaymentSeed::Locked(LockedSeed::parse(map.bytes(6)?).ok_or(wrong)?),
            },
            last_counter: map.optional_uint(7)?,
            clock_offset: map.int(8)?.try_into().map_err(|_| wrong)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{comes_back, is_written_as};
    use super::super::{decode, encode};
    use super::*;
    use crate::vault::VaultError;

    fn credential() -> PaymentCredential {
        PaymentCredential::new(
            [0x11; 16],
            "Corner Shop".into(),
            "290012".into(),
            86_400,
            Secret::new(&[0x22; 32]),
        )
    }

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let id = "11".repeat(16);
        let seed = "22".repeat(32);
        let before =
            format!("0001 0150{id} 026b436f726e65722053686f70 0366323930303132 041a00015180");
        is_written_as(&credential(), &format!("a7 {before} 055820{seed} 0800"));

        let shown = PaymentCredential {
            last_counter: Some(590_000_003),
            clock_offset: -3,
            seed: PaymentSeed::Locked(
                LockedSeed::parse(&[&[1][..], &[0x33; 64]].concat()).unwrap(),
            ),
            ..credential()
        };
        let locked = "33".repeat(64);
        let data = format!("a8 {before} 06584101{locked} 071a232aaf83 0822");
        is_written_as(&shown, &data);
    }

    #[test]
    fn a_field_out_of_range_is_not_written() {
        let wrong = |change: fn(&mut PaymentCredential)| {
            let mut credential = credential();
            change(&mut credential);
            matches!(encode(&credential), Err(VaultError::OutOfRange(_)))
        };
        assert!(wrong(|c| c.label = String::new()));
        assert!(wrong(|c| c.label = "a".repeat(129)));
        assert!(wrong(|c| c.prefix = "290".into()));
        assert!(wrong(|c| c.prefix = "290012345".into()));
        assert!(wrong(|c| c.prefix = "29001a".into()));
        assert!(wrong(|c| c.prefix = "２９００".into()));
        assert!(wrong(|c| c.alias_period = 0));
        assert!(wrong(|c| c.alias_period = 45));
    }

    #[test]
    fn both_seeds_or_none_are_refused() {
        let data = encode(&credential()).unwrap();
        let seed = data.windows(3).position(|window| window == [5, 0x58, 32]).unwrap();
        let none = [&data[..seed], &data[seed + 35..]].concat();
        let locked = [&[6, 0x58, 65, 1][..], &[0x33; 64]].concat();
        let both = [&data[..seed + 35], &locked, &data[seed + 35..]].concat();
        for (mut data, entries) in [(none, 0xa6), (both, 0xa8)] {
            data[0] = entries;
            assert!(matches!(decode::<PaymentCredential>(&data), Err(VaultError::Corrupt)));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            credential_id: [u8; 16],
            label in "\\PC{1,32}",
            prefix in "[0-9]{4,8}",
            periods in 1_u32..=u32::MAX / 30,
            last_counter: Option<u64>,
            clock_offset: i32,
            seed: [u8; 32],
        ) {
            let mut credential = PaymentCredential::new(
                credential_id, label, prefix, periods * 30, Secret::new(&seed),
            );
            credential.last_counter = last_counter;
            credential.clock_offset = clock_offset;
            comes_back(&credential)?;
        }
    }
}
