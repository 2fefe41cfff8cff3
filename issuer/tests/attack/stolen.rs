//! What a thief holds of an owner's (phone, second factor, session token) after the owner has done something about it.

use tegata::protocol::{
    BeginFactorEnrolment, Call, CancelDeletion, ConfirmFactorEnrolment, DeviceNumber, EndSessions,
    ForgetDevice, FreezeAccount, GetAccount, NoticeCode, Refusal, RemoveCard, Request,
    RequestDeletion, RevertChanges, SIGNATURE_HEADER, SecondFactor,
};
use tegata_testkit::{
    TestIssuer, TestShopper, on_both,
    shopper::{IssuerResult, NEW_PASSWORD, PASSWORD, refusal},
};

on_both! {
    what_was_stolen_takes_no_change_back,
    a_reset_forgets_the_phone_of_a_thief,
    a_token_alone_harms_nothing,
    a_token_alone_gains_nothing_by_a_fresh_factor,
    a_token_alone_serves_an_hour_and_a_day,
    the_owner_is_mailed_about_what_a_session_does,
}

const HANAKO: &str = "hanako@example.org";
const DAY: u64 = 24 * 60 * 60;

/// The owner on another phone that they bought.
fn with_another_phone<'a>(owner: &TestShopper<'a>) -> TestShopper<'a> {
    TestShopper { device: owner.issuer.device(), session: None, ..owner.clone() }
}

fn take_back(
    person: &TestShopper<'_>,
    code: &str,
    second_factor: SecondFactor,
) -> IssuerResult<()> {
    let code = NoticeCode::parse(code).unwrap();
    let call = RevertChanges { handle: HANAKO.parse().unwrap(), code, second_factor };
    person.issuer.send(&Request::written(&call).unwrap()).map(|_| ())
}

/// The phone is stolen with the authenticator on it, and reads the mail. The owner replaces both with a recovery code.
fn what_was_stolen_takes_no_change_back(issuer: &TestIssuer) {
    let thief = issuer.signed_up_shopper(HANAKO);
    issuer.advance_clock(8 * DAY);
    let mut owner = with_another_phone(&thief);
    let recovery = |nth: usize| SecondFactor::RecoveryCode(thief.recovery[nth].clone());
    owner.session = Some(owner.try_log_in(PASSWORD, Some(recovery(0))).unwrap().session);
    let enrolled = owner.call_in_session(&BeginFactorEnrolment {}).unwrap().otpauth;
    owner.authenticator = Some(enrolled.expose().to_owned());
    let SecondFactor::Totp(totp) = owner.next_totp() else { unreachable!() };
    owner.call_in_session(&ConfirmFactorEnrolment { totp }).unwrap();
    // The phone is forgotten, although nobody said so.
    assert_eq!(refusal(thief.view()), Refusal::NotLoggedIn);
    assert_eq!(refusal(thief.try_log_in(PASSWORD, None)), Refusal::InvalidCredentials);

    let notice = issuer.code_in_mail(HANAKO, 0, "two-step verification was changed");
    issuer.advance_clock(5 * DAY);
    let result = take_back(&thief, &notice, thief.next_totp());
    assert_eq!(refusal(result), Refusal::InvalidCredentials);
    let result = thief.try_log_in(PASSWORD, Some(thief.next_totp()));
    assert_eq!(refusal(result), Refusal::InvalidCredentials);
    assert_eq!(owner.view().unwrap().devices.len(), 1);
    // Had a stranger replaced it, the owner would take that back with a recovery code from before.
    take_back(&owner, &notice, recovery(1)).unwrap();
}

fn a_reset_forgets_the_phone_of_a_thief(issuer: &TestIssuer) {
    let thief = issuer.signed_up_shopper(HANAKO);
    let mut owner = with_another_phone(&thief);
    let ticket = owner.begin_reset().unwrap();
    owner.submit_reset_proof(&ticket, owner.mailed_code(2), owner.next_totp()).unwrap();
    owner.finish_reset(&ticket, NEW_PASSWORD).unwrap();
    // The thief sees the new password typed: on the phone that was known it is not enough any more.
    assert_eq!(refusal(thief.try_log_in(NEW_PASSWORD, None)), Refusal::InvalidCredentials);
    owner.complete_log_in(NEW_PASSWORD).unwrap();
    assert_eq!(owner.view().unwrap().devices.len(), 1);
}

/// An owner with a card and a deletion under way on the phone, who is logged in on a tablet as well.
fn with_tablet(issuer: &TestIssuer) -> (TestShopper<'_>, TestShopper<'_>, RemoveCard) {
    let phone = issuer.signed_up_shopper(HANAKO);
    let card = phone.add_card("pm_card_visa").unwrap().cards[0].card;
    phone.call_in_session(&RequestDeletion {}).unwrap();
    let mut tablet = with_another_phone(&phone);
    tablet.complete_log_in(PASSWORD).unwrap();
    (phone, tablet, RemoveCard { card })
}

fn a_token_alone_harms_nothing(issuer: &TestIssuer) {
    let (phone, tablet, remove) = with_tablet(issuer);
    let forget = ForgetDevice { device: DeviceNumber(phone.key().id()) };
    issuer.advance_clock(301);
    let thief = issuer.device();
    let with_own_device = |call: &EndSessions| {
        let session = tablet.session.clone().unwrap();
        let freshness = issuer.freshness();
        issuer.send(&Request::signed_in_session(call, session, &*thief, freshness).unwrap())
    };
    let needs_more = [
        refusal(tablet.call_by_token(&EndSessions { session: None })),
        refusal(tablet.call_by_token(&forget)),
        refusal(tablet.call_by_token(&FreezeAccount {})),
        refusal(tablet.call_by_token(&remove)),
        refusal(tablet.call_by_token(&CancelDeletion {})),
        refusal(with_own_device(&EndSessions { session: None })),
    ];
    assert_eq!(needs_more, [Refusal::FactorRequired; 6]);
    // The device's signature of one message is worth nothing on another.
    let session = tablet.session.clone().unwrap();
    let freshness = issuer.freshness();
    let signed = Request::signed_in_session(&GetAccount {}, session, &*tablet.device, freshness);
    let signed = signed.unwrap();
    let headers = [
        (SIGNATURE_HEADER, signed.signature().unwrap().to_owned()),
        ("Authorization", format!("Bearer {}", signed.session().unwrap().expose())),
    ];
    assert_eq!(issuer.post(FreezeAccount::PATH, &headers, signed.body()).status, 401);
    let view = phone.view().unwrap();
    assert_eq!((view.sessions.len(), view.devices.len(), view.frozen), (2, 2, false));
    assert!(view.closing.is_some());

    tablet.call_in_session(&remove).unwrap();
    tablet.call_in_session(&CancelDeletion {}).unwrap();
    tablet.call_in_session(&FreezeAccount {}).unwrap();
    tablet.call_in_session(&EndSessions { session: None }).unwrap();
    tablet.call_in_session(&forget).unwrap();
    // Or with a factor that was verified just now, without the signature.
    tablet.verify_factor().unwrap();
    tablet.call_by_token(&FreezeAccount {}).unwrap();
}

/// The owner has given the second factor just now; whoever reads the token does not add anything of theirs by it.
fn a_token_alone_gains_nothing_by_a_fresh_factor(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let token = format!("Bearer {}", hanako.session.as_ref().unwrap().expose());
    let status = |path: &str, body: &serde_json::Value| {
        let headers = [("Authorization", token.clone())];
        issuer.post(path, &headers, body.to_string().as_bytes()).status
    };
    let nothing = serde_json::json!({});
    for path in [
        "/v1/second-factor",
        "/v1/recovery-codes",
        "/v1/account/unfreeze",
        "/v1/account/close",
        "/v1/account/export",
        "/v1/cards/setup",
    ] {
        assert_eq!(status(path, &nothing), 401, "{path}");
    }
    let card = serde_json::json!({ "setup": "seti_1" });
    assert_eq!(status("/v1/cards/add", &card), 401);
    let address = serde_json::json!({ "address": "thief@example.org", "language": "en" });
    assert_eq!(status("/v1/address", &address), 401);
    let view = hanako.view().unwrap();
    assert_eq!((view.recovery_codes_left, view.closing), (10, None));
    assert_eq!(issuer.settled_mail_count(HANAKO), 1, "that of the sign-up");
}

fn a_token_alone_serves_an_hour_and_a_day(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    issuer.advance_clock(3599);
    hanako.call_by_token(&GetAccount {}).unwrap();
    issuer.advance_clock(3600);
    assert_eq!(refusal(hanako.call_by_token(&GetAccount {})), Refusal::NotLoggedIn, "idle");
    hanako.view().unwrap();
    for _ in 0..24 {
        issuer.advance_clock(3540);
        hanako.call_by_token(&GetAccount {}).unwrap();
    }
    issuer.advance_clock(1440);
    assert_eq!(refusal(hanako.call_by_token(&GetAccount {})), Refusal::NotLoggedIn, "a day");
    issuer.advance_clock(20 * DAY);
    hanako.view().unwrap();
    hanako.call_by_token(&GetAccount {}).unwrap();
}

fn the_owner_is_mailed_about_what_a_session_does(issuer: &TestIssuer) {
    let (phone, tablet, _) = with_tablet(issuer);
    for _ in 0..3 {
        phone.try_log_in(PASSWORD, None).unwrap();
    }
    tablet.call_in_session(&EndSessions { session: None }).unwrap();
    tablet.call_in_session(&EndSessions { session: None }).unwrap();
    let device = DeviceNumber(phone.key().id());
    tablet.call_in_session(&ForgetDevice { device }).unwrap();
    issuer.advance_clock(DAY);
    tablet.try_log_in(PASSWORD, None).unwrap();
    issuer.settled_mail_count(HANAKO);
    let mails = issuer.all_mails(HANAKO);
    let count = |subject: &str| mails.iter().filter(|(is, _)| is == subject).count();
    assert_eq!(count("Login to your account"), 2, "one a day for each device: {mails:?}");
    assert_eq!(count("Devices were logged out of your account"), 1, "what ended none is silent");
    assert_eq!(count("A device was removed from your account"), 1);
}
