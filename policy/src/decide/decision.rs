//! The result of deciding, as all decisions return it.

use tegata::protocol::Refusal;

use crate::effect::Effect;
use crate::event::Reply;
use crate::state::Account;

/// The result of an event on an account.
#[derive(Debug)]
pub struct Decision {
    /// The account's next state. Write it even if the reply is a refusal: attempts were counted.
    pub account: Account,
    /// What to carry out in the transaction that writes the state.
    pub effects: Vec<Effect>,
    /// The reply to send once the state is written.
    pub reply: Reply,
}

impl Decision {
    /// Refuses, and changes nothing.
    pub(super) fn refused(account: Account, refusal: Refusal) -> Self {
        Self { account, effects: Vec::new(), reply: Reply::Refused(refusal) }
    }
}
