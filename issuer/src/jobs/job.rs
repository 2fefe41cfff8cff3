//! The jobs by name, and how often each runs.

use std::time::Duration;

/// A job that the running issuer does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// Gives a sign of this process's life, with the key that it seals with.
    Announce,
    /// Seals the log and signs how far it goes.
    Seal,
    /// Counts the mails that wait.
    Measure,
    /// Drops counts of attempts that limit nothing any more, and signed requests of more than a day ago.
    Throttle,
    /// Removes sign-ups that nobody finished.
    SignUps,
    /// Deletes accounts whose grace period is over.
    Deletions,
    /// Reconciles charges that are not over.
    Charges,
    /// Closes registrations of cards that are too old or failed too often.
    CardSetups,
    /// Removes rows of sessions that do not count any more.
    Sessions,
    /// Fills the index of aliases for the period to come, and drops those that are over.
    Aliases,
    /// Makes the partitions of this month and the next, and counts rows that are in none.
    Partitions,
    /// Counts the payment credentials.
    Credentials,
    /// Drops idempotency records and counts of wrong codes that are too old to be asked for.
    OldRecords,
    /// Compares the wrong codes of today with what is usual.
    WrongCodes,
}

impl Job {
    pub(super) const ALL: [Self; 14] = [
        Self::Announce,
        Self::Seal,
        Self::Measure,
        Self::Throttle,
        Self::SignUps,
        Self::Deletions,
        Self::Charges,
        Self::CardSetups,
        Self::Sessions,
        Self::Aliases,
        Self::Partitions,
        Self::Credentials,
        Self::OldRecords,
        Self::WrongCodes,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Announce => "announce",
            Self::Seal => "seal",
            Self::Measure => "measure",
            Self::Throttle => "throttle",
            Self::SignUps => "sign_ups",
            Self::Deletions => "closings",
            Self::Charges => "charges",
            Self::CardSetups => "card_setups",
            Self::Sessions => "sessions",
            Self::Aliases => "aliases",
            Self::Partitions => "partitions",
            Self::Credentials => "credentials",
            Self::OldRecords => "answers",
            Self::WrongCodes => "wrong_codes",
        }
    }

    pub(super) fn period(self) -> Duration {
        match self {
            Self::Charges => Duration::from_secs(2),
            Self::Announce | Self::Seal | Self::Measure | Self::CardSetups => {
                Duration::from_secs(5)
            }
            Self::Credentials => Duration::from_mins(10),
            _ => Duration::from_mins(1),
        }
    }
}
