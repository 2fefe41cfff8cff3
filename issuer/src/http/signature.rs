//! The device that signed a request, and with which challenge.

use axum::http::HeaderMap;
use tegata::protocol::{
    Call, DeviceKey, DeviceSigned, Freshness, MessageSignature, SIGNATURE_HEADER,
};

use crate::accounts::Signer;
use crate::http::body::StrictJson;
use crate::http::problem::Problem;

/// Who signed a message, and what keeps it from being good again.
#[derive(Debug)]
pub(crate) struct SignedBy {
    pub(crate) device: DeviceKey,
    pub(crate) freshness: Freshness,
}

impl SignedBy {
    /// The same, by the device's id.
    pub(crate) fn signer(self) -> Signer {
        Signer { device: self.device.id(), freshness: self.freshness }
    }
}

/// Verifies the signature of a request that names its device.
pub(crate) fn signing_device<C: Call + DeviceSigned>(
    headers: &HeaderMap,
    request: &StrictJson<C>,
) -> Result<SignedBy, Problem> {
    let signature = read(headers)?.ok_or(Problem::NotSigned)?;
    let device = *request.value.device();
    match C::AUTH.signed_for() {
        Some(purpose) if signature.is_of(&device, purpose, &request.raw) => {
            Ok(SignedBy { device, freshness: signature.freshness().clone() })
        }
        _ => Err(Problem::NotSigned),
    }
}

/// Verifies the signature of a request in a session, and gives the device that made it; `None` if the request has none,
/// and was sent by the token alone.
pub(crate) fn session_device<C: Call>(
    headers: &HeaderMap,
    request: &StrictJson<C>,
) -> Result<Option<SignedBy>, Problem> {
    let Some(signature) = read(headers)? else { return Ok(None) };
    let device = signature.session_signer(C::PATH, &request.raw).ok_or(Problem::NotSigned)?;
    Ok(Some(SignedBy { device, freshness: signature.freshness().clone() }))
}

/// Reads the one header of a signature; `None` if there is none.
fn read(headers: &HeaderMap) -> Result<Option<MessageSignature>, Problem> {
    let mut signatures = headers.get_all(SIGNATURE_HEADER).iter();
    match (signatures.next(), signatures.next()) {
        (None, _) => Ok(None),
        (Some(header), None) => {
            let signature = header.to_str().ok().and_then(MessageSignature::read);
            signature.map(Some).ok_or(Problem::NotSigned)
        }
        (Some(_), Some(_)) => Err(Problem::NotSigned),
    }
}
