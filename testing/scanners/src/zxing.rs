//! The scanner zxing-cpp, as a linked library.

use zxingcpp::{BarcodeFormat, ImageFormat, ImageView, TextMode};

use crate::error::ScannerError;
use crate::picture::Picture;
use crate::reading::{Reading, Symbology};

/// Reads one picture.
pub(crate) fn read(picture: &Picture) -> Result<Vec<Reading>, ScannerError> {
    let failed = |error: zxingcpp::Error| ScannerError::Zxing(error.to_string());
    let image =
        ImageView::from_slice(picture.luma(), picture.width(), picture.height(), ImageFormat::Lum)
            .map_err(failed)?;
    let reader = zxingcpp::read().try_invert(false).text_mode(TextMode::Plain);
    let found = reader.from(image).map_err(failed)?;
    let reading = |barcode: &zxingcpp::Barcode| Reading {
        symbology: match barcode.symbology() {
            BarcodeFormat::QRCode => Symbology::Qr,
            BarcodeFormat::Code128 => Symbology::Code128,
            other => Symbology::Other(other.to_string()),
        },
        text: text(barcode),
    };
    Ok(found.iter().map(reading).collect())
}

/// Its text ends at the first NUL on the way through C; the bytes do not.
fn text(barcode: &zxingcpp::Barcode) -> String {
    let bytes = barcode.bytes();
    if bytes.contains(&0) { String::from_utf8_lossy(&bytes).into_owned() } else { barcode.text() }
}
