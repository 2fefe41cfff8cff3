//! Why a new PIN is refused.

use tegata::vault::WeakPin;

/// Why a new PIN is refused. The payment lock stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum PinProblem {
    /// It has fewer than six digits.
    TooShort,
    /// It has more than 64 digits.
    TooLong,
    /// It has other characters than decimal digits, spaces and hyphens.
    NotDigits,
    /// It repeats or counts digits, is a date or a year, or is well known: ask for another one.
    Guessable,
}

impl PinProblem {
    /// `None` for a rule that the core learnt after this crate was written.
    pub(crate) fn of(weak: WeakPin) -> Option<Self> {
        Some(match weak {
            WeakPin::TooShort => Self::TooShort,
            WeakPin::TooLong => Self::TooLong,
            WeakPin::NotDigits => Self::NotDigits,
            WeakPin::Guessable => Self::Guessable,
            _ => return None,
        })
    }
}
