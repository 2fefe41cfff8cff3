//! The search through every state that can be reached.

use stateright::{Checker, HasDiscoveries, Model as Checked, Property};
use tegata_policy::Controls;

use crate::act::{Act, Who};
use crate::errand::Errand;
use crate::past;
use crate::state::{Bounds, State};
use crate::thief::{Start, Thief};

/// A thief, the controls that are on, and how long a run can be.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Who attacks.
    pub thief: Thief,
    /// What protects the account.
    pub controls: Controls,
    /// What she does meanwhile.
    pub errands: &'static [Errand],
    /// How long.
    pub bounds: Bounds,
}

/// What a thief is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// A payment credential on his device that counts.
    Spend,
    /// A session on his device that counts.
    LogIn,
}

impl Goal {
    /// The name of its property.
    fn reached(self) -> &'static str {
        match self {
            Self::Spend => SPENDS,
            Self::LogIn => IS_IN,
        }
    }
}

/// A run: each state, and what was done in it.
pub type Run = Vec<(State, Act)>;

fn found(checker: &impl Checker<Model>, goal: Goal) -> Option<Run> {
    let path = checker.discovery(goal.reached())?.into_vec();
    Some(path.into_iter().filter_map(|(state, act)| Some((state, act?))).collect())
}

/// What a search found.
#[derive(Debug)]
pub struct Searched {
    /// How many states it looked at.
    pub states: usize,
    /// What the thief reaches, and how: a shortest run.
    pub breaches: Vec<(Goal, Run)>,
    /// What she never reaches, although she should.
    pub denied: Vec<&'static str>,
}

const SPENDS: &str = "the thief spends";
const IS_IN: &str = "the thief is logged in";
const HER: [&str; 8] = [
    "she has a new payment credential",
    "she resets her password",
    "she is logged in after that",
    "she pays after that",
    "she has another second factor",
    "she has another address",
    "she lets her account go again",
    "she takes the changes back",
];

impl Model {
    /// Looks at every state; at as many as it takes until the thief has what he is after, if that is named.
    #[must_use]
    pub fn search(self, threads: usize, goal: Option<Goal>) -> Searched {
        let one = |goal: Goal| HasDiscoveries::AnyOf([goal.reached()].into());
        let until = goal.map_or(HasDiscoveries::AllFailures, one);
        let checker = self.checker().threads(threads).finish_when(until).spawn_bfs().join();
        let breaches = [Goal::Spend, Goal::LogIn];
        let breaches = breaches.into_iter().filter_map(|goal| Some((goal, found(&checker, goal)?)));
        let reached = checker.discoveries();
        let denied = HER.into_iter().filter(|name| !reached.contains_key(name)).collect();
        Searched { states: checker.unique_state_count(), breaches: breaches.collect(), denied }
    }

    /// A shortest run to what the thief is after, if there is one: the checker's own stop at the first that it meets may
    /// be longer.
    #[must_use]
    pub fn shortest(self, goal: Goal) -> Option<Run> {
        let met = self.search(1, Some(goal)).breaches.into_iter().find(|met| met.0 == goal)?.1;
        let within = |steps: usize| {
            let checker = self.checker().threads(1).target_max_depth(steps + 2);
            found(&checker.spawn_bfs().join(), goal)
        };
        (0..met.len()).find_map(within).or(Some(met))
    }

    fn counts_as_spending(&self, state: &State) -> bool {
        // Who was in spends until she resets her password, or takes back what he changed.
        let rid_of_him = match self.thief.start {
            Start::Stranger | Start::OldPhone => true,
            Start::WasIn => state.she.reset_done,
            Start::Changed => state.she.took_back,
        };
        if !rid_of_him {
            return false;
        }
        self.pays(state, Who::He)
    }

    fn counts_as_in(&self, state: &State) -> bool {
        let rid_of_him = match self.thief.start {
            Start::Stranger => true,
            Start::OldPhone | Start::WasIn => state.she.reset_done,
            Start::Changed => state.she.took_back,
        };
        if !rid_of_him {
            return false;
        }
        self.is_in(state, Who::He)
    }

    fn pays(&self, state: &State, who: Who) -> bool {
        let context = state.context(self.controls);
        state.live().is_some_and(|live| {
            live.credential(&context).is_some_and(|credential| {
                credential.device == who.device()
                    && live.caps(credential.number, &context).is_some()
            })
        })
    }

    fn is_in(&self, state: &State, who: Who) -> bool {
        let context = state.context(self.controls);
        let device = who.device();
        state.live().is_some_and(|live| live.sessions(&context).any(|s| s.device == device))
    }
}

impl Checked for Model {
    type State = State;
    type Action = Act;

    fn init_states(&self) -> Vec<State> {
        vec![past::tonight(self.thief)]
    }

    fn actions(&self, state: &State, acts: &mut Vec<Act>) {
        self.possible(state, acts);
    }

    fn next_state(&self, state: &State, act: Act) -> Option<State> {
        self.step(state, &act).map(|(next, _)| next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let [credential, reset, again, pays, factor, address, let_go, undone] = HER;
        vec![
            Property::always(SPENDS, |model: &Self, state: &State| {
                !model.counts_as_spending(state)
            }),
            Property::always(IS_IN, |model: &Self, state: &State| !model.counts_as_in(state)),
            Property::sometimes(credential, |_, state: &State| state.she.provisioned),
            Property::sometimes(reset, |_, state: &State| state.she.reset_done),
            Property::sometimes(again, |model: &Self, state: &State| {
                state.she.reset_done && model.is_in(state, Who::She)
            }),
            Property::sometimes(pays, |model: &Self, state: &State| {
                state.she.reset_done && model.pays(state, Who::She)
            }),
            Property::sometimes(factor, |_, state: &State| state.she.enrolled),
            Property::sometimes(address, |_, state: &State| state.she.moved),
            Property::sometimes(let_go, |_, state: &State| state.she.unfroze),
            Property::sometimes(undone, |_, state: &State| state.she.took_back),
        ]
    }
}
