//! Generates the actions that are possible in a state: the owner's next step, anything by the attacker, and waiting.

use tegata::protocol::{DeviceId, SessionId};
use tegata_policy::{Control, ResetDestination};

use crate::action::{Action, Actor, Message, OWNERS_PHONE, TypedValue, Wait};
use crate::attacker::Foothold;
use crate::model::{Interleaving, Model};
use crate::scenario::UserStep;
use crate::state::{OwnerState, State};

impl Model {
    /// Collects the possible actions in a state.
    pub(crate) fn available_actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend((0..state.pending.len()).map(Action::Verify));
        self.user_actions(state, actions);
        self.attacker_actions(state, actions);
        if state.waits < self.bounds.waits {
            let waits: &[Wait] = match self.bounds.interleaving {
                Interleaving::Comparisons => &[Wait::Minutes],
                Interleaving::Messages => &Wait::ALL,
            };
            actions.extend(waits.iter().copied().map(Action::Wait));
        }
    }

    /// Adds the owner's next step, once the one before is done.
    fn user_actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.pending.iter().any(|pending| pending.actor == Actor::Owner) {
            return;
        }
        let Some(step) = self.scenario.get(state.owner.steps_done) else { return };
        let owner = &state.owner;
        let nothing = TypedValue::Nothing;
        let value = state.value(owner.factor);
        let password = TypedValue::Password(owner.password);
        let send = |message, typed| Action::Send(Actor::Owner, message, typed);
        let action = match *step {
            UserStep::LogIn => Some(send(Message::LogIn { factor: false }, [password, nothing])),
            UserStep::LogInWithFactor => {
                Some(send(Message::LogIn { factor: true }, [password, value]))
            }
            UserStep::VerifyFactor => owner
                .session
                .map(|session| send(Message::VerifyFactor { session }, [value, nothing])),
            UserStep::Provision => {
                owner.session.map(|session| send(Message::Provision { session }, [nothing; 2]))
            }
            UserStep::RequestReset => {
                Some(send(Message::RequestReset { to: ResetDestination::Verified }, [nothing; 2]))
            }
            UserStep::VerifyReset => owner.reset.zip(owner.code).map(|(reset, code)| {
                send(Message::VerifyReset { reset }, [TypedValue::Code(code), value])
            }),
            UserStep::FinishReset => {
                owner.reset.map(|reset| send(Message::FinishReset { reset }, [nothing; 2]))
            }
            UserStep::BeginFactorEnrolment => owner
                .session
                .map(|session| send(Message::BeginFactorEnrolment { session }, [nothing; 2])),
            UserStep::VerifyFactorEnrolment => {
                owner.session.zip(owner.enrolment).map(|(session, factor)| {
                    send(Message::VerifyFactorEnrolment { session }, [state.value(factor), nothing])
                })
            }
            UserStep::RenewRecoveryCodes => owner
                .session
                .map(|session| send(Message::RenewRecoveryCodes { session }, [nothing; 2])),
            UserStep::ChangeAddress => {
                owner.session.map(|session| send(Message::ChangeAddress { session }, [nothing; 2]))
            }
            UserStep::VerifyNewAddress => {
                owner.session.zip(owner.address_code).map(|(session, code)| {
                    send(Message::VerifyNewAddress { session }, [TypedValue::Code(code), nothing])
                })
            }
            UserStep::Freeze => {
                owner.session.map(|session| send(Message::Freeze { session }, [nothing; 2]))
            }
            UserStep::Unfreeze => {
                owner.session.map(|session| send(Message::Unfreeze { session }, [nothing; 2]))
            }
            UserStep::FreezeByCode => owner
                .notice
                .map(|code| send(Message::FreezeByCode, [TypedValue::Code(code), nothing])),
            UserStep::VerifyResetByRecoveryCode
            | UserStep::FreezeByRecoveryCode
            | UserStep::LogInWithRecoveryCode
            | UserStep::UnfreezeByRecoveryCode
            | UserStep::RevertChanges => {
                recovery_code_message(*step, owner).map(|(message, typed)| send(message, typed))
            }
        };
        actions.extend(action);
    }

    /// Adds what the attacker can do: any message, with any id and whatever they know, or with nothing.
    fn attacker_actions(&self, state: &State, actions: &mut Vec<Action>) {
        let pending = state.pending.iter().filter(|pending| pending.actor == Actor::Attacker);
        if pending.count() >= self.bounds.pending {
            return;
        }
        if state.attacker.messages >= self.bounds.messages {
            return;
        }
        self.add_guesses(state, actions);
        let attacker = &state.attacker;
        let mut factors: Vec<_> =
            attacker.factors.iter().map(|factor| state.value(*factor)).collect();
        factors.extend(attacker.recovery.iter().map(|code| TypedValue::Recovery(*code)));
        factors.extend(attacker.seen);
        factors.push(TypedValue::Nothing);
        let mut send = |message, typed| {
            if attacker.hopeless == 0 || !self.is_hopeless(state, message, typed) {
                actions.push(Action::Send(Actor::Attacker, message, typed));
            }
        };
        let nothing = [TypedValue::Nothing; 2];

        let is_unverified_allowed = !self.controls.is_on(Control::VerifiedAddress);
        let to = if is_unverified_allowed {
            ResetDestination::Unverified
        } else {
            ResetDestination::Verified
        };
        send(Message::RequestReset { to }, nothing);
        for reset in attacker.resets.iter().copied().chain(state.owner.reset) {
            send(Message::FinishReset { reset }, nothing);
            let codes = attacker.codes.iter().map(|code| TypedValue::Code(*code));
            for code in codes.chain([TypedValue::Nothing]) {
                for factor in &factors {
                    send(Message::VerifyReset { reset }, [code, *factor]);
                }
            }
        }
        for password in &attacker.passwords {
            let password = TypedValue::Password(*password);
            send(Message::LogIn { factor: false }, [password, TypedValue::Nothing]);
            for factor in &factors {
                send(Message::LogIn { factor: true }, [password, *factor]);
            }
        }
        if let Some(session) = attacker.session {
            session_messages(state, session, &factors, &mut send);
        }
        for notice in &attacker.notices {
            let code = TypedValue::Code(*notice);
            send(Message::FreezeByCode, [code, TypedValue::Nothing]);
            for factor in &factors {
                send(Message::RevertChanges, [code, *factor]);
            }
        }
        if self.bounds.interleaving == Interleaving::Messages {
            self.restricting_messages(state, &factors, &mut send);
        }
        if self.attacker.spends_budgets && !attacker.spent {
            actions.push(Action::SpendBudgets);
        }
        if !attacker.replayed {
            let replays = state.owner.sent.iter();
            actions.extend(replays.map(|(message, typed)| Action::Replay(*message, *typed)));
        }
    }

    /// Adds what only ends, freezes or deletes, and what opens a lane of its own.
    fn restricting_messages(
        &self,
        state: &State,
        factors: &[TypedValue],
        mut send: impl FnMut(Message, [TypedValue; 2]),
    ) {
        let attacker = &state.attacker;
        let nothing = [TypedValue::Nothing; 2];
        for message in [
            Message::FreezeFromDevice,
            Message::EndDeviceSessions,
            Message::RequestFreezeCode,
            Message::RequestLogInCode,
        ] {
            send(message, nothing);
        }
        for factor in factors {
            send(Message::FreezeByFactor, [*factor, TypedValue::Nothing]);
        }
        for code in &attacker.codes {
            let typed = [TypedValue::Code(*code), TypedValue::Nothing];
            for code in attacker.freeze_codes.iter().copied() {
                send(Message::VerifyFreezeCode { code }, typed);
            }
            for code in attacker.log_in_codes.iter().copied() {
                send(Message::VerifyLogInCode { code }, typed);
            }
        }
        let Some(session) = attacker.session else { return };
        let recovery = factors.iter().filter(|typed| matches!(typed, TypedValue::Recovery(_)));
        for code in recovery {
            send(Message::Unfreeze { session }, [*code, TypedValue::Nothing]);
        }
        let devices: [DeviceId; 2] = [OWNERS_PHONE, self.attacker.device(Actor::Owner)];
        for device in devices {
            send(Message::ForgetDevice { session, device }, nothing);
        }
        for message in [
            Message::UseSession { session },
            Message::EndSessions { session },
            Message::ConfirmCredential { session },
            Message::RequestDeletion { session },
            Message::CancelDeletion { session },
        ] {
            send(message, nothing);
        }
    }

    /// Adds guesses at a mailed code. An attacker who reads the mail does not need to guess, and one without the second
    /// factor could not continue.
    fn add_guesses(&self, state: &State, actions: &mut Vec<Action>) {
        let attacker = &state.attacker;
        let Some(factor) = attacker.factors.first() else { return };
        if !attacker.guessed && !self.attacker.mailbox {
            let typed = [TypedValue::Guess, state.value(*factor)];
            let guess =
                |reset| Action::Send(Actor::Attacker, Message::VerifyReset { reset }, typed);
            actions.extend(attacker.resets.last().copied().map(guess));
        }
    }

    /// Whether a message contains nothing, or an old password, where a matching value is required. The attacker sends one
    /// of these, to see it refused; more would only use up attempts.
    pub(crate) fn is_hopeless(
        &self,
        state: &State,
        message: Message,
        typed: [TypedValue; 2],
    ) -> bool {
        let lacks_factor =
            |typed| typed == TypedValue::Nothing && self.controls.is_on(Control::SecondFactor);
        match message {
            Message::LogIn { factor: false } => {
                let is_unknown = matches!(
                    self.attacker.foothold,
                    Foothold::UnknownDevice | Foothold::ReplacedMailbox | Foothold::ReplacedCodes
                );
                typed[0] == TypedValue::Password(state.attacker.old_password)
                    || (is_unknown && lacks_factor(typed[1]))
            }
            Message::LogIn { factor: true } => {
                typed[0] == TypedValue::Password(state.attacker.old_password)
                    || lacks_factor(typed[1])
            }
            Message::VerifyReset { .. } => {
                let lacks_code =
                    typed[0] == TypedValue::Nothing && self.controls.is_on(Control::MailedCode);
                lacks_code || lacks_factor(typed[1])
            }
            Message::VerifyFactor { .. } | Message::FreezeByFactor => {
                typed[0] == TypedValue::Nothing
            }
            Message::RevertChanges => typed[1] == TypedValue::Nothing,
            _ => false,
        }
    }
}

/// The message of a step that takes a recovery code.
fn recovery_code_message(step: UserStep, owner: &OwnerState) -> Option<(Message, [TypedValue; 2])> {
    let recovery = TypedValue::Recovery(*owner.recovery.first()?);
    let nothing = TypedValue::Nothing;
    Some(match step {
        UserStep::VerifyResetByRecoveryCode => {
            let typed = [TypedValue::Code(owner.code?), recovery];
            (Message::VerifyReset { reset: owner.reset? }, typed)
        }
        UserStep::FreezeByRecoveryCode => (Message::FreezeByFactor, [recovery, nothing]),
        UserStep::LogInWithRecoveryCode => {
            (Message::LogIn { factor: true }, [TypedValue::Password(owner.password), recovery])
        }
        UserStep::UnfreezeByRecoveryCode => {
            (Message::Unfreeze { session: owner.session? }, [recovery, nothing])
        }
        UserStep::RevertChanges => {
            (Message::RevertChanges, [TypedValue::Code(owner.notice?), recovery])
        }
        _ => return None,
    })
}

/// Sends every message of the attacker's session.
fn session_messages(
    state: &State,
    session: SessionId,
    factors: &[TypedValue],
    mut send: impl FnMut(Message, [TypedValue; 2]),
) {
    let attacker = &state.attacker;
    let nothing = [TypedValue::Nothing; 2];
    for factor in factors {
        send(Message::VerifyFactor { session }, [*factor, TypedValue::Nothing]);
    }
    send(Message::Provision { session }, nothing);
    match attacker.enrolment {
        None => send(Message::BeginFactorEnrolment { session }, nothing),
        Some(factor) => {
            send(
                Message::VerifyFactorEnrolment { session },
                [state.value(factor), TypedValue::Nothing],
            );
        }
    }
    send(Message::RenewRecoveryCodes { session }, nothing);
    match attacker.address_code {
        None => send(Message::ChangeAddress { session }, nothing),
        Some(code) => {
            for code in attacker.codes.iter().copied().chain([code]) {
                let typed = [TypedValue::Code(code), TypedValue::Nothing];
                send(Message::VerifyNewAddress { session }, typed);
            }
        }
    }
    send(Message::Freeze { session }, nothing);
    send(Message::Unfreeze { session }, nothing);
}
