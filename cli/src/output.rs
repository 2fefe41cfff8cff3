//! What goes to standard output: words for a person, or one JSON document.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::failure::Failure;

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
        !self.json
            && io::stdout().is_terminal()
            && io::stdin().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Whether colours may be sent: to a terminal that is not dumb, with `NO_COLOR` unset or empty.
    pub(crate) fn is_coloured(&self) -> bool {
        !self.json
            && io::stdout().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Gives the answer: `words` for a person, `document` with `--json`.
    pub(crate) fn answer(&self, words: &str, document: &impl Serialize) -> Result<(), Failure> {
        if self.json { self.document(document) } else { self.raw(format!("{words}\n").as_bytes()) }
    }

    /// Gives an answer that is JSON whether asked for or not.
    pub(crate) fn document(&self, document: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_vec(document).map_err(|e| Failure::No(e.to_string()))?;
        text.push(b'\n');
        self.raw(&text)
    }

    /// Gives bytes as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Unheard,
            _ => Failure::No(format!("cannot write the answer: {error}")),
        })
    }
}
