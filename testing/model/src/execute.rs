//! Executes an action: the state after it, decided by the very function that the issuer runs.

use tegata::protocol::Refusal;
use tegata_policy::{
    Decision, Effect, Event, Lane, MailRecipient, MatchResult, Notification, PendingVerification,
    Reply, SecretKind,
};

use crate::action::{Action, Actor, Circumstances, Message, TypedValue};
use crate::model::{Interleaving, Model};
use crate::state::{PendingMessage, State};

/// The outcome of an action, for the narrative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A comparison has to be made; after a comparison: another one, whatever the first one found.
    ComparisonDue,
    /// The request was carried out.
    Done,
    /// The request was refused.
    Refused(Refusal),
    /// Time passed.
    TimePassed,
}

impl Model {
    /// The state after an action, and its outcome; `None` if nothing changed.
    pub(crate) fn execute(&self, state: &State, action: &Action) -> Option<(State, Outcome)> {
        let mut next = state.clone();
        let outcome = match *action {
            Action::Wait(wait) => {
                next.waits += 1;
                next.elapsed += wait.seconds();
                next.values_typed = 0;
                if self.bounds.interleaving == Interleaving::Messages {
                    self.apply(&mut next, Event::DeleteIfDue);
                }
                Outcome::TimePassed
            }
            Action::Verify(index) => self.complete(&mut next, index),
            Action::SpendBudgets => {
                self.spend_budgets(&mut next);
                Outcome::Done
            }
            Action::Send(actor, message, typed) => {
                let outcome = self.send(&mut next, actor, message, typed);
                let outcome = self.complete_if_nothing_interleaves(&mut next, outcome);
                if actor == Actor::Attacker && next == *state {
                    return None;
                }
                let hopeless = self.is_hopeless(state, message, typed);
                record_message(&mut next, actor, message, typed, hopeless);
                outcome
            }
            Action::Replay(message, typed) => {
                let event = message.event(typed, self.circumstances(&next, Actor::Owner));
                let outcome = self.decide(&mut next, Actor::Owner, message, typed, event);
                let outcome = self.complete_if_nothing_interleaves(&mut next, outcome);
                if next == *state {
                    return None;
                }
                next.attacker.messages += 1;
                next.attacker.replayed = true;
                outcome
            }
        };
        Some((next, outcome))
    }

    /// Compares what was typed with a pending message, and reports the result.
    fn complete(&self, next: &mut State, index: usize) -> Outcome {
        let PendingMessage { actor, message, typed, verification } = next.pending.remove(index);
        let result = self.compare(next, actor, &verification, typed[0]);
        let rest = [typed[1], TypedValue::Nothing];
        let event = Event::CompleteVerification { verification, result };
        self.decide(next, actor, message, rest, event)
    }

    fn complete_if_nothing_interleaves(&self, next: &mut State, outcome: Outcome) -> Outcome {
        let mut outcome = outcome;
        while self.bounds.interleaving == Interleaving::Messages && !next.pending.is_empty() {
            outcome = self.complete(next, 0);
        }
        outcome
    }

    /// Applies an event that nobody learns anything of.
    fn apply(&self, next: &mut State, event: Event) -> Reply {
        let account = std::mem::replace(&mut next.account, tegata_policy::Account::Closed);
        let context = next.context(self.controls);
        let Decision { account, reply, .. } = tegata_policy::decide(account, event, &context);
        next.account = account;
        reply
    }

    /// Requests as many codes of each kind as are mailed while one lives, each for another device, and sends wrong values of the
    /// second factor until no more are compared.
    fn spend_budgets(&self, next: &mut State) {
        next.attacker.spent = true;
        for number in 100..115 {
            let device = tegata::protocol::DeviceId([number; 32]);
            let within_budget = true;
            let to = tegata_policy::ResetDestination::Verified;
            self.apply(next, Event::RequestReset { device, to, within_budget });
            self.apply(next, Event::RequestLogInCode { device, within_budget });
            self.apply(next, Event::RequestFreezeCode { device, within_budget });
        }
        let knows_password = next.attacker.passwords.contains(&next.owner.password);
        for _ in 0..30 {
            let device = tegata::protocol::DeviceId([100; 32]);
            let factor = tegata_policy::FactorKind::Totp;
            self.apply_wrong(next, false, Event::FreezeByFactor { device, factor });
            let log_in = Event::LogIn {
                device,
                name: String::new(),
                factor: Some(factor),
                lane: Lane::Strangers,
            };
            self.apply_wrong(next, knows_password, log_in);
        }
    }

    /// Applies an event with a password that is right or wrong, and nothing else that is right.
    fn apply_wrong(&self, next: &mut State, knows_password: bool, event: Event) {
        let mut reply = self.apply(next, event);
        while let Reply::VerificationRequired(verification) = reply {
            let is_password =
                matches!(verification.expected(), tegata_policy::ExpectedEvidence::Password(_));
            let result = if is_password && knows_password {
                MatchResult::Match
            } else {
                MatchResult::NoMatch
            };
            reply = self.apply(next, Event::CompleteVerification { verification, result });
        }
    }

    fn circumstances(&self, state: &State, actor: Actor) -> Circumstances {
        let has_mailed_lane = match actor {
            Actor::Owner => state.owner.has_mailed_lane,
            Actor::Attacker => state.attacker.has_mailed_lane,
        };
        Circumstances {
            device: self.attacker.device(actor),
            owner_pays: self.attacker.owner_pays,
            lane: if has_mailed_lane { Lane::MailedCode } else { Lane::Strangers },
        }
    }

    fn send(
        &self,
        next: &mut State,
        actor: Actor,
        message: Message,
        typed: [TypedValue; 2],
    ) -> Outcome {
        if typed[0] == TypedValue::Guess {
            return self.guess_six_times(next, message, typed);
        }
        let event = message.event(typed, self.circumstances(next, actor));
        self.decide(next, actor, message, typed, event)
    }

    /// Guesses six times at one code, each compared before the next.
    fn guess_six_times(
        &self,
        next: &mut State,
        message: Message,
        typed: [TypedValue; 2],
    ) -> Outcome {
        let mut outcome = Outcome::ComparisonDue;
        for guesses in 0..6 {
            let event = message.event(typed, self.circumstances(next, Actor::Attacker));
            outcome = self.decide(next, Actor::Attacker, message, typed, event);
            let Some(PendingMessage { verification, .. }) = next.pending.pop() else {
                return outcome;
            };
            let result =
                TypedValue::Guess.compare(verification.expected(), next.time_step(), guesses);
            let completed =
                |verification, result| Event::CompleteVerification { verification, result };
            let rest = [typed[1], TypedValue::Nothing];
            outcome =
                self.decide(next, Actor::Attacker, message, rest, completed(verification, result));
            if result != MatchResult::NoMatch {
                break;
            }
            let Some(PendingMessage { verification, .. }) = next.pending.pop() else {
                return outcome;
            };
            outcome =
                self.decide(next, Actor::Attacker, message, rest, completed(verification, result));
        }
        outcome
    }

    /// Compares a value; the attacker may see the owner type it.
    fn compare(
        &self,
        next: &mut State,
        actor: Actor,
        verification: &PendingVerification,
        typed: TypedValue,
    ) -> MatchResult {
        let result = typed.compare(verification.expected(), next.time_step(), 0);
        let is_factor = matches!(typed, TypedValue::Value(..) | TypedValue::Recovery(_));
        if (actor, next.attacker.seen) == (Actor::Owner, None)
            && is_factor
            && result != MatchResult::NoMatch
            && self.attacker.seen_value
        {
            next.attacker.seen = Some(typed);
        }
        result
    }

    fn decide(
        &self,
        next: &mut State,
        actor: Actor,
        message: Message,
        typed: [TypedValue; 2],
        event: Event,
    ) -> Outcome {
        let account = std::mem::replace(&mut next.account, tegata_policy::Account::Closed);
        let context = next.context(self.controls);
        let Decision { account, effects, reply } = tegata_policy::decide(account, event, &context);
        next.account = account;
        for effect in &effects {
            self.learn(next, actor, effect);
        }
        match reply {
            Reply::VerificationRequired(verification) => {
                next.pending.push(PendingMessage { actor, message, typed, verification });
                return Outcome::ComparisonDue;
            }
            Reply::Refused(refusal) => return Outcome::Refused(refusal),
            Reply::ResetStarted(reset) => match actor {
                Actor::Owner => next.owner.reset = Some(reset),
                Actor::Attacker => {
                    next.attacker.resets.insert(reset);
                }
            },
            Reply::LogInCodeRequested(code) => match actor {
                Actor::Owner => next.owner.log_in_code_id = Some(code),
                Actor::Attacker => {
                    next.attacker.log_in_codes.insert(code);
                }
            },
            Reply::FreezeCodeRequested(code) if actor == Actor::Attacker => {
                next.attacker.freeze_codes.insert(code);
            }
            Reply::LoggedIn { session, .. } => match actor {
                Actor::Owner => next.owner.session = Some(session),
                Actor::Attacker => next.attacker.session = Some(session),
            },
            Reply::FactorSecret(factor) => match actor {
                Actor::Owner => next.owner.enrolment = Some(factor),
                Actor::Attacker => next.attacker.enrolment = Some(factor),
            },
            // One recovery code stands for all ten.
            Reply::RecoveryCodes(codes) => match actor {
                Actor::Owner => next.owner.recovery = codes,
                Actor::Attacker => next.attacker.recovery.extend(codes.first()),
            },
            _ => record_success(next, actor, message),
        }
        Outcome::Done
    }

    /// Records what owner and attacker learn from an effect.
    fn learn(&self, next: &mut State, actor: Actor, effect: &Effect) {
        match effect {
            Effect::StoreSecret(password, SecretKind::Password) => match actor {
                Actor::Owner => {
                    next.owner.password = *password;
                    if self.attacker.seen_password {
                        next.attacker.passwords.insert(*password);
                    }
                }
                Actor::Attacker => {
                    next.attacker.passwords.insert(*password);
                }
            },
            Effect::StoreSecret(address, SecretKind::Address) if actor == Actor::Attacker => {
                next.attacker.addresses.insert(*address);
            }
            Effect::SendMail { to, notification } => {
                let is_attackers = match to {
                    MailRecipient::Unverified => true,
                    MailRecipient::Stored(address) => next.attacker.addresses.contains(address),
                };
                let can_read = self.attacker.mailbox || is_attackers;
                let arrives = !is_attackers && !self.attacker.deletes_mail;
                match notification {
                    Notification::ResetCode { code, .. } => {
                        if actor == Actor::Owner && arrives {
                            next.owner.code = Some(*code);
                        }
                        // The owner can be talked into telling a code that was mailed for their own device.
                        if can_read || actor == Actor::Owner {
                            next.attacker.codes.insert(*code);
                        }
                    }
                    Notification::LogInCode { code } | Notification::FreezeCode { code } => {
                        if actor == Actor::Owner && arrives {
                            next.owner.log_in_code = Some(*code);
                        }
                        if can_read || actor == Actor::Owner {
                            next.attacker.codes.insert(*code);
                        }
                    }
                    Notification::AddressCode { code } => match actor {
                        Actor::Owner => {
                            next.owner.address_code = Some(*code);
                            next.attacker.codes.insert(*code);
                        }
                        Actor::Attacker => next.attacker.address_code = Some(*code),
                    },
                    Notification::EvidenceChanged { code, .. } => {
                        if arrives {
                            next.owner.notice = Some(*code);
                        }
                        if can_read {
                            next.attacker.notices.insert(*code);
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

fn record_success(next: &mut State, actor: Actor, message: Message) {
    match (message, actor) {
        (Message::Provision { .. }, Actor::Owner) => next.owner.provisioned = true,
        (Message::FinishReset { .. }, Actor::Owner) => next.owner.reset_done = true,
        (Message::VerifyFactorEnrolment { .. }, Actor::Owner) => {
            if let Some(factor) = next.owner.enrolment.take() {
                next.owner.factor = factor;
                next.owner.enrolled = true;
            }
        }
        (Message::VerifyFactorEnrolment { .. }, Actor::Attacker) => {
            next.attacker.factors.extend(next.attacker.enrolment.take());
        }
        (Message::VerifyNewAddress { .. }, Actor::Owner) => next.owner.address_changed = true,
        (Message::VerifyNewAddress { .. }, Actor::Attacker) => next.attacker.address_code = None,
        (Message::Unfreeze { .. }, Actor::Owner) => next.owner.unfroze = true,
        (Message::FreezeByFactor, Actor::Owner) => next.owner.froze = true,
        (Message::VerifyLogInCode { .. }, Actor::Owner) => next.owner.has_mailed_lane = true,
        (Message::VerifyLogInCode { .. }, Actor::Attacker) => next.attacker.has_mailed_lane = true,
        (Message::RevertChanges, Actor::Owner) => next.owner.reverted = true,
        _ => {}
    }
}

fn record_message(
    next: &mut State,
    actor: Actor,
    message: Message,
    typed: [TypedValue; 2],
    hopeless: bool,
) {
    let newest = next.time_step() + 1 + u64::from(next.values_typed);
    if typed.iter().any(|typed| matches!(typed, TypedValue::Value(_, step) if *step == newest)) {
        next.values_typed += 1;
    }
    match actor {
        Actor::Attacker => {
            next.attacker.messages += 1;
            next.attacker.guessed |= typed[0] == TypedValue::Guess;
            next.attacker.hopeless += u8::from(hopeless);
            next.attacker.has_mailed_lane &= !matches!(message, Message::LogIn { .. });
        }
        Actor::Owner => {
            next.owner.steps_done += 1;
            next.owner.recovery.retain(|code| !typed.contains(&TypedValue::Recovery(*code)));
            next.owner.has_mailed_lane &= !matches!(message, Message::LogIn { .. });
            if matches!(message, Message::VerifyReset { .. } | Message::FinishReset { .. }) {
                next.owner.sent.push((message, typed));
            }
        }
    }
}
