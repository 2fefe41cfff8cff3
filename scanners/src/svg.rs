//! SVG documents, by resvg.

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree},
};

use crate::{Picture, ScannerError, png::luma};

impl Picture {
    /// Draws an SVG document at so many pixels per unit of its own size, on black: a symbol must bring its own
    /// light ground.
    ///
    /// # Errors
    /// [`ScannerError::Svg`].
    pub fn from_svg(document: &str, scale: f32) -> Result<Self, ScannerError> {
        let failed = |reason: &str| ScannerError::Svg(reason.to_owned());
        let tree = Tree::from_str(document, &Options::default())
            .map_err(|error| failed(&error.to_string()))?;
        let size =
            tree.size().to_int_size().scale_by(scale).ok_or_else(|| failed("it has no size"))?;
        let mut pixels =
            Pixmap::new(size.width(), size.height()).ok_or_else(|| failed("it is too large"))?;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
        // premultiplied with their alpha: these are the colours as seen on black
        let luma = pixels.pixels().iter().map(|it| luma(it.red(), it.green(), it.blue())).collect();
        Self::new(size.width() as usize, size.height() as usize, luma)
    }
}
