//! Passes that others issued.

use std::fmt;
use std::sync::Arc;

use tegata::vault;

use crate::shared_wallet::SharedWallet;
use crate::{Symbol, WalletError, id};

/// Passes that others issued: tickets, loyalty cards.
#[derive(uniffi::Object)]
pub struct Passes(pub(crate) Arc<SharedWallet>);

/// A ticket, loyalty card or other pass.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct Pass {
    /// The title that the shopper sees: 1 to 128 bytes of UTF-8.
    pub title: String,
    /// The symbol that the message is drawn as.
    pub format: PassFormat,
    /// What a scanner reads: 1 to 4,096 bytes of UTF-8. Whoever has it has the pass.
    pub message: String,
    /// The text below the symbol for people to read, if any: 1 to 256 bytes of UTF-8.
    #[uniffi(default = None)]
    pub alternate_text: Option<String>,
}

/// A pass with the id of its record.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct StoredPass {
    /// The id of its record in this wallet.
    pub id: String,
    /// The pass as it was stored.
    pub content: Pass,
}

/// The kinds of symbol that a pass is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum PassFormat {
    /// QR Code, two-dimensional (ISO/IEC 18004).
    Qr,
    /// Code 128 (ISO/IEC 15417).
    Code128,
    /// PDF417, two-dimensional (ISO/IEC 15438).
    Pdf417,
    /// Aztec Code (ISO/IEC 24778).
    Aztec,
    /// Data Matrix (ISO/IEC 16022).
    DataMatrix,
}

#[uniffi::export]
impl Passes {
    /// Stores a pass and gives the id of its record.
    pub fn add(&self, pass: Pass) -> Result<String, WalletError> {
        let pass = pass.into();
        self.0.with(|wallet| wallet.passes().add(&pass).map(|id| id.to_string()))
    }

    /// Lists all passes with their ids.
    pub fn list(&self) -> Result<Vec<StoredPass>, WalletError> {
        let all = self.0.with(|wallet| wallet.passes().list())?;
        Ok(all
            .into_iter()
            .map(|(id, pass)| StoredPass { id: id.to_string(), content: pass.into() })
            .collect())
    }

    /// Draws the pass with this id as the symbol that it is in: `Qr` and `Code128` are drawn, the others are not.
    pub fn symbol(&self, id: String) -> Result<Symbol, WalletError> {
        let id = id::parse(&id)?;
        self.0.with(|wallet| wallet.passes().symbol(&id)).map(|symbol| Symbol::new(&symbol))
    }

    /// Removes the pass with this id.
    pub fn remove(&self, id: String) -> Result<(), WalletError> {
        let id = id::parse(&id)?;
        self.0.with(|wallet| wallet.passes().remove(&id))
    }
}

impl From<Pass> for vault::Pass {
    fn from(pass: Pass) -> Self {
        let Pass { title, format, message, alternate_text } = pass;
        let format = match format {
            PassFormat::Qr => vault::PassFormat::Qr,
            PassFormat::Code128 => vault::PassFormat::Code128,
            PassFormat::Pdf417 => vault::PassFormat::Pdf417,
            PassFormat::Aztec => vault::PassFormat::Aztec,
            PassFormat::DataMatrix => vault::PassFormat::DataMatrix,
        };
        Self { title, format, message, alternate_text }
    }
}

impl From<vault::Pass> for Pass {
    fn from(pass: vault::Pass) -> Self {
        let vault::Pass { title, format, message, alternate_text } = pass;
        let format = match format {
            vault::PassFormat::Qr => PassFormat::Qr,
            vault::PassFormat::Code128 => PassFormat::Code128,
            vault::PassFormat::Pdf417 => PassFormat::Pdf417,
            vault::PassFormat::Aztec => PassFormat::Aztec,
            vault::PassFormat::DataMatrix => PassFormat::DataMatrix,
        };
        Self { title, format, message, alternate_text }
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass([redacted])")
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
