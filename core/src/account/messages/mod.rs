//! What wallet and issuer say to one another. JSON, strict: no field that is not listed, none twice.
//!
//! No message has a field for a birth date, a telephone number or an address to send a code to.

mod calls;
mod client;
mod recovery_code;
mod signed;
mod text;

pub use calls::*;
pub use client::{IssuerError, Request, Response, Why};
pub use recovery_code::RecoveryCode;
pub use signed::{SIGNATURE_HEADER, is_signed, signature_text, signed_bytes};
pub use text::{
    CardNumber, CardToken, DeviceKey, DeviceName, MailedCodeText, NotOfForm, PasswordText,
    SecretText, SessionToken, Ticket, TotpText,
};
