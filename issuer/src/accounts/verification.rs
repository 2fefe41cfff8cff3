//! Verifying what came with a request, after the attempt was counted: as much work whether or not there is anything to compare with.

use subtle::ConstantTimeEq;
use tegata::protocol::TotpText;
use tegata::vault::{OtpAlgorithm, OtpCredential, OtpKind};
use tegata::{SecretBytes, UnixTime};
use tegata_policy::limits::{FACTOR_STEP, NOTICES, RECOVERY_CODES};
use tegata_policy::{ExpectedEvidence, MatchResult, SecretId, SecretKind};

use super::request_secrets::RequestSecrets;
use super::stored_secrets::StoredSecrets;
use super::{AccountError, Accounts};
use crate::domain::{AccountId, Sealed};
use crate::metrics::work::{ComparedSecret, Operation};
use crate::passwords::PasswordHash;

/// How many steps of the second factor to either side count (RFC 6238, section 5.2).
const DRIFT: u64 = 1;

impl Accounts {
    pub(super) async fn verify(
        &self,
        account: AccountId,
        expected: &ExpectedEvidence,
        request: &RequestSecrets,
        stored: &StoredSecrets,
    ) -> Result<MatchResult, AccountError> {
        Ok(match expected {
            ExpectedEvidence::Password(secret) => {
                self.verify_password(account, *secret, request, stored).await?
            }
            ExpectedEvidence::MailedCode(among) => {
                let code = request.code.as_ref().map_or(&[][..], |code| code.expose().as_bytes());
                let kind = (SecretKind::MailedCode, ComparedSecret::MailedCode);
                let found = self.matching_code(account, kind, among.as_slice(), 1, stored, code);
                found.map_or(MatchResult::NoMatch, |_| MatchResult::Match)
            }
            ExpectedEvidence::Notice(among) => {
                let code = request.notice.as_ref().map_or(&[][..], |code| code.expose());
                let kind = (SecretKind::Notice, ComparedSecret::Notice);
                let found = self.matching_code(account, kind, among, NOTICES, stored, code);
                found.map_or(MatchResult::NoMatch, MatchResult::Code)
            }
            ExpectedEvidence::Recovery(among) => {
                let code = request.recovery.as_ref().map_or(&[][..], |code| code.expose());
                let kind = (SecretKind::Recovery, ComparedSecret::Recovery);
                let found =
                    self.matching_code(account, kind, among, RECOVERY_CODES as usize, stored, code);
                found.map_or(MatchResult::NoMatch, MatchResult::Code)
            }
            ExpectedEvidence::Totp(with) => self.verify_totp(account, *with, request, stored)?,
        })
    }

    async fn verify_password(
        &self,
        account: AccountId,
        secret: Option<SecretId>,
        request: &RequestSecrets,
        stored: &StoredSecrets,
    ) -> Result<MatchResult, AccountError> {
        let expected =
            secret.map(|secret| self.open_secret(account, secret, stored)).transpose()?;
        let hash = expected
            .flatten()
            .and_then(|text| PasswordHash::parse(std::str::from_utf8(&text).ok()?).ok());
        let Some((queue, password)) = request.password.clone() else {
            return Ok(MatchResult::NoMatch);
        };
        let work = self.store.work();
        work.compared(ComparedSecret::Password, hash.is_some());
        work.done(Operation::Password, 1);
        let right = self.passwords.verify(queue, hash, password).await?;
        Ok(if right { MatchResult::Match } else { MatchResult::NoMatch })
    }

    /// Finds which of `among` the code is; `most` are compared, whatever there is.
    pub(super) fn matching_code(
        &self,
        account: AccountId,
        (kind, of): (SecretKind, ComparedSecret),
        among: &[SecretId],
        most: usize,
        stored: &StoredSecrets,
        code: &[u8],
    ) -> Option<SecretId> {
        let nothing = Sealed::nothing();
        let mut found = None;
        for at in 0..most.max(among.len()) {
            let secret = among.get(at).copied().unwrap_or(SecretId(u32::MAX));
            let expected = stored.get(&secret).map(|(_, sealed)| sealed);
            self.store.work().compared(of, expected.is_some());
            let expected = expected.unwrap_or(&nothing);
            if self.keys.is_code(account, secret, kind, expected, code) {
                found = Some(secret);
            }
        }
        found
    }

    fn verify_totp(
        &self,
        account: AccountId,
        with: Option<(SecretId, u64)>,
        request: &RequestSecrets,
        stored: &StoredSecrets,
    ) -> Result<MatchResult, AccountError> {
        let Some(typed) = &request.totp else { return Ok(MatchResult::NoMatch) };
        let open = |(secret, after)| {
            Ok::<_, AccountError>((self.open_secret(account, secret, stored)?, after))
        };
        let expected = with.map(open).transpose()?;
        self.store.work().compared(ComparedSecret::Totp, matches!(expected, Some((Some(_), _))));
        let (secret, after) = match expected {
            Some((Some(secret), after)) => (SecretBytes::new(&secret), after),
            _ => (SecretBytes::new(&[0; 20]), u64::MAX),
        };
        let step = matching_step(typed, secret, after, self.environment.clock.now())?;
        Ok(step.map_or(MatchResult::NoMatch, MatchResult::TotpStep))
    }
}

/// The step after `after`, of those around now, whose value was typed.
fn matching_step(
    typed: &TotpText,
    secret: SecretBytes,
    after: u64,
    now: UnixTime,
) -> Result<Option<u64>, AccountError> {
    let name = String::new();
    let kind = OtpKind::Totp(30);
    let credential = OtpCredential::new(name.clone(), name, OtpAlgorithm::Sha1, 6, kind, secret);
    let here = now.seconds() / FACTOR_STEP;
    let mut found = None;
    for step in here.saturating_sub(DRIFT)..=here + DRIFT {
        let at = UnixTime::new(step * FACTOR_STEP)
            .map_err(|error| AccountError::internal("telling the time", &error))?;
        let value = credential.code(at).map_err(|error| {
            AccountError::internal("making a value of the second factor", &error)
        })?;
        let same = value.digits().as_bytes().ct_eq(typed.expose().as_bytes());
        if bool::from(same) && step > after {
            found = Some(step);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(typed: &str, after: u64, now: u64) -> Option<u64> {
        // RFC 6238, appendix B: at 59 seconds the value of eight digits is 94287082.
        let secret = SecretBytes::new(b"12345678901234567890");
        matching_step(&TotpText::new(typed).unwrap(), secret, after, UnixTime::new(now).unwrap())
            .unwrap()
    }

    #[test]
    fn a_totp_counts_once_one_step_to_either_side() {
        assert_eq!(step("287082", 0, 59), Some(1));
        assert_eq!(step("287082", 0, 29), Some(1), "the phone is ahead");
        assert_eq!(step("287082", 0, 89), Some(1), "the phone is behind");
        assert_eq!(step("287082", 0, 90), None);
        assert_eq!(step("287082", 1, 59), None, "taken before");
        assert_eq!(step("287083", 0, 59), None);
    }
}
