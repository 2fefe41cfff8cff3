//! Tests of provisioning: the request, its answer, and the till cards that come with it.

use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Serializable};
use hpke::{aead::AesGcm256, kdf::HkdfSha256, kem::X25519HkdfSha256};
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::error::Error;
use super::open::Wallet;
use super::payments::{NewPaymentCredential, NextCode};
use super::profile::AccountProfile;
use super::test_phone::{TestPhone, keystore, sealed_response};
use crate::code::{
    AliasPeriod, Audience, CredentialId, Scheme, Seed, ShopName, TillCardError, UnsignedTillCard,
};
use crate::protocol::{
    Ciphertext, CredentialName, DeviceKey, Ed25519Key, Envelope, Grant, MessageSignature,
    PROVISION_INFO, PasswordText, Provision, ProvisionedCredential, X25519Key, provision_aad,
};
use crate::vault::{Argon2Params, PaymentUnlock};
use crate::{Random, SystemRandom, UnixTime};

/// The random source of the issuer.
struct IssuerRandom;

impl TryRng for IssuerRandom {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        SystemRandom::new().fill(bytes).unwrap();
        Ok(())
    }
}

impl TryCryptoRng for IssuerRandom {}

/// Answers as an issuer does, with the credential sealed by the crate `hpke` itself.
fn answer(body: &[u8], credential: u8) -> ProvisionedCredential {
    let asked: Provision = serde_json::from_slice(body).unwrap();
    let credential = CredentialId([credential; 16]);
    let scheme = Scheme { prefix: "4960".parse().unwrap(), alias_period: AliasPeriod::DAY };
    let seed = Seed::from_slice(b"SEED-CANARY-0123456789-012345678").unwrap();
    let grant = Grant { credential, scheme, seed }.write().unwrap();
    let key = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&asked.key.0).unwrap();
    let (enc, sealed) = hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &hpke::OpModeS::Base,
        &key,
        PROVISION_INFO,
        &grant,
        &provision_aad(body, credential),
        &mut IssuerRandom,
    )
    .unwrap();
    ProvisionedCredential {
        credential: CredentialName(credential.0),
        enc: X25519Key(enc.to_bytes().into()),
        ciphertext: Ciphertext::new(sealed).unwrap(),
        till_card_key: Ed25519Key(pair(9).public_key().as_ref().try_into().unwrap()),
        time: UnixTime::new(1_800_000_100).unwrap(),
    }
}

/// The key that an issuer signs till cards with.
fn pair(byte: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[byte; 32]).unwrap()
}

fn phone() -> TestPhone {
    TestPhone::new(|| UnixTime::new(1_800_000_000).unwrap())
}

/// Opens the phone's wallet and logs in.
fn logged_in(phone: &TestPhone) -> Wallet {
    let profile = AccountProfile {
        handle: "hanako@example.org".parse().unwrap(),
        issuer: "http://127.0.0.1:8080".parse().unwrap(),
        device_name: "phone".to_owned().try_into().unwrap(),
    };
    let mut wallet = phone.open();
    let password = PasswordText::new("four quiet herons").unwrap();
    let request = wallet.account().log_in(&profile, password, None).unwrap();
    let response = sealed_response(request.envelope(), r#"{"session":"token","must_enrol":false}"#);
    wallet.account().complete(&request, &response).unwrap();
    wallet
}

fn is_signed(key: &DeviceKey, request: &Envelope) -> bool {
    let signature = MessageSignature::read(request.signature().unwrap()).unwrap();
    signature.is_of(key, "provision", request.body())
}

#[test]
fn a_request_stays_the_same_until_it_is_completed() {
    let phone = phone();
    let mut wallet = logged_in(&phone);
    let key = wallet.account().device_key().unwrap();
    let asked = wallet.account().provision().unwrap();
    let first = asked.envelope();
    assert_eq!(
        (asked.issuer().as_str(), first.path()),
        ("http://127.0.0.1:8080", "/v1/credentials")
    );
    assert_eq!(first.session().unwrap().expose(), "token");
    assert!(is_signed(&key, first));
    // The app is killed before the answer comes.
    drop(wallet);
    let mut wallet = logged_in(&phone);
    assert!(wallet.account().has_pending_provision().unwrap());
    let again = wallet.account().provision().unwrap();
    assert_eq!(again.envelope().body(), first.body());
    let unlock = PaymentUnlock::without_lock();
    let given =
        wallet.account().store_credential(&unlock, "Shop", &answer(first.body(), 1)).unwrap();
    assert!(!wallet.account().has_pending_provision().unwrap());
    let kept = wallet.payments().get(&given).unwrap();
    assert_eq!((kept.credential, kept.label.as_str()), (CredentialId([1; 16]), "Shop"));
    assert_eq!(kept.offset.seconds(), 100, "the issuer's time");
    let code = wallet.payments().next_code(&unlock, &given, Audience::AnyTill).unwrap();
    assert!(matches!(code, NextCode::Code(_)));
    let again = wallet.account().store_credential(&unlock, "Shop", &answer(first.body(), 1));
    assert_eq!(again, Err(Error::NotFound), "an answer is taken once");
    assert!(!format!("{wallet:?}").contains("CANARY"));
    drop(wallet);
    let file = std::fs::read(phone.folder.path().join("wallet")).unwrap();
    for clear in [&b"CANARY"[..], b"4960", &key.0[1..]] {
        assert!(!file.windows(clear.len()).any(|bytes| bytes == clear), "in clear");
    }
}

#[test]
fn the_next_credential_replaces_the_one_before() {
    let phone = phone();
    let mut wallet = logged_in(&phone);
    let unlock = PaymentUnlock::without_lock();
    let other = NewPaymentCredential {
        credential: CredentialId([7; 16]),
        label: "Other".into(),
        scheme: Scheme { prefix: "4900".parse().unwrap(), alias_period: AliasPeriod::DAY },
        seed: Seed::from_slice(&[7; 32]).unwrap(),
    };
    wallet.payments().add(&unlock, &other).unwrap();
    for credential in [1, 2] {
        let asked = wallet.account().provision().unwrap();
        let answer = answer(asked.envelope().body(), credential);
        wallet.account().store_credential(&unlock, "Shop", &answer).unwrap();
    }
    let mut kept: Vec<_> =
        wallet.payments().list().unwrap().iter().map(|it| it.credential.0[0]).collect();
    kept.sort_unstable();
    assert_eq!(kept, [2, 7]);
}

#[test]
fn till_cards_are_checked_with_the_credentials_key() {
    let phone = phone();
    let mut wallet = logged_in(&phone);
    let unlock = PaymentUnlock::without_lock();
    let asked = wallet.account().provision().unwrap();
    let answer = answer(asked.envelope().body(), 1);
    let given = wallet.account().store_credential(&unlock, "Shop", &answer).unwrap();
    let by_hand = NewPaymentCredential {
        credential: CredentialId([7; 16]),
        label: "By hand".into(),
        scheme: Scheme { prefix: "4900".parse().unwrap(), alias_period: AliasPeriod::DAY },
        seed: Seed::from_slice(&[7; 32]).unwrap(),
    };
    let by_hand = wallet.payments().add(&unlock, &by_hand).unwrap();
    let name = |text| ShopName::new(text).unwrap();
    let card = UnsignedTillCard {
        till: "till-1".parse().unwrap(),
        shop: name("Ginza"),
        issuer: name("Tegata"),
    };
    let signed_by =
        |byte| card.sign(|message| pair(byte).sign(message).as_ref().try_into().unwrap());
    let read = wallet.payments().read_till_card(&given, &signed_by(9)).unwrap();
    assert_eq!((read.till().as_str(), read.shop().as_str()), ("till-1", "Ginza"));
    let mut refused = |id, text: &str| wallet.payments().read_till_card(id, text).unwrap_err();
    let strange = refused(&given, &signed_by(8));
    assert_eq!(strange, Error::TillCard(TillCardError::InvalidSignature));
    assert_eq!(refused(&given, "till-1"), Error::TillCard(TillCardError::Malformed));
    assert_eq!(refused(&by_hand, &signed_by(9)), Error::NotFound, "no key came with it");
}

#[test]
fn a_wrong_or_altered_answer_changes_nothing() {
    let phone = phone();
    let mut wallet = logged_in(&phone);
    let unlock = PaymentUnlock::without_lock();
    let first = wallet.account().provision().unwrap();
    wallet.account().discard_provision().unwrap();
    wallet.account().discard_provision().unwrap();
    let second = wallet.account().provision().unwrap();
    assert_ne!(first.envelope().body(), second.envelope().body());
    let good = answer(second.envelope().body(), 1);
    let mut bad = vec![answer(first.envelope().body(), 1)];
    bad.push(ProvisionedCredential { credential: CredentialName([2; 16]), ..good.clone() });
    bad.push(ProvisionedCredential { enc: X25519Key([0; 32]), ..good.clone() });
    bad.push(ProvisionedCredential { enc: bad[0].enc, ..good.clone() });
    let mut sealed = good.ciphertext.bytes().to_vec();
    sealed[3] ^= 1;
    bad.push(ProvisionedCredential {
        ciphertext: Ciphertext::new(sealed).unwrap(),
        ..good.clone()
    });
    for bad in bad {
        let refused = wallet.account().store_credential(&unlock, "Shop", &bad);
        assert_eq!(refused, Err(Error::InvalidAnswer));
    }
    assert!(wallet.payments().list().unwrap().is_empty());
    let named = wallet.account().store_credential(&unlock, "", &good);
    assert!(matches!(named, Err(Error::Invalid(_))));
    wallet.account().store_credential(&unlock, "Shop", &good).unwrap();
}

#[test]
fn another_device_key_makes_another_request() {
    let phone = phone();
    let mut wallet = logged_in(&phone);
    let first = wallet.account().provision().unwrap();
    wallet.change_keystore(keystore(&phone.folder.path().join("other"))).unwrap();
    let second = wallet.account().provision().unwrap();
    assert_ne!(first.envelope().body(), second.envelope().body());
    let key = wallet.account().device_key().unwrap();
    assert!(is_signed(&key, second.envelope()));
}

#[test]
fn a_payment_lock_needs_its_unlock_token() {
    let phone = phone();
    let mut wallet = logged_in(&phone);
    let mut unlock = PaymentUnlock::without_lock();
    let cheap = Argon2Params::new(8, 1, 1).unwrap();
    wallet.payments().set_pin(&mut unlock, b"739164", cheap).unwrap();
    let asked = wallet.account().provision().unwrap();
    let answer = answer(asked.envelope().body(), 1);
    let without = PaymentUnlock::without_lock();
    let refused = wallet.account().store_credential(&without, "Shop", &answer);
    assert_eq!(refused, Err(Error::PaymentsLocked));
    assert!(wallet.account().has_pending_provision().unwrap(), "it can be opened later");
    wallet.account().store_credential(&unlock, "Shop", &answer).unwrap();
    wallet.account().discard_session().unwrap();
    assert_eq!(wallet.account().provision().unwrap_err(), Error::NotLoggedIn);
}
