//! The room of moves: passes and one-time passwords, from the old phone to the new one.

use std::sync::Arc;

use tegata::symbol;
use tegata::transfer::{self, TransferError};

use crate::open::{Open, guarded};
use crate::{PaymentUnlock, Symbol, WalletError, id};

/// A move to another phone, or from one: of passes and one-time passwords. The new phone shows a request; the old one,
/// once its owner has compared the number of both, seals to it what she chose; the new phone takes that. Payment
/// credentials stay where they are: the issuer gives the new phone its own.
#[derive(uniffi::Object)]
pub struct Moving(pub(crate) Arc<Open>);

/// What a new phone shows to the old one. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TransferRequest {
    /// 68 characters, to be scanned, sent or typed.
    pub text: String,
    /// Twelve digits in groups of four, which both phones show and their owner compares: who put another request in
    /// the place of hers cannot have the same.
    pub number: String,
    /// The text as a QR code.
    pub qr: Symbol,
}

/// What an old phone gives: sealed, and worth nothing but to the new phone that asked.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MoveAnswer {
    /// For a file or a message, whatever its length: up to 682,789 characters.
    pub text: String,
    /// The text as a QR code, unless it is too long for one: some 20 one-time passwords fit.
    pub qr: Option<Symbol>,
}

/// Why a move does not go on like this. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum MoveProblem {
    /// Another text than a new phone shows: scan that.
    NotARequest,
    /// A request of which a character is another, or missing: scan or copy all of it again.
    Mistyped,
    /// Another text than an old phone gives.
    NotAnAnswer,
    /// Made by a newer version: update.
    Newer,
    /// Not twelve digits.
    NotANumber,
    /// The new phone shows another number: somebody may have put a request of their own in the place of hers. Warn her.
    OtherNumber,
    /// The 32 MiB that the number is made with are not to be had at present.
    NoMemory,
    /// Nothing was chosen.
    Nothing,
    /// At most 1,000 things, and 512 kB, are moved at once: choose less.
    TooMuch,
    /// No request waits here: begin on this phone first.
    NothingWaits,
    /// Sealed for another phone, or for a request that was given up.
    OtherPhone,
    /// Taken already: what was in it is here.
    Used,
    /// Altered or cut on its way: have it sent again.
    Altered,
}

#[uniffi::export]
impl Moving {
    /// On the new phone: what it shows to the old one. It waits, with its key, until it is answered or given up, and is
    /// the same one again until then. Its number costs 32 MiB and some hundred milliseconds by design: not on the main
    /// thread.
    pub fn begin(&self) -> Result<TransferRequest, WalletError> {
        TransferRequest::shown(self.0.with(|wallet| wallet.transfer().request())?)
    }

    /// On the new phone: the request that waits for its answer, if one does, as after the app was ended. Takes as long
    /// as `begin`.
    pub fn waits(&self) -> Result<Option<TransferRequest>, WalletError> {
        let waits = self.0.with(|wallet| wallet.transfer().pending_request())?;
        waits.map(TransferRequest::shown).transpose()
    }

    /// On the new phone: forgets the request that waits. What was sealed to it nobody can open any more.
    pub fn give_up(&self) -> Result<(), WalletError> {
        self.0.with(|wallet| wallet.transfer().cancel_request())
    }

    /// On the old phone: reads what the new one shows, and gives the number to be compared. Takes as long as `begin`.
    pub fn read(&self, request: String) -> Result<TransferRequest, WalletError> {
        TransferRequest::shown(moving::TransferRequest::read(&request)?)
    }

    /// On the old phone: seals what was chosen to the new phone's request, and changes nothing here. `number` is what
    /// the new phone shows: as its owner typed it, or that of `read` once she said that both are the same. `chosen` are
    /// the ids of passes and one-time passwords; for any other it fails with `NotFound`. The leave is asked for since
    /// one-time passwords leave the phone. Takes as long as `begin`.
    pub fn give(
        &self,
        unlocked: &PaymentUnlock,
        request: String,
        number: String,
        chosen: Vec<String>,
    ) -> Result<MoveAnswer, WalletError> {
        let request = moving::TransferRequest::read(&request)?;
        let number = number.parse::<moving::TransferNumber>()?;
        let chosen = chosen.iter().map(|id| id::parse(id)).collect::<Result<Vec<_>, _>>()?;
        let text = self.0.with(|wallet| {
            unlocked
                .with(|unlock| wallet.transfer().create_parcel(unlock, &request, number, &chosen))
        })?;
        let qr = guarded(|| Ok::<_, WalletError>(symbol::Symbol::qr(&text).ok()))?;
        Ok(MoveAnswer { qr: qr.as_ref().map(Symbol::new), text })
    }

    /// On the new phone: stores what the old one gave, all of it or nothing, and gives its records. What is here already
    /// is left as it is.
    pub fn take(&self, answer: String) -> Result<Vec<String>, WalletError> {
        let taken = self.0.with(|wallet| wallet.transfer().accept_parcel(&answer))?;
        Ok(taken.iter().map(ToString::to_string).collect())
    }
}

impl TransferRequest {
    fn shown(request: moving::TransferRequest) -> Result<Self, WalletError> {
        guarded(|| {
            let text = request.to_string();
            let qr = symbol::Symbol::qr(&text);
            let qr = qr.map_err(|error| WalletError::Failed { reason: error.to_string() })?;
            let number = request.number()?.to_string();
            Ok::<_, WalletError>(Self { number, qr: Symbol::new(&qr), text })
        })
    }
}

impl From<TransferError> for WalletError {
    fn from(why: TransferError) -> Self {
        let problem = match why {
            TransferError::InvalidRequest => MoveProblem::NotARequest,
            TransferError::ChecksumMismatch => MoveProblem::Mistyped,
            TransferError::InvalidAnswer => MoveProblem::NotAnAnswer,
            TransferError::NewerVersion => MoveProblem::Newer,
            TransferError::InvalidNumber => MoveProblem::NotANumber,
            TransferError::NumberMismatch => MoveProblem::OtherNumber,
            TransferError::OutOfMemory => MoveProblem::NoMemory,
            TransferError::NothingSelected => MoveProblem::Nothing,
            TransferError::TooLarge => MoveProblem::TooMuch,
            TransferError::NoPendingRequest => MoveProblem::NothingWaits,
            TransferError::WrongRecipient => MoveProblem::OtherPhone,
            TransferError::AlreadyReceived => MoveProblem::Used,
            TransferError::Corrupt => MoveProblem::Altered,
            // The core may learn to say more than this crate was taught.
            other => return Self::Failed { reason: other.to_string() },
        };
        Self::Move { problem, reason: why.to_string() }
    }
}
