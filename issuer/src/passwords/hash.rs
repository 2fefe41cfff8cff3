//! Argon2id (RFC 9106), written as PHC strings.

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, Version};
use tegata::{Random, RandomUnavailable};

use super::{NewPassword, Password};

/// The hash of a password, as it is stored: `$argon2id$v=19$m=19456,t=2,p=1$…`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(phc::PasswordHash);

/// What was stored is not a hash made here, or asks for more work than those made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored password hash is not Argon2id at the configured cost")]
pub struct HashUnreadable;

/// 19 MiB, two passes, one lane: the second choice of RFC 9106 cut down as OWASP's cheat sheet on password storage has
/// it, for a service that hashes for many at a time.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

const _: () = assert!(Params::DEFAULT_M_COST == 19 * 1024);
const _: () = assert!(Params::DEFAULT_T_COST == 2 && Params::DEFAULT_P_COST == 1);

impl PasswordHash {
    /// Reads what [`Self::text`] wrote.
    ///
    /// # Errors
    /// [`HashUnreadable`]: a stored text must not be able to ask for a gigabyte.
    pub fn parse(stored: &str) -> Result<Self, HashUnreadable> {
        let hash = phc::PasswordHash::new(stored).map_err(|_| HashUnreadable)?;
        let ours = hash.algorithm == Algorithm::Argon2id.ident()
            && hash.version == Some(Version::V0x13.into())
            && Params::try_from(&hash).is_ok_and(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    == (Params::DEFAULT_M_COST, Params::DEFAULT_T_COST, Params::DEFAULT_P_COST)
            })
            && hash.salt.is_some()
            && hash.hash.is_some();
        if ours { Ok(Self(hash)) } else { Err(HashUnreadable) }
    }

    /// The PHC string, to be stored.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.to_string()
    }

    /// Hashes with 16 random bytes of salt: 19 MiB and some tens of milliseconds.
    pub(super) fn make(password: &NewPassword, salt: &[u8; 16]) -> Result<Self, HashFailed> {
        hash(password.0.as_str().as_bytes(), salt)
    }

    /// A hash that nothing fits, of the same cost, for handles that nobody has.
    pub(super) fn of_nobody(random: &dyn Random) -> Result<Self, HashFailed> {
        let mut secret = [0; 32];
        let mut salt = [0; 16];
        random.fill(&mut secret)?;
        random.fill(&mut salt)?;
        hash(&secret, &salt)
    }

    /// Whether `password` is the one; the same work either way.
    pub(super) fn fits(&self, password: &Password) -> bool {
        argon2().verify_password(password.as_str().as_bytes(), &self.0).is_ok()
    }
}

fn hash(secret: &[u8], salt: &[u8]) -> Result<PasswordHash, HashFailed> {
    argon2().hash_password_with_salt(secret, salt).map(PasswordHash).map_err(HashFailed::Argon2)
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

/// Why a hash could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum HashFailed {
    /// Most likely the memory is not to be had.
    #[error("Argon2id cannot run: {0}")]
    Argon2(argon2::password_hash::Error),
    /// No salt.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example_hash() -> PasswordHash {
        let password = Password::new("correct horse battery").unwrap();
        PasswordHash::make(&NewPassword::judge(password, &[]).unwrap(), &[7; 16]).unwrap()
    }

    #[test]
    fn a_hash_is_a_phc_string_of_the_cost_that_is_told() {
        let text = example_hash().text();
        // $ python3 -c "from argon2.low_level import *; print(hash_secret(b'correct horse battery', b'\7'*16, 2, 19456, 1, 32, Type.ID))"
        let known = "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$WLRGUa13/B3MXznFse33FId4O++DaYL6ulYUMEhpRqE";
        assert_eq!(text, known);
        assert_eq!(PasswordHash::parse(&text), Ok(example_hash()));
    }

    #[test]
    fn only_the_right_password_fits() {
        let fits = |typed| example_hash().fits(&Password::new(typed).unwrap());
        assert!(fits("correct horse battery"));
        assert!(!fits("correct horse batterx"));
        assert!(!fits(""));
    }

    #[test]
    fn a_stored_hash_of_another_cost_is_refused_before_any_work() {
        let text = example_hash().text();
        for (from, to) in [
            ("m=19456", "m=4194304"),
            ("m=19456", "m=8"),
            ("t=2", "t=4000000"),
            ("argon2id", "argon2i"),
            ("v=19", "v=16"),
            ("v=19$", ""),
            ("$BwcHBwcHBwcHBwcHBwcHBw", ""),
        ] {
            let altered = text.replacen(from, to, 1);
            assert_ne!(altered, text);
            assert_eq!(PasswordHash::parse(&altered), Err(HashUnreadable), "{altered}");
        }
    }
}
