//! How it came to the night that the model begins with: all of it decided by the function itself, with all controls on.

use std::collections::BTreeSet;

use tegata::protocol::SessionId;
use tegata_policy::{
    Account, Controls, Decision, Effect, Event, ExpectedEvidence, MailRecipient, MatchResult,
    Notification, PolicyContext, Reply, ResetDestination, SecretId, SecretKind, begin_sign_up,
    decide,
};

use crate::act::{Given, Message, Who};
use crate::state::{He, She, State, context};
use crate::thief::{Start, Thief};

const DAY: i64 = 24 * 60 * 60;

/// The days before.
struct Past {
    account: Account,
    context: PolicyContext,
    step: u64,
    effects: Vec<(Who, Effect)>,
}

impl Past {
    /// She signs up, so many days before.
    fn begin(days: i64) -> Self {
        let night = context(0, Controls::ALL);
        let context = PolicyContext { now: night.now.shifted(-days * DAY), ..night };
        let (account, effects) = begin_sign_up(Who::She.device(), String::new(), false, &context);
        let effects = effects.into_iter().map(|effect| (Who::She, effect)).collect();
        let mut past = Self { account, context, step: 0, effects };
        past.are_over(0);
        let device = Who::She.device();
        past.told(Who::She, Event::VerifySignUpCode { device });
        past.told(Who::She, Event::VerifySignUpFactor { device });
        past
    }

    /// Days pass.
    fn are_over(&mut self, days: i64) {
        self.context.now = self.context.now.shifted(days * DAY);
        self.step = self.context.now.seconds() / 30;
    }

    /// A message whose comparisons all result what was right.
    fn done(&mut self, message: Message, who: Who) -> Reply {
        self.told(who, message.event(who.device(), [Given::Nothing; 2]))
    }

    fn told(&mut self, who: Who, mut event: Event) -> Reply {
        loop {
            let account = std::mem::replace(&mut self.account, Account::Closed);
            let Decision { account, effects, reply } = decide(account, event, &self.context);
            self.account = account;
            self.effects.extend(effects.into_iter().map(|effect| (who, effect)));
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

    fn logged_in(&mut self, who: Who) -> Option<SessionId> {
        match self.done(Message::LogIn { factor: true }, who) {
            Reply::LoggedIn { session, .. } => Some(session),
            _ => None,
        }
    }

    /// He makes the account his own, after a log-in.
    fn changed(&mut self, session: SessionId) {
        self.done(Message::MoveAddress { session }, Who::He);
        self.done(Message::MoveAddressCode { session }, Who::He);
        self.done(Message::Enrol { session }, Who::He);
        self.done(Message::EnrolCode { session }, Who::He);
        self.done(Message::RenewRecovery { session }, Who::He);
    }

    /// What this one put in its place.
    fn kept(&self, by: Who, kind: SecretKind) -> impl DoubleEndedIterator<Item = SecretId> {
        self.effects.iter().filter_map(move |(who, effect)| match effect {
            Effect::StoreSecret(id, kept) if (*who, *kept) == (by, kind) => Some(*id),
            _ => None,
        })
    }

    fn last(&self, by: Who, kind: SecretKind) -> SecretId {
        self.kept(by, kind).next_back().unwrap_or(SecretId(0))
    }

    /// The codes of notices, and where they went.
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

/// The state of that night.
pub(crate) fn tonight(thief: Thief) -> State {
    let mut past = Past::begin(10);
    let old = past.last(Who::She, SecretKind::Password);
    // She changed the password that he knows.
    if let Reply::ResetStarted(reset) =
        past.done(Message::Reset { to: ResetDestination::Verified }, Who::She)
    {
        past.done(Message::ResetCode { reset }, Who::She);
        past.done(Message::ResetFinish { reset }, Who::She);
    }
    let hers = past.logged_in(Who::She);
    if let Some(session) = hers {
        past.done(Message::Provision { session }, Who::She);
    }
    if thief.start == Start::Changed {
        past.are_over(9);
    }
    let his = if thief.start == Start::Stranger { None } else { past.logged_in(Who::He) };
    if let (Start::WasIn | Start::Changed, Some(session)) = (thief.start, his) {
        past.done(Message::Provision { session }, Who::He);
    }
    if let (Start::Changed, Some(session)) = (thief.start, his) {
        past.changed(session);
    }

    let factor = past.last(Who::She, SecretKind::Factor);
    let password = past.last(Who::She, SecretKind::Password);
    let addresses: BTreeSet<_> = past.kept(Who::He, SecretKind::Address).collect();
    let (his_notices, hers_of_them): (Vec<_>, Vec<_>) =
        past.notices().partition(|(to, _)| addresses.contains(to));
    let notices = his_notices.iter().chain(hers_of_them.iter().filter(|_| thief.mailbox));
    let held = if thief.factor { Some(factor) } else { None };
    State {
        waits: 0,
        typed: 0,
        she: She {
            password,
            factor,
            enrolling: None,
            session: hers,
            reset: None,
            code: None,
            sent: Vec::new(),
            recovery: None,
            move_code: None,
            notice: hers_of_them.last().map(|(_, code)| *code),
            reset_done: false,
            enrolled: false,
            moved: false,
            unfroze: false,
            took_back: false,
            provisioned: false,
            errands: 0,
        },
        he: He {
            passwords: if thief.password { [old, password].into() } else { [old].into() },
            codes: BTreeSet::new(),
            notices: notices.map(|(_, code)| *code).collect(),
            factors: past.kept(Who::He, SecretKind::Factor).chain(held).collect(),
            recovery: past.kept(Who::He, SecretKind::Recovery).take(1).collect(),
            seen: None,
            enrolling: None,
            move_code: None,
            session: his,
            resets: BTreeSet::new(),
            old_password: old,
            guessed: false,
            replayed: false,
            hopeless: 0,
            messages: 0,
            addresses,
        },
        under_way: Vec::new(),
        account: past.account,
    }
}
