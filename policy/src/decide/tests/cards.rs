use tegata::protocol::{Refusal, SessionId};

use super::test_issuer::*;
use crate::limits::CARD_SETUP_LIFE;
use crate::*;

fn visa() -> String {
    "visa 4242".to_owned()
}

fn begin(session: SessionId) -> Event {
    Event::BeginCardSetup { session }
}

/// Adds the card of the registration that is stored.
fn add(issuer: &TestIssuer, session: SessionId) -> Event {
    Event::AddCard { session, origin: issuer.card_setup.unwrap(), card: visa() }
}

/// An issuer, and a session that has begun the registration of a card.
fn with_setup() -> (TestIssuer, SessionId) {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.log_in_fully(TABLET);
    assert!(matches!(issuer.decide(begin(session)), Reply::Done));
    (issuer, session)
}

#[test]
fn registering_a_card_needs_a_fresh_factor_removing_does_not() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.session_on(PHONE).unwrap();
    for event in [begin(session), Event::SetDefaultCard { session }] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::FactorRequired);
    }
    assert_eq!(issuer.card_setup, None);
    let (mut issuer, session) = with_setup();
    let event = add(&issuer, session);
    assert!(matches!(issuer.decide(event), Reply::Done));
    assert!(issuer.was_sent(&Notification::CardAdded { card: visa() }));
    assert!(matches!(issuer.decide(Event::SetDefaultCard { session }), Reply::Done));
    issuer.advance(DAY);
    let remove = Event::RemoveCard { session, signer: Some(TABLET), card: visa() };
    assert!(matches!(issuer.decide(remove), Reply::Done));
    assert!(issuer.was_sent(&Notification::CardRemoved { card: visa() }));
    assert_eq!(refusal(issuer.decide(begin(session))), Refusal::FactorRequired);
    let audit_events = [AuditEvent::CardAdded, AuditEvent::DefaultCardSet, AuditEvent::CardRemoved];
    assert!(audit_events.iter().all(|audit_event| issuer.audit_events.contains(audit_event)));
}

#[test]
fn a_card_is_added_for_fifteen_minutes_from_the_session_that_began() {
    let (mut issuer, _) = with_setup();
    let other = issuer.log_in_fully(PHONE);
    let again = issuer.log_in_fully(TABLET);
    for session in [other, again] {
        let event = add(&issuer, session);
        assert_eq!(refusal(issuer.decide(event)), Refusal::NoPendingOperation);
    }
    let (mut issuer, session) = with_setup();
    // The factor is not fresh any more, which it was when this was begun.
    issuer.advance(CARD_SETUP_LIFE - 1);
    let event = add(&issuer, session);
    assert!(matches!(issuer.decide(event), Reply::Done));
    issuer.advance(1);
    let event = add(&issuer, session);
    assert_eq!(refusal(issuer.decide(event)), Refusal::NoPendingOperation);
}

#[test]
fn a_reset_or_a_revocation_voids_the_registration_of_a_card() {
    let (mut issuer, session) = with_setup();
    let event = add(&issuer, session);
    let origin = issuer.card_setup.unwrap();
    let Event::AddCard { card, .. } = event else { unreachable!() };
    let of = |origin| Event::AddCard { session, origin, card: card.clone() };
    let others = [
        CardSetupOrigin { epoch: Epoch(origin.epoch.0 + 1), ..origin },
        CardSetupOrigin { generation: Generation(origin.generation.0 + 1), ..origin },
        CardSetupOrigin { device: PHONE, ..origin },
    ];
    for other in others {
        assert_eq!(refusal(issuer.decide(of(other))), Refusal::NoPendingOperation, "{other:?}");
    }
    assert!(matches!(issuer.decide(of(origin)), Reply::Done));
}

#[test]
fn a_frozen_account_can_remove_cards_but_not_add_them() {
    let (mut issuer, session) = with_setup();
    let event = add(&issuer, session);
    assert!(matches!(issuer.decide(Event::Freeze { session, signer: Some(TABLET) }), Reply::Done));
    // What was begun before ends for good.
    assert_eq!(issuer.card_setup, None);
    for event in [event, begin(session), Event::SetDefaultCard { session }] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::Frozen);
    }
    let remove = Event::RemoveCard { session, signer: Some(TABLET), card: visa() };
    assert!(matches!(issuer.decide(remove), Reply::Done));
    let (mut issuer, _) = with_setup();
    assert!(matches!(issuer.decide(Event::SetOperatorFreeze { frozen: true }), Reply::Done));
    assert_eq!(issuer.card_setup, None);
}

#[test]
fn cards_cannot_change_without_a_session() {
    let (mut issuer, _) = with_setup();
    let session = SessionId(9999);
    let remove = Event::RemoveCard { session, signer: Some(TABLET), card: visa() };
    let add = add(&issuer, session);
    for event in [begin(session), add, Event::SetDefaultCard { session }, remove] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::NotLoggedIn);
    }
    assert!(
        !issuer.audit_events.contains(&AuditEvent::CardAdded)
            && !issuer.audit_events.contains(&AuditEvent::CardRemoved)
    );
}
