//! Secrets on the command line: from a file, standard input or a prompt. A literal is for tests and tools.

use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// No secret of ours is longer; a file given by mistake is not read whole.
const LONGEST: u64 = 64 * 1024;

/// Where a secret comes from: `@FILE`, `-` for standard input, or the text itself.
#[derive(Clone)]
pub(crate) enum SecretSource {
    Literal(Zeroizing<String>),
    File(PathBuf),
    StandardInput,
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl FromStr for SecretSource {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match (text, text.strip_prefix('@')) {
            ("-", _) => Self::StandardInput,
            (_, Some(file)) => Self::File(file.into()),
            (literal, None) => Self::Literal(Zeroizing::new(literal.to_owned())),
        })
    }
}

impl SecretSource {
    /// The text, without the line end that editors and `echo` leave.
    pub(crate) fn read(&self, what: &str) -> Result<Zeroizing<String>, Failure> {
        let text = match self {
            Self::Literal(text) => return Ok(text.clone()),
            Self::File(path) => std::fs::File::open(path).and_then(read_text).map_err(|e| {
                Failure::Usage(format!("cannot read {what} from {}: {e}", path.display()))
            })?,
            Self::StandardInput => read_text(std::io::stdin().lock()).map_err(|e| {
                Failure::Usage(format!("cannot read {what} from standard input: {e}"))
            })?,
        };
        Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

fn read_text(source: impl Read) -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    source.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// Reads hexadecimal digits into bytes that are wiped.
pub(crate) fn from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    hex::decode(text).ok().map(Zeroizing::new)
}
