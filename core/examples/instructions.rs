//! What `cargo xtask budget` counts: without an argument the names of all paths, a line each; with a name, that path
//! once inside [`counted`]; with a number after that, the path so many times and the nanoseconds of one.
#![expect(clippy::unwrap_used, reason = "what cannot be prepared cannot be counted")]

use std::{
    cell::RefCell,
    convert::Infallible,
    hint::black_box,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tegata::code::{
    Admission, AliasPeriod, Audience, Candidate, CodeKeys, CodeSlot, Counter, CredentialId,
    Prefixes, ReplayGuard, Scheme, Seed, SlotIndex, Step, TillId, verify,
};
use tegata::symbol::{PaymentSymbols, Symbol};
use tegata::vault::{Argon2Params, PaymentCredential, SoftwareKeystore, Vault, VaultError};
use tegata::{Device, Random, RandomUnavailable, SystemClock, UnixTime};

const DIGITS: &str = "501234567890123456789012";

/// A guard without state: the check alone is counted.
struct StatelessGuard;

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

/// The same numbers in every run, none of them twice: another order of random ids is another count.
struct FixedNumbers(AtomicU64);

impl Random for FixedNumbers {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&number.to_be_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// The host's device, with a keystore that opens at once.
fn device(folder: &Path) -> Device {
    let random = Arc::new(FixedNumbers(AtomicU64::new(1)));
    let cheap = Argon2Params::new(8, 1, 1).unwrap();
    let file = folder.join("keystore");
    let keystore = SoftwareKeystore::create(&file, b"counted", cheap, random.clone()).unwrap();
    Device { keystore: Arc::new(keystore), anchor: None, clock: Arc::new(SystemClock), random }
}

/// Callgrind counts in here and nowhere else.
#[inline(never)]
fn counted(path: impl Fn()) {
    path();
}

fn main() {
    let seed = Seed::from_slice(&[0x5a; 32]).unwrap();
    let scheme = Scheme { prefix: "5012".parse().unwrap(), alias_period: AliasPeriod::DAY };
    let now = UnixTime::new(1_790_000_000).unwrap();
    let slot =
        CodeSlot { step: Step::at(now), index: SlotIndex::FIRST, audience: Audience::AnyTill };
    let code = *CodeKeys::new(&seed).derive(&scheme, &slot).digits();
    let next_code = || {
        let code = CodeKeys::new(black_box(&seed)).derive(&scheme, &slot);
        black_box(PaymentSymbols::new(code.digits().as_bytes()).unwrap());
    };
    let qr = || drop(black_box(Symbol::qr(black_box(DIGITS))));
    let code128 = || drop(black_box(Symbol::code128(black_box(DIGITS))));
    let prefixes = Prefixes::new([scheme]).unwrap();
    let candidate = Candidate::new(CredentialId([1; 16]), &seed);
    let till = "till-1".parse().unwrap();
    let check = || {
        let candidates = |_: &_, _: &_| Ok(vec![&candidate]);
        let code = black_box(code.as_bytes());
        let _ = black_box(verify(&StatelessGuard, &prefixes, code, &till, now, candidates));
    };

    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let file = folder.path().join("vault");
    let credential = |number: u8| {
        let seed = Seed::from_slice(&[0x5a; 32]).unwrap();
        PaymentCredential::new(CredentialId([number; 16]), "Ann".to_owned(), scheme, seed)
    };
    let mut vault = Vault::create(&file, &device).unwrap();
    let added = vault.transaction(|all| (0..100).map(|n| all.add(&credential(n))).collect());
    let ids: Vec<_> = added.map_err(|error: VaultError| error).unwrap();
    vault.close().unwrap();
    let open = || drop(black_box(Vault::open(&file, &device).unwrap()));
    // Only once asked for: one vault is open at a time.
    let opened = RefCell::new(None);
    let with = |work: &dyn Fn(&mut Vault)| {
        work(opened.borrow_mut().get_or_insert_with(|| Vault::open(&file, &device).unwrap()));
    };
    let get = || with(&|vault| drop(black_box(vault.get::<PaymentCredential>(&ids[42]).unwrap())));
    let put = || with(&|vault| vault.put(&ids[42], &credential(42)).unwrap());

    let paths: [(&str, &dyn Fn()); 7] = [
        ("next-code", &next_code),
        ("qr", &qr),
        ("code128", &code128),
        ("verify", &check),
        ("open", &open),
        ("get", &get),
        ("put", &put),
    ];
    match std::env::args().nth(1) {
        None => paths.iter().for_each(|(name, _)| println!("{name}")),
        Some(wanted) => {
            let (_, path) = paths.iter().find(|(name, _)| *name == wanted).unwrap();
            // Once before, uncounted: tables that are made at first use are not part of a path.
            path();
            match std::env::args().nth(2) {
                None => counted(path),
                Some(times) => {
                    let times: u32 = times.parse().unwrap();
                    let began = Instant::now();
                    (0..times).for_each(|_| path());
                    println!("{}", (began.elapsed() / times).as_nanos());
                }
            }
        }
    }
}
