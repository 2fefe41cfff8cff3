//! What is stored with a charge at the processor: enough to find whose it is, and to make its row anew, where a database
//! was restored that does not have it.

use std::collections::BTreeMap;

use tegata::UnixTime;
use tegata::code::CredentialId;
use tegata::protocol::PaymentNumber;

use crate::domain::{AccountId, AuthorisationId, CardId};
use crate::processor::IntentDetails;
use crate::store::{Authorisation, AuthorisationState, LostPayment, TillRequest};

/// Writes the metadata of a payment's charge. The number is the payment's outside: only who has the issuer's keys finds
/// the one that belongs to an id, which is how the charges of one issuer are told from those of another.
pub(super) fn write(
    of: &Authorisation,
    number: PaymentNumber,
    card: CardId,
    request: Option<&TillRequest>,
) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("authorisation", of.id.to_string()),
        ("number", hex::encode(number.0)),
        ("till", of.till.as_str().to_owned()),
        ("reference", of.reference.clone()),
        ("account", of.account.to_string()),
        ("credential", hex::encode(of.credential.0)),
        ("counter", of.counter.to_string()),
        ("day", of.day.to_string()),
        ("card", card.to_string()),
    ];
    if let Some(TillRequest { key, hash }) = request {
        fields.push(("key", key.clone()));
        fields.push(("hash", hex::encode(hash)));
    }
    fields
}

/// Whose a charge is, by its metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChargeOwner {
    /// It is a payment of this issuer.
    Payment(AuthorisationId),
    /// It names a payment, and nothing says of which issuer: an earlier version made it.
    Unproven(AuthorisationId),
    /// It is of another issuer, or of another program.
    Other,
}

impl ChargeOwner {
    /// Reads whose a charge is; `number` gives the number that a payment has outside.
    pub(super) fn read(
        metadata: &BTreeMap<String, String>,
        number: impl FnOnce(AuthorisationId) -> PaymentNumber,
    ) -> Self {
        let Some(id) = hex_field(metadata, "authorisation").map(AuthorisationId) else {
            return Self::Other;
        };
        match metadata.get("number") {
            None => Self::Unproven(id),
            Some(text) if *text == hex::encode(number(id).0) => Self::Payment(id),
            Some(_) => Self::Other,
        }
    }
}

/// Reads the payment that a charge was made for, as charged; `None` if its metadata do not say all that its row had.
pub(super) fn read(intent: &IntentDetails, now: UnixTime) -> Option<LostPayment> {
    let metadata = &intent.metadata;
    let text = |name: &str| metadata.get(name).cloned();
    let number = |name: &str| metadata.get(name)?.parse().ok();
    let id = AuthorisationId(hex_field(metadata, "authorisation")?);
    let authorisation = Authorisation {
        id,
        account: AccountId(hex_field(metadata, "account")?),
        credential: CredentialId(hex_field(metadata, "credential")?),
        counter: number("counter")?,
        till: text("till")?.parse().ok()?,
        reference: text("reference")?,
        amount: intent.amount?,
        currency: intent.currency.clone(),
        day: number("day")?,
        state: AuthorisationState::Charged,
        reason: None,
        card: hex_field(metadata, "card"),
        intent: Some(intent.id.as_str().to_owned()),
        made: id.created()?,
        changed: now,
        version: 1,
    };
    let request =
        text("key").and_then(|key| Some(TillRequest { key, hash: hex_field(metadata, "hash")? }));
    Some(LostPayment { authorisation, request, customer: intent.customer.clone()? })
}

/// Reads the card that was charged.
pub(super) fn read_card(intent: &IntentDetails) -> Option<[u8; 16]> {
    hex_field(&intent.metadata, "card")
}

fn hex_field<const N: usize>(metadata: &BTreeMap<String, String>, name: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(metadata.get(name)?, &mut bytes).ok()?;
    Some(bytes)
}
