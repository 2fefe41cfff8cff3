//! Our own side of the rows.

use std::{
    convert::Infallible,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tegata::{
    Clock, NewPaymentCredential, NextCode, SystemClock, SystemRandom, UnixTime, Wallet,
    code::{
        Admission, AliasPeriod, Audience, Candidate, CodeKeys, CodeSlot, Counter, CredentialId,
        PaymentCode, Prefixes, ReplayGuard, Scheme, Seed, SlotIndex, Step, TillId, Verdict, verify,
    },
    symbol::PaymentSymbols,
    vault::{
        Argon2Params, PaymentCredential, PaymentUnlock, RecordId, SoftwareKeystore, Vault,
        VaultError,
    },
};

use crate::{NOW, SECRET};

/// The prefix of every code here.
#[must_use]
pub fn scheme() -> Scheme {
    Scheme { prefix: "5012".parse().unwrap(), alias_period: AliasPeriod::DAY }
}

/// The secret behind every code.
#[must_use]
pub fn seed() -> Seed {
    Seed::from_slice(&SECRET).unwrap()
}

/// A code and both its symbols from an unlocked seed, the keys derived again as the wallet does for each code.
#[must_use]
pub fn next_code(seed: &Seed, scheme: &Scheme, now: u64) -> (PaymentCode, PaymentSymbols) {
    let step = Step::at(UnixTime::new(now).unwrap());
    let slot = CodeSlot { step, index: SlotIndex::FIRST, audience: Audience::AnyTill };
    let code = CodeKeys::new(seed).derive(scheme, &slot);
    let symbols = PaymentSymbols::new(code.digits().as_bytes()).unwrap();
    (code, symbols)
}

/// A guard without state, so that the check alone is measured.
pub struct StatelessGuard;

impl ReplayGuard for StatelessGuard {
    type Error = Infallible;

    fn count_attempt(
        &self,
        _: &TillId,
        candidates: &[CredentialId],
        _: UnixTime,
    ) -> Result<Admission, Infallible> {
        Ok(Admission::Candidates(vec![true; candidates.len()]))
    }

    fn revert_attempt(
        &self,
        _: &TillId,
        _: &[CredentialId],
        _: UnixTime,
    ) -> Result<(), Infallible> {
        Ok(())
    }

    fn advance_counter(&self, _: CredentialId, _: Counter) -> Result<bool, Infallible> {
        Ok(true)
    }
}

/// An issuer with one credential.
pub struct Issuer {
    prefixes: Prefixes,
    candidate: Candidate,
    till: TillId,
}

impl Issuer {
    /// Prepares the credential's keys.
    #[must_use]
    pub fn new() -> Self {
        Self {
            prefixes: Prefixes::new([scheme()]).unwrap(),
            candidate: Candidate::new(CredentialId([1; 16]), &seed()),
            till: "till-1".parse().unwrap(),
        }
    }

    /// The whole check of one code: taken apart, its alias and its value at three steps compared.
    #[must_use]
    pub fn check(&self, code: &[u8], now: u64) -> bool {
        let now = UnixTime::new(now).unwrap();
        let candidates = |_: &_, _: &_| Ok(vec![&self.candidate]);
        let Ok(verdict) =
            verify(&StatelessGuard, &self.prefixes, code, &self.till, now, candidates);
        matches!(verdict, Verdict::Accepted { .. })
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::new()
    }
}

/// A vault of payment credentials, and a keystore that is open already, so that its time is not measured.
pub struct BenchDevice {
    host: tegata::Device,
    file: std::path::PathBuf,
    /// The records in the order of their credentials' numbers.
    pub records: Vec<RecordId>,
}

impl BenchDevice {
    /// Makes the files, with so many credentials.
    #[must_use]
    pub fn new(folder: &Path, credentials: u32) -> Self {
        let host = host(&folder.join("keystore"), Arc::new(SystemClock));
        let file = folder.join("vault");
        let mut vault = Vault::create(&file, &host).unwrap();
        let records = vault
            .transaction(|all| (0..credentials).map(|n| all.add(&credential(n))).collect())
            .unwrap_or_else(|error: VaultError| unreachable!("{error}"));
        vault.close().unwrap();
        Self { host, file, records }
    }

    /// The record of a credential.
    #[must_use]
    pub fn record(&self, credential: u32) -> &RecordId {
        &self.records[credential as usize]
    }

    /// The length of the vault's closed file, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.file.metadata().unwrap().len()
    }

    /// Opens the vault, all of it checked.
    #[must_use]
    pub fn open(&self) -> Vault {
        Vault::open(&self.file, &self.host).unwrap()
    }
}

/// A wallet whose clock moves half a minute at each call, so that there is always a next code.
pub struct TickingWallet {
    wallet: Wallet,
    id: RecordId,
}

impl TickingWallet {
    /// Creates the keystore's and the vault's files.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let seconds = AtomicU64::new(NOW);
        let clock =
            Arc::new(move || UnixTime::new(seconds.fetch_add(30, Ordering::Relaxed)).unwrap());
        let host = host(&folder.join("ticking-keystore"), clock);
        let mut wallet = Wallet::create(&folder.join("ticking"), &host).unwrap();
        let scheme = scheme();
        let label = "Shop".to_owned();
        let new =
            NewPaymentCredential { credential: CredentialId([1; 16]), label, scheme, seed: seed() };
        let id = wallet.payments().add(UNLOCK, &new).unwrap();
        Self { wallet, id }
    }

    /// The next code, its counter stored, and both symbols.
    pub fn next_code(&mut self) -> PaymentSymbols {
        match self.wallet.payments().next_code(UNLOCK, &self.id, Audience::AnyTill).unwrap() {
            NextCode::Code(code) => PaymentSymbols::new(code.digits().as_bytes()).unwrap(),
            NextCode::Wait(_) => unreachable!("half a minute has passed"),
        }
    }
}

const UNLOCK: &PaymentUnlock = &PaymentUnlock::without_lock();

/// The host's device, without an anchor, whose time is not measured.
fn host(keystore_file: &Path, clock: Arc<dyn Clock>) -> tegata::Device {
    let keystore = Arc::new(keystore(keystore_file));
    let random = Arc::new(SystemRandom::new());
    tegata::Device { keystore, anchor: None, clock, random }
}

/// A keystore that opens at once: the cost of a passphrase is not measured here.
fn keystore(file: &Path) -> SoftwareKeystore {
    let cheap = Argon2Params::new(8, 1, 1).unwrap();
    SoftwareKeystore::create(file, b"bench", cheap, Arc::new(SystemRandom::new())).unwrap()
}

/// A credential as an issuer would have made it; its record has the same length whatever the number.
#[must_use]
pub fn credential(number: u32) -> PaymentCredential {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    PaymentCredential::new(CredentialId(id), format!("Shop number {number:06}"), scheme(), seed())
}

/// A code of [`NOW`] that the issuer accepts.
#[must_use]
pub fn code() -> [u8; 24] {
    *next_code(&seed(), &scheme(), NOW).0.digits().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peers_records_are_as_long_as_ours() {
        let folder = tempfile::tempdir().unwrap();
        let device = BenchDevice::new(folder.path(), 1);
        device.open().add(&credential(999_999)).unwrap();
        let database = rusqlite::Connection::open(device.file).unwrap();
        let query = "SELECT group_concat(length(sealed)) FROM record WHERE id <> zeroblob(16)";
        let lengths: String = database.query_row(query, [], |row| row.get(0)).unwrap();
        let length = crate::sqlite::BODY;
        assert_eq!(lengths, format!("{length},{length}"));
    }

    #[test]
    fn our_side_does_what_the_peers_do() {
        let folder = tempfile::tempdir().unwrap();
        let device = BenchDevice::new(folder.path(), 100);
        let stored: PaymentCredential = device.open().get(device.record(42)).unwrap().unwrap();
        assert_eq!(stored.label, "Shop number 000042");
        assert!(device.bytes() > 100 * crate::sqlite::BODY as u64);
        assert!(Issuer::new().check(&code(), NOW));
        assert!(!Issuer::new().check(&code(), NOW + 60));
    }
}
