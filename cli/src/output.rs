//! What goes to standard output: words for a person, or one JSON document.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroU8;
use std::path::Path;

use serde::Serialize;
use tegata::symbol::Symbol;

use crate::failure::Failure;

/// Lines that a Code 128 takes where it is printed.
pub(crate) const BAR_LINES: NonZeroU8 = NonZeroU8::MIN.saturating_add(6);

/// Where answers go, and in which form.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a live screen makes sense: a terminal on both sides that can redraw, and nobody asked for JSON.
    pub(crate) fn is_live(&self) -> bool {
        !self.json && io::stdin().is_terminal() && can_redraw()
    }

    /// Whether words may be coloured: in a terminal that can, with `NO_COLOR` unset or empty.
    pub(crate) fn is_coloured(&self) -> bool {
        !self.json
            && can_redraw()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    }

    /// A symbol in lines. In a terminal it is black on white whatever the theme, `NO_COLOR` or not: the colours are
    /// the symbol, and without them it would be inverted on a dark screen. Elsewhere a block is dark.
    pub(crate) fn drawing(&self, symbol: &Symbol) -> String {
        if !self.json && can_redraw() {
            symbol.terminal_ansi(BAR_LINES).trim_end().to_owned()
        } else {
            symbol.terminal_lines(BAR_LINES).join("\n")
        }
    }

    /// Gives the answer: `words` for a person, `document` with `--json`.
    pub(crate) fn answer(&self, words: &str, document: &impl Serialize) -> Result<(), Failure> {
        if self.json {
            Self::document(document)
        } else {
            Self::raw(format!("{words}\n").as_bytes())
        }
    }

    /// Says something on the way to the answer. With `--json` there is one document and nothing before it.
    pub(crate) fn tell(&self, words: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { Self::raw(format!("{words}\n").as_bytes()) }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Gives an answer that is JSON whether asked for or not.
    pub(crate) fn document(document: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_vec(document).map_err(|e| Failure::No(e.to_string()))?;
        text.push(b'\n');
        Self::raw(&text)
    }

    /// Gives bytes as they are.
    pub(crate) fn raw(bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Unheard,
            _ => Failure::No(format!("cannot write the answer: {error}")),
        })
    }
}

/// A new file that nobody else can read; never one that is there.
pub(crate) fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Standard output is a terminal that understands more than plain lines.
fn can_redraw() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
