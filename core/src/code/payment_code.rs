//! A code as a shopper gets it: digits, the same for the eye and the ear, and how long it is good.

use super::counter::{Counter, STEP_SECONDS, Slot, SlotIndex};
use super::digits::Digits;
use super::spoken::{self, SpokenLanguage};

/// One payment code: good once, for its own step and the one after by exact clocks.
///
/// To pay, the wallet makes the next code and shows it until it is used up:
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
/// use tegata::code::{Audience, SpokenLanguage};
/// use tegata::{NextCode, vault::PaymentUnlock};
///
/// let unlock = PaymentUnlock::without_lock();
/// if let NextCode::Code(code) = wallet.payments().next_code(&unlock, &id, Audience::AnyTill)? {
///     assert_eq!(code.groups().len(), 29); // for the eye
///     assert!(code.spoken(SpokenLanguage::English).contains(", ")); // for the ear
///     assert!(code.needs_refresh(code.next_at()));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentCode {
    digits: Digits,
    counter: Counter,
}

impl PaymentCode {
    pub(super) fn new(digits: Digits, counter: Counter) -> Self {
        Self { digits, counter }
    }

    /// The 24 digits that the symbols hold.
    #[must_use]
    pub fn digits(&self) -> &Digits {
        &self.digits
    }

    /// The counter of the code, which is stored before the code is shown.
    #[must_use]
    pub fn counter(&self) -> Counter {
        self.counter
    }

    /// The digits in six groups of four, for the eye: `0101 6860 6235 4598 0230 1338`.
    #[must_use]
    pub fn groups(&self) -> String {
        let mut text = String::with_capacity(29);
        for (i, digit) in self.digits.as_bytes().iter().enumerate() {
            if i > 0 && i % 4 == 0 {
                text.push(' ');
            }
            text.push(char::from(*digit));
        }
        text
    }

    /// The digits as words, four by four with a pause between, for a screen reader.
    #[must_use]
    pub fn spoken(&self, language: SpokenLanguage) -> String {
        spoken::digits(self.digits.as_bytes(), language)
    }

    /// The first second in which it is valid, in seconds since the epoch: the start of its step.
    #[must_use]
    pub fn valid_from(&self) -> u64 {
        self.counter.step().starts_at()
    }

    /// The second from which an issuer with an exact clock refuses it: 60 s after [`PaymentCode::valid_from`]. An
    /// issuer whose clock is up to 30 s behind accepts it for that much longer, so no code is valid after 90 s.
    #[must_use]
    pub fn valid_until(&self) -> u64 {
        self.valid_from() + 2 * STEP_SECONDS
    }

    /// When the wallet shows the next code by itself: the start of the next step, in seconds since the epoch.
    #[must_use]
    pub fn next_at(&self) -> u64 {
        self.valid_from() + STEP_SECONDS
    }

    /// Whether the wallet should ask for another by itself at `now`, in seconds since the epoch: its half minute is
    /// over, or the clock has been set back so far that no issuer by that clock takes it any more.
    #[must_use]
    pub fn needs_refresh(&self, now: u64) -> bool {
        now >= self.next_at() || now.saturating_add(STEP_SECONDS) < self.valid_from()
    }

    /// How many more codes of its kind the shopper may ask for before the next step: 4 to 0. At 0 the wallet shows
    /// the seconds until [`PaymentCode::next_at`].
    #[must_use]
    pub fn more_in_this_step(&self) -> u8 {
        let (Slot::AnyTill(index) | Slot::OneTill(index)) = self.counter.slot();
        SlotIndex::LAST.get() - index.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(number: u64) -> PaymentCode {
        let digits = "010168606235459802301338".parse().unwrap();
        PaymentCode::new(digits, Counter::from_number(number).unwrap())
    }

    #[test]
    fn groups_of_four() {
        assert_eq!(code(0).groups(), "0101 6860 6235 4598 0230 1338");
    }

    #[test]
    fn a_code_is_valid_for_its_step_and_the_next() {
        let code = code(1003);
        assert_eq!((code.valid_from(), code.next_at(), code.valid_until()), (3000, 3030, 3060));
        assert_eq!(code.more_in_this_step(), 1);
    }

    #[test]
    fn a_code_needs_refresh_after_its_step_or_a_clock_set_back() {
        let code = code(1003);
        for (now, over) in [(2969, true), (2970, false), (3000, false), (3029, false), (3030, true)]
        {
            assert_eq!(code.needs_refresh(now), over, "{now}");
        }
        assert!(code.needs_refresh(0) && code.needs_refresh(u64::MAX));
    }

    #[test]
    fn debug_shows_no_digit() {
        assert!(!format!("{:?}", code(0)).contains("6235"));
    }
}
