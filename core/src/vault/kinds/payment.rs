//! Kind 1: what payment codes are made from.

use super::super::cbor::{DecodeError, EncodeResult, MapReader, MapWriter};
use super::super::error::FieldOutOfRange;
use super::super::lock_key::LockedSeed;
use super::body::RecordBody;
use super::check_text;
use crate::code::{AliasPeriod, ClockOffset, Counter, CredentialId, Prefix, Scheme, Seed};

/// A payment credential, as an issuer provisioned it.
///
/// Its seed goes in and never comes out through any public call; payment codes are made from it inside.
#[derive(Clone, Debug)]
pub struct PaymentCredential {
    /// The issuer's id of the credential. It is not the id of the record, which the wallet makes: an issuer must not be
    /// able to name the record of another, nor to be recognised by what is unsealed in the file.
    pub credential: CredentialId,
    /// The name that the shopper sees: 1 to 128 bytes of UTF-8.
    pub label: String,
    /// The prefix and the alias period of its codes.
    pub scheme: Scheme,
    /// The counter of the last code shown, if one was.
    pub last_counter: Option<Counter>,
    /// How far the issuer's clock is ahead of this device's, as learnt from its answers.
    pub clock_offset: ClockOffset,
    pub(in crate::vault) seed: PaymentSeed,
}

/// The seed of a payment credential, as it is stored.
#[derive(Clone, Debug)]
pub(in crate::vault) enum PaymentSeed {
    /// Sealed by the record alone.
    Open(Seed),
    /// Sealed a second time, under the payment lock.
    Locked(LockedSeed),
}

impl PaymentCredential {
    /// A credential that has shown no code yet, its seed not under the payment lock.
    #[must_use]
    pub fn new(credential: CredentialId, label: String, scheme: Scheme, seed: Seed) -> Self {
        let last_counter = None;
        let clock_offset = ClockOffset::default();
        let seed = PaymentSeed::Open(seed);
        Self { credential, label, scheme, last_counter, clock_offset, seed }
    }
}

impl RecordBody for PaymentCredential {
    const KIND: u8 = 1;

    fn check(&self) -> Result<(), FieldOutOfRange> {
        check_text(&self.label, 1..=128, "the label", "a text of 1 to 128 bytes")
    }

    fn write(&self, map: &mut MapWriter) -> EncodeResult {
        map.bytes(1, &self.credential.0)?;
        map.text(2, &self.label)?;
        map.text(3, &self.scheme.prefix.to_string())?;
        map.uint(4, self.scheme.alias_period.seconds().into())?;
        match &self.seed {
            PaymentSeed::Open(seed) => map.bytes(5, seed.expose())?,
            PaymentSeed::Locked(seed) => map.bytes(6, seed.as_bytes())?,
        }
        if let Some(counter) = self.last_counter {
            map.uint(7, counter.number())?;
        }
        map.int(8, self.clock_offset.seconds())
    }

    fn read(map: &mut MapReader<'_>) -> Result<Self, DecodeError> {
        let wrong = DecodeError::Malformed;
        let credential = CredentialId(map.bytes(1)?.try_into().map_err(|_| wrong)?);
        let label = map.text(2)?.into();
        let prefix: Prefix = map.text(3)?.parse().map_err(|_| wrong)?;
        let alias_seconds = u32::try_from(map.uint(4)?).map_err(|_| wrong)?;
        let alias_period = AliasPeriod::new(alias_seconds).map_err(|_| wrong)?;
        let seed = match map.optional_bytes(5)? {
            Some(seed) => PaymentSeed::Open(Seed::from_slice(seed).ok_or(wrong)?),
            None => PaymentSeed::Locked(LockedSeed::parse(map.bytes(6)?).ok_or(wrong)?),
        };
        let last_counter = map.optional_uint(7)?.map(Counter::from_number).transpose();
        Ok(Self {
            credential,
            label,
            scheme: Scheme { prefix, alias_period },
            last_counter: last_counter.map_err(|_| wrong)?,
            clock_offset: ClockOffset::from_seconds(map.int(8)?),
            seed,
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

    fn scheme(prefix: &str, alias_period: u32) -> Scheme {
        Scheme {
            prefix: prefix.parse().unwrap(),
            alias_period: AliasPeriod::new(alias_period).unwrap(),
        }
    }

    fn credential() -> PaymentCredential {
        PaymentCredential::new(
            CredentialId([0x11; 16]),
            "Corner Shop".into(),
            scheme("290012", 86_400),
            Seed::from_slice(&[0x22; 32]).unwrap(),
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
            last_counter: Counter::from_number(590_000_003).ok(),
            clock_offset: ClockOffset::from_seconds(-3),
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
        fn a_written_record_is_read_back(
            credential_id: [u8; 16],
            label in "\\PC{1,32}",
            prefix in "[0-9]{4,8}",
            periods in 1_u32..=u32::MAX / 30,
            last_counter in proptest::option::of(0u64..84_467_433_600),
            clock_offset: i64,
            seed: [u8; 32],
        ) {
            let mut credential = PaymentCredential::new(
                CredentialId(credential_id),
                label,
                scheme(&prefix, periods * 30),
                Seed::from_slice(&seed).unwrap(),
            );
            credential.last_counter = last_counter.and_then(|n| Counter::from_number(n).ok());
            credential.clock_offset = ClockOffset::from_seconds(clock_offset);
            comes_back(&credential)?;
        }
    }
}
