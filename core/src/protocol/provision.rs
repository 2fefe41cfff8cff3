//! Provisioning a payment credential.

use serde::{Deserialize, Serialize};

use super::call::{Acknowledgement, Call, DeviceSigned, RequiredAuth, SessionCall};
use super::values::{Ciphertext, CredentialName, DeviceKey, Ed25519Key, RequestName, X25519Key};
use crate::UnixTime;

calls! {
    /// Provisions a payment credential that replaces the account's previous one. Requires a second factor verified within
    /// five minutes; lower caps apply for 24 hours, and the owner is notified. If another device paid within the last seven
    /// days, the credential counts once it is confirmed there, or after 24 hours. Repeating the message returns the same
    /// credential as long as it is valid.
    Provision "/v1/credentials" RequiredAuth::DeviceInSession("provision"), idempotent => ProvisionedCredential {
        /// The device's id of this request.
        request: RequestName,
        /// The key of the requesting device.
        device: DeviceKey,
        /// The public key that the response is encrypted to, made for this request alone.
        key: X25519Key,
    }

    /// Has the payment credential of another device count at once, in the place of the one that this device pays with.
    ConfirmCredential "/v1/credentials/confirm" RequiredAuth::SignedSession => Acknowledgement {}
}

device_signed! { Provision }
session_calls! { ConfirmCredential }

/// A payment credential, encrypted to the device with HPKE (RFC 9180): base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
/// AES-256-GCM. `info` is `tegata/v1/provision`, the associated data SHA-256 of the request's body and the credential's
/// id.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProvisionedCredential {
    /// The id of the credential.
    pub credential: CredentialName,
    /// The encapsulated key of HPKE.
    pub enc: X25519Key,
    /// The grant (a CBOR map of id, prefix, alias period and seed; docs/interface.md), encrypted to the device.
    pub ciphertext: Ciphertext,
    /// The public key of the issuer's till cards.
    pub till_card_key: Ed25519Key,
    /// The issuer's time: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub time: UnixTime,
}
