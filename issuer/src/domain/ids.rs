//! Ids and hashes that rows are found by. All are made by the issuer, never by the database.

use tegata::code::CredentialId;
use tegata::{Random, RandomUnavailable, UnixTime};

use super::newtype::newtype;
use crate::domain::hash::sha256;

/// 16 bytes that sort by time: laid out as UUID version 7 (RFC 9562, section 5.7); its milliseconds are whole seconds.
fn by_time(now: UnixTime, place: u16, random: &dyn Random) -> Result<[u8; 16], RandomUnavailable> {
    let mut id = [0; 16];
    random.fill(&mut id[8..])?;
    id[..6].copy_from_slice(&(now.seconds() * 1000).to_be_bytes()[2..]);
    id[6..8].copy_from_slice(&(0x7000 | (place & 0x0fff)).to_be_bytes());
    id[8] = 0x80 | (id[8] & 0x3f);
    Ok(id)
}

/// Counts on in the place of the milliseconds, which nobody knows: a thousand of them in a second.
fn set_millis(id: &mut [u8; 16], count: u64) {
    let mut millis = [0; 8];
    millis[2..].copy_from_slice(&id[..6]);
    let millis = u64::from_be_bytes(millis) / 1000 * 1000 + count % 1000;
    id[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
}

newtype! {
    /// The number of an account.
    id AccountId
}
newtype! {
    /// The number of a mail.
    id MailId
}
newtype! {
    /// The number of an event. Those of a later second sort later; within one, those of an account in the order of its
    /// changes, and by their place in a change.
    id EventId
}

newtype! {
    /// What a device calls one of its requests, 16 random bytes: a repeated request is recognised by it.
    id RequestId
}

/// A new number for a payment credential. They sort by when they were made.
///
/// # Errors
/// [`RandomUnavailable`].
pub fn make_credential_id(
    now: UnixTime,
    random: &dyn Random,
) -> Result<CredentialId, RandomUnavailable> {
    by_time(now, 0, random).map(CredentialId)
}

/// Before all credentials made in this second or later, and after all made before.
#[must_use]
pub fn first_credential_of(second: UnixTime) -> CredentialId {
    CredentialId(first_of(second))
}

/// The first id of this second: those made before are smaller, those made in it or after are not.
pub(crate) fn first_of(second: UnixTime) -> [u8; 16] {
    let mut id = [0; 16];
    id[..6].copy_from_slice(&(second.seconds() * 1000).to_be_bytes()[2..]);
    id
}

newtype! {
    /// The number of an authorisation. Those of a later second sort later.
    id AuthorisationId
}

newtype! {
    /// The number of a card here.
    id CardId
}

impl CardId {
    /// A new one.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(now: UnixTime, random: &dyn Random) -> Result<Self, RandomUnavailable> {
        by_time(now, 0, random).map(Self)
    }
}

impl AuthorisationId {
    /// A new one, for the `nth` payment of its process: those of a second sort by it. Thousands come in a second, and a
    /// database that finds them side by side writes a page for many of them.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(now: UnixTime, nth: u64, random: &dyn Random) -> Result<Self, RandomUnavailable> {
        let thousands = nth >> 12;
        let place = nth & 0x0fff;
        let mut id = by_time(now, u16::try_from(place).unwrap_or_default(), random)?;
        set_millis(&mut id, thousands);
        Ok(Self(id))
    }

    /// When it was made, to the second.
    pub(crate) fn created(self) -> Option<UnixTime> {
        let mut millis = [0; 8];
        millis[2..].copy_from_slice(&self.0[..6]);
        UnixTime::new(u64::from_be_bytes(millis) / 1000).ok()
    }

    /// Where it stands among all of them, as far as a number of a row tells: its first half, halved.
    pub(crate) fn asked(self) -> u64 {
        let (half, _) = self.0.split_at(8);
        half.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) >> 1
    }

    /// Where those of this second begin.
    pub(crate) fn asked_at(second: UnixTime) -> u64 {
        Self(first_of(second)).asked()
    }
}

impl AccountId {
    /// A new one. 62 of its bits are random, so that none is made twice; also one for an account that is not there.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(now: UnixTime, random: &dyn Random) -> Result<Self, RandomUnavailable> {
        by_time(now, 0, random).map(Self)
    }
}

impl MailId {
    /// That of the receipt for what became of a payment, as [`EventId::of_payment`] has it. Receipts that are written
    /// together stand together.
    pub(crate) fn of_payment(payment: AuthorisationId, deed: u8) -> Self {
        Self(EventId::of_payment(payment, deed).0)
    }

    /// A new one.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(now: UnixTime, random: &dyn Random) -> Result<Self, RandomUnavailable> {
        by_time(now, 0, random).map(Self)
    }
}

impl EventId {
    /// A new one for the event at this place of its change, below 4096.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(now: UnixTime, place: u16, random: &dyn Random) -> Result<Self, RandomUnavailable> {
        by_time(now, place, random).map(Self)
    }

    /// The same in its account's order: what happened within one second sorts by the version that it was done to. The
    /// count begins anew with each thousand versions.
    pub(crate) fn of_version(mut self, version: u64) -> Self {
        set_millis(&mut self.0, version);
        self
    }

    /// That of what became of a payment: the payment's own, with what it was, which is never 0, in the place of its last
    /// byte. So the same is not written twice, and a payment's number leads to its lines.
    pub(crate) fn of_payment(mut payment: AuthorisationId, deed: u8) -> Self {
        payment.0[15] = deed;
        Self(payment.0)
    }

    /// Reads 32 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id).ok()?;
        Some(Self(id))
    }
}

/// What an account is found by: the keyed hash of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandleKey(pub(crate) [u8; 32]);

impl HandleKey {
    /// One of 256 that spread evenly.
    pub(crate) fn first_byte(&self) -> u8 {
        self.0[0]
    }
}

/// Whose tries are counted, and at what: a keyed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThrottleKey(pub(crate) [u8; 32]);

impl ThrottleKey {
    /// As many of it as an account's number has.
    pub(crate) fn first_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.0[..16]);
        bytes
    }
}

/// What a session is found by: SHA-256 of its token, which has 256 random bits, so that no key is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// That of a token, as bytes.
    #[must_use]
    pub fn of(token: &[u8; 32]) -> Self {
        Self(sha256(token))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ones;

    impl Random for Ones {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
            bytes.fill(0xff);
            Ok(())
        }
    }

    #[test]
    fn an_id_is_laid_out_as_a_uuid_of_version_7() {
        let now = UnixTime::new(1_645_557_742).unwrap();
        let id = EventId::make(now, 0xcc3, &Ones).unwrap();
        assert_eq!(id.to_string(), "017f22e279b07cc3bfffffffffffffff");
        let after = EventId::make(now.shifted(1), 0, &Ones).unwrap();
        assert!(id < after && EventId::make(now, 1, &Ones).unwrap() < id);
        let [first, second] = [999, 998].map(|version| id.of_version(version));
        assert!(id < second && second < first && first < after);
        assert_eq!((first.of_version(1000), EventId::parse(&id.to_string())), (id, Some(id)));
        let nth = |nth| AuthorisationId::make(now, nth, &Ones).unwrap();
        assert!(nth(0) < nth(1) && nth(4095) < nth(4096) && nth(4_095_999).0 < after.0);
        let (now_on, then_on) = [now, now.shifted(1)].map(AuthorisationId::asked_at).into();
        assert!(now_on == nth(0).asked() - (7 << 11) && nth(0).asked() < nth(2).asked());
        assert!(nth(4095).asked() < nth(4096).asked() && nth(4_095_999).asked() < then_on);
        assert_eq!(nth(4_096_000), nth(0));
        assert!(EventId::make(UnixTime::MAX, 0, &Ones).unwrap() > after);
    }

    #[test]
    fn an_event_of_a_payment_begins_with_the_payments_number() {
        let payment =
            AuthorisationId::make(UnixTime::new(1_645_557_742).unwrap(), 0, &Ones).unwrap();
        assert_eq!(payment.to_string(), "017f22e279b07000bfffffffffffffff");
        let event = EventId::of_payment(payment, 3);
        assert_eq!(event.to_string(), "017f22e279b07000bfffffffffffff03");
    }
}
