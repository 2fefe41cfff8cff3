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
    /// Asks for other recovery codes.
    RenewRecovery,
    /// Types the mailed code and one of them.
    ResetCodeByRecovery,
    /// Asks for another address.
    MoveAddress,
    /// Types the code mailed there.
    MoveAddressCode,
    /// Freezes her account.
    Freeze,
    /// Lets it go again.
    Unfreeze,
    /// Freezes it with the code of a notice.
    FreezeCode,
    /// Takes changes back, with the code of their notice and her second factor.
    TakeBack,
}

use Errand::{
    Enrol, EnrolCode, Freeze, FreezeCode, LogIn, LogInWithFactor, MoveAddress, MoveAddressCode,
    Prove, Provision, RenewRecovery, Reset, ResetCode, ResetCodeByRecovery, ResetFinish, TakeBack,
    Unfreeze,
};

/// A forgotten password, and paying again after it.
pub const FORGOTTEN: &[Errand] = &[Reset, ResetCode, ResetFinish, LogInWithFactor, Provision];
/// A payment credential on a phone where the password alone was typed.
pub const PAYING: &[Errand] = &[LogIn, Prove, Provision];
/// Another second factor, and a reset with it.
pub const FACTOR: &[Errand] = &[LogInWithFactor, Enrol, EnrolCode, Reset, ResetCode, ResetFinish];

/// Other recovery codes, and a reset with one of them.
pub const RECOVERY: &[Errand] =
    &[LogInWithFactor, RenewRecovery, Reset, ResetCodeByRecovery, ResetFinish];
/// Another address, and a reset whose code goes there.
pub const MOVING: &[Errand] =
    &[LogInWithFactor, MoveAddress, MoveAddressCode, Reset, ResetCode, ResetFinish];
/// An account that she freezes, lets go and pays with.
pub const FREEZING: &[Errand] = &[Freeze, LogInWithFactor, Unfreeze, Provision];
/// Changes that a thief made, taken back, and all that it takes to pay again.
pub const UNDOING: &[Errand] =
    &[TakeBack, Reset, ResetCode, ResetFinish, LogInWithFactor, Provision];
/// The same, with the account frozen first.
pub const STOPPING: &[Errand] =
    &[FreezeCode, TakeBack, Reset, ResetCode, ResetFinish, LogInWithFactor];

/// All lists of errands.
pub const ERRANDS: [&[Errand]; 8] =
    [FORGOTTEN, PAYING, FACTOR, RECOVERY, MOVING, FREEZING, UNDOING, STOPPING];
