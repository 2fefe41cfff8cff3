//! `tegata code`: derives, decodes and verifies payment codes, for tests and for issuers in other languages.

use clap::{Args, Subcommand};
use serde_json::json;
use tegata::UnixTime;
use tegata::code::{
    AliasPeriod, AttemptLimits, Candidate, CodeKeys, CodeRefusal, CodeSlot, Counter, CredentialId,
    Digits, Prefix, Prefixes, ReplayGuard, Scheme, Seed, Slot, SqliteGuard, Step, TillId, Verdict,
    decode, verify,
};

use crate::failure::Failure;
use crate::output::Output;
use crate::secret::{SecretSource, from_hex};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Derive the 24 digits of one code.
    #[command(
        after_help = "Example: tegata code derive --seed 87c9774b05c3f50531c536902a95e1f97f6141d1de49187ec7cad6a4d6882551 --prefix 01016860 --alias-period 30 --at 1562025600 --slot 8 --till till-31337"
    )]
    Derive {
        #[command(flatten)]
        scheme: SchemeArgs,
        #[command(flatten)]
        seed: SeedArg,
        /// The time, in seconds since 1970.
        #[arg(long, value_name = "UNIX", value_parser = time)]
        at: UnixTime,
        /// Which of the ten codes of the half minute: 0-4 for any till, 5-9 for one till.
        #[arg(long, value_name = "N", value_parser = slot)]
        slot: Slot,
        /// The till's id, for slots 5-9.
        #[arg(long, value_name = "ID")]
        till: Option<TillId>,
    },
    /// Split a code into its parts, as JSON.
    #[command(
        after_help = "Example: tegata code decode 010168606235459802301338 --prefix 01016860"
    )]
    Decode {
        /// The 24 digits.
        digits: String,
        /// The issuer's routing digits: 4 to 8.
        #[arg(long, value_name = "DIGITS")]
        prefix: Prefix,
    },
    /// Check whether an issuer would accept a code, as JSON. Exit code 1 if not.
    #[command(
        after_help = "Example: tegata code verify 010168606235459802301338 --seed 87c9774b05c3f50531c536902a95e1f97f6141d1de49187ec7cad6a4d6882551 --prefix 01016860 --alias-period 30 --at 1562025600 --till till-31337"
    )]
    Verify {
        /// The 24 digits, as the till read them.
        digits: String,
        #[command(flatten)]
        scheme: SchemeArgs,
        #[command(flatten)]
        seed: SeedArg,
        /// The time by the issuer's clock, in seconds since 1970.
        #[arg(long, value_name = "UNIX", value_parser = time)]
        at: UnixTime,
        /// The till that read the code. Without it no code of slots 5-9 is valid.
        #[arg(long, value_name = "ID")]
        till: Option<TillId>,
        /// The last counter that was accepted.
        #[arg(long, value_name = "COUNTER", value_parser = counter)]
        after: Option<Counter>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SchemeArgs {
    /// The issuer's routing digits: 4 to 8.
    #[arg(long, value_name = "DIGITS")]
    prefix: Prefix,
    /// The alias period in seconds, a multiple of 30.
    #[arg(long, value_name = "SECONDS", default_value = "86400", value_parser = alias_period)]
    alias_period: AliasPeriod,
}

impl SchemeArgs {
    pub(crate) fn scheme(&self) -> Scheme {
        Scheme { prefix: self.prefix, alias_period: self.alias_period }
    }
}

#[derive(Debug, Args)]
pub(crate) struct SeedArg {
    /// The credential's seed: 64 hexadecimal digits, @FILE, or - for standard input.
    #[arg(long, value_name = "HEX")]
    seed: SecretSource,
}

impl SeedArg {
    pub(crate) fn read(&self) -> Result<Seed, Failure> {
        read_seed(&self.seed)
    }
}

/// Reads a seed from its source.
pub(crate) fn read_seed(source: &SecretSource) -> Result<Seed, Failure> {
    from_hex(&source.read("the seed")?)
        .and_then(|bytes| Seed::from_slice(&bytes))
        .ok_or_else(|| Failure::Usage("a seed is 64 hexadecimal digits (32 bytes)".into()))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "not a whole number from 0 to 18446744073709551615".to_owned())
}

pub(crate) fn time(text: &str) -> Result<UnixTime, String> {
    UnixTime::new(number(text)?).map_err(|e| e.to_string())
}

fn slot(text: &str) -> Result<Slot, String> {
    Slot::from_digit(number(text)?).map_err(|e| e.to_string())
}

fn counter(text: &str) -> Result<Counter, String> {
    Counter::from_number(number(text)?).map_err(|e| e.to_string())
}

pub(crate) fn alias_period(text: &str) -> Result<AliasPeriod, String> {
    let seconds =
        text.parse().map_err(|_| "not a number of seconds up to 4294967295".to_owned())?;
    AliasPeriod::new(seconds).map_err(|e| e.to_string())
}

pub(crate) fn run(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Derive { scheme, seed, at, slot, till } => {
            let slot = CodeSlot::new(Step::at(at), slot, till)
                .map_err(|e| Failure::Usage(e.to_string()))?;
            let code = CodeKeys::new(&seed.read()?).derive(&scheme.scheme(), &slot);
            let digits = code.digits().as_str();
            output.print(digits, &json!({ "code": digits, "counter": code.counter().number() }))
        }
        Command::Decode { digits, prefix } => {
            let parsed: Digits = digits.parse().map_err(|e| Failure::cannot("decode this")(&e))?;
            let decoded = decode(&parsed, &prefix)
                .ok_or_else(|| Failure::Failed(format!("the code does not begin with {prefix}")))?;
            Output::print_json(&json!({
                "prefix": decoded.prefix.to_string(),
                "alias": decoded.alias.to_string(),
                "slot": decoded.slot.digit(),
                "otp": decoded.otp_digits(),
            }))
        }
        Command::Verify { digits, scheme, seed, at, till, after } => {
            let verdict = verify_code(&digits, scheme.scheme(), &seed.read()?, at, till, after)?;
            match verdict {
                Verdict::Accepted { counter, .. } => Output::print_json(
                    &json!({ "result": "accepted", "counter": counter.number() }),
                ),
                Verdict::Refused(refusal) => {
                    Output::print_json(&json!({ "result": "refused", "reason": refusal.name() }))?;
                    Err(Failure::AlreadyReported)
                }
            }
        }
    }
}

/// Verifies a code like an issuer that knows this one credential.
fn verify_code(
    digits: &str,
    scheme: Scheme,
    seed: &Seed,
    at: UnixTime,
    till: Option<TillId>,
    after: Option<Counter>,
) -> Result<Verdict, Failure> {
    let unreachable = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let prefixes = Prefixes::new([scheme]).map_err(|e| unreachable(&e))?;
    // A code for one till depends on that till's id and cannot be verified without it.
    let till = match (till, digits.parse().ok().and_then(|digits| decode(&digits, &scheme.prefix)))
    {
        (Some(till), _) => till,
        (None, Some(decoded)) if matches!(decoded.slot, Slot::OneTill(_)) => {
            return Ok(Verdict::Refused(CodeRefusal::NotValid));
        }
        (None, _) => "any".parse().map_err(|e| unreachable(&e))?,
    };
    let guard = SqliteGuard::in_memory(AttemptLimits::default()).map_err(|e| unreachable(&e))?;
    let credential = CredentialId([0; 16]);
    if let Some(after) = after {
        guard.advance_counter(credential, after).map_err(|e| unreachable(&e))?;
    }
    let candidate = |_: &_, _: &_| Ok(vec![Candidate::new(credential, seed)]);
    verify(&guard, &prefixes, digits.as_bytes(), &till, at, candidate).map_err(|e| unreachable(&e))
}
