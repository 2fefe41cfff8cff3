//! Passes that others issued.

use super::error::Error;
use super::open::Wallet;
use crate::text::check_plain;
use crate::vault::{Pass, RecordId};

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

    /// Removes a pass.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no pass with this id.
    pub fn remove(&mut self, id: &RecordId) -> Result<(), Error> {
        self.0.remove::<Pass>(id)
    }
}
