//! Comparing, after the try was counted: as much work whether or not there is anything to compare with.

use std::collections::BTreeMap;

use subtle::ConstantTimeEq;
use tegata::account::limits::{CHANGES, RECOVERY_CODES};
use tegata::account::messages::{RecoveryCode, TotpText};
use tegata::account::{Compare, Found, SecretId, SecretKind};
use tegata::vault::{OtpAlgorithm, OtpCredential, OtpMoving};
use tegata::{SecretBytes, UnixTime};

use super::Accounts;
use super::given::Given;
use crate::keys::Sealed;
use crate::passwords::PasswordHash;
use crate::problem::Problem;
use crate::store::AccountId;

/// Seconds of a step of the second factor (RFC 6238, section 5.2), and how many steps to either side are taken.
pub(super) const STEP: u64 = 30;
const DRIFT: u64 = 1;

type Secrets = BTreeMap<SecretId, (SecretKind, Sealed)>;

impl Accounts {
    pub(super) async fn compare(
        &self,
        account: AccountId,
        compare: &Compare,
        given: &Given,
        secrets: &Secrets,
        used_up_to: u64,
    ) -> Result<Found, Problem> {
        match compare {
            Compare::Password(secret) => {
                let kept = secret.and_then(|secret| Some((secret, secrets.get(&secret)?)));
                let hash = kept.map(|(secret, (_, sealed))| self.open(account, secret, sealed));
                let hash = hash.transpose()?.and_then(|text| {
                    PasswordHash::parse(std::str::from_utf8(&text).ok()?).ok()
                });
                let Some(password) = given.password.clone() else { return Ok(Found::Nothing) };
                let right = self.passwords.verify(hash, password).await?;
                Ok(if right { Found::Match } else { Found::Nothing })
            }
            Compare::MailedCode(among) => {
                let Some(code) = &given.code else { return Ok(Found::Nothing) };
                let hash = |secret| self.hash_of_code(account, secret, code);
                let found = self.among(account, among, CHANGES, secrets, &hash)?;
                Ok(found.map_or(Found::Nothing, |_| Found::Match))
            }
            Compare::Recovery(among) => {
                let nothing = RecoveryCode::parse("0000-0000-0000-0000").ok();
                let Some(code) = given.recovery.as_ref().or(nothing.as_ref()) else {
                    return Ok(Found::Nothing);
                };
                let hash = |secret| self.hash_of_recovery(account, secret, code);
                let most = RECOVERY_CODES as usize;
                let found = self.among(account, among, most, secrets, &hash)?;
                Ok(found.filter(|_| given.recovery.is_some()).map_or(Found::Nothing, Found::Code))
            }
            Compare::Totp(with) => self.totp(account, *with, given, secrets, used_up_to),
        }
    }

    /// Which of `among` has the hash; `most` are compared, whatever there is.
    fn among(
        &self,
        account: AccountId,
        among: &[SecretId],
        most: usize,
        secrets: &Secrets,
        hash: &dyn Fn(SecretId) -> [u8; 32],
    ) -> Result<Option<SecretId>, Problem> {
        let mut found = None;
        for at in 0..most.max(among.len()) {
            let secret = among.get(at).copied().unwrap_or(SecretId(u32::MAX));
            let expected = match secrets.get(&secret) {
                Some((_, sealed)) => self.open(account, secret, sealed)?.to_vec(),
                None => self.seal_nothing(account, secret)?,
            };
            if bool::from(expected.as_slice().ct_eq(&hash(secret))) {
                found = Some(secret);
            }
        }
        Ok(found)
    }

    /// The work of opening a seal, for a secret that is not there.
    fn seal_nothing(&self, account: AccountId, secret: SecretId) -> Result<Vec<u8>, Problem> {
        let sealed = self.seal(account, secret, &[0; 32])?;
        Ok(vec![0; sealed.bytes.len() & 1])
    }

    fn totp(
        &self,
        account: AccountId,
        with: Option<(SecretId, u64)>,
        given: &Given,
        secrets: &Secrets,
        used_up_to: u64,
    ) -> Result<Found, Problem> {
        let Some(typed) = &given.totp else { return Ok(Found::Nothing) };
        let kept = with.and_then(|(secret, after)| Some((secret, after, secrets.get(&secret)?)));
        let (secret, after) = match kept {
            Some((secret, after, (_, sealed))) => {
                (SecretBytes::new(&self.open(account, secret, sealed)?), after.max(used_up_to))
            }
            None => (SecretBytes::new(&[0; 20]), u64::MAX),
        };
        let step = matching_step(typed, secret, after, self.world.clock.now())?;
        Ok(step.map_or(Found::Nothing, Found::Step))
    }
}

/// The step after `after`, of those around now, whose value was typed.
fn matching_step(
    typed: &TotpText,
    secret: SecretBytes,
    after: u64,
    now: UnixTime,
) -> Result<Option<u64>, Problem> {
    let (name, moving) = (String::new(), OtpMoving::Period(30));
    let credential =
        OtpCredential::new(name.clone(), name, OtpAlgorithm::Sha1, 6, moving, secret);
    let here = now.seconds() / STEP;
    let mut found = None;
    for step in here.saturating_sub(DRIFT)..=here + DRIFT {
        let at = UnixTime::new(step * STEP)
            .map_err(|error| Problem::internal("telling the time", &error))?;
        let value = credential
            .code(at)
            .map_err(|error| Problem::internal("making a value of the second factor", &error))?;
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
    fn a_value_is_taken_one_step_to_either_side_and_only_after_the_last_one_taken() {
        assert_eq!(step("287082", 0, 59), Some(1));
        assert_eq!(step("287082", 0, 29), Some(1), "the phone is ahead");
        assert_eq!(step("287082", 0, 89), Some(1), "the phone is behind");
        assert_eq!(step("287082", 0, 90), None);
        assert_eq!(step("287082", 1, 59), None, "taken before");
        assert_eq!(step("287083", 0, 59), None);
    }
}
