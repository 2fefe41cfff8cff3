//! Freezing by a second factor or a mailed code, for an owner without a device of the account at hand.

use super::account::{Account, RequestResult};
use super::profile::AccountProfile;
use crate::protocol::{
    FreezeByFactor, FreezeByMailedCode, MailedCodeText, RecoveryCode, RequestFreezeCode,
    SecondFactor, Ticket,
};

impl Account<'_> {
    /// Freezes an account with a second factor, which is used up by it, from any device. A freeze made with a recovery code
    /// is lifted with another one.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn freeze_by_factor(
        &self,
        profile: &AccountProfile,
        second_factor: SecondFactor,
    ) -> RequestResult<FreezeByFactor> {
        let handle = profile.handle.clone();
        self.signed(profile, |device| FreezeByFactor { handle, device, second_factor })
    }

    /// Requests a code by mail that freezes an account, from any device. The answer has a ticket for
    /// [`freeze_by_mailed_code`](Self::freeze_by_mailed_code). With one of the recovery codes, which is not used up by it,
    /// however many others asked for the address.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn request_freeze_code(
        &self,
        profile: &AccountProfile,
        recovery_code: Option<RecoveryCode>,
    ) -> RequestResult<RequestFreezeCode> {
        let handle = profile.handle.clone();
        self.signed(profile, |device| RequestFreezeCode { handle, device, recovery_code })
    }

    /// Freezes the account with the code that was mailed.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn freeze_by_mailed_code(
        &self,
        profile: &AccountProfile,
        ticket: Ticket,
        code: MailedCodeText,
    ) -> RequestResult<FreezeByMailedCode> {
        self.signed(profile, |device| FreezeByMailedCode { ticket, device, code })
    }
}
