//! A payment code and its symbols, as data.

use std::fmt;

use tegata::{UnixTime, code, symbol};

use crate::WalletError;
use crate::number::seconds;

/// A payment code to show: good once, for its own half minute and the one after.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct PaymentCode {
    /// The 24 digits, as scanners read them.
    pub digits: String,
    /// The digits in six groups of four, for the eye.
    pub groups: String,
    /// The digits as words, four by four with a pause between, for a screen reader.
    pub spoken: String,
    /// When the code begins to be valid, in seconds since 1970.
    pub valid_from: i64,
    /// When an issuer with an exact clock begins to refuse it, in seconds since 1970.
    pub valid_until: i64,
    /// When to make the next code, in seconds since 1970 by the issuer's clock.
    pub next_at: i64,
    /// Seconds until then, counted from when this code was made.
    pub next_in: i64,
    /// How many more codes can be made before that: 4 to 0.
    pub more_in_this_step: i32,
    /// 21 x 21 modules.
    pub qr: Symbol,
    /// 167 modules in one row.
    pub code128: Symbol,
}

/// A matrix of dark and light modules, without its quiet zone: 84 bytes for both of a payment code. Draw it dark on
/// light, whatever the theme, each module as the same whole number of pixels.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct Symbol {
    /// The kind of symbol.
    pub format: SymbolFormat,
    /// How many modules there are from left to right.
    pub width: i32,
    /// How many rows of modules there are; 1 for a linear symbol.
    pub height: i32,
    /// The rows from top to bottom, each of so many whole bytes as its width takes; the leftmost module is the most
    /// significant bit, 1 is dark.
    pub rows: Vec<u8>,
    /// Light modules to leave on the left, and as many on the right.
    pub quiet_sides: i32,
    /// Light modules to leave above, and as many below.
    pub quiet_ends: i32,
    /// How many modules high the bars of a linear symbol are to be drawn.
    pub bar_height: Option<i32>,
}

/// The kinds of symbol that are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum SymbolFormat {
    /// QR Code (ISO/IEC 18004).
    Qr,
    /// Code 128 (ISO/IEC 15417).
    Code128,
}

/// Languages that a code is read out in, and that mails are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Language {
    /// English, which is the default.
    English,
    /// Japanese, as it is spoken at a till.
    Japanese,
}

impl PaymentCode {
    pub(crate) fn new(
        code: &code::PaymentCode,
        now: UnixTime,
        language: Option<Language>,
    ) -> Result<Self, WalletError> {
        let language = match language {
            None | Some(Language::English) => code::SpokenLanguage::English,
            Some(Language::Japanese) => code::SpokenLanguage::Japanese,
        };
        let symbols = symbol::PaymentSymbols::new(code.digits().as_bytes());
        let symbols = symbols.map_err(|error| WalletError::Failed { reason: error.to_string() })?;
        Ok(Self {
            digits: code.digits().to_string(),
            groups: code.groups(),
            spoken: code.spoken(language),
            valid_from: seconds(code.valid_from()),
            valid_until: seconds(code.valid_until()),
            next_at: seconds(code.next_at()),
            next_in: seconds(code.next_at().saturating_sub(now.seconds())),
            more_in_this_step: code.more_in_this_step().into(),
            qr: Symbol::new(&symbols.qr),
            code128: Symbol::new(&symbols.code128),
        })
    }
}

impl Symbol {
    pub(crate) fn new(symbol: &symbol::Symbol) -> Self {
        let quiet = symbol.quiet_zone();
        Self {
            format: match symbol.format() {
                symbol::Format::Qr => SymbolFormat::Qr,
                symbol::Format::Code128 => SymbolFormat::Code128,
            },
            width: symbol.width().into(),
            height: symbol.height().into(),
            rows: symbol.rows().to_vec(),
            quiet_sides: quiet.sides.into(),
            quiet_ends: quiet.ends.into(),
            bar_height: symbol.bar_height().map(|height| height.get().into()),
        }
    }
}

/// Whoever has the digits can spend for a minute: none of them is printed, in any language.
impl fmt::Display for PaymentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentCode([redacted])")
    }
}

impl fmt::Debug for PaymentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Symbol([redacted])")
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
