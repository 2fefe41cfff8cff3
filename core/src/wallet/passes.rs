//! Passes that others issued.

use super::error::Error;
use super::open::Wallet;
use crate::symbol::Symbol;
use crate::text::check_plain;
use crate::vault::{Pass, PassFormat, RecordId};

/// Passes that others issued: tickets, loyalty cards.
#[derive(Debug)]
pub struct Passes<'w>(&'w mut Wallet);

impl<'w> Passes<'w> {
    pub(super) fn new(wallet: &'w mut Wallet) -> Self {
        Self(wallet)
    }

    /// Stores a pass and gives the id of its record.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the value that cannot be stored; [`Error::Failed`].
    pub fn add(&mut self, pass: &Pass) -> Result<RecordId, Error> {
        check_plain(&pass.title, "the title")?;
        check_plain(pass.alternate_text.as_deref().unwrap_or_default(), "the alternate text")?;
        Ok(self.0.vault.add(pass)?)
    }

    /// Lists all passes, by id.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn list(&self) -> Result<Vec<(RecordId, Pass)>, Error> {
        Ok(self.0.vault.list()?)
    }

    /// Gives the symbol of a stored pass.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no pass with this id; else those of [`Pass::symbol`].
    pub fn symbol(&self, id: &RecordId) -> Result<Symbol, Error> {
        self.0.vault.get::<Pass>(id)?.ok_or(Error::NotFound)?.symbol()
    }

    /// Removes a pass.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no pass with this id.
    pub fn remove(&mut self, id: &RecordId) -> Result<(), Error> {
        self.0.remove::<Pass>(id)
    }
}

impl Pass {
    /// Gives the symbol that the message is drawn as: a QR Code or a Code 128; the other kinds are not drawn.
    ///
    /// # Errors
    /// [`Error::CannotDraw`], also for a message that the symbol does not hold.
    pub fn symbol(&self) -> Result<Symbol, Error> {
        let drawn = match self.format {
            PassFormat::Qr => Symbol::qr(&self.message),
            PassFormat::Code128 => Symbol::code128(&self.message),
            PassFormat::Pdf417 | PassFormat::Aztec | PassFormat::DataMatrix => {
                return Err(Error::CannotDraw("only QR Code and Code 128 are drawn".into()));
            }
        };
        drawn.map_err(|error| Error::CannotDraw(error.to_string()))
    }
}
