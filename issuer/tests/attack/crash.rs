//! `kill -9` in the midst of what must happen whole: at each time that the issuer asks for the time or for randomness, has a
//! line of its log to write or a mail to be carried, from the head of the request to its notice's way out. Among these is
//! the moment between the store's commit and the answer; within the commit it is the tests of the store that kill
//! (tests/store/kill.rs).

use tegata::protocol::Refusal;
use tegata::protocol::{Call, DeviceSigned, Request};

use crate::child::Child;
use tegata_testkit::{
    TestIssuer, TestShopper,
    issuer::{agent, headers, send},
    on_both,
    shopper::{IssuerResult, NEW_PASSWORD, PASSWORD, refusal, reset_finish, sign_up_factor},
};

on_both! {
    a_reset_is_finished_with_its_notice_or_not_at_all,
    a_sign_up_is_finished_whole_or_not_at_all,
}

const HANAKO: &str = "hanako@example.org";
const DAY: u64 = 24 * 60 * 60;

/// A request, and what a process says that dies at its `die_at`th step, if it gets to say something; then `then` goes on
/// with it.
fn asked<C: Call + DeviceSigned>(
    person: &TestShopper<'_>,
    call: &C,
    die_at: u64,
    then: impl FnOnce(&mut Child),
) -> (Request<C>, Option<C::Answer>) {
    let request = Request::signed(call, &*person.device, person.issuer.freshness()).unwrap();
    let mut child = Child::start(person.issuer, die_at);
    let address = person.issuer.address();
    let response = send(&agent(), address, request.path(), &headers(&request), request.body());
    let answer: Option<IssuerResult<C::Answer>> =
        response.ok().map(|response| request.answer(&response));
    then(&mut child);
    drop(child);
    person.issuer.start();
    // Nothing but yes: it is the right request.
    (request, answer.map(Result::unwrap))
}

fn notices(issuer: &TestIssuer) -> usize {
    issuer.mails(HANAKO, 0).iter().filter(|mail| mail.0.contains("was reset")).count()
}

fn a_reset_is_finished_with_its_notice_or_not_at_all(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let mut old = PASSWORD;
    let mut new = NEW_PASSWORD;
    let mut undone = 0;
    let mut unanswered = 0;
    for die_at in 0.. {
        issuer.advance_clock(2 * DAY);
        hanako.complete_log_in(old).unwrap();
        let mailed = hanako.mailed_codes(0).count();
        let ticket = hanako.begin_reset().unwrap();
        let code = hanako.mailed_code(mailed + 1);
        hanako.submit_reset_proof(&ticket, code, hanako.next_totp()).unwrap();
        let result = notices(issuer);
        let call = reset_finish(&hanako, &ticket, new);
        let mut went_out = false;
        let (_, answer) = asked(&hanako, &call, die_at, |child| {
            while !child.is_dead() && !went_out {
                went_out = notices(issuer) > result;
                std::thread::yield_now();
            }
        });
        let is_done = hanako.try_log_in(new, None).is_ok();
        if is_done {
            assert_eq!(refusal(hanako.try_log_in(old, None)), Refusal::InvalidCredentials);
            assert_eq!(refusal(hanako.view()), Refusal::NotLoggedIn, "each old session ended");
            assert_eq!(refusal(hanako.finish_reset(&ticket, old)), Refusal::InvalidCredentials);
            unanswered += u32::from(answer.is_none());
        } else {
            assert!(answer.is_none(), "what was answered was done");
            assert_eq!(notices(issuer), result);
            assert!(hanako.try_log_in(old, None).is_ok() && hanako.view().is_ok());
            hanako.finish_reset(&ticket, new).unwrap();
            undone += 1;
        }
        // Sent by the one that died, or by the one that came after it, once what the dead one had taken to send is free.
        issuer.advance_clock(121);
        // Bounded, so that a notice that never comes fails the test and does not hang it.
        let came = (0..600).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            notices(issuer) > result
        });
        assert!(came, "the notice went out");
        // What died between a mail's way out and the word that it is sent has it sent twice.
        issuer.settled_mail_count(HANAKO);
        if went_out && answer.is_some() {
            break;
        }
        (old, new) = (new, old);
    }
    assert!(
        undone >= 5 && unanswered >= 1,
        "killed before it was written: {undone}, and before the answer: {unanswered}"
    );
}

fn a_sign_up_is_finished_whole_or_not_at_all(issuer: &TestIssuer) {
    let mut undone = 0;
    let mut unanswered = 0;
    for die_at in 0.. {
        let mut person = issuer.new_shopper(&format!("shopper-{die_at}@example.org"));
        let ticket = person.begin_sign_up().unwrap();
        person.submit_first_mailed_code(&ticket).unwrap();
        let call = sign_up_factor(&person, &ticket);
        let (request, answer) = asked(&person, &call, die_at, |_| ());
        let is_done = person.try_log_in(PASSWORD, Some(person.next_totp())).is_ok();
        if is_done {
            unanswered += u32::from(answer.is_none());
        } else {
            assert!(answer.is_none(), "what was answered was done");
            undone += 1;
        }
        // Whoever lost the answer sends the same request again, and has it: carried out before, or only now.
        let repeated = person.issuer.execute(&request);
        let signed_up = request.open(&person.answer_key, &repeated).unwrap();
        assert_eq!(signed_up.recovery_codes.len(), 10);
        person.session = Some(signed_up.session);
        let view = person.view().unwrap();
        let there = (view.recovery_codes_left, view.devices.len(), view.sessions.len());
        assert_eq!(there, (10, 1, 1 + usize::from(is_done)), "carried out once");
        if answer.is_some() {
            break;
        }
    }
    assert!(
        undone >= 5 && unanswered >= 1,
        "killed before it was written: {undone}, and before the answer: {unanswered}"
    );
}
