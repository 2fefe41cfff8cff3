//! The device that signed a request.

use axum::http::HeaderMap;
use tegata::protocol::{
    Call, DeviceId, DeviceKey, DeviceSigned, SIGNATURE_HEADER, is_signed, session_signer,
};

use crate::http::body::StrictJson;
use crate::http::problem::Problem;

/// Verifies the signature of a request, and gives the key of the device that it names.
pub(crate) fn signing_device<C: Call + DeviceSigned>(
    headers: &HeaderMap,
    request: &StrictJson<C>,
) -> Result<DeviceKey, Problem> {
    let mut signatures = headers.get_all(SIGNATURE_HEADER).iter();
    let (Some(signature), None) = (signatures.next(), signatures.next()) else {
        return Err(Problem::NotSigned);
    };
    let key = *request.value.device();
    let signed = match (C::AUTH.signed_for(), signature.to_str()) {
        (Some(purpose), Ok(signature)) => is_signed(&key, purpose, &request.raw, signature),
        _ => false,
    };
    if signed { Ok(key) } else { Err(Problem::NotSigned) }
}

/// Verifies the signature of a request in a session, and gives the device that made it; `None` if the request has none,
/// and was sent by the token alone.
pub(crate) fn session_device<C: Call>(
    headers: &HeaderMap,
    request: &StrictJson<C>,
) -> Result<Option<DeviceId>, Problem> {
    let mut signatures = headers.get_all(SIGNATURE_HEADER).iter();
    let header = match (signatures.next(), signatures.next()) {
        (None, _) => return Ok(None),
        (Some(header), None) => header.to_str().map_err(|_| Problem::NotSigned)?,
        (Some(_), Some(_)) => return Err(Problem::NotSigned),
    };
    let key = session_signer(C::PATH, &request.raw, header).ok_or(Problem::NotSigned)?;
    Ok(Some(key.id()))
}
