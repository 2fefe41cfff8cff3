//! What owners do. In a run the owner performs the steps of a scenario in order, at any time, or stops.

/// A step of the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserStep {
    /// Logs in with the password alone.
    LogIn,
    /// Logs in with password and second factor.
    LogInWithFactor,
    /// Verifies the second factor in the session.
    VerifyFactor,
    /// Requests a payment credential.
    Provision,
    /// Requests a password reset.
    RequestReset,
    /// Types the mailed code and a value of the second factor.
    VerifyReset,
    /// Types the mailed code and one of the new recovery codes.
    VerifyResetByRecoveryCode,
    /// Chooses the new password.
    FinishReset,
    /// Requests another second factor.
    BeginFactorEnrolment,
    /// Types its first value.
    VerifyFactorEnrolment,
    /// Requests new recovery codes.
    RenewRecoveryCodes,
    /// Requests a change to another address.
    ChangeAddress,
    /// Types the code mailed to the new address.
    VerifyNewAddress,
    /// Freezes the account in a session.
    Freeze,
    /// Unfreezes the account in a session.
    Unfreeze,
    /// Freezes the account with a recovery code, without a session.
    FreezeByRecoveryCode,
    /// Logs in with password and recovery code.
    LogInWithRecoveryCode,
    /// Unfreezes the account in a session, with another recovery code.
    UnfreezeByRecoveryCode,
    /// Freezes the account with the code of a change notice.
    FreezeByCode,
    /// Reverts changes with the code of their notice and a recovery code from before them.
    RevertChanges,
}

use UserStep::{
    BeginFactorEnrolment, ChangeAddress, FinishReset, Freeze, FreezeByCode, FreezeByRecoveryCode,
    LogIn, LogInWithFactor, LogInWithRecoveryCode, Provision, RenewRecoveryCodes, RequestReset,
    RevertChanges, Unfreeze, UnfreezeByRecoveryCode, VerifyFactor, VerifyFactorEnrolment,
    VerifyNewAddress, VerifyReset, VerifyResetByRecoveryCode,
};

/// The owner's steps, in order.
pub type UserScenario = &'static [UserStep];

/// Resets a forgotten password, and provisions a payment credential after it.
pub const FORGOTTEN_PASSWORD: UserScenario =
    &[RequestReset, VerifyReset, FinishReset, LogInWithFactor, Provision];
/// Provisions a payment credential on a phone where only the password was typed.
pub const PROVISIONING: UserScenario = &[LogIn, VerifyFactor, Provision];
/// Enrols another second factor, and resets the password with it.
pub const NEW_FACTOR: UserScenario = &[
    LogInWithFactor,
    BeginFactorEnrolment,
    VerifyFactorEnrolment,
    RequestReset,
    VerifyReset,
    FinishReset,
];
/// Renews the recovery codes, and resets the password with one of them.
pub const NEW_RECOVERY_CODES: UserScenario =
    &[LogInWithFactor, RenewRecoveryCodes, RequestReset, VerifyResetByRecoveryCode, FinishReset];
/// Changes the address, and resets the password with a code mailed there.
pub const NEW_ADDRESS: UserScenario =
    &[LogInWithFactor, ChangeAddress, VerifyNewAddress, RequestReset, VerifyReset, FinishReset];
/// Freezes the account, unfreezes it and provisions a payment credential.
pub const FREEZING: UserScenario = &[Freeze, LogInWithFactor, Unfreeze, Provision];
/// Reverts an attacker's changes, and does all that it takes to pay again.
pub const REVERTING: UserScenario =
    &[RevertChanges, RequestReset, VerifyReset, FinishReset, LogInWithFactor, Provision];
/// Freezes the account first, then reverts an attacker's changes.
pub const FREEZING_AND_REVERTING: UserScenario =
    &[FreezeByCode, RevertChanges, RequestReset, VerifyReset, FinishReset, LogInWithFactor];

/// Provisions a payment credential anew in the session where the second factor was replaced.
pub const PAYING_AFTER_REPLACEMENT: UserScenario = &[VerifyFactor, Provision];

/// Does after a theft what docs/issuer.md says: freezes with a recovery code, logs in on a new phone with another one, enrols
/// another second factor, unfreezes with a third recovery code, and sets up payments.
pub const AFTER_THEFT: UserScenario = &[
    FreezeByRecoveryCode,
    LogInWithRecoveryCode,
    BeginFactorEnrolment,
    VerifyFactorEnrolment,
    UnfreezeByRecoveryCode,
    Provision,
];
/// The same where the thief reads the mail on the phone as well: resets the password before the log-in.
pub const AFTER_THEFT_WITH_MAIL: UserScenario = &[
    FreezeByRecoveryCode,
    RequestReset,
    VerifyResetByRecoveryCode,
    FinishReset,
    LogInWithRecoveryCode,
    BeginFactorEnrolment,
    VerifyFactorEnrolment,
    UnfreezeByRecoveryCode,
    Provision,
];
/// Enrols another second factor, of which notices are mailed.
pub const CHANGING: UserScenario = &[LogInWithFactor, BeginFactorEnrolment, VerifyFactorEnrolment];

/// Every scenario that is searched with comparisons and messages in any order.
pub const SCENARIOS: [UserScenario; 9] = [
    FORGOTTEN_PASSWORD,
    PROVISIONING,
    NEW_FACTOR,
    NEW_RECOVERY_CODES,
    NEW_ADDRESS,
    FREEZING,
    REVERTING,
    FREEZING_AND_REVERTING,
    PAYING_AFTER_REPLACEMENT,
];
