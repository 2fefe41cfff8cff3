//! A mailbox in memory, for development: whoever runs the issuer on their own machine reads the mails there.

use std::sync::{Mutex, PoisonError};

use super::{Carrier, Carrying};
use crate::accounts::Posted;

/// How many mails it holds; the oldest goes for a new one.
const HOLDS: usize = 200;

/// The last mails, whomever they were to.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<Vec<Posted>>);

impl Mailbox {
    /// All that it holds, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Posted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Carrier for Mailbox {
    fn carry<'a>(&'a self, mail: &'a Posted) -> Carrying<'a> {
        let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if mails.len() >= HOLDS {
            mails.remove(0);
        }
        mails.push(mail.clone());
        Box::pin(async { Ok(()) })
    }
}
