//! A mailbox in memory, for development: whoever runs the issuer on their own machine reads the mails there.

use std::sync::{Mutex, PoisonError};

use super::templates::OutgoingEmail;
use super::transport::MailTransport;
use super::transport::SendFuture;

/// How many mails it holds; the oldest goes for a new one.
const HOLDS: usize = 200;

/// The last mails, whomever they were to.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<Vec<OutgoingEmail>>);

impl Mailbox {
    /// All that it holds, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<OutgoingEmail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl MailTransport for Mailbox {
    fn send<'a>(&'a self, mail: &'a OutgoingEmail) -> SendFuture<'a> {
        let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if mails.len() >= HOLDS {
            mails.remove(0);
        }
        mails.push(mail.clone());
        Box::pin(async { Ok(()) })
    }
}
