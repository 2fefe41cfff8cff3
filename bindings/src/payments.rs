//! The room of payment credentials, and the payment lock.

use std::sync::Arc;

use tegata::code;
use tegata::code::{AliasPeriod, Audience, CredentialId, InvalidAliasPeriod, Scheme, Seed};
use tegata::vault::{Argon2Params, UnlockMethod};

use crate::error::{count, seconds};
use crate::open::Open;
use crate::{Language, PaymentCode, PaymentUnlock, WalletError, id};

/// Payment credentials and the codes made from them.
#[derive(uniffi::Object)]
pub struct Payments(pub(crate) Arc<Open>);

/// What an issuer provisions, all but the seed.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NewPaymentCredential {
    /// The issuer's name for it: 16 bytes.
    pub credential: Vec<u8>,
    /// Whose it is, as shown to the shopper: 1 to 128 bytes of UTF-8.
    pub label: String,
    /// The first 4 to 8 digits of its codes.
    pub prefix: String,
    /// How long an alias is kept, in seconds.
    pub alias_period: i64,
}

/// A payment credential as it can be shown.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Payment {
    /// Its record in this wallet.
    pub id: String,
    /// The issuer's name for it, in hexadecimal digits.
    pub credential: String,
    /// Whose it is, as shown to the shopper.
    pub label: String,
    /// What is known of the device's clock. Codes are shown whatever it is.
    pub clock: ClockStatus,
}

/// What to tell the shopper about the device's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ClockStatus {
    /// Nothing wrong is known.
    Fine,
    /// Ahead of the issuer's. Codes are made by the issuer's.
    Ahead {
        /// By so much.
        seconds: i64,
    },
    /// Behind the issuer's. Codes are made by the issuer's.
    Behind {
        /// By so much.
        seconds: i64,
    },
    /// A code was already shown later than now: the clock has been set back, or was ahead then.
    SetBack {
        /// By so much.
        seconds: i64,
    },
}

/// What came of asking for a code.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
#[expect(clippy::large_enum_variant, reason = "made once a half minute, to be written out at once")]
pub enum NextCode {
    /// A code that has not been shown before.
    Code {
        /// To be shown.
        code: PaymentCode,
    },
    /// All codes of this kind are used up for now.
    Wait {
        /// Until there is another: 1 to 90.
        seconds: i64,
    },
}

/// How payments can be unlocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LockStatus {
    /// Wrong PINs that are left until the PIN is given up, if there is a PIN.
    pub pin_tries_left: Option<i32>,
    /// Whether a key of the host opens it.
    pub key: bool,
}

/// Credentials and their codes.
#[uniffi::export]
impl Payments {
    /// Stores a credential, under the payment lock if there is one. The seed has 32 bytes, goes in and never comes out.
    pub fn add(
        &self,
        unlocked: &PaymentUnlock,
        new: NewPaymentCredential,
        seed: &[u8],
    ) -> Result<String, WalletError> {
        let new = read(new, seed)?;
        self.0.with(|wallet| {
            unlocked.with(|unlock| wallet.payments().add(unlock, &new).map(|id| id.to_string()))
        })
    }

    /// All payment credentials.
    pub fn list(&self) -> Result<Vec<Payment>, WalletError> {
        let all = self.0.with(|wallet| wallet.payments().list())?;
        let now = self.0.now();
        Ok(all.into_iter().map(|payment| describe(payment, now)).collect())
    }

    /// Removes a payment credential.
    pub fn remove(&self, id: String) -> Result<(), WalletError> {
        let id = id::parse(&id)?;
        self.0.with(|wallet| wallet.payments().remove(&id))
    }

    /// The next code, never one that was shown before. Costs one durable write. Ask when the last one is over, or
    /// whenever the shopper wants another; name the till if the code is to be good at that one alone. It is spelled
    /// out in English unless told otherwise.
    #[uniffi::method(default(till = None, language = None))]
    pub fn next_code(
        &self,
        unlocked: &PaymentUnlock,
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
            let next = unlocked.with(|unlock| payments.next_code(unlock, &id, audience))?;
            Ok::<_, WalletError>((next, payments.get(&id)?.time(device)))
        })?;
        match next {
            tegata::NextCode::Code(code) => {
                Ok(NextCode::Code { code: PaymentCode::new(&code, now, language)? })
            }
            tegata::NextCode::Wait(wait) => Ok(NextCode::Wait { seconds: seconds(wait) }),
        }
    }

    /// Takes the issuer's time, in seconds since 1970, from an answer it gave just now, so that codes are right on a
    /// device whose clock is not.
    pub fn learn_time(&self, id: String, issuer: i64) -> Result<(), WalletError> {
        let id = id::parse(&id)?;
        let wrong = |_| WalletError::invalid("the issuer's time is out of range");
        let issuer = u64::try_from(issuer).map_err(wrong)?;
        let issuer = tegata::UnixTime::new(issuer).map_err(WalletError::invalid)?;
        self.0.with(|wallet| wallet.payments().learn_time(&id, issuer).map(drop))
    }
}

/// The payment lock.
#[uniffi::export]
impl Payments {
    /// Opens the payment lock by the PIN, as it was typed. Takes some hundred milliseconds by design: not on the main
    /// thread.
    pub fn unlock_with_pin(&self, pin: &[u8]) -> Result<Arc<PaymentUnlock>, WalletError> {
        self.unlock(UnlockMethod::Pin(pin))
    }

    /// Opens the payment lock by the 32 bytes that the host keeps behind a biometric prompt.
    pub fn unlock_with_key(&self, key: &[u8]) -> Result<Arc<PaymentUnlock>, WalletError> {
        self.unlock(UnlockMethod::Key(key))
    }

    /// How payments can be unlocked, or nothing if they are not locked.
    pub fn lock_status(&self) -> Result<Option<LockStatus>, WalletError> {
        let status = self.0.with(|wallet| wallet.payments().lock_status())?;
        Ok(status.map(|status| LockStatus {
            pin_tries_left: status.pin_tries_left.map(count),
            key: status.key,
        }))
    }

    /// Sets the PIN, or changes it: 4 to 64 bytes. Locks payments if they were not locked, and the leave given is that
    /// of the new lock then.
    pub fn set_pin(&self, unlocked: &PaymentUnlock, pin: &[u8]) -> Result<(), WalletError> {
        self.0.with(|wallet| {
            unlocked.with(|unlock| wallet.payments().set_pin(unlock, pin, Argon2Params::PHONE))
        })
    }

    /// Sets or changes the key that the host keeps behind a biometric prompt: 32 random bytes of the host's. Locks
    /// payments if they were not locked.
    pub fn set_unlock_key(&self, unlocked: &PaymentUnlock, key: &[u8]) -> Result<(), WalletError> {
        self.0.with(|wallet| unlocked.with(|unlock| wallet.payments().set_unlock_key(unlock, key)))
    }

    /// Forgets the PIN. The lock need not be open: this opens nothing.
    pub fn forget_pin(&self) -> Result<(), WalletError> {
        self.0.with(|wallet| wallet.payments().forget_pin())
    }

    /// Forgets the host's key, as after a change of the fingers that free it. The lock need not be open.
    pub fn forget_unlock_key(&self) -> Result<(), WalletError> {
        self.0.with(|wallet| wallet.payments().forget_unlock_key())
    }

    /// Takes the lock away. Payments are open from then on.
    pub fn remove_lock(&self, unlocked: &PaymentUnlock) -> Result<(), WalletError> {
        self.0.with(|wallet| unlocked.with(|unlock| wallet.payments().remove_lock(unlock)))
    }

    /// Removes all payment credentials and the lock: the way out when PIN and finger are both lost. The issuer
    /// provisions anew.
    pub fn drop_all(&self) -> Result<(), WalletError> {
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

fn describe(payment: tegata::PaymentCredentialInfo, now: tegata::UnixTime) -> Payment {
    let clock = match payment.clock_status(now) {
        code::ClockStatus::Fine => ClockStatus::Fine,
        code::ClockStatus::Ahead(by) => ClockStatus::Ahead { seconds: seconds(by) },
        code::ClockStatus::Behind(by) => ClockStatus::Behind { seconds: seconds(by) },
        code::ClockStatus::SetBack(by) => ClockStatus::SetBack { seconds: seconds(by) },
    };
    Payment {
        id: payment.id.to_string(),
        credential: id::hex(&payment.credential.0),
        label: payment.label,
        clock,
    }
}
