//! What came with a request: compared, or kept, and then gone.

use tegata::protocol::Handle;
use tegata::protocol::{
    Language, MailedCodeText, NoticeCode, RecoveryCode, SecondFactor, TotpText,
};
use tegata_policy::FactorKind;

use crate::passwords::{Lane, Password, PasswordHash};
use crate::store::CardChange;

/// What came with a request.
#[derive(Clone, Default)]
pub(super) struct Given {
    pub(super) password: Option<Password>,
    /// Where it waits to be hashed.
    pub(super) lane: Lane,
    pub(super) new_password: Option<PasswordHash>,
    pub(super) code: Option<MailedCodeText>,
    pub(super) notice: Option<NoticeCode>,
    pub(super) totp: Option<TotpText>,
    pub(super) recovery: Option<RecoveryCode>,
    pub(super) address: Option<Address>,
    pub(super) card: Option<CardChange>,
}

/// An address, as it is kept.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    /// Where mail goes; nowhere, for a decoy.
    pub(super) handle: Option<Handle>,
    /// The language of mails.
    pub(super) language: Language,
}

impl Given {
    /// With a second factor, and of which kind it is.
    pub(super) fn with_factor(mut self, factor: SecondFactor) -> (Self, FactorKind) {
        match factor {
            SecondFactor::Totp(totp) => {
                self.totp = Some(totp);
                (self, FactorKind::Totp)
            }
            SecondFactor::RecoveryCode(code) => {
                self.recovery = Some(code);
                (self, FactorKind::Recovery)
            }
        }
    }
}
