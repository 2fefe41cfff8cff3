//! Peers that draw: digits to modules, no pixels.

use barcoders::sym::code128::Code128;
use fast_qr::{ECL, QRBuilder, QRCode};
use qrcode::{Color, EcLevel, QrCode};
use qrcodegen::{QrCodeEcc, QrSegment};
use rxing::oned::{Code128Writer, OneDimensionalCodeWriter as _};
use zxingcpp::{Barcode, BarcodeFormat};

/// QR by qrcode, level Q: the highest at which 24 digits fit version 1 (ISO/IEC 18004, table 7).
#[must_use]
pub fn qr_qrcode(digits: &str) -> Vec<Color> {
    QrCode::with_error_correction_level(digits, EcLevel::Q).unwrap().into_colors()
}

/// QR by qrcodegen, level Q.
#[must_use]
pub fn qr_qrcodegen(digits: &str) -> qrcodegen::QrCode {
    let segment = QrSegment::make_numeric(digits);
    qrcodegen::QrCode::encode_segments(&[segment], QrCodeEcc::Quartile).unwrap()
}

/// QR by `fast_qr`, level Q.
#[must_use]
pub fn qr_fast_qr(digits: &str) -> QRCode {
    QRBuilder::new(digits).ecl(ECL::Q).build().unwrap()
}

/// QR by zxing-cpp, level Q.
#[must_use]
pub fn qr_zxing_cpp(digits: &str) -> Barcode {
    zxingcpp::create(BarcodeFormat::QRCode).options("ecLevel=Q").from_str(digits).unwrap()
}

/// Code 128 by barcoders, set to code set C: a byte for each module.
#[must_use]
pub fn code128_barcoders(digits: &str) -> Vec<u8> {
    // Ć is how barcoders spells "start in code set C".
    Code128::new(format!("Ć{digits}")).unwrap().encode()
}

/// Code 128 by rxing, which finds code set C on its own: a bool for each module.
#[must_use]
pub fn code128_rxing(digits: &str) -> Vec<bool> {
    Code128Writer.encode_oned(digits).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DIGITS;

    #[test]
    fn every_peer_draws_version_1() {
        assert_eq!(qr_qrcode(DIGITS).len(), 21 * 21);
        assert_eq!(qr_qrcodegen(DIGITS).size(), 21);
        assert_eq!(qr_fast_qr(DIGITS).size, 21);
        let drawn = qr_zxing_cpp(DIGITS);
        assert_eq!(drawn.text(), DIGITS);
        let image = drawn.to_image_with(&zxingcpp::write().add_quiet_zones(false)).unwrap();
        assert_eq!(image.width(), 21);
    }

    #[test]
    fn every_peer_draws_167_modules() {
        let barcoders = code128_barcoders(DIGITS);
        let rxing = code128_rxing(DIGITS);
        assert_eq!(barcoders.len(), 167);
        assert!(barcoders.iter().map(|&module| module == 1).eq(rxing));
    }
}
