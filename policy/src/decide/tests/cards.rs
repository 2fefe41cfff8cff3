use tegata::protocol::{Refusal, SessionId};

use super::issuer::*;
use crate::*;

fn visa() -> String {
    "visa 4242".to_owned()
}

fn add(session: SessionId) -> Event {
    Event::AddCard { session, card: visa() }
}

#[test]
fn a_card_is_chosen_with_a_fresh_factor_and_removed_without_and_the_owner_hears() {
    let mut issuer = Issuer::settled();
    let session = issuer.session_on(PHONE).unwrap();
    for event in [add(session), Event::DefaultCard { session }] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::FactorNeeded);
    }
    let session = issuer.logged_in(TABLET);
    assert!(matches!(issuer.decide(add(session)), Answer::Done));
    assert!(issuer.told(&Letter::CardAdded { card: visa() }));
    assert!(matches!(issuer.decide(Event::DefaultCard { session }), Answer::Done));
    issuer.later(DAY);
    let remove = Event::RemoveCard { session, card: visa() };
    assert!(matches!(issuer.decide(remove), Answer::Done));
    assert!(issuer.told(&Letter::CardRemoved { card: visa() }));
    assert_eq!(refusal(issuer.decide(add(session))), Refusal::FactorNeeded);
    let deeds = [Deed::CardAdded, Deed::CardChosen, Deed::CardRemoved];
    assert!(deeds.iter().all(|deed| issuer.deeds.contains(deed)));
}

#[test]
fn on_a_frozen_account_a_card_can_go_and_none_can_come() {
    let mut issuer = Issuer::settled();
    let session = issuer.logged_in(TABLET);
    assert!(matches!(issuer.decide(Event::Freeze { session }), Answer::Done));
    for event in [add(session), Event::DefaultCard { session }] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::Frozen);
    }
    let remove = Event::RemoveCard { session, card: visa() };
    assert!(matches!(issuer.decide(remove), Answer::Done));
}

#[test]
fn without_a_session_no_card_comes_or_goes() {
    let mut issuer = Issuer::settled();
    let session = SessionId(9999);
    let remove = Event::RemoveCard { session, card: visa() };
    for event in [add(session), Event::DefaultCard { session }, remove] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::NotLoggedIn);
    }
    assert!(!issuer.deeds.contains(&Deed::CardAdded) && !issuer.deeds.contains(&Deed::CardRemoved));
}
