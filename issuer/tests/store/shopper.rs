//! A shopper who signs up, by the policy's decisions, in a store.

use tegata::code::{AliasKey, AliasPeriod, CredentialId, Scheme, Seed, Step};
use tegata::protocol::{DeviceId, SessionId};
use tegata::{SystemRandom, UnixTime};
use tegata_issuer::crypto::{Keys, SealingContext};
use tegata_issuer::domain::{AccountId, EventId, MailId, RequestId, TokenHash, make_credential_id};
use tegata_issuer::store::{
    AccountChange, EventRow, GlobalState, MailPriority, MailQueue, NewCredential, OutboxMail,
    Store, audit_event_name,
};
use tegata_policy::{
    Account, Controls, Effect, Event, FactorKind, MatchResult, Notification, PolicyContext, Reply,
    SecretId, begin_sign_up, decide,
};

use crate::test_database::noon;

pub(crate) const ADDRESS: &str = "hana-canary@shop.example";
pub(crate) const SECRET: &[u8] = b"SECRET-CANARY-0123456";
pub(crate) const TOKEN: [u8; 32] = *b"TOKEN-CANARY-0123456789-01234567";

pub(crate) fn device() -> DeviceId {
    DeviceId([3; 32])
}

pub(crate) fn world(global_state: &GlobalState, now: UnixTime) -> PolicyContext {
    let GlobalState { generation, used_up_to, .. } = *global_state;
    PolicyContext { now, generation, used_up_to, controls: Controls::ALL }
}

pub(crate) fn event(now: UnixTime, deed: &str) -> EventRow {
    let id = EventId::make(now, 0, &SystemRandom::new()).unwrap();
    let deed = deed.to_owned();
    let actor = "operator".to_owned();
    EventRow { id, account: None, deed, actor, at: now, detail: "{}".to_owned() }
}

/// Gives the address that a secret's number stands for: [`ADDRESS`] for that of the sign-up, another for each other one.
fn address(kept: SecretId) -> String {
    if kept == SecretId(1) { ADDRESS.to_owned() } else { format!("{}.{ADDRESS}", kept.0) }
}

/// Makes the change that the effects of a decision write.
pub(crate) fn apply_effects(
    keys: &Keys,
    account: AccountId,
    state: Account,
    effects: Vec<Effect>,
    now: UnixTime,
) -> AccountChange {
    let random = SystemRandom::new();
    let mut change = AccountChange { state: Some(state), ..AccountChange::default() };
    for (place, effect) in (0..).zip(effects) {
        match effect {
            Effect::StoreSecret(id, kind) => {
                let sealed = keys.protect(account, id, kind, SECRET, &random).unwrap();
                change.secrets_stored.push((id, kind, sealed));
            }
            Effect::DeleteSecret(id) => change.secrets_deleted.push(id),
            Effect::SendMail { notification, .. } => {
                let is_sign_up = matches!(notification, Notification::SignUpCode { .. });
                let priority =
                    if is_sign_up { MailPriority::SignUp } else { MailPriority::AccountMail };
                change.outbox.push(OutboxMail { priority, ..mail(keys, account, now) });
            }
            Effect::ClaimAddress(id) => change.handles_claimed.push(keys.handle(&address(id))),
            Effect::ReleaseAddress(id) => change.handles_released.push(keys.handle(&address(id))),
            Effect::CreateSession(id) => change.sessions_created.push((TokenHash::of(&TOKEN), id)),
            Effect::EndSession(id) => change.sessions_ended.push(id),
            Effect::WriteCards | Effect::StoreCardSetup(_) => {}
            Effect::CancelCardSetup => change.cancel_card_setup = true,
            Effect::EraseAccount => change.erase = true,
            Effect::Audit(done) => {
                let id = EventId::make(now, place, &random).unwrap();
                let deed = audit_event_name(done);
                let actor = "shopper".to_owned();
                let detail = "{}".to_owned();
                let account = Some(account);
                change.events.push(EventRow { id, account, deed, actor, at: now, detail });
            }
        }
    }
    change
}

pub(crate) fn mail(keys: &Keys, account: AccountId, now: UnixTime) -> OutboxMail {
    let random = SystemRandom::new();
    let id = MailId::make(now, &random).unwrap();
    let letter = format!("to {ADDRESS}: 12345678");
    let letter = keys.seal(SealingContext::Mail(account, id), letter.as_bytes(), &random).unwrap();
    OutboxMail {
        id,
        made: now,
        expires: now.shifted(3 * 24 * 3600),
        priority: MailPriority::AccountMail,
        queue: MailQueue::default(),
        content: letter,
    }
}

/// Begins a sign-up; gives its account.
pub(crate) async fn begin(store: &Store, keys: &std::sync::Arc<Keys>) -> AccountId {
    let account = AccountId::make(noon(), &SystemRandom::new()).unwrap();
    let keys = keys.clone();
    let opened = store.create(account, move |global_state| {
        let (state, effects) =
            begin_sign_up(device(), "phone".into(), false, &world(global_state, noon()));
        (apply_effects(&keys, account, state, effects, noon()), ())
    });
    opened.await.unwrap();
    account
}

/// Signs up; gives the account, its session and its recovery codes.
pub(crate) async fn sign_up(
    store: &Store,
    keys: &std::sync::Arc<Keys>,
) -> (AccountId, SessionId, Vec<SecretId>) {
    let account = begin(store, keys).await;
    let step = noon().seconds() / 30;
    verify(
        store,
        keys,
        account,
        || Event::VerifySignUpCode { device: device() },
        MatchResult::Match,
    )
    .await;
    let factor = || Event::VerifySignUpFactor { device: device() };
    match verify(store, keys, account, factor, MatchResult::TotpStep(step)).await {
        Reply::SignedUp { session, recovery } => (account, session, recovery),
        other => panic!("{other:?}"),
    }
}

/// Decides about an event that needs a verification, and about its outcome, in one change.
async fn verify(
    store: &Store,
    keys: &std::sync::Arc<Keys>,
    account: AccountId,
    event: impl Fn() -> Event + Send + Sync + 'static,
    found: MatchResult,
) -> Reply {
    let keys = keys.clone();
    let changed = store.change(account, move |loaded| {
        let world = world(&loaded.global_state, noon());
        let asked = decide(loaded.state.clone(), event(), &world);
        let Reply::VerificationRequired(check) = asked.reply else { panic!("{:?}", asked.reply) };
        let verified = decide(
            asked.account,
            Event::CompleteVerification { verification: check, result: found },
            &world,
        );
        let effects = asked.effects.into_iter().chain(verified.effects).collect();
        (apply_effects(&keys, account, verified.account, effects, noon()), verified.reply)
    });
    changed.await.unwrap()
}

pub(crate) fn scheme() -> Scheme {
    Scheme { prefix: "4960".parse().unwrap(), alias_period: AliasPeriod::new(3600).unwrap() }
}

/// Makes a payment seed of equal bytes.
pub(crate) fn seed(byte: u8) -> Seed {
    Seed::from_slice(&[byte; 32]).unwrap()
}

/// Provisions a payment credential with this seed, in a request of the same byte, at this moment.
pub(crate) async fn provision(
    store: &Store,
    keys: &std::sync::Arc<Keys>,
    (account, session): (AccountId, SessionId),
    byte: u8,
    now: UnixTime,
) -> CredentialId {
    let keys = keys.clone();
    let random = SystemRandom::new();
    let request = RequestId([byte; 16]);
    let id = make_credential_id(now, &random).unwrap();
    let provisioned = store.provision(account, request, move |loaded, context| {
        assert!(context.requested.is_none());
        let asked = Event::Provision { session, device: device(), last_used: None };
        let decided = decide(loaded.state.clone(), asked, &world(&loaded.global_state, noon()));
        let Reply::Provisioned(number) = decided.reply else { panic!("{:?}", decided.reply) };
        let scheme = scheme();
        let seed = seed(byte);
        let periods = now.seconds() / 3600;
        let alias = |period: u64| {
            let step = Step::at(UnixTime::new(period * 3600).unwrap());
            (period, AliasKey::new(&seed).derive(&scheme.prefix, scheme.alias_period, step))
        };
        let mut change = apply_effects(&keys, account, decided.account, decided.effects, noon());
        change.credential = Some(NewCredential {
            id,
            number,
            scheme,
            seed: keys.seal_seed(account, id, &seed, &random).unwrap(),
            request,
            request_hash: [byte; 32],
            made: now,
            aliases: [periods - 1, periods, periods + 1].map(alias).to_vec(),
        });
        (change, ())
    });
    provisioned.await.unwrap();
    id
}

/// Gives the step of the second factor after which a log-in on the known device would accept one.
pub(crate) fn factor_after(state: &Account, global_state: &GlobalState, now: UnixTime) -> u64 {
    use tegata_policy::ExpectedEvidence;
    let world = world(global_state, now);
    let name = "phone".to_owned();
    let log_in = Event::LogIn {
        device: device(),
        name,
        factor: Some(FactorKind::Totp),
        lane: tegata_policy::Lane::Strangers,
    };
    let asked = decide(state.clone(), log_in, &world);
    let Reply::VerificationRequired(check) = asked.reply else { panic!("{:?}", asked.reply) };
    let found = MatchResult::Match;
    let verified = decide(
        asked.account,
        Event::CompleteVerification { verification: check, result: found },
        &world,
    );
    let Reply::VerificationRequired(check) = verified.reply else { panic!("{:?}", verified.reply) };
    match check.expected() {
        ExpectedEvidence::Totp(Some((_, after))) => *after,
        other => panic!("{other:?}"),
    }
}
