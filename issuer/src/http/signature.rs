//! Which device signed a request.

use axum::http::HeaderMap;
use tegata::protocol::{Call, DeviceKey, DeviceSigned, SIGNATURE_HEADER, is_signed};

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
