//! The test cards. They have the names of Stripe's own test mode, so that the same tests run there.

use ring::digest::{SHA256, digest};

/// A card that can be registered by its name.
#[derive(Clone, Copy, Debug)]
pub struct TestCard {
    /// The token that it is registered with.
    pub name: &'static str,
    /// The brand of the card.
    pub brand: &'static str,
    /// The last four digits of its number.
    pub last4: &'static str,
    /// What happens when its holder registers it.
    pub setup: SetupBehaviour,
    /// What happens when it is charged.
    pub behaviour: Behaviour,
}

/// What happens when a card is registered by its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupBehaviour {
    /// The bank recognises the holder and does not ask.
    Succeeds,
    /// The bank asks the holder to confirm.
    Asks,
    /// The bank refuses with this code.
    Fails(&'static str),
}

/// What happens when a card is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// The charge succeeds at once.
    Pays,
    /// The charge succeeds, and a refund is pending until it was listed once.
    RefundsLate,
    /// The charge is declined with this code and this decline code.
    Declines(&'static str, &'static str),
}

/// All test cards of the sandbox.
pub const TEST_CARDS: [TestCard; 11] = [
    card("pm_card_visa", "visa", "4242", Behaviour::Pays),
    card("pm_card_mastercard", "mastercard", "4444", Behaviour::Pays),
    card("pm_card_jcb", "jcb", "0505", Behaviour::Pays),
    card("pm_card_amex", "amex", "8431", Behaviour::Pays),
    card("pm_card_pendingRefund", "visa", "7726", Behaviour::RefundsLate),
    card(
        "pm_card_chargeCustomerFail",
        "visa",
        "0341",
        Behaviour::Declines("card_declined", "generic_decline"),
    ),
    card(
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "visa",
        "9995",
        Behaviour::Declines("card_declined", "insufficient_funds"),
    ),
    card(
        "pm_card_authenticationRequired",
        "visa",
        "3184",
        Behaviour::Declines("authentication_required", "authentication_required"),
    )
    .registered(SetupBehaviour::Asks),
    card("pm_card_threeDSecure2Required", "visa", "3220", Behaviour::Pays)
        .registered(SetupBehaviour::Asks),
    card("pm_card_chargeDeclined", "visa", "0002", Behaviour::Pays)
        .registered(SetupBehaviour::Fails("card_declined")),
    card(SHARED_CARD, "visa", "1881", Behaviour::Pays),
];

/// The one test card that is the same card for every customer. Any other is a card of its own for each of them, so that
/// all who try the service out can have one.
const SHARED_CARD: &str = "pm_card_shared";

const fn card(
    name: &'static str,
    brand: &'static str,
    last4: &'static str,
    behaviour: Behaviour,
) -> TestCard {
    TestCard { name, brand, last4, setup: SetupBehaviour::Succeeds, behaviour }
}

impl TestCard {
    const fn registered(self, setup: SetupBehaviour) -> Self {
        Self { setup, ..self }
    }

    /// The fingerprint of the card's number, as this customer has it.
    pub(crate) fn fingerprint(&self, customer: &str) -> String {
        let customer = if self.name == SHARED_CARD { "" } else { customer };
        let hash = digest(&SHA256, format!("{}\n{customer}", self.name).as_bytes());
        hex::encode(&hash.as_ref()[..8])
    }
}

/// The card with this name.
pub(crate) fn find_card(name: &str) -> Option<&'static TestCard> {
    TEST_CARDS.iter().find(|card| card.name == name)
}
