//! Tests of dropping the payment lock: the device's key goes, and the end of its sessions goes out first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::Error;
use super::open::Wallet;
use super::profile::AccountProfile;
use super::test_phone::{TestPhone, sealed_response};
use crate::protocol::{
    Call, DeviceKey, EndDeviceSessions, IssuerProblem, MessageSignature, PasswordText, Response,
};
use crate::vault::{Keystore, KeystoreError, SoftwareKeystore};
use crate::{Secret, SecretBytes, SystemClock};

fn profile() -> AccountProfile {
    AccountProfile {
        handle: "hanako@example.org".parse().unwrap(),
        issuer: "https://pay.example.org".parse().unwrap(),
        device_name: "phone".to_owned().try_into().unwrap(),
    }
}

fn response(status: u16, body: &str) -> Response {
    Response { status, body: body.into(), retry_after: None, challenge: None }
}

fn log_in(wallet: &mut Wallet) -> DeviceKey {
    let password = PasswordText::new("four quiet herons").unwrap();
    let asked = wallet.account().log_in(&profile(), password, None).unwrap();
    let body = r#"{"session":"CANARY-token","must_enrol":false}"#;
    wallet.account().complete(&asked, &sealed_response(asked.envelope(), body)).unwrap();
    let call: serde_json::Value = serde_json::from_slice(asked.envelope().body()).unwrap();
    serde_json::from_value(call["device"].clone()).unwrap()
}

#[test]
fn dropping_the_lock_destroys_the_device_key_and_queues_the_end_of_its_sessions() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    let old = log_in(&mut wallet);
    assert!(wallet.account().queued_request().unwrap().is_none());
    wallet.payments().remove_all().unwrap();
    // Also after the wallet was closed, and whoever logs in at another issuer before.
    wallet.close().unwrap();
    let mut wallet = phone.open();
    assert_ne!(wallet.account().device_key().unwrap(), old);
    assert_ne!(log_in(&mut wallet), old);

    let queued = wallet.account().queued_request().unwrap().unwrap();
    assert_eq!((queued.profile(), queued.issuer()), (&profile(), &profile().issuer));
    let envelope = queued.envelope();
    assert_eq!(envelope.path(), EndDeviceSessions::PATH);
    assert!(envelope.session().is_none() && envelope.is_idempotent());
    let purpose = EndDeviceSessions::AUTH.signed_for().unwrap();
    let signature = MessageSignature::read(envelope.signature().unwrap()).unwrap();
    assert!(signature.is_of(&old, purpose, envelope.body()));

    let busy = response(503, r#"{"type":"urn:tegata:problem:busy"}"#);
    let result = wallet.account().complete(&queued, &busy);
    assert_eq!(result, Err(Error::Issuer(IssuerProblem::Busy(1))));
    assert!(wallet.account().queued_request().unwrap().is_some(), "to be sent again");
    wallet.account().complete(&queued, &response(200, "{}")).unwrap();
    assert!(wallet.account().queued_request().unwrap().is_none());
    assert!(wallet.account().get().unwrap().unwrap().logged_in, "the session since then stays");
}

#[test]
fn what_the_issuer_refuses_is_not_sent_again() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    log_in(&mut wallet);
    wallet.payments().remove_all().unwrap();
    let queued = wallet.account().queued_request().unwrap().unwrap();
    let refused = response(403, r#"{"type":"urn:tegata:problem:refused"}"#);
    assert!(wallet.account().complete(&queued, &refused).is_err());
    assert!(wallet.account().queued_request().unwrap().is_none());
}

/// A keystore that stops the program, or fails, where the key is to be replaced.
struct StoppingKeystore(Arc<SoftwareKeystore>, AtomicBool);

impl Keystore for StoppingKeystore {
    fn wrap(&self, plaintext: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        self.0.wrap(plaintext)
    }
    fn unwrap(&self, wrapped: &[u8]) -> Result<SecretBytes, KeystoreError> {
        self.0.unwrap(wrapped)
    }
    fn prf(&self, input: &[u8]) -> Result<Secret<32>, KeystoreError> {
        self.0.prf(input)
    }
    fn public_key(&self) -> Result<[u8; 65], KeystoreError> {
        self.0.public_key()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        self.0.sign(message)
    }
    fn replace_signing_key(&self) -> Result<(), KeystoreError> {
        if self.1.load(Ordering::SeqCst) {
            return Err(KeystoreError::Locked);
        }
        self.0.replace_signing_key()
    }
}

#[test]
fn a_device_key_that_could_not_be_destroyed_signs_nothing_more() {
    let mut stopping = None;
    let phone = TestPhone::with(SystemClock, |keystore| {
        let around = Arc::new(StoppingKeystore(keystore, AtomicBool::new(true)));
        stopping = Some(around.clone());
        around
    });
    let stopping = stopping.unwrap();
    let mut wallet = phone.open();
    let old = log_in(&mut wallet);
    assert_eq!(wallet.payments().remove_all(), Err(Error::Locked));
    assert!(!wallet.account().get().unwrap().unwrap().logged_in, "the rest is gone");
    let password = || PasswordText::new("four quiet herons").unwrap();
    let result = wallet.account().log_in(&profile(), password(), None);
    assert_eq!(result.unwrap_err(), Error::Locked);
    assert_eq!(wallet.account().freeze_from_device().unwrap_err(), Error::Locked);
    assert_eq!(wallet.account().queued_request().unwrap_err(), Error::Locked);
    assert_eq!(wallet.account().device_key(), Err(Error::Locked));
    stopping.1.store(false, Ordering::SeqCst);
    assert_ne!(log_in(&mut wallet), old);
    assert!(wallet.account().queued_request().unwrap().is_some());
}
