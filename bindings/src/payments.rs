//! Payment credentials, and the payment lock.

use std::sync::Arc;

use tegata::code;
use tegata::code::{AliasPeriod, Audience, CredentialId, InvalidAliasPeriod, Scheme, Seed};
use tegata::vault::{Argon2Params, UnlockMethod};

use crate::number::{count, seconds};
use crate::shared_wallet::SharedWallet;
use crate::{Language, PaymentCode, PaymentUnlock, WalletError, id};

/// Payment credentials and the codes made from them.
#[derive(uniffi::Object)]
pub struct Payments(pub(crate) Arc<SharedWallet>);

/// A payment credential to store by hand, without its seed.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NewPaymentCredential {
    /// The issuer's id of the credential: 16 bytes.
    pub credential: Vec<u8>,
    /// The name that the shopper sees: 1 to 128 bytes of UTF-8.
    pub label: String,
    /// The first 4 to 8 digits of its codes.
    pub prefix: String,
    /// The alias period, in seconds: for so long a credential keeps one alias.
    pub alias_period: i64,
}

/// What can be shown of a payment credential: all but its secret.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PaymentCredentialInfo {
    /// The id of its record in this wallet.
    pub id: String,
    /// The issuer's id of the credential: 32 hexadecimal digits.
    pub credential: String,
    /// The name that the shopper sees.
    pub label: String,
    /// The state of the device's clock. Codes are made whatever it is.
    pub clock: ClockStatus,
}

/// What to tell the shopper about the device's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ClockStatus {
    /// Nothing is known to be wrong with the clock.
    Fine,
    /// The clock is ahead of the issuer's. Codes are made by the issuer's time.
    Ahead {
        /// The difference, in seconds.
        seconds: i64,
    },
    /// The clock is behind the issuer's. Codes are made by the issuer's time.
    Behind {
        /// The difference, in seconds.
        seconds: i64,
    },
    /// The clock was set back, or was ahead before: a code for a later time was already shown.
    SetBack {
        /// The difference, in seconds.
        seconds: i64,
    },
}

/// The next code, or how long to wait for one.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
#[expect(clippy::large_enum_variant, reason = "made once a half minute, to be written out at once")]
pub enum NextCode {
    /// A code that has not been shown before.
    Code {
        /// The code to show.
        code: PaymentCode,
    },
    /// All codes of the present time step are used up.
    Wait {
        /// Seconds until there is another code: 1 to 90.
        seconds: i64,
    },
}

/// The methods that unlock payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LockStatus {
    /// How many wrong PINs are taken before the PIN is blocked, if there is a PIN.
    pub pin_tries_left: Option<i32>,
    /// Whether a key of the host unlocks payments.
    pub has_unlock_key: bool,
}

/// Payment credentials and their codes.
#[uniffi::export]
impl Payments {
    /// Stores a credential, under the payment lock if there is one, and gives the id of its record. The seed has 32
    /// bytes, goes in and never comes out.
    pub fn add(
        &self,
        unlock: &PaymentUnlock,
        new: NewPaymentCredential,
        seed: &[u8],
    ) -> Result<String, WalletError> {
        let new = read(new, seed)?;
        self.0.with(|wallet| {
            unlock.with(|token| wallet.payments().add(token, &new).map(|id| id.to_string()))
        })
    }

    /// Lists all payment credentials.
    pub fn list(&self) -> Result<Vec<PaymentCredentialInfo>, WalletError> {
        let all = self.0.with(|wallet| wallet.payments().list())?;
        let now = self.0.now();
        Ok(all.into_iter().map(|payment| describe(payment, now)).collect())
    }

    /// Removes a payment credential.
    pub fn remove(&self, id: String) -> Result<(), WalletError> {
        let id = id::parse(&id)?;
        self.0.with(|wallet| wallet.payments().remove(&id))
    }

    /// Makes the next code, never one that was shown before. Costs one durable write. Call it when the last code has
    /// expired, or whenever the shopper wants another. `till` binds the code to one till. `language` is that of the
    /// spoken text, English by default.
    #[uniffi::method(default(till = None, language = None))]
    pub fn next_code(
        &self,
        unlock: &PaymentUnlock,
        id: String,
        till: Option<String>,
        language: Option<Language>,
    ) -> Result<NextCode, WalletError> {
        let id = id::parse(&id)?;
        let audience = match till {
            Some(till) => Audience::OneTill(till.parse().map_err(WalletError::invalid)?),
            None => Audience::AnyTill,
        };
        let device = self.0.now();
        let (next, now) = self.0.with(|wallet| {
            let mut payments = wallet.payments();
            let next = unlock.with(|token| payments.next_code(token, &id, audience))?;
            Ok::<_, WalletError>((next, payments.get(&id)?.time(device)))
        })?;
        match next {
            tegata::NextCode::Code(code) => {
                Ok(NextCode::Code { code: PaymentCode::new(&code, now, language)? })
            }
            tegata::NextCode::Wait(wait) => Ok(NextCode::Wait { seconds: seconds(wait) }),
        }
    }

    /// Stores the issuer's time, in seconds since 1970, from an answer that came just now, so that codes are right on a
    /// device whose clock is not.
    pub fn learn_issuer_time(&self, id: String, issuer: i64) -> Result<(), WalletError> {
        let id = id::parse(&id)?;
        let wrong = |_| WalletError::invalid("the issuer's time is out of range");
        let issuer = u64::try_from(issuer).map_err(wrong)?;
        let issuer = tegata::UnixTime::new(issuer).map_err(WalletError::invalid)?;
        self.0.with(|wallet| wallet.payments().learn_issuer_time(&id, issuer).map(drop))
    }
}

/// The payment lock.
#[uniffi::export]
impl Payments {
    /// Opens the payment lock by the PIN, as it was typed: digits of any script, with or without spaces. Takes some hundred milliseconds by design: not on the main
    /// thread.
    pub fn unlock_with_pin(&self, pin: &[u8]) -> Result<Arc<PaymentUnlock>, WalletError> {
        self.unlock(UnlockMethod::Pin(pin))
    }

    /// Opens the payment lock by the 32 bytes that the host keeps behind a biometric prompt.
    pub fn unlock_with_key(&self, key: &[u8]) -> Result<Arc<PaymentUnlock>, WalletError> {
        self.unlock(UnlockMethod::Key(key))
    }

    /// Tells which methods unlock payments; nothing if there is no payment lock.
    pub fn lock_status(&self) -> Result<Option<LockStatus>, WalletError> {
        let status = self.0.with(|wallet| wallet.payments().lock_status())?;
        Ok(status.map(|status| LockStatus {
            pin_tries_left: status.pin_tries_left.map(count),
            has_unlock_key: status.key,
        }))
    }

    /// Sets the PIN, or changes it: 6 to 64 digits. Fails with `WeakPin` for one that is easy to guess. Locks payments
    /// if they were not locked; `unlock` opens the new lock then.
    pub fn set_pin(&self, unlock: &PaymentUnlock, pin: &[u8]) -> Result<(), WalletError> {
        self.0.with(|wallet| {
            unlock.with(|token| wallet.payments().set_pin(token, pin, Argon2Params::PHONE))
        })
    }

    /// Sets or changes the key that the host keeps behind a biometric prompt: 32 random bytes of the host's. Fails with
    /// `Invalid` without a PIN: biometrics alone do not lock payments.
    pub fn set_unlock_key(&self, unlock: &PaymentUnlock, key: &[u8]) -> Result<(), WalletError> {
        self.0.with(|wallet| unlock.with(|token| wallet.payments().set_unlock_key(token, key)))
    }

    /// Forgets the host's key, as after a change of the enrolled fingers. Needs no unlock token.
    pub fn forget_unlock_key(&self) -> Result<(), WalletError> {
        self.0.with(|wallet| wallet.payments().forget_unlock_key())
    }

    /// Removes the payment lock. Payments need no unlocking from then on; the session is in memory until the wallet is
    /// closed.
    pub fn remove_lock(&self, unlock: &PaymentUnlock) -> Result<(), WalletError> {
        self.0.with(|wallet| unlock.with(|token| wallet.payments().remove_lock(token)))
    }

    /// Removes all payment credentials, the payment lock, the session, the account's own second factor and the device's
    /// key: the way out when PIN and biometrics are both lost. Whoever goes on logs in, with a second factor from
    /// elsewhere. `Account.queued_request` goes out first at the next contact.
    pub fn remove_all(&self) -> Result<(), WalletError> {
        self.0.with(|wallet| wallet.payments().remove_all())
    }
}

impl Payments {
    fn unlock(&self, with: UnlockMethod<'_>) -> Result<Arc<PaymentUnlock>, WalletError> {
        let unlock = self.0.with(|wallet| wallet.payments().unlock(with))?;
        Ok(Arc::new(PaymentUnlock::new(unlock)))
    }
}

fn read(
    new: NewPaymentCredential,
    seed: &[u8],
) -> Result<tegata::NewPaymentCredential, WalletError> {
    let credential = new.credential.try_into();
    let credential =
        credential.map_err(|_| WalletError::invalid("the issuer id is not 16 bytes long"))?;
    let period = new.alias_period;
    let period = u32::try_from(period).map_err(|_| InvalidAliasPeriod(period));
    Ok(tegata::NewPaymentCredential {
        credential: CredentialId(credential),
        label: new.label,
        scheme: Scheme {
            prefix: new.prefix.parse().map_err(WalletError::invalid)?,
            alias_period: period.and_then(AliasPeriod::new).map_err(WalletError::invalid)?,
        },
        seed: Seed::from_slice(seed)
            .ok_or_else(|| WalletError::invalid("the seed is not 32 bytes long"))?,
    })
}

fn describe(
    payment: tegata::PaymentCredentialInfo,
    now: tegata::UnixTime,
) -> PaymentCredentialInfo {
    let clock = match payment.clock_status(now) {
        code::ClockStatus::Fine => ClockStatus::Fine,
        code::ClockStatus::Ahead(by) => ClockStatus::Ahead { seconds: seconds(by) },
        code::ClockStatus::Behind(by) => ClockStatus::Behind { seconds: seconds(by) },
        code::ClockStatus::SetBack(by) => ClockStatus::SetBack { seconds: seconds(by) },
    };
    PaymentCredentialInfo {
        id: payment.id.to_string(),
        credential: id::hex(&payment.credential.0),
        label: payment.label,
        clock,
    }
}
