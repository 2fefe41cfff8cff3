//! Tests of what this crate adds, from the Rust side. `scenarios.json` tests it from the other languages.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::*;

/// A keystore without encryption that fails on demand.
#[derive(Default)]
struct FaultyKeystore {
    failure: Mutex<Option<KeystoreError>>,
    panics: AtomicBool,
    short: AtomicBool,
}

impl FaultyKeystore {
    fn answer(&self, bytes: Vec<u8>) -> Result<Vec<u8>, KeystoreError> {
        assert!(!self.panics.load(Ordering::SeqCst), "the seed is 0707070707");
        let failure = *self.failure.lock().unwrap();
        failure.map_or(Ok(bytes), Err)
    }
}

impl Keystore for FaultyKeystore {
    fn wrap(&self, plaintext: Vec<u8>) -> Result<Vec<u8>, KeystoreError> {
        self.answer(plaintext)
    }

    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, KeystoreError> {
        self.answer(wrapped)
    }

    fn prf(&self, input: Vec<u8>) -> Result<Vec<u8>, KeystoreError> {
        let length = if self.short.load(Ordering::SeqCst) { 31 } else { 32 };
        self.answer(input.into_iter().cycle().take(length).collect())
    }

    fn public_key(&self) -> Result<Vec<u8>, KeystoreError> {
        self.answer(vec![4; 65])
    }

    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, KeystoreError> {
        self.answer(message)
    }

    fn replace_signing_key(&self) -> Result<(), KeystoreError> {
        self.answer(vec![]).map(drop)
    }
}

#[derive(Default)]
struct MemoryAnchor(Mutex<Option<AnchorState>>);

impl Anchor for MemoryAnchor {
    fn load(&self) -> Result<Option<AnchorState>, AnchorError> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn store(&self, anchored: AnchorState) -> Result<(), AnchorError> {
        *self.0.lock().unwrap() = Some(anchored);
        Ok(())
    }
}

struct TestDevice {
    folder: tempfile::TempDir,
    keystore: Arc<FaultyKeystore>,
    anchor: Arc<MemoryAnchor>,
    clock: Arc<ManualClock>,
}

impl TestDevice {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            keystore: Arc::default(),
            anchor: Arc::default(),
            clock: Arc::new(ManualClock::new(1_800_000_007)),
        }
    }

    fn path(&self) -> String {
        self.folder.path().join("wallet").to_str().unwrap().to_owned()
    }

    fn device(&self) -> Device {
        Device {
            keystore: self.keystore.clone(),
            anchor: Some(self.anchor.clone()),
            clock: Some(self.clock.clone()),
        }
    }

    fn wallet(&self) -> WalletHandle {
        WalletHandle::create(self.path(), self.device()).unwrap()
    }
}

fn new_payment() -> NewPaymentCredential {
    NewPaymentCredential {
        credential: vec![1; 16],
        label: "Ann".into(),
        prefix: "4960".into(),
        alias_period: 86_400,
    }
}

fn code(next: NextCode) -> PaymentCode {
    match next {
        NextCode::Code { code } => code,
        NextCode::Wait { seconds } => panic!("has to wait {seconds} s"),
    }
}

#[test]
fn a_code_has_symbols_and_prints_no_digit() {
    let device = TestDevice::new();
    let payments = device.wallet().payments();
    let unlock = PaymentUnlock::without_lock();
    let id = payments.add(&unlock, new_payment(), &[7; 32]).unwrap();
    let next = payments.next_code(&unlock, id.clone(), None, None).unwrap();
    assert!(!format!("{next:?}").contains("4960"));
    let code = code(next);
    assert_eq!(code.digits, code.groups.replace(' ', ""));
    assert!(code.spoken.starts_with("four nine six zero, "));
    assert_eq!((code.valid_from, code.next_at), (1_800_000_000, 1_800_000_030));
    assert_eq!((code.next_in, code.more_in_this_step), (23, 4));
    assert_eq!((code.qr.width, code.qr.height, code.qr.rows.len()), (21, 21, 63));
    assert_eq!((code.code128.height, code.code128.rows.len()), (1, 21));
    let till = Some("a till".to_owned());
    let refused = payments.next_code(&unlock, id, till, None);
    assert!(matches!(refused, Err(WalletError::Invalid { .. })));
}

#[test]
fn wrong_arguments_throw_invalid() {
    let device = TestDevice::new();
    let payments = device.wallet().payments();
    let unlock = PaymentUnlock::without_lock();
    let refused = |new, seed: &[u8]| match payments.add(&unlock, new, seed) {
        Err(WalletError::Invalid { reason }) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(new_payment(), &[7; 31]), "the seed is not 32 bytes long");
    let new = NewPaymentCredential { credential: vec![1; 15], ..new_payment() };
    assert_eq!(refused(new, &[7; 32]), "the issuer id is not 16 bytes long");
    for period in [-86_400, 0, 4_294_967_310, i64::MAX] {
        let reason =
            refused(NewPaymentCredential { alias_period: period, ..new_payment() }, &[7; 32]);
        assert!(reason.ends_with(&format!("not {period}")), "{reason}");
    }
    refused(NewPaymentCredential { prefix: "49".into(), ..new_payment() }, &[7; 32]);

    device.keystore.short.store(true, Ordering::SeqCst);
    let short = payments.set_pin(&unlock, b"739164").unwrap_err().to_string();
    assert_eq!(short, "the device's keystore failed: it returned a prf that is not 32 bytes long");
}

#[test]
fn each_keystore_error_reaches_the_app() {
    use KeystoreError as Failure;
    let device = TestDevice::new();
    device.wallet();
    for (failure, expected) in [
        (Failure::Locked, WalletError::Locked),
        (Failure::KeyMissing, WalletError::KeyMissing),
        (Failure::KeyInvalidated, WalletError::KeyInvalidated),
        (Failure::WrongDevice, WalletError::WrongDevice),
        (Failure::Damaged, WalletError::Corrupt),
    ] {
        *device.keystore.failure.lock().unwrap() = Some(failure);
        assert_eq!(WalletHandle::open(device.path(), device.device()).err(), Some(expected));
    }
    let unexpected = uniffi::UnexpectedUniFFICallbackError::new("the seed is 0707070707");
    *device.keystore.failure.lock().unwrap() = Some(unexpected.into());
    let error = WalletHandle::open(device.path(), device.device()).err().unwrap().to_string();
    assert_eq!(error, "the device's keystore failed: it threw an unexpected exception");
    *device.keystore.failure.lock().unwrap() = None;
    WalletHandle::open(device.path(), device.device()).unwrap();
}

#[test]
fn a_panic_closes_the_wallet() {
    let device = TestDevice::new();
    let wallet = device.wallet();
    let unlock = PaymentUnlock::without_lock();
    wallet.payments().set_pin(&unlock, b"739164").unwrap();
    device.keystore.panics.store(true, Ordering::SeqCst);
    let error = wallet.payments().unlock_with_pin(b"739164").unwrap_err();
    assert_eq!(error, WalletError::Internal);
    assert_eq!(wallet.payments().list(), Err(WalletError::Closed));
    device.keystore.panics.store(false, Ordering::SeqCst);
    let wallet = WalletHandle::open(device.path(), device.device()).unwrap();
    wallet.payments().unlock_with_pin(b"739164").unwrap();
}

#[test]
fn a_locked_unlock_token_opens_nothing() {
    let device = TestDevice::new();
    let payments = device.wallet().payments();
    let unlock = PaymentUnlock::without_lock();
    let id = payments.add(&unlock, new_payment(), &[7; 32]).unwrap();
    payments.set_pin(&unlock, b"739164").unwrap();
    payments.set_unlock_key(&unlock, &[9; 32]).unwrap();
    assert!(!unlock.is_locked());
    unlock.lock();
    assert!(unlock.is_locked());
    let refused = payments.next_code(&unlock, id.clone(), None, None);
    assert_eq!(refused, Err(WalletError::PaymentsLocked));
    assert_eq!(payments.unlock_with_key(&[8; 32]).err(), Some(WalletError::PaymentsLocked));
    let unlock = payments.unlock_with_key(&[9; 32]).unwrap();
    code(payments.next_code(&unlock, id, None, Some(Language::Japanese)).unwrap());
    let status = payments.lock_status().unwrap();
    assert_eq!(status, Some(LockStatus { pin_tries_left: Some(10), has_unlock_key: true }));
}

#[test]
fn a_closed_wallet_says_so_and_closes_again() {
    let device = TestDevice::new();
    let wallet = device.wallet();
    assert_eq!(WalletHandle::open(device.path(), device.device()).err(), Some(WalletError::InUse));
    wallet.close_file().unwrap();
    wallet.close_file().unwrap();
    assert_eq!(wallet.passes().list(), Err(WalletError::Closed));
    destroy_wallet(device.path()).unwrap();
    assert_eq!(destroy_wallet(device.path()), Err(WalletError::NoWallet));
}

#[test]
fn the_anchor_detects_an_older_copy() {
    let device = TestDevice::new();
    let wallet = device.wallet();
    let pass = Pass {
        title: "Tram".into(),
        format: PassFormat::Aztec,
        message: "T-7".into(),
        alternate_text: None,
    };
    wallet.passes().add(pass.clone()).unwrap();
    wallet.payments().add(&PaymentUnlock::without_lock(), new_payment(), &[7; 32]).unwrap();
    wallet.close_file().unwrap();
    let copy = std::fs::read(device.path()).unwrap();
    let wallet = WalletHandle::open(device.path(), device.device()).unwrap();
    for _ in 0..2 {
        wallet.passes().add(pass.clone()).unwrap();
    }
    wallet.close_file().unwrap();
    std::fs::write(device.path(), copy).unwrap();
    let refused = WalletHandle::open(device.path(), device.device());
    assert_eq!(refused.err(), Some(WalletError::RolledBack));
    let wallet = WalletHandle::open_rolled_back(device.path(), device.device()).unwrap();
    assert_eq!(wallet.passes().list().unwrap().len(), 1);
    assert_eq!(wallet.payments().list().unwrap(), []);
    wallet.close_file().unwrap();

    *device.anchor.0.lock().unwrap() =
        Some(AnchorState { vault: vec![1; 16], epoch: -1, failed_pin_tries: 0 });
    let error = WalletHandle::open(device.path(), device.device()).err().unwrap().to_string();
    assert_eq!(error, "the vault's anchor failed: it returned a value that was never stored");
}

#[test]
fn the_issuers_time_sets_the_clock_status() {
    let device = TestDevice::new();
    let payments = device.wallet().payments();
    let id = payments.add(&PaymentUnlock::without_lock(), new_payment(), &[7; 32]).unwrap();
    let clock = || payments.list().unwrap()[0].clock;
    assert_eq!(clock(), ClockStatus::Fine);
    payments.learn_issuer_time(id.clone(), 1_800_000_607).unwrap();
    assert_eq!(clock(), ClockStatus::Behind { seconds: 600 });
    device.clock.set(1_800_001_260);
    payments.learn_issuer_time(id.clone(), 1_800_001_200).unwrap();
    assert_eq!(clock(), ClockStatus::Ahead { seconds: 60 });
    assert!(matches!(payments.learn_issuer_time(id, -1), Err(WalletError::Invalid { .. })));
}

#[test]
fn only_reveal_uri_gives_a_secret() {
    let device = TestDevice::new();
    let otps = device.wallet().otp_credentials();
    let uri =
        b"otpauth://totp/Mail:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Mail&digits=8";
    let id = otps.add_uri(uri).unwrap();
    let otp = otps.list().unwrap().remove(0);
    assert_eq!((&otp.id, &*otp.issuer, otp.digits), (&id, "Mail", 8));
    assert!(!format!("{otp:?}").contains("GEZDG"));
    // RFC 6238, appendix B
    device.clock.set(59);
    let code = otps.code(id.clone()).unwrap();
    assert_eq!((&*code.digits, code.seconds_left), ("94287082", Some(1)));
    assert!(otps.reveal_uri(id.clone()).unwrap().starts_with(b"otpauth://totp/"));
    otps.remove(id.clone()).unwrap();
    assert_eq!(otps.code(id), Err(WalletError::NotFound));
    assert!(matches!(otps.add_uri(b"otpauth://"), Err(WalletError::Invalid { .. })));
}

#[cfg(feature = "account")]
mod with_an_account {
    use super::*;

    /// Logs in, with the answer that an issuer gives.
    fn log_in(account: &Account, handle: &str) {
        let profile = AccountProfile {
            handle: handle.into(),
            issuer: "https://pay.example.org".into(),
            device_name: "phone".into(),
        };
        let call = account.log_in(profile, b"four quiet herons", None).unwrap();
        let request = call.request().body;
        let message: serde_json::Value = serde_json::from_slice(&request).unwrap();
        let key = serde_json::from_value(message["answer_key"].clone()).unwrap();
        let answer = serde_json::json!({"session": "token", "must_enrol": false});
        let recipient = tegata::protocol::AnswerRecipient::new(&key, &request).unwrap();
        let sealed = recipient.seal(&answer, &tegata::SystemRandom::new()).unwrap();
        call.complete(ok(&serde_json::to_string(&sealed).unwrap())).unwrap();
    }

    fn ok(body: &str) -> IssuerResponse {
        IssuerResponse { status: 200, body: body.into(), retry_after: None, challenge: None }
    }

    const PAID: &str = r#"{"payments":[{"payment":"00000000000000000000000000000001","shop":"Shop","reference":"1",
        "amount":1980,"currency":"JPY","state":"paid","time":1,"since":1}],"earlier":false,"decimals":0}"#;

    #[test]
    fn payments_of_a_previous_owner_are_not_cached() {
        let device = TestDevice::new();
        let account = device.wallet().account();
        log_in(&account, "ann@example.org");
        let call = account.payment_history(None).unwrap();
        log_in(&account, "ben@example.org");
        assert_eq!(call.complete(ok(PAID)).unwrap().payments[0].formatted_amount, "¥1,980");
        assert_eq!(account.cached_payments(), Ok(None));
        log_in(&account, "ann@example.org");
        assert_eq!(account.cached_payments(), Ok(None));
        let page = account.payment_history(None).unwrap().complete(ok(PAID)).unwrap();
        assert_eq!((page.fetched_at, page.payments.len()), (1_800_000_007, 1));
        device.clock.set(1_800_000_999);
        assert_eq!(account.cached_payments(), Ok(Some(page)));
    }

    #[test]
    fn a_large_transfer_has_no_qr_code() {
        let old_device = TestDevice::new();
        let new_device = TestDevice::new();
        let old = old_device.wallet();
        let new = new_device.wallet();
        let request = new.transfer().request().unwrap();
        let pass = |message: String| {
            let title = "Tram".into();
            let format = PassFormat::Qr;
            old.passes().add(Pass { title, format, message, alternate_text: None }).unwrap()
        };
        let short = pass("T-7".into());
        let long = pass("7".repeat(4_000));
        let unlock = PaymentUnlock::without_lock();
        let seal = |ids: &[&String]| {
            let ids = ids.iter().map(ToString::to_string).collect();
            let TransferRequest { text, number, .. } = request.clone();
            old.transfer().seal(&unlock, text, number, ids).unwrap()
        };
        assert!(seal(&[&short]).qr.is_some());
        let both = seal(&[&short, &long]);
        assert_eq!(both.qr, None);
        assert_eq!(new.transfer().receive(both.text).unwrap().len(), 2);
        assert_eq!(new.passes().list().unwrap().len(), 2);
    }
}
