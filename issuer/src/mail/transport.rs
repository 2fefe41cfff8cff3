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
    /// The server does not take this mail at the moment; it is tried again.
    #[error("the mail was not accepted: {0}")]
    Retry(String),
    /// The server refuses all mail, for a reason that is not the recipient: the operator has to act, and the mail is
    /// tried again.
    #[error("the mail server refuses mail from this service: {0}")]
    Refused(String),
    /// There is no conversation with the server: no mail goes out until there is one.
    #[error("the mail server cannot be used: {0}")]
    Unavailable(String),
    /// The whole mail was sent and the connection ended without an answer: the server may have it. It stays ours until one
    /// says that it does (RFC 5321, section 4.2.5), so it is tried again under the same `Message-ID`.
    #[error("the mail may have been accepted: {0}")]
    InDoubt(String),
    /// The recipient does not exist or takes no mail: refused for good.
    #[error("the mail was rejected permanently: {0}")]
    Rejected(String),
}

impl SendError {
    /// All kinds, as the metric of failures has them.
    pub(super) const REASONS: [&'static str; 5] =
        ["temporary", "refused", "unavailable", "in_doubt", "recipient"];

    /// Names the kind, as the metric of failures has it.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Retry(_) => "temporary",
            Self::Refused(_) => "refused",
            Self::Unavailable(_) => "unavailable",
            Self::InDoubt(_) => "in_doubt",
            Self::Rejected(_) => "recipient",
        }
    }
}
