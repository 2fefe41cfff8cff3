//! What happens to an account, and what comes of it.

use serde::{Deserialize, Serialize};
use tegata::protocol::{DeviceId, Refusal, SessionId};

use super::check::{Check, Found};
use super::ids::{CredentialNumber, ResetId, SecretId};

/// Something that was asked of an account. Whoever makes one has checked the signature of the device it names over the
/// message as it came, and the token of the session it names; all else is decided.
#[derive(Debug)]
pub enum Event {
    /// The mailed code of a sign-up was typed, with a password; it is to be compared.
    SignUpCode {
        /// Who asks.
        device: DeviceId,
    },
    /// The first value of a sign-up's second factor was given.
    SignUpFactor {
        /// Who asks.
        device: DeviceId,
    },
    /// A password was given, and what stands for the second factor.
    LogIn {
        /// Who asks.
        device: DeviceId,
        /// What the device is called, at most [`NAME`](tegata::protocol::NAME) bytes.
        name: String,
        /// `None` when none was given, which suffices on a known device.
        factor: Option<FactorKind>,
    },
    /// A value of the second factor was given in a session.
    Prove {
        /// In which.
        session: SessionId,
    },
    /// A second factor is to be enrolled.
    Enrol {
        /// In which session.
        session: SessionId,
    },
    /// The first value of the factor that is being enrolled was given.
    EnrolCode {
        /// In which session.
        session: SessionId,
    },
    /// New recovery codes are wanted in place of the old.
    RenewRecovery {
        /// In which session.
        session: SessionId,
    },
    /// The account is to have another address.
    MoveAddress {
        /// In which session.
        session: SessionId,
    },
    /// The code mailed to the new address was given.
    MoveAddressCode {
        /// In which session.
        session: SessionId,
    },
    /// The code of a notice was given, to freeze the account.
    FreezeCode,
    /// The code of a notice was given, to take the changes back, with the second factor as it was before them.
    UndoCode {
        /// What was given of it.
        factor: FactorKind,
    },
    /// The owner stops spending.
    Freeze {
        /// In which session.
        session: SessionId,
    },
    /// The owner takes her own freeze back.
    Unfreeze {
        /// In which session.
        session: SessionId,
    },
    /// A reset of the password is asked for.
    Reset {
        /// Who asks; the reset is bound to it.
        device: DeviceId,
        /// What the device calls itself, for the mail; at most [`NAME`](tegata::protocol::NAME) bytes.
        name: String,
        /// Where the code should go. There is one answer.
        to: Destination,
    },
    /// The mailed code and a second factor were given for a reset.
    ResetCode {
        /// Which.
        reset: ResetId,
        /// Who asks.
        device: DeviceId,
        /// What was given as second factor.
        factor: FactorKind,
    },
    /// The new password was given for a proved reset, in a message that the device signed.
    ResetFinish {
        /// Which.
        reset: ResetId,
        /// Who signed.
        device: DeviceId,
    },
    /// The outcome of a comparison that was asked for.
    Checked {
        /// Which.
        check: Check,
        /// What was found.
        found: Found,
    },
    /// A session is in use.
    Seen {
        /// Which.
        session: SessionId,
    },
    /// The session ends.
    LogOut {
        /// Which.
        session: SessionId,
    },
    /// Another session, or all others, are to end.
    EndSessions {
        /// Who asks.
        session: SessionId,
        /// `None`: all but the one that asks.
        which: Option<SessionId>,
    },
    /// A device is to be known no longer; its sessions and its payment credential go with it.
    ForgetDevice {
        /// Who asks.
        session: SessionId,
        /// Which.
        device: DeviceId,
    },
    /// The owner wants all that is kept of her.
    Export {
        /// In which session.
        session: SessionId,
        /// Whether this is said to be its first page.
        first: bool,
    },
    /// The account is to be deleted.
    Close {
        /// In which session.
        session: SessionId,
    },
    /// The account is not to be deleted after all.
    Keep {
        /// In which session.
        session: SessionId,
    },
    /// The time that an owner has to think it over may be past, or that of a sign-up that nobody finished.
    CloseDue,
    /// A device asks for a payment credential in a message that it signed.
    Provision {
        /// In which session.
        session: SessionId,
        /// Who signed.
        device: DeviceId,
    },
    /// A card is to be charged for what is paid, or another one of those that are there.
    AddCard {
        /// In which session.
        session: SessionId,
        /// Its brand and last digits, for the mail.
        card: String,
    },
    /// Another of the account's cards is to be charged.
    DefaultCard {
        /// In which session.
        session: SessionId,
    },
    /// A card is not to be charged any more.
    RemoveCard {
        /// In which session.
        session: SessionId,
        /// Its brand and last digits, for the mail.
        card: String,
    },
    /// An operator freezes the account or lets it go.
    Operator {
        /// What is to be.
        frozen: bool,
    },
}

/// What was given as second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FactorKind {
    /// Six digits of the authenticator.
    Totp,
    /// One of the recovery codes.
    Recovery,
}

/// Where the code of a reset goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// To the address that was verified before. No message has a field for another.
    Verified,
    /// To one that was typed in, as in 2019: the model's only.
    #[cfg(feature = "model")]
    Typed,
}

/// What has to be done together with writing the new state, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// A secret is kept under this number: made now, or taken from the request.
    Keep(SecretId, SecretKind),
    /// A secret is kept no longer.
    Forget(SecretId),
    /// A mail.
    Mail {
        /// Where it goes.
        to: MailTo,
        /// What it says.
        letter: Letter,
    },
    /// The account is found by the address kept under this number, if it was not before; refuse everything if another's is.
    Claim(SecretId),
    /// The account is no longer found by it. Done before anything is claimed: two numbers can stand for one address.
    Release(SecretId),
    /// A session is found by its token from now on.
    SessionMade(SessionId),
    /// It is no longer.
    SessionEnded(SessionId),
    /// What the request says of the account's cards is written.
    Card,
    /// The account is found by nothing any more, its sessions end and all that is kept is forgotten. Mails of this
    /// decision still go out.
    Erase,
    /// What happened, for the log.
    Deed(Deed),
}

/// Where a mail goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailTo {
    /// To the address kept under this number.
    Kept(SecretId),
    /// To one that was typed in: the model's only.
    #[cfg(feature = "model")]
    Typed,
}

/// What a kept secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretKind {
    /// An address, from the request.
    Address,
    /// A password's hash, from the request.
    Password,
    /// Eight digits, made.
    MailedCode,
    /// The secret of an authenticator, made.
    Factor,
    /// A recovery code, made.
    Recovery,
    /// The code of a notice, made: 80 bits.
    Notice,
}

/// A mail to a shopper. None has a link in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Letter {
    /// The code of a sign-up.
    SignUp {
        /// The code.
        code: SecretId,
    },
    /// Someone tried to sign up with an address that has an account.
    AlreadyHere,
    /// The code of a reset.
    Reset {
        /// The code.
        code: SecretId,
        /// What the device that asked calls itself.
        device: String,
    },
    /// The password was reset.
    WasReset,
    /// The account was logged in to on a device that it did not know.
    NewDevice {
        /// What the device calls itself.
        device: String,
    },
    /// The code for a new address, sent to it.
    Move {
        /// The code.
        code: SecretId,
    },
    /// An address, a factor or the recovery codes were changed.
    Changed {
        /// Which.
        what: Change,
        /// The code that freezes the account and takes the change back.
        code: SecretId,
    },
    /// A recovery code was used.
    RecoveryUsed {
        /// How many are left.
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
    /// The account is frozen no longer.
    Unfrozen,
    /// The changes were taken back: the password has to be reset.
    Undone,
    /// All that is kept of her was given out.
    Exported,
    /// The account is deleted in seven days.
    Closing,
    /// The account is not deleted after all.
    Kept,
    /// The account was deleted.
    Closed,
}

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Change {
    /// The address.
    Address,
    /// The second factor.
    Factor,
    /// The recovery codes.
    Recovery,
}

/// A line of the event log. It names no one and holds nothing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum Deed {
    SignedUp,
    LoggedIn,
    LoggedInOnNewDevice,
    LoginRefused,
    LoggedOut,
    SessionsEnded,
    DeviceForgotten,
    FactorEnrolled,
    FactorProved,
    RecoveryUsed,
    RecoveryRenewed,
    AddressMoved,
    ResetAsked,
    ResetCodesUsedUp,
    ResetRefused,
    ResetProved,
    PasswordReset,
    Frozen,
    FrozenByOperator,
    Unfrozen,
    UnfrozenByOperator,
    ChangesTakenBack,
    Exported,
    Closing,
    Kept,
    Closed,
    Provisioned,
    CardAdded,
    CardChosen,
    CardRemoved,
}

/// What the asker hears.
#[derive(Debug)]
pub enum Answer {
    /// Done.
    Done,
    /// No.
    Refused(Refusal),
    /// Not before this was compared: tell with [`Event::Checked`].
    Check(Check),
    /// A reset was asked for; whether one began is not told. The number tells it, and counts what happened to the
    /// account: whoever asked gets a random token that stands for it, and one that stands for nothing where there is no
    /// account.
    ResetBegun(ResetId),
    /// A reset waits for the new password.
    Proved,
    /// The account is there, with a session and its recovery codes, which are shown once.
    SignedUp {
        /// The session's number.
        session: SessionId,
        /// The numbers that the recovery codes are kept under.
        recovery: Vec<SecretId>,
    },
    /// A session was made.
    LoggedIn {
        /// Its number.
        session: SessionId,
        /// Nothing but enrolling a second factor is taken before that is done.
        must_enrol: bool,
    },
    /// The secret kept under this number is shown once.
    Enrolling(SecretId),
    /// The recovery codes kept under these numbers are shown once.
    RecoveryCodes(Vec<SecretId>),
    /// The account has this payment credential now.
    Provisioned(CredentialNumber),
}
