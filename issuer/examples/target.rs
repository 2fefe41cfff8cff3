//! An issuer with a few shoppers and a till, to be fuzzed with requests: a line of JSON says where it listens,
//! which sessions, tickets, tills and codes there are, and with which device's key to sign. It ends with its input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "for tests")]
#![allow(clippy::print_stdout, reason = "its answer")]

#[allow(dead_code, reason = "the tests of payments use the rest")]
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;
use tegata::protocol::{AddCard, BeginCardSetup, DeviceKey, LogIn, Request};
use tegata::vault::{Keystore, KeystoreError};
use tegata::{Secret, SecretBytes};

use tegata_testkit::TestPayments;
use tegata_testkit::{
    TestIssuer, TestShopper,
    shopper::{PASSWORD, log_in},
};

/// A device key that is exported, so that the fuzzer can sign with it.
struct ExportedKey {
    key: EcdsaKeyPair,
    pkcs8: Vec<u8>,
}

impl ExportedKey {
    fn new() -> Self {
        let kind = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap().as_ref().to_vec();
        Self { key: EcdsaKeyPair::from_pkcs8(kind, &pkcs8, &random).unwrap(), pkcs8 }
    }

    /// A session of this person's on this device, the second factor just proved.
    fn session_of(&self, person: &mut TestShopper<'_>) -> String {
        let factor = Some(person.next_totp());
        let device = DeviceKey(self.public_key().unwrap());
        let call = LogIn { device, ..log_in(person, PASSWORD, factor) };
        let request = Request::signed(&call, self, person.issuer.freshness()).unwrap();
        let response = person.issuer.execute(&request);
        let session = request.open(&person.answer_key, &response).unwrap().session;
        person.session = Some(session.clone());
        session.expose().to_owned()
    }
}

impl Keystore for ExportedKey {
    fn wrap(&self, _plaintext: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        Err(KeystoreError::KeyMissing)
    }

    fn unwrap(&self, _wrapped: &[u8]) -> Result<SecretBytes, KeystoreError> {
        Err(KeystoreError::KeyMissing)
    }

    fn prf(&self, _input: &[u8]) -> Result<Secret<32>, KeystoreError> {
        Err(KeystoreError::KeyMissing)
    }

    fn public_key(&self) -> Result<[u8; 65], KeystoreError> {
        Ok(self.key.public_key().as_ref().try_into().unwrap())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        let signed = self.key.sign(&SystemRandom::new(), message);
        signed.map(|signature| signature.as_ref().to_vec()).map_err(|_| KeystoreError::Locked)
    }

    fn replace_signing_key(&self) -> Result<(), KeystoreError> {
        Err(KeystoreError::KeyMissing)
    }
}

fn main() {
    let issuer = TestIssuer::with("password_threads = 2\n");
    let payments = TestPayments::new(&issuer);
    let device = ExportedKey::new();
    let mut people: Vec<_> =
        (0..8).map(|n| issuer.signed_up_shopper(&format!("shopper-{n}@example.org"))).collect();
    let tickets: Vec<_> = people.iter().map(|person| person.begin_reset().unwrap()).collect();
    let ending: Vec<_> = (8..16)
        .map(|n| {
            device.session_of(&mut issuer.signed_up_shopper(&format!("shopper-{n}@example.org")))
        })
        .collect();
    let sessions: Vec<_> = people.iter_mut().map(|person| device.session_of(person)).collect();
    let mut setups = Vec::new();
    let mut cards = Vec::new();
    for person in &people {
        let register = || {
            let session = person.session.clone().unwrap();
            let fresh = issuer.freshness();
            let begin = Request::signed_in_session(&BeginCardSetup {}, session, &device, fresh);
            let setup = issuer.send(&begin.unwrap()).unwrap();
            assert_eq!(person.fill_in_card_form(&setup, "pm_card_visa", None), "succeeded");
            setup.setup
        };
        let add = AddCard { setup: register() };
        let session = person.session.clone().unwrap();
        let add = Request::signed_in_session(&add, session, &device, issuer.freshness());
        cards.extend(issuer.send(&add.unwrap()).unwrap().cards.into_iter().map(|card| card.card));
        // One that is not added yet.
        setups.push(register().expose().to_owned());
    }

    let till = payments.till("till-1");
    let enrolments: Vec<_> =
        (2..6).map(|n| payments.enrolment_code(&format!("till-{n}"))).collect();
    let shoppers: Vec<_> = (1..9).map(|byte| payments.payer(byte)).collect();
    let paid = till.authorise(&payments, "sale-1", &payments.code(&shoppers[0], 0, None), 100);
    // Each is good once.
    let codes: Vec<_> =
        shoppers.iter().skip(1).map(|shopper| payments.code(shopper, 0, None)).collect();
    println!(
        "{}",
        json!({
            "url": format!("http://{}", issuer.address()), "device": hex::encode(&device.pkcs8),
            "password": PASSWORD, "sessions": sessions, "ending": ending, "tickets": tickets, "cards": cards, "setups": setups,
            "till": till.token, "enrolments": enrolments, "codes": codes, "authorisations": [paid.id()],
        })
    );
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}
