//! Passes and one-time passwords on their way from an old phone to a new one.

use std::sync::Arc;

use tegata::{symbol, transfer};

use crate::shared_wallet::{SharedWallet, guarded};
use crate::{PaymentUnlock, Symbol, WalletError, id};

/// A transfer of passes and one-time passwords to another phone, or from one. The new phone shows a request. The old
/// phone seals the records that its owner selected to that request, once the owner has compared the number on both
/// phones. The new phone stores them. Payment credentials stay where they are: the issuer gives the new phone its own.
#[derive(uniffi::Object)]
pub struct Transfer(pub(crate) Arc<SharedWallet>);

/// The request that a new phone shows to the old one. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TransferRequest {
    /// 68 characters, to be scanned, sent or typed.
    pub text: String,
    /// Twelve digits in groups of four, which both phones show and the owner compares. Somebody who replaces the request
    /// with their own cannot have the same number.
    pub number: String,
    /// The text as a QR code.
    pub qr: Symbol,
}

/// Records sealed by an old phone. Only the new phone that made the request can open them.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SealedTransfer {
    /// For a file or a message, whatever its length: up to 682,789 characters.
    pub text: String,
    /// The text as a QR code, unless it is too long for one: some 20 one-time passwords fit.
    pub qr: Option<Symbol>,
}

#[uniffi::export]
impl Transfer {
    /// On the new phone: makes the request to show to the old one. It is kept with its key until records are received or
    /// it is cancelled, and is the same one until then. Its number costs 32 MiB and some hundred milliseconds by design:
    /// not on the main thread.
    pub fn request(&self) -> Result<TransferRequest, WalletError> {
        TransferRequest::new(self.0.with(|wallet| wallet.transfer().request())?)
    }

    /// On the new phone: gives the request that is pending, if one is, as after the app was ended. Takes as long as
    /// `request`.
    pub fn pending_request(&self) -> Result<Option<TransferRequest>, WalletError> {
        let pending = self.0.with(|wallet| wallet.transfer().pending_request())?;
        pending.map(TransferRequest::new).transpose()
    }

    /// On the new phone: forgets the pending request. Nobody can open what was sealed to it any more.
    pub fn cancel_request(&self) -> Result<(), WalletError> {
        self.0.with(|wallet| wallet.transfer().cancel_request())
    }

    /// On the old phone: reads the request that the new one shows, and computes the number to compare. Takes as long as
    /// `request`.
    pub fn read_request(&self, request: String) -> Result<TransferRequest, WalletError> {
        TransferRequest::new(transfer::TransferRequest::read(&request)?)
    }

    /// On the old phone: seals records to the new phone's request, and changes nothing here. `number` is what the new
    /// phone shows: as its owner typed it, or that of `read_request` once the owner said that both are the same. `ids`
    /// are those of passes and one-time passwords; any other fails with `NotFound`. Needs an unlock token, since
    /// one-time passwords leave the phone. Takes as long as `request`.
    pub fn seal(
        &self,
        unlock: &PaymentUnlock,
        request: String,
        number: String,
        ids: Vec<String>,
    ) -> Result<SealedTransfer, WalletError> {
        let request = transfer::TransferRequest::read(&request)?;
        let number = number.parse::<transfer::TransferNumber>()?;
        let ids = ids.iter().map(|id| id::parse(id)).collect::<Result<Vec<_>, _>>()?;
        let text = self.0.with(|wallet| {
            unlock.with(|token| wallet.transfer().seal(token, &request, number, &ids))
        })?;
        let qr = guarded(|| Ok::<_, WalletError>(symbol::Symbol::qr(&text).ok()))?;
        Ok(SealedTransfer { qr: qr.as_ref().map(Symbol::new), text })
    }

    /// On the new phone: stores what the old one sealed, all of it or nothing, and gives the ids of the records. What is
    /// here already is left as it is.
    pub fn receive(&self, sealed: String) -> Result<Vec<String>, WalletError> {
        let ids = self.0.with(|wallet| wallet.transfer().receive(&sealed))?;
        Ok(ids.iter().map(ToString::to_string).collect())
    }
}

impl TransferRequest {
    fn new(request: transfer::TransferRequest) -> Result<Self, WalletError> {
        guarded(|| {
            let text = request.to_string();
            let qr = symbol::Symbol::qr(&text);
            let qr = qr.map_err(|error| WalletError::Failed { reason: error.to_string() })?;
            let number = request.number()?.to_string();
            Ok::<_, WalletError>(Self { number, qr: Symbol::new(&qr), text })
        })
    }
}
