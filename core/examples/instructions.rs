//! What `cargo xtask budget` counts: without an argument the names of all paths, a line each; with a name, that path
//! once inside [`counted`].
#![expect(clippy::unwrap_used, reason = "what cannot be prepared cannot be counted")]

use std::{convert::Infallible, hint::black_box};

use tegata::UnixTime;
use tegata::code::{
    Admission, AliasPeriod, Audience, Candidate, CodeKeys, Counter, CredentialId, Nth, Prefixes,
    ReplayGuard, Scheme, Seed, Step, TillId, Turn, verify,
};
use tegata::symbol::{PaymentSymbols, Symbol};

const DIGITS: &str = "501234567890123456789012";

/// An issuer that remembers nothing: the check alone is counted.
struct Forgetful;

impl ReplayGuard for Forgetful {
    type Error = Infallible;

    fn count(
        &self,
        _: &TillId,
        candidates: &[CredentialId],
        _: UnixTime,
    ) -> Result<Admission, Infallible> {
        Ok(Admission::Open(vec![true; candidates.len()]))
    }

    fn take_back(&self, _: &TillId, _: &[CredentialId], _: UnixTime) -> Result<(), Infallible> {
        Ok(())
    }

    fn advance(&self, _: CredentialId, _: Counter) -> Result<bool, Infallible> {
        Ok(true)
    }
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
    let turn = Turn { step: Step::at(now), nth: Nth::FIRST, audience: Audience::AnyTill };
    let code = *CodeKeys::new(&seed).derive(&scheme, &turn).digits();
    let next_code = || {
        let code = CodeKeys::new(black_box(&seed)).derive(&scheme, &turn);
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
        let _ = black_box(verify(&Forgetful, &prefixes, code, &till, now, candidates));
    };

    let paths: [(&str, &dyn Fn()); 4] =
        [("next-code", &next_code), ("qr", &qr), ("code128", &code128), ("verify", &check)];
    match std::env::args().nth(1) {
        None => paths.iter().for_each(|(name, _)| println!("{name}")),
        Some(wanted) => {
            let (_, path) = paths.iter().find(|(name, _)| *name == wanted).unwrap();
            // Once before, uncounted: tables that are made at first use are not part of a path.
            path();
            counted(path);
        }
    }
}
