//! What a decision writes, mails and logs.

use serde::{Deserialize, Serialize};
use tegata::protocol::SessionId;

use super::card_setup::CardSetupOrigin;
use super::ids::SecretId;

/// A write or a mail that belongs in the transaction that writes the new state: all of them or none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Stores a secret under this id: generated now, or taken from the request.
    StoreSecret(SecretId, SecretKind),
    /// Deletes a stored secret.
    DeleteSecret(SecretId),
    /// Queues a mail to the shopper.
    SendMail {
        /// The address to send to.
        to: MailRecipient,
        /// The mail's template and values.
        notification: Notification,
    },
    /// Makes the account findable by this stored address; refuse the whole decision if it belongs to another account.
    ClaimAddress(SecretId),
    /// Makes the account unfindable by this address. Carried out before any claim: two ids can hold the same address.
    ReleaseAddress(SecretId),
    /// Stores a session token.
    CreateSession(SessionId),
    /// Deletes a session's token.
    EndSession(SessionId),
    /// Stores the registration of a card that the request describes, in the place of one that is open.
    StoreCardSetup(CardSetupOrigin),
    /// Cancels the registration of a card, if one is open.
    CancelCardSetup,
    /// Writes the change to the account's cards that the request describes.
    WriteCards,
    /// Deletes the account's addresses, sessions and secrets. Mails of this decision are still sent.
    EraseAccount,
    /// Appends to the audit log.
    Audit(AuditEvent),
}

/// The recipient of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailRecipient {
    /// The address stored under this id.
    Stored(SecretId),
    /// An address typed in with the request; for the model only.
    #[cfg(feature = "model")]
    Unverified,
}

/// What a stored secret holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretKind {
    /// A mail address, from the request.
    Address,
    /// A password's hash, from the request.
    Password,
    /// A code of eight digits, generated.
    MailedCode,
    /// An authenticator's secret, generated.
    Factor,
    /// A recovery code, generated.
    Recovery,
    /// The code of a change notice, generated: 80 bits.
    Notice,
}

/// A mail to a shopper, by template. None has a link in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Notification {
    /// The verification code of a sign-up.
    #[serde(rename = "SignUp")]
    SignUpCode {
        /// The id of the code.
        code: SecretId,
    },
    /// Someone tried to sign up with an address that has an account.
    #[serde(rename = "AlreadyHere")]
    AccountExists,
    /// The code of a password reset.
    #[serde(rename = "Reset")]
    ResetCode {
        /// The id of the code.
        code: SecretId,
        /// The display name of the device that requested the reset, if the account knows the device: what a stranger
        /// called theirs is written to nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<String>,
    },
    /// The code that opens a lane of its own for logging in.
    LogInCode {
        /// The id of the code.
        code: SecretId,
    },
    /// The code that freezes the account.
    FreezeCode {
        /// The id of the code.
        code: SecretId,
    },
    /// Wrong values of the second factor were sent many times in a row.
    WrongFactors {
        /// How many more make the authenticator void; 0 if it is.
        left: u32,
    },
    /// The password was reset.
    #[serde(rename = "WasReset")]
    PasswordReset,
    /// Someone logged in on a device that the account did not know.
    NewDevice,
    /// The code for a new address, sent to that address.
    #[serde(rename = "Move")]
    AddressCode {
        /// The id of the code.
        code: SecretId,
    },
    /// The address, the second factor or the recovery codes changed.
    #[serde(rename = "Changed")]
    EvidenceChanged {
        /// The part that changed.
        what: Change,
        /// The code that freezes the account and reverts the change.
        code: SecretId,
    },
    /// A recovery code was used.
    #[serde(rename = "RecoveryUsed")]
    RecoveryCodeUsed {
        /// How many recovery codes are left.
        left: usize,
    },
    /// A card was added.
    CardAdded {
        /// Its brand and last digits.
        card: String,
    },
    /// A card of this account was added to another account.
    CardAddedElsewhere {
        /// Its brand and last digits.
        card: String,
    },
    /// A card was removed.
    CardRemoved {
        /// Its brand and last digits.
        card: String,
    },
    /// A device was set up for payments.
    #[serde(rename = "Provisioned")]
    CredentialCreated,
    /// A device was set up for payments, and pays in a day or once the device that pays confirms it.
    CredentialWaits,
    /// Someone logged in on a device that the account knows.
    #[serde(rename = "LoggedIn")]
    KnownDevice,
    /// Sessions were ended in another session.
    SessionsEnded,
    /// A device was forgotten.
    DeviceForgotten,
    /// The account was frozen.
    Frozen,
    /// The account is no longer frozen.
    Unfrozen,
    /// The changes were reverted: the password has to be reset.
    #[serde(rename = "Undone")]
    ChangesReverted,
    /// The data stored about the owner was exported.
    #[serde(rename = "Exported")]
    DataExported,
    /// The account will be deleted in seven days.
    #[serde(rename = "Closing")]
    DeletionScheduled,
    /// The deletion was cancelled.
    #[serde(rename = "Kept")]
    DeletionCancelled,
    /// The account was deleted.
    #[serde(rename = "Closed")]
    AccountDeleted,
}

/// The part of the evidence that a change replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Change {
    /// The verified mail address.
    Address,
    /// The second factor's secret.
    Factor,
    /// All recovery codes at once.
    Recovery,
}

/// A line of the audit log. It identifies no person and contains no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the variants' names say what happened")]
pub enum AuditEvent {
    SignedUp,
    LoggedIn,
    LoggedInOnNewDevice,
    LoginRefused,
    LoggedOut,
    SessionsEnded,
    DeviceForgotten,
    FactorEnrolled,
    #[serde(rename = "factor_proved")]
    FactorVerified,
    #[serde(rename = "recovery_used")]
    RecoveryCodeUsed,
    #[serde(rename = "recovery_renewed")]
    RecoveryCodesRenewed,
    #[serde(rename = "address_moved")]
    AddressChanged,
    #[serde(rename = "reset_asked")]
    ResetRequested,
    #[serde(rename = "reset_codes_used_up")]
    ResetCodeLimitReached,
    ResetRefused,
    #[serde(rename = "reset_proved")]
    ResetVerified,
    LogInCodeRequested,
    LogInCodeRefused,
    FreezeCodeRequested,
    FreezeCodeRefused,
    FreezeFactorRefused,
    FactorVoid,
    PasswordReset,
    Frozen,
    FrozenByOperator,
    Unfrozen,
    UnfrozenByOperator,
    #[serde(rename = "changes_taken_back")]
    ChangesReverted,
    #[serde(rename = "exported")]
    DataExported,
    #[serde(rename = "closing")]
    DeletionScheduled,
    #[serde(rename = "kept")]
    DeletionCancelled,
    #[serde(rename = "closed")]
    AccountDeleted,
    Provisioned,
    CredentialWaits,
    CredentialConfirmed,
    CardAdded,
    #[serde(rename = "card_chosen")]
    DefaultCardSet,
    CardRemoved,
}
