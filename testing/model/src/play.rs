//! A step of a run: what can be done in a state, and the state after it, by the function that is to be checked.

use tegata::protocol::Refusal;
use tegata_policy::{
    Control, Decision, Effect, Event, MailRecipient, MatchResult, Notification,
    PendingVerification, Reply, ResetDestination, SecretKind, decide,
};

use crate::act::{Act, Given, Message, Who};
use crate::errand::Errand;
use crate::search::Model;
use crate::state::{State, UnderWay};
use crate::thief::Start;

/// What came of a step, for its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Something is to be compared; of a comparison: it was right as far as one can tell, and the next is due.
    Asked,
    /// It was done.
    Done,
    /// It was refused.
    Refused(Refusal),
    /// Time passed.
    Waited,
}

impl Model {
    /// What can be done in a state.
    pub(crate) fn possible(&self, state: &State, acts: &mut Vec<Act>) {
        acts.extend((0..state.under_way.len()).map(Act::Compared));
        self.hers(state, acts);
        self.his(state, acts);
        if state.waits < self.bounds.waits {
            acts.push(Act::Wait);
        }
    }

    /// Her next errand, when the one before is done.
    fn hers(&self, state: &State, acts: &mut Vec<Act>) {
        if state.under_way.iter().any(|under_way| under_way.who == Who::She) {
            return;
        }
        let Some(errand) = self.errands.get(state.she.errands) else { return };
        let (she, nothing) = (&state.she, Given::Nothing);
        let value = state.value(she.factor);
        let password = Given::Password(she.password);
        let send = |message, given| Act::Send(Who::She, message, given);
        let act = match *errand {
            Errand::LogIn => Some(send(Message::LogIn { factor: false }, [password, nothing])),
            Errand::LogInWithFactor => {
                Some(send(Message::LogIn { factor: true }, [password, value]))
            }
            Errand::Prove => {
                she.session.map(|session| send(Message::Prove { session }, [value, nothing]))
            }
            Errand::Provision => {
                she.session.map(|session| send(Message::Provision { session }, [nothing; 2]))
            }
            Errand::Reset => {
                Some(send(Message::Reset { to: ResetDestination::Verified }, [nothing; 2]))
            }
            Errand::ResetCode => she.reset.zip(she.code).map(|(reset, code)| {
                send(Message::ResetCode { reset }, [Given::Code(code), value])
            }),
            Errand::ResetFinish => {
                she.reset.map(|reset| send(Message::ResetFinish { reset }, [nothing; 2]))
            }
            Errand::Enrol => {
                she.session.map(|session| send(Message::Enrol { session }, [nothing; 2]))
            }
            Errand::EnrolCode => she.session.zip(she.enrolling).map(|(session, factor)| {
                send(Message::EnrolCode { session }, [state.value(factor), nothing])
            }),
            Errand::RenewRecovery => {
                she.session.map(|session| send(Message::RenewRecovery { session }, [nothing; 2]))
            }
            Errand::ResetCodeByRecovery => {
                let code = she.reset.zip(she.code).zip(she.recovery);
                code.map(|((reset, code), recovery)| {
                    let given = [Given::Code(code), Given::Recovery(recovery)];
                    send(Message::ResetCode { reset }, given)
                })
            }
            Errand::MoveAddress => {
                she.session.map(|session| send(Message::MoveAddress { session }, [nothing; 2]))
            }
            Errand::MoveAddressCode => she.session.zip(she.move_code).map(|(session, code)| {
                send(Message::MoveAddressCode { session }, [Given::Code(code), nothing])
            }),
            Errand::Freeze => {
                she.session.map(|session| send(Message::Freeze { session }, [nothing; 2]))
            }
            Errand::Unfreeze => {
                she.session.map(|session| send(Message::Unfreeze { session }, [nothing; 2]))
            }
            Errand::FreezeCode => {
                she.notice.map(|code| send(Message::FreezeCode, [Given::Code(code), nothing]))
            }
            Errand::TakeBack => {
                she.notice.map(|code| send(Message::Undo, [Given::Code(code), value]))
            }
        };
        acts.extend(act);
    }

    /// What he does: anything, with any number and whatever he knows, also with nothing.
    fn his(&self, state: &State, acts: &mut Vec<Act>) {
        let under_way = state.under_way.iter().filter(|under_way| under_way.who == Who::He);
        if under_way.count() >= self.bounds.under_way {
            return;
        }
        if state.he.messages >= self.bounds.messages {
            return;
        }
        self.guesses(state, acts);
        let he = &state.he;
        let mut factors: Vec<_> = he.factors.iter().map(|factor| state.value(*factor)).collect();
        factors.extend(he.recovery.iter().map(|code| Given::Recovery(*code)));
        factors.extend(he.seen);
        factors.push(Given::Nothing);
        let mut send = |message, given| {
            if he.hopeless == 0 || !self.is_hopeless(state, message, given) {
                acts.push(Act::Send(Who::He, message, given));
            }
        };
        let nothing = [Given::Nothing; 2];

        let typed = !self.controls.is_on(Control::VerifiedAddress);
        let to = if typed { ResetDestination::Unverified } else { ResetDestination::Verified };
        send(Message::Reset { to }, nothing);
        for reset in he.resets.iter().copied().chain(state.she.reset) {
            send(Message::ResetFinish { reset }, nothing);
            let codes = he.codes.iter().map(|code| Given::Code(*code));
            for code in codes.chain([Given::Nothing]) {
                for factor in &factors {
                    send(Message::ResetCode { reset }, [code, *factor]);
                }
            }
        }
        for password in &he.passwords {
            let password = Given::Password(*password);
            send(Message::LogIn { factor: false }, [password, Given::Nothing]);
            for factor in &factors {
                send(Message::LogIn { factor: true }, [password, *factor]);
            }
        }
        if let Some(session) = he.session {
            for factor in &factors {
                send(Message::Prove { session }, [*factor, Given::Nothing]);
            }
            send(Message::Provision { session }, nothing);
            match he.enrolling {
                None => send(Message::Enrol { session }, nothing),
                Some(factor) => {
                    send(Message::EnrolCode { session }, [state.value(factor), Given::Nothing]);
                }
            }
            send(Message::RenewRecovery { session }, nothing);
            match he.move_code {
                None => send(Message::MoveAddress { session }, nothing),
                Some(code) => {
                    for code in he.codes.iter().copied().chain([code]) {
                        let given = [Given::Code(code), Given::Nothing];
                        send(Message::MoveAddressCode { session }, given);
                    }
                }
            }
            send(Message::Freeze { session }, nothing);
            send(Message::Unfreeze { session }, nothing);
        }
        for notice in &he.notices {
            let code = Given::Code(*notice);
            send(Message::FreezeCode, [code, Given::Nothing]);
            for factor in &factors {
                send(Message::Undo, [code, *factor]);
            }
        }
        if !he.replayed {
            let replays = state.she.sent.iter();
            acts.extend(replays.map(|(message, given)| Act::Replay(*message, *given)));
        }
    }

    /// Who reads the mail has no need to guess, and who could not go on gains nothing by it.
    fn guesses(&self, state: &State, acts: &mut Vec<Act>) {
        let (he, Some(factor)) = (&state.he, state.he.factors.first()) else { return };
        if !he.guessed && !self.thief.mailbox {
            let given = [Given::Guess, state.value(*factor)];
            let guess = |reset| Act::Send(Who::He, Message::ResetCode { reset }, given);
            acts.extend(he.resets.last().copied().map(guess));
        }
    }

    /// Whether it holds nothing, or an old password, where something right is asked for. He sends one of these, to see it
    /// refused; more would only use up tries.
    fn is_hopeless(&self, state: &State, message: Message, given: [Given; 2]) -> bool {
        let factor = |given| given == Given::Nothing && self.controls.is_on(Control::SecondFactor);
        match message {
            Message::LogIn { factor: false } => {
                let stranger = self.thief.start == Start::Stranger;
                given[0] == Given::Password(state.he.old_password) || (stranger && factor(given[1]))
            }
            Message::LogIn { factor: true } => {
                given[0] == Given::Password(state.he.old_password) || factor(given[1])
            }
            Message::ResetCode { .. } => {
                let code = given[0] == Given::Nothing && self.controls.is_on(Control::MailedCode);
                code || factor(given[1])
            }
            Message::Prove { .. } => given[0] == Given::Nothing,
            Message::Undo => given[1] == Given::Nothing,
            _ => false,
        }
    }

    /// The state after it and what came of it; `None` if nothing did.
    pub(crate) fn step(&self, state: &State, act: &Act) -> Option<(State, Outcome)> {
        let mut next = state.clone();
        let outcome = match *act {
            Act::Wait => {
                (next.waits, next.typed) = (next.waits + 1, 0);
                Outcome::Waited
            }
            Act::Compared(place) => {
                let UnderWay { who, message, given, verification } = next.under_way.remove(place);
                let result = self.found(&mut next, who, &verification, given[0]);
                self.decided(
                    &mut next,
                    who,
                    message,
                    [given[1], Given::Nothing],
                    Event::CompleteVerification { verification, result },
                )
            }
            Act::Send(who, message, given) => {
                let outcome = self.sent(&mut next, who, message, given);
                if who == Who::He && next == *state {
                    return None;
                }
                let hopeless = self.is_hopeless(state, message, given);
                count(&mut next, who, message, given, hopeless);
                outcome
            }
            Act::Replay(message, given) => {
                let event = message.event(Who::She.device(), given);
                let outcome = self.decided(&mut next, Who::She, message, given, event);
                if next == *state {
                    return None;
                }
                next.he.messages += 1;
                next.he.replayed = true;
                outcome
            }
        };
        Some((next, outcome))
    }

    fn sent(&self, next: &mut State, who: Who, message: Message, given: [Given; 2]) -> Outcome {
        if given[0] == Given::Guess {
            return self.guessed(next, message, given);
        }
        self.decided(next, who, message, given, message.event(who.device(), given))
    }

    /// Six guesses at one code, each compared before the next.
    fn guessed(&self, next: &mut State, message: Message, given: [Given; 2]) -> Outcome {
        let mut outcome = Outcome::Asked;
        for guesses in 0..6 {
            let event = message.event(Who::He.device(), given);
            outcome = self.decided(next, Who::He, message, given, event);
            let Some(UnderWay { verification, .. }) = next.under_way.pop() else { return outcome };
            let result = Given::Guess.found(verification.expected(), next.step(), guesses);
            let told = |verification, result| Event::CompleteVerification { verification, result };
            let rest = [given[1], Given::Nothing];
            outcome = self.decided(next, Who::He, message, rest, told(verification, result));
            if result != MatchResult::NoMatch {
                break;
            }
            let Some(UnderWay { verification, .. }) = next.under_way.pop() else { return outcome };
            outcome = self.decided(next, Who::He, message, rest, told(verification, result));
        }
        outcome
    }

    /// What the comparison finds; the thief looks over her shoulder.
    fn found(
        &self,
        next: &mut State,
        who: Who,
        verification: &PendingVerification,
        given: Given,
    ) -> MatchResult {
        let result = given.found(verification.expected(), next.step(), 0);
        let is_factor = matches!(given, Given::Value(..) | Given::Recovery(_));
        if (who, next.he.seen) == (Who::She, None)
            && is_factor
            && result != MatchResult::NoMatch
            && self.thief.glimpse
        {
            next.he.seen = Some(given);
        }
        result
    }

    fn decided(
        &self,
        next: &mut State,
        who: Who,
        message: Message,
        given: [Given; 2],
        event: Event,
    ) -> Outcome {
        let account = std::mem::replace(&mut next.account, tegata_policy::Account::Closed);
        let context = next.context(self.controls);
        let Decision { account, effects, reply } = decide(account, event, &context);
        next.account = account;
        for effect in &effects {
            self.learn(next, who, effect);
        }
        match reply {
            Reply::VerificationRequired(verification) => {
                next.under_way.push(UnderWay { who, message, given, verification });
                return Outcome::Asked;
            }
            Reply::Refused(refusal) => return Outcome::Refused(refusal),
            Reply::ResetStarted(reset) => match who {
                Who::She => next.she.reset = Some(reset),
                Who::He => {
                    next.he.resets.insert(reset);
                }
            },
            Reply::LoggedIn { session, .. } => match who {
                Who::She => next.she.session = Some(session),
                Who::He => next.he.session = Some(session),
            },
            Reply::FactorSecret(factor) => match who {
                Who::She => next.she.enrolling = Some(factor),
                Who::He => next.he.enrolling = Some(factor),
            },
            // Any of the ten is as good as another.
            Reply::RecoveryCodes(codes) => match who {
                Who::She => next.she.recovery = codes.first().copied(),
                Who::He => next.he.recovery.extend(codes.first()),
            },
            _ => done(next, who, message),
        }
        Outcome::Done
    }

    /// Who knows what after it.
    fn learn(&self, next: &mut State, who: Who, effect: &Effect) {
        match effect {
            Effect::StoreSecret(password, SecretKind::Password) => match who {
                Who::She => next.she.password = *password,
                Who::He => {
                    next.he.passwords.insert(*password);
                }
            },
            Effect::StoreSecret(address, SecretKind::Address) if who == Who::He => {
                next.he.addresses.insert(*address);
            }
            Effect::SendMail { to, notification } => {
                let his = match to {
                    MailRecipient::Unverified => true,
                    MailRecipient::Stored(address) => next.he.addresses.contains(address),
                };
                let reads = self.thief.mailbox || his;
                match notification {
                    Notification::ResetCode { code, .. } => {
                        if who == Who::She {
                            next.she.code = Some(*code);
                        }
                        // A code that she got for her own device she can be talked into telling.
                        if reads || who == Who::She {
                            next.he.codes.insert(*code);
                        }
                    }
                    Notification::AddressCode { code } => match who {
                        Who::She => {
                            next.she.move_code = Some(*code);
                            next.he.codes.insert(*code);
                        }
                        Who::He => next.he.move_code = Some(*code),
                    },
                    Notification::EvidenceChanged { code, .. } => {
                        if !his {
                            next.she.notice = Some(*code);
                        }
                        if reads {
                            next.he.notices.insert(*code);
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

fn done(next: &mut State, who: Who, message: Message) {
    match (message, who) {
        (Message::Provision { .. }, Who::She) => next.she.provisioned = true,
        (Message::ResetFinish { .. }, Who::She) => next.she.reset_done = true,
        (Message::EnrolCode { .. }, Who::She) => {
            if let Some(factor) = next.she.enrolling.take() {
                (next.she.factor, next.she.enrolled) = (factor, true);
            }
        }
        (Message::EnrolCode { .. }, Who::He) => {
            next.he.factors.extend(next.he.enrolling.take());
        }
        (Message::MoveAddressCode { .. }, Who::She) => next.she.moved = true,
        (Message::MoveAddressCode { .. }, Who::He) => next.he.move_code = None,
        (Message::Unfreeze { .. }, Who::She) => next.she.unfroze = true,
        (Message::Undo, Who::She) => next.she.took_back = true,
        _ => {}
    }
}

fn count(next: &mut State, who: Who, message: Message, given: [Given; 2], hopeless: bool) {
    let newest = next.step() + 1 + u64::from(next.typed);
    if given.iter().any(|given| matches!(given, Given::Value(_, step) if *step == newest)) {
        next.typed += 1;
    }
    match who {
        Who::He => {
            next.he.messages += 1;
            next.he.guessed |= given[0] == Given::Guess;
            next.he.hopeless += u8::from(hopeless);
        }
        Who::She => {
            next.she.errands += 1;
            if matches!(message, Message::ResetCode { .. } | Message::ResetFinish { .. }) {
                next.she.sent.push((message, given));
            }
        }
    }
}
