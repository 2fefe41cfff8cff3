//! The state that a run begins with, produced by the issuer's own function with all controls on.

use std::collections::BTreeSet;

use tegata::protocol::SessionId;
use tegata_policy::{
    Account, Controls, Decision, Effect, Event, ExpectedEvidence, MailRecipient, MatchResult,
    Notification, PolicyContext, Reply, ResetDestination, SecretId, SecretKind, begin_sign_up,
    decide,
};

use crate::action::{Actor, Message, TypedValue};
use crate::attacker::{Attacker, Foothold};
use crate::state::{AttackerState, OwnerState, State, context};

const DAY: i64 = 24 * 60 * 60;

/// The days before the run.
struct History {
    account: Account,
    context: PolicyContext,
    step: u64,
    effects: Vec<(Actor, Effect)>,
}

impl History {
    /// The owner signs up, `days` before the run.
    fn begin(days: i64) -> Self {
        let start = context(0, Controls::ALL);
        let context = PolicyContext { now: start.now.shifted(-days * DAY), ..start };
        let (account, effects) =
            begin_sign_up(Actor::Owner.device(), String::new(), false, &context);
        let effects = effects.into_iter().map(|effect| (Actor::Owner, effect)).collect();
        let mut history = Self { account, context, step: 0, effects };
        history.advance(0);
        let device = Actor::Owner.device();
        history.apply(Actor::Owner, Event::VerifySignUpCode { device });
        history.apply(Actor::Owner, Event::VerifySignUpFactor { device });
        history
    }

    /// Lets days pass.
    fn advance(&mut self, days: i64) {
        self.context.now = self.context.now.shifted(days * DAY);
        self.step = self.context.now.seconds() / 30;
    }

    /// Sends a message whose comparisons all match.
    fn send(&mut self, message: Message, actor: Actor) -> Reply {
        self.apply(actor, message.event(actor.device(), [TypedValue::Nothing; 2], false))
    }

    fn apply(&mut self, actor: Actor, mut event: Event) -> Reply {
        loop {
            let account = std::mem::replace(&mut self.account, Account::Closed);
            let Decision { account, effects, reply } = decide(account, event, &self.context);
            self.account = account;
            self.effects.extend(effects.into_iter().map(|effect| (actor, effect)));
            let Reply::VerificationRequired(verification) = reply else { return reply };
            let result = match verification.expected() {
                ExpectedEvidence::Totp(_) => {
                    self.step += 1;
                    MatchResult::TotpStep(self.step)
                }
                _ => MatchResult::Match,
            };
            event = Event::CompleteVerification { verification, result };
        }
    }

    fn log_in(&mut self, actor: Actor) -> Option<SessionId> {
        match self.send(Message::LogIn { factor: true }, actor) {
            Reply::LoggedIn { session, .. } => Some(session),
            _ => None,
        }
    }

    /// The attacker changes all of the account's evidence.
    fn take_over(&mut self, session: SessionId) {
        self.send(Message::ChangeAddress { session }, Actor::Attacker);
        self.send(Message::VerifyNewAddress { session }, Actor::Attacker);
        self.send(Message::BeginFactorEnrolment { session }, Actor::Attacker);
        self.send(Message::VerifyFactorEnrolment { session }, Actor::Attacker);
        self.send(Message::RenewRecoveryCodes { session }, Actor::Attacker);
    }

    /// The owner replaces the password that the attacker knows, logs in and sets up payments.
    fn replace_password(&mut self) -> Option<SessionId> {
        let to = ResetDestination::Verified;
        if let Reply::ResetStarted(reset) = self.send(Message::RequestReset { to }, Actor::Owner) {
            self.send(Message::VerifyReset { reset }, Actor::Owner);
            self.send(Message::FinishReset { reset }, Actor::Owner);
        }
        let session = self.log_in(Actor::Owner)?;
        self.send(Message::Provision { session }, Actor::Owner);
        Some(session)
    }

    /// The owner replaces the second factor, which forgets the other phone, and sets up payments again.
    fn replace_factor(&mut self) -> Option<SessionId> {
        let session = self.log_in(Actor::Owner)?;
        self.send(Message::BeginFactorEnrolment { session }, Actor::Owner);
        self.send(Message::VerifyFactorEnrolment { session }, Actor::Owner);
        self.send(Message::Provision { session }, Actor::Owner);
        Some(session)
    }

    /// The secrets of a kind that were stored at the request of an actor.
    fn secrets(&self, by: Actor, kind: SecretKind) -> impl DoubleEndedIterator<Item = SecretId> {
        self.effects.iter().filter_map(move |(actor, effect)| match effect {
            Effect::StoreSecret(id, stored) if (*actor, *stored) == (by, kind) => Some(*id),
            _ => None,
        })
    }

    fn last_secret(&self, by: Actor, kind: SecretKind) -> SecretId {
        self.secrets(by, kind).next_back().unwrap_or(SecretId(0))
    }

    /// The codes of notices, and the addresses that they were mailed to.
    fn notices(&self) -> impl Iterator<Item = (SecretId, SecretId)> {
        self.effects.iter().filter_map(|(_, effect)| match effect {
            Effect::SendMail {
                to: MailRecipient::Stored(to),
                notification: Notification::EvidenceChanged { code, .. },
            } => Some((*to, *code)),
            _ => None,
        })
    }
}

/// The state that runs against this attacker begin with.
pub(crate) fn initial_compromise(attacker: Attacker) -> State {
    let mut history = History::begin(10);
    let old_password = history.last_secret(Actor::Owner, SecretKind::Password);
    let owner_session = history.replace_password();
    if attacker.foothold == Foothold::Takeover {
        history.advance(9);
    }
    let attacker_session = if attacker.foothold == Foothold::UnknownDevice {
        None
    } else {
        history.log_in(Actor::Attacker)
    };
    if let (Foothold::PastAccess | Foothold::Takeover, Some(session)) =
        (attacker.foothold, attacker_session)
    {
        history.send(Message::Provision { session }, Actor::Attacker);
    }
    if let (Foothold::Takeover, Some(session)) = (attacker.foothold, attacker_session) {
        history.take_over(session);
    }

    let old_factor = history.last_secret(Actor::Owner, SecretKind::Factor);
    let owner_session = if attacker.foothold == Foothold::Replaced {
        history.advance(5);
        history.replace_factor()
    } else {
        owner_session
    };

    let factor = history.last_secret(Actor::Owner, SecretKind::Factor);
    let password = history.last_secret(Actor::Owner, SecretKind::Password);
    let addresses: BTreeSet<_> = history.secrets(Actor::Attacker, SecretKind::Address).collect();
    let (attacker_notices, owner_notices): (Vec<_>, Vec<_>) =
        history.notices().partition(|(to, _)| addresses.contains(to));
    let notices = attacker_notices.iter().chain(owner_notices.iter().filter(|_| attacker.mailbox));
    let held_factor = match attacker.foothold {
        Foothold::Replaced => Some(old_factor),
        _ => attacker.factor.then_some(factor),
    };
    let recovery = match attacker.foothold {
        Foothold::Takeover => history.secrets(Actor::Owner, SecretKind::Recovery).next(),
        _ => None,
    };
    State {
        waits: 0,
        values_typed: 0,
        owner: OwnerState::new(
            password,
            factor,
            owner_session,
            owner_notices.last().map(|(_, code)| *code),
            recovery,
        ),
        attacker: AttackerState {
            passwords: if attacker.password {
                [old_password, password].into()
            } else {
                [old_password].into()
            },
            notices: notices.map(|(_, code)| *code).collect(),
            factors: history
                .secrets(Actor::Attacker, SecretKind::Factor)
                .chain(held_factor)
                .collect(),
            recovery: history.secrets(Actor::Attacker, SecretKind::Recovery).take(1).collect(),
            // Of a replaced phone it is over.
            session: attacker_session.filter(|_| attacker.foothold != Foothold::Replaced),
            addresses,
            ..AttackerState::new(old_password)
        },
        pending: Vec::new(),
        account: history.account,
    }
}
