//! Mail: what waits in the outbox goes out, letters before receipts, once if it can, again if it must.
//!
//! A mail is written in the transaction that it tells of, so a crash loses none. It is taken out after it was handed
//! over: a crash between the two sends it twice, which a reader survives.

mod mailbox;
mod smtp;
mod worker;

pub use mailbox::Mailbox;
pub use smtp::{Smtp, SmtpError};
pub(crate) use worker::work;

use std::future::Future;
use std::pin::Pin;

use crate::accounts::Posted;

/// Who takes mail from us.
pub trait Carrier: Send + Sync {
    /// Hands a mail over.
    ///
    /// # Errors
    /// [`NotTaken`], which says whether it is tried again.
    fn carry<'a>(&'a self, mail: &'a Posted) -> Carrying<'a>;
}

/// A mail being handed over.
pub type Carrying<'a> = Pin<Box<dyn Future<Output = Result<(), NotTaken>> + Send + 'a>>;

/// A mail was not taken. What is told of it names no one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Not now: it is tried again.
    #[error("the mail was not accepted: {0}")]
    Later(String),
    /// This mail will never be.
    #[error("the mail was rejected permanently: {0}")]
    Never(String),
}
