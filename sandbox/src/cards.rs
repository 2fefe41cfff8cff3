//! The test cards. They have the names of Stripe's own test mode, so that the same tests run there.

/// A card that can be registered by its name.
#[derive(Clone, Copy, Debug)]
pub struct TestCard {
    /// The token that it is registered with.
    pub name: &'static str,
    /// The brand of the card.
    pub brand: &'static str,
    /// The last four digits of its number.
    pub last4: &'static str,
    /// What happens when it is charged.
    pub behaviour: Behaviour,
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
pub const TEST_CARDS: [TestCard; 8] = [
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
    ),
];

const fn card(
    name: &'static str,
    brand: &'static str,
    last4: &'static str,
    behaviour: Behaviour,
) -> TestCard {
    TestCard { name, brand, last4, behaviour }
}

/// The card with this name.
pub(crate) fn find_card(name: &str) -> Option<&'static TestCard> {
    TEST_CARDS.iter().find(|card| card.name == name)
}
