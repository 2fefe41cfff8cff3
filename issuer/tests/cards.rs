//! A shopper's cards over HTTP: registered by their holder at the processor, added with the second factor, shown, chosen,
//! removed; told of by mail; and nowhere a number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use tegata::protocol::{
    AddCard, BeginCardSetup, Cards, FreezeAccount, IssuerError, IssuerProblem, ListCards, Refusal,
    RemoveCard, SetDefaultCard,
};
use tegata_testkit::{
    TestIssuer, TestShopper,
    shopper::{IssuerResult, refusal},
};

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

fn problem<T: std::fmt::Debug>(result: IssuerResult<T>) -> IssuerProblem {
    match result {
        Err(IssuerError::Problem(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

tegata_testkit::on_both!(
    cards_are_added_chosen_and_removed,
    removing_the_default_leaves_none_until_one_is_chosen,
    a_bank_that_asks_is_answered_by_the_holder,
    another_s_card_is_not_there,
    a_frozen_account_adds_none_and_can_remove_all,
);

fn cards_are_added_chosen_and_removed(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper("hanako@example.org");
    assert!(lists(&hanako).cards.is_empty());
    issuer.advance_clock(3600);
    assert_eq!(refusal(hanako.call_in_session(&BeginCardSetup {})), Refusal::FactorRequired);
    hanako.verify_factor().unwrap();
    assert_eq!(labels(&hanako.add_card("pm_card_visa").unwrap()), ["visa 4242 *"]);
    issuer.advance_clock(1);
    let both = hanako.add_card("pm_card_jcb").unwrap();
    assert_eq!(labels(&both), ["visa 4242 *", "jcb 0505"]);
    let jcb = both.cards[1].card;
    let chosen = hanako.call_in_session(&SetDefaultCard { card: jcb }).unwrap();
    assert_eq!(labels(&chosen), ["visa 4242", "jcb 0505 *"]);
    issuer.advance_clock(3600);
    let choice = hanako.call_in_session(&SetDefaultCard { card: jcb });
    assert_eq!(refusal(choice), Refusal::FactorRequired);
    // Removing one asks for nothing more.
    let visa = both.cards[0].card;
    let left = hanako.call_in_session(&RemoveCard { card: visa }).unwrap();
    assert_eq!(labels(&left), ["jcb 0505 *"]);
    let again = hanako.call_in_session(&RemoveCard { card: visa });
    assert_eq!(refusal(again), Refusal::NoPendingOperation);
    let mails = issuer.mails("hanako@example.org", 4);
    let of_cards = mails.iter().filter(|(_, body)| body.contains("4242") || body.contains("0505"));
    assert_eq!(of_cards.count(), 3, "{mails:?}");
}

/// Whoever can remove a card must not decide by it which other one pays.
fn removing_the_default_leaves_none_until_one_is_chosen(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper("hanako@example.org");
    let visa = hanako.add_card("pm_card_visa").unwrap().cards[0].card;
    issuer.advance_clock(1);
    let jcb = hanako.add_card("pm_card_jcb").unwrap().cards[1].card;
    let left = hanako.call_in_session(&RemoveCard { card: visa }).unwrap();
    assert_eq!(labels(&left), ["jcb 0505"]);
    issuer.advance_clock(1);
    assert_eq!(labels(&hanako.add_card("pm_card_amex").unwrap()), ["jcb 0505", "amex 8431"]);
    let chosen = hanako.call_in_session(&SetDefaultCard { card: jcb }).unwrap();
    assert_eq!(labels(&chosen), ["jcb 0505 *", "amex 8431"]);
}

fn a_bank_that_asks_is_answered_by_the_holder(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper("hanako@example.org");
    let setup = hanako.call_in_session(&BeginCardSetup {}).unwrap();
    let add = AddCard { setup: setup.setup.clone() };
    let fill_in = |confirmation| {
        hanako.fill_in_card_form(&setup, "pm_card_threeDSecure2Required", confirmation)
    };
    assert_eq!(problem(hanako.call_in_session(&add)), IssuerProblem::CardRefused);
    assert_eq!(fill_in(None), "asks");
    assert_eq!(problem(hanako.call_in_session(&add)), IssuerProblem::CardRefused);
    assert_eq!(fill_in(Some(false)), "failed");
    assert_eq!(problem(hanako.call_in_session(&add)), IssuerProblem::CardRefused);
    assert!(lists(&hanako).cards.is_empty());
    assert_eq!(fill_in(Some(true)), "succeeded");
    assert_eq!(labels(&hanako.call_in_session(&add).unwrap()), ["visa 3220 *"]);
}

fn another_s_card_is_not_there(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper("hanako@example.org");
    let taro = issuer.signed_up_shopper("taro@example.org");
    let card = hanako.add_card("pm_card_visa").unwrap().cards[0].card;
    taro.add_card("pm_card_jcb").unwrap();
    let remove = taro.call_in_session(&RemoveCard { card });
    assert_eq!(refusal(remove), Refusal::NoPendingOperation);
    let choose = taro.call_in_session(&SetDefaultCard { card });
    assert_eq!(refusal(choose), Refusal::NoPendingOperation);
    assert_eq!(labels(&lists(&hanako)), ["visa 4242 *"]);
    assert_eq!(labels(&lists(&taro)), ["jcb 0505 *"]);
}

fn a_frozen_account_adds_none_and_can_remove_all(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper("hanako@example.org");
    hanako.add_card("pm_card_visa").unwrap();
    hanako.call_in_session(&FreezeAccount {}).unwrap();
    assert_eq!(refusal(hanako.add_card("pm_card_jcb")), Refusal::Frozen);
    let card = lists(&hanako).cards[0].card;
    assert!(hanako.call_in_session(&RemoveCard { card }).unwrap().cards.is_empty());
}
