//! Checking a code at the issuer: counted before it is compared, compared without a hint, accepted once.

use std::borrow::{Borrow, Cow};
use std::fmt;

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::counter::{Counter, Slot, Step};
use super::decode::{DecodedCode, Prefixes, Scheme};
use super::derive::AliasKey;
use super::digits::Digits;
use super::guard::{Admission, CredentialId, ReplayGuard};
use super::otp::Checker;
use super::seed::Seed;
use super::till::TillId;
use crate::UnixTime;

/// A credential whose alias, at one of the accepted steps, may be the one shown.
#[derive(Clone)]
pub struct Candidate {
    id: CredentialId,
    seed: Seed,
    alias: AliasKey,
    any_till: Checker,
}

impl Candidate {
    /// Prepares the keys of a credential. Costs two HKDFs and about 700 bytes; worth keeping for who pays often.
    #[must_use]
    pub fn new(id: CredentialId, seed: &Seed) -> Self {
        Self {
            id,
            alias: AliasKey::new(seed),
            any_till: Checker::new(&seed.otp_key()),
            seed: seed.clone(),
        }
    }

    /// The id of the credential.
    #[must_use]
    pub fn id(&self) -> CredentialId {
        self.id
    }

    fn checker(&self, slot: Slot, till: &TillId) -> Cow<'_, Checker> {
        match slot {
            Slot::AnyTill(_) => Cow::Borrowed(&self.any_till),
            Slot::OneTill(_) => Cow::Owned(Checker::new(&self.seed.till_otp_key(till))),
        }
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidate({})", self.id)
    }
}

/// The issuer's decision on a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The code is accepted, and used from now on.
    Accepted {
        /// The credential that the code belongs to.
        credential: CredentialId,
        /// The counter of the code, now the credential's last.
        counter: Counter,
    },
    /// The code is not accepted, for this reason.
    Refused(CodeRefusal),
}

/// Why a code is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefusal {
    /// The code is not 24 ASCII digits, or has none of the issuer's prefixes.
    #[error("not a payment code of this issuer")]
    Malformed,
    /// The code matches no credential at this time and till: wrong, too old, too early, bound to another till, or its
    /// credential is past its attempts for today.
    #[error("not valid: ask for a new code")]
    NotValid,
    /// The right code, but it or a later one has been accepted already.
    #[error("already used")]
    Used,
    /// The code matches more than one credential. Nobody is charged; the next code distinguishes them.
    #[error("ambiguous: ask for the next code")]
    TryAgain,
    /// The till has sent too many codes that match nobody. The till is stopped until tomorrow, the shopper is not.
    #[error("this till has sent too many wrong codes today")]
    TillStopped,
}

impl CodeRefusal {
    /// The name in interfaces, which is stable.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NotValid => "not_valid",
            Self::Used => "used",
            Self::TryAgain => "try_again",
            Self::TillStopped => "till_stopped",
        }
    }
}

/// Checks what a till sent, from its bytes to the verdict.
///
/// `candidates` looks up every credential whose alias at one of the accepted steps ([`Step::acceptance_window`]) is the
/// one shown; it may give more than those, and two may share an alias. `till` is who sent the code, from the till's own
/// token, never from the message.
///
/// The attempt is counted first. All values of all candidates are computed and compared in constant time with no
/// early exit, and only then is a counter looked at. Costs four or five HMACs per candidate (two HKDFs more for
/// a code bound to a till), and up to three commits of the guard.
///
/// # Errors
/// The guard's or the look-up's: the code is then not accepted.
pub fn verify<G: ReplayGuard, C: Borrow<Candidate>>(
    guard: &G,
    prefixes: &Prefixes,
    code: &[u8],
    till: &TillId,
    now: UnixTime,
    candidates: impl FnOnce(&Scheme, &DecodedCode) -> Result<Vec<C>, G::Error>,
) -> Result<Verdict, G::Error> {
    let Some((scheme, decoded)) = Digits::parse(code).ok().and_then(|code| prefixes.decode(&code))
    else {
        return Ok(Verdict::Refused(match guard.count_attempt(till, &[], now)? {
            Admission::TillStopped => CodeRefusal::TillStopped,
            Admission::Candidates(_) => CodeRefusal::Malformed,
        }));
    };
    let candidates = candidates(&scheme, &decoded)?;
    let ids: Vec<_> = candidates.iter().map(|candidate| candidate.borrow().id).collect();
    let admission = guard.count_attempt(till, &ids, now)?;
    let compared = compare(&scheme, &decoded, till, now, &candidates);
    Ok(match compared.outcome(&admission) {
        Err(refusal) => Verdict::Refused(refusal),
        Ok(CodeMatch { credential, counter }) => {
            guard.revert_attempt(till, &ids, now)?;
            if guard.advance_counter(credential, counter)? {
                Verdict::Accepted { credential, counter }
            } else {
                Verdict::Refused(CodeRefusal::Used)
            }
        }
    })
}

/// A code that matches one credential. Only [`Comparison::outcome`] makes it, after counting and comparing; whether the
/// code was used before is not decided yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeMatch {
    credential: CredentialId,
    counter: Counter,
}

impl CodeMatch {
    /// The credential that the code belongs to.
    #[must_use]
    pub fn credential(&self) -> CredentialId {
        self.credential
    }

    /// The counter of the code, which must be greater than the credential's last.
    #[must_use]
    pub fn counter(&self) -> Counter {
        self.counter
    }
}

/// The result of a comparison, hidden until the attempt was counted.
#[must_use]
pub struct Comparison {
    found: Matches,
    ids: Vec<CredentialId>,
}

impl Comparison {
    /// The outcome for an attempt that was counted on the same candidates, in the order in which they were compared.
    ///
    /// # Errors
    /// [`CodeRefusal`]: `TillStopped`, `NotValid` for nobody's code and for one of a credential past its attempts, and
    /// `TryAgain` for a code that fits more than one.
    pub fn outcome(self, admission: &Admission) -> Result<CodeMatch, CodeRefusal> {
        let Admission::Candidates(open) = admission else { return Err(CodeRefusal::TillStopped) };
        match self.found {
            Matches::None => Err(CodeRefusal::NotValid),
            Matches::Many => Err(CodeRefusal::TryAgain),
            Matches::One { index, counter } => {
                let is_open = open.get(index).copied().unwrap_or(false);
                let admitted = self.ids.get(index).copied().filter(|_| is_open);
                let credential = admitted.ok_or(CodeRefusal::NotValid)?;
                Ok(CodeMatch { credential, counter })
            }
        }
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Comparison([redacted])")
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Matches {
    None,
    Many,
    One { index: usize, counter: Counter },
}

/// Compares the code with every candidate at every accepted step, for an issuer that counts in a store of its own;
/// [`verify`] does all of it. What it does depends on how many there are and on the slot, never on which of them fits.
/// Costs four or five HMACs per candidate, and two HKDFs more for a code bound to a till.
pub fn compare(
    scheme: &Scheme,
    decoded: &DecodedCode,
    till: &TillId,
    now: UnixTime,
    candidates: &[impl Borrow<Candidate>],
) -> Comparison {
    let ids = candidates.iter().map(|candidate| candidate.borrow().id).collect();
    Comparison { found: find(scheme, decoded, till, now, candidates), ids }
}

fn find(
    scheme: &Scheme,
    decoded: &DecodedCode,
    till: &TillId,
    now: UnixTime,
    candidates: &[impl Borrow<Candidate>],
) -> Matches {
    let steps: Vec<Step> = Step::at(now).acceptance_window().into_iter().flatten().collect();
    let mut matches = 0u32;
    let mut which = 0u64;
    let mut at = 0u64;
    for (index, candidate) in (0u64..).zip(candidates) {
        let candidate = candidate.borrow();
        let checker = candidate.checker(decoded.slot, till);
        let mut period: Option<(u64, u64)> = None;
        for step in &steps {
            let counter = Counter::new(*step, decoded.slot);
            // Steps of one alias period share its alias; which ones do depends on the time alone.
            let number = scheme.alias_period.index(*step);
            let alias = match period {
                Some((same, alias)) if same == number => alias,
                _ => candidate.alias.derive(&scheme.prefix, scheme.alias_period, *step).value(),
            };
            period = Some((number, alias));
            let fits: Choice =
                alias.ct_eq(&decoded.alias.value()) & checker.otp(counter).ct_eq(&decoded.otp);
            matches += u32::from(fits.unwrap_u8());
            which.conditional_assign(&index, fits);
            at.conditional_assign(&counter.number(), fits);
        }
    }
    match (matches, usize::try_from(which), Counter::from_number(at)) {
        (0, ..) => Matches::None,
        (1, Ok(index), Ok(counter)) => Matches::One { index, counter },
        _ => Matches::Many,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AliasPeriod, Audience, CodeKeys, CodeSlot, SlotIndex};
    use super::*;

    // A double match happens once in a billion payments; here the same seed has two ids to force it.
    #[test]
    fn a_double_match_is_found_at_any_position() {
        let scheme = Scheme { prefix: "4960".parse().unwrap(), alias_period: AliasPeriod::DAY };
        let prefixes = Prefixes::new([scheme]).unwrap();
        let now = UnixTime::new(1_800_000_000).unwrap();
        let till = "A".parse().unwrap();
        let seed = Seed::from_slice(&[1; 32]).unwrap();
        let other = Seed::from_slice(&[2; 32]).unwrap();
        let slot =
            CodeSlot { step: Step::at(now), index: SlotIndex::FIRST, audience: Audience::AnyTill };
        let code = CodeKeys::new(&seed).derive(&scheme, &slot);
        let (scheme, decoded) = prefixes.decode(code.digits()).unwrap();
        let candidate = |id, seed| Candidate::new(CredentialId([id; 16]), seed);
        let found = |candidates: &[Candidate]| find(&scheme, &decoded, &till, now, candidates);
        let one = |index| Matches::One { index, counter: slot.counter() };

        assert_eq!(found(&[]), Matches::None);
        assert_eq!(found(&[candidate(2, &other)]), Matches::None);
        assert_eq!(found(&[candidate(1, &seed), candidate(2, &other)]), one(0));
        assert_eq!(found(&[candidate(2, &other), candidate(1, &seed)]), one(1));
        assert_eq!(
            found(&[candidate(1, &seed), candidate(2, &other), candidate(3, &seed)]),
            Matches::Many
        );
    }
}
