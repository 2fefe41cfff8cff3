//! Standard output: text for a person, or one JSON document.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroU8;
use std::path::Path;

use serde::Serialize;
use tegata::symbol::Symbol;

use crate::failure::Failure;

/// Lines that a printed Code 128 takes.
pub(crate) const BAR_LINES: NonZeroU8 = NonZeroU8::MIN.saturating_add(6);

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
            Self::write(format!("{words}\n").as_bytes())
        }
    }

    /// Prints an intermediate message; nothing with `--json`, which prints one document only.
    pub(crate) fn print_progress(&self, words: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { Self::write(format!("{words}\n").as_bytes()) }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a result that is JSON with or without `--json`.
    pub(crate) fn print_json(document: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_vec(document).map_err(|e| Failure::Failed(e.to_string()))?;
        text.push(b'\n');
        Self::write(&text)
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
