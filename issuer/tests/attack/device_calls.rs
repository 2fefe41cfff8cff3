//! What a device does by its signature alone, without a session: only the devices that the account knows, and nothing that
//! adds power.

use tegata::protocol::{
    Call, DeviceSigned, EndDeviceSessions, FreezeFromDevice, GetDeviceStatus, Refusal, Request,
    UnfreezeAccount,
};
use tegata_testkit::{
    TestIssuer, TestShopper, on_both,
    shopper::{IssuerResult, PASSWORD, refusal},
};

on_both! {
    a_device_freezes_and_logs_out_without_a_session,
    a_strange_device_learns_and_does_nothing,
}

const HANAKO: &str = "hanako@example.org";
const NOBODY: &str = "nobody@example.org";

fn freeze(of: &TestShopper<'_>) -> FreezeFromDevice {
    FreezeFromDevice { handle: of.address.parse().unwrap(), device: of.key() }
}

fn end(of: &TestShopper<'_>) -> EndDeviceSessions {
    EndDeviceSessions { handle: of.address.parse().unwrap(), device: of.key() }
}

fn status(of: &TestShopper<'_>) -> IssuerResult<(bool, bool, bool)> {
    let call = GetDeviceStatus { handle: of.address.parse().unwrap(), device: of.key() };
    let status = of.call_signed(&call)?;
    Ok((status.logged_in, status.frozen, status.new_device.is_some()))
}

fn a_device_freezes_and_logs_out_without_a_session(issuer: &TestIssuer) {
    let mut phone = issuer.signed_up_shopper(HANAKO);
    assert_eq!(status(&phone), Ok((true, false, false)));
    issuer.advance_clock(60);
    let mut tablet = issuer.new_shopper(HANAKO);
    tablet.authenticator.clone_from(&phone.authenticator);
    tablet.complete_log_in(PASSWORD).unwrap();
    assert_eq!(status(&phone), Ok((true, false, true)));
    assert_eq!(status(&tablet), Ok((true, false, false)));

    phone.call_signed(&end(&phone)).unwrap();
    assert_eq!(refusal(phone.view()), Refusal::NotLoggedIn);
    assert_eq!(tablet.view().unwrap().sessions.len(), 1);
    phone.call_signed(&freeze(&phone)).unwrap();
    assert!(issuer.mails(HANAKO, 3).iter().any(|mail| mail.0.contains("frozen")));
    assert_eq!(status(&phone), Ok((false, true, true)));
    // A freeze is lifted with a second factor, as any that the owner made.
    issuer.advance_clock(301);
    assert_eq!(
        refusal(tablet.call_in_session(&UnfreezeAccount { recovery_code: None })),
        Refusal::FactorRequired
    );
    phone.complete_log_in(PASSWORD).unwrap();
    phone.call_in_session(&UnfreezeAccount { recovery_code: None }).unwrap();
    assert_eq!(status(&tablet), Ok((true, false, false)));
}

/// The signature of another device, or of the right one for another purpose.
fn is_not_signed<C: Call + DeviceSigned>(by: &TestShopper<'_>, call: &C) {
    let signed = Request::signed(call, &*by.device, by.issuer.freshness()).unwrap();
    let headers = tegata_testkit::issuer::headers(&signed);
    assert_eq!(by.issuer.post(C::PATH, &headers, signed.body()).status, 401);
}

fn a_strange_device_learns_and_does_nothing(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let mut stranger = issuer.new_shopper(HANAKO);
    let nobody = issuer.new_shopper(NOBODY);
    // In the name of the owner's device, whose key is not secret.
    is_not_signed(&stranger, &freeze(&hanako));
    is_not_signed(&stranger, &end(&hanako));
    for person in [&stranger, &nobody] {
        let result = person.call_signed(&freeze(person));
        assert_eq!(refusal(result), Refusal::InvalidCredentials);
        person.call_signed(&end(person)).unwrap();
        assert_eq!(status(person), Ok((false, false, false)));
    }
    assert_eq!(status(&hanako), Ok((true, false, false)));
    // Once the device is forgotten, it is a strange one.
    stranger.authenticator.clone_from(&hanako.authenticator);
    stranger.complete_log_in(PASSWORD).unwrap();
    let device = tegata::protocol::DeviceNumber(hanako.key().id());
    stranger.call_in_session(&tegata::protocol::ForgetDevice { device }).unwrap();
    assert_eq!(status(&hanako), Ok((false, false, false)));
    let result = hanako.call_signed(&freeze(&hanako));
    assert_eq!(refusal(result), Refusal::InvalidCredentials);
}
