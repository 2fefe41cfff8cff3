use tegata::protocol::{Refusal, SessionId};

use super::test_issuer::*;
use crate::*;

fn visa() -> String {
    "visa 4242".to_owned()
}

fn add(session: SessionId) -> Event {
    Event::AddCard { session, card: visa() }
}

#[test]
fn adding_a_card_needs_a_fresh_factor_removing_does_not() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.session_on(PHONE).unwrap();
    for event in [add(session), Event::SetDefaultCard { session }] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::FactorRequired);
    }
    let session = issuer.log_in_fully(TABLET);
    assert!(matches!(issuer.decide(add(session)), Reply::Done));
    assert!(issuer.was_sent(&Notification::CardAdded { card: visa() }));
    assert!(matches!(issuer.decide(Event::SetDefaultCard { session }), Reply::Done));
    issuer.advance(DAY);
    let remove = Event::RemoveCard { session, signer: Some(TABLET), card: visa() };
    assert!(matches!(issuer.decide(remove), Reply::Done));
    assert!(issuer.was_sent(&Notification::CardRemoved { card: visa() }));
    assert_eq!(refusal(issuer.decide(add(session))), Refusal::FactorRequired);
    let audit_events = [AuditEvent::CardAdded, AuditEvent::DefaultCardSet, AuditEvent::CardRemoved];
    assert!(audit_events.iter().all(|audit_event| issuer.audit_events.contains(audit_event)));
}

#[test]
fn a_frozen_account_can_remove_cards_but_not_add_them() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = issuer.log_in_fully(TABLET);
    assert!(matches!(issuer.decide(Event::Freeze { session, signer: Some(PHONE) }), Reply::Done));
    for event in [add(session), Event::SetDefaultCard { session }] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::Frozen);
    }
    let remove = Event::RemoveCard { session, signer: Some(TABLET), card: visa() };
    assert!(matches!(issuer.decide(remove), Reply::Done));
}

#[test]
fn cards_cannot_change_without_a_session() {
    let mut issuer = TestIssuer::with_paying_account();
    let session = SessionId(9999);
    let remove = Event::RemoveCard { session, signer: Some(TABLET), card: visa() };
    for event in [add(session), Event::SetDefaultCard { session }, remove] {
        assert_eq!(refusal(issuer.decide(event)), Refusal::NotLoggedIn);
    }
    assert!(
        !issuer.audit_events.contains(&AuditEvent::CardAdded)
            && !issuer.audit_events.contains(&AuditEvent::CardRemoved)
    );
}
