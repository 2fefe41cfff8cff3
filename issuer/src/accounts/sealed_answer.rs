//! Answers that log somebody in, sealed to a key in the request.

use serde::Serialize;
use tegata::protocol::{AnswerRecipient, SealedAnswer, SealedCall};

use super::{AccountError, Accounts};

/// Gives the sender of a message, before anything is counted or written for one whose answer everybody could open.
pub(super) fn answer_recipient<C: SealedCall>(
    message: &C,
    body: &[u8],
) -> Result<AnswerRecipient, AccountError> {
    AnswerRecipient::new(message.answer_key(), body).ok_or(AccountError::Malformed)
}

impl Accounts {
    pub(super) fn seal_answer(
        &self,
        recipient: &AnswerRecipient,
        content: &impl Serialize,
    ) -> Result<SealedAnswer, AccountError> {
        let sealed = recipient.seal(content, &*self.environment.random);
        sealed.map_err(|error| AccountError::internal("sealing an answer", &error))
    }
}
