//! What wallet and issuer say to one another. JSON, strict: no field that is not listed, none twice.
//!
//! No message has a field for a birth date, a telephone number or an address to send a code to.

#[macro_use]
mod schema;

mod calls;
mod client;
mod grant;
mod handle;
mod ids;
mod long_code;
mod refusal;
mod signed;
mod text;

pub use calls::*;
pub use client::{Envelope, IssuerError, IssuerProblem, Request, Response};
pub use grant::{Grant, PROVISION_INFO, provision_aad};
pub use handle::{Handle, InvalidHandle};
pub use ids::{DeviceId, InvalidDeviceId, SessionId};
pub use long_code::{NoticeCode, RecoveryCode};
pub use refusal::Refusal;
pub use signed::{SIGNATURE_HEADER, is_signed, signature_text, signed_bytes};
pub use text::{
    CardNumber, CardToken, Ciphertext, CredentialName, CurrencyName, DeviceKey, DeviceName,
    Ed25519Key, EventNumber, InvalidText, MAX_DEVICE_NAME_BYTES, MailedCodeText, PasswordText,
    PaymentNumber, RequestName, SaleNumber, SecretText, SessionToken, Ticket, TotpText, X25519Key,
};
