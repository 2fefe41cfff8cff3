//! The room of the shopper's account at an issuer. Nothing in it sends anything: it makes requests for the host to carry,
//! and keeps what their answers give.

use super::request::{FollowUp, OutgoingRequest, PendingRequest, SplitSession};
use super::{Error, IssuerAddress, Wallet};
use crate::SecretBytes;
use crate::protocol::{
    BeginPasswordReset, BeginSignUp, Call, ConfirmAddressChange, DeviceKey, DeviceName,
    DeviceSigned, EndedSessions, Envelope, FinishPasswordReset, FinishSignUp, IssuerError,
    IssuerProblem, Language, LogIn, MailedCodeText, PasswordText, Request, Response, SecondFactor,
    SessionCall, SessionToken, Ticket, TotpText, VerifyPasswordReset, VerifySignUpCode,
};
use crate::protocol::{Handle, Refusal};
use crate::vault::{AccountRecord, RecordId, Transaction, VaultError};

/// The shopper's account. A wallet has one at most; the device's key signs for it.
#[derive(Debug)]
pub struct Account<'w>(pub(super) &'w mut Wallet);

/// Whose account, at which issuer, and what this device is called there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProfile {
    /// The address that the shopper logs in with.
    pub handle: Handle,
    /// Where the issuer is reached.
    pub issuer: IssuerAddress,
    /// What the issuer's mails call this device.
    pub device_name: DeviceName,
}

/// What the wallet knows of the account: all but what proves the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountStatus {
    /// Whose and where.
    pub profile: AccountProfile,
    /// Whether a session is kept. Whether the issuer still takes it, the issuer knows.
    pub logged_in: bool,
}

pub(super) type RequestResult<C> = Result<PendingRequest<<C as Call>::Answer>, Error>;

impl<'w> Account<'w> {
    pub(super) fn new(wallet: &'w mut Wallet) -> Self {
        Self(wallet)
    }

    /// The account, if this device has signed up or logged in before.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn get(&self) -> Result<Option<AccountStatus>, Error> {
        let kept = self.record()?;
        kept.map(|kept| {
            Ok(AccountStatus { profile: profile_of(&kept)?, logged_in: kept.session.is_some() })
        })
        .transpose()
    }

    /// What signs for the account: the key of the device's keystore.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn device_key(&self) -> Result<DeviceKey, Error> {
        let key = self.0.vault.keystore().public_key();
        Ok(DeviceKey(key.map_err(VaultError::from)?))
    }

    /// The first request of a sign-up: a code is mailed. The answer has a ticket for what follows.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn begin_sign_up(
        &self,
        profile: &AccountProfile,
        language: Language,
    ) -> RequestResult<BeginSignUp> {
        let (address, device_name) = (profile.handle.clone(), profile.device_name.clone());
        self.signed(profile, |device| BeginSignUp { address, language, device, device_name })
    }

    /// The second: the mailed code, and the password to be. The answer has a second factor's secret.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn verify_sign_up_code(
        &self,
        profile: &AccountProfile,
        ticket: Ticket,
        code: MailedCodeText,
        password: PasswordText,
    ) -> RequestResult<VerifySignUpCode> {
        self.signed(profile, |device| VerifySignUpCode { ticket, device, code, password })
    }

    /// The third: the first value of that second factor. The answer has the recovery codes, which are not kept.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn finish_sign_up(
        &self,
        profile: &AccountProfile,
        ticket: Ticket,
        totp: TotpText,
    ) -> RequestResult<FinishSignUp> {
        self.signed(profile, |device| FinishSignUp { ticket, device, totp })
    }

    /// Logs in. The answer tells whether a second factor has to be enrolled before anything else, since a recovery code
    /// stood in for one.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn log_in(
        &self,
        profile: &AccountProfile,
        password: PasswordText,
        second_factor: Option<SecondFactor>,
    ) -> RequestResult<LogIn> {
        let (handle, device_name) = (profile.handle.clone(), profile.device_name.clone());
        self.signed(profile, |device| LogIn {
            handle,
            password,
            second_factor,
            device,
            device_name,
        })
    }

    /// The first request of a reset of the password: a code is mailed to the address that was verified.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn begin_password_reset(
        &self,
        profile: &AccountProfile,
    ) -> RequestResult<BeginPasswordReset> {
        let (handle, device_name) = (profile.handle.clone(), profile.device_name.clone());
        self.signed(profile, |device| BeginPasswordReset { handle, device, device_name })
    }

    /// The second: the mailed code and a second factor.
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

    /// The third: the new password. Sessions end with it, that of this wallet, too.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn finish_password_reset(
        &self,
        profile: &AccountProfile,
        ticket: Ticket,
        password: PasswordText,
    ) -> RequestResult<FinishPasswordReset> {
        let mut asked =
            self.signed(profile, |device| FinishPasswordReset { ticket, device, password })?;
        asked.out.then = FollowUp::DiscardSession;
        Ok(asked)
    }

    /// A request in the session that is kept.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`], [`Error::Corrupt`], [`Error::Failed`]; those of the keystore if it forgets a device.
    pub fn session_request<C: SessionCall>(&self, call: &C) -> RequestResult<C> {
        let written = Request::written(call).map_err(request_error)?;
        self.outgoing_in_session(written.into(), call.ends()).map(PendingRequest::new)
    }

    /// The code mailed to the new address, in the session that is kept. The wallet goes by that address then.
    ///
    /// # Errors
    /// As of [`in_session`](Self::session_request).
    pub fn confirm_address_change(
        &self,
        to: Handle,
        code: MailedCodeText,
    ) -> RequestResult<ConfirmAddressChange> {
        let mut asked = self.session_request(&ConfirmAddressChange { code })?;
        asked.out.profile.handle = to;
        asked.out.then = FollowUp::UpdateAddress;
        Ok(asked)
    }

    /// A request that proves itself, as by the code of a notice. Sessions end with it, that of this wallet, too.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn notice_request<C: Call>(&self, profile: &AccountProfile, call: &C) -> RequestResult<C> {
        let envelope = Request::written(call).map_err(request_error)?.into();
        Ok(PendingRequest::new(OutgoingRequest {
            profile: profile.clone(),
            envelope,
            then: FollowUp::DiscardSession,
        }))
    }

    /// Takes the response: keeps the session that it brings, durably, in the place of the one before, drops the one that
    /// counts no longer, and gives the rest.
    ///
    /// # Errors
    /// [`Error::Issuer`] if the issuer did not do it; [`Error::NotLoggedIn`] if it knows the session no more, which is
    /// dropped then; [`Error::Failed`] if it was done there and could not be kept here: then log in again.
    pub fn complete<A: SplitSession>(
        &mut self,
        asked: &PendingRequest<A>,
        response: &Response,
    ) -> Result<A::Rest, Error> {
        let body = self.successful_body(&asked.out, response)?;
        let answer: A = serde_json::from_slice(body)
            .map_err(|_| Error::Issuer(IssuerProblem::UnreadableAnswer))?;
        let (session, rest) = answer.split_session();
        self.follow_up(&asked.out, session)?;
        Ok(rest)
    }

    /// Drops the session; whose account it was stays. Does nothing if there is none.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn discard_session(&mut self) -> Result<(), Error> {
        self.0.vault.transaction(|tx| match only(tx)? {
            Some((id, kept)) if kept.session.is_some() => {
                Ok(tx.put(&id, &AccountRecord { session: None, ..kept })?)
            }
            _ => Ok(()),
        })
    }

    fn signed<C: Call + DeviceSigned>(
        &self,
        profile: &AccountProfile,
        call: impl FnOnce(DeviceKey) -> C,
    ) -> RequestResult<C> {
        let call = call(self.device_key()?);
        let request = Request::signed(&call, self.0.vault.keystore()).map_err(request_error)?;
        Ok(PendingRequest::new(OutgoingRequest {
            profile: profile.clone(),
            envelope: request.into(),
            then: FollowUp::Nothing,
        }))
    }

    // What follows is not generic: each of the two dozen calls would have it once more in the library.

    pub(super) fn outgoing_in_session(
        &self,
        envelope: Envelope,
        ends: EndedSessions,
    ) -> Result<OutgoingRequest, Error> {
        let kept = self.record()?.ok_or(Error::NotLoggedIn)?;
        let session = session_of(&kept)?;
        let ends = match ends {
            EndedSessions::Nothing => false,
            EndedSessions::ThisSession => true,
            EndedSessions::SessionsOf(device) => self.device_key()?.id() == device,
        };
        let then = if ends { FollowUp::DiscardSession } else { FollowUp::Nothing };
        Ok(OutgoingRequest {
            profile: profile_of(&kept)?,
            envelope: envelope.in_session(session),
            then,
        })
    }

    pub(super) fn successful_body<'r>(
        &mut self,
        out: &OutgoingRequest,
        response: &'r Response,
    ) -> Result<&'r [u8], Error> {
        match response.done() {
            Ok(body) => Ok(body),
            Err(IssuerProblem::Refused(Refusal::NotLoggedIn)) => {
                self.discard_session_of(out)?;
                Err(Error::NotLoggedIn)
            }
            Err(why) => Err(Error::Issuer(why)),
        }
    }

    fn follow_up(
        &mut self,
        out: &OutgoingRequest,
        session: Option<SessionToken>,
    ) -> Result<(), Error> {
        if let Some(session) = session {
            self.store_session(&out.profile, &session)?;
        }
        match out.then {
            FollowUp::Nothing => Ok(()),
            FollowUp::DiscardSession => self.discard_session_of(out),
            FollowUp::UpdateAddress => self.update_address(out.profile.handle.address()),
        }
    }

    /// A log-in may have come between the request and its answer: the session that it brought stays.
    fn discard_session_of(&mut self, out: &OutgoingRequest) -> Result<(), Error> {
        let Some(kept) = self.record()? else { return Ok(()) };
        let is_its = if let (Some(sent), Some(kept)) = (out.envelope.session(), &kept.session) {
            sent.expose().as_bytes() == kept.expose()
        } else {
            let AccountProfile { handle, issuer, .. } = &out.profile;
            kept.handle == handle.address() && kept.issuer_address == issuer.as_str()
        };
        if is_its { self.discard_session() } else { Ok(()) }
    }

    fn update_address(&mut self, address: &str) -> Result<(), Error> {
        self.0.vault.transaction(|tx| match only(tx)? {
            Some((id, kept)) => {
                Ok(tx.put(&id, &AccountRecord { handle: address.to_owned(), ..kept })?)
            }
            None => Ok(()),
        })
    }

    pub(super) fn record(&self) -> Result<Option<AccountRecord>, Error> {
        Ok(self.0.vault.list::<AccountRecord>()?.pop().map(|(_, kept)| kept))
    }

    fn store_session(
        &mut self,
        profile: &AccountProfile,
        session: &SessionToken,
    ) -> Result<(), Error> {
        let account = AccountRecord {
            handle: profile.handle.address().to_owned(),
            issuer_address: profile.issuer.to_string(),
            device_name: profile.device_name.clone().into(),
            session: Some(SecretBytes::new(session.expose().as_bytes())),
        };
        self.0.vault.transaction(|tx| match only(tx)? {
            Some((id, _)) => Ok(tx.put(&id, &account)?),
            None => Ok(tx.add(&account).map(|_| ())?),
        })
    }
}

fn only(tx: &Transaction<'_>) -> Result<Option<(RecordId, AccountRecord)>, Error> {
    Ok(tx.list::<AccountRecord>()?.pop())
}

fn session_of(kept: &AccountRecord) -> Result<SessionToken, Error> {
    let session = kept.session.as_ref().ok_or(Error::NotLoggedIn)?;
    let session = std::str::from_utf8(session.expose()).map_err(|_| Error::Corrupt)?;
    SessionToken::new(session).map_err(|_| Error::Corrupt)
}

pub(super) fn profile_of(kept: &AccountRecord) -> Result<AccountProfile, Error> {
    Ok(AccountProfile {
        handle: kept.handle.parse().map_err(|_| Error::Corrupt)?,
        issuer: kept.issuer_address.parse().map_err(|_| Error::Corrupt)?,
        device_name: kept.device_name.clone().try_into().map_err(|_| Error::Corrupt)?,
    })
}

pub(super) fn request_error(error: IssuerError) -> Error {
    match error {
        IssuerError::Problem(why) => Error::Issuer(why),
        IssuerError::Keystore(error) => VaultError::from(error).into(),
        other @ IssuerError::Encoding => Error::Failed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::protocol::{DeviceNumber, ForgetDevice, GetAccount, LogOut, PaymentPage, is_signed};
    use crate::vault::{Argon2Params, SoftwareKeystore};
    use crate::{Device, SystemClock, SystemRandom};

    struct Phone {
        folder: tempfile::TempDir,
        device: Device,
    }

    impl Phone {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let (cheap, random) =
                (Argon2Params::new(8, 1, 1).unwrap(), Arc::new(SystemRandom::new()));
            let path = folder.path().join("key");
            let keystore = SoftwareKeystore::create(&path, b"pass", cheap, random.clone()).unwrap();
            let (keystore, clock) = (Arc::new(keystore), Arc::new(SystemClock));
            Self { folder, device: Device { keystore, anchor: None, clock, random } }
        }

        fn open(&self) -> Wallet {
            let path = self.folder.path().join("wallet");
            let open = if path.exists() { Wallet::open } else { Wallet::create };
            open(&path, &self.device).unwrap()
        }
    }

    fn hanako(issuer: &str) -> AccountProfile {
        AccountProfile {
            handle: "hanako@example.org".parse().unwrap(),
            issuer: issuer.parse().unwrap(),
            device_name: "Hanako's phone".to_owned().try_into().unwrap(),
        }
    }

    fn answer(status: u16, body: &str) -> Response {
        Response { status, body: body.into(), retry_after: None }
    }

    fn no(name: &str) -> Response {
        answer(403, &format!(r#"{{"type":"urn:tegata:problem:{name}"}}"#))
    }

    /// Logs in; the issuer answers with this session.
    fn log_in(wallet: &mut Wallet, profile: &AccountProfile, token: &str) -> bool {
        let password = PasswordText::new("four quiet herons").unwrap();
        let asked = wallet.account().log_in(profile, password, None).unwrap();
        let says = format!(r#"{{"session":"{token}","must_enrol":false}}"#);
        wallet.account().complete(&asked, &answer(200, &says)).unwrap()
    }

    fn session(wallet: &mut Wallet) -> Option<String> {
        let asked = wallet.account().session_request(&GetAccount {}).ok()?;
        Some(asked.envelope().session().unwrap().expose().to_owned())
    }

    const HERE: &str = "http://127.0.0.1:8080";

    #[test]
    fn what_the_device_says_is_signed_by_its_key_for_that_purpose() {
        let (phone, at) = (Phone::new(), hanako(HERE));
        let mut wallet = phone.open();
        let account = wallet.account();
        let key = account.device_key().unwrap();
        let ticket = || Ticket::new("AQ").unwrap();
        let (code, totp) = (MailedCodeText::new("12345678"), TotpText::new("123456").unwrap());
        let (code, password) = (code.unwrap(), PasswordText::new("four quiet herons").unwrap());
        let factor = SecondFactor::Totp(totp.clone());
        macro_rules! signed {
            ($($request:expr, $purpose:literal;)*) => {$(
                let asked = $request.unwrap();
                let (to, request) = (asked.issuer(), asked.envelope());
                assert_eq!(to.as_str(), HERE);
                let signature = request.signature().unwrap();
                assert!(is_signed(&key, $purpose, request.body(), signature), $purpose);
                assert!(request.session().is_none());
            )*};
        }
        signed! {
            account.begin_sign_up(&at, Language::Ja), "sign-up";
            account.verify_sign_up_code(&at, ticket(), code.clone(), password.clone()), "sign-up-code";
            account.finish_sign_up(&at, ticket(), totp), "sign-up-factor";
            account.log_in(&at, password.clone(), Some(factor.clone())), "log-in";
            account.begin_password_reset(&at), "reset";
            account.verify_password_reset(&at, ticket(), code, factor), "reset-proof";
            account.finish_password_reset(&at, ticket(), password), "reset-finish";
        }
    }

    #[test]
    fn a_session_is_kept_across_a_restart_and_goes_to_its_issuer_alone() {
        let phone = Phone::new();
        let mut wallet = phone.open();
        assert_eq!(wallet.account().get().unwrap(), None);
        assert_eq!(
            wallet.account().session_request(&GetAccount {}).unwrap_err(),
            Error::NotLoggedIn
        );
        let (ticket, totp) = (Ticket::new("AQ").unwrap(), TotpText::new("123456").unwrap());
        let asked = wallet.account().finish_sign_up(&hanako(HERE), ticket, totp).unwrap();
        let says = r#"{"session":"CANARY-token","recovery_codes":["000G-40R4-0M30-FZQZ"]}"#;
        let shown = wallet.account().complete(&asked, &answer(200, says)).unwrap();
        assert_eq!(shown[0].text().expose(), "000G-40R4-0M30-FZQZ");
        assert!(!format!("{wallet:?} {:?}", wallet.account().get()).contains("CANARY"));
        wallet.close().unwrap();

        let mut wallet = phone.open();
        let known = wallet.account().get().unwrap().unwrap();
        assert_eq!((&known.profile, known.logged_in), (&hanako(HERE), true));
        let asked = wallet.account().session_request(&GetAccount {}).unwrap();
        let (to, request) = (asked.issuer(), asked.envelope());
        assert_eq!((to.as_str(), request.session().unwrap().expose()), (HERE, "CANARY-token"));
        assert!(request.signature().is_none());
        let file = std::fs::read(phone.folder.path().join("wallet")).unwrap();
        for clear in [&b"CANARY"[..], b"000G-40R4", b"hanako"] {
            assert!(!file.windows(clear.len()).any(|bytes| bytes == clear), "in clear");
        }
    }

    #[test]
    fn a_wallet_has_one_account_and_one_session() {
        let phone = Phone::new();
        let mut wallet = phone.open();
        let elsewhere = hanako("https://pay.example.org");
        assert!(!log_in(&mut wallet, &hanako(HERE), "first"));
        assert!(!log_in(&mut wallet, &elsewhere, "second"));
        let asked = wallet.account().session_request(&LogOut {}).unwrap();
        assert_eq!(asked.issuer(), &elsewhere.issuer);
        assert_eq!(asked.envelope().session().unwrap().expose(), "second");
        assert_eq!(wallet.len(), 1);

        wallet.account().discard_session().unwrap();
        wallet.account().discard_session().unwrap();
        assert_eq!(wallet.account().session_request(&LogOut {}).unwrap_err(), Error::NotLoggedIn);
        let known = wallet.account().get().unwrap().unwrap();
        assert_eq!((known.profile, known.logged_in), (elsewhere, false), "whose it was stays");
    }

    #[test]
    fn a_session_is_dropped_with_what_ends_it_and_with_nothing_else() {
        let (phone, at) = (Phone::new(), hanako(HERE));
        let mut wallet = phone.open();
        let own = wallet.account().device_key().unwrap().id();
        let other = DeviceKey([4; 65]).id();
        let (code, password) = (MailedCodeText::new("12345678").unwrap(), "nine loud magpies");
        macro_rules! after {
            ($(|$account:ident| $asked:expr => $kept:expr;)*) => {$(
                log_in(&mut wallet, &at, "one");
                let $account = wallet.account();
                let asked = $asked.unwrap();
                assert!(wallet.account().complete(&asked, &no("refused")).is_err());
                assert_eq!(session(&mut wallet).as_deref(), Some("one"), "{}", stringify!($asked));
                wallet.account().complete(&asked, &answer(200, "{}")).unwrap();
                assert_eq!(session(&mut wallet).is_some(), $kept, "{}", stringify!($asked));
            )*};
        }
        after! {
            |account| account.session_request(&LogOut {}) => false;
            |account| account.session_request(&ForgetDevice { device: DeviceNumber(own) }) => false;
            |account| account.session_request(&ForgetDevice { device: DeviceNumber(other) }) => true;
            |account| account.confirm_address_change("new@example.org".parse().unwrap(), code.clone()) => true;
            |account| account.finish_password_reset(&at, Ticket::new("AQ").unwrap(), PasswordText::new(password).unwrap()) => false;
            |account| account.notice_request(&at, &LogOut {}) => false;
            |account| account.notice_request(&hanako("https://pay.example.org"), &LogOut {}) => true;
        }
    }

    #[test]
    fn a_session_that_the_issuer_does_not_know_is_dropped_and_a_newer_one_is_not() {
        let (phone, at) = (Phone::new(), hanako(HERE));
        let mut wallet = phone.open();
        log_in(&mut wallet, &at, "old");
        let asked = wallet.account().session_request(&GetAccount {}).unwrap();
        let out = wallet.account().session_request(&LogOut {}).unwrap();
        log_in(&mut wallet, &at, "new");
        let unknown = no("not-logged-in");
        let failed = wallet.account().complete(&asked, &unknown).unwrap_err();
        assert_eq!(failed, Error::NotLoggedIn);
        wallet.account().complete(&out, &answer(200, "{}")).unwrap();
        assert_eq!(session(&mut wallet).as_deref(), Some("new"));
        let asked = wallet.account().session_request(&GetAccount {}).unwrap();
        assert_eq!(wallet.account().complete(&asked, &unknown).unwrap_err(), Error::NotLoggedIn);
        assert_eq!(session(&mut wallet), None);
    }

    #[test]
    fn payments_that_were_kept_are_shown_to_their_account_alone() {
        let phone = Phone::new();
        let mut wallet = phone.open();
        let page = |sale: &str| -> PaymentPage {
            let text = format!(
                r#"{{"payments":[{{"payment":"00000000000000000000000000000001","shop":"Ginza","reference":"{sale}",
                "amount":1980,"currency":"JPY","state":"paid","time":1800000000,"since":1800000001}}],
                "earlier":false,"decimals":0}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        assert_eq!(wallet.account().cache_payments(page("CANARY-1")), Err(Error::NotLoggedIn));
        let at = hanako(HERE);
        log_in(&mut wallet, &at, "one");
        assert_eq!(wallet.account().cached_payments().unwrap(), None);
        wallet.account().cache_payments(page("CANARY-1")).unwrap();
        let second = wallet.account().cache_payments(page("CANARY-2")).unwrap();
        assert_eq!((&second.profile, &second.page), (&at, &page("CANARY-2")));
        assert_eq!(wallet.len(), 2, "the account, and what was told last");
        drop(wallet);
        let mut wallet = phone.open();
        assert_eq!(wallet.account().cached_payments().unwrap(), Some(second.clone()));
        // Logged out, what she was shown is still hers; to somebody else it is nothing.
        wallet.account().discard_session().unwrap();
        assert_eq!(wallet.account().cached_payments().unwrap(), Some(second));
        log_in(&mut wallet, &hanako("https://pay.example.org"), "two");
        assert_eq!(wallet.account().cached_payments().unwrap(), None);
        let file = std::fs::read(phone.folder.path().join("wallet")).unwrap();
        assert!(!file.windows(6).any(|bytes| bytes == b"CANARY"), "in clear");
        let large = PaymentPage { payments: vec![page("x").payments[0].clone(); 400], ..page("x") };
        assert!(matches!(wallet.account().cache_payments(large), Err(Error::Invalid(_))));
    }

    #[test]
    fn the_wallet_goes_by_the_address_that_its_account_was_moved_to() {
        let phone = Phone::new();
        let mut wallet = phone.open();
        log_in(&mut wallet, &hanako(HERE), "one");
        let (to, code) = ("new@example.org".parse::<Handle>(), MailedCodeText::new("12345678"));
        let to = to.unwrap();
        let asked = wallet.account().confirm_address_change(to.clone(), code.unwrap()).unwrap();
        let known = |wallet: &mut Wallet| wallet.account().get().unwrap().unwrap();
        wallet.account().complete(&asked, &no("refused")).unwrap_err();
        assert_eq!(known(&mut wallet).profile, hanako(HERE));
        wallet.account().complete(&asked, &answer(200, "{}")).unwrap();
        let expected = AccountProfile { handle: to, ..hanako(HERE) };
        assert_eq!(known(&mut wallet), AccountStatus { profile: expected, logged_in: true });
    }

    #[test]
    fn each_answer_that_is_none_has_a_reason_that_an_app_can_act_on() {
        let (phone, at) = (Phone::new(), hanako(HERE));
        let mut wallet = phone.open();
        let asked = wallet.account().begin_password_reset(&at).unwrap();
        let mut why = |status, body: &str, retry_after| {
            let response = Response { retry_after, ..answer(status, body) };
            match wallet.account().complete(&asked, &response) {
                Err(Error::Issuer(why)) => why,
                other => panic!("{other:?}"),
            }
        };
        let mut named = |status, name: &str, retry_after| {
            why(status, &format!(r#"{{"type":"urn:tegata:problem:{name}"}}"#), retry_after)
        };
        for refusal in Refusal::ALL.into_iter().filter(|it| *it != Refusal::NotLoggedIn) {
            assert_eq!(named(403, refusal.name(), None), IssuerProblem::Refused(refusal));
        }
        assert_eq!(named(422, "weak-password", None), IssuerProblem::WeakPassword);
        assert_eq!(named(503, "stopped", None), IssuerProblem::Stopped);
        assert_eq!(named(503, "busy", Some(7)), IssuerProblem::Busy(7));
        assert_eq!(named(429, "too-many", Some(60)), IssuerProblem::Busy(60));
        assert_eq!(named(400, "malformed", None), IssuerProblem::Malformed);
        assert_eq!(named(500, "internal", None), IssuerProblem::InternalError);
        for (status, body) in
            [(200, ""), (200, "[]"), (200, r#"{"ticket":"?"}"#), (502, "<html>"), (503, "{}")]
        {
            assert_eq!(why(status, body, None), IssuerProblem::UnreadableAnswer, "{status} {body}");
        }
        assert_eq!(
            why(200, &" ".repeat(Response::LARGEST + 1), None),
            IssuerProblem::UnreadableAnswer
        );
    }
}
