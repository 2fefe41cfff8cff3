//! The decisions, one file for each thing that an owner can want.

mod cards;
mod changes;
mod closing;
mod evidence;
mod log_in;
mod pay;
mod reset;
mod sessions;
mod sign_up;
mod turn;
mod undo;

use turn::Turn;

use super::check::{Check, Found, Purpose, Right};
use super::event::{Answer, Deed, Effect, Event};
use super::state::{Account, Freeze};
use super::world::World;
use tegata::protocol::Refusal;

pub use pay::{Caps, Payer};
pub use sign_up::open;

/// What was decided.
#[derive(Debug)]
pub struct Decision {
    /// The account as it is now, to be written although the answer may be no: tries were counted.
    pub account: Account,
    /// What has to be done in the transaction that writes it.
    pub effects: Vec<Effect>,
    /// What the asker hears, after it was written.
    pub answer: Answer,
}

/// Decides. Pure: the same account, event and world give the same decision.
#[must_use]
pub fn decide(account: Account, event: Event, world: &World) -> Decision {
    match account {
        Account::Opening(opening) => sign_up::decide(opening, event, world),
        Account::Live(mut live) => {
            let mut turn = Turn::new(&mut live, world);
            let answer = live_account(&mut turn, event).unwrap_or_else(Answer::Refused);
            let (effects, closed) = turn.end();
            let account = if closed { Account::Closed } else { Account::Live(live) };
            Decision { account, effects, answer }
        }
        Account::Closed => refused(Account::Closed, Refusal::Wrong),
    }
}

fn refused(account: Account, refusal: Refusal) -> Decision {
    Decision { account, effects: Vec::new(), answer: Answer::Refused(refusal) }
}

type Decided = Result<Answer, Refusal>;

fn live_account(turn: &mut Turn<'_>, event: Event) -> Decided {
    match event {
        Event::SignUpCode { .. } | Event::SignUpFactor { .. } => Err(Refusal::Wrong),
        Event::LogIn { device, name, factor } => Ok(turn.log_in(device, name, factor)),
        Event::Prove { session } => turn.prove(session),
        Event::Enrol { session } => turn.enrol(session),
        Event::EnrolCode { session } => turn.enrol_code(session),
        Event::RenewRecovery { session } => turn.renew_recovery(session),
        Event::MoveAddress { session } => turn.move_address(session),
        Event::MoveAddressCode { session } => turn.move_address_code(session),
        Event::FreezeCode => Ok(turn.freeze_code()),
        Event::UndoCode { factor } => Ok(turn.undo_code(factor)),
        Event::Freeze { session } => turn.freeze(session),
        Event::Unfreeze { session } => turn.unfreeze(session),
        Event::Reset { device, name, to } => Ok(turn.reset(device, name, to)),
        Event::ResetCode { reset, device, factor } => Ok(turn.reset_code(reset, device, factor)),
        Event::ResetFinish { reset, device } => turn.reset_finish(reset, device),
        Event::Checked { check, found } => checked(turn, check, found),
        Event::Seen { session } => turn.seen(session),
        Event::LogOut { session } => turn.log_out(session),
        Event::EndSessions { session, which } => turn.end_sessions(session, which),
        Event::ForgetDevice { session, device } => turn.forget_device(session, device),
        Event::Export { session, first } => turn.export(session, first),
        Event::Close { session } => turn.close(session),
        Event::Keep { session } => turn.keep(session),
        Event::CloseDue => turn.close_due(),
        Event::Provision { session, device } => turn.provision(session, device),
        Event::AddCard { session, card } => turn.add_card(session, card),
        Event::DefaultCard { session } => turn.default_card(session),
        Event::RemoveCard { session, card } => turn.remove_card(session, card),
        Event::Operator { frozen } => Ok(turn.operator(frozen)),
    }
}

fn checked(turn: &mut Turn<'_>, check: Check, found: Found) -> Decided {
    let counts = check.counts && check.epoch == turn.live.epoch;
    let right = if counts { check.right(found) } else { Right::Nothing };
    match check.purpose {
        Purpose::SignUpCode | Purpose::SignUpFactor => Err(Refusal::Wrong),
        Purpose::Password(log_in) => turn.password_checked(log_in, &right),
        Purpose::Factor(log_in) => turn.factor_checked(log_in, &right),
        Purpose::Prove { session } => turn.proved(session, &right),
        Purpose::Enrol { session } => turn.enrolled(session, &right),
        Purpose::Move { session } => turn.moved(session, &right),
        Purpose::ResetCode { reset, device, factor } => {
            Ok(turn.reset_code_checked(reset, device, factor, &right))
        }
        Purpose::ResetFactor { reset, device } => {
            turn.reset_factor_checked(reset, device, &right, counts)
        }
        Purpose::Freeze => turn.freeze_checked(&right),
        Purpose::UndoCode { factor } => Ok(turn.undo_code_checked(factor, &right)),
        Purpose::UndoFactor => turn.undo_checked(&right),
    }
}

impl Turn<'_> {
    /// An operator's freeze, which no owner lifts.
    fn operator(&mut self, frozen: bool) -> Answer {
        let deed = if frozen { Deed::FrozenByOperator } else { Deed::UnfrozenByOperator };
        self.live.frozen = frozen.then_some(Freeze::Operator);
        // Let go, the account can be frozen by a notice again.
        if let Some(before) = self.live.before.as_mut().filter(|_| !frozen) {
            before.froze = false;
        }
        self.effects.push(Effect::Deed(deed));
        Answer::Done
    }
}

#[cfg(test)]
mod tests;
