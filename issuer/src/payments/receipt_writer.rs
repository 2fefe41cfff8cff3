//! What account owners are told of their payments, by mail.

use std::sync::Arc;

use tegata::Random;
use tegata::protocol::PaymentNumber;

use crate::crypto::{Keys, SealingContext};
use crate::domain::{AuthorisationId, MailId};
use crate::mail::{Receipt, receipt_expires};
use crate::store::{Authorisation, MailPriority, MailQueue, OutboxMail, ReceiptWriter, StoreError};

/// Writes receipts. They name the payment and no more; who and where is looked up when they are sent, so that the
/// transaction in which money moves reads nothing for them.
pub struct SealedReceiptWriter {
    keys: Arc<Keys>,
    random: Arc<dyn Random>,
}

impl SealedReceiptWriter {
    /// Receipts sealed with these keys.
    #[must_use]
    pub fn new(keys: Arc<Keys>, random: Arc<dyn Random>) -> Self {
        Self { keys, random }
    }
}

impl ReceiptWriter for SealedReceiptWriter {
    fn receipt(&self, id: MailId, of: &Authorisation) -> Result<OutboxMail, StoreError> {
        let unwritten = StoreError::Unreadable("outbox");
        let receipt = Receipt::of(of).ok_or_else(|| unwritten.clone())?;
        let json = serde_json::to_vec(&receipt).map_err(|_| unwritten.clone())?;
        let letter = self.keys.seal(SealingContext::Mail(of.account, id), &json, &*self.random);
        let letter = letter.map_err(|_| unwritten)?;
        Ok(OutboxMail {
            id,
            made: of.changed,
            expires: receipt_expires(of.changed),
            priority: MailPriority::Receipt,
            queue: MailQueue::default(),
            content: letter,
        })
    }

    fn number(&self, payment: AuthorisationId) -> PaymentNumber {
        self.keys.payment_number(payment)
    }
}

impl std::fmt::Debug for SealedReceiptWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedReceiptWriter")
    }
}
