//! Whoever holds the unlocked phone, and does not know the payment PIN: a core wallet against a running issuer.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;

use tegata::code::Audience;
use tegata::protocol::{
    ConfirmFactorEnrolment, FreezeAccount, GetAccount, IssuerProblem, Language, LogOut,
    PasswordText, RecoveryCode, Refusal, Response, SecondFactor, SessionCall, TotpText,
    VerifyFactor,
};
use tegata::vault::{
    AccountRecord, Argon2Params, OtpCredential, PaymentUnlock, RecordId, SoftwareKeystore,
    UnlockMethod, Vault,
};
use tegata::{
    AccountProfile, Device, Error, NextCode, PendingRequest, SplitSession, SystemRandom, Wallet,
};
use tegata_testkit::shopper::{NEW_PASSWORD, PASSWORD, code_in, device_name};
use tegata_testkit::{TestClock, TestIssuer};

tegata_testkit::on_both! {
    an_unlocked_phone_without_its_pin_gives_nothing,
    the_owner_goes_on_with_the_pin_and_starts_anew_without_it,
}

const HANAKO: &str = "hanako@example.org";
const PIN: &[u8] = b"739164";

/// The owner's phone, whose screen is unlocked: its keystore answers whoever holds it.
struct Phone<'a> {
    issuer: &'a TestIssuer,
    folder: tempfile::TempDir,
    keystore: Arc<SoftwareKeystore>,
    /// The record of the account's own factor, and that of the payment credential.
    factor: RecordId,
    payment: RecordId,
    /// What the owner wrote down.
    recovery: Vec<RecoveryCode>,
}

impl<'a> Phone<'a> {
    /// As the quick start sets it up: the PIN first, the factor kept here, a payment credential.
    fn set_up(issuer: &'a TestIssuer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let nothing = RecordId::new([1; 16]).unwrap();
        let keystore = issuer.device();
        let recovery = Vec::new();
        let mut phone =
            Self { issuer, folder, keystore, factor: nothing, payment: nothing, recovery };
        let mut wallet = Wallet::create(&phone.path(), &phone.device()).unwrap();
        let mut unlock = PaymentUnlock::without_lock();
        let cheap = Argon2Params::new(8, 1, 1).unwrap();
        wallet.payments().set_pin(&mut unlock, PIN, cheap).unwrap();

        let at = phone.profile();
        let request = wallet.account().begin_sign_up(&at, Language::En).unwrap();
        let ticket = phone.execute(&mut wallet, request).unwrap();
        let code = code_in(&issuer.mails(HANAKO, 1)[0].1);
        let password = PasswordText::new(PASSWORD).unwrap();
        let request = wallet.account().verify_sign_up_code(&at, ticket.clone(), code, password);
        let uri = phone.execute(&mut wallet, request.unwrap()).unwrap();
        let totp = wallet.account().factor_value(&uri).unwrap();
        let request = wallet.account().finish_sign_up(&at, ticket, totp).unwrap();
        let codes = phone.execute(&mut wallet, request).unwrap();
        phone.recovery = codes.to_vec();
        let written = codes.confirm(codes[9].text().expose()).unwrap();
        phone.factor = wallet.account().keep_factor(&uri, &written).unwrap();
        phone.payment = phone.provision(&mut wallet, &unlock).unwrap();
        wallet.close().unwrap();
        phone
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("wallet")
    }

    fn device(&self) -> Device {
        Device {
            keystore: self.keystore.clone(),
            anchor: None,
            clock: Arc::new(TestClock::at(self.issuer.now().seconds())),
            random: Arc::new(SystemRandom::new()),
        }
    }

    fn profile(&self) -> AccountProfile {
        AccountProfile {
            handle: HANAKO.parse().unwrap(),
            issuer: format!("http://{}", self.issuer.address()).parse().unwrap(),
            device_name: device_name(),
        }
    }

    fn open(&self) -> Wallet {
        Wallet::open(&self.path(), &self.device()).unwrap()
    }

    /// Sends a request, and once more if the issuer wants it signed again.
    fn send<A>(&self, wallet: &mut Wallet, request: &mut PendingRequest<A>) -> Response {
        let response = self.issuer.execute(request.envelope());
        if wallet.account().sign_again(request, &response).unwrap() {
            return self.issuer.execute(request.envelope());
        }
        response
    }

    fn execute<A: SplitSession>(
        &self,
        wallet: &mut Wallet,
        mut request: PendingRequest<A>,
    ) -> Result<A::Rest, Error> {
        let response = self.send(wallet, &mut request);
        wallet.account().complete(&request, &response)
    }

    fn call<C: SessionCall<Answer: SplitSession>>(
        &self,
        wallet: &mut Wallet,
        call: &C,
    ) -> Result<<C::Answer as SplitSession>::Rest, Error> {
        let request = wallet.account().session_request(call)?;
        self.execute(wallet, request)
    }

    fn provision(&self, wallet: &mut Wallet, unlock: &PaymentUnlock) -> Result<RecordId, Error> {
        let mut request = wallet.account().provision()?;
        let response = self.send(wallet, &mut request);
        wallet.account().complete_provision(unlock, "Tegata", &request, &response)
    }

    fn log_in(
        &self,
        wallet: &mut Wallet,
        password: &str,
        factor: Option<SecondFactor>,
    ) -> Result<bool, Error> {
        let password = PasswordText::new(password).unwrap();
        let request = wallet.account().log_in(&self.profile(), password, factor)?;
        self.execute(wallet, request)
    }

    /// Sends what goes out first.
    fn send_queued(&self, wallet: &mut Wallet) {
        let queued = wallet.account().queued_request().unwrap().unwrap();
        self.execute(wallet, queued).unwrap();
    }

    fn totp(&self, wallet: &mut Wallet) -> TotpText {
        TotpText::new(wallet.otp_credentials().code(&self.factor).unwrap().digits()).unwrap()
    }

    /// Everything that a thief asks of the wallet ends in this error.
    fn gives_nothing(&self, wallet: &mut Wallet, error: &Error) {
        let without = PaymentUnlock::without_lock();
        let totp = TotpText::new("123456").unwrap();
        let asked = [
            self.call(wallet, &GetAccount {}).map(drop),
            self.call(wallet, &FreezeAccount {}),
            self.call(wallet, &LogOut {}),
            self.call(wallet, &VerifyFactor { totp: totp.clone() }),
            self.call(wallet, &ConfirmFactorEnrolment { totp }),
            self.provision(wallet, &without).map(drop),
        ];
        assert!(asked.iter().all(|it| it.as_ref() == Err(error)), "{asked:?}");
        assert!(wallet.otp_credentials().list().unwrap().is_empty());
        assert!(wallet.otp_credentials().code(&self.factor).is_err());
        assert!(wallet.otp_credentials().reveal_uri(&self.factor).is_err());
        let request = wallet.transfer().request().unwrap();
        let number = request.number().unwrap();
        wallet.transfer().seal(&without, &request, number, &[self.factor]).unwrap_err();
        let code = wallet.payments().next_code(&without, &self.payment, Audience::AnyTill);
        assert!(!matches!(code, Ok(NextCode::Code(_) | NextCode::Wait(_))));
    }
}

fn refused(result: Result<impl std::fmt::Debug, Error>) -> Refusal {
    match result {
        Err(Error::Issuer(IssuerProblem::Refused(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

fn an_unlocked_phone_without_its_pin_gives_nothing(issuer: &TestIssuer) {
    let phone = Phone::set_up(issuer);
    let mut wallet = phone.open();
    let guess = wallet.payments().unlock(UnlockMethod::Pin(b"915283"));
    assert!(matches!(guess, Err(Error::WrongPin { tries_left: 9 })));
    phone.gives_nothing(&mut wallet, &Error::PaymentsLocked);
    // With a lock set, not even the right password begins a session.
    assert_eq!(phone.log_in(&mut wallet, PASSWORD, None), Err(Error::PaymentsLocked));
    wallet.close().unwrap();
    // Nor does what the device's key opens hold the session or the factor.
    let vault = Vault::open(&phone.path(), &phone.device()).unwrap();
    let accounts = vault.list::<AccountRecord>().unwrap();
    assert!(accounts.len() == 1 && accounts[0].1.session.is_none());
    assert!(vault.list::<OtpCredential>().unwrap().is_empty());
    vault.close().unwrap();

    // "PIN lost" asks for nothing, and leaves nothing.
    let mut wallet = phone.open();
    wallet.payments().remove_all().unwrap();
    phone.gives_nothing(&mut wallet, &Error::NotLoggedIn);
    assert!(wallet.payments().list().unwrap().is_empty());
    // Whoever knows the password as well is on a device that nobody knows.
    for password in [NEW_PASSWORD, PASSWORD] {
        let result = phone.log_in(&mut wallet, password, None);
        assert_eq!(refused(result), Refusal::InvalidCredentials);
    }
    let request = wallet.account().freeze_from_device().unwrap();
    assert_eq!(refused(phone.execute(&mut wallet, request)), Refusal::InvalidCredentials);
    // The owner, elsewhere, sees the session that nobody can use, until the first contact ends it.
    let mut owner = issuer.new_shopper(HANAKO);
    let recovery = SecondFactor::RecoveryCode(phone.recovery[0].clone());
    owner.session = Some(owner.try_log_in(PASSWORD, Some(recovery)).unwrap().session);
    assert_eq!(owner.view().unwrap().sessions.len(), 2);
    phone.send_queued(&mut wallet);
    assert_eq!(owner.view().unwrap().sessions.len(), 1);
    assert!(wallet.account().queued_request().unwrap().is_none());
    assert_eq!(issuer.counts("tegata_credentials ").len(), 1);
}

fn the_owner_goes_on_with_the_pin_and_starts_anew_without_it(issuer: &TestIssuer) {
    let phone = Phone::set_up(issuer);
    let mut wallet = phone.open();
    let unlock = wallet.payments().unlock(UnlockMethod::Pin(PIN)).unwrap();
    phone.call(&mut wallet, &GetAccount {}).unwrap();
    issuer.advance_clock(400);
    wallet.close().unwrap();
    // A token of the wallet that was closed opens no session of the next one.
    let mut wallet = phone.open();
    assert_eq!(phone.call(&mut wallet, &GetAccount {}).map(drop), Err(Error::PaymentsLocked));
    drop(unlock);
    let unlock = wallet.payments().unlock(UnlockMethod::Pin(PIN)).unwrap();
    assert_eq!(refused(phone.provision(&mut wallet, &unlock)), Refusal::FactorRequired);
    let totp = phone.totp(&mut wallet);
    phone.call(&mut wallet, &VerifyFactor { totp }).unwrap();
    let payment = phone.provision(&mut wallet, &unlock).unwrap();
    let code = wallet.payments().next_code(&unlock, &payment, Audience::AnyTill);
    assert!(matches!(code, Ok(NextCode::Code(_))));
    // Without the PIN: the password, and a factor from elsewhere.
    drop(unlock);
    wallet.payments().remove_all().unwrap();
    phone.send_queued(&mut wallet);
    let recovery = SecondFactor::RecoveryCode(phone.recovery[0].clone());
    phone.log_in(&mut wallet, PASSWORD, Some(recovery)).unwrap();
    assert_eq!(wallet.otp_credentials().list().unwrap(), []);
}
