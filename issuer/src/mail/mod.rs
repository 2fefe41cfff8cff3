//! Mail: what waits in the outbox goes out, letters before receipts, once if it can, again if it must.
//!
//! A mail is written in the transaction that it tells of, so a crash loses none. It is taken out after it was handed
//! over: a crash between the two sends it twice, which a reader survives.

mod address;
mod mailbox;
mod no_link;
mod outbox_worker;
mod receipt;
mod smtp_transport;
mod templates;

pub(crate) use address::{StoredAddress, address_of, open_address};
pub use mailbox::Mailbox;
pub(crate) use outbox_worker::work;
pub(crate) use receipt::Receipt;
pub use smtp_transport::{SmtpError, SmtpTransport};
pub use templates::{MailTemplates, OutgoingEmail};
pub(crate) use templates::{QueuedMail, code_of};

use std::future::Future;
use std::pin::Pin;

use crate::domain::InternalError;
use crate::store::StoreError;

/// Why a mail was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The issuer failed.
    #[error(transparent)]
    Internal(#[from] InternalError),
}

/// Takes mail on its way: a server, or a mailbox in memory.
pub trait MailTransport: Send + Sync {
    /// Hands a mail over.
    ///
    /// # Errors
    /// [`SendError`], which says whether it is tried again.
    fn send<'a>(&'a self, mail: &'a OutgoingEmail) -> SendFuture<'a>;
}

/// A mail being handed over.
pub type SendFuture<'a> = Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>>;

/// Why a mail was not taken. The text names no one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The mail was not taken now; it is tried again.
    #[error("the mail was not accepted: {0}")]
    Retry(String),
    /// The mail was refused for good.
    #[error("the mail was rejected permanently: {0}")]
    Rejected(String),
}
