//! The messages between the issuer and [`decide`](super::decide()): events in, effects and a reply out.

use serde::{Deserialize, Serialize};
use tegata::protocol::{DeviceId, Refusal, SessionId};

use super::ids::{CredentialNumber, ResetId, SecretId};
use super::verification::{FactorKind, MatchResult, PendingVerification};

/// An operation requested on an account. The caller that builds one has already checked the signature of the device it
/// names over the message as received, and the token of the session it names; `decide` does the rest.
#[derive(Debug)]
pub enum Event {
    /// Compares the mailed code of a sign-up, which came with a password.
    VerifySignUpCode {
        /// The device that signed the request.
        device: DeviceId,
    },
    /// Compares the first value of a sign-up's second factor.
    VerifySignUpFactor {
        /// The device that signed the request.
        device: DeviceId,
    },
    /// Logs in with a password and, on an unknown device, the second factor.
    LogIn {
        /// The device that signed the request.
        device: DeviceId,
        /// The device's display name, at most [`MAX_DEVICE_NAME_BYTES`](tegata::protocol::MAX_DEVICE_NAME_BYTES) bytes.
        name: String,
        /// `None` if no second factor was sent, which suffices on a known device.
        factor: Option<FactorKind>,
    },
    /// Compares a value of the second factor within a session.
    VerifyFactor {
        /// The session of the request.
        session: SessionId,
    },
    /// Creates the secret of a new second factor.
    BeginFactorEnrolment {
        /// The session of the request.
        session: SessionId,
    },
    /// Compares the first value of the factor that is being enrolled.
    VerifyFactorEnrolment {
        /// The session of the request.
        session: SessionId,
    },
    /// Replaces the recovery codes with new ones.
    RenewRecoveryCodes {
        /// The session of the request.
        session: SessionId,
    },
    /// Mails a code to a new address for the account.
    ChangeAddress {
        /// The session of the request.
        session: SessionId,
    },
    /// Compares the code mailed to the new address.
    VerifyNewAddress {
        /// The session of the request.
        session: SessionId,
    },
    /// Freezes the account with the code of a change notice.
    FreezeByCode,
    /// Reverts the changes with the code of a change notice and the second factor as it was before them.
    RevertChanges {
        /// The kind of second factor that was sent.
        factor: FactorKind,
    },
    /// Stops spending at the owner's request.
    Freeze {
        /// The session of the request.
        session: SessionId,
    },
    /// Lifts the owner's own freeze.
    Unfreeze {
        /// The session of the request.
        session: SessionId,
    },
    /// Begins a reset of the password.
    RequestReset {
        /// The device that signed the request; the reset is bound to it.
        device: DeviceId,
        /// The device's display name for the mail, at most [`MAX_DEVICE_NAME_BYTES`](tegata::protocol::MAX_DEVICE_NAME_BYTES) bytes.
        name: String,
        /// The recipient of the code; a product build has one choice.
        to: ResetDestination,
    },
    /// Compares the mailed code and a second factor for a reset.
    VerifyReset {
        /// The reset's id, from the ticket.
        reset: ResetId,
        /// The device that signed the request.
        device: DeviceId,
        /// The kind of second factor that was sent.
        factor: FactorKind,
    },
    /// Sets the new password of a verified reset.
    FinishReset {
        /// The reset's id, from the ticket.
        reset: ResetId,
        /// The device that signed the request.
        device: DeviceId,
    },
    /// Reports the result of a comparison that a reply asked for.
    CompleteVerification {
        /// The verification from the reply.
        verification: PendingVerification,
        /// The result of comparing.
        result: MatchResult,
    },
    /// Records that a session is in use.
    UseSession {
        /// The session of the request.
        session: SessionId,
    },
    /// Ends the session.
    LogOut {
        /// The session of the request.
        session: SessionId,
    },
    /// Ends another session, or all others.
    EndSessions {
        /// The session of the request.
        session: SessionId,
        /// The session to end; `None` for all but that of the request.
        which: Option<SessionId>,
    },
    /// Removes a known device with its sessions and its payment credential.
    ForgetDevice {
        /// The session of the request.
        session: SessionId,
        /// The device to remove.
        device: DeviceId,
    },
    /// Exports the data stored about the owner.
    Export {
        /// The session of the request.
        session: SessionId,
        /// Whether the request claims to be for the first page.
        first: bool,
    },
    /// Schedules the account's deletion.
    RequestDeletion {
        /// The session of the request.
        session: SessionId,
    },
    /// Cancels a scheduled deletion.
    CancelDeletion {
        /// The session of the request.
        session: SessionId,
    },
    /// Deletes the account if its grace period is over, or a sign-up that nobody finished in time.
    DeleteIfDue,
    /// Creates a payment credential, requested in a message signed by the device.
    Provision {
        /// The session of the request.
        session: SessionId,
        /// The device that signed the request.
        device: DeviceId,
    },
    /// Adds a card to charge payments to.
    AddCard {
        /// The session of the request.
        session: SessionId,
        /// The card's brand and last digits, for the mail.
        card: String,
    },
    /// Charges payments to another of the account's cards.
    SetDefaultCard {
        /// The session of the request.
        session: SessionId,
    },
    /// Removes a card.
    RemoveCard {
        /// The session of the request.
        session: SessionId,
        /// The card's brand and last digits, for the mail.
        card: String,
    },
    /// Freezes the account, or lifts any freeze, at an operator's request.
    SetOperatorFreeze {
        /// Whether the account is frozen afterwards.
        frozen: bool,
    },
}

/// The recipient of a reset's code, as requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResetDestination {
    /// The verified address. No message of the protocol has a field for another.
    Verified,
    /// An address typed in with the request, as was possible in 2019; for the model only.
    #[cfg(feature = "model")]
    Unverified,
}

/// A write or a mail that belongs in the transaction that writes the new state: all of them or none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Stores a secret under this id: generated now, or taken from the request.
    StoreSecret(SecretId, SecretKind),
    /// Deletes a stored secret.
    DeleteSecret(SecretId),
    /// Queues a mail.
    SendMail {
        /// The recipient.
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
    /// Eight digits, generated.
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
        /// The code's secret.
        code: SecretId,
    },
    /// Someone tried to sign up with an address that has an account.
    #[serde(rename = "AlreadyHere")]
    AccountExists,
    /// The code of a password reset.
    #[serde(rename = "Reset")]
    ResetCode {
        /// The code's secret.
        code: SecretId,
        /// The display name of the device that requested the reset.
        device: String,
    },
    /// The password was reset.
    #[serde(rename = "WasReset")]
    PasswordReset,
    /// Someone logged in on a device that the account did not know.
    NewDevice {
        /// The device's display name.
        device: String,
    },
    /// The code for a new address, sent to that address.
    #[serde(rename = "Move")]
    AddressCode {
        /// The code's secret.
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
    /// A card was removed.
    CardRemoved {
        /// Its brand and last digits.
        card: String,
    },
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
    /// The address.
    Address,
    /// The second factor.
    Factor,
    /// The recovery codes.
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
    CardAdded,
    #[serde(rename = "card_chosen")]
    DefaultCardSet,
    CardRemoved,
}

/// The reply to the request.
#[derive(Debug)]
pub enum Reply {
    /// The request was carried out.
    Done,
    /// The request was refused.
    Refused(Refusal),
    /// A comparison has to be made first: report its result with [`Event::CompleteVerification`].
    VerificationRequired(PendingVerification),
    /// A reset was requested; the reply does not say whether one began. The id does, and counts what happened to the
    /// account: hand out a random token that stands for it, and one that stands for nothing where there is no account.
    ResetStarted(ResetId),
    /// A reset is verified and waits for the new password.
    ResetVerified,
    /// The account exists, with a session and its recovery codes, which are shown once.
    SignedUp {
        /// The new session.
        session: SessionId,
        /// The ids of the recovery codes.
        recovery: Vec<SecretId>,
    },
    /// A session was created.
    LoggedIn {
        /// The new session.
        session: SessionId,
        /// Whether every other request is refused until a second factor is enrolled.
        must_enrol: bool,
    },
    /// The secret of a second factor, stored under this id, is shown once.
    FactorSecret(SecretId),
    /// The recovery codes stored under these ids are shown once.
    RecoveryCodes(Vec<SecretId>),
    /// The account's payment credential is now this one.
    Provisioned(CredentialNumber),
}
