//! Mail: what waits in the outbox goes out, codes and notices first, once if it can, again if it must.
//!
//! | file | idea |
//! |---|---|
//! | `templates`, `receipt`, `compose`, `no_link`, `address` | what a mail says, and to whom |
//! | `lifetime` | which mails go first, and until when each is sent |
//! | `outbox_worker`, `server_health`, `counts` | which mail is tried when |
//! | `transport`, `mailbox`, `smtp_transport`, `smtp_answer` | how it leaves |
//!
//! A mail is written in the transaction that it tells of, so a crash loses none. It is taken out after it was handed
//! over: a crash between the two sends it twice, which a reader survives.

mod address;
mod compose;
mod counts;
mod error;
mod lifetime;
mod mailbox;
mod no_link;
mod outbox_worker;
mod receipt;
mod server_health;
mod smtp_answer;
mod smtp_transport;
mod templates;
mod transport;

pub(crate) use address::{StoredAddress, address_in, address_of, open_address};
pub(crate) use counts::MailCounts;
pub(crate) use error::MailError;
pub(crate) use lifetime::{expires, priority, receipt_expires};
pub use mailbox::Mailbox;
pub(crate) use outbox_worker::OutboxWorker;
pub(crate) use receipt::Receipt;
pub use smtp_transport::{SmtpError, SmtpTransport};
pub use templates::{MailTemplates, OutgoingEmail};
pub(crate) use templates::{QueuedMail, code_of};
pub use transport::{MailTransport, SendError, SendFuture};
