//! Who wants to have somebody's card charged from their own account, or to try stolen cards out, with an own client.

use std::time::Duration;

use tegata::protocol::{
    AddCard, BeginCardSetup, CardSetup, CardSetupName, EndSessions, FreezeAccount, IssuerError,
    IssuerProblem, ListCards, Refusal, RemoveCard, UnfreezeAccount,
};
use tegata_testkit::{
    TestIssuer, TestPayments, TestShopper, on_both,
    shopper::{IssuerResult, NEW_PASSWORD, PASSWORD, refusal},
};

on_both! {
    a_card_s_token_adds_nothing,
    another_s_registration_adds_nothing,
    a_registration_adds_one_card_once,
    a_registration_ends_after_fifteen_minutes,
    a_registration_is_worth_nothing_after_a_freeze_or_a_reset,
    a_registration_serves_the_session_that_began_it,
    three_refusals_end_a_registration,
    attempts_at_cards_are_counted,
    a_card_serves_two_accounts_and_the_earlier_is_told,
}

const HANAKO: &str = "hanako@example.org";
const VISA: &str = "pm_card_visa";
const DECLINED: &str = "pm_card_chargeDeclined";

fn begin(person: &TestShopper<'_>) -> CardSetup {
    person.call_in_session(&BeginCardSetup {}).unwrap()
}

fn registered(person: &TestShopper<'_>) -> CardSetup {
    let setup = begin(person);
    assert_eq!(person.fill_in_card_form(&setup, VISA, None), "succeeded");
    setup
}

fn add(person: &TestShopper<'_>, setup: &CardSetup) -> IssuerResult<usize> {
    let add = AddCard { setup: setup.setup.clone() };
    person.call_in_session(&add).map(|cards| cards.cards.len())
}

fn count(person: &TestShopper<'_>) -> usize {
    person.call_in_session(&ListCards {}).unwrap().cards.len()
}

fn problem<T: std::fmt::Debug>(result: IssuerResult<T>) -> IssuerProblem {
    match result {
        Err(IssuerError::Problem(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

/// Waits for the job that asks the processor.
fn wait_until(is_done: impl Fn() -> bool) {
    for _ in 0..1200 {
        if is_done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the job did nothing in two minutes");
}

/// The card of a stranger, whose token at the processor somebody has seen.
fn a_card_s_token_adds_nothing(issuer: &TestIssuer) {
    let thief = issuer.signed_up_shopper("thief@example.org");
    registered(&thief);
    for token in [VISA, "pm_1", "seti_of_nobody"] {
        let setup = CardSetupName::new(token).unwrap();
        let answer = thief.call_in_session(&AddCard { setup });
        assert_eq!(refusal(answer), Refusal::NoPendingOperation, "{token}");
    }
    let body = serde_json::json!({ "token": VISA }).to_string();
    let session = thief.session.as_ref().unwrap().expose();
    let headers = [("Authorization", format!("Bearer {session}"))];
    assert_eq!(issuer.post("/v1/cards/add", &headers, body.as_bytes()).status, 400);
    assert_eq!(count(&thief), 0);
}

/// The owner has registered a card and not added it yet; the thief knows id and client secret.
fn another_s_registration_adds_nothing(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let thief = issuer.signed_up_shopper("thief@example.org");
    let setup = registered(&hanako);
    assert_eq!(refusal(add(&thief, &setup)), Refusal::NoPendingOperation);
    let own = begin(&thief);
    assert_eq!(refusal(add(&thief, &setup)), Refusal::NoPendingOperation);
    // Even if the thief's row named it, the processor says whose it is.
    let named = (setup.setup.expose(), own.setup.expose());
    TestPayments::new(issuer)
        .sql(&format!("UPDATE card_setups SET setup = '{}' WHERE setup = '{}'", named.0, named.1));
    assert_eq!(problem(add(&thief, &setup)), IssuerProblem::CardRefused);
    assert_eq!((count(&thief), add(&hanako, &setup).unwrap()), (0, 1));
}

fn a_registration_adds_one_card_once(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let first = registered(&hanako);
    let second = registered(&hanako);
    // Only the one that was begun last is open.
    assert_eq!(refusal(add(&hanako, &first)), Refusal::NoPendingOperation);
    assert_eq!(add(&hanako, &second).unwrap(), 1);
    assert_eq!(refusal(add(&hanako, &second)), Refusal::NoPendingOperation);
    assert_eq!(hanako.fill_in_card_form(&second, VISA, None), "closed");
    assert_eq!(count(&hanako), 1);
}

fn a_registration_ends_after_fifteen_minutes(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let setup = registered(&hanako);
    issuer.advance_clock(15 * 60);
    assert_eq!(refusal(add(&hanako, &setup)), Refusal::NoPendingOperation);
    hanako.verify_factor().unwrap();
    assert_eq!(refusal(add(&hanako, &setup)), Refusal::NoPendingOperation);
    let setup = begin(&hanako);
    issuer.advance_clock(15 * 60);
    // The processor cancels it: nobody registers a card by it any more.
    wait_until(|| hanako.fill_in_card_form(&setup, "pm_card_none", None) == "closed");
}

fn a_registration_is_worth_nothing_after_a_freeze_or_a_reset(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let setup = registered(&hanako);
    hanako.call_in_session(&FreezeAccount {}).unwrap();
    assert_eq!(refusal(add(&hanako, &setup)), Refusal::NoPendingOperation);
    hanako.verify_factor().unwrap();
    hanako.call_in_session(&UnfreezeAccount { recovery_code: None }).unwrap();
    assert_eq!(refusal(add(&hanako, &setup)), Refusal::NoPendingOperation);

    let setup = registered(&hanako);
    let ticket = hanako.begin_reset().unwrap();
    hanako.submit_reset_proof(&ticket, hanako.mailed_code(2), hanako.next_totp()).unwrap();
    hanako.finish_reset(&ticket, NEW_PASSWORD).unwrap();
    hanako.complete_log_in(NEW_PASSWORD).unwrap();
    assert_eq!(refusal(add(&hanako, &setup)), Refusal::NoPendingOperation);
    assert_eq!(count(&hanako), 0);
}

/// The owner ends the sessions of a thief, who logs in again on the phone that is still known.
fn a_registration_serves_the_session_that_began_it(issuer: &TestIssuer) {
    let mut thief = issuer.signed_up_shopper(HANAKO);
    let mut owner = TestShopper { device: issuer.device(), session: None, ..thief.clone() };
    owner.complete_log_in(PASSWORD).unwrap();
    thief.verify_factor().unwrap();
    let setup = registered(&thief);
    assert_eq!(refusal(add(&owner, &setup)), Refusal::NoPendingOperation);
    owner.call_in_session(&EndSessions { session: None }).unwrap();
    thief.session = Some(thief.try_log_in(PASSWORD, None).unwrap().session);
    assert_eq!(refusal(add(&thief, &setup)), Refusal::NoPendingOperation);
    assert_eq!(count(&owner), 0);
}

/// Somebody tries out stolen cards, and never asks the issuer about them.
fn three_refusals_end_a_registration(issuer: &TestIssuer) {
    let thief = issuer.signed_up_shopper(HANAKO);
    let setup = begin(&thief);
    for _ in 0..3 {
        assert_eq!(thief.fill_in_card_form(&setup, DECLINED, None), "failed");
    }
    wait_until(|| {
        issuer.advance_clock(5);
        thief.fill_in_card_form(&setup, "pm_card_none", None) == "closed"
    });
    assert_eq!(refusal(add(&thief, &setup)), Refusal::NoPendingOperation);
}

/// What is begun counts, and what fails: ten in a day.
fn attempts_at_cards_are_counted(issuer: &TestIssuer) {
    let thief = issuer.signed_up_shopper(HANAKO);
    for failures in [3, 3] {
        let setup = begin(&thief);
        for _ in 0..failures {
            assert_eq!(thief.fill_in_card_form(&setup, DECLINED, None), "failed");
        }
        // One that began, three that failed, and one for asking.
        assert_eq!(problem(add(&thief, &setup)), IssuerProblem::CardRefused);
        assert_eq!(refusal(add(&thief, &setup)), Refusal::NoPendingOperation);
    }
    let more = thief.call_in_session(&BeginCardSetup {});
    assert!(matches!(problem(more), IssuerProblem::Busy(1..=86400)));
    issuer.advance_clock(24 * 60 * 60);
    thief.verify_factor().unwrap();
    begin(&thief);
}

/// A stolen card, registered by whoever has its number and answers its bank.
fn a_card_serves_two_accounts_and_the_earlier_is_told(issuer: &TestIssuer) {
    const SHARED: &str = "pm_card_shared";
    const SUBJECT: &str = "Your card was added to another account";
    let notices = |address: &str| {
        let mails = issuer.all_mails(address);
        mails.iter().filter(|(subject, _)| subject == SUBJECT).count()
    };
    let hanako = issuer.signed_up_shopper(HANAKO);
    let card = hanako.add_card(SHARED).unwrap().cards[0].card;
    let family = issuer.signed_up_shopper("taro@example.org");
    family.add_card(SHARED).unwrap();
    let thief = issuer.signed_up_shopper("thief@example.org");
    assert_eq!(problem(thief.add_card(SHARED)), IssuerProblem::CardRefused);
    // Once more in an account that has it is nobody's business.
    family.add_card(SHARED).unwrap();
    assert_eq!((count(&family), count(&thief)), (2, 0));
    issuer.settled_mail_count(HANAKO);
    assert_eq!((notices(HANAKO), notices("taro@example.org")), (1, 0));
    // One that was removed makes room.
    hanako.call_in_session(&RemoveCard { card }).unwrap();
    thief.add_card(SHARED).unwrap();
    issuer.settled_mail_count(HANAKO);
    assert_eq!((notices(HANAKO), notices("taro@example.org")), (1, 1));
}
