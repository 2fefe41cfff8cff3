//! Somebody who saw a signed message on its way sends it again, or keeps it for later.

use tegata::protocol::{
    BeginPasswordReset, Call, Challenge, Freshness, SIGNATURE_HEADER, SignaturePurpose,
};
use tegata_issuer::admin::Operator;
use tegata_issuer::domain::{Environment, Reason};
use tegata_testkit::{TestIssuer, TestShopper, on_both, shopper::reset};

on_both! {
    a_message_without_a_challenge_of_now_is_stale,
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
    let document: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    document["type"].as_str().and_then(|name| name.rsplit(':').next().map(str::to_owned))
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
