//! Somebody who saw a signed message on its way sends it again, or keeps it for later.

use serde_json::Value;
use tegata::SystemRandom;
use tegata::protocol::{
    AnswerKey, BeginPasswordReset, CHALLENGE_SECONDS, Call, Challenge, DeviceSigned, Envelope,
    Freshness, LogOut, RenewRecoveryCodes, Request, Response, SIGNATURE_HEADER, SignaturePurpose,
};
use tegata_issuer::admin::Operator;
use tegata_issuer::domain::{Environment, Reason};
use tegata_testkit::{
    TestIssuer, TestShopper,
    issuer::headers,
    on_both,
    shopper::{PASSWORD, log_in, reset, sign_up_factor},
};

on_both! {
    a_message_without_a_challenge_of_now_is_stale,
    a_replayed_log_in_makes_no_session_and_uses_no_attempt,
    a_lost_answer_of_a_sign_up_is_repeated_to_its_sender,
    an_owners_replayed_reset_uses_up_nothing_and_mails_nothing,
    a_replayed_session_message_has_no_second_effect,
    a_lost_answer_is_repeated_for_a_day,
    the_id_of_a_request_is_for_one_message,
    a_refusal_is_repeated_and_counted_once,
    copies_at_the_same_time_are_one_request,
}

const HANAKO: &str = "hanako@example.org";

/// The name of the problem that a reset which was signed with this challenge is answered with, or none.
fn reset_signed_with(person: &TestShopper<'_>, challenge: Option<Challenge>) -> Option<String> {
    let freshness = Freshness { challenge, ..person.issuer.freshness() };
    let body = serde_json::to_vec(&reset(person)).unwrap();
    let header = SignaturePurpose::Named("reset").sign(&freshness, &body, &*person.device).unwrap();
    let response =
        person.issuer.post(BeginPasswordReset::PATH, &[(SIGNATURE_HEADER, header)], &body);
    assert!(response.challenge().is_some(), "each answer has the next one");
    assert_eq!(response.is_stale(), response.status == 401);
    Some(problem(&response).1).filter(|name| !name.is_empty())
}

fn a_message_without_a_challenge_of_now_is_stale(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let before = issuer.settled_mail_count(HANAKO);
    let old = issuer.fresh_challenge();
    issuer.advance_clock(301);
    let good = issuer.fresh_challenge();
    let elsewhere = TestIssuer::new();
    elsewhere.clock.advance(issuer.now().seconds() - elsewhere.now().seconds());
    let foreign = elsewhere.fresh_challenge();
    let first = good.as_str().chars().next().unwrap();
    let other = if first == 'A' { "B" } else { "A" };
    let altered = format!("{other}{}", &good.as_str()[1..]);
    let cut = good.as_str()[..good.as_str().len() - 4].to_owned();
    let made_up = [altered, cut, "AQ".to_owned()].map(|text| Challenge::try_from(text).ok());
    for challenge in [None, Some(old), Some(foreign)].into_iter().chain(made_up) {
        let problem = reset_signed_with(&hanako, challenge.clone());
        assert_eq!(problem.as_deref(), Some("stale"), "{challenge:?}");
    }
    assert_eq!(issuer.settled_mail_count(HANAKO), before, "nothing was done");
    assert_eq!(reset_signed_with(&hanako, Some(good.clone())), None);

    // What was signed before a restore, or before everything was revoked, is void with it.
    let operator = Operator::open(toml::from_str(&issuer.settings).unwrap(), Environment::system());
    operator.unwrap().revoke_all(&Reason::new("ann", "a test").unwrap()).unwrap();
    assert_eq!(reset_signed_with(&hanako, Some(good)).as_deref(), Some("stale"));
    assert_eq!(reset_signed_with(&hanako, Some(issuer.fresh_challenge())), None);
    // Whose clock is a little behind that of the process that made it is taken, too.
    let good = issuer.fresh_challenge();
    issuer.set_clock_back(60);
    assert_eq!(reset_signed_with(&hanako, Some(good)), None);
}

/// A message that the device signs, as it goes over the network.
fn signed<C: Call + DeviceSigned>(person: &TestShopper<'_>, call: &C) -> Request<C> {
    Request::signed(call, &*person.device, person.issuer.freshness()).unwrap()
}

/// The same for a message in the session.
fn signed_in_session<C: Call>(person: &TestShopper<'_>, call: &C) -> Request<C> {
    let session = person.session.clone().unwrap();
    Request::signed_in_session(call, session, &*person.device, person.issuer.freshness()).unwrap()
}

/// What somebody hears who sends these bytes again, from a network of theirs.
fn replay(issuer: &TestIssuer, message: &Envelope) -> Response {
    let mut headers = headers(message);
    headers.push(("X-Forwarded-For", "203.0.113.7".to_owned()));
    issuer.post(message.path(), &headers, message.body())
}

/// The status and the name of the problem in an answer.
fn problem(response: &Response) -> (u16, String) {
    let document: Value = serde_json::from_slice(&response.body).unwrap();
    let name = document["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap();
    (response.status, name.to_owned())
}

fn a_replayed_log_in_makes_no_session_and_uses_no_attempt(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let mut message = signed(&hanako, &log_in(&hanako, PASSWORD, None));
    let first = issuer.execute(&message);
    hanako.session = Some(message.open(&hanako.answer_key, &first).unwrap().session);
    let sessions = hanako.view().unwrap().sessions.len();
    let compared = issuer.comparisons("password");
    for _ in 0..20 {
        assert_eq!(replay(issuer, &message).body, first.body, "the answer, sealed to its sender");
    }
    assert_eq!(hanako.view().unwrap().sessions.len(), sessions);
    assert_eq!(issuer.comparisons("password"), compared);
    let nobody = AnswerKey::make(&SystemRandom::new()).unwrap();
    assert!(message.open(&nobody, &first).is_err(), "whoever has the message alone");
    // After five minutes nobody hears it again but the device that signs.
    issuer.advance_clock(CHALLENGE_SECONDS + 1);
    assert_eq!(problem(&replay(issuer, &message)), (401, "stale".to_owned()));
    message.sign_again(issuer.fresh_challenge(), &*hanako.device).unwrap();
    assert_eq!(issuer.execute(&message).body, first.body);
    assert_eq!(hanako.view().unwrap().sessions.len(), sessions);
}

fn a_lost_answer_of_a_sign_up_is_repeated_to_its_sender(issuer: &TestIssuer) {
    let mut hanako = issuer.new_shopper(HANAKO);
    let ticket = hanako.begin_sign_up().unwrap();
    hanako.submit_first_mailed_code(&ticket).unwrap();
    let message = signed(&hanako, &sign_up_factor(&hanako, &ticket));
    let first = issuer.execute(&message);
    issuer.restart();
    let again = replay(issuer, &message);
    assert_eq!(again.body, first.body);
    let signed_up = message.open(&hanako.answer_key, &again).unwrap();
    assert_eq!(signed_up.recovery_codes.len(), 10);
    hanako.session = Some(signed_up.session);
    assert_eq!(hanako.view().unwrap().sessions.len(), 1);
}

fn an_owners_replayed_reset_uses_up_nothing_and_mails_nothing(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let message = signed(&hanako, &reset(&hanako));
    let ticket = issuer.send::<BeginPasswordReset>(&message).unwrap().ticket;
    let mails = issuer.settled_mail_count(HANAKO);
    for _ in 0..20 {
        let again = message.answer(&replay(issuer, &message)).unwrap();
        assert_eq!(again.ticket.expose(), ticket.expose(), "the same answer");
    }
    assert_eq!(issuer.settled_mail_count(HANAKO), mails);
    // A known device has five mails a day: the four others are left to the owner.
    for nth in 2..=5 {
        hanako.begin_reset().unwrap();
        hanako.mailed_code(1 + nth);
    }
}

fn a_replayed_session_message_has_no_second_effect(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    hanako.verify_factor().unwrap();
    let renew = signed_in_session(&hanako, &RenewRecoveryCodes {});
    let first = issuer.execute(&renew);
    assert_eq!(first.status, 200);
    let mails = issuer.settled_mail_count(HANAKO);
    assert_eq!(replay(issuer, &renew).body, first.body);
    assert_eq!(issuer.settled_mail_count(HANAKO), mails);
    // Without the session's token, or with another, the message is another one, and tells nothing.
    let stripped = [(SIGNATURE_HEADER, renew.signature().unwrap().to_owned())];
    let other = [
        (SIGNATURE_HEADER, renew.signature().unwrap().to_owned()),
        ("Authorization", "Bearer AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE".to_owned()),
    ];
    for headers in [&stripped[..], &other[..]] {
        let told = issuer.post(renew.path(), headers, renew.body());
        assert_eq!(problem(&told), (422, "request-reused".to_owned()));
    }
}

fn a_lost_answer_is_repeated_for_a_day(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let mut end = signed_in_session(&hanako, &LogOut {});
    issuer.send(&end).unwrap();
    assert!(hanako.view().is_err(), "logged out");
    // The answer was lost. The session is over; who sends this hears that it was done, and does so after a restart.
    issuer.send(&end).unwrap();
    issuer.restart();
    issuer.advance_clock(23 * 60 * 60);
    issuer.send(&end).unwrap();
    // Signed again, it is the same request.
    end.sign_again(issuer.fresh_challenge(), &*hanako.device).unwrap();
    issuer.send(&end).unwrap();
    // The job has forgotten it after a day.
    issuer.advance_clock(60 * 60);
    issuer.restart();
    let forgotten = (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        issuer.send(&end).is_err()
    });
    assert!(forgotten);
    hanako.complete_log_in(PASSWORD).unwrap();
    hanako.view().unwrap();
}

fn the_id_of_a_request_is_for_one_message(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let freshness = issuer.freshness();
    let first = reset(&hanako);
    let name = "another name".to_owned().try_into().unwrap();
    let second = BeginPasswordReset { device_name: name, ..reset(&hanako) };
    let sign = |call: &BeginPasswordReset| {
        Request::signed(call, &*hanako.device, freshness.clone()).unwrap()
    };
    issuer.send(&sign(&first)).unwrap();
    let told = issuer.execute(&sign(&second));
    assert_eq!(problem(&told), (422, "request-reused".to_owned()));
    // Another device may call a request of its own so.
    let stranger = issuer.new_shopper(HANAKO);
    let call = reset(&stranger);
    issuer.send(&Request::signed(&call, &*stranger.device, freshness.clone()).unwrap()).unwrap();
}

fn a_refusal_is_repeated_and_counted_once(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let wrong = signed(&hanako, &log_in(&hanako, "wrong horses", None));
    let refused = (403, "refused".to_owned());
    assert_eq!(problem(&issuer.execute(&wrong)), refused);
    let compared = issuer.comparisons("password");
    for _ in 0..20 {
        assert_eq!(problem(&replay(issuer, &wrong)), refused);
    }
    assert_eq!(issuer.comparisons("password"), compared);
    hanako.try_log_in(PASSWORD, None).unwrap();
}

fn copies_at_the_same_time_are_one_request(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let message = signed(&hanako, &log_in(&hanako, PASSWORD, None));
    let bodies: Vec<Vec<u8>> = std::thread::scope(|threads| {
        let copies: Vec<_> = (0..6)
            .map(|_| {
                threads.spawn(|| {
                    let response = issuer.execute(&message);
                    assert_eq!(response.status, 200, "{:?}", str::from_utf8(&response.body));
                    response.body
                })
            })
            .collect();
        copies.into_iter().map(|copy| copy.join().unwrap()).collect()
    });
    assert!(bodies.iter().all(|body| *body == bodies[0]), "one answer");
    let body = bodies[0].clone();
    let response = Response { status: 200, body, retry_after: None, challenge: None };
    hanako.session = Some(message.open(&hanako.answer_key, &response).unwrap().session);
    assert_eq!(hanako.view().unwrap().sessions.len(), 2, "of the sign-up, and one more");
}
