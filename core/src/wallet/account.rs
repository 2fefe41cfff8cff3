//! The room of the shopper's account at an issuer. Nothing in it sends anything: it makes requests for the host to carry,
//! and keeps what their answers give.

use super::{Error, IssuerAddress, Wallet};
use crate::SecretBytes;
use crate::account::Handle;
use crate::account::messages::{
    ByDevice, Call, DeviceKey, DeviceName, InSession, IssuerError, Language, LogIn, LoggedIn,
    MailedCodeText, PasswordText, RecoveryCode, Request, Reset, ResetFinish, ResetProof,
    SecondFactor, SessionToken, SignUp, SignUpCode, SignUpFactor, SignedUp, Ticket, TotpText,
};
use crate::vault::{Account, RecordId, Transaction, VaultError};

/// The shopper's account. A wallet has one at most; the device's key signs for it.
#[derive(Debug)]
pub struct OwnAccount<'w>(pub(super) &'w mut Wallet);

/// Whose account, at which issuer, and what this device is called there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountAt {
    /// The address that the shopper logs in with.
    pub handle: Handle,
    /// Where the issuer is reached.
    pub issuer: IssuerAddress,
    /// What the issuer's mails call this device.
    pub device_name: DeviceName,
}

/// What the wallet knows of the account: all but what proves the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAccount {
    /// Whose and where.
    pub at: AccountAt,
    /// Whether a session is kept. Whether the issuer still takes it, the issuer knows.
    pub logged_in: bool,
}

type Asked<C> = Result<Request<C>, Error>;

impl<'w> OwnAccount<'w> {
    pub(super) fn new(wallet: &'w mut Wallet) -> Self {
        Self(wallet)
    }

    /// The account, if this device has signed up or logged in before.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn get(&self) -> Result<Option<KnownAccount>, Error> {
        let kept = self.kept()?;
        kept.map(|kept| Ok(KnownAccount { at: at(&kept)?, logged_in: kept.session.is_some() }))
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

    /// The first request of a sign-up: a code is mailed.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn sign_up(&self, at: &AccountAt, language: Language) -> Asked<SignUp> {
        let (address, device_name) = (at.handle.clone(), at.device_name.clone());
        self.signed(|device| SignUp { address, language, device, device_name })
    }

    /// The second: the mailed code, and the password to be. The answer has a second factor's secret.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn sign_up_code(
        &self,
        ticket: Ticket,
        code: MailedCodeText,
        password: PasswordText,
    ) -> Asked<SignUpCode> {
        self.signed(|device| SignUpCode { ticket, device, code, password })
    }

    /// The third: the first value of that second factor. Keep the answer with [`signed_up`](Self::signed_up).
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn sign_up_factor(&self, ticket: Ticket, totp: TotpText) -> Asked<SignUpFactor> {
        self.signed(|device| SignUpFactor { ticket, device, totp })
    }

    /// Keeps the account and its session, durably, and hands out the recovery codes: they are not kept, and shown once.
    ///
    /// # Errors
    /// [`Error::Failed`]: then the account is there at the issuer, and logging in keeps it here.
    pub fn signed_up(
        &mut self,
        at: &AccountAt,
        answer: SignedUp,
    ) -> Result<Vec<RecoveryCode>, Error> {
        self.keep(at, &answer.session)?;
        Ok(answer.recovery_codes)
    }

    /// Logs in. Keep the answer with [`logged_in`](Self::logged_in).
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn log_in(
        &self,
        at: &AccountAt,
        password: PasswordText,
        second_factor: Option<SecondFactor>,
    ) -> Asked<LogIn> {
        let (handle, device_name) = (at.handle.clone(), at.device_name.clone());
        self.signed(|device| LogIn { handle, password, second_factor, device, device_name })
    }

    /// Keeps the session, durably, in the place of the one before. Tells whether a second factor has to be enrolled
    /// before anything else, since a recovery code stood in for one.
    ///
    /// # Errors
    /// [`Error::Failed`]: then log in again.
    pub fn logged_in(&mut self, at: &AccountAt, answer: &LoggedIn) -> Result<bool, Error> {
        self.keep(at, &answer.session)?;
        Ok(answer.must_enrol)
    }

    /// The first request of a reset of the password: a code is mailed to the address that was verified.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn reset(&self, at: &AccountAt) -> Asked<Reset> {
        let (handle, device_name) = (at.handle.clone(), at.device_name.clone());
        self.signed(|device| Reset { handle, device, device_name })
    }

    /// The second: the mailed code and a second factor.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn reset_proof(
        &self,
        ticket: Ticket,
        code: MailedCodeText,
        second_factor: SecondFactor,
    ) -> Asked<ResetProof> {
        self.signed(|device| ResetProof { ticket, device, code, second_factor })
    }

    /// The third: the new password. Sessions end with it: [`end_session`](Self::end_session) once it is answered, and
    /// log in.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn reset_finish(&self, ticket: Ticket, password: PasswordText) -> Asked<ResetFinish> {
        self.signed(|device| ResetFinish { ticket, device, password })
    }

    /// A request in the session that is kept, with the one address that it may be sent to: the session is worth nothing
    /// elsewhere, and must not get there.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`], [`Error::Corrupt`], [`Error::Failed`].
    pub fn in_session<C: InSession>(&self, call: &C) -> Result<(IssuerAddress, Request<C>), Error> {
        let kept = self.kept()?.ok_or(Error::NotLoggedIn)?;
        let request = Request::of_session(call, session_of(&kept)?).map_err(not_asked)?;
        Ok((at(&kept)?.issuer, request))
    }

    /// Drops the session; whose account it was stays. Does nothing if there is none.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn end_session(&mut self) -> Result<(), Error> {
        self.0.vault.transaction(|tx| match only(tx)? {
            Some((id, kept)) if kept.session.is_some() => {
                Ok(tx.put(&id, &Account { session: None, ..kept })?)
            }
            _ => Ok(()),
        })
    }

    fn signed<C: Call + ByDevice>(&self, call: impl FnOnce(DeviceKey) -> C) -> Asked<C> {
        let call = call(self.device_key()?);
        Request::signed(&call, self.0.vault.keystore()).map_err(not_asked)
    }

    fn kept(&self) -> Result<Option<Account>, Error> {
        Ok(self.0.vault.list::<Account>()?.pop().map(|(_, kept)| kept))
    }

    fn keep(&mut self, at: &AccountAt, session: &SessionToken) -> Result<(), Error> {
        let account = Account {
            handle: at.handle.address().to_owned(),
            issuer_address: at.issuer.to_string(),
            device_name: at.device_name.clone().into(),
            session: Some(SecretBytes::new(session.expose().as_bytes())),
        };
        self.0.vault.transaction(|tx| match only(tx)? {
            Some((id, _)) => Ok(tx.put(&id, &account)?),
            None => Ok(tx.add(&account).map(|_| ())?),
        })
    }
}

fn only(tx: &Transaction<'_>) -> Result<Option<(RecordId, Account)>, Error> {
    Ok(tx.list::<Account>()?.pop())
}

pub(super) fn session_of(kept: &Account) -> Result<SessionToken, Error> {
    let session = kept.session.as_ref().ok_or(Error::NotLoggedIn)?;
    let session = std::str::from_utf8(session.expose()).map_err(|_| Error::Corrupt)?;
    SessionToken::new(session).map_err(|_| Error::Corrupt)
}

pub(super) fn at(kept: &Account) -> Result<AccountAt, Error> {
    Ok(AccountAt {
        handle: kept.handle.parse().map_err(|_| Error::Corrupt)?,
        issuer: kept.issuer_address.parse().map_err(|_| Error::Corrupt)?,
        device_name: kept.device_name.clone().try_into().map_err(|_| Error::Corrupt)?,
    })
}

pub(super) fn not_asked(error: IssuerError) -> Error {
    match error {
        IssuerError::Keystore(error) => VaultError::from(error).into(),
        other => Error::Failed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::account::messages::{LogOut, Overview, is_signed};
    use crate::vault::{SoftwareKeystore, Stretch};
    use crate::{Device, SystemClock, SystemRandom};

    struct Phone {
        folder: tempfile::TempDir,
        device: Device,
    }

    impl Phone {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let (cheap, random) = (Stretch::new(8, 1, 1).unwrap(), Arc::new(SystemRandom::new()));
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

    fn hanako(issuer: &str) -> AccountAt {
        AccountAt {
            handle: "hanako@example.org".parse().unwrap(),
            issuer: issuer.parse().unwrap(),
            device_name: "Hanako's phone".to_owned().try_into().unwrap(),
        }
    }

    fn session(token: &str) -> LoggedIn {
        LoggedIn { session: SessionToken::new(token).unwrap(), must_enrol: false }
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
                let request = $request.unwrap();
                let signature = request.signature().unwrap();
                assert!(is_signed(&key, $purpose, request.body(), signature), $purpose);
                assert!(request.session().is_none());
            )*};
        }
        signed! {
            account.sign_up(&at, Language::Ja), "sign-up";
            account.sign_up_code(ticket(), code.clone(), password.clone()), "sign-up-code";
            account.sign_up_factor(ticket(), totp), "sign-up-factor";
            account.log_in(&at, password.clone(), Some(factor.clone())), "log-in";
            account.reset(&at), "reset";
            account.reset_proof(ticket(), code, factor), "reset-proof";
            account.reset_finish(ticket(), password), "reset-finish";
        }
    }

    #[test]
    fn a_session_is_kept_across_a_restart_and_goes_to_its_issuer_alone() {
        let phone = Phone::new();
        let mut wallet = phone.open();
        assert_eq!(wallet.account().get().unwrap(), None);
        assert_eq!(wallet.account().in_session(&Overview {}).unwrap_err(), Error::NotLoggedIn);
        let codes = vec![RecoveryCode::parse("000G-40R4-0M30-FZQZ").unwrap()];
        let token = SessionToken::new("CANARY-token").unwrap();
        let answer = SignedUp { session: token, recovery_codes: codes };
        let shown = wallet.account().signed_up(&hanako(HERE), answer).unwrap();
        assert_eq!(shown[0].text().expose(), "000G-40R4-0M30-FZQZ");
        assert!(!format!("{wallet:?} {:?}", wallet.account().get()).contains("CANARY"));
        wallet.close().unwrap();

        let mut wallet = phone.open();
        let known = wallet.account().get().unwrap().unwrap();
        assert_eq!((&known.at, known.logged_in), (&hanako(HERE), true));
        let (to, request) = wallet.account().in_session(&Overview {}).unwrap();
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
        assert!(!wallet.account().logged_in(&hanako(HERE), &session("first")).unwrap());
        assert!(!wallet.account().logged_in(&elsewhere, &session("second")).unwrap());
        let (to, request) = wallet.account().in_session(&LogOut {}).unwrap();
        assert_eq!(to, elsewhere.issuer);
        assert_eq!(request.session().unwrap().expose(), "second");
        assert_eq!(wallet.len(), 1);

        wallet.account().end_session().unwrap();
        wallet.account().end_session().unwrap();
        assert_eq!(wallet.account().in_session(&LogOut {}).unwrap_err(), Error::NotLoggedIn);
        let known = wallet.account().get().unwrap().unwrap();
        assert_eq!((known.at, known.logged_in), (elsewhere, false), "whose it was stays");
    }
}
