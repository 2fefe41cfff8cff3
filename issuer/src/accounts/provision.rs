//! How a phone gets what its payment codes are made from: a new credential in the place of the one before, sealed to a
//! key that the phone made for this request.

use std::convert::Infallible;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeS, Serializable, single_shot_seal_with_rng};
use tegata::code::{AliasKey, CredentialId, Scheme, Seed};
use tegata::protocol::{
    Ciphertext, CredentialName, Ed25519Key, Grant, PROVISION_INFO, Provision,
    ProvisionedCredential, X25519Key, provision_aad,
};
use tegata::protocol::{DeviceId, Refusal};
use tegata::{Random, UnixTime};
use tegata_policy::{Account, Decision, Event, Reply, decide};

use super::generated_secrets::GeneratedSecrets;
use super::request_secrets::RequestSecrets;
use super::session::Caller;
use super::{AccountError, Accounts};
use crate::codes;
use crate::domain::hash::sha256;
use crate::domain::{AccountId, RequestId, Sealed, SealedSeed, make_credential_id};
use crate::store::{AccountChange, KillSwitch, LoadedAccount, NewCredential, ProvisionContext};

/// A new credential, made before it is known whether there will be one.
#[derive(Clone)]
struct PreparedCredential {
    message: Provision,
    hash: [u8; 32],
    device: DeviceId,
    session: tegata::protocol::SessionId,
    id: CredentialId,
    scheme: Scheme,
    seed: SealedSeed,
    alias_key: AliasKey,
    now: UnixTime,
}

/// What a request for a credential came to.
enum Outcome {
    /// The credential that was prepared.
    New { replaces: bool },
    /// A credential that the same request led to before.
    Replayed { id: CredentialId, scheme: Scheme, seed: SealedSeed },
}

impl Accounts {
    /// Gives the device a new payment credential, or the one that the same request led to before.
    pub(crate) async fn provision(
        &self,
        caller: Caller,
        device: DeviceId,
        message: Provision,
        raw: &[u8],
    ) -> Result<ProvisionedCredential, AccountError> {
        let Caller { account, session, .. } = caller;
        let now = self.environment.clock.now();
        let random = &*self.environment.random;
        let no_random = |error| AccountError::internal("making a credential", &error);
        let id = make_credential_id(now, random).map_err(no_random)?;
        let seed = Seed::make(random).map_err(no_random)?;
        let sealed = self.keys.seal_seed(account, id, &seed, random);
        let prepared = PreparedCredential {
            hash: sha256(raw),
            device,
            session,
            id,
            scheme: self.codes.scheme(),
            seed: sealed.map_err(|error| AccountError::internal("sealing a seed", &error))?,
            alias_key: AliasKey::new(&seed),
            now,
            message,
        };
        // Before anything is written: no key that nothing can be sealed to costs a credential.
        let scheme = prepared.scheme;
        let message = prepared.message.clone();
        let new =
            self.encrypt_grant(&message, raw, &Grant { credential: id, scheme, seed }, now)?;

        let accounts = self.clone();
        let name = RequestId(message.request.0);
        let provisioned =
            self.store.provision(account, name, move |loaded, context| {
                match accounts.decide_provision(account, &prepared, loaded, context) {
                    Ok((change, outcome)) => (change, outcome),
                    Err(error) => (AccountChange::default(), Err(error)),
                }
            });
        match provisioned.await?? {
            Outcome::New { replaces } => {
                if !replaces {
                    self.codes.made_one();
                }
                Ok(new)
            }
            Outcome::Replayed { id, scheme, seed } => {
                let sealed = Sealed { key: seed.key, bytes: seed.seed };
                let seed = self.keys.open_seed(account, id, &sealed);
                let seed =
                    seed.map_err(|error| AccountError::internal("opening a seed", &error))?;
                let grant = Grant { credential: id, scheme, seed };
                self.encrypt_grant(&message, raw, &grant, now)
            }
        }
    }

    /// Decides what is written, and what is answered once it is.
    fn decide_provision(
        &self,
        account: AccountId,
        prepared: &PreparedCredential,
        loaded: &LoadedAccount,
        context: &ProvisionContext,
    ) -> Result<(AccountChange, Result<Outcome, AccountError>), AccountError> {
        if loaded.global_state.stopped.contains(KillSwitch::Provisioning) {
            return Err(AccountError::Stopped);
        }
        let policy = Self::policy_context(&loaded.global_state, prepared.now);
        let Account::Active(active) = &loaded.state else {
            return Err(Refusal::NotLoggedIn.into());
        };
        let PreparedCredential { session, device, .. } = *prepared;
        if let Some(prior) = &context.requested {
            if prior.request_hash != prepared.hash {
                return Err(Refusal::InvalidCredentials.into());
            }
            active.check_repeated_provisioning(session, device, prior.number, &policy)?;
            let seed = prior.seed.clone().ok_or(Refusal::NoPendingOperation)?;
            let outcome = Outcome::Replayed { id: prior.id, scheme: prior.scheme, seed };
            return Ok((AccountChange::default(), Ok(outcome)));
        }
        let replaces = active.spending_credential().is_some();
        let event = Event::Provision { session, device, last_used: context.last_used };
        let Decision { account: state, effects, reply } =
            decide(loaded.state.clone(), event, &policy);
        let number = match reply {
            Reply::Provisioned(_) if !replaces && !self.codes.has_room() => {
                return Err(AccountError::NoRoom);
            }
            Reply::Provisioned(number) => Ok(number),
            Reply::Refused(refusal) => Err(AccountError::Refused(refusal)),
            _ => Err(AccountError::internal("provisioning", &"the decision was of another kind")),
        };
        let request = RequestSecrets::default();
        let mut generated = GeneratedSecrets::default();
        let mut change =
            self.apply_effects(account, &loaded.secrets, &effects, &request, &mut generated)?;
        change.state = Some(state);
        change.credential = number.as_ref().ok().map(|number| prepared.credential(*number));
        Ok((change, number.map(|_| Outcome::New { replaces })))
    }

    /// Encrypts a grant to the key of the request.
    fn encrypt_grant(
        &self,
        message: &Provision,
        body: &[u8],
        grant: &Grant,
        now: UnixTime,
    ) -> Result<ProvisionedCredential, AccountError> {
        let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&message.key.0);
        let key = key.map_err(|_| AccountError::Malformed)?;
        let plain = grant
            .write()
            .ok_or_else(|| AccountError::internal("encrypting a credential", &"too large"))?;
        let aad = provision_aad(body, grant.credential);
        let mut hpke_random = HpkeRandom { random: &*self.environment.random, failed: false };
        let sealed = single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &key,
            PROVISION_INFO,
            &plain,
            &aad,
            &mut hpke_random,
        );
        if hpke_random.failed {
            return Err(AccountError::internal(
                "encrypting a credential",
                &tegata::RandomUnavailable,
            ));
        }
        // A key of small order: nothing is secret under it.
        let (enc, ciphertext) = sealed.map_err(|_| AccountError::Malformed)?;
        let ciphertext = Ciphertext::new(ciphertext);
        Ok(ProvisionedCredential {
            credential: CredentialName(grant.credential.0),
            enc: X25519Key(enc.to_bytes().into()),
            ciphertext: ciphertext
                .map_err(|error| AccountError::internal("encrypting a credential", &error))?,
            till_card_key: Ed25519Key(self.keys.till_card_key()),
            time: now,
        })
    }
}

impl PreparedCredential {
    fn credential(&self, number: tegata_policy::CredentialNumber) -> NewCredential {
        let Scheme { prefix, alias_period } = self.scheme;
        let aliases = codes::periods_around(alias_period, self.now)
            .map(|(period, step)| (period, self.alias_key.derive(&prefix, alias_period, step)));
        NewCredential {
            id: self.id,
            number,
            scheme: self.scheme,
            seed: self.seed.clone(),
            request: RequestId(self.message.request.0),
            request_hash: self.hash,
            made: self.now,
            aliases: aliases.collect(),
        }
    }
}

/// The issuer's randomness, for a crate that takes none that can fail: what it made of a failure is thrown away.
struct HpkeRandom<'a> {
    random: &'a dyn Random,
    failed: bool,
}

impl TryRng for HpkeRandom<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.failed |= self.random.fill(bytes).is_err();
        Ok(())
    }
}

impl TryCryptoRng for HpkeRandom<'_> {}
