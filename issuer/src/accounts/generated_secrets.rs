//! Secrets that are generated in a transaction: some are stored, all are shown once.

use std::collections::BTreeMap;

use base64ct::{Base64UrlUnpadded, Encoding};
use tegata::protocol::{MailedCodeText, NoticeCode, RecoveryCode, SecretText, SessionToken};
use tegata::{Random, RandomUnavailable, Secret};
use tegata_policy::{SecretId, SecretKind};
use zeroize::Zeroizing;

use super::request_secrets::RequestSecrets;
use super::stored_secrets::missing;
use super::{AccountError, Accounts, unexpected_reply};
use crate::domain::{AccountId, Sealed};

/// The secrets that a transaction generated.
#[derive(Default)]
pub(crate) struct GeneratedSecrets {
    /// Codes that mails carry.
    pub(super) codes: BTreeMap<SecretId, SecretText>,
    pub(super) recovery: BTreeMap<SecretId, RecoveryCode>,
    pub(super) factors: BTreeMap<SecretId, Secret<20>>,
    pub(super) token: Option<SessionToken>,
}

impl GeneratedSecrets {
    /// Makes the token of a new session: 256 random bits.
    pub(super) fn make_token(
        &mut self,
        random: &dyn Random,
    ) -> Result<Zeroizing<[u8; 32]>, RandomUnavailable> {
        let mut token = Zeroizing::new([0; 32]);
        random.fill(&mut *token)?;
        self.token = SessionToken::new(&Base64UrlUnpadded::encode_string(&*token)).ok();
        Ok(token)
    }

    /// Gives the token of the session that was made.
    pub(super) fn session_token(&self) -> Result<SessionToken, AccountError> {
        self.token.clone().ok_or_else(unexpected_reply)
    }

    /// Gives these recovery codes, which are shown once.
    pub(super) fn recovery_codes(
        &self,
        codes: &[SecretId],
    ) -> Result<Vec<RecoveryCode>, AccountError> {
        let codes: Option<Vec<_>> =
            codes.iter().map(|code| self.recovery.get(code).cloned()).collect();
        codes.ok_or_else(unexpected_reply)
    }
}

/// Makes a code of eight digits, each number as likely as any other.
fn make_code(random: &dyn Random) -> Result<MailedCodeText, RandomUnavailable> {
    const CODES: u64 = 100_000_000;
    loop {
        let mut bytes = Zeroizing::new([0; 8]);
        random.fill(&mut *bytes)?;
        let number = u64::from_le_bytes(*bytes);
        // The last, incomplete run of numbers would make the small ones likelier.
        if number < u64::MAX - u64::MAX % CODES {
            let text = Zeroizing::new(format!("{:08}", number % CODES));
            return MailedCodeText::new(&text).map_err(|_| RandomUnavailable);
        }
    }
}

impl Accounts {
    /// Generates a secret, or takes it from the request, as it is to be stored.
    pub(super) fn secret_to_store(
        &self,
        account: AccountId,
        secret: SecretId,
        kind: SecretKind,
        request: &RequestSecrets,
        generated: &mut GeneratedSecrets,
    ) -> Result<Sealed, AccountError> {
        let random = &*self.environment.random;
        let no_random = |error| AccountError::internal("making a secret", &error);
        let bytes = Zeroizing::new(match kind {
            SecretKind::Address => {
                let address = request.address.as_ref().ok_or_else(|| missing(kind))?;
                let json = serde_json::to_vec(address);
                json.map_err(|error| AccountError::internal("writing an address", &error))?
            }
            SecretKind::Password => {
                let hash = request.new_password.as_ref().ok_or_else(|| missing(kind))?;
                hash.text().into_bytes()
            }
            SecretKind::MailedCode => {
                let code = make_code(random).map_err(no_random)?;
                let bytes = code.expose().as_bytes().to_vec();
                generated.codes.insert(secret, SecretText::new(code.expose()));
                bytes
            }
            SecretKind::Factor => {
                let factor = Secret::<20>::make(random).map_err(no_random)?;
                let bytes = factor.expose().to_vec();
                generated.factors.insert(secret, factor);
                bytes
            }
            SecretKind::Recovery => {
                let code = RecoveryCode::make(random).map_err(no_random)?;
                let bytes = code.expose().to_vec();
                generated.recovery.insert(secret, code);
                bytes
            }
            SecretKind::Notice => {
                let code = NoticeCode::make(random).map_err(no_random)?;
                generated.codes.insert(secret, code.text());
                code.expose().to_vec()
            }
        });
        let sealed = self.keys.protect(account, secret, kind, &bytes, random);
        sealed.map_err(|error| AccountError::internal("sealing a secret", &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight bytes of the first number, then of the second.
    struct Numbers(std::sync::Mutex<Vec<u64>>);

    impl Random for Numbers {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
            let number = self.0.lock().unwrap().pop().ok_or(RandomUnavailable)?;
            bytes.copy_from_slice(&number.to_le_bytes());
            Ok(())
        }
    }

    #[test]
    fn every_code_of_eight_digits_is_equally_likely() {
        let code = |numbers: &[u64]| {
            let numbers = Numbers(std::sync::Mutex::new(numbers.iter().rev().copied().collect()));
            make_code(&numbers).map(|code| code.expose().to_owned())
        };
        assert_eq!(code(&[7]).unwrap(), "00000007");
        assert_eq!(code(&[123_456_789_012]).unwrap(), "56789012");
        assert_eq!(code(&[u64::MAX, 5]).unwrap(), "00000005", "the last, incomplete run");
        assert!(code(&[u64::MAX]).is_err());
    }
}
