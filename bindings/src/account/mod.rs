//! The room of the shopper's account at an issuer.
//!
//! | file | idea |
//! |---|---|
//! | `mod` | [`Account`]: what can be asked for, and what the wallet knows |
//! | `calls` | what is asked for: a request to carry, and the door that its response comes back through |
//! | `cards` | [`AccountCard`]: what is charged |
//! | `carry` | [`IssuerRequest`] and [`IssuerResponse`]: what the app's HTTP client sends and gets |
//! | `flows` | what an answer leaves behind: [`SignUp`], [`Reset`], [`NewFactor`], [`RecoveryCodes`] |
//! | `history` | [`PaymentPage`]: what was paid |
//! | `problem` | [`IssuerProblem`]: why the issuer did not do it |
//! | `provisioning` | [`ProvisionCall`]: a payment credential from the issuer |
//! | `records` | the account as data |
//! | `second_factor` | [`SecondFactor`]: what a person proves herself with |
//! | `till_card` | [`TillCard`]: whose till it is |

mod calls;
mod cards;
mod carry;
mod flows;
mod history;
mod problem;
mod provisioning;
mod records;
mod second_factor;
mod till_card;

use std::sync::Arc;

use tegata::protocol::{
    Acknowledgement, BeginFactorEnrolment, Call, CancelDeletion, ChangeAddress,
    ConfirmFactorEnrolment, EndSessions, ForgetDevice, FreezeAccount, FreezeByCode, GetAccount,
    LogOut, MailedCodeText, NoticeCode, RenewRecoveryCodes, RequestDeletion, RevertChanges,
    SessionCall, SessionNumber, TotpText, UnfreezeAccount, VerifyFactor,
};
use tegata::protocol::{Handle, SessionId};
use tegata::{PendingRequest, tegata::Account};

pub use calls::{
    CardsCall, CodesCall, DoneCall, FactorCall, LogInCall, OverviewCall, ResetCall, SignUpCall,
    SignedUpCall,
};
pub use cards::AccountCard;
pub use carry::{IssuerRequest, IssuerResponse};
pub use flows::{NewFactor, RecoveryCodes, Reset, SignUp};
pub use history::{AccountPayment, PaymentPage, PaymentState, PaymentsCall};
pub use problem::IssuerProblem;
pub use provisioning::ProvisionCall;
pub use records::{
    AccountDevice, AccountOverview, AccountProfile, AccountSession, AccountStatus, LoggedIn,
};
pub use second_factor::SecondFactor;
pub use till_card::TillCard;

use crate::open::Open;
use crate::{Language, WalletError};
use tegata::protocol::calls::{Pending, password};

/// The shopper's account at an issuer. Nothing here sends anything: whatever is asked for is a call, whose request the
/// app carries and whose response it hands back. What is secret in a response, the session, stays in the wallet.
#[derive(uniffi::Object)]
pub struct Account(pub(crate) Arc<Open>);

#[uniffi::export]
impl Account {
    /// Whose account, where, and whether a session is kept; nothing before the first sign-up or log-in on this device.
    pub fn known(&self) -> Result<Option<AccountStatus>, WalletError> {
        let known = self.0.with(|wallet| wallet.account().get())?;
        Ok(known.map(AccountStatus::from))
    }

    /// Begins a sign-up: a code is mailed. The answer is the same whether or not the address has an account already.
    pub fn sign_up(
        &self,
        at: AccountProfile,
        language: Language,
    ) -> Result<Arc<SignUpCall>, WalletError> {
        let at = at.read()?;
        self.asked(|account| account.begin_sign_up(&at, language.into()))
    }

    /// Logs in. On a device that the account does not know the second factor is asked for. Once it is answered, the
    /// session is kept in the place of the one before.
    pub fn log_in(
        &self,
        at: AccountProfile,
        password: &[u8],
        second_factor: Option<Arc<SecondFactor>>,
    ) -> Result<Arc<LogInCall>, WalletError> {
        let (at, password) = (at.read()?, self::password(password)?);
        let factor = second_factor.map(|factor| factor.0.clone());
        self.asked(|account| account.log_in(&at, password, factor))
    }

    /// Begins a reset of the password: a code is mailed to the address that was verified, and to no other. The answer
    /// is the same whether or not there is such an account.
    pub fn reset(&self, at: AccountProfile) -> Result<Arc<ResetCall>, WalletError> {
        let at = at.read()?;
        self.asked(|account| account.begin_password_reset(&at))
    }

    /// What the account is: devices, sessions, what is left.
    pub fn overview(&self) -> Result<Arc<OverviewCall>, WalletError> {
        self.in_session(&GetAccount {})
    }

    /// Proves the second factor in this session, for the next five minutes: six digits of the authenticator.
    pub fn prove(&self, totp: String) -> Result<Arc<DoneCall>, WalletError> {
        self.in_session(&VerifyFactor { totp: TotpText::new(&totp).map_err(WalletError::invalid)? })
    }

    /// A new second factor in the place of the old. It counts once its first value was given to `enrol_code`.
    pub fn enrol(&self) -> Result<Arc<FactorCall>, WalletError> {
        self.in_session(&BeginFactorEnrolment {})
    }

    /// The first value of the new second factor.
    pub fn enrol_code(&self, totp: String) -> Result<Arc<DoneCall>, WalletError> {
        let totp = TotpText::new(&totp).map_err(WalletError::invalid)?;
        self.in_session(&ConfirmFactorEnrolment { totp })
    }

    /// Ten new recovery codes in the place of the old.
    pub fn renew_recovery_codes(&self) -> Result<Arc<CodesCall>, WalletError> {
        self.in_session(&RenewRecoveryCodes {})
    }

    /// Ends this session. An app that cannot reach the issuer drops it: `drop_session`.
    pub fn log_out(&self) -> Result<Arc<DoneCall>, WalletError> {
        self.in_session(&LogOut {})
    }

    /// Drops the session here, without telling the issuer; whose account it was stays.
    pub fn drop_session(&self) -> Result<(), WalletError> {
        self.0.with(|wallet| wallet.account().discard_session())
    }

    /// Ends another session, by its number in the overview; all others, if none is named.
    pub fn end_sessions(&self, number: Option<i64>) -> Result<Arc<DoneCall>, WalletError> {
        let number = number.map(u32::try_from).transpose();
        let number = number.map_err(|_| WalletError::invalid("not a session number"))?;
        self.in_session(&EndSessions { session: number.map(|it| SessionNumber(SessionId(it))) })
    }

    /// Forgets a device, by its id in the overview, its sessions and its payment credential.
    pub fn forget_device(&self, id: String) -> Result<Arc<DoneCall>, WalletError> {
        self.in_session(&ForgetDevice { device: records::device(id)? })
    }

    /// Stops all spending of the account.
    pub fn freeze(&self) -> Result<Arc<DoneCall>, WalletError> {
        self.in_session(&FreezeAccount {})
    }

    /// Takes one's own freeze back.
    pub fn unfreeze(&self) -> Result<Arc<DoneCall>, WalletError> {
        self.in_session(&UnfreezeAccount {})
    }

    /// Freezes an account by the code of a notice, without a session: for whoever did not make the change.
    pub fn freeze_by_code(
        &self,
        at: AccountProfile,
        code: String,
    ) -> Result<Arc<DoneCall>, WalletError> {
        let at = at.read()?;
        let code = NoticeCode::parse(&code).map_err(WalletError::invalid)?;
        self.by_notice(&at, &FreezeByCode { handle: at.handle.clone(), code })
    }

    /// Takes the changes of the last days back, by the code of a notice and a second factor from before them. The
    /// password has to be reset then.
    pub fn take_back(
        &self,
        at: AccountProfile,
        code: String,
        second_factor: Arc<SecondFactor>,
    ) -> Result<Arc<DoneCall>, WalletError> {
        let at = at.read()?;
        let code = NoticeCode::parse(&code).map_err(WalletError::invalid)?;
        let second_factor = second_factor.0.clone();
        self.by_notice(&at, &RevertChanges { handle: at.handle.clone(), code, second_factor })
    }

    /// Asks for the deletion of the account, in seven days.
    pub fn close_account(&self) -> Result<Arc<DoneCall>, WalletError> {
        self.in_session(&RequestDeletion {})
    }

    /// Takes the wish for deletion back.
    pub fn keep_account(&self) -> Result<Arc<DoneCall>, WalletError> {
        self.in_session(&CancelDeletion {})
    }

    /// Another address for the account: a code is mailed to it.
    pub fn move_address(
        &self,
        address: String,
        language: Language,
    ) -> Result<Arc<DoneCall>, WalletError> {
        let address = address.parse::<Handle>().map_err(WalletError::invalid)?;
        self.in_session(&ChangeAddress { address, language: language.into() })
    }

    /// The code mailed to the new address, which the wallet goes by then.
    pub fn confirm_address_change(
        &self,
        address: String,
        code: String,
    ) -> Result<Arc<DoneCall>, WalletError> {
        let address = address.parse::<Handle>().map_err(WalletError::invalid)?;
        let code = MailedCodeText::new(&code).map_err(WalletError::invalid)?;
        self.asked(|account| account.confirm_address_change(address, code))
    }
}

impl Account {
    fn in_session<C: SessionCall, P: Pending<C::Answer>>(
        &self,
        call: &C,
    ) -> Result<Arc<P>, WalletError> {
        self.asked(|account| account.session_request(call))
    }

    fn by_notice<C: Call<Answer = Acknowledgement>>(
        &self,
        at: &tegata::AccountProfile,
        call: &C,
    ) -> Result<Arc<DoneCall>, WalletError> {
        self.asked(|account| account.notice_request(at, call))
    }

    fn asked<A, P: Pending<A>>(
        &self,
        ask: impl FnOnce(tegata::Account<'_>) -> Result<PendingRequest<A>, tegata::Error>,
    ) -> Result<Arc<P>, WalletError> {
        let asked = self.0.with(|wallet| ask(wallet.account()))?;
        Ok(P::new(&self.0, asked))
    }
}
