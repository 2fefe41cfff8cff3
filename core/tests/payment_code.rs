//! The payment code from both sides: the shared vectors, and what must hold for every code.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use serde::Deserialize;
use tegata::UnixTime;
use tegata::code::{
    AliasKey, AliasPeriod, AttemptLimits, Audience, Candidate, CodeKeys, CodeRefusal, CodeSlot,
    CredentialId, DecodedCode, Digits, NextSlot, Prefixes, Scheme, Seed, Slot, SlotIndex,
    SqliteGuard, Step, TillId, Verdict, decode, next_slot, verify,
};

#[derive(Deserialize)]
struct Vector {
    seed: String,
    prefix: String,
    unix: u64,
    slot: u64,
    till: Option<String>,
    alias_period: u32,
    code: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../fixtures/vectors/payment-code.json")).unwrap()
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::new(seconds).unwrap()
}

fn till(id: &str) -> TillId {
    id.parse().unwrap()
}

fn scheme(prefix: &str, alias_period: u32) -> Scheme {
    Scheme {
        prefix: prefix.parse().unwrap(),
        alias_period: AliasPeriod::new(alias_period).unwrap(),
    }
}

/// An issuer with a few credentials under one prefix. Each is a candidate for every code: what an
/// index would leave out, the alias comparison has to.
struct Issuer {
    guard: SqliteGuard,
    prefixes: Prefixes,
    credentials: Vec<Candidate>,
}

impl Issuer {
    fn new(scheme: Scheme, credentials: Vec<Candidate>) -> Self {
        // Limits out of the way: these tests send more wrong codes than a till may.
        let limits =
            AttemptLimits { per_till: 1000, per_till_and_candidate: 1000, per_candidate: 1000 };
        Self {
            guard: SqliteGuard::in_memory(limits).unwrap(),
            prefixes: Prefixes::new([scheme]).unwrap(),
            credentials,
        }
    }

    fn scan(&self, code: &[u8], till: &TillId, now: UnixTime) -> Verdict {
        let candidates = |_: &Scheme, _: &DecodedCode| Ok(self.credentials.iter().collect());
        verify(&self.guard, &self.prefixes, code, till, now, candidates).unwrap()
    }
}

const ALICE: CredentialId = CredentialId([0xa1; 16]);
const BOB: CredentialId = CredentialId([0xb0; 16]);

fn refused(refusal: CodeRefusal) -> Verdict {
    Verdict::Refused(refusal)
}

fn first_of(now: UnixTime) -> CodeSlot {
    CodeSlot { step: Step::at(now), index: SlotIndex::FIRST, audience: Audience::AnyTill }
}

fn derive(seed: &Seed, scheme: &Scheme, slot: &CodeSlot) -> [u8; 24] {
    *CodeKeys::new(seed).derive(scheme, slot).digits().as_bytes()
}

#[test]
fn meets_the_vectors_both_ways() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 40);
    for v in vectors {
        let scheme = scheme(&v.prefix, v.alias_period);
        let seed = Seed::from_slice(&hex::decode(&v.seed).unwrap()).unwrap();
        let step = Step::at(at(v.unix));
        let slot = Slot::from_digit(v.slot).unwrap();
        let code_slot = CodeSlot::new(step, slot, v.till.as_deref().map(till)).unwrap();
        assert_eq!(derive(&seed, &scheme, &code_slot), v.code.as_bytes());

        let decoded = decode(&v.code.parse().unwrap(), &scheme.prefix).unwrap();
        let alias = AliasKey::new(&seed).derive(&scheme.prefix, scheme.alias_period, step);
        assert_eq!((decoded.alias, decoded.slot), (alias, slot));

        let issuer = Issuer::new(scheme, vec![Candidate::new(ALICE, &seed)]);
        let till = till(v.till.as_deref().unwrap_or("any"));
        let accepted = Verdict::Accepted { credential: ALICE, counter: code_slot.counter() };
        assert_eq!(issuer.scan(v.code.as_bytes(), &till, at(v.unix)), accepted);
    }
}

#[test]
fn anything_but_24_ascii_digits_of_a_known_prefix_is_malformed() {
    let seed = Seed::from_slice(&[7; 32]).unwrap();
    let issuer = Issuer::new(scheme("4960", 86_400), vec![Candidate::new(ALICE, &seed)]);
    let now = at(1_800_000_000);
    for code in [
        "",
        "4960",
        "49600000000000000000000",
        "4960000000000000000000000",
        "4960 0000 0000 0000 0000 0000",
        "４９６０000000000000",
        "496000000000000000000O00",
        "\u{0}\u{0}",
        "496100000000000000000000",
        &"4".repeat(1_000_000),
    ] {
        let verdict = issuer.scan(code.as_bytes(), &till("A"), now);
        assert_eq!(verdict, refused(CodeRefusal::Malformed), "{code:.40}");
    }
}

#[test]
fn wrong_codes_stop_the_till_and_not_the_shopper() {
    let seed = Seed::from_slice(&[7; 32]).unwrap();
    let scheme = scheme("4960", 86_400);
    let mut issuer = Issuer::new(scheme, vec![Candidate::new(ALICE, &seed)]);
    let limits = AttemptLimits { per_till: 12, per_till_and_candidate: 5, per_candidate: 100 };
    issuer.guard = SqliteGuard::in_memory(limits).unwrap();
    let now = at(1_800_000_000);
    let right = derive(&seed, &scheme, &first_of(now));
    // A guess at Alice's alias: the right code with its last digit turned.
    let mut guess = right;
    guess[23] = b'0' + (guess[23] - b'0' + 1) % 10;
    for _ in 0..5 {
        assert_eq!(issuer.scan(&guess, &till("thief"), now), refused(CodeRefusal::NotValid));
    }
    // Past five, the right code does not help at that till, and reads like any other wrong one …
    for _ in 0..7 {
        assert_eq!(issuer.scan(&right, &till("thief"), now), refused(CodeRefusal::NotValid));
    }
    // … past twelve the till is stopped, for malformed codes too …
    assert_eq!(issuer.scan(&right, &till("thief"), now), refused(CodeRefusal::TillStopped));
    assert_eq!(issuer.scan(b"junk", &till("thief"), now), refused(CodeRefusal::TillStopped));
    // … and Alice pays elsewhere.
    assert!(matches!(issuer.scan(&right, &till("shop"), now), Verdict::Accepted { .. }));
}

#[test]
fn matching_codes_use_up_no_attempts() {
    let seed = Seed::from_slice(&[7; 32]).unwrap();
    let scheme = scheme("4960", 86_400);
    let mut issuer = Issuer::new(scheme, vec![Candidate::new(ALICE, &seed)]);
    let limits = AttemptLimits { per_till: 1, per_till_and_candidate: 1, per_candidate: 1 };
    issuer.guard = SqliteGuard::in_memory(limits).unwrap();
    let now = at(1_800_000_000);
    for nth in 0..5 {
        let slot = CodeSlot { index: SlotIndex::new(nth).unwrap(), ..first_of(now) };
        let code = derive(&seed, &scheme, &slot);
        assert!(matches!(issuer.scan(&code, &till("A"), now), Verdict::Accepted { .. }));
        assert_eq!(issuer.scan(&code, &till("A"), now), refused(CodeRefusal::Used));
    }
    // One wrong code is all that these limits allow.
    assert_eq!(issuer.scan(b"4960", &till("A"), now), refused(CodeRefusal::Malformed));
    assert_eq!(issuer.scan(b"4960", &till("A"), now), refused(CodeRefusal::TillStopped));
}

#[test]
fn the_alias_is_that_of_the_matched_step() {
    let seed = Seed::from_slice(&[7; 32]).unwrap();
    let scheme = scheme("4960", 60);
    let issuer = Issuer::new(scheme, vec![Candidate::new(ALICE, &seed)]);
    let key = AliasKey::new(&seed);
    // The last step of an alias period: the issuer accepts the next one too, under the next alias.
    let now = at(1_800_000_030);
    let right = derive(&seed, &scheme, &first_of(now));
    let other_step = Step::at(now).later(1);
    let other = key.derive(&scheme.prefix, scheme.alias_period, other_step).to_string();
    assert_ne!(&right[4..15], other.as_bytes());
    let mut mixed = right;
    mixed[4..15].copy_from_slice(other.as_bytes());
    assert_eq!(issuer.scan(&mixed, &till("A"), now), refused(CodeRefusal::NotValid));
    assert!(matches!(issuer.scan(&right, &till("A"), now), Verdict::Accepted { .. }));
}

#[test]
fn two_credentials_with_one_alias_are_distinguished() {
    let scheme = scheme("49600001", 86_400);
    let now = at(1_800_000_000);
    let (alice, bob) = sharing_an_alias(&scheme, Step::at(now));
    let [code_a, code_b] = [&alice, &bob].map(|seed| derive(seed, &scheme, &first_of(now)));
    assert_eq!(code_a[..15], code_b[..15]);

    let credentials = vec![Candidate::new(ALICE, &alice), Candidate::new(BOB, &bob)];
    let issuer = Issuer::new(scheme, credentials);
    for (code, credential) in [(&code_b, BOB), (&code_a, ALICE)] {
        let accepted = Verdict::Accepted { credential, counter: first_of(now).counter() };
        assert_eq!(issuer.scan(code, &till("A"), now), accepted);
    }
}

/// Under an eight-digit prefix aliases have seven digits: two seeds that share one are soon found.
fn sharing_an_alias(scheme: &Scheme, step: Step) -> (Seed, Seed) {
    let mut by_alias = std::collections::HashMap::new();
    (0u64..)
        .find_map(|n| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            let seed = Seed::from_slice(&bytes).unwrap();
            let alias = AliasKey::new(&seed).derive(&scheme.prefix, scheme.alias_period, step);
            by_alias.insert(alias, seed.clone()).map(|other| (seed, other))
        })
        .unwrap()
}

#[test]
fn a_forced_double_match_charges_nobody() {
    let scheme = scheme("4960", 86_400);
    let now = at(1_800_000_000);
    let seed = Seed::from_slice(&[7; 32]).unwrap();
    let code = derive(&seed, &scheme, &first_of(now));
    // Two credentials whose code is the same: forced by giving both the same seed.
    let twins = vec![Candidate::new(ALICE, &seed), Candidate::new(BOB, &seed)];
    let issuer = Issuer::new(scheme, twins);
    assert_eq!(issuer.scan(&code, &till("A"), now), refused(CodeRefusal::TryAgain));
    // Neither counter has moved: the same issuer still takes the code once only one of them stands for it.
    for id in [ALICE, BOB] {
        let guard = &issuer.guard;
        let alone = |_: &Scheme, _: &DecodedCode| Ok(vec![Candidate::new(id, &seed)]);
        let verdict = verify(guard, &issuer.prefixes, &code, &till("A"), now, alone).unwrap();
        assert!(matches!(verdict, Verdict::Accepted { credential, .. } if credential == id));
    }
}

#[test]
fn one_of_sixty_four_tills_with_the_same_code_is_accepted() {
    let scheme = scheme("4960", 86_400);
    let seed = Seed::from_slice(&[9; 32]).unwrap();
    let now = at(1_800_000_000);
    let code = derive(&seed, &scheme, &first_of(now));
    let folder = tempfile::tempdir().unwrap();
    // A connection each, as if each till talked to a process of its own.
    let issuers: Vec<_> = (0..64)
        .map(|_| {
            let mut issuer = Issuer::new(scheme, vec![Candidate::new(ALICE, &seed)]);
            let path = folder.path().join("guard.db");
            issuer.guard = SqliteGuard::open(&path, AttemptLimits::default()).unwrap();
            issuer
        })
        .collect();
    let gate = std::sync::Barrier::new(issuers.len());
    let scan = |n: usize, issuer: &Issuer| {
        gate.wait();
        issuer.scan(&code, &till(&format!("till-{n}")), now)
    };
    let scan = &scan;
    let verdicts: Vec<_> = std::thread::scope(|scope| {
        let spawn = |(n, issuer)| scope.spawn(move || scan(n, issuer));
        let threads: Vec<_> = issuers.iter().enumerate().map(spawn).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let accepted = |v: &&Verdict| matches!(v, Verdict::Accepted { .. });
    assert_eq!(verdicts.iter().filter(accepted).count(), 1);
    assert_eq!(verdicts.iter().filter(|v| **v == refused(CodeRefusal::Used)).count(), 63);
}

fn any_scheme() -> impl Strategy<Value = Scheme> {
    ("[0-9]{4,8}", 1u32..100_000).prop_map(|(prefix, steps)| scheme(&prefix, steps * 30))
}

proptest! {
    #[test]
    fn a_code_is_good_in_its_window_once_and_at_its_till(
        scheme in any_scheme(),
        seed in any::<[u8; 32]>(),
        start in 0..UnixTime::MAX.seconds() - 1000,
        digit in 0u64..10,
        into in 0u64..30,
    ) {
        let seed = Seed::from_slice(&seed).unwrap();
        let step = Step::at(at(start));
        let slot = Slot::from_digit(digit).unwrap();
        let home = till("home");
        let bound = matches!(slot, Slot::OneTill(_));
        let slot = CodeSlot::new(step, slot, bound.then(|| home.clone())).unwrap();
        let code = CodeKeys::new(&seed).derive(&scheme, &slot);
        let digits = code.digits().as_bytes();
        let issuer = Issuer::new(scheme, vec![Candidate::new(ALICE, &seed)]);

        // Outside: the last second before the step ahead of it, and the first after the step behind it.
        if let Some(before) = code.valid_from().checked_sub(31) {
            prop_assert_eq!(issuer.scan(digits, &home, at(before)), refused(CodeRefusal::NotValid));
        }
        prop_assert_eq!(issuer.scan(digits, &home, at(code.valid_until())), refused(CodeRefusal::NotValid));
        // Another till takes it only if it is for any; asked first, so that it is not simply used.
        if bound {
            let elsewhere = issuer.scan(digits, &till("elsewhere"), at(start));
            prop_assert_eq!(elsewhere, refused(CodeRefusal::NotValid));
        }
        // Inside: anywhere from the step before to the step after, by the issuer's clock.
        let inside = [Some(start), Some(code.next_at() + into), code.valid_from().checked_sub(into + 1)];
        let accepted = Verdict::Accepted { credential: ALICE, counter: slot.counter() };
        for now in inside.into_iter().flatten() {
            let fresh = Issuer::new(scheme, issuer.credentials.clone());
            prop_assert_eq!(fresh.scan(digits, &home, at(now)), accepted);
            // And never again, at any moment of its life.
            for again in [start, code.valid_from(), code.valid_until() - 1] {
                prop_assert_eq!(fresh.scan(digits, &home, at(again)), refused(CodeRefusal::Used));
            }
        }
    }

    #[test]
    fn codes_in_the_order_a_wallet_shows_them_are_all_accepted(
        start in 0u64..4_000_000_000,
        waits in proptest::collection::vec((0i64..40, any::<bool>()), 1..30),
    ) {
        let scheme = scheme("4960", 3600);
        let seed = Seed::from_slice(&[3; 32]).unwrap();
        let issuer = Issuer::new(scheme, vec![Candidate::new(ALICE, &seed)]);
        let home = till("home");
        let mut now = at(start);
        let mut last = None;
        for (wait, bound) in waits {
            now = now.shifted(wait);
            let audience = if bound { Audience::OneTill(home.clone()) } else { Audience::AnyTill };
            if let NextSlot::Show(slot) = next_slot(now, last, audience) {
                last = Some(slot.counter());
                let accepted = Verdict::Accepted { credential: ALICE, counter: slot.counter() };
                prop_assert_eq!(issuer.scan(&derive(&seed, &scheme, &slot), &home, now), accepted);
            }
        }
    }

    #[test]
    fn any_bytes_get_a_verdict(
        bytes in proptest::collection::vec(any::<u8>(), 0..40),
        now in 0..=UnixTime::MAX.seconds(),
    ) {
        let seed = Seed::from_slice(&[3; 32]).unwrap();
        let issuer = Issuer::new(scheme("4960", 3600), vec![Candidate::new(ALICE, &seed)]);
        let verdict = issuer.scan(&bytes, &till("A"), at(now));
        prop_assert!(Digits::parse(&bytes).is_ok() || verdict == refused(CodeRefusal::Malformed));
    }
}
