//! How the wallet gets what its payment codes are made from: a request that is kept until it is answered, so that a lost
//! answer or a killed app costs nothing.

use super::account::{RequestResult, request_error};
use super::{Account, Error, PendingRequest};
use crate::code::{ClockOffset, CredentialId};
use crate::hpke::ReceiverKey;
use crate::protocol::{
    EndedSessions, Grant, IssuerProblem, PROVISION_INFO, Provision, ProvisionedCredential, Request,
    RequestName, Response, X25519Key, provision_aad,
};
use crate::vault::{
    self, PaymentCredential, PaymentUnlock, Provisioning, RecordId, Transaction, VaultError,
};

impl Account<'_> {
    /// A request for a payment credential, in the session that is kept. Its second factor has to be proved within five minutes before. While one waits for its answer, it is the same
    /// one again.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`], [`Error::Corrupt`], [`Error::Failed`], those of the keystore.
    pub fn provision(&mut self) -> RequestResult<Provision> {
        let device = self.device_key()?;
        let asked = self.0.vault.transaction(|tx| {
            let (id, provisioning) = only(tx)?;
            // Another key has taken the place of this device's since: nobody would believe its request.
            let same = |asked: &vault::PendingProvisioning| {
                let before = serde_json::from_slice::<Provision>(&asked.body);
                before.is_ok_and(|before| before.device == device)
            };
            if let Some(asked) = provisioning.pending.clone().filter(same) {
                return Ok(asked);
            }
            let mut request = [0; 16];
            tx.random().fill(&mut request).map_err(VaultError::from)?;
            let key = ReceiverKey::make(tx.random()).map_err(VaultError::from)?;
            let (request, public) = (RequestName(request), X25519Key(*key.public().as_bytes()));
            let call = Provision { request, device, key: public };
            let body = serde_json::to_vec(&call);
            let body = body.map_err(|_| Error::Failed("the request cannot be written".into()))?;
            let asked = vault::PendingProvisioning { key, body };
            tx.put(&id, &Provisioning { pending: Some(asked.clone()), ..provisioning })?;
            Ok::<_, Error>(asked)
        })?;
        let request = Request::<Provision>::again(&asked.body, self.0.vault.keystore());
        let request = request.map_err(request_error)?.into();
        self.outgoing_in_session(request, EndedSessions::Nothing).map(PendingRequest::new)
    }

    /// Opens the answer and keeps the credential, durably, under the payment lock if there is one, in the place of the
    /// one that the issuer gave before. `label` is what it is called, 1 to 128 bytes. The answer's time sets the clock
    /// that codes are made by.
    ///
    /// # Errors
    /// [`Error::Issuer`], [`Error::NotLoggedIn`] as with [`answered`](Account::complete); [`Error::NotFound`] if no request
    /// waits; [`Error::InvalidAnswer`] for an answer to another one, or one that was altered:
    /// nothing is changed then; [`Error::PaymentsLocked`], [`Error::Invalid`], [`Error::Failed`].
    pub fn complete_provision(
        &mut self,
        unlocked: &PaymentUnlock,
        label: &str,
        asked: &PendingRequest<ProvisionedCredential>,
        response: &Response,
    ) -> Result<RecordId, Error> {
        let body = self.successful_body(&asked.out, response)?;
        let answer = serde_json::from_slice(body);
        let answer = answer.map_err(|_| Error::Issuer(IssuerProblem::UnreadableAnswer))?;
        self.keep_granted(unlocked, label, &answer)
    }

    fn keep_granted(
        &mut self,
        unlocked: &PaymentUnlock,
        label: &str,
        answer: &ProvisionedCredential,
    ) -> Result<RecordId, Error> {
        let clock_offset = ClockOffset::learn(answer.time, self.0.clock.now());
        self.0.vault.transaction(|tx| {
            let (id, provisioning) = only(tx)?;
            let asked = provisioning.pending.as_ref().ok_or(Error::NotFound)?;
            let Grant { credential, scheme, seed } =
                opened(asked, answer).ok_or(Error::InvalidAnswer)?;
            if let Some(before) = &provisioning.credential {
                tx.delete(before)?;
            }
            let mut credential = PaymentCredential::new(credential, label.to_owned(), scheme, seed);
            credential.clock_offset = clock_offset;
            let given = tx.add_payment(unlocked, credential)?;
            let till_card_key = Some(answer.till_card_key.0);
            let answered = Provisioning { till_card_key, credential: Some(given), pending: None };
            tx.put(&id, &answered)?;
            Ok(given)
        })
    }

    /// Drops the request that waits, after the issuer said that there is nothing to be done for it: its credential
    /// counts no longer. The next is a new one. Does nothing if none waits.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn discard_provision(&mut self) -> Result<(), Error> {
        self.0.vault.transaction(|tx| {
            let (id, provisioning) = only(tx)?;
            if provisioning.pending.is_some() {
                tx.put(&id, &Provisioning { pending: None, ..provisioning })?;
            }
            Ok(())
        })
    }

    /// Whether a request waits for its answer: the app was ended before it came.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn has_pending_provision(&self) -> Result<bool, Error> {
        let kept = self.0.vault.list::<Provisioning>()?.pop();
        Ok(kept.is_some_and(|(_, kept)| kept.pending.is_some()))
    }
}

/// The record there is, or the place of the one to be.
fn only(tx: &Transaction<'_>) -> Result<(RecordId, Provisioning), Error> {
    match tx.list::<Provisioning>()?.pop() {
        Some(found) => Ok(found),
        None => {
            Ok((RecordId::make(tx.random()).map_err(VaultError::from)?, Provisioning::default()))
        }
    }
}

/// What was sealed to this request's key, if it was sealed in answer to it.
fn opened(asked: &vault::PendingProvisioning, answer: &ProvisionedCredential) -> Option<Grant> {
    let credential = CredentialId(answer.credential.0);
    let aad = provision_aad(&asked.body, credential);
    let sealed = answer.ciphertext.bytes();
    let text = asked.key.open(&answer.enc.0, PROVISION_INFO, &aad, sealed)?;
    Grant::read(&text).filter(|grant| grant.credential == credential)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ring::signature::{Ed25519KeyPair, KeyPair};

    use hpke::rand_core::{TryCryptoRng, TryRng};
    use hpke::{Deserializable, Serializable};
    use hpke::{aead::AesGcm256, kdf::HkdfSha256, kem::X25519HkdfSha256};

    use super::*;
    use crate::code::{
        AliasPeriod, Audience, Scheme, Seed, ShopName, TillCardError, UnsignedTillCard,
    };
    use crate::protocol::{
        Ciphertext, CredentialName, Ed25519Key, LogInResult, SessionToken, is_signed,
    };
    use crate::vault::{Argon2Params, SoftwareKeystore};
    use crate::wallet::{AccountProfile, NextCode, Wallet};
    use crate::{Clock, Device, Random, SystemRandom, UnixTime};

    /// Bytes for the far side.
    struct Dice;

    impl TryRng for Dice {
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

    impl TryCryptoRng for Dice {}

    /// What an issuer answers, by another implementation of HPKE than ours.
    fn answer(body: &[u8], credential: u8) -> ProvisionedCredential {
        let asked: Provision = serde_json::from_slice(body).unwrap();
        let credential = CredentialId([credential; 16]);
        let scheme = Scheme { prefix: "4960".parse().unwrap(), alias_period: AliasPeriod::DAY };
        let seed = Seed::from_slice(b"SEED-CANARY-0123456789-012345678").unwrap();
        let grant = Grant { credential, scheme, seed }.write().unwrap();
        let key = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&asked.key.0).unwrap();
        let (enc, sealed) =
            hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
                &hpke::OpModeS::Base,
                &key,
                PROVISION_INFO,
                &grant,
                &provision_aad(body, credential),
                &mut Dice,
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

    /// What an issuer signs the cards of its tills with.
    fn pair(byte: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[byte; 32]).unwrap()
    }

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> UnixTime {
            UnixTime::new(1_800_000_000).unwrap()
        }
    }

    struct Phone {
        folder: tempfile::TempDir,
        device: Device,
    }

    impl Phone {
        /// Logged in.
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let (clock, random) = (Arc::new(Noon), Arc::new(SystemRandom::new()));
            let keystore = Self::keystore(&folder.path().join("key"));
            let phone = Self { folder, device: Device { keystore, anchor: None, clock, random } };
            let at = AccountProfile {
                handle: "hanako@example.org".parse().unwrap(),
                issuer: "http://127.0.0.1:8080".parse().unwrap(),
                device_name: "phone".to_owned().try_into().unwrap(),
            };
            let session = SessionToken::new("token").unwrap();
            let logged_in = LogInResult { session, must_enrol: false };
            let mut wallet = phone.open();
            let password = crate::protocol::PasswordText::new("four quiet herons");
            let asked = wallet.account().log_in(&at, password.unwrap(), None).unwrap();
            let body = serde_json::to_vec(&logged_in).unwrap();
            let response = Response { status: 200, body, retry_after: None };
            wallet.account().complete(&asked, &response).unwrap();
            phone
        }

        fn keystore(path: &std::path::Path) -> Arc<SoftwareKeystore> {
            let (cheap, random) =
                (Argon2Params::new(8, 1, 1).unwrap(), Arc::new(SystemRandom::new()));
            Arc::new(SoftwareKeystore::create(path, b"pass", cheap, random).unwrap())
        }

        fn open(&self) -> Wallet {
            let path = self.folder.path().join("wallet");
            let open = if path.exists() { Wallet::open } else { Wallet::create };
            open(&path, &self.device).unwrap()
        }
    }

    #[test]
    fn a_request_is_the_same_until_it_is_answered_and_its_answer_makes_codes() {
        let phone = Phone::new();
        let mut wallet = phone.open();
        let key = wallet.account().device_key().unwrap();
        let asked = wallet.account().provision().unwrap();
        let first = asked.envelope();
        assert_eq!(
            (asked.issuer().as_str(), first.path()),
            ("http://127.0.0.1:8080", "/v1/credentials")
        );
        assert_eq!(first.session().unwrap().expose(), "token");
        assert!(is_signed(&key, "provision", first.body(), first.signature().unwrap()));
        // The app is killed before the answer comes.
        drop(wallet);
        let mut wallet = phone.open();
        assert!(wallet.account().has_pending_provision().unwrap());
        let again = wallet.account().provision().unwrap();
        assert_eq!(again.envelope().body(), first.body());
        let unlock = PaymentUnlock::without_lock();
        let given =
            wallet.account().keep_granted(&unlock, "Shop", &answer(first.body(), 1)).unwrap();
        assert!(!wallet.account().has_pending_provision().unwrap());
        let kept = wallet.payments().get(&given).unwrap();
        assert_eq!((kept.credential, kept.label.as_str()), (CredentialId([1; 16]), "Shop"));
        assert_eq!(kept.offset.seconds(), 100, "the issuer's time");
        let code = wallet.payments().next_code(&unlock, &given, Audience::AnyTill).unwrap();
        assert!(matches!(code, NextCode::Code(_)));
        let again = wallet.account().keep_granted(&unlock, "Shop", &answer(first.body(), 1));
        assert_eq!(again, Err(Error::NotFound), "an answer is taken once");
        assert!(!format!("{wallet:?}").contains("CANARY"));
        drop(wallet);
        let file = std::fs::read(phone.folder.path().join("wallet")).unwrap();
        for clear in [&b"CANARY"[..], b"4960", &key.0[1..]] {
            assert!(!file.windows(clear.len()).any(|bytes| bytes == clear), "in clear");
        }
    }

    #[test]
    fn the_next_credential_takes_the_place_of_the_one_before_and_of_no_other() {
        let phone = Phone::new();
        let mut wallet = phone.open();
        let unlock = PaymentUnlock::without_lock();
        let other = crate::wallet::NewPaymentCredential {
            credential: CredentialId([7; 16]),
            label: "Other".into(),
            scheme: Scheme { prefix: "4900".parse().unwrap(), alias_period: AliasPeriod::DAY },
            seed: Seed::from_slice(&[7; 32]).unwrap(),
        };
        wallet.payments().add(&unlock, &other).unwrap();
        for credential in [1, 2] {
            let asked = wallet.account().provision().unwrap();
            let answer = answer(asked.envelope().body(), credential);
            wallet.account().keep_granted(&unlock, "Shop", &answer).unwrap();
        }
        let mut kept: Vec<_> =
            wallet.payments().list().unwrap().iter().map(|it| it.credential.0[0]).collect();
        kept.sort_unstable();
        assert_eq!(kept, [2, 7]);
    }

    #[test]
    fn a_tills_card_is_held_to_the_key_that_came_with_the_credential() {
        let phone = Phone::new();
        let mut wallet = phone.open();
        let unlock = PaymentUnlock::without_lock();
        let asked = wallet.account().provision().unwrap();
        let answer = answer(asked.envelope().body(), 1);
        let given = wallet.account().keep_granted(&unlock, "Shop", &answer).unwrap();
        let by_hand = crate::wallet::NewPaymentCredential {
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
    fn an_answer_to_another_request_or_an_altered_one_changes_nothing() {
        let phone = Phone::new();
        let mut wallet = phone.open();
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
            let refused = wallet.account().keep_granted(&unlock, "Shop", &bad);
            assert_eq!(refused, Err(Error::InvalidAnswer));
        }
        assert!(wallet.payments().list().unwrap().is_empty());
        let named = wallet.account().keep_granted(&unlock, "", &good);
        assert!(matches!(named, Err(Error::Invalid(_))));
        wallet.account().keep_granted(&unlock, "Shop", &good).unwrap();
    }

    #[test]
    fn another_device_key_makes_another_request() {
        let phone = Phone::new();
        let mut wallet = phone.open();
        let first = wallet.account().provision().unwrap();
        wallet.change_keystore(Phone::keystore(&phone.folder.path().join("other"))).unwrap();
        let second = wallet.account().provision().unwrap();
        assert_ne!(first.envelope().body(), second.envelope().body());
        let key = wallet.account().device_key().unwrap();
        assert!(is_signed(
            &key,
            "provision",
            second.envelope().body(),
            second.envelope().signature().unwrap()
        ));
    }

    #[test]
    fn under_a_lock_the_answer_is_kept_with_its_leave_alone() {
        let phone = Phone::new();
        let mut wallet = phone.open();
        let mut unlock = PaymentUnlock::without_lock();
        let cheap = Argon2Params::new(8, 1, 1).unwrap();
        wallet.vault.set_pin(&mut unlock, b"2468", cheap).unwrap();
        let asked = wallet.account().provision().unwrap();
        let answer = answer(asked.envelope().body(), 1);
        let without = PaymentUnlock::without_lock();
        let refused = wallet.account().keep_granted(&without, "Shop", &answer);
        assert_eq!(refused, Err(Error::PaymentsLocked));
        assert!(wallet.account().has_pending_provision().unwrap(), "it can be opened later");
        wallet.account().keep_granted(&unlock, "Shop", &answer).unwrap();
        wallet.account().discard_session().unwrap();
        assert_eq!(wallet.account().provision().unwrap_err(), Error::NotLoggedIn);
    }
}
