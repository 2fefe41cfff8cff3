//! What others write: formats that come from outside, read into what the vault stores.

pub mod otpauth;
pub mod otpauth_list;
pub mod otpauth_migration;
