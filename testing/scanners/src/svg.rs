//! SVG documents, by resvg.

use resvg::{
    tiny_skia::{Pixmap, PremultipliedColorU8, Transform},
    usvg::{Options, Tree},
};

use crate::error::ScannerError;
use crate::picture::Picture;
use crate::png::luma;

impl Picture {
    /// Draws an SVG document at so many pixels per unit of its own size, on black: a symbol must bring its own
    /// light ground.
    ///
    /// # Errors
    /// [`ScannerError::Svg`].
    pub fn from_svg(document: &str, scale: f32) -> Result<Self, ScannerError> {
        let pixels = draw(document, scale)?;
        // premultiplied with their alpha: these are the colours as seen on black
        let luma = pixels.pixels().iter().map(|it| luma(it.red(), it.green(), it.blue())).collect();
        Self::new(pixels.width() as usize, pixels.height() as usize, luma)
    }
}

/// Draws an SVG document as a PNG file in its colours, to be looked at. Its letters are there only with the feature
/// `letters`: no scanner needs them.
///
/// # Errors
/// [`ScannerError::Svg`].
pub fn png_of_svg(document: &str, scale: f32) -> Result<Vec<u8>, ScannerError> {
    let pixels = draw(document, scale)?;
    let mut file = vec![];
    let mut encoder = png::Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgba);
    let plain = pixels.pixels().iter().map(PremultipliedColorU8::demultiply);
    let bytes: Vec<u8> =
        plain.flat_map(|it| [it.red(), it.green(), it.blue(), it.alpha()]).collect();
    let mut writer = encoder.write_header().map_err(std::io::Error::from)?;
    writer.write_image_data(&bytes).map_err(std::io::Error::from)?;
    writer.finish().map_err(std::io::Error::from)?;
    Ok(file)
}

fn draw(document: &str, scale: f32) -> Result<Pixmap, ScannerError> {
    let failed = |reason: &str| ScannerError::Svg(reason.to_owned());
    let tree = Tree::from_str(document, &options()).map_err(|error| failed(&error.to_string()))?;
    let size = tree.size().to_int_size().scale_by(scale).ok_or_else(|| failed("it has no size"))?;
    let mut pixels =
        Pixmap::new(size.width(), size.height()).ok_or_else(|| failed("it is too large"))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    Ok(pixels)
}

#[cfg(not(feature = "letters"))]
fn options() -> Options<'static> {
    Options::default()
}

#[cfg(feature = "letters")]
fn options() -> Options<'static> {
    let mut options = Options::default();
    options.fontdb_mut().load_system_fonts();
    options
}
