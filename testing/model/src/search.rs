//! Searches every reachable state.

use stateright::{Checker, HasDiscoveries, Model as StateModel, Property};

use crate::action::{Action, Actor};
use crate::attacker::{Foothold, PhoneAccess};
use crate::history::initial_compromise;
use crate::model::{Goal, Interleaving, Model};
use crate::state::State;

impl Goal {
    /// The name of the property that the goal violates.
    fn property(self) -> &'static str {
        match self {
            Self::Spend => SPENDS,
            Self::LogIn => LOGGED_IN,
            Self::SpendFrozen => SPENT_FROZEN,
            Self::KeepOut => KEPT_OUT,
        }
    }
}

/// A run: each state, and the action executed in it.
pub type Run = Vec<(State, Action)>;

fn breach(checker: &impl Checker<Model>, goal: Goal) -> Option<Run> {
    let path = checker.discovery(goal.property())?.into_vec();
    Some(path.into_iter().filter_map(|(state, action)| Some((state, action?))).collect())
}

/// The result of a search.
#[derive(Debug)]
pub struct SearchResult {
    /// How many states were visited.
    pub states: usize,
    /// The goals that the attacker reaches, each with a run.
    pub breaches: Vec<(Goal, Run)>,
    /// The names of the owner's goals that are never reached.
    pub denied: Vec<&'static str>,
}

const SPENDS: &str = "the attacker spends";
const LOGGED_IN: &str = "the attacker is logged in";
const SPENT_FROZEN: &str = "something is spent from a frozen account";
const KEPT_OUT: &str = "the owner is kept out";
const OWNER_GOALS: [&str; 8] = [
    "the owner has a new payment credential",
    "the owner resets the password",
    "the owner is logged in after the reset",
    "the owner pays after the reset",
    "the owner has another second factor",
    "the owner has another address",
    "the owner unfreezes the account",
    "the owner reverts the changes",
];

impl Model {
    /// Visits every state, or stops as soon as the attacker reaches `goal`.
    #[must_use]
    pub fn search(self, threads: usize, goal: Option<Goal>) -> SearchResult {
        let one = |goal: Goal| HasDiscoveries::AnyOf([goal.property()].into());
        let until = goal.map_or(HasDiscoveries::AllFailures, one);
        let checker = self.checker().threads(threads).finish_when(until).spawn_bfs().join();
        let goals = [Goal::Spend, Goal::LogIn, Goal::SpendFrozen, Goal::KeepOut];
        let breaches = goals.into_iter().filter_map(|goal| Some((goal, breach(&checker, goal)?)));
        let reached = checker.discoveries();
        let denied = OWNER_GOALS.into_iter().filter(|name| !reached.contains_key(name)).collect();
        SearchResult { states: checker.unique_state_count(), breaches: breaches.collect(), denied }
    }

    /// A shortest run to the attacker's goal, if there is one; the run at which the checker stops may be longer.
    #[must_use]
    pub fn shortest(self, goal: Goal) -> Option<Run> {
        let first_run =
            self.search(1, Some(goal)).breaches.into_iter().find(|breach| breach.0 == goal)?.1;
        let within = |steps: usize| {
            let checker = self.checker().threads(1).target_max_depth(steps + 2);
            breach(&checker.spawn_bfs().join(), goal)
        };
        (0..first_run.len()).find_map(within).or(Some(first_run))
    }

    fn is_spending_breach(&self, state: &State) -> bool {
        // Past access lasts until the owner resets the password, or reverts the changes.
        let is_locked_out = match self.attacker.foothold {
            Foothold::UnknownDevice
            | Foothold::OldPhone
            | Foothold::Replaced
            | Foothold::ReplacedMailbox
            | Foothold::ReplacedCodes => true,
            // A freeze made with a recovery code holds until the owner lifts it.
            Foothold::StolenPhone(access) => {
                self.is_thief_locked_out(state, access)
                    || (state.owner.froze && !state.owner.unfroze)
            }
            Foothold::PastAccess => state.owner.reset_done,
            Foothold::Takeover => state.owner.reverted,
        };
        if !is_locked_out {
            return false;
        }
        self.can_pay(state, Actor::Attacker)
    }

    fn is_log_in_breach(&self, state: &State) -> bool {
        let is_locked_out = match self.attacker.foothold {
            Foothold::UnknownDevice
            | Foothold::Replaced
            | Foothold::ReplacedMailbox
            | Foothold::ReplacedCodes => true,
            Foothold::StolenPhone(access) => self.is_thief_locked_out(state, access),
            Foothold::OldPhone | Foothold::PastAccess => state.owner.reset_done,
            Foothold::Takeover => state.owner.reverted,
        };
        if !is_locked_out {
            return false;
        }
        self.is_logged_in(state, Actor::Attacker)
    }

    /// Whether a thief is to be without access: from the start, unless they have what identifies the owner or opens the
    /// lock, and then once the owner has enrolled another second factor and unfrozen the account.
    fn is_thief_locked_out(&self, state: &State, access: PhoneAccess) -> bool {
        let is_in = access == PhoneAccess::OpenedLock || self.attacker.identifies_as_owner();
        !is_in || (state.owner.enrolled && state.owner.unfroze)
    }

    /// Whether the owner has lost what the documentation promises them: to be able to pay again, whatever was done before.
    fn is_owner_kept_out(&self, state: &State) -> bool {
        self.bounds.interleaving == Interleaving::Messages
            && !self.attacker.identifies_as_owner()
            && !self.owner_returns(state)
    }

    /// Whether anybody can pay although the account is frozen.
    fn is_frozen_account_charged(&self, state: &State) -> bool {
        let context = state.context(self.controls);
        state.active_account().is_some_and(|account| {
            let credential = account.credential(&context);
            account.is_frozen()
                && credential.is_some_and(|it| account.caps(it.number, &context).is_some())
        })
    }

    pub(crate) fn can_pay(&self, state: &State, actor: Actor) -> bool {
        let context = state.context(self.controls);
        let locked = state.attacker.locked.filter(|_| actor == Actor::Attacker);
        state.active_account().is_some_and(|account| {
            account.credential(&context).is_some_and(|credential| {
                credential.device == self.attacker.device(actor)
                    && locked.is_none_or(|(_, locked)| locked != credential.number)
                    && account.caps(credential.number, &context).is_some()
            })
        })
    }

    fn is_logged_in(&self, state: &State, actor: Actor) -> bool {
        let context = state.context(self.controls);
        let device = self.attacker.device(actor);
        let locked = state.attacker.locked.filter(|_| actor == Actor::Attacker);
        state.active_account().is_some_and(|account| {
            account.sessions(&context).any(|session| {
                session.device == device && locked.is_none_or(|(locked, _)| locked != session.id)
            })
        })
    }
}

impl StateModel for Model {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![initial_compromise(self.attacker)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.available_actions(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.execute(state, &action).map(|(next, _)| next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let [credential, reset, logged_in, pays, factor, address, unfrozen, reverted] = OWNER_GOALS;
        vec![
            Property::always(SPENDS, |model: &Self, state: &State| {
                !model.is_spending_breach(state)
            }),
            Property::always(LOGGED_IN, |model: &Self, state: &State| {
                !model.is_log_in_breach(state)
            }),
            Property::always(SPENT_FROZEN, |model: &Self, state: &State| {
                !model.is_frozen_account_charged(state)
            }),
            Property::always(KEPT_OUT, |model: &Self, state: &State| {
                !model.is_owner_kept_out(state)
            }),
            Property::sometimes(credential, |_, state: &State| state.owner.provisioned),
            Property::sometimes(reset, |_, state: &State| state.owner.reset_done),
            Property::sometimes(logged_in, |model: &Self, state: &State| {
                state.owner.reset_done && model.is_logged_in(state, Actor::Owner)
            }),
            Property::sometimes(pays, |model: &Self, state: &State| {
                state.owner.reset_done && model.can_pay(state, Actor::Owner)
            }),
            Property::sometimes(factor, |_, state: &State| state.owner.enrolled),
            Property::sometimes(address, |_, state: &State| state.owner.address_changed),
            Property::sometimes(unfrozen, |_, state: &State| state.owner.unfroze),
            Property::sometimes(reverted, |_, state: &State| state.owner.reverted),
        ]
    }
}
