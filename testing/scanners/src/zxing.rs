//! zxing-cpp, linked in.

use zxingcpp::{BarcodeFormat, ImageFormat, ImageView, TextMode};

use crate::{Kind, Picture, Reading, ScannerError};

/// What it says of the picture.
pub(crate) fn read(picture: &Picture) -> Result<Vec<Reading>, ScannerError> {
    let failed = |error: zxingcpp::Error| ScannerError::Zxing(error.to_string());
    let image =
        ImageView::from_slice(picture.luma(), picture.width(), picture.height(), ImageFormat::Lum)
            .map_err(failed)?;
    let reader = zxingcpp::read().try_invert(false).text_mode(TextMode::Plain);
    let found = reader.from(image).map_err(failed)?;
    let reading = |barcode: &zxingcpp::Barcode| Reading {
        kind: match barcode.symbology() {
            BarcodeFormat::QRCode => Kind::Qr,
            BarcodeFormat::Code128 => Kind::Code128,
            other => Kind::Other(other.to_string()),
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
