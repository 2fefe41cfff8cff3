//! The shared vectors (core/fixtures/vectors/vault.json), met whole.

use std::num::NonZeroU32;
use std::sync::Mutex;

use serde_json::Value;

use super::account_secret;
use super::argon2_params::Argon2Params;
use super::ids::{RecordId, VaultId};
use super::keys::{DataKey, Keyring};
use super::kinds::tests::to_hex;
use super::kinds::{self, AccountSecret, OtpCredential, SecretPurpose};
use super::lock_key::{LockKey, LockedSeed, PinWrapping};
use super::manifest::{self, Manifest};
use super::open_lock::OpenLock;
use super::record::{self, SealedRecord};
use super::{Keystore, KeystoreError};
use crate::{Random, RandomUnavailable, Secret, SecretBytes};

/// Gives these bytes and no more.
pub(super) struct FixedRandom(Mutex<Vec<u8>>);

impl FixedRandom {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(Mutex::new(bytes.to_vec()))
    }
}

impl Random for FixedRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        let mut left = self.0.lock().unwrap();
        if left.len() < bytes.len() {
            return Err(RandomUnavailable);
        }
        let rest = left.split_off(bytes.len());
        bytes.copy_from_slice(&left);
        *left = rest;
        Ok(())
    }
}

/// A keystore of which only the PRF is known, as the vectors give it.
struct PrfOnly(Vec<u8>);

impl Keystore for PrfOnly {
    fn wrap(&self, _: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        Err(KeystoreError::KeyMissing)
    }
    fn unwrap(&self, _: &[u8]) -> Result<SecretBytes, KeystoreError> {
        Err(KeystoreError::KeyMissing)
    }
    fn prf(&self, input: &[u8]) -> Result<Secret<32>, KeystoreError> {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &self.0);
        Ok(Secret::from_slice(ring::hmac::sign(&key, input).as_ref()).unwrap())
    }
    fn public_key(&self) -> Result<[u8; 65], KeystoreError> {
        Err(KeystoreError::KeyMissing)
    }
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        Err(KeystoreError::KeyMissing)
    }
    fn replace_signing_key(&self) -> Result<(), KeystoreError> {
        Err(KeystoreError::KeyMissing)
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn number(value: &Value) -> u32 {
    value.as_u64().unwrap().try_into().unwrap()
}

fn each_case(test: impl Fn(&Value, VaultId)) {
    let file = include_str!("../../fixtures/vectors/vault.json");
    let cases: Vec<Value> = serde_json::from_str(file).unwrap();
    assert!(cases.len() >= 4);
    for case in &cases {
        test(case, VaultId::new(array(&case["vault_id"])));
    }
}

fn data_key(case: &Value) -> DataKey {
    let generation = NonZeroU32::new(number(&case["generation"])).unwrap();
    DataKey::new(generation, Secret::new(&array(&case["dek"])))
}

#[test]
fn the_wrapped_plaintext_meets_the_vectors() {
    each_case(|case, vault| {
        let plaintext = data_key(case).plaintext(&vault);
        assert_eq!(to_hex(plaintext.expose()), case["wrapped_plaintext"].as_str().unwrap());
    });
}

#[test]
fn records_meet_the_vectors() {
    each_case(|case, vault| {
        let key = data_key(case);
        let manifest_key = key.manifest_key();
        let keys = Keyring::new(vault, vec![key]).unwrap();
        for row in case["records"].as_array().unwrap() {
            let id = RecordId::new(array(&row["id"])).unwrap();
            let rev = row["rev"].as_u64().unwrap();
            let data = bytes(&row["data"]);
            let salt = FixedRandom::new(&bytes(&row["salt"]));
            let sealed = record::seal(&keys, &id, rev, &data, &salt).unwrap();
            assert_eq!(to_hex(&sealed), row["sealed"].as_str().unwrap());

            let parts = SealedRecord::parse(&sealed).unwrap();
            assert_eq!(*parts.open(&keys, &id, rev).unwrap(), data);
            let entry = manifest::entry(&manifest_key, &id, rev, &parts);
            assert_eq!(to_hex(&entry), row["manifest_entry"].as_str().unwrap());
        }
    });
}

#[test]
fn the_manifest_meets_the_vectors() {
    each_case(|case, vault| {
        let key = data_key(case);
        let mut manifest = Manifest::empty(key.generation());
        for row in case["records"].as_array().unwrap() {
            manifest.toggle(&array(&row["manifest_entry"]));
            manifest.records += 1;
        }
        let given = &case["manifest"];
        manifest.epoch = given["epoch"].as_u64().unwrap();
        let data = manifest.encode().unwrap();
        assert_eq!(to_hex(&data), given["data"].as_str().unwrap());

        let keys = Keyring::new(vault, vec![key]).unwrap();
        let salt = FixedRandom::new(&bytes(&given["salt"]));
        let id = RecordId::MANIFEST;
        let sealed = record::seal(&keys, &id, manifest.epoch, &data, &salt).unwrap();
        assert_eq!(to_hex(&sealed), given["sealed"].as_str().unwrap());
        let opened =
            SealedRecord::parse(&sealed).unwrap().open(&keys, &id, manifest.epoch).unwrap();
        assert_eq!(Manifest::decode(&opened), Ok(manifest));
    });
}

#[test]
fn the_lock_key_under_a_pin_meets_the_vectors() {
    each_case(|case, vault| {
        let given = &case["pin"];
        let pin = given["pin"].as_str().unwrap().as_bytes();
        let params = Argon2Params::new(
            number(&given["memory_kib"]),
            number(&given["passes"]),
            number(&given["lanes"]),
        )
        .unwrap();
        let keystore = PrfOnly(bytes(&given["prf_key"]));
        let key = LockKey::new(&array(&given["lock_key"]));
        let salt = FixedRandom::new(&bytes(&given["salt"]));
        let wrapped = key.wrap(&vault, pin, params, &keystore, &salt).unwrap();
        assert_eq!(to_hex(wrapped.as_bytes()), given["wrapped"].as_str().unwrap());

        let unwrap = |wrapped: &[u8], vault: &VaultId, pin: &[u8]| {
            let wrapped = PinWrapping::parse(wrapped)?;
            let key = LockKey::unwrap(&wrapped, vault, pin, &keystore).unwrap()?;
            Some(*key.expose())
        };
        let wrapped = wrapped.as_bytes();
        assert_eq!(unwrap(wrapped, &vault, pin), Some(*key.expose()));
        assert_eq!(unwrap(wrapped, &vault, b"000000"), None);
        assert_eq!(unwrap(wrapped, &VaultId::new([0; 16]), pin), None);
        let mut later = wrapped.to_vec();
        later[0] = 2;
        assert_eq!(unwrap(&later, &vault, pin), None);
        for at in 13..wrapped.len() {
            let mut changed = wrapped.to_vec();
            changed[at] ^= 1;
            assert_eq!(unwrap(&changed, &vault, pin), None, "byte {at}");
        }
        // Four terabytes are refused before they are asked for.
        let mut greedy = wrapped.to_vec();
        greedy[1..5].fill(0xff);
        assert!(PinWrapping::parse(&greedy).is_none());
    });
}

#[test]
fn a_seed_under_the_lock_key_meets_the_vectors() {
    each_case(|case, vault| {
        let key = LockKey::new(&array(&case["pin"]["lock_key"]));
        let given = &case["seed"];
        let credential = array(&given["credential_id"]);
        let seed = Secret::new(&array(&given["seed"]));
        let salt = FixedRandom::new(&bytes(&given["salt"]));
        let sealed = key.seal_seed(&vault, &credential, &seed, &salt).unwrap();
        assert_eq!(to_hex(sealed.as_bytes()), given["sealed"].as_str().unwrap());

        let opened = key.open_seed(&vault, &credential, &sealed).unwrap();
        assert_eq!(opened.expose(), seed.expose());
        let refused = |vault: &VaultId, credential: &[u8; 16], sealed: &LockedSeed| {
            key.open_seed(vault, credential, sealed).is_none()
        };
        assert!(refused(&VaultId::new([0; 16]), &credential, &sealed));
        assert!(refused(&vault, &[0; 16], &sealed));
        for at in 1..sealed.as_bytes().len() {
            let mut changed = sealed.as_bytes().to_vec();
            changed[at] ^= 1;
            let changed = LockedSeed::parse(&changed).unwrap();
            assert!(refused(&vault, &credential, &changed), "byte {at}");
        }
    });
}

#[test]
fn secrets_of_the_account_meet_the_vectors() {
    each_case(|case, vault| {
        let given = case["account_secrets"].as_array().unwrap();
        assert_eq!(given.len(), 2);
        for row in given {
            let id = RecordId::new(array(&row["id"])).unwrap();
            let lock = OpenLock::new(id, LockKey::new(&array(&case["pin"]["lock_key"])));
            let salt = bytes(&row["salt"]);
            let secret = bytes(&row["secret"]);
            let purpose = match number(&row["purpose"]) {
                1 => SecretPurpose::Session,
                2 => SecretPurpose::OwnFactor,
                other => panic!("{other}"),
            };
            let random = FixedRandom::new(&salt);
            let sealed =
                account_secret::seal(&lock, &vault, &id, purpose, &secret, &random).unwrap();
            assert_eq!(to_hex(&sealed), row["sealed"].as_str().unwrap());
            let record = AccountSecret { purpose, sealed };
            assert_eq!(to_hex(&kinds::encode(&record).unwrap()), row["data"].as_str().unwrap());
            let read = kinds::decode::<AccountSecret>(&bytes(&row["data"])).unwrap().unwrap();
            assert_eq!(read.open(&vault, &id, &lock).unwrap().expose(), secret);
            if purpose == SecretPurpose::OwnFactor {
                assert!(kinds::decode::<OtpCredential>(&secret).unwrap().is_some());
            }
        }
    });
}
