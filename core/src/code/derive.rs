//! From a seed to a code.

use std::fmt;

use ring::hmac;
use totp_rs::Totp;

use super::alias::{Alias, AliasPeriod};
use super::counter::{Counter, Slot, SlotIndex, Step};
use super::decimal::Decimal;
use super::decode::Scheme;
use super::digits::Digits;
use super::otp::{generate, generator};
use super::payment_code::PaymentCode;
use super::prefix::Prefix;
use super::seed::Seed;
use super::till::TillId;
use crate::Secret;

/// The tills that a code is good at.
///
/// A code for one till: the phone reads the till's id, mostly from a [`TillCard`](super::TillCard), and no other till
/// can use the code.
///
/// ```
/// # use std::sync::Arc;
/// # let folder = tempfile::tempdir()?;
/// # let random = Arc::new(tegata::SystemRandom::new());
/// # let params = tegata::vault::Argon2Params::new(8, 1, 1)?;
/// # let key = folder.path().join("key");
/// # let keystore = tegata::vault::SoftwareKeystore::create(&key, b"passphrase", params, random.clone())?;
/// # let clock = Arc::new(tegata::SystemClock);
/// # let device = tegata::Device { keystore: Arc::new(keystore), anchor: None, clock, random };
/// # let mut wallet = tegata::Wallet::create(&folder.path().join("wallet"), &device)?;
/// # let id = wallet.payments().add(&tegata::vault::PaymentUnlock::without_lock(), &tegata::NewPaymentCredential {
/// #     credential: tegata::code::CredentialId([1; 16]),
/// #     label: "Corner shop".into(),
/// #     scheme: tegata::code::Scheme { prefix: "4960".parse()?, alias_period: tegata::code::AliasPeriod::DAY },
/// #     seed: tegata::code::Seed::from_slice(&[7; 32]).ok_or("a seed has 32 bytes")?,
/// # })?;
/// use tegata::code::{Audience, Slot, TillId};
/// use tegata::{NextCode, vault::PaymentUnlock};
///
/// let till: TillId = "till-7".parse()?;
/// let unlock = PaymentUnlock::without_lock();
/// let next = wallet.payments().next_code(&unlock, &id, Audience::OneTill(till))?;
/// if let NextCode::Code(code) = next {
///     assert!(matches!(code.counter().slot(), Slot::OneTill(_)));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Any till of the issuer: slots 0 to 4.
    AnyTill,
    /// One till, by its id: slots 5 to 9.
    OneTill(TillId),
}

/// The place of one code among all: its step, which of the five it is, and its audience. A slot for one till without
/// that till's id, or the other way round, cannot be expressed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CodeSlot {
    /// The step of 30 seconds that the code belongs to.
    pub step: Step,
    /// The index of the code among the five of its kind in that step.
    pub index: SlotIndex,
    /// The tills that can take the code.
    pub audience: Audience,
}

/// The slot and the till contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AudienceMismatch {
    /// Slots 5 to 9 are derived with a till's id, and it is missing.
    #[error("slots 5 to 9 are for one till: its id is required")]
    MissingTill,
    /// Slots 0 to 4 are for any till, so a till's id would not be part of the code.
    #[error("slots 0 to 4 are for any till: use 5 to 9 for a code that only one till accepts")]
    UnexpectedTill,
}

impl CodeSlot {
    /// Combines a slot digit and a till's id.
    ///
    /// # Errors
    /// [`AudienceMismatch`] when they contradict each other.
    pub fn new(step: Step, slot: Slot, till: Option<TillId>) -> Result<Self, AudienceMismatch> {
        let (index, audience) = match (slot, till) {
            (Slot::AnyTill(index), None) => (index, Audience::AnyTill),
            (Slot::OneTill(index), Some(till)) => (index, Audience::OneTill(till)),
            (Slot::OneTill(_), None) => return Err(AudienceMismatch::MissingTill),
            (Slot::AnyTill(_), Some(_)) => return Err(AudienceMismatch::UnexpectedTill),
        };
        Ok(Self { step, index, audience })
    }

    /// The slot digit's value, as it is in the code.
    #[must_use]
    pub fn slot(&self) -> Slot {
        match self.audience {
            Audience::AnyTill => Slot::AnyTill(self.index),
            Audience::OneTill(_) => Slot::OneTill(self.index),
        }
    }

    /// The counter that the step and the slot make.
    #[must_use]
    pub fn counter(&self) -> Counter {
        Counter::new(self.step, self.slot())
    }
}

/// The key that the aliases of a credential are derived with, by the wallet and by the issuer.
#[derive(Clone)]
pub struct AliasKey(hmac::Key);

impl AliasKey {
    /// Derives the alias key of a seed. Costs one HKDF.
    #[must_use]
    pub fn new(seed: &Seed) -> Self {
        Self::from_key(&seed.alias_key())
    }

    /// Takes a seed's [`alias_key`](Seed::alias_key).
    #[must_use]
    pub fn from_key(key: &Secret<32>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// `be64(first 8 bytes of HMAC-SHA256(K_alias, be64(period's index))) mod 10^width`, zero-padded.
    #[must_use]
    pub fn derive(&self, prefix: &Prefix, period: AliasPeriod, step: Step) -> Alias {
        let tag = hmac::sign(&self.0, &period.index(step).to_be_bytes());
        let value = tag.as_ref().iter().take(8).fold(0, |v, b| v << 8 | u64::from(*b));
        Alias(Decimal::from_value(value, prefix.alias_width()))
    }
}

impl fmt::Debug for AliasKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AliasKey([redacted])")
    }
}

/// The keys a wallet derives its codes with. Made once per unlocked credential.
pub struct CodeKeys {
    seed: Seed,
    alias: AliasKey,
    any_till: Totp,
}

impl CodeKeys {
    /// Derives the keys of a seed. Costs two HKDFs.
    #[must_use]
    pub fn new(seed: &Seed) -> Self {
        Self {
            alias: AliasKey::new(seed),
            any_till: generator(&seed.otp_key()),
            seed: seed.clone(),
        }
    }

    /// The code of a slot. Deterministic; storing the counter before showing the code is the caller's duty
    /// (`tegata::Wallet` does it).
    #[must_use]
    pub fn derive(&self, scheme: &Scheme, slot: &CodeSlot) -> PaymentCode {
        let counter = slot.counter();
        let otp = match &slot.audience {
            Audience::AnyTill => generate(&self.any_till, counter),
            Audience::OneTill(till) => generate(&generator(&self.seed.till_otp_key(till)), counter),
        };
        let alias = self.alias.derive(&scheme.prefix, scheme.alias_period, slot.step);
        PaymentCode::new(Digits::from_parts(&scheme.prefix, &alias, slot.slot(), otp), counter)
    }
}

impl fmt::Debug for CodeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKeys([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UnixTime;

    #[test]
    fn a_slot_matches_its_audience() {
        let step = Step::at(UnixTime::EPOCH);
        let till: TillId = "A".parse().unwrap();
        let any = Slot::from_digit(4).unwrap();
        let one = Slot::from_digit(5).unwrap();
        assert_eq!(CodeSlot::new(step, one, None), Err(AudienceMismatch::MissingTill));
        assert_eq!(
            CodeSlot::new(step, any, Some(till.clone())),
            Err(AudienceMismatch::UnexpectedTill)
        );
        assert_eq!(CodeSlot::new(step, one, Some(till)).unwrap().slot(), one);
        assert_eq!(CodeSlot::new(step, any, None).unwrap().slot(), any);
    }

    // The bytes of the format, frozen: one any-till and one till-bound code from the shared vectors.
    #[test]
    fn codes_are_frozen() {
        let code = |seed: &str, prefix: &str, period, unix, slot, till: Option<&str>| {
            let seed = hex::decode(seed).unwrap();
            let scheme = Scheme {
                prefix: prefix.parse().unwrap(),
                alias_period: AliasPeriod::new(period).unwrap(),
            };
            let step = Step::at(UnixTime::new(unix).unwrap());
            let slot_digit = Slot::from_digit(slot).unwrap();
            let slot = CodeSlot::new(step, slot_digit, till.map(|t| t.parse().unwrap())).unwrap();
            CodeKeys::new(&Seed::from_slice(&seed).unwrap())
                .derive(&scheme, &slot)
                .digits()
                .to_string()
        };
        assert_eq!(
            code(
                "87c9774b05c3f50531c536902a95e1f97f6141d1de49187ec7cad6a4d6882551",
                "01016860",
                30,
                1_562_025_600,
                8,
                Some("till-31337")
            ),
            "010168606235459802301338"
        );
        assert_eq!(
            code(
                "a7e801bab16705540d59a0a5cbe83f4a52807729fb71c2d2ca04790e78f357fa",
                "01605",
                3600,
                3_387_082_454,
                0,
                None
            ),
            "016058186885620081932963"
        );
    }
}
