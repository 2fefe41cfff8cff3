//! The payment lock, as the owner, a settings page and an attacker meet it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use tegata::code::{AliasPeriod, Audience, CredentialId, Scheme, Seed};
use tegata::vault::{
    AnchorState, Keystore, KeystoreError, LockStatus, MAX_PIN_TRIES, PaymentUnlock, RecordId,
    SoftwareKeystore, UnlockMethod, WeakPin,
};
use tegata::{Device, Error, NewPaymentCredential, NextCode, Secret, SecretBytes, Wallet};

use crate::test_vault::{TestVault, anchored, small};

mod test_vault;

const PIN: UnlockMethod<'_> = UnlockMethod::Pin(b"739164");
const WRONG: UnlockMethod<'_> = UnlockMethod::Pin(b"915283");
const KEY: &[u8; 32] = &[0x4b; 32];

fn new_payment(label: &str) -> NewPaymentCredential {
    NewPaymentCredential {
        credential: CredentialId([0xc1; 16]),
        label: label.into(),
        scheme: Scheme { prefix: "2900".parse().unwrap(), alias_period: AliasPeriod::DAY },
        seed: Seed::from_slice(&[0x5e; 32]).unwrap(),
    }
}

/// Creates a wallet with one payment credential.
fn wallet(test_vault: &TestVault, device: &Device) -> (Wallet, RecordId) {
    let mut wallet = Wallet::create(&test_vault.path(), device).unwrap();
    let id = wallet.payments().add(&PaymentUnlock::without_lock(), &new_payment("Shop")).unwrap();
    (wallet, id)
}

/// Creates the same wallet with payments locked by a PIN.
fn with_pin(test_vault: &TestVault, device: &Device) -> (Wallet, RecordId, PaymentUnlock) {
    let (mut wallet, id) = wallet(test_vault, device);
    let mut unlock = PaymentUnlock::without_lock();
    wallet.payments().set_pin(&mut unlock, b"739164", small()).unwrap();
    (wallet, id, unlock)
}

fn pays(wallet: &mut Wallet, unlock: &PaymentUnlock, id: &RecordId) -> Result<(), Error> {
    wallet.payments().next_code(unlock, id, Audience::AnyTill).map(drop)
}

fn tries_left(wallet: &mut Wallet) -> Option<u32> {
    wallet.payments().lock_status().unwrap().unwrap().pin_tries_left
}

/// Runs `check` with and without an anchor: only the place of the count differs.
fn on_both(check: impl Fn(&TestVault, &Device)) {
    let test_vault = TestVault::new();
    check(&test_vault, &anchored(&test_vault).1);
    let test_vault = TestVault::new();
    check(&test_vault, &test_vault.device());
}

#[test]
fn a_locked_seed_opens_with_the_pin_or_the_key() {
    on_both(|test_vault, device| {
        let (mut wallet, id) = wallet(test_vault, device);
        assert_eq!(wallet.payments().lock_status(), Ok(None));
        let mut unlock = PaymentUnlock::without_lock();
        pays(&mut wallet, &unlock, &id).unwrap();
        assert!(matches!(wallet.payments().unlock(PIN), Err(Error::UnlockNotSet)));

        wallet.payments().set_pin(&mut unlock, b"739164", small()).unwrap();
        pays(&mut wallet, &unlock, &id).unwrap();
        wallet.payments().set_unlock_key(&mut unlock, KEY).unwrap();
        drop(unlock);
        wallet.close().unwrap();

        let mut wallet = Wallet::open(&test_vault.path(), device).unwrap();
        let status = LockStatus { pin_tries_left: Some(MAX_PIN_TRIES), key: true };
        assert_eq!(wallet.payments().lock_status(), Ok(Some(status)));
        let without = PaymentUnlock::without_lock();
        assert_eq!(pays(&mut wallet, &without, &id), Err(Error::PaymentsLocked));
        let added = wallet.payments().add(&without, &new_payment("More"));
        assert_eq!(added, Err(Error::PaymentsLocked));
        for with in [PIN, UnlockMethod::Key(KEY)] {
            let unlock = wallet.payments().unlock(with).unwrap();
            pays(&mut wallet, &unlock, &id).unwrap();
            let more = wallet.payments().add(&unlock, &new_payment("More")).unwrap();
            pays(&mut wallet, &unlock, &more).unwrap();
            assert_eq!(pays(&mut wallet, &without, &more), Err(Error::PaymentsLocked));
        }
        let wrong = wallet.payments().unlock(UnlockMethod::Key(&[0; 32]));
        assert!(matches!(wrong, Err(Error::PaymentsLocked)));
        let short = wallet.payments().unlock(UnlockMethod::Key(&[0; 31]));
        assert!(matches!(short, Err(Error::Invalid(why)) if why.contains("32 bytes")));
    });
}

#[test]
fn ten_wrong_pins_in_a_row_block_the_pin() {
    on_both(|test_vault, device| {
        let (mut wallet, id, mut unlock) = with_pin(test_vault, device);
        wallet.payments().set_unlock_key(&mut unlock, KEY).unwrap();
        let wrong = |wallet: &mut Wallet| wallet.payments().unlock(WRONG).map(drop);
        for left in [9, 8, 7] {
            assert_eq!(wrong(&mut wallet), Err(Error::WrongPin { tries_left: left }));
        }
        wallet.payments().unlock(PIN).unwrap();
        assert_eq!(tries_left(&mut wallet), Some(10));
        for left in (1..10).rev() {
            assert_eq!(wrong(&mut wallet), Err(Error::WrongPin { tries_left: left }));
            // Closed and opened in between: the count stays.
            wallet.close().unwrap();
            wallet = Wallet::open(&test_vault.path(), device).unwrap();
        }
        assert_eq!(wrong(&mut wallet), Err(Error::PinBlocked));
        assert_eq!(tries_left(&mut wallet), None);
        assert!(matches!(wallet.payments().unlock(PIN), Err(Error::UnlockNotSet)));
        // The finger is left, and sets a new PIN, which has all its tries.
        let mut unlock = wallet.payments().unlock(UnlockMethod::Key(KEY)).unwrap();
        pays(&mut wallet, &unlock, &id).unwrap();
        wallet.payments().set_pin(&mut unlock, b"915283", small()).unwrap();
        assert_eq!(tries_left(&mut wallet), Some(10));
        wallet.payments().unlock(WRONG).unwrap();
    });
}

/// An attacker who kills the app at a refusal has still used up a try.
#[test]
fn a_pin_try_is_counted_before_it_is_compared() {
    let test_vault = TestVault::new();
    let (anchor, device) = anchored(&test_vault);
    let (mut wallet, _, _) = with_pin(&test_vault, &device);
    let stores = anchor.stores();
    assert!(wallet.payments().unlock(WRONG).is_err());
    assert_eq!((anchor.get().unwrap().failed_pin_tries, anchor.stores()), (1, stores + 1));
    // A try that cannot be counted is not made, the right one neither.
    anchor.fail(true);
    assert!(matches!(wallet.payments().unlock(PIN), Err(Error::Failed(_))));
    anchor.fail(false);
    wallet.payments().unlock(PIN).unwrap();
    assert_eq!(anchor.get().unwrap().failed_pin_tries, 0);

    // A copy of the file does not bring tries back: they are not in it.
    let before = test_vault.files();
    assert!(wallet.payments().unlock(WRONG).is_err());
    wallet.close().unwrap();
    test_vault.restore(&before);
    let mut wallet = Wallet::open(&test_vault.path(), &device).unwrap();
    assert_eq!(tries_left(&mut wallet), Some(9));

    // Ten are counted and the crash came before the PIN was given up: no eleventh is compared.
    let test_vault = TestVault::new();
    let (anchor, device) = anchored(&test_vault);
    let (wallet, _, _) = with_pin(&test_vault, &device);
    let now = anchor.get().unwrap();
    wallet.close().unwrap();
    anchor.put(Some(AnchorState { failed_pin_tries: 10, ..now }));
    let mut wallet = Wallet::open(&test_vault.path(), &device).unwrap();
    assert!(matches!(wallet.payments().unlock(PIN), Err(Error::PinBlocked)));
    assert!(matches!(wallet.payments().unlock(PIN), Err(Error::UnlockNotSet)));
}

#[test]
fn a_pin_is_changed_and_removed() {
    on_both(|test_vault, device| {
        let (mut wallet, id, mut unlock) = with_pin(test_vault, device);
        wallet.payments().set_pin(&mut unlock, b"915283", small()).unwrap();
        assert!(matches!(wallet.payments().unlock(PIN), Err(Error::WrongPin { tries_left: 9 })));
        wallet.payments().unlock(WRONG).unwrap();

        assert_eq!(wallet.payments().forget_unlock_key(), Err(Error::UnlockNotSet));
        wallet.payments().set_unlock_key(&mut unlock, KEY).unwrap();
        wallet.payments().set_pin(&mut unlock, b"739164", small()).unwrap();
        // New fingers: their key opens nothing, the PIN does, and sets another.
        wallet.payments().forget_unlock_key().unwrap();
        assert!(matches!(
            wallet.payments().unlock(UnlockMethod::Key(KEY)),
            Err(Error::UnlockNotSet)
        ));
        let mut unlock = wallet.payments().unlock(PIN).unwrap();

        wallet.payments().remove_lock(&mut unlock).unwrap();
        assert_eq!(wallet.payments().lock_status(), Ok(None));
        pays(&mut wallet, &unlock, &id).unwrap();
        pays(&mut wallet, &PaymentUnlock::without_lock(), &id).unwrap();
        wallet.payments().remove_lock(&mut unlock).unwrap();
    });
}

/// A finger that the thief of an unlocked phone enrols must not be all that it takes.
#[test]
fn biometrics_without_a_pin_are_refused() {
    on_both(|test_vault, device| {
        let needs_pin = |set: Result<(), Error>| {
            assert!(matches!(set, Err(Error::Invalid(why)) if why.starts_with("set a PIN first")));
        };
        let (mut wallet, id) = wallet(test_vault, device);
        let mut unlock = PaymentUnlock::without_lock();
        needs_pin(wallet.payments().set_unlock_key(&mut unlock, KEY));
        assert_eq!(wallet.payments().lock_status(), Ok(None));
        pays(&mut wallet, &unlock, &id).unwrap();
        // Once the PIN is blocked, the key opens what there is; another one needs a new PIN.
        wallet.payments().set_pin(&mut unlock, b"739164", small()).unwrap();
        wallet.payments().set_unlock_key(&mut unlock, KEY).unwrap();
        for _ in 0..10 {
            wallet.payments().unlock(WRONG).unwrap_err();
        }
        assert!(matches!(wallet.payments().forget_unlock_key(), Err(Error::Invalid(_))));
        let mut unlock = wallet.payments().unlock(UnlockMethod::Key(KEY)).unwrap();
        pays(&mut wallet, &unlock, &id).unwrap();
        needs_pin(wallet.payments().set_unlock_key(&mut unlock, KEY));
        wallet.payments().set_pin(&mut unlock, b"739164", small()).unwrap();
        wallet.payments().set_unlock_key(&mut unlock, KEY).unwrap();
    });
}

/// A token of a removed lock neither opens nor seals anything: a seed sealed under its key would be
/// lost.
#[test]
fn an_unlock_token_of_an_earlier_lock_is_refused() {
    on_both(|test_vault, device| {
        let (mut wallet, id, old) = with_pin(test_vault, device);
        let mut unlock = old.clone();
        wallet.payments().remove_lock(&mut unlock).unwrap();
        let add = |wallet: &mut Wallet, unlock| wallet.payments().add(unlock, &new_payment("More"));
        assert_eq!(add(&mut wallet, &old), Err(Error::PaymentsLocked));
        wallet.payments().set_pin(&mut unlock, b"739164", small()).unwrap();
        assert_eq!(pays(&mut wallet, &old, &id), Err(Error::PaymentsLocked));
        assert_eq!(add(&mut wallet, &old), Err(Error::PaymentsLocked));
        assert!(wallet.payments().unlock(WRONG).is_err());
        for mut stale in [old, PaymentUnlock::without_lock()] {
            let set = wallet.payments().set_pin(&mut stale, b"915283", small());
            assert_eq!(set, Err(Error::PaymentsLocked));
            let set = wallet.payments().set_unlock_key(&mut stale, KEY);
            assert_eq!(set, Err(Error::PaymentsLocked));
            // Nor does asking for a new PIN give tries back.
            assert_eq!(tries_left(&mut wallet), Some(9));
        }
        pays(&mut wallet, &unlock, &id).unwrap();
        wallet.payments().unlock(PIN).unwrap();
    });
}

#[test]
fn removing_all_payments_keeps_the_rest() {
    on_both(|test_vault, device| {
        let (mut wallet, id, _) = with_pin(test_vault, device);
        wallet.payments().remove_all().unwrap();
        assert_eq!(wallet.payments().lock_status(), Ok(None));
        assert!(wallet.is_empty());
        let without = PaymentUnlock::without_lock();
        assert_eq!(pays(&mut wallet, &without, &id), Err(Error::NotFound));
        let again = wallet.payments().add(&without, &new_payment("Shop")).unwrap();
        pays(&mut wallet, &without, &again).unwrap();
    });
}

#[test]
fn a_new_pin_is_not_easy_to_guess() {
    let test_vault = TestVault::new();
    let (mut wallet, _) = wallet(&test_vault, &test_vault.device());
    let mut unlock = PaymentUnlock::without_lock();
    for (pin, why) in [
        ("1234", WeakPin::TooShort),
        ("4829-1", WeakPin::TooShort),
        (&"4829150376".repeat(7), WeakPin::TooLong),
        ("four digits", WeakPin::NotDigits),
        ("000000", WeakPin::Guessable),
        ("１２３４５６", WeakPin::Guessable),
        ("19 90 01", WeakPin::Guessable),
    ] {
        let set = wallet.payments().set_pin(&mut unlock, pin.as_bytes(), small());
        assert_eq!(set, Err(Error::WeakPin(why)), "{pin}");
    }
    assert_eq!(wallet.payments().lock_status(), Ok(None));
    wallet.payments().set_pin(&mut unlock, b"739164", small()).unwrap();
    let weak = wallet.payments().set_pin(&mut unlock, b"111111", small());
    assert_eq!(weak, Err(Error::WeakPin(WeakPin::Guessable)));
    wallet.payments().unlock(PIN).unwrap();
}

#[test]
fn a_pin_opens_however_its_digits_were_typed() {
    on_both(|test_vault, device| {
        let (mut wallet, _, mut unlock) = with_pin(test_vault, device);
        for typed in ["739164", "７３９１６４", "739 164", "73-91-64", "٧٣٩١٦٤"] {
            wallet.payments().unlock(UnlockMethod::Pin(typed.as_bytes())).unwrap();
            // A wrong one in another form is one try, although it is compared in two.
            let wrong = wallet.payments().unlock(UnlockMethod::Pin("９１５ ２８３".as_bytes()));
            assert!(matches!(wrong, Err(Error::WrongPin { tries_left: 9 })), "{typed}");
            wallet.payments().set_pin(&mut unlock, typed.as_bytes(), small()).unwrap();
            wallet.payments().unlock(PIN).unwrap();
        }
    });
}

/// A keystore whose hardware does not answer `prf`.
struct UnresponsiveKeystore(Arc<SoftwareKeystore>);

impl Keystore for UnresponsiveKeystore {
    fn wrap(&self, plaintext: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        self.0.wrap(plaintext)
    }
    fn unwrap(&self, wrapped: &[u8]) -> Result<SecretBytes, KeystoreError> {
        self.0.unwrap(wrapped)
    }
    fn prf(&self, _: &[u8]) -> Result<Secret<32>, KeystoreError> {
        Err(KeystoreError::Locked)
    }
    fn public_key(&self) -> Result<[u8; 65], KeystoreError> {
        self.0.public_key()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        self.0.sign(message)
    }
    fn replace_signing_key(&self) -> Result<(), KeystoreError> {
        self.0.replace_signing_key()
    }
}

#[test]
fn a_keystore_that_does_not_answer_costs_no_try() {
    on_both(|test_vault, device| {
        let (wallet, _, _) = with_pin(test_vault, device);
        wallet.close().unwrap();
        let unresponsive = Device {
            keystore: Arc::new(UnresponsiveKeystore(test_vault.keystore.clone())),
            ..device.clone()
        };
        let mut wallet = Wallet::open(&test_vault.path(), &unresponsive).unwrap();
        assert!(matches!(wallet.payments().unlock(PIN), Err(Error::Locked)));
        assert_eq!(tries_left(&mut wallet), Some(10));
    });
}

#[test]
fn debug_output_of_the_lock_is_redacted() {
    let test_vault = TestVault::new();
    let (_, _, unlock) = with_pin(&test_vault, &test_vault.device());
    let shown =
        format!("{unlock:?} {:?} {:?}", UnlockMethod::Pin(b"739164"), UnlockMethod::Key(KEY));
    assert_eq!(shown, "PaymentUnlock([redacted]) Pin([redacted]) Key([redacted])");
}

/// Under the lock a seed is sealed twice: the device's key alone does not open it.
#[test]
fn no_code_is_made_without_the_unlock_token() {
    let test_vault = TestVault::new();
    let (mut wallet, id, _) = with_pin(&test_vault, &test_vault.device());
    let shown = wallet.payments().list().unwrap();
    assert_eq!(shown.len(), 1);
    let next = wallet.payments().next_code(&PaymentUnlock::without_lock(), &id, Audience::AnyTill);
    assert!(!matches!(next, Ok(NextCode::Code(_))));
}
