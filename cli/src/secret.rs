//! Secrets for a command: from a file, standard input or a prompt. A literal is for tests and tools.

use std::fmt;
use std::io::{BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::failure::{Failure, tell};

/// The longest accepted secret, so that a wrong file is not read whole.
const MAX_SECRET_BYTES: u64 = 64 * 1024;
/// The longest accepted list of secrets.
const MAX_LIST_BYTES: u64 = 1024 * 1024;

/// The source of a secret: `@FILE`, `-` for standard input, or the text itself.
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
    /// Reads the secret; refuses a literal, which other users of the machine can see and the shell's history stores.
    pub(crate) fn read_private(&self, option: &str) -> Result<Zeroizing<String>, Failure> {
        match self {
            Self::Literal(_) => Err(Failure::Usage(format!(
                "a secret cannot be an argument: give --{option} @FILE, or - for standard input"
            ))),
            source => source.read(&format!("the value of --{option}")),
        }
    }

    /// Reads the secret, without the line end that editors and `echo` add.
    pub(crate) fn read(&self, what: &str) -> Result<Zeroizing<String>, Failure> {
        let text = match self {
            Self::Literal(text) => return Ok(text.clone()),
            Self::File(path) => read_file(path, what, MAX_SECRET_BYTES)?,
            Self::StandardInput => read_line(what)?,
        };
        Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Reads all lines of the source: a file whole, standard input to its end or, at a terminal, one line.
    pub(crate) fn read_lines(&self, what: &str) -> Result<Zeroizing<String>, Failure> {
        match self {
            Self::Literal(text) => Ok(text.clone()),
            Self::File(path) => read_file(path, what, MAX_LIST_BYTES),
            Self::StandardInput if can_prompt() => read_line(what),
            Self::StandardInput => {
                read_text(std::io::stdin().lock(), MAX_LIST_BYTES).map_err(|why| {
                    Failure::Usage(format!("cannot read {what} from standard input: {why}"))
                })
            }
        }
    }
}

fn read_file(path: &Path, what: &str, most: u64) -> Result<Zeroizing<String>, Failure> {
    std::fs::File::open(path)
        .and_then(|file| read_text(file, most))
        .map_err(|why| Failure::Usage(format!("cannot read {what} from {}: {why}", path.display())))
}

/// Reads the next line of standard input: several secrets follow each other, each read when it is needed.
fn read_line(what: &str) -> Result<Zeroizing<String>, Failure> {
    let failed = |why: &dyn fmt::Display| {
        Failure::Usage(format!("cannot read {what} from standard input: {why}"))
    };
    let mut line = Zeroizing::new(String::new());
    let read = std::io::stdin().lock().take(MAX_SECRET_BYTES + 1).read_line(&mut line);
    match read.map_err(|error| failed(&error))? {
        0 => Err(failed(&"it has ended")),
        _ if exceeds(&line, MAX_SECRET_BYTES) => Err(failed(&too_long(MAX_SECRET_BYTES))),
        _ => Ok(line),
    }
}

/// Whether standard input is a terminal, so that a person can be prompted.
pub(crate) fn can_prompt() -> bool {
    std::io::stdin().is_terminal()
}

/// Reads the option's value, or prompts for it without showing what is typed.
pub(crate) fn prompt_hidden(
    source: Option<&SecretSource>,
    option: &str,
    prompt: &str,
) -> Result<Zeroizing<String>, Failure> {
    read_or_prompt(source, option, || {
        rpassword::prompt_password(prompt).ok().map(Zeroizing::new).map(Ok)
    })
}

/// Reads the option's value, or prompts and shows what is typed: for codes that are valid for minutes, or once.
pub(crate) fn prompt_visible(
    source: Option<&SecretSource>,
    option: &str,
    prompt: &str,
) -> Result<Zeroizing<String>, Failure> {
    read_or_prompt(source, option, || {
        can_prompt().then(|| {
            eprint!("{prompt}");
            SecretSource::StandardInput.read(option)
        })
    })
}

/// Reads the option's value or calls `prompt`, which returns `None` without a terminal.
fn read_or_prompt(
    source: Option<&SecretSource>,
    option: &str,
    prompt: impl FnOnce() -> Option<Result<Zeroizing<String>, Failure>>,
) -> Result<Zeroizing<String>, Failure> {
    let no_terminal =
        || Failure::Usage(format!("no terminal for a prompt: give --{option} @FILE or -"));
    match source {
        Some(source) => source.read_private(option),
        None => prompt().ok_or_else(no_terminal)?,
    }
}

/// Reads a text to its end, and refuses a longer one rather than to leave its end out.
fn read_text(source: impl Read, most: u64) -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    source.take(most + 1).read_to_string(&mut text)?;
    if exceeds(&text, most) { Err(std::io::Error::other(too_long(most))) } else { Ok(text) }
}

fn exceeds(text: &str, most: u64) -> bool {
    u64::try_from(text.len()).unwrap_or(u64::MAX) > most
}

fn too_long(most: u64) -> String {
    format!("it is longer than {} KiB", most / 1024)
}

/// How often a person is prompted for the same value.
pub(crate) const ATTEMPTS: u32 = 5;

/// Repeats a prompt whose value is not of its form, as one whose value is wrong is repeated. A value that was not typed
/// would be the same each time.
pub(crate) fn ask_again<T>(
    is_typed: bool,
    mut ask: impl FnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    for _ in 1..ATTEMPTS {
        match ask() {
            Err(Failure::Mistyped(why)) if is_typed => tell(&format!("{why}. Try again:")),
            other => return other,
        }
    }
    ask()
}

/// Decodes hexadecimal digits into bytes that are zeroized.
pub(crate) fn from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    hex::decode(text).ok().map(Zeroizing::new)
}
