//! The longest text that is drawn as a Code 128.

/// Characters. Longer ones are wider than what hand-held scanners read: 80 letters are 915 modules.
pub(super) const CODE128_MAX: usize = 80;
