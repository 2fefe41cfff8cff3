//! An issuer in memory. A secret is its id, and typing it is naming the id. Addresses are texts: two ids can hold the same
//! one.

use std::collections::{BTreeMap, BTreeSet};

use tegata::UnixTime;
use tegata::protocol::{DeviceId, Refusal, SessionId};

use super::super::decide;
use crate::limits::{DEVICES, RECOVERY_CODES, SESSIONS};
use crate::state::{
    Account, ActiveAccount, Evidence, PendingSignUp, Reset, RollbackSnapshot, SignUpStep,
};
use crate::*;

pub(super) const PHONE: DeviceId = DeviceId([1; 32]);
pub(super) const TABLET: DeviceId = DeviceId([2; 32]);
pub(super) const ATTACKER: DeviceId = DeviceId([9; 32]);

/// The address that the owner signs up with.
pub(super) const OWNER_ADDRESS: &str = "hanako@example.org";

pub(super) const MINUTE: u64 = 60;
pub(super) const DAY: u64 = 24 * 60 * MINUTE;

/// A value that someone types in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypedValue {
    /// A value that matches nothing.
    Wrong,
    /// A password, a mailed code or a recovery code.
    Secret(SecretId),
    /// The value of an authenticator at a time step.
    Value(SecretId, u64),
}

impl TypedValue {
    pub(super) fn kind(self) -> FactorKind {
        if matches!(self, Self::Secret(_)) { FactorKind::Recovery } else { FactorKind::Totp }
    }

    /// The result of comparing the value.
    fn result(self, expected: &ExpectedEvidence) -> MatchResult {
        match (expected, self) {
            (ExpectedEvidence::MailedCode(Some(stored)), Self::Secret(code)) if *stored == code => {
                MatchResult::Match
            }
            (ExpectedEvidence::Password(Some(stored)), Self::Secret(password))
                if *stored == password =>
            {
                MatchResult::Match
            }
            (
                ExpectedEvidence::Notice(codes) | ExpectedEvidence::Recovery(codes),
                Self::Secret(code),
            ) if codes.contains(&code) => MatchResult::Code(code),
            (ExpectedEvidence::Totp(Some((stored, after))), Self::Value(secret, step))
                if *stored == secret && step > *after =>
            {
                MatchResult::TotpStep(step)
            }
            _ => MatchResult::NoMatch,
        }
    }
}

/// An issuer with one account.
pub(super) struct TestIssuer {
    pub(super) account: Account,
    pub(super) context: PolicyContext,
    pub(super) mails: Vec<(SecretId, Notification)>,
    pub(super) audit_events: Vec<AuditEvent>,
    /// The address in requests from now on.
    pub(super) typed_address: String,
    stored: BTreeMap<SecretId, SecretKind>,
    addresses: BTreeMap<SecretId, String>,
    found_by: BTreeSet<String>,
    tokens: BTreeSet<SessionId>,
    /// The registration of a card that is stored.
    pub(super) card_setup: Option<CardSetupOrigin>,
}

impl TestIssuer {
    /// An issuer where a sign-up was begun on the phone.
    pub(super) fn with_pending_sign_up(taken: bool) -> Self {
        let context = PolicyContext {
            now: UnixTime::new(1_800_000_000).unwrap(),
            generation: Generation(1),
            used_up_to: 0,
            controls: Controls::ALL,
        };
        let (account, effects) = begin_sign_up(PHONE, "her phone".into(), taken, &context);
        let mut issuer = Self {
            account,
            context,
            mails: Vec::new(),
            audit_events: Vec::new(),
            typed_address: OWNER_ADDRESS.to_owned(),
            stored: BTreeMap::new(),
            addresses: BTreeMap::new(),
            found_by: BTreeSet::new(),
            card_setup: None,
            tokens: BTreeSet::new(),
        };
        issuer.apply_effects(effects);
        issuer.assert_invariants();
        issuer
    }

    /// An issuer with an owner who signed up on the phone.
    pub(super) fn with_account() -> Self {
        let mut issuer = Self::with_pending_sign_up(false);
        let code = issuer.last_code();
        let reply = issuer.run(Event::VerifySignUpCode { device: PHONE }, &[code]);
        let Reply::FactorSecret(factor) = reply else { panic!("{reply:?}") };
        let value = issuer.next_totp_of(factor);
        let reply = issuer.run(Event::VerifySignUpFactor { device: PHONE }, &[value]);
        assert!(matches!(reply, Reply::SignedUp { .. }), "{reply:?}");
        issuer
    }

    /// An issuer with an owner who signed up weeks ago and pays with the phone.
    pub(super) fn with_paying_account() -> Self {
        let mut issuer = Self::with_account();
        let session = issuer.session_on(PHONE).unwrap();
        issuer.advance(MINUTE);
        let reply = issuer.run(Event::Provision { session, device: PHONE, last_used: None }, &[]);
        assert!(matches!(reply, Reply::Provisioned(_)), "{reply:?}");
        issuer.advance(20 * DAY);
        assert_eq!(issuer.caps(), Some(Caps::Usual));
        issuer
    }

    pub(super) fn advance(&mut self, seconds: u64) {
        self.context.now = self.context.now.shifted(i64::try_from(seconds).unwrap());
    }

    pub(super) fn set_back(&mut self, seconds: u64) {
        self.context.now = self.context.now.shifted(-i64::try_from(seconds).unwrap());
    }

    pub(super) fn active(&self) -> &ActiveAccount {
        match &self.account {
            Account::Active(active) => active,
            other => panic!("no account: {other:?}"),
        }
    }

    /// Applies an event, and answers each comparison with the next of the typed values.
    pub(super) fn run(&mut self, event: Event, typed: &[TypedValue]) -> Reply {
        let mut typed = typed.iter();
        let mut reply = self.decide(event);
        while let Reply::VerificationRequired(verification) = reply {
            reply = self.complete(verification, typed.next().copied().unwrap_or(TypedValue::Wrong));
        }
        reply
    }

    /// Applies an event, and stops before the comparison.
    pub(super) fn start(&mut self, event: Event) -> PendingVerification {
        match self.decide(event) {
            Reply::VerificationRequired(verification) => verification,
            other => panic!("nothing to compare: {other:?}"),
        }
    }

    /// Compares, and reports the result.
    pub(super) fn complete(
        &mut self,
        verification: PendingVerification,
        typed: TypedValue,
    ) -> Reply {
        let result = typed.result(verification.expected());
        self.decide(Event::CompleteVerification { verification, result })
    }

    pub(super) fn decide(&mut self, event: Event) -> Reply {
        let was_closed = self.account == Account::Closed;
        let account = std::mem::replace(&mut self.account, Account::Closed);
        let Decision { account, effects, reply } = decide(account, event, &self.context);
        self.account = account;
        self.apply_effects(effects);
        self.assert_invariants();
        assert!(!was_closed || self.account == Account::Closed, "a closed account was reopened");
        reply
    }

    fn apply_effects(&mut self, effects: Vec<Effect>) {
        for effect in &effects {
            if let Effect::ReleaseAddress(id) = effect {
                assert!(self.found_by.remove(&self.addresses[id]), "it was found by that");
            }
        }
        for effect in effects {
            match effect {
                Effect::StoreSecret(id, kind) => {
                    // A mailed code may take the place of the oldest one.
                    let before =
                        self.stored.insert(id, kind).filter(|kind| *kind != SecretKind::MailedCode);
                    assert_eq!(before, None, "{id:?} was taken");
                    if kind == SecretKind::Address {
                        self.addresses.insert(id, self.typed_address.clone());
                    }
                }
                Effect::DeleteSecret(id) => {
                    assert!(self.stored.remove(&id).is_some(), "{id:?} was not stored");
                }
                Effect::SendMail { to, notification } => {
                    let to = address(to);
                    assert_eq!(
                        self.stored.get(&to),
                        Some(&SecretKind::Address),
                        "{notification:?}"
                    );
                    self.mails.push((to, notification));
                }
                Effect::ClaimAddress(id) => {
                    self.found_by.insert(self.addresses[&id].clone());
                }
                Effect::CreateSession(id) => assert!(self.tokens.insert(id)),
                Effect::EndSession(id) => assert!(self.tokens.remove(&id)),
                // Addresses were released before any was claimed.
                Effect::ReleaseAddress(_) | Effect::WriteCards => {}
                Effect::StoreCardSetup(origin) => self.card_setup = Some(origin),
                Effect::CancelCardSetup => self.card_setup = None,
                Effect::EraseAccount => {
                    self.stored.clear();
                    self.found_by.clear();
                    self.tokens.clear();
                }
                Effect::Audit(audit_event) => self.audit_events.push(audit_event),
            }
        }
    }

    /// Asserts that exactly the secrets named by the state are stored, tokens match sessions, the account is found by its
    /// address and by the one it can return to, nothing grows without bound, and the stored state reads back equal.
    fn assert_invariants(&self) {
        let named = named_secrets(&self.account);
        assert_eq!(self.stored, named.iter().copied().collect(), "stored, and named");
        assert_eq!(self.stored.len(), named.len(), "a secret is named twice: {named:?}");
        let mut found_by = BTreeSet::new();
        let mut tokens = BTreeSet::new();
        if let Account::Active(active) = &self.account {
            let addresses = evidences(active).map(|evidence| &self.addresses[&evidence.address]);
            found_by.extend(addresses.cloned());
            tokens.extend(active.sessions.iter().map(|session| session.id));
            assert!(active.sessions.len() <= SESSIONS && active.devices.len() <= DEVICES);
            let bound = 4 * DEVICES + 3 * limits::CODES_PENDING;
            assert!(active.resets.len() <= bound, "{:?}", active.resets);
            assert!(active.evidence.recovery.len() <= RECOVERY_CODES as usize);
            let codes = active.snapshot.as_ref().map_or(0, |snapshot| snapshot.codes.len());
            assert!(codes <= limits::CHANGES, "{codes} changes");
            let notices = active.snapshot.iter().flat_map(RollbackSnapshot::notices).count();
            assert!(notices <= limits::NOTICES, "{notices} notices");
        }
        assert_eq!(self.found_by, found_by);
        assert_eq!(self.tokens, tokens);
        let json = serde_json::to_string(&self.account).unwrap();
        assert_eq!(serde_json::from_str::<Account>(&json).unwrap(), self.account, "{json}");
    }

    /// The code in the last mail that has one.
    pub(super) fn last_code(&self) -> TypedValue {
        let codes = self.mails.iter().rev().find_map(|(_, notification)| match notification {
            Notification::SignUpCode { code }
            | Notification::ResetCode { code, .. }
            | Notification::LogInCode { code }
            | Notification::FreezeCode { code }
            | Notification::AddressCode { code }
            | Notification::EvidenceChanged { code, .. } => Some(*code),
            _ => None,
        });
        TypedValue::Secret(codes.unwrap())
    }

    /// Whether this mail was sent to the current address.
    pub(super) fn was_sent(&self, notification: &Notification) -> bool {
        self.mails
            .iter()
            .any(|mail| *mail == (self.active().evidence.address, notification.clone()))
    }

    pub(super) fn password(&self) -> TypedValue {
        TypedValue::Secret(self.active().password.unwrap())
    }

    /// The next value of the second factor, 30 seconds later.
    pub(super) fn next_totp(&mut self) -> TypedValue {
        self.next_totp_of(self.active().evidence.factor.secret)
    }

    pub(super) fn next_totp_of(&mut self, factor: SecretId) -> TypedValue {
        self.advance(30);
        TypedValue::Value(factor, self.context.now.seconds() / 30)
    }

    pub(super) fn recovery_code(&self) -> TypedValue {
        TypedValue::Secret(*self.active().evidence.recovery.first().unwrap())
    }

    pub(super) fn session_on(&self, device: DeviceId) -> Option<SessionId> {
        self.active().sessions(&self.context).filter(|s| s.device == device).last().map(|s| s.id)
    }

    /// The caps of the current credential.
    pub(super) fn caps(&self) -> Option<Caps> {
        let number = self.active().credential.map(|credential| credential.number);
        number.and_then(|number| self.active().caps(number, &self.context))
    }

    pub(super) fn log_in(
        &mut self,
        device: DeviceId,
        password: TypedValue,
        factor: Option<TypedValue>,
    ) -> Reply {
        self.log_in_by(Lane::Strangers, device, password, factor)
    }

    pub(super) fn log_in_by(
        &mut self,
        lane: Lane,
        device: DeviceId,
        password: TypedValue,
        factor: Option<TypedValue>,
    ) -> Reply {
        let name = "a phone".into();
        let event = Event::LogIn { device, name, factor: factor.map(TypedValue::kind), lane };
        self.run(event, &[password, factor.unwrap_or(TypedValue::Wrong)])
    }

    /// Logs in with password and second factor.
    pub(super) fn log_in_fully(&mut self, device: DeviceId) -> SessionId {
        let password = self.password();
        let value = self.next_totp();
        match self.log_in(device, password, Some(value)) {
            Reply::LoggedIn { session, .. } => session,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn request_reset(&mut self, device: DeviceId) -> ResetId {
        let to = ResetDestination::Verified;
        match self.decide(Event::RequestReset { device, to, within_budget: true }) {
            Reply::ResetStarted(reset) => reset,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn verify_reset(
        &mut self,
        reset: ResetId,
        device: DeviceId,
        code: TypedValue,
        factor: TypedValue,
    ) -> Reply {
        self.run(Event::VerifyReset { reset, device, factor: factor.kind() }, &[code, factor])
    }

    /// Requests a reset and verifies it, up to the new password.
    pub(super) fn request_and_verify_reset(&mut self, device: DeviceId) -> ResetId {
        let reset = self.request_reset(device);
        let code = self.last_code();
        let value = self.next_totp();
        let reply = self.verify_reset(reset, device, code, value);
        assert!(matches!(reply, Reply::ResetVerified), "{reply:?}");
        reset
    }

    pub(super) fn reset_password(&mut self, device: DeviceId) {
        let reset = self.request_and_verify_reset(device);
        let reply = self.decide(Event::FinishReset { reset, device });
        assert!(matches!(reply, Reply::Done), "{reply:?}");
    }

    /// Enrols another second factor.
    pub(super) fn enrol_factor(&mut self, session: SessionId) {
        let reply = self.run(Event::BeginFactorEnrolment { session }, &[]);
        let Reply::FactorSecret(factor) = reply else { panic!("{reply:?}") };
        let value = self.next_totp_of(factor);
        let reply = self.run(Event::VerifyFactorEnrolment { session }, &[value]);
        assert!(matches!(reply, Reply::Done), "{reply:?}");
    }

    /// Changes the address to one that the account never had.
    pub(super) fn change_address(&mut self, session: SessionId) {
        self.change_address_to(session, &format!("hanako-{}@example.org", self.addresses.len()));
    }

    pub(super) fn change_address_to(&mut self, session: SessionId, address: &str) {
        address.clone_into(&mut self.typed_address);
        let reply = self.run(Event::ChangeAddress { session }, &[]);
        assert!(matches!(reply, Reply::Done), "{reply:?}");
        let code = self.last_code();
        let reply = self.run(Event::VerifyNewAddress { session }, &[code]);
        assert!(matches!(reply, Reply::Done), "{reply:?}");
    }
}

/// The recipient of a mail, which is always a stored address.
fn address(to: MailRecipient) -> SecretId {
    match to {
        MailRecipient::Stored(address) => address,
        #[cfg(feature = "model")]
        MailRecipient::Unverified => panic!("a mail to a typed address"),
    }
}

/// The refusal in a reply.
#[track_caller]
pub(super) fn refusal(reply: Reply) -> Refusal {
    match reply {
        Reply::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn evidences(active: &ActiveAccount) -> impl Iterator<Item = &Evidence> {
    [Some(&active.evidence), active.snapshot.as_ref().map(|snapshot| &snapshot.evidence)]
        .into_iter()
        .flatten()
}

/// The secrets that a state names, each once, with their kinds.
fn named_secrets(account: &Account) -> Vec<(SecretId, SecretKind)> {
    use SecretKind::{Address, Factor, MailedCode, Notice, Password, Recovery};
    let active = match account {
        Account::Closed => return Vec::new(),
        Account::PendingSignUp(PendingSignUp { address, step, .. }) => {
            let step = match step {
                SignUpStep::CodeMailed(code) => vec![(code.secret, MailedCode)],
                SignUpStep::CodeVerified { password, factor, .. } => {
                    vec![(*password, Password), (*factor, Factor)]
                }
            };
            return [vec![(*address, Address)], step].concat();
        }
        Account::Active(active) => active,
    };
    let mut proves = BTreeSet::new();
    for evidence in evidences(active) {
        proves.insert((evidence.address, Address));
        proves.insert((evidence.factor.secret, Factor));
        proves.extend(evidence.recovery.iter().map(|code| (*code, Recovery)));
    }
    let mut named: Vec<_> = proves.into_iter().collect();
    named.extend(active.password.map(|password| (password, Password)));
    named.extend(active.enrolment.iter().map(|enrolment| (enrolment.secret, Factor)));
    if let Some(address_change) = &active.address_change {
        named.extend([(address_change.address, Address), (address_change.code.secret, MailedCode)]);
    }
    let notices = active.snapshot.iter().flat_map(RollbackSnapshot::notices);
    named.extend(notices.map(|code| (code, Notice)));
    let mailed = active.resets.iter().filter_map(Reset::code);
    named.extend(mailed.map(|code| (code.secret, MailedCode)));
    named
}
