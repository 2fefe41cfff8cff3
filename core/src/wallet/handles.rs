//! The handles of a wallet, one for each feature.

use super::account::Account;
use super::open::Wallet;
use super::otp_credentials::OtpCredentials;
use super::passes::Passes;
use super::payments::Payments;
use super::transfer::Transfer;

impl Wallet {
    /// Gives the handle for payment credentials and their codes.
    pub fn payments(&mut self) -> Payments<'_> {
        Payments::new(self)
    }

    /// Gives the handle for one-time passwords of any service.
    pub fn otp_credentials(&mut self) -> OtpCredentials<'_> {
        OtpCredentials::new(self)
    }

    /// Gives the handle for passes that others issued.
    pub fn passes(&mut self) -> Passes<'_> {
        Passes::new(self)
    }

    /// Gives the handle for the owner's account at an issuer.
    pub fn account(&mut self) -> Account<'_> {
        Account::new(self)
    }

    /// Gives the handle for transfers to another phone, and from one.
    pub fn transfer(&mut self) -> Transfer<'_> {
        Transfer::new(self)
    }
}
