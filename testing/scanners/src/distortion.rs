//! What happens to a picture between a screen and a scanner.

use crate::picture::Picture;

impl Picture {
    /// In front of a ground as dark as `luma`, so many pixels of it on each side.
    #[must_use]
    pub fn framed(&self, margin: usize, luma: u8) -> Self {
        let inside = |at: usize, size: usize| at.checked_sub(margin).filter(|&at| at < size);
        Self::draw(self.width() + 2 * margin, self.height() + 2 * margin, |x, y| {
            match (inside(x, self.width()), inside(y, self.height())) {
                (Some(x), Some(y)) => self.at(x, y),
                _ => luma,
            }
        })
    }

    /// Light turned to dark and dark to light.
    #[must_use]
    pub fn inverted(&self) -> Self {
        Self::draw(self.width(), self.height(), |x, y| 255 - self.at(x, y))
    }

    /// Turned clockwise about its middle, on white and as much larger as that takes.
    #[must_use]
    pub fn rotated(&self, degrees: f32) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let width = length(self.width());
        let height = length(self.height());
        let new_width = width * cos.abs() + height * sin.abs();
        let new_height = width * sin.abs() + height * cos.abs();
        Self::draw(pixels(new_width.ceil()), pixels(new_height.ceil()), |x, y| {
            let x = length(x) + 0.5 - new_width / 2.0;
            let y = length(y) + 0.5 - new_height / 2.0;
            let from_x = x * cos + y * sin + width / 2.0 - 0.5;
            let from_y = y * cos - x * sin + height / 2.0 - 0.5;
            byte(self.between(from_x, from_y))
        })
    }

    /// Out of focus: a Gaussian of this standard deviation, in pixels.
    #[must_use]
    pub fn blurred(&self, sigma: f32) -> Self {
        let reach = pixels((3.0 * sigma).ceil());
        let weight = |offset: usize| (-0.5 * (length(offset) / sigma).powi(2)).exp();
        let weights: Vec<f32> = (0..=2 * reach).map(|at| weight(at.abs_diff(reach))).collect();
        let sum: f32 = weights.iter().sum();
        let along = |picture: &Self, step: (usize, usize)| {
            let last_x = picture.width() - 1;
            let last_y = picture.height() - 1;
            Self::draw(picture.width(), picture.height(), |x, y| {
                let lit = weights.iter().enumerate().map(|(at, weight)| {
                    let x = (x + at * step.0).saturating_sub(reach * step.0).min(last_x);
                    let y = (y + at * step.1).saturating_sub(reach * step.1).min(last_y);
                    weight * f32::from(picture.at(x, y))
                });
                byte(lit.sum::<f32>() / sum)
            })
        };
        along(&along(self, (1, 0)), (0, 1))
    }

    /// A dark room: normally distributed noise of this standard deviation on each pixel, the same for one seed.
    #[must_use]
    pub fn noisy(&self, sigma: f32, seed: u64) -> Self {
        let random = std::cell::RefCell::new(fastrand::Rng::with_seed(seed));
        Self::draw(self.width(), self.height(), |x, y| {
            // four uniform numbers, here the bytes of one, add up to nearly normal with the variance 4 / 12
            let bytes = random.borrow_mut().u32(..).to_le_bytes();
            let sum: f32 = bytes.into_iter().map(|it| f32::from(it) / 255.0).sum();
            byte(f32::from(self.at(x, y)) + sigma * 3_f32.sqrt() * (sum - 2.0))
        })
    }

    /// The light at a place between pixels; white outside.
    fn between(&self, x: f32, y: f32) -> f32 {
        let left = x.floor();
        let top = y.floor();
        let pixel = |x: f32, y: f32| {
            let inside =
                x >= 0.0 && y >= 0.0 && x < length(self.width()) && y < length(self.height());
            if inside { f32::from(self.at(pixels(x), pixels(y))) } else { 255.0 }
        };
        let right_share = x - left;
        let lower_share = y - top;
        let row = |y| pixel(left, y) * (1.0 - right_share) + pixel(left + 1.0, y) * right_share;
        row(top) * (1.0 - lower_share) + row(top + 1.0) * lower_share
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "pictures are far smaller than 2^24 pixels on a side"
)]
fn length(pixels: usize) -> f32 {
    pixels as f32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, as is meant"
)]
fn pixels(length: f32) -> usize {
    length as usize
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, as is meant"
)]
fn byte(light: f32) -> u8 {
    light.round() as u8
}
