//! Tickets: what the app holds while a sign-up or a reset is under way.

use base64ct::{Base64UrlUnpadded, Encoding};
use tegata::{Random, RandomUnavailable};

use super::sealing::SealingKey;
use crate::domain::AccountId;

/// What a ticket is for; it counts for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketPurpose {
    /// A sign-up; the number is 0.
    SignUp,
    /// A reset, and its number.
    Reset,
    /// A code for logging in, and its number.
    LogInCode,
    /// A code for freezing, and its number.
    FreezeCode,
}

impl TicketPurpose {
    fn name(self) -> &'static [u8] {
        match self {
            Self::SignUp => b"sign-up",
            Self::Reset => b"reset",
            Self::LogInCode => b"log-in-code",
            Self::FreezeCode => b"freeze-code",
        }
    }
}

pub(super) struct TicketKey(SealingKey);

impl TicketKey {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(SealingKey::new(key))
    }

    /// 64 characters of Base64url: nonce, account and number, tag.
    pub(super) fn write(
        &self,
        purpose: TicketPurpose,
        account: AccountId,
        number: u32,
        random: &dyn Random,
    ) -> Result<String, RandomUnavailable> {
        let mut plain = [0; 20];
        plain[..16].copy_from_slice(&account.0);
        plain[16..].copy_from_slice(&number.to_be_bytes());
        Ok(Base64UrlUnpadded::encode_string(&self.0.seal(purpose.name(), &plain, random)?))
    }

    pub(super) fn read(&self, purpose: TicketPurpose, ticket: &str) -> Option<(AccountId, u32)> {
        let sealed = Base64UrlUnpadded::decode_vec(ticket).ok()?;
        let plain = self.0.open(purpose.name(), &sealed)?;
        let (account, number) = plain.split_first_chunk::<16>()?;
        Some((AccountId(*account), u32::from_be_bytes(number.try_into().ok()?)))
    }
}
