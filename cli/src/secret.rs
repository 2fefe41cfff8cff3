//! Secrets on the command line: from a file, standard input or a prompt. A literal is for tests and tools.

use std::fmt;
use std::io::{BufRead, IsTerminal, Read};
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
    /// The text, from where other users of the machine do not see it: an argument can be seen, and stays in the shell's
    /// history.
    pub(crate) fn read_unseen(&self, option: &str) -> Result<Zeroizing<String>, Failure> {
        match self {
            Self::Literal(_) => Err(Failure::Usage(format!(
                "a secret cannot be an argument: give --{option} @FILE, or - for standard input"
            ))),
            source => source.read(&format!("the value of --{option}")),
        }
    }

    /// The text, without the line end that editors and `echo` leave.
    pub(crate) fn read(&self, what: &str) -> Result<Zeroizing<String>, Failure> {
        let text = match self {
            Self::Literal(text) => return Ok(text.clone()),
            Self::File(path) => std::fs::File::open(path).and_then(read_text).map_err(|e| {
                Failure::Usage(format!("cannot read {what} from {}: {e}", path.display()))
            })?,
            Self::StandardInput => read_line(what)?,
        };
        Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

/// The next line: several secrets come one after the other, each when it is needed.
fn read_line(what: &str) -> Result<Zeroizing<String>, Failure> {
    let failed = |why: &dyn fmt::Display| {
        Failure::Usage(format!("cannot read {what} from standard input: {why}"))
    };
    let mut line = Zeroizing::new(String::new());
    let read = std::io::stdin().lock().take(LONGEST).read_line(&mut line);
    match read.map_err(|error| failed(&error))? {
        0 => Err(failed(&"it has ended")),
        _ => Ok(line),
    }
}

/// Whether there is a person who can be asked.
pub(crate) fn may_ask() -> bool {
    std::io::stdin().is_terminal()
}

/// What this option gives, or a person who is asked and does not see what she types.
pub(crate) fn ask(
    source: Option<&SecretSource>,
    option: &str,
    prompt: &str,
) -> Result<Zeroizing<String>, Failure> {
    given_or(source, option, || rpassword::prompt_password(prompt).ok().map(Zeroizing::new).map(Ok))
}

/// The same, and she sees it: codes that hold for minutes, or once.
pub(crate) fn ask_seen(
    source: Option<&SecretSource>,
    option: &str,
    prompt: &str,
) -> Result<Zeroizing<String>, Failure> {
    given_or(source, option, || {
        may_ask().then(|| {
            eprint!("{prompt}");
            SecretSource::StandardInput.read(option)
        })
    })
}

/// `ask` gives `None` where there is nobody who could be asked.
fn given_or(
    source: Option<&SecretSource>,
    option: &str,
    ask: impl FnOnce() -> Option<Result<Zeroizing<String>, Failure>>,
) -> Result<Zeroizing<String>, Failure> {
    let no_terminal =
        || Failure::Usage(format!("no terminal for a prompt: give --{option} @FILE or -"));
    match source {
        Some(source) => source.read_unseen(option),
        None => ask().ok_or_else(no_terminal)?,
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
