//! What an owner does to pay again, as the documentation says it, with nobody in between: the property that nobody is kept
//! out asks it of every state.

use crate::action::{Action, Actor, Message, TypedValue, Wait};
use crate::model::Model;
use crate::state::State;
use tegata_policy::ResetDestination;

impl Model {
    /// Whether the owner can pay again: with password and recovery codes, after a reset if the mail arrives; and, where
    /// nobody has the phone, with password, second factor and mailed codes alone.
    pub(crate) fn owner_returns(&self, state: &State) -> bool {
        let state = State { pending: Vec::new(), ..state.clone() };
        let by_recovery_codes = self.returns_by_recovery_codes(state.clone())
            || self.reverts(&state).is_some_and(|it| self.returns_by_reset(it))
            || self.returns_by_reset(state.clone());
        let needs_no_paper = self.attacker.spends_budgets;
        by_recovery_codes && (!needs_no_paper || self.returns_by_mailed_code(state))
    }

    /// The state after a message of the owner's.
    fn after(&self, state: &State, message: Message, typed: [TypedValue; 2]) -> Option<State> {
        let action = Action::Send(Actor::Owner, message, typed);
        self.execute(state, &action).map(|(next, _)| next)
    }

    /// Logs in with a recovery code, enrols another second factor, unfreezes and provisions.
    fn returns_by_recovery_codes(&self, mut state: State) -> bool {
        state.owner.session = None;
        let logged_in = recovery_code(&state).and_then(|code| {
            let typed = [TypedValue::Password(state.owner.password), code];
            self.after(&state, Message::LogIn { factor: true }, typed)
        });
        let enrolled = logged_in.and_then(|state| self.enrols_if_required(state));
        enrolled.is_some_and(|state| self.unfreezes_and_pays(&state))
    }

    /// Resets the password with a recovery code first.
    fn returns_by_reset(&self, mut state: State) -> bool {
        let request = Message::RequestReset { to: ResetDestination::Verified };
        state.owner.code = None;
        let reset = self.after(&state, request, [TypedValue::Nothing; 2]).and_then(|state| {
            let (reset, code) = state.owner.reset.zip(state.owner.code)?;
            let typed = [TypedValue::Code(code), recovery_code(&state)?];
            let state = self.after(&state, Message::VerifyReset { reset }, typed)?;
            self.after(&state, Message::FinishReset { reset }, [TypedValue::Nothing; 2])
        });
        reset.is_some_and(|state| self.returns_by_recovery_codes(state))
    }

    /// Reverts changes, if a notice of them has arrived.
    fn reverts(&self, state: &State) -> Option<State> {
        let typed = [TypedValue::Code(state.owner.notice?), recovery_code(state)?];
        self.after(state, Message::RevertChanges, typed)
    }

    /// Logs in with a mailed code and the second factor, as an owner without recovery codes at hand does.
    fn returns_by_mailed_code(&self, mut state: State) -> bool {
        state.owner.session = None;
        let nothing = [TypedValue::Nothing; 2];
        let logged_in = self.after(&state, Message::RequestLogInCode, nothing).and_then(|state| {
            let code = state.owner.log_in_code_id?;
            let typed = [TypedValue::Code(state.owner.log_in_code?), TypedValue::Nothing];
            let state = self.after(&state, Message::VerifyLogInCode { code }, typed)?;
            let value = state.value(state.owner.factor);
            let typed = [TypedValue::Password(state.owner.password), value];
            self.after(&state, Message::LogIn { factor: true }, typed)
        });
        let enrolled = logged_in.and_then(|state| self.enrols_if_required(state));
        enrolled.is_some_and(|state| self.unfreezes_and_pays(&state))
    }

    /// Enrols another second factor, where a recovery code took the place of the old one.
    fn enrols_if_required(&self, state: State) -> Option<State> {
        if !state.active_account()?.must_enrol() {
            return Some(state);
        }
        let session = state.owner.session?;
        let begin = Message::BeginFactorEnrolment { session };
        let state = self.after(&state, begin, [TypedValue::Nothing; 2])?;
        let value = state.value(state.owner.enrolment?);
        let verify = Message::VerifyFactorEnrolment { session };
        self.after(&state, verify, [value, TypedValue::Nothing])
    }

    /// Unfreezes the account if it is frozen, and provisions; a credential may have to wait for a day.
    fn unfreezes_and_pays(&self, state: &State) -> bool {
        let Some(session) = state.owner.session else { return false };
        let nothing = [TypedValue::Nothing; 2];
        let is_frozen = state.active_account().is_some_and(tegata_policy::ActiveAccount::is_frozen);
        let unfrozen = if is_frozen {
            let code = recovery_code(state).unwrap_or(TypedValue::Nothing);
            self.after(state, Message::Unfreeze { session }, [code, TypedValue::Nothing])
        } else {
            Some(state.clone())
        };
        let provisioned =
            unfrozen.and_then(|state| self.after(&state, Message::Provision { session }, nothing));
        provisioned.is_some_and(|state| {
            let later = |state: &State| {
                let (state, _) = self.execute(state, &Action::Wait(Wait::Day))?;
                self.after(&state, Message::UseSession { session }, nothing)
            };
            self.can_pay(&state, Actor::Owner)
                || later(&state).is_some_and(|state| self.can_pay(&state, Actor::Owner))
        })
    }
}

fn recovery_code(state: &State) -> Option<TypedValue> {
    state.owner.recovery.first().copied().map(TypedValue::Recovery)
}
