//! Standard output: text for a person, or one JSON document.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write as _};
use std::num::NonZeroU8;
use std::path::Path;

use serde::Serialize;
use tegata::UnixTime;
use tegata::symbol::Symbol;
use tegata::text::is_plain;
use time::OffsetDateTime;

use crate::failure::{Failure, plain_lines};

/// Lines that a printed Code 128 takes.
pub(crate) const BAR_LINES: NonZeroU8 = NonZeroU8::MIN.saturating_add(6);

/// A moment for an operator to read, in UTC as logs have it: `2026-11-23 08:05:30Z`.
pub(crate) fn date_and_time(at: UnixTime) -> String {
    let seconds = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
    let Ok(at) = OffsetDateTime::from_unix_timestamp(seconds) else { return String::new() };
    let date = format!("{}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day());
    format!("{date} {:02}:{:02}:{:02}Z", at.hour(), at.minute(), at.second())
}

/// Prints results, as text or as JSON.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether the live screen can be used: both sides are a terminal that can redraw, and `--json` is not set.
    pub(crate) fn is_live(&self) -> bool {
        !self.json && io::stdin().is_terminal() && can_redraw()
    }

    /// Whether text may be coloured: in a terminal that can redraw, with `NO_COLOR` unset or empty.
    pub(crate) fn is_coloured(&self) -> bool {
        !self.json
            && can_redraw()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    }

    /// Draws a symbol in lines. In a terminal it is black on white regardless of theme and `NO_COLOR`, since it would be
    /// inverted on a dark screen otherwise. Elsewhere a block character is dark.
    pub(crate) fn draw(&self, symbol: &Symbol) -> String {
        if !self.json && can_redraw() {
            symbol.terminal_ansi(BAR_LINES).trim_end().to_owned()
        } else {
            symbol.terminal_lines(BAR_LINES).join("\n")
        }
    }

    /// Prints the result: `words` for a person, `document` with `--json`.
    pub(crate) fn print(&self, words: &str, document: &impl Serialize) -> Result<(), Failure> {
        if self.json {
            Self::print_json(document)
        } else {
            Self::write(format!("{}\n", plain_lines(words)).as_bytes())
        }
    }

    /// Prints a result with a symbol that [`draw`](Self::draw) drew between the words before it and those after it.
    pub(crate) fn print_drawing(
        &self,
        [before, drawing, after]: [&str; 3],
        document: &impl Serialize,
    ) -> Result<(), Failure> {
        if self.json {
            Self::print_json(document)
        } else {
            Self::write_drawing([before, drawing, after])
        }
    }

    /// Prints an intermediate message with a symbol; nothing with `--json`.
    pub(crate) fn print_drawing_progress(&self, parts: [&str; 3]) -> Result<(), Failure> {
        if self.json { Ok(()) } else { Self::write_drawing(parts) }
    }

    fn write_drawing([before, drawing, after]: [&str; 3]) -> Result<(), Failure> {
        let parts = [plain_lines(before), drawing.to_owned(), plain_lines(after)];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Self::write(format!("{}\n", parts.join("\n")).as_bytes())
    }

    /// Prints an intermediate message; nothing with `--json`, which prints one document only.
    pub(crate) fn print_progress(&self, words: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { Self::write(format!("{}\n", plain_lines(words)).as_bytes()) }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a result that is JSON with or without `--json`.
    pub(crate) fn print_json(document: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(document).map_err(|e| Failure::Failed(e.to_string()))?;
        Self::write(format!("{}\n", escape_json(&text)).as_bytes())
    }

    /// Writes bytes as they are.
    pub(crate) fn write(bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::Failed(format!("cannot write the answer: {error}")),
        })
    }
}

/// Escapes what is not plain text as JSON does (RFC 8259, section 7). It stands in strings only: all else of a document is
/// ASCII.
fn escape_json(document: &str) -> String {
    let mut escaped = String::with_capacity(document.len());
    let mut units = [0; 2];
    for c in document.chars() {
        if is_plain(c) {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

/// Creates a file that only its owner can read; fails if it exists.
pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether standard output is a terminal that can move the cursor.
fn can_redraw() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
