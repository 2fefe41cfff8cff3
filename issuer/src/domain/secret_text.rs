//! Texts that may be secret, read without being repeated.

use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

/// Reads a text whose content no error repeats, not even one of the wrong type.
pub(crate) fn secret_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Zeroizing<String>, D::Error> {
    let text = String::deserialize(deserializer).map(Zeroizing::new);
    text.map_err(|_| de::Error::custom("a text is expected"))
}
