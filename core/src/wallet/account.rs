//! The owner's account at an issuer: requests for the host to send.

use super::error::Error;
use super::open::Wallet;
use super::profile::{AccountProfile, AccountStatus};
use super::recovery_codes::ConfirmedRecoveryCodes;
use super::request::{FollowUp, OutgoingRequest, PendingRequest};
use crate::formats::otpauth;
use crate::protocol::{
    AnswerKey, BeginPasswordReset, BeginSignUp, Call, ConfirmAddressChange, DeviceKey,
    DeviceSigned, FinishPasswordReset, FinishSignUp, Handle, IssuerError, Language, LogIn,
    LogInCode, MailedCodeText, PasswordText, RecoveryCode, Request, RequestLogInCode, SealedCall,
    SecondFactor, SecretText, SessionCall, Ticket, TotpText, VerifyPasswordReset, VerifySignUpCode,
    X25519Key,
};
use crate::vault::{OtpCredential, RecordId, VaultError};

/// The owner's account at an issuer. A wallet has one at most; the device's key signs for it.
///
/// Nothing here sends anything. Each method makes a [`PendingRequest`]: the host sends its
/// [`envelope`](PendingRequest::envelope) to its [`issuer`](PendingRequest::issuer), and hands the response to
/// [`complete`](Self::complete), which keeps the session in it and gives the rest.
///
/// Signing up takes three requests:
///
/// ```
/// # use tegata::protocol::{AnswerRecipient, Response};
/// use tegata::protocol::{Language, MailedCodeText, PasswordText, TotpText};
/// use tegata::{AccountProfile, Wallet};
///
/// # fn send(_: &tegata::protocol::Envelope, body: &str) -> Response {
/// #     Response { status: 200, body: body.into(), retry_after: None, challenge: None }
/// # }
/// # fn send_sealed(envelope: &tegata::protocol::Envelope, answer: &str) -> Response {
/// #     let message: serde_json::Value = serde_json::from_slice(envelope.body()).unwrap();
/// #     let key = serde_json::from_value(message["answer_key"].clone()).unwrap();
/// #     let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
/// #     let recipient = AnswerRecipient::new(&key, envelope.body()).unwrap();
/// #     let sealed = recipient.seal(&answer, &tegata::SystemRandom::new()).unwrap();
/// #     send(envelope, &serde_json::to_string(&sealed).unwrap())
/// # }
/// # use std::sync::Arc;
/// # use tegata::vault::{Argon2Params, SoftwareKeystore};
/// # use tegata::{Device, SystemClock, SystemRandom};
/// # let folder = tempfile::tempdir()?;
/// # let (random, key) = (Arc::new(SystemRandom::new()), folder.path().join("key"));
/// # let cheap = Argon2Params::new(8, 1, 1)?;
/// # let keystore = Arc::new(SoftwareKeystore::create(&key, b"passphrase", cheap, random.clone())?);
/// # let device = Device { keystore, anchor: None, clock: Arc::new(SystemClock), random };
/// # let mut wallet = Wallet::create(&folder.path().join("wallet"), &device)?;
/// let profile = AccountProfile {
///     handle: "hanako@example.org".parse()?,
///     issuer: "https://pay.example.org".parse()?,
///     device_name: "Hanako's phone".to_owned().try_into()?,
/// };
/// let request = wallet.account().begin_sign_up(&profile, Language::En)?;
/// assert_eq!(request.issuer().as_str(), "https://pay.example.org");
/// assert_eq!(request.envelope().path(), "/v1/sign-ups");
/// # let answer = r#"{"ticket":"AQ8sXq3N_7c"}"#;
/// # let response = send(request.envelope(), answer);
/// let ticket = wallet.account().complete(&request, &response)?; // sent by the host
///
/// // The issuer has mailed a code, and answers it with a second factor.
/// let code = MailedCodeText::new("31415926")?;
/// let password = PasswordText::new("four quiet herons")?;
/// let request = wallet.account().verify_sign_up_code(&profile, ticket.clone(), code, password)?;
/// # let answer = r#"{"otpauth":"otpauth://totp/Tegata:hanako?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}"#;
/// # let response = send_sealed(request.envelope(), answer);
/// let uri = wallet.account().complete(&request, &response)?;
/// assert!(uri.expose().starts_with("otpauth://totp/"));
///
/// let request = wallet.account().finish_sign_up(&profile, ticket, TotpText::new("287082")?)?;
/// # let answer = r#"{"session":"m3QxZk0v-9w","recovery_codes":["000G-40R4-0M30-FZQZ"]}"#;
/// # let response = send_sealed(request.envelope(), answer);
/// let recovery_codes = wallet.account().complete(&request, &response)?;
/// assert_eq!(recovery_codes[0].text().expose(), "000G-40R4-0M30-FZQZ");
/// assert!(wallet.account().get()?.is_some_and(|status| status.logged_in));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Account<'w>(pub(super) &'w mut Wallet);

pub(super) type RequestResult<C> = Result<PendingRequest<<C as Call>::Answer>, Error>;

/// The same for a message whose answer is sealed to a key in it.
type SealedRequestResult<C> = Result<PendingRequest<<C as SealedCall>::Content>, Error>;

impl<'w> Account<'w> {
    pub(super) fn new(wallet: &'w mut Wallet) -> Self {
        Self(wallet)
    }

    /// Gives the account, if this device has signed up or logged in before.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn get(&self) -> Result<Option<AccountStatus>, Error> {
        let kept = self.record()?;
        kept.map(|kept| {
            Ok(AccountStatus {
                profile: AccountProfile::of(&kept)?,
                logged_in: self.0.has_session()?,
            })
        })
        .transpose()
    }

    /// Gives the key that signs for the account, which is that of the device's keystore.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn device_key(&self) -> Result<DeviceKey, Error> {
        self.0.finish_key_replacement()?;
        let key = self.0.vault.keystore().public_key();
        Ok(DeviceKey(key.map_err(VaultError::from)?))
    }

    /// Makes the first request of a sign-up: a code is mailed. The answer has a ticket for the next ones.
    ///
    /// # Errors
    /// [`Error::OwnFactor`] as of [`finish_sign_up`](Self::finish_sign_up). Those of the keystore.
    pub fn begin_sign_up(
        &self,
        profile: &AccountProfile,
        language: Language,
    ) -> RequestResult<BeginSignUp> {
        self.0.expect_no_stored_factor(profile)?;
        let address = profile.handle.clone();
        let device_name = profile.device_name.clone();
        self.signed(profile, |device| BeginSignUp { address, language, device, device_name })
    }

    /// Makes the second request of a sign-up: the mailed code, and the new password. The answer has a second factor's
    /// secret.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn verify_sign_up_code(
        &self,
        profile: &AccountProfile,
        ticket: Ticket,
        code: MailedCodeText,
        password: PasswordText,
    ) -> SealedRequestResult<VerifySignUpCode> {
        self.signed_and_sealed(profile, |device, answer_key| VerifySignUpCode {
            ticket,
            device,
            code,
            password,
            answer_key,
        })
    }

    /// Makes the last request of a sign-up: the first code of that second factor. The answer has the recovery codes,
    /// which are not kept.
    ///
    /// # Errors
    /// [`Error::PaymentsLocked`] if a payment lock is set and closed: the session is stored under it. [`Error::OwnFactor`]
    /// if the new second factor is among the one-time passwords: remove it there, and
    /// [keep it](Self::keep_factor) with the recovery codes in the answer. Those of the keystore.
    pub fn finish_sign_up(
        &self,
        profile: &AccountProfile,
        ticket: Ticket,
        totp: TotpText,
    ) -> SealedRequestResult<FinishSignUp> {
        self.0.expect_open_lock()?;
        self.0.expect_no_stored_factor(profile)?;
        self.signed_and_sealed(profile, |device, answer_key| FinishSignUp {
            ticket,
            device,
            totp,
            answer_key,
        })
    }

    /// Logs in. The answer says whether a second factor has to be enrolled before anything else, since a recovery code
    /// stood in for one.
    ///
    /// ```
    /// use tegata::protocol::{PasswordText, SIGNATURE_HEADER, Response};
    /// use tegata::{AccountProfile, Wallet};
    ///
    /// # use std::sync::Arc;
    /// # use tegata::vault::{Argon2Params, SoftwareKeystore};
    /// # use tegata::{Device, SystemClock, SystemRandom};
    /// # let folder = tempfile::tempdir()?;
    /// # let (random, key) = (Arc::new(SystemRandom::new()), folder.path().join("key"));
    /// # let cheap = Argon2Params::new(8, 1, 1)?;
    /// # let keystore = Arc::new(SoftwareKeystore::create(&key, b"passphrase", cheap, random.clone())?);
    /// # let device = Device { keystore, anchor: None, clock: Arc::new(SystemClock), random };
    /// # let mut wallet = Wallet::create(&folder.path().join("wallet"), &device)?;
    /// # let profile = AccountProfile {
    /// #     handle: "hanako@example.org".parse()?,
    /// #     issuer: "https://pay.example.org".parse()?,
    /// #     device_name: "Hanako's phone".to_owned().try_into()?,
    /// # };
    /// let password = PasswordText::new("four quiet herons")?;
    /// let request = wallet.account().log_in(&profile, password, None)?;
    ///
    /// // The host posts this, to the issuer and nowhere else …
    /// let url = format!("{}{}", request.issuer(), request.envelope().path());
    /// assert_eq!(url, "https://pay.example.org/v1/log-ins");
    /// let headers = [(SIGNATURE_HEADER, request.envelope().signature())];
    /// let body = request.envelope().body();
    /// # assert!(headers[0].1.is_some() && !body.is_empty());
    ///
    /// // … and hands the response back, which is sealed to a key in the request.
    /// # let message: serde_json::Value = serde_json::from_slice(body)?;
    /// # let key = serde_json::from_value(message["answer_key"].clone())?;
    /// # let recipient = tegata::protocol::AnswerRecipient::new(&key, body).unwrap();
    /// # let result = serde_json::json!({"session": "m3QxZk0v-9w", "must_enrol": false});
    /// # let body = serde_json::to_vec(&recipient.seal(&result, &SystemRandom::new())?)?;
    /// let response = Response { status: 200, body, retry_after: None, challenge: None };
    /// let must_enrol = wallet.account().complete(&request, &response)?;
    /// assert!(!must_enrol);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::PaymentsLocked`] if a payment lock is set and closed: open it, or [drop it](crate::Payments::remove_all).
    /// [`Error::OwnFactor`] if the account is new here and its second factor is among the one-time passwords: move it to
    /// another device and remove it here. Those of the keystore.
    pub fn log_in(
        &self,
        profile: &AccountProfile,
        password: PasswordText,
        second_factor: Option<SecondFactor>,
    ) -> SealedRequestResult<LogIn> {
        self.log_in_request(profile, password, second_factor, None)
    }

    /// Requests a code by mail to log in with, after the issuer answered that one is needed. The answer has a ticket for
    /// [`log_in_with_code`](Self::log_in_with_code).
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn request_log_in_code(&self, profile: &AccountProfile) -> RequestResult<RequestLogInCode> {
        let handle = profile.handle.clone();
        self.signed(profile, |device| RequestLogInCode { handle, device })
    }

    /// Logs in with a code that was mailed for this device. The code counts for five passwords.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn log_in_with_code(
        &self,
        profile: &AccountProfile,
        password: PasswordText,
        second_factor: Option<SecondFactor>,
        code: LogInCode,
    ) -> SealedRequestResult<LogIn> {
        self.log_in_request(profile, password, second_factor, Some(code))
    }

    fn log_in_request(
        &self,
        profile: &AccountProfile,
        password: PasswordText,
        second_factor: Option<SecondFactor>,
        mailed_code: Option<LogInCode>,
    ) -> SealedRequestResult<LogIn> {
        self.0.expect_open_lock()?;
        self.0.expect_no_stored_factor(profile)?;
        let handle = profile.handle.clone();
        let device_name = profile.device_name.clone();
        self.signed_and_sealed(profile, |device, answer_key| LogIn {
            handle,
            password,
            second_factor,
            mailed_code,
            device,
            device_name,
            answer_key,
        })
    }

    /// Makes the first request of a reset of the password: a code is mailed to the verified address. With one of the
    /// recovery codes, which is not used up by it, however many others asked for the address.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn begin_password_reset(
        &self,
        profile: &AccountProfile,
        recovery_code: Option<RecoveryCode>,
    ) -> RequestResult<BeginPasswordReset> {
        let handle = profile.handle.clone();
        let device_name = profile.device_name.clone();
        self.signed(profile, |device| BeginPasswordReset {
            handle,
            device,
            device_name,
            recovery_code,
        })
    }

    /// Makes the second request of a reset: the mailed code and a second factor.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn verify_password_reset(
        &self,
        profile: &AccountProfile,
        ticket: Ticket,
        code: MailedCodeText,
        second_factor: SecondFactor,
    ) -> RequestResult<VerifyPasswordReset> {
        self.signed(profile, |device| VerifyPasswordReset { ticket, device, code, second_factor })
    }

    /// Makes the last request of a reset: the new password. All sessions end with it, also that of this wallet.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn finish_password_reset(
        &self,
        profile: &AccountProfile,
        ticket: Ticket,
        password: PasswordText,
    ) -> RequestResult<FinishPasswordReset> {
        let mut request =
            self.signed(profile, |device| FinishPasswordReset { ticket, device, password })?;
        request.out.then = FollowUp::DiscardSession;
        Ok(request)
    }

    /// Makes a request in the session of this wallet, signed by its device: a token alone does little. Where a payment lock
    /// is set, somebody has to hold a token of it.
    ///
    /// # Errors
    /// [`Error::PaymentsLocked`], [`Error::NotLoggedIn`], [`Error::Corrupt`], [`Error::Failed`]; those of the keystore.
    pub fn session_request<C: SessionCall>(&self, call: &C) -> RequestResult<C> {
        let written = Request::written(call).map_err(request_error)?;
        let mut out = self.outgoing_in_session(written.into(), call.ends())?;
        let freshness = self.freshness(&out.profile.issuer)?;
        let signed = out.envelope.signed_for_session(self.0.vault.keystore(), freshness);
        out.envelope = signed.map_err(request_error)?;
        Ok(PendingRequest::new(out))
    }

    /// Makes the request that confirms a new address by the code mailed to it. The wallet uses that address then.
    ///
    /// # Errors
    /// As of [`session_request`](Self::session_request); [`Error::OwnFactor`] if a one-time password names the new address.
    pub fn confirm_address_change(
        &self,
        to: Handle,
        code: MailedCodeText,
    ) -> RequestResult<ConfirmAddressChange> {
        let mut request = self.session_request(&ConfirmAddressChange { code })?;
        request.out.profile.handle = to;
        self.0.expect_no_stored_factor(&request.out.profile)?;
        request.out.then = FollowUp::UpdateAddress;
        Ok(request)
    }

    /// Computes the value of a second factor that the issuer made, by the device's clock: the first value of an enrolment is
    /// needed before the recovery codes are shown, and the factor is kept after they were typed back.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no second factor.
    pub fn factor_value(&self, uri: &SecretText) -> Result<TotpText, Error> {
        let invalid = |error: &dyn std::fmt::Display| Error::Invalid(error.to_string());
        let code = parse_factor(uri)?.code(self.0.clock.now()).map_err(|error| invalid(&error))?;
        TotpText::new(code.digits()).map_err(|error| invalid(&error))
    }

    /// Stores a second factor that the issuer made for this account, as it came in an answer or from an authenticator: under
    /// the payment lock, or in memory where there is none. No transfer and no export carries it. Recovery codes have to be
    /// typed back before, since ten wrong PINs cost the factor.
    ///
    /// # Errors
    /// [`Error::PaymentsLocked`], [`Error::Invalid`] for what is no second factor, [`Error::Failed`].
    pub fn keep_factor(
        &mut self,
        uri: &SecretText,
        _: &ConfirmedRecoveryCodes,
    ) -> Result<RecordId, Error> {
        self.0.keep_own_factor(&parse_factor(uri)?)
    }

    /// Makes a request that is authorised by the code of a notice instead of a session. All sessions end with it, also
    /// that of this wallet.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn notice_request<C: Call>(&self, profile: &AccountProfile, call: &C) -> RequestResult<C> {
        let envelope = Request::written(call).map_err(request_error)?.into();
        Ok(PendingRequest::new(OutgoingRequest {
            profile: profile.clone(),
            envelope,
            session: None,
            then: FollowUp::DiscardSession,
            answer_key: None,
            is_signed_again: false,
        }))
    }

    pub(super) fn signed<C: Call + DeviceSigned>(
        &self,
        profile: &AccountProfile,
        call: impl FnOnce(DeviceKey) -> C,
    ) -> RequestResult<C> {
        let out = self.outgoing_signed(profile, &call(self.device_key()?))?;
        Ok(PendingRequest::new(out))
    }

    /// Makes a request whose answer is sealed to a key that is made for it.
    fn signed_and_sealed<C: SealedCall + DeviceSigned>(
        &self,
        profile: &AccountProfile,
        call: impl FnOnce(DeviceKey, X25519Key) -> C,
    ) -> SealedRequestResult<C> {
        let key = AnswerKey::make(&*self.0.random).map_err(VaultError::from)?;
        let call = call(self.device_key()?, key.public());
        let out = self.outgoing_signed(profile, &call)?;
        Ok(PendingRequest::new(OutgoingRequest { answer_key: Some(key), ..out }))
    }

    fn outgoing_signed<C: Call + DeviceSigned>(
        &self,
        profile: &AccountProfile,
        call: &C,
    ) -> Result<OutgoingRequest, Error> {
        let freshness = self.freshness(&profile.issuer)?;
        let request = Request::signed(call, self.0.vault.keystore(), freshness);
        let request = request.map_err(request_error)?;
        Ok(OutgoingRequest {
            profile: profile.clone(),
            envelope: request.into(),
            session: None,
            then: FollowUp::Nothing,
            answer_key: None,
            is_signed_again: false,
        })
    }
}

fn parse_factor(uri: &SecretText) -> Result<OtpCredential, Error> {
    let factor = otpauth::parse(uri.expose().as_bytes());
    factor.map_err(|error| Error::Invalid(error.to_string()))
}

pub(super) fn request_error(error: IssuerError) -> Error {
    match error {
        IssuerError::Problem(problem) => Error::Issuer(problem),
        IssuerError::Keystore(error) => VaultError::from(error).into(),
        other @ IssuerError::Encoding => Error::Failed(other.to_string()),
    }
}
