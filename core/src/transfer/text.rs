//! The frame of both texts: scheme, version, body.

use super::error::TransferError;

/// The body of a text of version 1. Surrounding spaces are ignored.
pub(super) fn body<'a>(
    text: &'a str,
    scheme: &str,
    another: TransferError,
) -> Result<&'a str, TransferError> {
    let versioned = text.trim().strip_prefix(scheme).ok_or(another)?;
    let (version, body) = versioned.split_once(':').ok_or(another)?;
    match version.parse::<u16>() {
        Ok(1) if version == "1" => Ok(body),
        Ok(2..) => Err(TransferError::NewerVersion),
        _ => Err(another),
    }
}
