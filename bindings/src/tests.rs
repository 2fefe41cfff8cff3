//! What the border adds, tested from this side of it; from the other side it is `scenarios.json` that tests it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::*;

/// A keystore that hides nothing and fails on demand.
#[derive(Default)]
struct Glass {
    failure: Mutex<Option<KeystoreFailure>>,
    panics: AtomicBool,
    short: AtomicBool,
}

impl Glass {
    fn answer(&self, bytes: Vec<u8>) -> Result<Vec<u8>, KeystoreFailure> {
        assert!(!self.panics.load(Ordering::SeqCst), "the seed is 0707070707");
        let failure = *self.failure.lock().unwrap();
        failure.map_or(Ok(bytes), Err)
    }
}

impl DeviceKeystore for Glass {
    fn wrap(&self, plaintext: Vec<u8>) -> Result<Vec<u8>, KeystoreFailure> {
        self.answer(plaintext)
    }

    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, KeystoreFailure> {
        self.answer(wrapped)
    }

    fn prf(&self, input: Vec<u8>) -> Result<Vec<u8>, KeystoreFailure> {
        let length = if self.short.load(Ordering::SeqCst) { 31 } else { 32 };
        self.answer(input.into_iter().cycle().take(length).collect())
    }

    fn public_key(&self) -> Result<Vec<u8>, KeystoreFailure> {
        self.answer(vec![4; 65])
    }

    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, KeystoreFailure> {
        self.answer(message)
    }
}

#[derive(Default)]
struct Shelf(Mutex<Option<AnchorState>>);

impl Anchor for Shelf {
    fn load(&self) -> Result<Option<AnchorState>, AnchorFailure> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn store(&self, anchored: AnchorState) -> Result<(), AnchorFailure> {
        *self.0.lock().unwrap() = Some(anchored);
        Ok(())
    }
}

struct Scene {
    folder: tempfile::TempDir,
    keystore: Arc<Glass>,
    shelf: Arc<Shelf>,
    clock: Arc<SetClock>,
}

impl Scene {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            keystore: Arc::default(),
            shelf: Arc::default(),
            clock: Arc::new(SetClock::new(1_800_000_007)),
        }
    }

    fn path(&self) -> String {
        self.folder.path().join("wallet").to_str().unwrap().to_owned()
    }

    fn device(&self) -> Device {
        Device {
            keystore: self.keystore.clone(),
            anchor: Some(self.shelf.clone()),
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
        NextCode::Wait { seconds } => panic!("told to wait {seconds} s"),
    }
}

#[test]
fn a_code_comes_with_its_symbols_and_prints_no_digit() {
    let scene = Scene::new();
    let payments = scene.wallet().payments();
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
fn what_a_host_gives_wrongly_is_a_typed_failure() {
    let scene = Scene::new();
    let payments = scene.wallet().payments();
    let unlock = PaymentUnlock::without_lock();
    let refused = |new, seed: &[u8]| match payments.add(&unlock, new, seed) {
        Err(WalletError::Invalid { reason }) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(new_payment(), &[7; 31]), "the seed is not 32 bytes long");
    let new = NewPaymentCredential { credential: vec![1; 15], ..new_payment() };
    assert_eq!(refused(new, &[7; 32]), "the issuer id is not 16 bytes long");
    for period in [-86_400, 0, 4_294_967_310, i64::MAX] {
        let told =
            refused(NewPaymentCredential { alias_period: period, ..new_payment() }, &[7; 32]);
        assert!(told.ends_with(&format!("not {period}")), "{told}");
    }
    refused(NewPaymentCredential { prefix: "49".into(), ..new_payment() }, &[7; 32]);

    scene.keystore.short.store(true, Ordering::SeqCst);
    let short = payments.set_pin(&unlock, b"2580").unwrap_err().to_string();
    assert_eq!(short, "the device's keystore failed: it returned a prf that is not 32 bytes long");
}

#[test]
fn each_failure_of_a_keystore_reaches_the_app_as_what_it_is() {
    use KeystoreFailure as Failure;
    let scene = Scene::new();
    scene.wallet();
    for (failure, expected) in [
        (Failure::Locked, WalletError::Locked),
        (Failure::KeyMissing, WalletError::KeyMissing),
        (Failure::KeyInvalidated, WalletError::KeyInvalidated),
        (Failure::WrongDevice, WalletError::WrongDevice),
        (Failure::Damaged, WalletError::Corrupt),
    ] {
        *scene.keystore.failure.lock().unwrap() = Some(failure);
        assert_eq!(WalletHandle::open(scene.path(), scene.device()).err(), Some(expected));
    }
    let unexpected = uniffi::UnexpectedUniFFICallbackError::new("the seed is 0707070707");
    *scene.keystore.failure.lock().unwrap() = Some(unexpected.into());
    let error = WalletHandle::open(scene.path(), scene.device()).err().unwrap().to_string();
    assert_eq!(error, "the device's keystore failed: it threw an unexpected exception");
    *scene.keystore.failure.lock().unwrap() = None;
    WalletHandle::open(scene.path(), scene.device()).unwrap();
}

#[test]
fn a_panic_ends_at_the_border_and_closes_the_wallet() {
    let scene = Scene::new();
    let wallet = scene.wallet();
    let unlock = PaymentUnlock::without_lock();
    wallet.payments().set_pin(&unlock, b"2580").unwrap();
    scene.keystore.panics.store(true, Ordering::SeqCst);
    let error = wallet.payments().unlock_with_pin(b"2580").unwrap_err();
    assert_eq!(error, WalletError::Broken);
    assert_eq!(wallet.payments().list(), Err(WalletError::Closed));
    scene.keystore.panics.store(false, Ordering::SeqCst);
    let wallet = WalletHandle::open(scene.path(), scene.device()).unwrap();
    wallet.payments().unlock_with_pin(b"2580").unwrap();
}

#[test]
fn a_leave_that_was_taken_away_opens_nothing() {
    let scene = Scene::new();
    let payments = scene.wallet().payments();
    let unlock = PaymentUnlock::without_lock();
    let id = payments.add(&unlock, new_payment(), &[7; 32]).unwrap();
    payments.set_unlock_key(&unlock, &[9; 32]).unwrap();
    unlock.lock();
    let refused = payments.next_code(&unlock, id.clone(), None, None);
    assert_eq!(refused, Err(WalletError::PaymentsLocked));
    assert_eq!(payments.unlock_with_key(&[8; 32]).err(), Some(WalletError::PaymentsLocked));
    let unlock = payments.unlock_with_key(&[9; 32]).unwrap();
    code(payments.next_code(&unlock, id, None, Some(Language::Japanese)).unwrap());
    let status = payments.lock_status().unwrap();
    assert_eq!(status, Some(LockStatus { pin_tries_left: None, key: true }));
}

#[test]
fn a_shut_wallet_says_so_and_can_be_shut_again() {
    let scene = Scene::new();
    let wallet = scene.wallet();
    assert_eq!(WalletHandle::open(scene.path(), scene.device()).err(), Some(WalletError::InUse));
    wallet.shut().unwrap();
    wallet.shut().unwrap();
    assert_eq!(wallet.passes().list(), Err(WalletError::Closed));
    destroy_wallet(scene.path()).unwrap();
    assert_eq!(destroy_wallet(scene.path()), Err(WalletError::NoWallet));
}

#[test]
fn an_older_copy_is_told_by_the_anchor_and_adopted_when_asked() {
    let scene = Scene::new();
    let wallet = scene.wallet();
    let pass = Pass {
        title: "Tram".into(),
        format: PassFormat::Aztec,
        message: "T-7".into(),
        alternate_text: None,
    };
    wallet.passes().add(pass.clone()).unwrap();
    wallet.payments().add(&PaymentUnlock::without_lock(), new_payment(), &[7; 32]).unwrap();
    wallet.shut().unwrap();
    let copy = std::fs::read(scene.path()).unwrap();
    let wallet = WalletHandle::open(scene.path(), scene.device()).unwrap();
    for _ in 0..2 {
        wallet.passes().add(pass.clone()).unwrap();
    }
    wallet.shut().unwrap();
    std::fs::write(scene.path(), copy).unwrap();
    let refused = WalletHandle::open(scene.path(), scene.device());
    assert_eq!(refused.err(), Some(WalletError::RolledBack));
    let wallet = WalletHandle::adopt(scene.path(), scene.device()).unwrap();
    assert_eq!(wallet.passes().list().unwrap().len(), 1);
    assert_eq!(wallet.payments().list().unwrap(), []);
    wallet.shut().unwrap();

    *scene.shelf.0.lock().unwrap() =
        Some(AnchorState { vault: vec![1; 16], epoch: -1, failed_pin_tries: 0 });
    let error = WalletHandle::open(scene.path(), scene.device()).err().unwrap().to_string();
    assert_eq!(error, "the vault's anchor failed: it returned a value that was never stored");
}

#[test]
fn the_clock_of_a_payment_is_told_and_learnt() {
    let scene = Scene::new();
    let payments = scene.wallet().payments();
    let id = payments.add(&PaymentUnlock::without_lock(), new_payment(), &[7; 32]).unwrap();
    let clock = || payments.list().unwrap()[0].clock;
    assert_eq!(clock(), ClockStatus::Fine);
    payments.learn_time(id.clone(), 1_800_000_607).unwrap();
    assert_eq!(clock(), ClockStatus::Behind { seconds: 600 });
    scene.clock.set(1_800_001_260);
    payments.learn_time(id.clone(), 1_800_001_200).unwrap();
    assert_eq!(clock(), ClockStatus::Ahead { seconds: 60 });
    assert!(matches!(payments.learn_time(id, -1), Err(WalletError::Invalid { .. })));
}

#[test]
fn the_one_secret_that_comes_out_is_the_one_asked_for_by_name() {
    let scene = Scene::new();
    let room = scene.wallet().otp_credentials();
    let uri =
        b"otpauth://totp/Mail:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Mail&digits=8";
    let id = room.add_uri(uri).unwrap();
    let otp = room.list().unwrap().remove(0);
    assert_eq!((&otp.id, &*otp.issuer, otp.digits), (&id, "Mail", 8));
    assert!(!format!("{otp:?}").contains("GEZDG"));
    // RFC 6238, appendix B
    scene.clock.set(59);
    let code = room.code(id.clone()).unwrap();
    assert_eq!((&*code.digits, code.seconds_left), ("94287082", Some(1)));
    assert!(room.reveal_uri(id.clone()).unwrap().starts_with(b"otpauth://totp/"));
    room.remove(id.clone()).unwrap();
    assert_eq!(room.code(id), Err(WalletError::NotFound));
    assert!(matches!(room.add_uri(b"otpauth://"), Err(WalletError::Invalid { .. })));
}

#[cfg(feature = "account")]
mod with_an_account {
    use super::*;

    /// Logs in, as the issuer answers it.
    fn log_in(account: &Account, handle: &str) {
        let at = AccountProfile {
            handle: handle.into(),
            issuer: "https://pay.example.org".into(),
            device_name: "phone".into(),
        };
        let call = account.log_in(at, b"four quiet herons", None).unwrap();
        call.answered(said(r#"{"session":"token","must_enrol":false}"#)).unwrap();
    }

    fn said(body: &str) -> IssuerResponse {
        IssuerResponse { status: 200, body: body.into(), retry_after: None }
    }

    const PAID: &str = r#"{"payments":[{"payment":"00000000000000000000000000000001","shop":"Shop","reference":"1",
        "amount":1980,"currency":"JPY","state":"paid","time":1,"since":1}],"earlier":false,"decimals":0}"#;

    #[test]
    fn payments_that_came_after_somebody_else_logged_in_are_kept_under_no_name() {
        let scene = Scene::new();
        let account = scene.wallet().account();
        log_in(&account, "ann@example.org");
        let call = account.payments(None).unwrap();
        log_in(&account, "ben@example.org");
        assert_eq!(call.answered(said(PAID)).unwrap().payments[0].shown, "¥1,980");
        assert_eq!(account.cached_payments(), Ok(None));
        log_in(&account, "ann@example.org");
        assert_eq!(account.cached_payments(), Ok(None));
        let page = account.payments(None).unwrap().answered(said(PAID)).unwrap();
        assert_eq!((page.seen, page.payments.len()), (1_800_000_007, 1));
        scene.clock.set(1_800_000_999);
        assert_eq!(account.cached_payments(), Ok(Some(page)));
    }

    #[test]
    fn what_is_too_much_for_a_qr_code_is_moved_as_a_text() {
        let (old, new) = (Scene::new(), Scene::new());
        let (old, new) = (old.wallet(), new.wallet());
        let request = new.transfer().request().unwrap();
        let pass = |message: String| {
            let (title, format) = ("Tram".into(), PassFormat::Qr);
            old.passes().add(Pass { title, format, message, alternate_text: None }).unwrap()
        };
        let (short, long) = (pass("T-7".into()), pass("7".repeat(4_000)));
        let unlock = PaymentUnlock::without_lock();
        let give = |chosen: &[&String]| {
            let chosen = chosen.iter().map(ToString::to_string).collect();
            old.moving()
                .give(&unlock, request.text.clone(), request.number.clone(), chosen)
                .unwrap()
        };
        assert!(give(&[&short]).qr.is_some());
        let both = give(&[&short, &long]);
        assert_eq!(both.qr, None);
        assert_eq!(new.transfer().accept_parcel(both.text).unwrap().len(), 2);
        assert_eq!(new.passes().list().unwrap().len(), 2);
    }
}
