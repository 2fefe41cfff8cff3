//! `tegata otp`: decodes URIs of one-time passwords and computes their codes.

use base32ct::{Base32UpperUnpadded, Encoding as _};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tegata::formats::otpauth_list::{ListEntry, ListError, all_of, read_list};
use tegata::formats::otpauth_migration::{ExportEntry, parse_entries};
use tegata::vault::{OtpCredential, OtpKind};
use tegata::{OtpCode, UnixTime};

use crate::code::time;
use crate::failure::{Failure, tell};
use crate::output::Output;
use crate::secret::SecretSource;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the credentials of URIs, as a JSON array. A file or standard input of several lines is several URIs.
    #[command(
        after_help = "Example: tegata otp decode \"otpauth://totp/Mail:ann?secret=JBSWY3DPEHPK3PXP\""
    )]
    Decode {
        #[command(flatten)]
        uris: UrisArg,
        /// Include the secret, in Base32.
        #[arg(long)]
        reveal: bool,
    },
    /// Compute the digits at a time, or for the counter in the URI.
    #[command(
        after_help = "Example: tegata otp code \"otpauth://totp/Mail:ann?secret=JBSWY3DPEHPK3PXP\" --at 1257894000"
    )]
    Code {
        #[command(flatten)]
        uris: UrisArg,
        /// The time, in seconds since 1970.
        #[arg(long, value_name = "UNIX", value_parser = time)]
        at: UnixTime,
    },
}

/// URIs with one-time passwords, and what becomes of those that cannot be stored.
#[derive(Debug, Args)]
pub(crate) struct UrisArg {
    /// The otpauth or otpauth-migration URIs: the text of one, @FILE, or - for standard input. Each line of a file is one.
    #[arg(value_name = "URI", required = true)]
    uris: Vec<SecretSource>,
    /// Leave out those that cannot be stored here, such as with MD5 or of Steam, and name them; the others are taken.
    #[arg(long)]
    skip_unsupported: bool,
}

/// The credentials of URIs, and the places of those that were left out, in words.
pub(crate) struct ReadUris {
    pub(crate) credentials: Vec<OtpCredential>,
    pub(crate) skipped: Vec<String>,
}

impl UrisArg {
    /// Reads all of them or none, but for those that may be left out.
    pub(crate) fn read_all(&self) -> Result<ReadUris, Failure> {
        let mut read = ReadUris { credentials: Vec::new(), skipped: Vec::new() };
        for (number, source) in (1_usize..).zip(&self.uris) {
            let failed = |error: ListError| {
                let argument =
                    if self.uris.len() > 1 { format!(" {number}") } else { String::new() };
                let advice = if error.error.is_unsupported() {
                    "; take the others with --skip-unsupported"
                } else {
                    ""
                };
                Failure::Failed(format!("cannot read the URI{argument}: {error}{advice}"))
            };
            let mut entries = entries(source)?;
            if self.skip_unsupported {
                read.skipped.extend(split_unsupported(&mut entries));
                if entries.is_empty() {
                    continue;
                }
            }
            read.credentials.extend(all_of(entries).map_err(failed)?);
        }
        Ok(read)
    }

    fn read_one(&self) -> Result<OtpCredential, Failure> {
        let mut all = self.read_all()?.credentials;
        match (all.pop(), all.len()) {
            (Some(credential), 0) => Ok(credential),
            (None, _) => Err(Failure::Failed("the URI contains no credential".into())),
            (Some(_), more) => Err(Failure::Failed(format!(
                "the URI contains {} credentials, and one is expected",
                more + 1
            ))),
        }
    }
}

/// The entries of one source. An argument is one URI, and has no line end within.
fn entries(source: &SecretSource) -> Result<Vec<ListEntry>, Failure> {
    let text = source.read_lines("the URI")?;
    let SecretSource::Literal(_) = source else { return Ok(read_list(&text)) };
    let one = |place: Option<usize>, ExportEntry { name, credential }| ListEntry {
        line: 1,
        place,
        name,
        credential,
    };
    Ok(match parse_entries(text.as_bytes()) {
        Err(error) => {
            vec![one(None, ExportEntry { name: String::new(), credential: Err(error) })]
        }
        Ok(mut all) if all.len() == 1 => all.drain(..).map(|entry| one(None, entry)).collect(),
        Ok(all) => (1..).zip(all).map(|(place, entry)| one(Some(place), entry)).collect(),
    })
}

/// Takes out the entries that no wallet stores, and says where they were and why.
fn split_unsupported(entries: &mut Vec<ListEntry>) -> Vec<String> {
    let mut skipped = Vec::new();
    entries.retain(|entry| match &entry.credential {
        Err(error) if error.is_unsupported() => {
            skipped.push(format!("{}: {error}", entry.place_words()));
            false
        }
        _ => true,
    });
    skipped
}

/// Says on standard error what was left out.
pub(crate) fn report_skipped(skipped: &[String]) {
    for place in skipped {
        tell(&format!("left out: {place}"));
    }
}

pub(crate) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Decode { uris, reveal } => {
            let ReadUris { credentials, skipped } = uris.read_all()?;
            report_skipped(&skipped);
            Output::print_json(
                &credentials.iter().map(|it| describe(it, *reveal)).collect::<Vec<_>>(),
            )
        }
        Command::Code { uris, at } => {
            let code =
                uris.read_one()?.code(*at).map_err(|e| Failure::cannot("make a code")(&e))?;
            output.print(code.digits(), &document(&code))
        }
    }
}

fn describe(credential: &OtpCredential, reveal: bool) -> Value {
    let mut document = json!({
        "issuer": credential.issuer, "account": credential.account,
        "algorithm": credential.algorithm.name(), "digits": credential.digits,
    });
    add_kind(&mut document, credential.kind);
    if reveal {
        document["secret"] =
            Base32UpperUnpadded::encode_string(credential.reveal_secret().expose()).into();
    }
    document
}

/// Adds the type, and the period or the counter.
pub(crate) fn add_kind(document: &mut Value, kind: OtpKind) {
    let (kind, name, number) = match kind {
        OtpKind::Totp(seconds) => ("totp", "period", seconds.into()),
        OtpKind::Hotp(counter) => ("hotp", "counter", counter),
    };
    document["type"] = kind.into();
    document[name] = number.into();
}

pub(crate) fn document(code: &OtpCode) -> Value {
    json!({ "code": code.digits(), "seconds_left": code.seconds_left() })
}
