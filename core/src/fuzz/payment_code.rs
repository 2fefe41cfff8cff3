//! Payment codes, as a till sends them.
#![expect(clippy::expect_used, reason = "a panic is how a target says what is wrong")]

use base16ct::lower;

use crate::UnixTime;
use crate::code::{
    AliasPeriod, AttemptLimits, Candidate, CodeKeys, CodeRefusal, CodeSlot, Counter, CredentialId,
    Digits, Prefixes, Scheme, Seed, Slot, SqliteGuard, Step, TillId, Verdict, decode, verify,
};

/// `SEED PREFIX ALIAS-PERIOD UNIX TILL CODE`, parted by single spaces; the code takes the rest, whatever bytes it has.
/// Each field goes through the parser of its type. What is a code prints back; what is accepted is the code that the
/// wallet makes of the same counter, is so once, and lies in the steps that are accepted.
pub fn payment_code(line: &[u8]) {
    let Some(scan) = Scan::read(line) else { return };
    let printed = scan.prints_back();

    let guard = SqliteGuard::in_memory(AttemptLimits::default()).expect("memory");
    let verdict = scan.verify(&guard);
    assert_eq!(printed.is_none(), verdict == Verdict::Refused(CodeRefusal::Malformed));
    if let Verdict::Accepted { credential, counter } = verdict {
        assert_eq!(credential, ID);
        assert!(Step::at(scan.now).acceptance_window().contains(&Some(counter.step())));
        assert_eq!(scan.derive(counter).as_bytes(), scan.code);
        assert_eq!(scan.verify(&guard), Verdict::Refused(CodeRefusal::Used));
    }
}

const ID: CredentialId = CredentialId([1; 16]);

struct Scan<'l> {
    seed: Seed,
    scheme: Scheme,
    now: UnixTime,
    till: TillId,
    code: &'l [u8],
}

impl<'l> Scan<'l> {
    fn read(line: &'l [u8]) -> Option<Self> {
        let mut fields = line.splitn(6, |&byte| byte == b' ');
        let seed = Seed::from_slice(&lower::decode_vec(fields.next()?).ok()?)?;
        let mut text = || std::str::from_utf8(fields.next()?).ok();
        let prefix = text()?.parse().ok()?;
        let alias_period = AliasPeriod::new(text()?.parse().ok()?).ok()?;
        let now = UnixTime::new(text()?.parse().ok()?).ok()?;
        let till = text()?.parse().ok()?;
        Some(Self {
            seed,
            scheme: Scheme { prefix, alias_period },
            now,
            till,
            code: fields.next()?,
        })
    }

    /// What it says in its parts, if it is a code under this prefix.
    fn prints_back(&self) -> Option<String> {
        let digits = Digits::parse(self.code).ok()?;
        assert_eq!(digits.as_str().as_bytes(), self.code);
        let decoded = decode(&digits, &self.scheme.prefix)?;
        let prefix = decoded.prefix;
        let alias = decoded.alias;
        let otp = decoded.otp_digits();
        let printed = format!("{prefix}{alias}{}{otp}", decoded.slot.digit());
        assert_eq!(printed.as_bytes(), self.code);
        Some(printed)
    }

    fn verify(&self, guard: &SqliteGuard) -> Verdict {
        let prefixes = Prefixes::new([self.scheme]).expect("one prefix overlaps with none");
        let candidates = |_: &_, _: &_| Ok(vec![Candidate::new(ID, &self.seed)]);
        verify(guard, &prefixes, self.code, &self.till, self.now, candidates).expect("memory")
    }

    fn derive(&self, counter: Counter) -> Digits {
        let slot = counter.slot();
        let till = matches!(slot, Slot::OneTill(_)).then(|| self.till.clone());
        let slot =
            CodeSlot::new(counter.step(), slot, till).expect("slot and till belong together");
        *CodeKeys::new(&self.seed).derive(&self.scheme, &slot).digits()
    }
}
