//! The states of an authorisation, which of them may follow which, and why one is declined.

use tegata::code::CodeRefusal;

use super::super::error::StoreError;

/// The state of an authorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthorisationState {
    /// The code was accepted. No card was charged yet.
    Authorised,
    /// The processor was asked to charge the card.
    Charging,
    /// The processor has confirmed the charge.
    Charged,
    /// No money moved, and none will.
    Declined,
    /// The processor was asked and has not answered.
    Unknown,
    /// It is being voided or refunded, depending on how far it was.
    Reversing,
    /// Cancelled before any money moved.
    Voided,
    /// The money was returned.
    Refunded,
}

impl AuthorisationState {
    /// All states that there are.
    pub const ALL: [Self; 8] = [
        Self::Authorised,
        Self::Charging,
        Self::Charged,
        Self::Declined,
        Self::Unknown,
        Self::Reversing,
        Self::Voided,
        Self::Refunded,
    ];

    /// Gives the name that rows have.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorised => "authorised",
            Self::Charging => "charging",
            Self::Charged => "charged",
            Self::Declined => "declined",
            Self::Unknown => "unknown",
            Self::Reversing => "reversing",
            Self::Voided => "voided",
            Self::Refunded => "refunded",
        }
    }

    /// Reads the name that rows have.
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|state| state.name() == text);
        found.ok_or(StoreError::Unreadable("authorisations"))
    }

    /// Says whether `next` may follow this state.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use AuthorisationState::{
            Authorised, Charged, Charging, Declined, Refunded, Reversing, Unknown, Voided,
        };
        match self {
            Authorised => matches!(next, Charging | Charged | Declined | Reversing | Voided),
            Charging => matches!(next, Charged | Declined | Unknown | Reversing),
            Unknown => matches!(next, Charged | Declined | Reversing),
            Charged => matches!(next, Reversing | Refunded),
            Reversing => matches!(next, Voided | Refunded),
            Declined | Voided | Refunded => false,
        }
    }

    /// Gives the event that the log has for this state, and the last byte of that event's id, if a code was accepted
    /// with it, or money moved, will not, or is to be returned. No payment reaches one of these states twice.
    pub(super) const fn event(self) -> Option<(&'static str, u8)> {
        match self {
            Self::Authorised => Some(("payment_authorised", 1)),
            Self::Declined => Some(("payment_declined", 2)),
            Self::Charged => Some(("payment_charged", 3)),
            Self::Reversing => Some(("payment_reversing", 4)),
            Self::Voided => Some(("payment_voided", 5)),
            Self::Refunded => Some(("payment_refunded", 6)),
            Self::Charging | Self::Unknown => None,
        }
    }

    /// Says whether it is not final.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Authorised | Self::Charging | Self::Unknown | Self::Reversing)
    }

    /// Says whether the account's owner gets a receipt.
    pub(super) const fn has_receipt(self) -> bool {
        matches!(self, Self::Charged | Self::Voided | Self::Refunded)
    }

    /// Says whether it counts among what the account has spent, as all but declined and voided ones do.
    #[must_use]
    pub const fn counts(self) -> bool {
        !matches!(self, Self::Declined | Self::Voided)
    }
}

/// Why a payment is declined, in words that a cashier can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// The code was used before: ask for a new one.
    Used,
    /// The code is not valid now and at this till.
    NotValid,
    /// The amount is above the limit for one payment or for the day.
    Limit,
    /// The account cannot pay at present.
    Held,
    /// Payments are stopped, or this till is for some minutes after too many wrong codes.
    Stopped,
    /// The code fits more than one shopper; the next one will do.
    TryAgain,
}

impl DeclineReason {
    /// All reasons that there are.
    pub const ALL: [Self; 6] =
        [Self::Used, Self::NotValid, Self::Limit, Self::Held, Self::Stopped, Self::TryAgain];

    /// Gives the name that rows and answers have.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::NotValid => "not_valid",
            Self::Limit => "limit",
            Self::Held => "held",
            Self::Stopped => "stopped",
            Self::TryAgain => "try_again",
        }
    }

    /// Reads the name that rows have.
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|reason| reason.name() == text);
        found.ok_or(StoreError::Unreadable("authorisations"))
    }
}

impl From<CodeRefusal> for DeclineReason {
    fn from(refusal: CodeRefusal) -> Self {
        match refusal {
            CodeRefusal::Malformed | CodeRefusal::NotValid => Self::NotValid,
            CodeRefusal::Used => Self::Used,
            CodeRefusal::TryAgain => Self::TryAgain,
            CodeRefusal::TillStopped => Self::Stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_states_stay_and_charged_money_is_refunded_only() {
        for ended in
            [AuthorisationState::Declined, AuthorisationState::Voided, AuthorisationState::Refunded]
        {
            assert!(
                !AuthorisationState::ALL.into_iter().any(|next| ended.may_become(next)),
                "{ended:?}"
            );
        }
        for state in
            [AuthorisationState::Charging, AuthorisationState::Unknown, AuthorisationState::Charged]
        {
            assert!(
                !state.may_become(AuthorisationState::Voided),
                "{state:?}: not before it is reversed"
            );
            assert!(!state.may_become(AuthorisationState::Authorised));
        }
        assert!(!AuthorisationState::Charged.may_become(AuthorisationState::Declined));
        for state in AuthorisationState::ALL {
            assert_eq!(AuthorisationState::parse(state.name()), Ok(state));
        }
    }

    /// Gives all paths from a state to a final one.
    fn paths(from: AuthorisationState) -> Vec<Vec<AuthorisationState>> {
        let next = AuthorisationState::ALL.into_iter().filter(|next| from.may_become(*next));
        let mut paths: Vec<_> = next.flat_map(paths).collect();
        if paths.is_empty() {
            paths.push(Vec::new());
        }
        for path in &mut paths {
            path.insert(0, from);
        }
        paths
    }

    #[test]
    fn no_path_of_states_logs_the_same_event_twice() {
        let mut numbers: Vec<_> =
            AuthorisationState::ALL.into_iter().filter_map(AuthorisationState::event).collect();
        numbers.sort_by_key(|(_, number)| *number);
        let numbers: Vec<_> = numbers.into_iter().map(|(_, number)| number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        let paths = paths(AuthorisationState::Authorised);
        assert!(paths.len() > 10, "{paths:?}");
        for path in paths {
            let events: Vec<_> = path.iter().filter_map(|state| state.event()).collect();
            let once: std::collections::HashSet<_> = events.iter().collect();
            assert_eq!(once.len(), events.len(), "{path:?}");
        }
    }
}
