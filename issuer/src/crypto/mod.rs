//! The issuer's keys: what is sealed and hashed with them, and how each of them is replaced.
//!
//! ```text
//! server key (file, environment, key service)
//!    └─ wraps  root 0           codes, addresses, tickets, challenges, signed requests, numbers that leave, checkpoints of the log,
//!                               cards of tills: HKDF with a label each
//!       wraps  roots 1, 2, …    sealing; the highest seals, the others still open
//! ```
//! Another server key rewraps these few rows: nothing that was sealed or hashed changes. Another sealing root has the
//! secrets sealed anew, in batches. Root 0 stays, or no recovery code would count and no address be found any more
//! (docs/adr/0020-server-key-only-wraps-keys.md).

mod derive;
mod message_key;
mod outward;
mod sealing;
mod seeds;
mod service;
mod ticket;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};
use tegata::code::TillId;
use tegata::protocol::PaymentNumber;
use tegata::{Random, RandomUnavailable, Secret};
use tegata_policy::{SecretId, SecretKind};
use zeroize::Zeroizing;

use crate::domain::Sealed;
use crate::domain::secret_kind_number;
pub use sealing::SealingContext;
pub use service::{KeyService, WrongKey};
pub use ticket::TicketPurpose;

use crate::domain::{
    AccountId, AuthorisationId, EventId, HandleKey, MailId, ManagerCode, ManagerCodeHash,
    ThrottleKey, WrappedKey,
};
use derive::derive;
pub(crate) use message_key::MessageKey;
use outward::OutwardKey;
use sealing::SealingKey;
use ticket::TicketKey;

/// Why there are no keys, or not this one.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The store's keys were wrapped under another server key, or are damaged.
    #[error("the server key is not the one that wraps this store's keys")]
    WrongKey,
    /// What was sealed does not belong there, was changed, or was sealed under a key that is not there.
    #[error("a sealed value cannot be opened")]
    NotOpened,
    /// The key that this process seals with was deleted while it did not run.
    #[error("the sealing key of this process was deleted: start it anew")]
    KeyRetired,
    /// All 255 sealing keys were used.
    #[error("no id is left for another sealing key")]
    NoNumberLeft,
    /// The operating system gives no randomness.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

impl From<WrongKey> for KeysError {
    fn from(WrongKey: WrongKey) -> Self {
        Self::WrongKey
    }
}

/// The issuer's keys, unwrapped.
pub struct Keys {
    code: hmac::Key,
    handle: hmac::Key,
    throttle: hmac::Key,
    manager: hmac::Key,
    challenge: hmac::Key,
    signed_request: hmac::Key,
    ticket: TicketKey,
    outward: OutwardKey,
    log: Ed25519KeyPair,
    till_card: Ed25519KeyPair,
    sealing: BTreeMap<u8, SealingKey>,
    /// Whether the newest key was deleted from the store.
    is_retired: AtomicBool,
}

/// The root that is not for sealing.
const INDEX: u8 = 0;

impl Keys {
    /// Makes the first two roots, wrapped under the server key.
    ///
    /// # Errors
    /// `Random`.
    pub(crate) fn make_roots(
        service: &dyn KeyService,
        random: &dyn Random,
    ) -> Result<Vec<WrappedKey>, KeysError> {
        [INDEX, 1].map(|number| make_root(number, service, random)).into_iter().collect()
    }

    /// Unwraps the keys of these rows.
    ///
    /// # Errors
    /// `WrongKey`, also if one of the first two is missing.
    pub(crate) fn unwrap(
        rows: Vec<WrappedKey>,
        service: &dyn KeyService,
    ) -> Result<Self, KeysError> {
        let mut index = None;
        let mut sealing = BTreeMap::new();
        for WrappedKey { number, wrapped } in rows {
            let root = service.unwrap(number, &wrapped)?;
            if number == INDEX {
                index = Some(root);
            } else {
                sealing.insert(number, SealingKey::new(&derive(&root, "seal")));
            }
        }
        let index = index.filter(|_| !sealing.is_empty()).ok_or(KeysError::WrongKey)?;
        let mac = |label| hmac::Key::new(hmac::HMAC_SHA256, &*derive(&index, label));
        let sign = |label| Ed25519KeyPair::from_seed_unchecked(&*derive(&index, label));
        Ok(Self {
            code: mac("code"),
            handle: mac("handle"),
            throttle: mac("throttle"),
            manager: mac("manager-code"),
            challenge: mac("challenge"),
            signed_request: message_key::root(&derive(&index, "signed-request")),
            ticket: TicketKey::new(&derive(&index, "ticket")),
            outward: OutwardKey::new(&derive(&index, "outward-number")),
            log: sign("log").map_err(|_| KeysError::WrongKey)?,
            till_card: sign("till-card").map_err(|_| KeysError::WrongKey)?,
            sealing,
            is_retired: AtomicBool::new(false),
        })
    }

    /// Seals nothing from now on: the newest key here is no longer one of the store's.
    pub(crate) fn stop_sealing(&self) {
        self.is_retired.store(true, Ordering::Release);
    }

    /// Numbers the sealing roots that are older than the newest, which alone seals.
    pub(crate) fn older_roots(&self) -> impl Iterator<Item = u8> {
        self.sealing.keys().copied().filter(|number| *number < self.newest_root())
    }

    /// Gives the number of the root that seals.
    pub(crate) fn newest_root(&self) -> u8 {
        self.sealing.last_key_value().map_or(0, |(number, _)| *number)
    }

    /// Gives what an account is found by: the keyed hash of the address in its canonical form.
    #[must_use]
    pub fn handle(&self, canonical: &str) -> HandleKey {
        HandleKey(tag(&self.handle, &[canonical.as_bytes()]))
    }

    /// Gives the key that attempts are counted under, which says neither whose they are nor at what.
    #[must_use]
    pub fn throttle(&self, purpose: &str, who: &[u8]) -> ThrottleKey {
        ThrottleKey(tag(&self.throttle, &[purpose.as_bytes(), &[0], who]))
    }

    /// Gives what is stored of a manager's code at a till.
    #[must_use]
    pub fn manager_code(&self, till: &TillId, code: &ManagerCode) -> ManagerCodeHash {
        let parts = [till.as_str().as_bytes(), &[0], code.expose().as_bytes()];
        ManagerCodeHash(tag(&self.manager, &parts))
    }

    /// Gives the tag of a challenge, which only this issuer can make.
    #[must_use]
    pub fn challenge_tag(&self, message: &[u8]) -> [u8; 32] {
        tag(&self.challenge, &[message])
    }

    /// Tells, in constant time, whether this is the tag of a challenge.
    #[must_use]
    pub fn is_challenge_tag(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.challenge, message, tag).is_ok()
    }

    /// Derives what a signed message is recognised by, and the key of its answer, from these parts of it.
    pub(crate) fn message_key(&self, parts: &[&[u8]]) -> MessageKey {
        MessageKey::derive(&self.signed_request, parts)
    }

    /// Protects a secret as it is stored: a code of any kind becomes a hash that nobody can guess at without the key,
    /// everything else is sealed.
    ///
    /// # Errors
    /// `Random`.
    pub fn protect(
        &self,
        account: AccountId,
        id: SecretId,
        kind: SecretKind,
        secret: &[u8],
        random: &dyn Random,
    ) -> Result<Sealed, KeysError> {
        match kind {
            SecretKind::MailedCode | SecretKind::Recovery | SecretKind::Notice => {
                let hash = tag(&self.code, &[&code_place(account, id, kind), secret]);
                Ok(Sealed { key: INDEX, bytes: hash.to_vec() })
            }
            SecretKind::Address | SecretKind::Password | SecretKind::Factor => {
                self.seal(SealingContext::Secret(account, id, kind), secret, random)
            }
        }
    }

    /// Tells whether this is the code that is stored there. Takes as long whether it is or not.
    #[must_use]
    pub fn is_code(
        &self,
        account: AccountId,
        id: SecretId,
        kind: SecretKind,
        kept: &Sealed,
        given: &[u8],
    ) -> bool {
        let mut message = Zeroizing::new(code_place(account, id, kind).to_vec());
        message.extend_from_slice(given);
        kept.key == INDEX && hmac::verify(&self.code, &message, &kept.bytes).is_ok()
    }

    /// Seals what belongs in this place, under the newest key.
    ///
    /// # Errors
    /// `Random`; `KeyRetired` if that key was deleted meanwhile.
    pub fn seal(
        &self,
        place: SealingContext,
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<Sealed, KeysError> {
        if self.is_retired.load(Ordering::Acquire) {
            return Err(KeysError::KeyRetired);
        }
        let (number, key) = self.sealing.last_key_value().ok_or(KeysError::WrongKey)?;
        Ok(Sealed { key: *number, bytes: key.seal(&place.name(), plain, random)? })
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// `NotOpened`.
    pub fn open_sealed(
        &self,
        place: SealingContext,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, KeysError> {
        let key = self.sealing.get(&sealed.key).ok_or(KeysError::NotOpened)?;
        key.open(&place.name(), &sealed.bytes).ok_or(KeysError::NotOpened)
    }

    /// Makes a ticket for the app that stands for a sign-up or a reset, and tells nobody else anything. One for an account
    /// that does not exist looks the same.
    ///
    /// # Errors
    /// `Random`.
    pub fn ticket(
        &self,
        purpose: TicketPurpose,
        account: AccountId,
        number: u32,
        random: &dyn Random,
    ) -> Result<String, KeysError> {
        Ok(self.ticket.write(purpose, account, number, random)?)
    }

    /// Reads a ticket; `None` if the issuer made none like it for this purpose.
    #[must_use]
    pub fn read_ticket(&self, purpose: TicketPurpose, ticket: &str) -> Option<(AccountId, u32)> {
        self.ticket.read(purpose, ticket)
    }

    /// Gives the number under which a payment is known to tills, shoppers and operators.
    #[must_use]
    pub fn payment_number(&self, id: AuthorisationId) -> PaymentNumber {
        PaymentNumber(self.outward.conceal(id.0))
    }

    /// Gives the id of the payment that has this number, if there is such a payment.
    #[must_use]
    pub fn authorisation_id(&self, number: PaymentNumber) -> AuthorisationId {
        AuthorisationId(self.outward.reveal(number.0))
    }

    /// Gives the number under which account owners see an event.
    #[must_use]
    pub fn event_number(&self, id: EventId) -> EventId {
        EventId(self.outward.conceal(id.0))
    }

    /// Gives the id of the event that has this number, if there is such an event.
    #[must_use]
    pub fn event_id(&self, number: EventId) -> EventId {
        EventId(self.outward.reveal(number.0))
    }

    /// Gives the number that a mail has in its `Message-ID`.
    #[must_use]
    pub fn mail_number(&self, id: MailId) -> MailId {
        MailId(self.outward.conceal(id.0))
    }

    /// Signs a checkpoint of the log (Ed25519, RFC 8032).
    pub(crate) fn sign_checkpoint(&self, message: &[u8]) -> [u8; 64] {
        signature(&self.log, message)
    }

    /// Signs the card of a till (Ed25519, RFC 8032).
    #[must_use]
    pub fn sign_till_card(&self, message: &[u8]) -> [u8; 64] {
        signature(&self.till_card, message)
    }

    /// What wallets verify the cards of tills with: delivered with each payment credential. It comes from root 0, which
    /// stays, so that a wallet never has to learn another.
    #[must_use]
    pub fn till_card_key(&self) -> [u8; 32] {
        public(&self.till_card)
    }

    /// What checkpoints are verified with; to be kept where the database's owner cannot change it.
    #[must_use]
    pub fn checkpoint_key(&self) -> [u8; 32] {
        public(&self.log)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Makes a root of this number, wrapped under the server key.
pub(crate) fn make_root(
    number: u8,
    service: &dyn KeyService,
    random: &dyn Random,
) -> Result<WrappedKey, KeysError> {
    let wrapped = service.wrap(number, &Secret::make(random)?, random)?;
    Ok(WrappedKey { number, wrapped })
}

fn signature(key: &Ed25519KeyPair, message: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature.copy_from_slice(key.sign(message).as_ref());
    signature
}

fn public(key: &Ed25519KeyPair) -> [u8; 32] {
    let mut public = [0; 32];
    public.copy_from_slice(key.public_key().as_ref());
    public
}

fn code_place(account: AccountId, id: SecretId, kind: SecretKind) -> [u8; 21] {
    let mut place = [0; 21];
    place[..16].copy_from_slice(&account.0);
    place[16..20].copy_from_slice(&id.0.to_be_bytes());
    place[20] = secret_kind_number(kind);
    place
}

fn tag(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    let mut tag = [0; 32];
    tag.copy_from_slice(context.sign().as_ref());
    tag
}
