//! What scanners read in a picture.

/// One symbol that a scanner found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The symbology it is drawn in.
    pub symbology: Symbology,
    /// The text that it encodes.
    pub text: String,
}

/// Symbologies, under one name for both scanners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Symbology {
    /// QR Code (ISO/IEC 18004), any version.
    Qr,
    /// Code 128 (ISO/IEC 15417), any code set.
    Code128,
    /// Any other, by the scanner's name for it.
    Other(String),
}

/// What both scanners found in one picture; empty for a scanner that found nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanResult {
    /// `ZBar`, by its program `zbarimg` with its default settings.
    pub zbar: Vec<Reading>,
    /// zxing-cpp, set not to look for inverted symbols: many tills do not.
    pub zxing: Vec<Reading>,
}
