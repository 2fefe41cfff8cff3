//! What a wallet without a payment lock keeps of the account in memory.

use crate::protocol::SessionToken;
use crate::vault::{OtpCredential, RecordId};

/// What a wallet without a payment lock keeps of the account, for as long as it is open.
#[derive(Debug, Default)]
pub(super) struct MemorySecrets {
    /// The session at the issuer, if there is one.
    pub(super) session: Option<SessionToken>,
    /// The account's own second factors, by ids that no record has.
    pub(super) factors: Vec<(RecordId, OtpCredential)>,
}
