//! What she does: what owners do. In a run she goes through her errands in their order, whenever it suits her, or stops.

/// One thing that she does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Errand {
    /// Logs in with her password alone.
    LogIn,
    /// Logs in with password and second factor.
    LogInWithFactor,
    /// Proves the second factor in her session.
    Prove,
    /// Gets a payment credential.
    Provision,
    /// Asks for a reset of her password.
    Reset,
    /// Types the mailed code and a value of her second factor.
    ResetCode,
    /// Chooses the new password.
    ResetFinish,
    /// Asks for another second factor.
    Enrol,
    /// Types its first value.
    EnrolCode,
}

use Errand::{
    Enrol, EnrolCode, LogIn, LogInWithFactor, Prove, Provision, Reset, ResetCode, ResetFinish,
};

/// A forgotten password, and paying again after it.
pub const FORGOTTEN: &[Errand] = &[Reset, ResetCode, ResetFinish, LogInWithFactor, Provision];
/// A payment credential on a phone where the password alone was typed.
pub const PAYING: &[Errand] = &[LogIn, Prove, Provision];
/// Another second factor, and a reset with it.
pub const FACTOR: &[Errand] = &[LogInWithFactor, Enrol, EnrolCode, Reset, ResetCode, ResetFinish];

/// All lists of errands.
pub const ERRANDS: [&[Errand]; 3] = [FORGOTTEN, PAYING, FACTOR];
