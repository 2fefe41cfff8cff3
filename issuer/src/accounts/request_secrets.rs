//! Secrets and other values that came with a request: compared, or stored, and then gone.

use std::sync::Arc;

use tegata::protocol::{
    MailedCodeText, NoticeCode, PasswordText, RecoveryCode, SecondFactor, TotpText,
};
use tegata_policy::FactorKind;

use super::signed_requests::SignedRequest;
use crate::domain::{CardId, Network, SetupId};
use crate::mail::StoredAddress;
use crate::passwords::{HashQueue, Password, PasswordHash};
use crate::store::CardChange;

/// What came with a request, each only with messages that have it.
#[derive(Clone, Default)]
pub(crate) struct RequestSecrets {
    /// The password, and where it waits to be hashed.
    pub(super) password: Option<(HashQueue, Password)>,
    /// A password to set once the mailed code that came with it matched: judged and hashed only then.
    pub(super) chosen_password: Option<(HashQueue, PasswordText)>,
    pub(super) new_password: Option<PasswordHash>,
    pub(super) code: Option<MailedCodeText>,
    pub(super) notice: Option<NoticeCode>,
    pub(super) totp: Option<TotpText>,
    pub(super) recovery: Option<RecoveryCode>,
    pub(super) address: Option<StoredAddress>,
    pub(super) card: Option<CardChange>,
    /// The registration of a card that was begun at the processor, and the id that the card will have.
    pub(super) card_setup: Option<(SetupId, CardId)>,
    /// The request itself, if a device signed it: it is carried out once.
    pub(super) signed: Option<Arc<SignedRequest>>,
    /// Where it came from, with messages of strangers that cause a mail.
    pub(super) network: Option<Network>,
}

impl RequestSecrets {
    /// Begins with the request, which is carried out once if a device signed it.
    pub(super) fn of(signed: Option<Arc<SignedRequest>>) -> Self {
        Self { signed, ..Self::default() }
    }

    /// Adds a second factor, and says of which kind it is.
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
