//! Ids that the card processor gave out. Each goes into a path as it is, so it has the form of a name and no other.

use super::newtype::newtype;

/// Whether a text is of up to 128 letters, digits and underscores.
fn is_id(text: &str) -> bool {
    let is_in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=128).contains(&text.len()) && text.bytes().all(is_in_name)
}

newtype! {
    /// The processor's id of a customer.
    text CustomerId, "an id of the processor: up to 128 letters, digits and underscores", is_id
}

newtype! {
    /// The processor's id of a stored card, or the token by which one is registered.
    text MethodId, "an id of the processor: up to 128 letters, digits and underscores", is_id
}

newtype! {
    /// The processor's id of a charge, given before any money moves.
    text IntentId, "an id of the processor: up to 128 letters, digits and underscores", is_id
}

newtype! {
    /// The processor's id of a setup intent, by which a holder registers a card.
    text SetupId, "an id of the processor: up to 128 letters, digits and underscores", is_id
}

newtype! {
    /// The processor's name for a card's number, the same whoever registers it.
    text Fingerprint, "a fingerprint: up to 128 letters, digits and underscores", is_id
}

/// A card as the processor stores it for the issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredCard {
    /// The id that it is charged by.
    pub method: MethodId,
    /// Its brand, in the processor's word: `visa`.
    pub brand: String,
    /// The last four digits of its number, which is all of it that the issuer ever sees.
    pub last4: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_nothing_that_a_path_reads_otherwise() {
        for good in ["pm_card_visa", "pi_3MtwBw", "x", &"a".repeat(128)] {
            assert_eq!(MethodId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "pm/x", "..", "pm_1?expand=x", "pm%2F", "4242 4242", "é", &"a".repeat(129)]
        {
            assert!(MethodId::new(bad).is_err(), "{bad}");
        }
    }
}
