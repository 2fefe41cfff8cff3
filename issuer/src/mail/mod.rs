//! Mail: what waits in the outbox goes out, letters before receipts, once if it can, again if it must.
//!
//! A mail is written in the transaction that it tells of, so a crash loses none. It is taken out after it was handed
//! over: a crash between the two sends it twice, which a reader survives.

mod address;
mod error;
mod mailbox;
mod no_link;
mod outbox_worker;
mod receipt;
mod smtp_transport;
mod templates;
mod transport;

pub(crate) use address::{StoredAddress, address_of, open_address};
pub(crate) use error::MailError;
pub use mailbox::Mailbox;
pub(crate) use outbox_worker::work;
pub(crate) use receipt::Receipt;
pub use smtp_transport::{SmtpError, SmtpTransport};
pub use templates::{MailTemplates, OutgoingEmail};
pub(crate) use templates::{QueuedMail, code_of};
pub use transport::{MailTransport, SendError, SendFuture};
