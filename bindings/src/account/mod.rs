//! The owner's account at an issuer.
//!
//! | file | what is in it |
//! |---|---|
//! | `mod` | [`Account`]: what can be requested, and what the wallet knows |
//! | `call` | a request that waits for its response; [`ActionCall`] |
//! | `http` | [`IssuerRequest`] and [`IssuerResponse`]: what the app's HTTP client sends and receives |
//! | `sign_up`, `log_in`, `password_reset` | [`SignUp`], [`LogInCall`] and [`LogInByCode`], [`PasswordReset`] |
//! | `factor` | [`SecondFactor`], [`FactorEnrolment`], [`RecoveryCodes`] |
//! | `profile`, `overview` | [`AccountProfile`] and [`AccountOverview`]: the account as data |
//! | `device_status` | [`DeviceStatus`]: what works while the payment lock is closed |
//! | `freeze_code` | [`FreezeByMailedCode`]: freezing from any device |
//! | `cards` | [`AccountCard`]: what is charged; [`CardSetup`]: how it is registered |
//! | `payment_history` | [`PaymentPage`]: what was paid |
//! | `provisioning` | [`ProvisionCall`]: a payment credential from the issuer |
//! | `till_card` | [`TillCard`]: whose till it is |

mod call;
mod cards;
mod device_status;
mod factor;
mod freeze_code;
mod http;
mod log_in;
mod overview;
mod password_reset;
mod payment_history;
mod profile;
mod provisioning;
mod sign_up;
mod till_card;

use std::sync::Arc;

use tegata::PendingRequest;
use tegata::protocol::{
    Acknowledgement, AddCard, BeginCardSetup, BeginFactorEnrolment, CancelDeletion, CardSetupName,
    ChangeAddress, ConfirmCredential, ConfirmFactorEnrolment, EndSessions, ForgetDevice,
    FreezeAccount, FreezeByCode, GetAccount, Handle, ListCards, ListPayments, LogOut,
    MailedCodeText, NoticeCode, PaymentNumber, RemoveCard, RenewRecoveryCodes, RequestDeletion,
    RevertChanges, SecretText, SessionCall, SessionId, SessionNumber, SetDefaultCard, TotpText,
    UnfreezeAccount, VerifyFactor,
};

pub use call::ActionCall;
pub use cards::{AccountCard, CardSetup, CardSetupCall, CardsCall};
pub use device_status::{DeviceStatus, DeviceStatusCall};
pub use factor::{
    ConfirmedRecoveryCodes, FactorEnrolment, FactorEnrolmentCall, RecoveryCodes, RecoveryCodesCall,
    SecondFactor,
};
pub use freeze_code::{FreezeByMailedCode, FreezeCodeCall};
pub use http::{IssuerRequest, IssuerResponse};
pub use log_in::{LogInByCode, LogInCall, LogInCodeCall, LogInResult};
pub use overview::{AccountDevice, AccountOverview, AccountOverviewCall, AccountSession};
pub use password_reset::{BeginPasswordResetCall, PasswordReset};
pub use payment_history::{AccountPayment, PaymentHistoryCall, PaymentPage, PaymentState};
pub use profile::{AccountProfile, AccountStatus};
pub use provisioning::ProvisionCall;
pub use sign_up::{BeginSignUpCall, FinishSignUpCall, SignUp};
pub use till_card::TillCard;

use call::{Call, PendingCall, password};
use factor::parse_recovery_code;

use crate::shared_wallet::SharedWallet;
use crate::{Language, WalletError};

/// The owner's account at an issuer. Nothing here sends anything: each request is a call, whose `request` the app sends
/// and whose response it hands to `complete`. The session, which is the secret in a response, stays in the wallet: under the
/// payment lock, and usable while an unlock token of it is held, or in memory where there is no lock.
#[derive(uniffi::Object)]
pub struct Account(pub(crate) Arc<SharedWallet>);

/// Signing up and logging in.
#[uniffi::export]
impl Account {
    /// Tells which account the wallet has and whether it is logged in; nothing before the first sign-up or log-in on
    /// this device.
    pub fn status(&self) -> Result<Option<AccountStatus>, WalletError> {
        let status = self.0.with(|wallet| wallet.account().get())?;
        Ok(status.map(AccountStatus::from))
    }

    /// Begins a sign-up: a code is mailed. The answer is the same whether or not the address has an account already.
    pub fn begin_sign_up(
        &self,
        profile: AccountProfile,
        language: Language,
    ) -> Result<Arc<BeginSignUpCall>, WalletError> {
        let profile = profile.parse()?;
        self.call(|account| account.begin_sign_up(&profile, language.into()))
    }

    /// Logs in. A device that the account does not know needs the second factor. Once it is completed, the session is
    /// kept in place of the one before.
    #[uniffi::method(default(second_factor = None))]
    pub fn log_in(
        &self,
        profile: AccountProfile,
        password: &[u8],
        second_factor: Option<Arc<SecondFactor>>,
    ) -> Result<Arc<LogInCall>, WalletError> {
        let profile = profile.parse()?;
        let password = self::password(password)?;
        let factor = second_factor.map(|factor| factor.0.clone());
        self.call(|account| account.log_in(&profile, password, factor))
    }

    /// Requests a code by mail to log in with, after a log-in failed with `CodeNeeded`. The answer is the same whether or
    /// not there is such an account.
    pub fn request_log_in_code(
        &self,
        profile: AccountProfile,
    ) -> Result<Arc<LogInCodeCall>, WalletError> {
        let profile = profile.parse()?;
        self.call(|account| account.request_log_in_code(&profile))
    }

    /// Begins a reset of the password: a code is mailed to the verified address, and to no other. The answer is the same
    /// whether or not there is such an account.
    pub fn begin_password_reset(
        &self,
        profile: AccountProfile,
    ) -> Result<Arc<BeginPasswordResetCall>, WalletError> {
        let profile = profile.parse()?;
        self.call(|account| account.begin_password_reset(&profile, None))
    }

    /// Begins a reset with one of the recovery codes, which is not used up by it: the code is mailed at once, however
    /// many others asked for the address.
    pub fn begin_password_reset_with_recovery_code(
        &self,
        profile: AccountProfile,
        code: &[u8],
    ) -> Result<Arc<BeginPasswordResetCall>, WalletError> {
        let profile = profile.parse()?;
        let code = parse_recovery_code(code)?;
        self.call(|account| account.begin_password_reset(&profile, Some(code)))
    }

    /// Ends this session. An app that cannot reach the issuer calls `discard_session`.
    pub fn log_out(&self) -> Result<Arc<ActionCall>, WalletError> {
        self.session_call(&LogOut {})
    }

    /// Drops the session here, without telling the issuer. The wallet still knows whose account it was.
    pub fn discard_session(&self) -> Result<(), WalletError> {
        self.0.with(|wallet| wallet.account().discard_session())
    }
}

/// Calls about the second factor.
#[uniffi::export]
impl Account {
    /// Verifies the second factor in this session, for the next five minutes, by six digits of the authenticator.
    pub fn verify_factor(&self, totp: String) -> Result<Arc<ActionCall>, WalletError> {
        self.session_call(&VerifyFactor {
            totp: TotpText::new(&totp).map_err(WalletError::invalid)?,
        })
    }

    /// Requests a new second factor in place of the present one. It counts once `confirm_factor_enrolment` is completed.
    pub fn begin_factor_enrolment(&self) -> Result<Arc<FactorEnrolmentCall>, WalletError> {
        self.session_call(&BeginFactorEnrolment {})
    }

    /// Sends the first value of the new second factor.
    pub fn confirm_factor_enrolment(&self, totp: String) -> Result<Arc<ActionCall>, WalletError> {
        let totp = TotpText::new(&totp).map_err(WalletError::invalid)?;
        self.session_call(&ConfirmFactorEnrolment { totp })
    }

    /// Stores the account's second factor that is on another device too, given as its `otpauth` URI in UTF-8, and gives its
    /// id among one-time passwords. As `FactorEnrolment::store_in_wallet` does for a new one, with recovery codes typed
    /// back; `OtpCredentials::add_uri` refuses it with `OwnFactor`.
    pub fn store_factor(
        &self,
        uri: &[u8],
        confirmed: &ConfirmedRecoveryCodes,
    ) -> Result<String, WalletError> {
        let uri = SecretText::new(std::str::from_utf8(uri).unwrap_or_default());
        let id = self.0.with(|wallet| wallet.account().keep_factor(&uri, &confirmed.0))?;
        Ok(id.to_string())
    }

    /// Requests ten new recovery codes in place of the present ones.
    pub fn renew_recovery_codes(&self) -> Result<Arc<RecoveryCodesCall>, WalletError> {
        self.session_call(&RenewRecoveryCodes {})
    }
}

/// Devices, sessions, and the account as a whole.
#[uniffi::export]
impl Account {
    /// Requests an overview of the account: devices, sessions, what is left.
    pub fn overview(&self) -> Result<Arc<AccountOverviewCall>, WalletError> {
        self.session_call(&GetAccount {})
    }

    /// Ends another session, by its number in the overview, or all others without a number.
    #[uniffi::method(default(number = None))]
    pub fn end_sessions(&self, number: Option<i64>) -> Result<Arc<ActionCall>, WalletError> {
        let number = number.map(u32::try_from).transpose();
        let number = number.map_err(|_| WalletError::invalid("not a session number"))?;
        self.session_call(&EndSessions { session: number.map(|it| SessionNumber(SessionId(it))) })
    }

    /// Forgets a device, by its id in the overview, with its sessions and its payment credential.
    pub fn forget_device(&self, id: String) -> Result<Arc<ActionCall>, WalletError> {
        self.session_call(&ForgetDevice { device: overview::device_id(id)? })
    }

    /// Freezes the account: stops all spending.
    pub fn freeze(&self) -> Result<Arc<ActionCall>, WalletError> {
        self.session_call(&FreezeAccount {})
    }

    /// Ends a freeze that the owner began. One made with a recovery code, or with the code of a notice, needs a recovery code
    /// as well, which is used up: `RecoveryCodeRequired`.
    pub fn unfreeze(&self, recovery_code: Option<Vec<u8>>) -> Result<Arc<ActionCall>, WalletError> {
        let recovery_code = recovery_code.as_deref().map(parse_recovery_code).transpose()?;
        self.session_call(&UnfreezeAccount { recovery_code })
    }

    /// Freezes an account with a second factor, which is used up by it, from any device. A freeze made with a recovery code
    /// is lifted with another one.
    pub fn freeze_by_factor(
        &self,
        profile: AccountProfile,
        second_factor: Arc<SecondFactor>,
    ) -> Result<Arc<ActionCall>, WalletError> {
        let profile = profile.parse()?;
        let second_factor = second_factor.0.clone();
        self.call(|account| account.freeze_by_factor(&profile, second_factor))
    }

    /// Freezes an account by the code in a notice, without a session: for an owner who did not make the change.
    pub fn freeze_by_code(
        &self,
        profile: AccountProfile,
        code: String,
    ) -> Result<Arc<ActionCall>, WalletError> {
        let profile = profile.parse()?;
        let code = NoticeCode::parse(&code).map_err(WalletError::invalid)?;
        self.notice_call(&profile, &FreezeByCode { handle: profile.handle.clone(), code })
    }

    /// Requests a code by mail that freezes an account, from any device. With one of the recovery codes, which is not used
    /// up by it, however many others asked for the address.
    #[uniffi::method(default(recovery_code = None))]
    pub fn request_freeze_code(
        &self,
        profile: AccountProfile,
        recovery_code: Option<Vec<u8>>,
    ) -> Result<Arc<FreezeCodeCall>, WalletError> {
        let profile = profile.parse()?;
        let code = recovery_code.as_deref().map(parse_recovery_code).transpose()?;
        self.call(|account| account.request_freeze_code(&profile, code))
    }

    /// Reverts the changes of the last days, by the code in a notice and a recovery code from before them, or the
    /// authenticator if it was not replaced. The password has to be reset then.
    pub fn revert_changes(
        &self,
        profile: AccountProfile,
        code: String,
        second_factor: Arc<SecondFactor>,
    ) -> Result<Arc<ActionCall>, WalletError> {
        let profile = profile.parse()?;
        let code = NoticeCode::parse(&code).map_err(WalletError::invalid)?;
        let second_factor = second_factor.0.clone();
        let call = RevertChanges { handle: profile.handle.clone(), code, second_factor };
        self.notice_call(&profile, &call)
    }

    /// Requests the deletion of the account, in seven days.
    pub fn request_deletion(&self) -> Result<Arc<ActionCall>, WalletError> {
        self.session_call(&RequestDeletion {})
    }

    /// Cancels the deletion that was requested.
    pub fn cancel_deletion(&self) -> Result<Arc<ActionCall>, WalletError> {
        self.session_call(&CancelDeletion {})
    }

    /// Requests another email address for the account: a code is mailed to it.
    pub fn change_address(
        &self,
        address: String,
        language: Language,
    ) -> Result<Arc<ActionCall>, WalletError> {
        let address = address.parse::<Handle>().map_err(WalletError::invalid)?;
        self.session_call(&ChangeAddress { address, language: language.into() })
    }

    /// Sends the code mailed to the new address. The wallet uses that address from then on.
    pub fn confirm_address_change(
        &self,
        address: String,
        code: String,
    ) -> Result<Arc<ActionCall>, WalletError> {
        let address = address.parse::<Handle>().map_err(WalletError::invalid)?;
        let code = MailedCodeText::new(&code).map_err(WalletError::invalid)?;
        self.call(|account| account.confirm_address_change(address, code))
    }
}

/// What works while the payment lock is closed, and without a session: this device's signature is enough.
#[uniffi::export]
impl Account {
    /// Requests what is to be shown of the account at each opening, and daily in the background: whether it is frozen,
    /// stopped, logged out here, and a new device.
    pub fn device_status(&self) -> Result<Arc<DeviceStatusCall>, WalletError> {
        self.call(|account| account.device_status())
    }

    /// Gives the request that has to go out before any other, if there is one: after `Payments.remove_all` it ends the
    /// sessions of the device that this wallet was. Ask again until there is none.
    pub fn queued_request(&self) -> Result<Option<Arc<ActionCall>>, WalletError> {
        let request = self.0.with(|wallet| wallet.account().queued_request())?;
        Ok(request.map(|request| PendingCall::new(&self.0, request)))
    }

    /// Freezes the account from this device: stops all spending.
    pub fn freeze_from_device(&self) -> Result<Arc<ActionCall>, WalletError> {
        self.call(|account| account.freeze_from_device())
    }

    /// Ends all sessions of this device; that of this wallet is dropped once it is completed.
    pub fn end_device_sessions(&self) -> Result<Arc<ActionCall>, WalletError> {
        self.call(|account| account.end_device_sessions())
    }
}

/// Calls about cards and past payments.
#[uniffi::export]
impl Account {
    /// Requests the account's cards, in the order in which they were added.
    pub fn list_cards(&self) -> Result<Arc<CardsCall>, WalletError> {
        self.session_call(&ListCards {})
    }

    /// Begins the registration of a card, which its holder completes in the processor's own form: give that form the
    /// client secret. The second factor has to be verified within five minutes before.
    pub fn begin_card_setup(&self) -> Result<Arc<CardSetupCall>, WalletError> {
        self.session_call(&BeginCardSetup {})
    }

    /// Adds the card that its holder registered, by the id of the registration, in the session that began it. The only
    /// card becomes the default.
    pub fn add_card(&self, setup: String) -> Result<Arc<CardsCall>, WalletError> {
        let setup = CardSetupName::new(&setup).map_err(WalletError::invalid)?;
        self.session_call(&AddCard { setup })
    }

    /// Has payments charged to another card from now on. The second factor has to be verified within five minutes
    /// before.
    pub fn set_default_card(&self, id: String) -> Result<Arc<CardsCall>, WalletError> {
        self.session_call(&SetDefaultCard { card: cards::card_id(id)? })
    }

    /// Removes a card at once. If it was the default, nothing can be paid until another is chosen.
    pub fn remove_card(&self, id: String) -> Result<Arc<CardsCall>, WalletError> {
        self.session_call(&RemoveCard { card: cards::card_id(id)? })
    }

    /// Requests what was paid, and what was not: the newest hundred payments, or those before the payment of this number.
    #[uniffi::method(default(before = None))]
    pub fn payment_history(
        &self,
        before: Option<String>,
    ) -> Result<Arc<PaymentHistoryCall>, WalletError> {
        let before = before.map(PaymentNumber::try_from).transpose();
        let before = before.map_err(WalletError::invalid)?;
        let call = ListPayments { before };
        let request = self.0.with(|wallet| wallet.account().session_request(&call))?;
        let wallet = Arc::clone(&self.0);
        Ok(PaymentHistoryCall::new(Call::new(wallet, request), before.is_none()))
    }

    /// Gives the newest payments as they were kept last, if they are this account's: to be shown without a network.
    pub fn cached_payments(&self) -> Result<Option<PaymentPage>, WalletError> {
        let history = self.0.with(|wallet| wallet.account().cached_payments())?;
        Ok(history.map(|history| payment_history::page(history.page, history.fetched_at)))
    }
}

/// The call that provisions the payment credential.
#[uniffi::export]
impl Account {
    /// Requests a payment credential. The second factor has to be given within five minutes before: at the sign-up, at
    /// the log-in, or by `verify_factor`.
    pub fn provision(&self) -> Result<Arc<ProvisionCall>, WalletError> {
        let request = self.0.with(|wallet| wallet.account().provision())?;
        Ok(ProvisionCall::new(Call::new(Arc::clone(&self.0), request)))
    }

    /// Has the credential of another device count at once, in the place of the one that this device pays with.
    pub fn confirm_credential(&self) -> Result<Arc<ActionCall>, WalletError> {
        self.session_call(&ConfirmCredential {})
    }

    /// Tells whether a request for a credential was not completed, as when the app was ended before the response came:
    /// call `provision` again.
    pub fn has_pending_provision(&self) -> Result<bool, WalletError> {
        self.0.with(|wallet| wallet.account().has_pending_provision())
    }

    /// Drops the pending request for a credential, after the issuer refused it with `NoPendingOperation`: its credential
    /// is no longer valid. The next `provision` makes a new request.
    pub fn discard_provision(&self) -> Result<(), WalletError> {
        self.0.with(|wallet| wallet.account().discard_provision())
    }
}

impl Account {
    fn session_call<M: SessionCall, C: PendingCall<M::Answer>>(
        &self,
        message: &M,
    ) -> Result<Arc<C>, WalletError> {
        self.call(|account| account.session_request(message))
    }

    fn notice_call<M: tegata::protocol::Call<Answer = Acknowledgement>>(
        &self,
        profile: &tegata::AccountProfile,
        message: &M,
    ) -> Result<Arc<ActionCall>, WalletError> {
        self.call(|account| account.notice_request(profile, message))
    }

    fn call<A, C: PendingCall<A>>(
        &self,
        ask: impl FnOnce(tegata::Account<'_>) -> Result<PendingRequest<A>, tegata::Error>,
    ) -> Result<Arc<C>, WalletError> {
        let request = self.0.with(|wallet| ask(wallet.account()))?;
        Ok(C::new(&self.0, request))
    }
}
