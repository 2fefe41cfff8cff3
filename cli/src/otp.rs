//! `tegata otp`: decodes URIs of one-time passwords and computes their codes.

use base32ct::{Base32UpperUnpadded, Encoding as _};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tegata::formats::otpauth_migration::parse_all;
use tegata::vault::{OtpCredential, OtpKind};
use tegata::{OtpCode, UnixTime};

use crate::code::time;
use crate::failure::Failure;
use crate::output::Output;
use crate::secret::SecretSource;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the credentials of a URI, as a JSON array.
    #[command(
        after_help = "Example: tegata otp decode \"otpauth://totp/Mail:ann?secret=JBSWY3DPEHPK3PXP\""
    )]
    Decode {
        #[command(flatten)]
        uri: UriArg,
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
        uri: UriArg,
        /// The time, in seconds since 1970.
        #[arg(long, value_name = "UNIX", value_parser = time)]
        at: UnixTime,
    },
}

#[derive(Debug, Args)]
pub(crate) struct UriArg {
    /// The otpauth or otpauth-migration URI: its text, @FILE, or - for standard input.
    uri: SecretSource,
}

impl UriArg {
    pub(crate) fn read_all(&self) -> Result<Vec<OtpCredential>, Failure> {
        let uri = self.uri.read("the URI")?;
        parse_all(uri.as_bytes()).map_err(|e| Failure::cannot("read the URI")(&e))
    }

    fn read(&self) -> Result<OtpCredential, Failure> {
        let mut all = self.read_all()?;
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

pub(crate) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Decode { uri, reveal } => {
            let all = uri.read_all()?;
            Output::print_json(&all.iter().map(|it| describe(it, *reveal)).collect::<Vec<_>>())
        }
        Command::Code { uri, at } => {
            let code = uri.read()?.code(*at).map_err(|e| Failure::cannot("make a code")(&e))?;
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
