//! How mail leaves the issuer.

use std::future::Future;
use std::pin::Pin;

use super::templates::OutgoingEmail;

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
