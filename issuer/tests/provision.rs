//! How a phone gets what its payment codes are made from, on a running issuer over HTTP.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use tegata::code::{Audience, Prefixes};
use tegata::protocol::Refusal;
use tegata::protocol::{
    Call, ConfirmCredential, DeviceNumber, Envelope, ForgetDevice, FreezeAccount, FreezeFromDevice,
    GetDeviceStatus, IssuerError, IssuerProblem, LogInResult, PasswordText, Provision,
    ProvisionedCredential, Request, RequestName, Response, SIGNATURE_HEADER, SessionToken,
    UnfreezeAccount, X25519Key,
};
use tegata::vault::{Argon2Params, PaymentUnlock, RecordId, UnlockMethod};
use tegata::{AccountProfile, Device, NextCode, PendingRequest, SystemRandom, UnixTime, Wallet};
use tegata_issuer::admin::{Operator, RequestKinds};
use tegata_issuer::config::Config;
use tegata_issuer::crypto::Keys;
use tegata_issuer::store::{IndexedCredential, KillSwitch, Store};

use tegata_issuer::domain::{Environment, Reason};
use tegata_testkit::TestClock;
use tegata_testkit::{
    TestIssuer, TestPayments, TestShopper, TestTill,
    shopper::{IssuerResult, NEW_PASSWORD, PASSWORD, refusal, sealed_response},
};

tegata_testkit::on_both! {
    a_phone_is_provisioned_and_its_codes_lead_to_its_seed,
    a_repeated_request_gives_the_same_credential,
    who_asks_has_to_have_signed_in_a_session_on_that_device,
    the_second_factor_has_to_be_fresh,
    nothing_is_given_while_frozen_or_stopped,
    a_reset_and_a_mass_revoke_void_what_was_given,
    another_device_takes_the_place_of_the_first,
    a_new_phone_waits_where_another_paid_this_week,
    nothing_shortens_the_wait_of_a_new_phone,
    a_lost_answer_or_a_killed_app_costs_nothing,
    each_new_credential_is_mailed_once,
    a_key_that_nothing_can_be_sealed_to_costs_no_credential,
}

const HANAKO: &str = "hanako@example.org";

/// The shopper's wallet, on their device.
struct Phone<'a> {
    person: TestShopper<'a>,
    folder: tempfile::TempDir,
}

impl<'a> Phone<'a> {
    /// Hers, who has signed up just now.
    fn new(issuer: &'a TestIssuer) -> Self {
        Self::of(issuer.signed_up_shopper(HANAKO))
    }

    /// Of somebody who is logged in.
    fn of(person: TestShopper<'a>) -> Self {
        let phone = Self { person, folder: tempfile::tempdir().unwrap() };
        phone.keeps_session();
        phone
    }

    fn keeps_session(&self) {
        let at = AccountProfile {
            handle: HANAKO.parse().unwrap(),
            issuer: format!("http://{}", self.person.issuer.address()).parse().unwrap(),
            device_name: tegata_testkit::shopper::device_name(),
        };
        let session = SessionToken::new(self.person.session.as_ref().unwrap().expose()).unwrap();
        let mut wallet = self.wallet();
        let password = PasswordText::new(PASSWORD).unwrap();
        let asked = wallet.account().log_in(&at, password, None).unwrap();
        let answer = LogInResult { session, must_enrol: false };
        let response = sealed_response(asked.envelope(), &answer);
        wallet.account().complete(&asked, &response).unwrap();
    }

    /// Opened anew, as after the app was ended, and its payment lock with it.
    fn wallet(&self) -> UnlockedWallet {
        let device = Device {
            keystore: self.person.device.clone(),
            anchor: None,
            clock: std::sync::Arc::new(TestClock::at(self.person.issuer.now().seconds())),
            random: std::sync::Arc::new(SystemRandom::new()),
        };
        let path = self.folder.path().join("wallet");
        if path.exists() {
            let mut wallet = Wallet::open(&path, &device).unwrap();
            let unlock = wallet.payments().unlock(UnlockMethod::Key(&[0x4b; 32])).unwrap();
            return UnlockedWallet { wallet, unlock };
        }
        let mut wallet = Wallet::create(&path, &device).unwrap();
        let mut unlock = PaymentUnlock::without_lock();
        let cheap = Argon2Params::new(8, 1, 1).unwrap();
        wallet.payments().set_pin(&mut unlock, b"739164", cheap).unwrap();
        wallet.payments().set_unlock_key(&mut unlock, &[0x4b; 32]).unwrap();
        UnlockedWallet { wallet, unlock }
    }

    fn authorise(&self) -> Waiting {
        Waiting(self.wallet().account().provision().unwrap())
    }

    fn sends(&self, request: &Waiting) -> IssuerResult<ProvisionedCredential> {
        let call: Provision = serde_json::from_slice(request.body()).unwrap();
        let issuer = self.person.issuer;
        let device = &*self.person.device;
        let post = || {
            let signature = issuer.signature("provision", request.body(), device);
            let session = format!("Bearer {}", request.session().unwrap().expose());
            let headers = [(SIGNATURE_HEADER, signature), ("Authorization", session)];
            issuer.post(Provision::PATH, &headers, request.body())
        };
        // What was revoked took the challenge along; the answer has the next one.
        let response = Some(post()).filter(|response| !response.is_stale()).unwrap_or_else(post);
        Request::written(&call)?.answer(&response)
    }

    fn keeps(&self, answer: &ProvisionedCredential) -> RecordId {
        let UnlockedWallet { mut wallet, unlock } = self.wallet();
        // The request that waits, once more.
        let asked = wallet.account().provision().unwrap();
        wallet.account().complete_provision(&unlock, "Tegata", &asked, &response(answer)).unwrap()
    }

    fn is_provisioned(&self) -> RecordId {
        let answer = self.sends(&self.authorise()).unwrap();
        self.keeps(&answer)
    }

    /// The digits that the phone shows now.
    fn shows(&self, credential: &RecordId) -> tegata::code::Digits {
        let UnlockedWallet { mut wallet, unlock } = self.wallet();
        match wallet.payments().next_code(&unlock, credential, Audience::AnyTill).unwrap() {
            NextCode::Code(code) => *code.digits(),
            other @ NextCode::Wait(_) => panic!("{other:?}"),
        }
    }
}

/// A wallet whose payment lock is open: the session is under it.
struct UnlockedWallet {
    wallet: Wallet,
    unlock: PaymentUnlock,
}

impl std::ops::Deref for UnlockedWallet {
    type Target = Wallet;

    fn deref(&self) -> &Wallet {
        &self.wallet
    }
}

impl std::ops::DerefMut for UnlockedWallet {
    fn deref_mut(&mut self) -> &mut Wallet {
        &mut self.wallet
    }
}

/// Her phone's request.
struct Waiting(PendingRequest<ProvisionedCredential>);

impl std::ops::Deref for Waiting {
    type Target = Envelope;

    fn deref(&self) -> &Envelope {
        self.0.envelope()
    }
}

/// An issuer's answer, as it travels.
fn response(answer: &impl serde::Serialize) -> Response {
    Response {
        status: 200,
        body: serde_json::to_vec(answer).unwrap(),
        retry_after: None,
        challenge: None,
    }
}

fn config(issuer: &TestIssuer) -> Config {
    toml::from_str(&issuer.settings).unwrap()
}

fn store(issuer: &TestIssuer) -> (tokio::runtime::Runtime, Store) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(Store::open(&config(issuer).store)).unwrap();
    (runtime, store)
}

/// Whom the issuer finds by a code.
fn found(issuer: &TestIssuer, digits: &tegata::code::Digits) -> Vec<IndexedCredential> {
    let (runtime, store) = store(issuer);
    runtime.block_on(async {
        let prefixes = Prefixes::new(store.schemes().await.unwrap()).unwrap();
        let (scheme, decoded) = prefixes.decode(digits).unwrap();
        store.candidates(&scheme, decoded.alias, issuer.now()).await.unwrap()
    })
}

fn seed(issuer: &TestIssuer, indexed: &IndexedCredential) -> [u8; 32] {
    let (runtime, store) = store(issuer);
    let server_key = config(issuer).server_key.unwrap();
    let keys = runtime.block_on(Keys::open(&store, &server_key, &SystemRandom::new())).unwrap();
    *keys.open_seed(indexed.account, indexed.id, &indexed.seed).unwrap().expose()
}

fn operator(issuer: &TestIssuer) -> (Operator, Reason) {
    let operator = Operator::open(config(issuer), Environment::system()).unwrap();
    (operator, Reason::new("ann", "a test").unwrap())
}

fn why<T: std::fmt::Debug>(result: IssuerResult<T>) -> IssuerProblem {
    match result {
        Err(IssuerError::Problem(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn a_phone_is_provisioned_and_its_codes_lead_to_its_seed(issuer: &TestIssuer) {
    let phone = Phone::new(issuer);
    let given = phone.is_provisioned();
    let kept = phone.wallet().payments().get(&given).unwrap();
    assert_eq!(kept.scheme, config(issuer).scheme());
    let shown = phone.shows(&given);
    let indexed = found(issuer, &shown);
    assert_eq!(indexed.iter().map(|it| it.id).collect::<Vec<_>>(), [kept.credential]);
    let secret = seed(issuer, &indexed[0]);
    let keys = tegata::code::CodeKeys::new(&tegata::code::Seed::from_slice(&secret).unwrap());
    let turn = tegata::code::CodeSlot {
        step: tegata::code::Step::at(issuer.now()),
        index: tegata::code::SlotIndex::FIRST,
        audience: Audience::AnyTill,
    };
    assert_eq!(*keys.derive(&kept.scheme, &turn).digits(), shown);

    // It stands nowhere in clear: not in the issuer's files, nor in the phone's.
    let spellings =
        [secret.to_vec(), hex::encode(secret).into_bytes(), base64ct_of(&secret).into_bytes()];
    let mut looked_at = 0;
    for folder in [issuer.folder.path(), phone.folder.path()] {
        for file in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            looked_at += 1;
            for spelling in &spellings {
                assert!(!bytes.windows(spelling.len()).any(|window| window == spelling));
            }
        }
    }
    assert!(looked_at >= 2, "{looked_at}");
    // Days later, over restarts, it is found still: the index is filled anew.
    for _ in 0..3 {
        issuer.stop();
        issuer.advance_clock(86_400);
        issuer.start();
        assert_eq!(found(issuer, &phone.shows(&given)).len(), 1);
    }
    assert!(found(issuer, &shown).is_empty(), "the alias of another day");
    assert_eq!(issuer.counts("tegata_aliases_late")["tegata_aliases_late"], 0);
}

fn base64ct_of(bytes: &[u8]) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding};
    Base64UrlUnpadded::encode_string(bytes)
}

fn a_repeated_request_gives_the_same_credential(issuer: &TestIssuer) {
    let phone = Phone::new(issuer);
    let request = phone.authorise();
    let first = phone.sends(&request).unwrap();
    issuer.restart();
    // Longer than a proof of the second factor lasts: the answer is of use to this phone alone.
    issuer.advance_clock(400);
    let again = phone.sends(&request).unwrap();
    assert_eq!(first.credential, again.credential);
    assert_ne!((first.enc, &first.ciphertext), (again.enc, &again.ciphertext));
    assert_eq!((first.till_card_key, again.time), (again.till_card_key, issuer.now()));
    let given = phone.keeps(&again);
    assert_eq!(found(issuer, &phone.shows(&given)).len(), 1);

    phone.person.verify_factor().unwrap();
    let mut other: Provision = serde_json::from_slice(request.body()).unwrap();
    other.key = X25519Key([9; 32]);
    assert_eq!(refusal(ask(&phone.person, &other)), Refusal::InvalidCredentials);
    other.request = RequestName([1; 16]);
    let new = ask(&phone.person, &other).unwrap();
    assert_ne!(new.credential, first.credential, "another request is another credential");
    assert_eq!(
        refusal(phone.sends(&request)),
        Refusal::NoPendingOperation,
        "and voids the one before"
    );
}

/// The answer to a hand-made message, signed by the shopper's device and sent in their session.
fn ask(person: &TestShopper<'_>, call: &Provision) -> IssuerResult<ProvisionedCredential> {
    let body = serde_json::to_vec(call).unwrap();
    let signature = person.issuer.signature("provision", &body, &*person.device);
    let session = format!("Bearer {}", person.session.as_ref().unwrap().expose());
    let headers = [(SIGNATURE_HEADER, signature), ("Authorization", session)];
    Request::written(call)?.answer(&person.issuer.post(Provision::PATH, &headers, &body))
}

fn call(person: &TestShopper<'_>, request: u8) -> Provision {
    let key = X25519Key(hex::decode(GOOD_KEY).unwrap().try_into().unwrap());
    Provision { request: RequestName([request; 16]), device: person.key(), key }
}

/// Of RFC 9180's first test vector.
const GOOD_KEY: &str = "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d";

fn who_asks_has_to_have_signed_in_a_session_on_that_device(issuer: &TestIssuer) {
    let phone = Phone::new(issuer);
    let request = phone.authorise();
    let status = |headers: &[(&str, String)], body: &[u8]| {
        let response = issuer.post(Provision::PATH, headers, body);
        (response.status, String::from_utf8(response.body).unwrap())
    };
    let signature = issuer.signature("provision", request.body(), &*phone.person.device);
    let signature = (SIGNATURE_HEADER, signature);
    let session = ("Authorization", format!("Bearer {}", request.session().unwrap().expose()));
    let is = |(status, body): (u16, String), name: &str| {
        assert!(status == 401 && body.contains(name), "{status} {body}");
    };
    is(status(std::slice::from_ref(&session), request.body()), "not-signed");
    is(status(std::slice::from_ref(&signature), request.body()), "not-logged-in");
    let mut changed = request.body().to_vec();
    changed.push(b' ');
    is(status(&[signature.clone(), session.clone()], &changed), "not-signed");
    // Signed for another purpose, or by another device than the one that is named.
    for (device, purpose) in [(&phone.person.device, "log-in"), (&issuer.device(), "provision")] {
        let bad = (SIGNATURE_HEADER, issuer.signature(purpose, request.body(), &**device));
        is(status(&[bad, session.clone()], request.body()), "not-signed");
    }
    // An attacker with the session's token and a device of their own, which they name and sign with.
    let mut attacker = phone.person.clone();
    attacker.device = issuer.device();
    assert_eq!(refusal(ask(&attacker, &call(&attacker, 1))), Refusal::InvalidCredentials);
    phone.sends(&request).unwrap();
    // Nor does the attacker get what the owner got, by repeating the owner's request.
    let body = request.body().to_vec();
    let other = issuer.signature("provision", &body, &*attacker.device);
    is(status(&[(SIGNATURE_HEADER, other), session], &body), "not-signed");
}

fn the_second_factor_has_to_be_fresh(issuer: &TestIssuer) {
    let phone = Phone::new(issuer);
    issuer.advance_clock(301);
    let request = phone.authorise();
    assert_eq!(refusal(phone.sends(&request)), Refusal::FactorRequired);
    phone.person.verify_factor().unwrap();
    let answer = phone.sends(&request).unwrap();
    phone.keeps(&answer);
    // A log-in with the password alone, as on a known device, is not enough.
    let mut person = phone.person.clone();
    person.session = Some(person.try_log_in(PASSWORD, None).unwrap().session);
    assert_eq!(refusal(ask(&person, &call(&person, 2))), Refusal::FactorRequired);
}

fn nothing_is_given_while_frozen_or_stopped(issuer: &TestIssuer) {
    let phone = Phone::new(issuer);
    let request = phone.authorise();
    let (operator, reason) = operator(issuer);
    operator.stop(RequestKinds::Only(&[KillSwitch::Provisioning]), &reason).unwrap();
    assert_eq!(why(phone.sends(&request)), IssuerProblem::Stopped);
    operator.resume(RequestKinds::Only(&[KillSwitch::Provisioning]), &reason).unwrap();
    phone.sends(&request).unwrap();
    operator.stop(RequestKinds::Only(&[KillSwitch::Provisioning]), &reason).unwrap();
    assert_eq!(why(phone.sends(&request)), IssuerProblem::Stopped, "nor once more");
    operator.resume(RequestKinds::All, &reason).unwrap();
    phone.person.call_in_session(&FreezeAccount {}).unwrap();
    assert_eq!(refusal(phone.sends(&request)), Refusal::Frozen);
    assert_eq!(refusal(ask(&phone.person, &call(&phone.person, 1))), Refusal::Frozen);
}

fn a_reset_and_a_mass_revoke_void_what_was_given(issuer: &TestIssuer) {
    let mut phone = Phone::new(issuer);
    let request = phone.authorise();
    let first = phone.keeps(&phone.sends(&request).unwrap());
    assert_eq!(found(issuer, &phone.shows(&first)).len(), 1);
    let ticket = phone.person.begin_reset().unwrap();
    let code = phone.person.mailed_code(2);
    let factor = phone.person.next_totp();
    phone.person.submit_reset_proof(&ticket, code, factor).unwrap();
    phone.person.finish_reset(&ticket, NEW_PASSWORD).unwrap();
    assert!(found(issuer, &phone.shows(&first)).is_empty(), "void from then on");
    assert_eq!(refusal(phone.sends(&request)), Refusal::NotLoggedIn);
    phone.person.complete_log_in(NEW_PASSWORD).unwrap();
    phone.keeps_session();
    let before: Provision = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(refusal(ask(&phone.person, &before)), Refusal::NoPendingOperation);
    let second = phone.is_provisioned();
    assert_eq!(found(issuer, &phone.shows(&second)).len(), 1);

    let (operator, reason) = operator(issuer);
    operator.revoke_all(&reason).unwrap();
    let request = phone.authorise();
    assert_eq!(refusal(phone.sends(&request)), Refusal::NotLoggedIn);
    phone.person.complete_log_in(NEW_PASSWORD).unwrap();
    phone.keeps_session();
    let third = phone.keeps(&phone.sends(&phone.authorise()).unwrap());
    assert_eq!(phone.wallet().payments().list().unwrap().len(), 1);
    assert_eq!(found(issuer, &phone.shows(&third)).len(), 1);
}

fn another_device_takes_the_place_of_the_first(issuer: &TestIssuer) {
    let first = Phone::new(issuer);
    let request = first.authorise();
    let on_first = first.keeps(&first.sends(&request).unwrap());
    let mut person = first.person.clone();
    person.device = issuer.device();
    person.complete_log_in(PASSWORD).unwrap();
    let second = Phone::of(person);
    let on_second = second.is_provisioned();
    assert!(found(issuer, &first.shows(&on_first)).is_empty());
    assert_eq!(found(issuer, &second.shows(&on_second)).len(), 1);
    assert_eq!(refusal(first.sends(&request)), Refusal::NoPendingOperation);
    // Her second phone cannot ask in the name of the first.
    let signature = issuer.signature("provision", request.body(), &*second.person.device);
    let session = format!("Bearer {}", second.person.session.as_ref().unwrap().expose());
    let headers = [(SIGNATURE_HEADER, signature), ("Authorization", session)];
    assert_eq!(issuer.post(Provision::PATH, &headers, request.body()).status, 401);
}

/// Who reads codes of phones: each call is another sale.
struct TestShop<'a>(TestPayments<'a>, TestTill, std::cell::Cell<u32>);

impl<'a> TestShop<'a> {
    fn new(issuer: &'a TestIssuer) -> Self {
        let payments = TestPayments::new(issuer);
        let till = payments.till("till-1");
        Self(payments, till, std::cell::Cell::new(0))
    }

    fn reads(&self, phone: &Phone<'_>, credential: &RecordId) -> String {
        let Self(payments, till, sales) = self;
        sales.set(sales.get() + 1);
        let sale = format!("sale-{}", sales.get());
        till.authorise(payments, &sale, phone.shows(credential).as_str(), 100).outcome()
    }
}

/// Another phone on which somebody with password and second factor is logged in and sets up payments.
fn another_phone<'a>(first: &Phone<'a>) -> (Phone<'a>, RecordId) {
    let mut person = first.person.clone();
    person.device = person.issuer.device();
    person.complete_log_in(PASSWORD).unwrap();
    let phone = Phone::of(person);
    let credential = phone.is_provisioned();
    (phone, credential)
}

/// From when on another phone pays, as this one is told without its lock.
fn next_from(phone: &Phone<'_>) -> Option<UnixTime> {
    let person = &phone.person;
    let call = GetDeviceStatus { handle: HANAKO.parse().unwrap(), device: person.key() };
    person.call_signed(&call).unwrap().new_credential
}

fn a_new_phone_waits_where_another_paid_this_week(issuer: &TestIssuer) {
    let shop = TestShop::new(issuer);
    let first = Phone::new(issuer);
    let on_first = first.is_provisioned();
    assert_eq!(shop.reads(&first, &on_first), "approved");
    let (second, on_second) = another_phone(&first);
    let from = next_from(&first).unwrap();
    assert_eq!(from.seconds(), issuer.now().seconds() + 86_400);
    assert_eq!(next_from(&second), Some(from));
    issuer.settled_mail_count(HANAKO);
    assert!(issuer.mails(HANAKO, 1).iter().any(|mail| mail.0.contains("new device will make")));
    // A code of the one that waits is no code, and voids none of the other's.
    for _ in 0..2 {
        assert_eq!(shop.reads(&second, &on_second), "declined not_valid");
        assert_eq!(shop.reads(&first, &on_first), "approved");
    }
    // It is the phone that pays which confirms, with its lock opened: in its session, by its signature.
    let confirm = ConfirmCredential {};
    assert_eq!(refusal(second.person.call_in_session(&confirm)), Refusal::NoPendingOperation);
    assert!(first.person.call_by_token(&confirm).is_err());
    first.person.call_in_session(&confirm).unwrap();
    assert_eq!(shop.reads(&second, &on_second), "approved");
    assert_eq!(found(issuer, &first.shows(&on_first)).len(), 0);
    assert_eq!((next_from(&first), next_from(&second)), (None, None));
    assert_eq!(refusal(first.person.call_in_session(&confirm)), Refusal::NoPendingOperation);

    // Unconfirmed, the next one counts after a day, at its first code, and under low caps.
    let (third, on_third) = another_phone(&second);
    issuer.advance_clock(86_399 - 30);
    assert_eq!(shop.reads(&second, &on_second), "approved");
    issuer.advance_clock(60);
    assert_eq!(shop.reads(&third, &on_third), "approved");
    assert_eq!(shop.reads(&second, &on_second), "declined not_valid");
    assert_eq!(shop.reads(&third, &on_third), "approved");
    // After seven days without a code, nobody is asked.
    issuer.advance_clock(8 * 86_400);
    let (fourth, on_fourth) = another_phone(&third);
    assert_eq!(shop.reads(&fourth, &on_fourth), "approved");
}

fn nothing_shortens_the_wait_of_a_new_phone(issuer: &TestIssuer) {
    let shop = TestShop::new(issuer);
    let first = Phone::new(issuer);
    let on_first = first.is_provisioned();
    assert_eq!(shop.reads(&first, &on_first), "approved");
    // Freezing stops the one that waits, for good.
    let (second, on_second) = another_phone(&first);
    let device = first.person.key();
    let freeze = FreezeFromDevice { handle: HANAKO.parse().unwrap(), device };
    first.person.call_signed(&freeze).unwrap();
    first.person.verify_factor().unwrap();
    first.person.call_in_session(&UnfreezeAccount { recovery_code: None }).unwrap();
    issuer.advance_clock(86_400);
    assert_eq!(next_from(&first), None);
    assert!(found(issuer, &second.shows(&on_second)).is_empty());
    assert_eq!(shop.reads(&first, &on_first), "approved");
    // Whoever forgets the phone that pays has another one wait as long.
    let mut person = second.person.clone();
    person.complete_log_in(PASSWORD).unwrap();
    let forget = ForgetDevice { device: DeviceNumber(device.id()) };
    person.call_in_session(&forget).unwrap();
    let thief = Phone::of(person);
    let on_thief = thief.is_provisioned();
    assert_eq!(shop.reads(&thief, &on_thief), "declined not_valid");
    issuer.advance_clock(86_399);
    assert_eq!(shop.reads(&thief, &on_thief), "declined not_valid");
    issuer.advance_clock(30);
    assert_eq!(shop.reads(&thief, &on_thief), "approved");
}

fn a_lost_answer_or_a_killed_app_costs_nothing(issuer: &TestIssuer) {
    let phone = Phone::new(issuer);
    let request = phone.authorise();
    let lost = phone.sends(&request).unwrap();
    // Each of these opens the wallet anew: the request and its key came through.
    assert!(phone.wallet().account().has_pending_provision().unwrap());
    let again = phone.authorise();
    assert_eq!(again.body(), request.body());
    let answer = phone.sends(&again).unwrap();
    assert_eq!(answer.credential, lost.credential);
    let given = phone.keeps(&answer);
    assert!(!phone.wallet().account().has_pending_provision().unwrap());
    assert_eq!(found(issuer, &phone.shows(&given)).len(), 1);
    assert_eq!(issuer.counts("tegata_credentials ").len(), 1);
}

fn each_new_credential_is_mailed_once(issuer: &TestIssuer) {
    let phone = Phone::new(issuer);
    for _ in 0..2 {
        let request = phone.authorise();
        phone.sends(&request).unwrap();
        phone.keeps(&phone.sends(&request).unwrap());
    }
    issuer.settled_mail_count(HANAKO);
    let mails = issuer.all_mails(HANAKO);
    let set_up = mails.iter().filter(|(is, _)| is == "Payments were set up on a device");
    assert_eq!(set_up.count(), 2, "{mails:?}");
}

fn a_key_that_nothing_can_be_sealed_to_costs_no_credential(issuer: &TestIssuer) {
    let phone = Phone::new(issuer);
    let given = phone.is_provisioned();
    for key in [[0; 32], order_eight()] {
        let key = X25519Key(key);
        let result = ask(&phone.person, &Provision { key, ..call(&phone.person, 3) });
        assert_eq!(why(result), IssuerProblem::Malformed);
    }
    assert_eq!(found(issuer, &phone.shows(&given)).len(), 1, "the one before counts on");
}

/// A point of small order (RFC 7748, section 6.1).
fn order_eight() -> [u8; 32] {
    let key = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
    hex::decode(key).unwrap().try_into().unwrap()
}

#[test]
fn a_full_prefix_gives_only_replacement_credentials() {
    let issuer = TestIssuer::with("code_prefix = \"49601234\"");
    let phone = Phone::new(&issuer);
    phone.is_provisioned();
    issuer.stop();
    let file = issuer.folder.path().join("issuer.sqlite");
    let database = rusqlite::Connection::open(file).unwrap();
    let many = "WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < 10000) \
        INSERT INTO credentials SELECT CAST(printf('%016d', n) AS BLOB), \
        CAST(printf('%016d', n) AS BLOB), 1, prefix, period, key, seed, alias_key, request, \
        request_hash, made FROM credentials, n";
    database.execute_batch(many).unwrap();
    drop(database);
    // What stands there for 9,999 others opens nowhere: they are not found, and everybody else is.
    issuer.start();
    assert_eq!(issuer.counts("tegata_credentials_room")["tegata_credentials_room"], 0);
    let mut other = issuer.new_shopper("taro@example.org");
    other.complete_sign_up().unwrap();
    assert_eq!(why(ask(&other, &call(&other, 1))), IssuerProblem::CapacityReached);
    let again = phone.is_provisioned();
    assert_eq!(found(&issuer, &phone.shows(&again)).len(), 1);
    let late = || issuer.counts("tegata_aliases_late")["tegata_aliases_late"];
    issuer.stop();
    issuer.advance_clock(2 * 86_400);
    issuer.start();
    for _ in 0..600 {
        if late() == 1 {
            assert_eq!(found(&issuer, &phone.shows(&again)).len(), 1);
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("no alarm although the index is not whole");
}

/// Until it holds; the limit is for what never will.
fn wait_for(condition: impl Fn() -> bool) {
    for _ in 0..6000 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("it never came");
}

fn count(issuer: &TestIssuer, name: &str) -> u64 {
    issuer.counts(name).get(name).copied().unwrap_or_default()
}

fn last_run(issuer: &TestIssuer, job: &str) -> u64 {
    count(issuer, &format!("tegata_job_last_run_timestamp_seconds{{job=\"{job}\"}}"))
}

/// It comes once a minute: for what is measured every few seconds it is dead until then.
#[test]
fn an_unfilled_next_period_is_alarmed_at_half_time() {
    let issuer = TestIssuer::with("alias_seconds = 86400");
    wait_for(|| last_run(&issuer, "aliases") > 0 && last_run(&issuer, "measure") > 0);
    assert_eq!(count(&issuer, "tegata_aliases_late"), 0);
    let over = issuer.now().seconds() % 86_400;
    let filled = last_run(&issuer, "aliases");
    // What was the next period is this one, and the one after it is not there.
    issuer.advance_clock(86_400 - over + 43_200);
    wait_for(|| count(&issuer, "tegata_aliases_late") == 1);
    assert_eq!(last_run(&issuer, "aliases"), filled, "it was not there");
    assert_eq!(count(&issuer, "tegata_aliases_ready_seconds"), 43_200);
    issuer.restart();
    wait_for(|| count(&issuer, "tegata_aliases_ready_seconds") == 43_200 + 86_400);
    assert_eq!(count(&issuer, "tegata_aliases_late"), 0);
}

#[test]
fn a_new_credential_counts_against_capacity_a_replacement_not() {
    let issuer = TestIssuer::new();
    wait_for(|| last_run(&issuer, "credentials") > 0);
    let room = town_room(&issuer);
    let phone = Phone::new(&issuer);
    phone.is_provisioned();
    let measured = || {
        issuer.advance_clock(1);
        let now = issuer.now().seconds();
        wait_for(|| last_run(&issuer, "measure") >= now);
        (count(&issuer, "tegata_credentials"), town_room(&issuer))
    };
    assert_eq!(measured(), (1, room - 1));
    let mut other = issuer.new_shopper("taro@example.org");
    other.complete_sign_up().unwrap();
    ask(&other, &call(&other, 1)).unwrap();
    assert_eq!(measured(), (2, room - 2));
    phone.person.verify_factor().unwrap();
    phone.is_provisioned();
    assert_eq!(measured(), (2, room - 2));
    // What is counted in the rows is the same.
    issuer.restart();
    wait_for(|| last_run(&issuer, "measure") > 0);
    assert_eq!(count(&issuer, "tegata_credentials"), 2);
}

fn town_room(issuer: &TestIssuer) -> u64 {
    let prefix = config(issuer).scheme().prefix;
    wait_for(|| last_run(issuer, "measure") > 0);
    let room = count(issuer, "tegata_credentials_room");
    assert_eq!(room + count(issuer, "tegata_credentials"), prefix.capacity());
    room
}
