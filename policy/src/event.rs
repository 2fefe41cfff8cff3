//! The input of [`decide`](super::decide()), an event, and the reply to it.

use tegata::UnixTime;
use tegata::protocol::{DeviceId, Refusal, SessionId};

use super::card_setup::CardSetupOrigin;
use super::ids::{CredentialNumber, ResetId, SecretId};
use super::verification::{FactorKind, Lane, MatchResult, PendingVerification};

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
        /// The budget that the attempt was counted against before, on a device that the account does not know.
        lane: Lane,
    },
    /// Mails a code that opens a lane of its own for logging in.
    RequestLogInCode {
        /// The device that signed the request; the code is bound to it.
        device: DeviceId,
        /// Whether the address still had a mail left. For a known device, the account counts by itself.
        within_budget: bool,
    },
    /// Compares the mailed code that came with a log-in.
    VerifyLogInCode {
        /// The code's number, from the ticket.
        code: ResetId,
        /// The device that signed the request.
        device: DeviceId,
    },
    /// Mails a code that freezes the account.
    RequestFreezeCode {
        /// The device that signed the request; the code is bound to it.
        device: DeviceId,
        /// Whether the address still had a mail left, or a recovery code opened a lane. For a known device, the account
        /// counts by itself.
        within_budget: bool,
    },
    /// Compares the mailed code, and freezes the account.
    VerifyFreezeCode {
        /// The code's number, from the ticket.
        code: ResetId,
        /// The device that signed the request.
        device: DeviceId,
    },
    /// Compares a second factor, in no session, and freezes the account.
    FreezeByFactor {
        /// The device that signed the request.
        device: DeviceId,
        /// The kind of second factor that was sent.
        factor: FactorKind,
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
        /// The device that signed the request, if one did.
        signer: Option<DeviceId>,
    },
    /// Stops spending at the request of a device, in no session.
    FreezeFromDevice {
        /// The device that signed the request.
        device: DeviceId,
    },
    /// Lifts the owner's own freeze.
    Unfreeze {
        /// The session of the request.
        session: SessionId,
        /// Whether a recovery code was sent, which a freeze made with one requires.
        with_recovery_code: bool,
    },
    /// Begins a reset of the password.
    RequestReset {
        /// The device that signed the request; the reset is bound to it.
        device: DeviceId,
        /// The recipient of the code; a product build has one choice.
        to: ResetDestination,
        /// Whether the address still had a mail left, or a recovery code opened a lane. For a known device, the account
        /// counts by itself.
        within_budget: bool,
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
    /// Gives back the attempt of a comparison that matched, where what came with it could not be used: a new password
    /// that is too easy to guess, or that found no place in the queue.
    ReturnAttempt {
        /// The verification from the reply.
        verification: PendingVerification,
    },
    /// Records that a session is in use.
    UseSession {
        /// The session of the request.
        session: SessionId,
        /// The device that signed the request, if one did.
        signer: Option<DeviceId>,
    },
    /// Ends the session of the request.
    LogOut {
        /// The session of the request.
        session: SessionId,
    },
    /// Ends another session, or all others.
    EndSessions {
        /// The session of the request.
        session: SessionId,
        /// The device that signed the request, if one did.
        signer: Option<DeviceId>,
        /// The session to end; `None` for all but that of the request.
        which: Option<SessionId>,
    },
    /// Ends the sessions of the device that signed the request, in no session.
    EndDeviceSessions {
        /// The device that signed the request.
        device: DeviceId,
    },
    /// Removes a known device with its sessions and its payment credential.
    ForgetDevice {
        /// The session of the request.
        session: SessionId,
        /// The device that signed the request, if one did.
        signer: Option<DeviceId>,
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
        /// The device that signed the request, if one did.
        signer: Option<DeviceId>,
    },
    /// Deletes the account if its grace period is over, or a sign-up that nobody finished in time.
    DeleteIfDue,
    /// Creates a payment credential, requested in a message signed by the device.
    Provision {
        /// The session of the request.
        session: SessionId,
        /// The device that signed the request.
        device: DeviceId,
        /// When a code of this account was last accepted.
        last_used: Option<UnixTime>,
    },
    /// Has a payment credential count that waits, requested on the device that pays.
    ConfirmCredential {
        /// The session of the request.
        session: SessionId,
        /// The device that signed the request, if one did.
        signer: Option<DeviceId>,
    },
    /// Begins the registration of a card, which its holder completes at the processor.
    BeginCardSetup {
        /// The session of the request.
        session: SessionId,
    },
    /// Adds the card that its holder registered.
    AddCard {
        /// The session of the request.
        session: SessionId,
        /// Where the registration was begun.
        origin: CardSetupOrigin,
        /// The card's brand and last digits, for the mail.
        card: String,
    },
    /// Charges payments to another of the account's cards.
    SetDefaultCard {
        /// The session of the request.
        session: SessionId,
    },
    /// Removes one of the account's cards.
    RemoveCard {
        /// The session of the request.
        session: SessionId,
        /// The device that signed the request, if one did.
        signer: Option<DeviceId>,
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
    /// A code for logging in was requested; the reply does not say whether it was mailed. The id is as a reset's.
    LogInCodeRequested(ResetId),
    /// A code for freezing was requested; the reply does not say whether it was mailed. The id is as a reset's.
    FreezeCodeRequested(ResetId),
    /// A reset is verified and waits for the new password.
    ResetVerified,
    /// The account exists, with a session and its recovery codes, which are shown once.
    SignedUp {
        /// The number of the new session.
        session: SessionId,
        /// The ids of the recovery codes.
        recovery: Vec<SecretId>,
    },
    /// A session was created.
    LoggedIn {
        /// The number of the new session.
        session: SessionId,
        /// Whether every other request is refused until a second factor is enrolled.
        must_enrol: bool,
    },
    /// The secret of a second factor, stored under this id, is shown once.
    FactorSecret(SecretId),
    /// The recovery codes stored under these ids are shown once.
    RecoveryCodes(Vec<SecretId>),
    /// The account's payment credential is this one, now or once it has waited.
    Provisioned(CredentialNumber),
}
