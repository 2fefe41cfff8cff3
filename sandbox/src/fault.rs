//! Faults that can be injected between client and ledger.

use std::time::Duration;

/// A fault of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// None: it is executed and answered.
    #[default]
    None,
    /// The connection drops before it is executed.
    LostBefore,
    /// It is executed, and the connection drops before the response.
    LostAfter,
    /// It is executed and answered after a delay, whether or not the client still waits.
    Late(Duration),
    /// It is executed at once and answered after a delay.
    Slow(Duration),
    /// It is not executed, and status 500 is saved under its key.
    FailedBefore,
    /// It is executed, and status 500 is saved under its key.
    FailedAfter,
    /// It is executed twice.
    Twice,
}

impl Fault {
    /// Every fault, with this delay where there is one.
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
