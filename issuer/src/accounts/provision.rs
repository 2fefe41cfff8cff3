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

use super::Accounts;
use super::given::Given;
use super::made::Made;
use super::signing::Caller;
use crate::codes;
use crate::domain::hash::sha256;
use crate::domain::{AccountId, RequestId, Sealed, SealedSeed, make_credential_id};
use crate::http::body::Strict;
use crate::http::problem::Problem;
use crate::store::{AccountChange, KillSwitch, LoadedAccount, NewCredential, PriorCredential};

/// All that a new credential is made of, before it is known whether there will be one.
#[derive(Clone)]
struct Ready {
    asked: Provision,
    hash: [u8; 32],
    device: DeviceId,
    session: tegata::protocol::SessionId,
    id: CredentialId,
    scheme: Scheme,
    seed: SealedSeed,
    alias_key: AliasKey,
    now: UnixTime,
}

/// What a request came to.
enum Came {
    /// The credential that was made ready.
    New { replaces: bool },
    /// One that the same request came to before.
    Before { id: CredentialId, scheme: Scheme, seed: SealedSeed },
}

impl Accounts {
    /// A payment credential for the device that asks.
    pub(super) async fn provision(
        &self,
        caller: Caller,
        device: DeviceId,
        request: Strict<Provision>,
    ) -> Result<ProvisionedCredential, Problem> {
        let (account, session) = (caller.account, caller.session);
        let (now, random) = (self.world.clock.now(), &*self.world.random);
        let no_random = |error| Problem::internal("making a credential", &error);
        let id = make_credential_id(now, random).map_err(no_random)?;
        let seed = Seed::make(random).map_err(no_random)?;
        let sealed = self.keys.seal_seed(account, id, &seed, random);
        let ready = Ready {
            hash: sha256(&request.raw),
            device,
            session,
            id,
            scheme: self.codes.scheme(),
            seed: sealed.map_err(|error| Problem::internal("sealing a seed", &error))?,
            alias_key: AliasKey::new(&seed),
            now,
            asked: request.value,
        };
        // Before anything is written: no key that nothing can be sealed to costs a credential.
        let scheme = ready.scheme;
        let asked = ready.asked.clone();
        let new = self.grant(&asked, &request.raw, &Grant { credential: id, scheme, seed }, now)?;

        let accounts = self.clone();
        let name = RequestId(asked.request.0);
        let given = self.store.provision(account, name, move |loaded, requested| {
            match accounts.decided_to_provision(account, &ready, loaded, requested) {
                Ok((change, given)) => (change, given),
                Err(problem) => (AccountChange::default(), Err(problem)),
            }
        });
        match given.await.map_err(Problem::of_store)?? {
            Came::New { replaces } => {
                if !replaces {
                    self.codes.made_one();
                }
                Ok(new)
            }
            Came::Before { id, scheme, seed } => {
                let sealed = Sealed { key: seed.key, bytes: seed.seed };
                let seed = self.keys.open_seed(account, id, &sealed);
                let seed = seed.map_err(|error| Problem::internal("opening a seed", &error))?;
                let grant = Grant { credential: id, scheme, seed };
                self.grant(&asked, &request.raw, &grant, now)
            }
        }
    }

    /// What is written, and what is answered once it is.
    fn decided_to_provision(
        &self,
        account: AccountId,
        ready: &Ready,
        loaded: &LoadedAccount,
        requested: Option<&PriorCredential>,
    ) -> Result<(AccountChange, Result<Came, Problem>), Problem> {
        if loaded.global_state.stopped.contains(KillSwitch::Provisioning) {
            return Err(Problem::Stopped);
        }
        let world = Self::world(&loaded.global_state, ready.now);
        let Account::Active(live) = &loaded.state else {
            return Err(Problem::Refused(Refusal::NotLoggedIn));
        };
        let (session, device) = (ready.session, ready.device);
        if let Some(before) = requested {
            if before.request_hash != ready.hash {
                return Err(Problem::Refused(Refusal::InvalidCredentials));
            }
            let may = live.check_repeated_provisioning(session, device, before.number, &world);
            may.map_err(Problem::Refused)?;
            let seed = before.seed.clone().ok_or(Problem::Refused(Refusal::NoPendingOperation))?;
            let given = Came::Before { id: before.id, scheme: before.scheme, seed };
            return Ok((AccountChange::default(), Ok(given)));
        }
        let replaces = live.payer().is_some();
        let event = Event::Provision { session, device };
        let Decision { account: state, effects, reply: answer } =
            decide(loaded.state.clone(), event, &world);
        let number = match answer {
            Reply::Provisioned(_) if !replaces && !self.codes.has_room() => {
                return Err(Problem::NoRoom);
            }
            Reply::Provisioned(number) => Ok(number),
            Reply::Refused(refusal) => Err(Problem::Refused(refusal)),
            _ => Err(Problem::internal("provisioning", &"the decision was of another kind")),
        };
        let (given, made) = (Given::default(), &mut Made::default());
        let mut change = self.carry_out(account, &loaded.secrets, &effects, &given, made)?;
        change.state = Some(state);
        change.credential = number.ok().map(|number| ready.credential(number));
        Ok((change, number.map(|_| Came::New { replaces })))
    }

    /// The answer: the grant, sealed to the key of the request.
    fn grant(
        &self,
        asked: &Provision,
        body: &[u8],
        grant: &Grant,
        now: UnixTime,
    ) -> Result<ProvisionedCredential, Problem> {
        let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&asked.key.0);
        let key = key.map_err(|_| Problem::Malformed)?;
        let plain = grant.write().ok_or_else(|| Problem::internal("granting", &"too large"))?;
        let aad = provision_aad(body, grant.credential);
        let mut dice = Dice { random: &*self.world.random, failed: false };
        let sealed = single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &key,
            PROVISION_INFO,
            &plain,
            &aad,
            &mut dice,
        );
        if dice.failed {
            return Err(Problem::internal("granting", &tegata::RandomUnavailable));
        }
        // A key of small order: nothing is secret under it.
        let (enc, ciphertext) = sealed.map_err(|_| Problem::Malformed)?;
        let ciphertext = Ciphertext::new(ciphertext);
        Ok(ProvisionedCredential {
            credential: CredentialName(grant.credential.0),
            enc: X25519Key(enc.to_bytes().into()),
            ciphertext: ciphertext.map_err(|error| Problem::internal("granting", &error))?,
            till_card_key: Ed25519Key(self.keys.till_card_key()),
            time: now,
        })
    }
}

impl Ready {
    fn credential(&self, number: tegata_policy::CredentialNumber) -> NewCredential {
        let Scheme { prefix, alias_period } = self.scheme;
        let aliases = codes::around(alias_period, self.now)
            .map(|(period, step)| (period, self.alias_key.derive(&prefix, alias_period, step)));
        NewCredential {
            id: self.id,
            number,
            scheme: self.scheme,
            seed: self.seed.clone(),
            request: RequestId(self.asked.request.0),
            request_hash: self.hash,
            made: self.now,
            aliases: aliases.collect(),
        }
    }
}

/// Our randomness, for a crate that takes none that can fail: what it made of a failure is thrown away.
struct Dice<'a> {
    random: &'a dyn Random,
    failed: bool,
}

impl TryRng for Dice<'_> {
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

impl TryCryptoRng for Dice<'_> {}
