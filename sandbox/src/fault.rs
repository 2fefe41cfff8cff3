//! What can be made to go wrong on the way to the ledger and back.

use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it is done and answered.
    #[default]
    None,
    /// The connection breaks before anything was done.
    LostBefore,
    /// It is done, and the connection breaks before the answer.
    LostAfter,
    /// Nothing happens for so long; then it is done and answered, whether or not anyone still waits.
    Late(Duration),
    /// It is done at once, and answered after so long.
    Slow(Duration),
    /// Nothing is done, and 500 is saved under its key.
    FailedBefore,
    /// It is done, and 500 is saved under its key.
    FailedAfter,
    /// It arrives twice.
    Twice,
}

impl Fault {
    /// One of each, with this wait where there is one.
    #[must_use]
    pub const fn each(wait: Duration) -> [Self; 8] {
        [
            Self::None,
            Self::LostBefore,
            Self::LostAfter,
            Self::Late(wait),
            Self::Slow(wait),
            Self::FailedBefore,
            Self::FailedAfter,
            Self::Twice,
        ]
    }
}
