//! The state that a run begins with, produced by the issuer's own function with all controls on.

use std::collections::BTreeSet;

use tegata::protocol::SessionId;
use tegata_policy::{
    Account, Controls, Decision, Effect, Event, ExpectedEvidence, Lane, MailRecipient, MatchResult,
    Notification, PolicyContext, Reply, ResetDestination, SecretId, SecretKind, begin_sign_up,
    decide, limits,
};

use crate::action::{Actor, Circumstances, Message, TypedValue};
use crate::attacker::{Attacker, Foothold, PhoneAccess};
use crate::state::{AttackerState, OwnerState, State, context};

/// An attacker without a phone of the owner's, who gives each actor the device of these days.
const DEVICES: Attacker = Attacker::OF_2019;
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
            begin_sign_up(DEVICES.device(Actor::Owner), String::new(), false, &context);
        let effects = effects.into_iter().map(|effect| (Actor::Owner, effect)).collect();
        let mut history = Self { account, context, step: 0, effects };
        history.advance(0);
        let device = DEVICES.device(Actor::Owner);
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
        let device = DEVICES.device(actor);
        let with = Circumstances { device, owner_pays: false, lane: Lane::Strangers };
        self.apply(actor, message.event([TypedValue::Nothing; 2], with))
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

    /// The owner replaces address and second factor, the recovery codes as well or not, and sets up payments again.
    fn replace_evidence(&mut self, with_codes: bool) -> Option<SessionId> {
        let session = self.log_in(Actor::Owner)?;
        self.send(Message::ChangeAddress { session }, Actor::Owner);
        self.send(Message::VerifyNewAddress { session }, Actor::Owner);
        if with_codes {
            self.send(Message::RenewRecoveryCodes { session }, Actor::Owner);
        }
        self.send(Message::BeginFactorEnrolment { session }, Actor::Owner);
        self.send(Message::VerifyFactorEnrolment { session }, Actor::Owner);
        self.send(Message::Provision { session }, Actor::Owner);
        Some(session)
    }

    /// The attacker breaks in, as far as they did so before the run.
    fn break_in(&mut self, foothold: Foothold) -> Option<SessionId> {
        let session = match foothold {
            Foothold::OldPhone | Foothold::PastAccess | Foothold::Takeover | Foothold::Replaced => {
                self.log_in(Actor::Attacker)?
            }
            Foothold::UnknownDevice
            | Foothold::StolenPhone(_)
            | Foothold::ReplacedMailbox
            | Foothold::ReplacedCodes => return None,
        };
        if matches!(foothold, Foothold::PastAccess | Foothold::Takeover) {
            self.send(Message::Provision { session }, Actor::Attacker);
        }
        if foothold == Foothold::Takeover {
            self.take_over(session);
        }
        Some(session)
    }

    /// The owner replaces what the attacker had, if they did so before the run.
    fn replace_what_was_stolen(&mut self, foothold: Foothold) -> Option<SessionId> {
        match foothold {
            Foothold::Replaced => {
                self.advance(5);
                self.replace_factor()
            }
            Foothold::ReplacedMailbox => {
                self.advance(5);
                self.replace_evidence(false)
            }
            Foothold::ReplacedCodes => {
                self.advance(2);
                self.replace_evidence(true)
            }
            _ => None,
        }
    }

    /// The owner's recovery codes; where they were renewed, the later ones.
    fn recovery_codes(&self) -> Vec<SecretId> {
        let codes: Vec<_> = self.secrets(Actor::Owner, SecretKind::Recovery).collect();
        let earlier = codes.len().saturating_sub(limits::RECOVERY_CODES as usize);
        codes[earlier..].to_vec()
    }

    /// The session and the credential of the owner's phone.
    fn wallet(
        &self,
        session: Option<SessionId>,
    ) -> Option<(SessionId, tegata_policy::CredentialNumber)> {
        let Account::Active(account) = &self.account else { return None };
        session.zip(account.credential(&self.context).map(|credential| credential.number))
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
    let attacker_session = history.break_in(attacker.foothold);
    let old_factor = history.last_secret(Actor::Owner, SecretKind::Factor);
    let old_address = history.last_secret(Actor::Owner, SecretKind::Address);
    let old_code = history.last_secret(Actor::Owner, SecretKind::Recovery);
    let owner_session = history.replace_what_was_stolen(attacker.foothold).or(owner_session);
    let factor = history.last_secret(Actor::Owner, SecretKind::Factor);
    let password = history.last_secret(Actor::Owner, SecretKind::Password);
    let addresses: BTreeSet<_> = history
        .secrets(Actor::Attacker, SecretKind::Address)
        .chain(attacker.foothold.had_mailbox().then_some(old_address))
        .collect();
    let (attacker_notices, owner_notices): (Vec<_>, Vec<_>) =
        history.notices().partition(|(to, _)| addresses.contains(to));
    let notices = attacker_notices.iter().chain(owner_notices.iter().filter(|_| attacker.mailbox));
    let held_factor = if attacker.foothold.is_replaced() {
        Some(old_factor)
    } else {
        attacker.factor.then_some(factor)
    };
    let held_code = (attacker.foothold == Foothold::ReplacedCodes).then_some(old_code);
    let (wallet_session, locked) = match attacker.foothold {
        Foothold::StolenPhone(PhoneAccess::OpenedLock) => (owner_session, None),
        Foothold::StolenPhone(_) => (None, history.wallet(owner_session)),
        _ => (attacker_session, None),
    };
    let is_stolen = matches!(attacker.foothold, Foothold::StolenPhone(_));
    State {
        waits: 0,
        elapsed: 0,
        values_typed: 0,
        owner: OwnerState::new(
            password,
            factor,
            owner_session.filter(|_| !is_stolen),
            owner_notices.last().map(|(_, code)| *code),
            history.recovery_codes(),
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
            recovery: history
                .secrets(Actor::Attacker, SecretKind::Recovery)
                .take(1)
                .chain(held_code)
                .collect(),
            // Of a replaced phone it is over.
            session: wallet_session.filter(|_| attacker.foothold != Foothold::Replaced),
            locked,
            addresses,
            ..AttackerState::new(old_password)
        },
        pending: Vec::new(),
        account: history.account,
    }
}
