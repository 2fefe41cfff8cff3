//! A shopper's cards over HTTP: added by the processor's token with the second factor, shown, chosen, removed; notices by
//! mail; and nowhere a number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use tegata::protocol::Refusal;
use tegata::protocol::{
    AddCard, CardToken, Cards, FreezeAccount, IssuerError, IssuerProblem, ListCards, RemoveCard,
    SetDefaultCard,
};
use tegata_testkit::{TestIssuer, TestShopper, shopper::refusal};

fn adds(person: &TestShopper<'_>, token: &str) -> Result<Cards, IssuerError> {
    person.call_in_session(&AddCard { token: CardToken::new(token).unwrap() })
}

/// Each card's brand and last digits, and a star for the one that is charged.
fn labels(cards: &Cards) -> Vec<String> {
    let name = |card: &tegata::protocol::AccountCard| {
        format!("{} {}{}", card.brand, card.last4, if card.default { " *" } else { "" })
    };
    cards.cards.iter().map(name).collect()
}

fn lists(person: &TestShopper<'_>) -> Cards {
    person.call_in_session(&ListCards {}).unwrap()
}

tegata_testkit::on_both!(
    cards_come_are_chosen_and_go,
    another_s_card_is_not_there,
    a_closed_account_has_none
);

fn cards_come_are_chosen_and_go(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper("hanako@example.org");
    assert!(lists(&hanako).cards.is_empty());
    issuer.advance_clock(3600);
    assert_eq!(refusal(adds(&hanako, "pm_card_visa")), Refusal::FactorRequired);
    hanako.verify_factor().unwrap();
    assert_eq!(labels(&adds(&hanako, "pm_card_visa").unwrap()), ["visa 4242 *"]);
    issuer.advance_clock(1);
    let both = adds(&hanako, "pm_card_jcb").unwrap();
    assert_eq!(labels(&both), ["visa 4242 *", "jcb 0505"]);
    let jcb = both.cards[1].card;
    let chosen = hanako.call_in_session(&SetDefaultCard { card: jcb }).unwrap();
    assert_eq!(labels(&chosen), ["visa 4242", "jcb 0505 *"]);
    issuer.advance_clock(3600);
    assert_eq!(
        refusal(hanako.call_in_session(&SetDefaultCard { card: jcb })),
        Refusal::FactorRequired
    );
    // To have one gone asks for nothing more, and what is left is charged.
    let left = hanako.call_in_session(&RemoveCard { card: jcb }).unwrap();
    assert_eq!(labels(&left), ["visa 4242 *"]);
    assert_eq!(
        refusal(hanako.call_in_session(&RemoveCard { card: jcb })),
        Refusal::NoPendingOperation
    );
    let mails = issuer.mails("hanako@example.org", 4);
    let of_cards = mails.iter().filter(|(_, body)| body.contains("4242") || body.contains("0505"));
    assert_eq!(of_cards.count(), 3, "{mails:?}");
}

fn another_s_card_is_not_there(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper("hanako@example.org");
    let taro = issuer.signed_up_shopper("taro@example.org");
    let card = adds(&hanako, "pm_card_visa").unwrap().cards[0].card;
    adds(&taro, "pm_card_jcb").unwrap();
    assert_eq!(refusal(taro.call_in_session(&RemoveCard { card })), Refusal::NoPendingOperation);
    assert_eq!(
        refusal(taro.call_in_session(&SetDefaultCard { card })),
        Refusal::NoPendingOperation
    );
    assert_eq!(labels(&lists(&hanako)), ["visa 4242 *"]);
    assert_eq!(labels(&lists(&taro)), ["jcb 0505 *"]);
}

fn a_closed_account_has_none(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper("hanako@example.org");
    adds(&hanako, "pm_card_visa").unwrap();
    hanako.call_in_session(&FreezeAccount {}).unwrap();
    assert_eq!(refusal(adds(&hanako, "pm_card_jcb")), Refusal::Frozen);
    let card = lists(&hanako).cards[0].card;
    assert!(hanako.call_in_session(&RemoveCard { card }).unwrap().cards.is_empty());
}

#[test]
fn unknown_card_tokens_are_refused_and_limited_to_ten() {
    let issuer = TestIssuer::new();
    let hanako = issuer.signed_up_shopper("hanako@example.org");
    for _ in 0..10 {
        let no = adds(&hanako, "pm_of_nobody").unwrap_err();
        assert_eq!(no, IssuerError::Problem(IssuerProblem::CardRefused));
    }
    let no = adds(&hanako, "pm_card_visa").unwrap_err();
    assert_eq!(no, IssuerError::Problem(IssuerProblem::Busy(24 * 60 * 60)));
    assert!(CardToken::new("4242424242424242").is_err(), "a number is no token");
}
