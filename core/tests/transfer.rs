//! The transfer to another phone: what is transferred, what is not, and that a refused text changes nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use tegata::code::{AliasPeriod, CredentialId, Scheme, Seed};
use tegata::formats::otpauth;
use tegata::transfer::{TransferError, TransferNumber, TransferRequest};
use tegata::vault::{
    Argon2Params, Pass, PassFormat, PaymentUnlock, RecordId, SoftwareKeystore, UnlockMethod,
};
use tegata::{Device, Error, NewPaymentCredential, SystemClock, SystemRandom, Wallet};
use tempfile::TempDir;

const OPEN: &PaymentUnlock = &PaymentUnlock::without_lock();
const PIN: &[u8] = b"739164";

struct Phone {
    folder: TempDir,
    device: Device,
}

impl Phone {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cheap = Argon2Params::new(8, 1, 1).unwrap();
        let random = Arc::new(SystemRandom::new());
        let path = folder.path().join("keystore");
        let created = SoftwareKeystore::create(&path, b"passphrase", cheap, random.clone());
        let keystore = Arc::new(created.unwrap());
        let clock = Arc::new(SystemClock);
        let device = Device { keystore, anchor: None, clock, random };
        let phone = Self { folder, device };
        Wallet::create(&phone.folder.path().join("wallet"), &phone.device).unwrap();
        phone
    }

    fn open(&self) -> Wallet {
        Wallet::open(&self.folder.path().join("wallet"), &self.device).unwrap()
    }
}

/// Fills an old phone's wallet; returns the ids that can be transferred, and that of the payment credential.
fn filled(phone: &Phone) -> (Wallet, Vec<RecordId>, RecordId) {
    let mut wallet = phone.open();
    let uris = [
        "otpauth://hotp/Bank:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=0",
        "otpauth://totp/Mail:ann?secret=JBSWY3DPEHPK3PXP",
    ];
    let mut chosen: Vec<_> = uris
        .iter()
        .map(|uri| otpauth::parse(uri.as_bytes()).unwrap())
        .map(|credential| wallet.otp_credentials().add(&credential).unwrap())
        .collect();
    wallet.otp_credentials().code(&chosen[0]).unwrap();
    chosen.push(wallet.passes().add(&pass()).unwrap());
    let new_payment = NewPaymentCredential {
        credential: CredentialId([7; 16]),
        label: "Corner shop".into(),
        scheme: Scheme { prefix: "4960".parse().unwrap(), alias_period: AliasPeriod::DAY },
        seed: Seed::from_slice(&[0x5e; 32]).unwrap(),
    };
    let payment = wallet.payments().add(OPEN, &new_payment).unwrap();
    (wallet, chosen, payment)
}

fn pass() -> Pass {
    Pass {
        title: "Library card".into(),
        format: PassFormat::Qr,
        message: "A0042".into(),
        alternate_text: Some("42".into()),
    }
}

/// All that can be transferred, as bytes to compare.
fn transferable(wallet: &mut Wallet) -> Vec<Vec<u8>> {
    let otps = wallet.otp_credentials().list().unwrap();
    let mut all: Vec<_> = otps
        .iter()
        .map(|otp| wallet.otp_credentials().reveal_uri(&otp.id).unwrap().expose().to_vec())
        .collect();
    let passes = wallet.passes().list().unwrap();
    all.extend(passes.into_iter().map(|(_, pass)| {
        format!("{}{:?}{}{:?}", pass.title, pass.format, pass.message, pass.alternate_text).into()
    }));
    all.sort();
    all
}

fn number(request: &TransferRequest) -> TransferNumber {
    request.number().unwrap()
}

#[test]
fn a_transfer_arrives_whole_and_once() {
    let old = Phone::new();
    let new = Phone::new();
    let (mut from, chosen, _) = filled(&old);
    assert_eq!(new.open().transfer().pending_request(), Ok(None));
    let shown = new.open().transfer().request().unwrap();
    // The app is killed, and the person begins again: it is the same request.
    assert_eq!(new.open().transfer().request().unwrap(), shown);
    assert_eq!(new.open().transfer().pending_request(), Ok(Some(shown)));

    let request = TransferRequest::read(&shown.to_string()).unwrap();
    let before = transferable(&mut from);
    let text = from.transfer().seal(OPEN, &request, number(&shown), &chosen).unwrap();
    assert_eq!(transferable(&mut from), before, "the old phone keeps what it gave");
    drop(from);

    let mut to = new.open();
    let ids = to.transfer().receive(&text).unwrap();
    assert_eq!(ids.len(), 3);
    assert_eq!(transferable(&mut to), before);
    assert!(to.payments().list().unwrap().is_empty());
    assert_eq!(to.transfer().pending_request(), Ok(None));
    // RFC 4226, appendix D: the counter goes on where it was.
    let otps = to.otp_credentials().list().unwrap();
    let bank = otps.iter().find(|otp| otp.issuer == "Bank").unwrap();
    assert_eq!(to.otp_credentials().code(&bank.id).unwrap().digits(), "287082");

    let after = transferable(&mut to);
    assert_eq!(to.transfer().receive(&text), Err(Error::Transfer(TransferError::AlreadyReceived)));
    drop(to);
    let mut to = new.open();
    // Another move has another key, and what was taken before is still recognised.
    let next = to.transfer().request().unwrap();
    assert_ne!(next, shown);
    assert_eq!(to.transfer().receive(&text), Err(Error::Transfer(TransferError::AlreadyReceived)));
    assert_eq!(transferable(&mut to), after);
    assert_eq!(to.transfer().pending_request(), Ok(Some(next)));
}

#[test]
fn a_payment_credential_is_never_transferred() {
    let old = Phone::new();
    let new = Phone::new();
    let (mut from, chosen, payment) = filled(&old);
    let request = new.open().transfer().request().unwrap();
    let mut give =
        |chosen: &[RecordId]| from.transfer().seal(OPEN, &request, number(&request), chosen);
    assert_eq!(give(&[payment]), Err(Error::NotFound));
    assert_eq!(give(&[chosen[0], payment, chosen[1]]), Err(Error::NotFound));
    assert_eq!(give(&[RecordId::new([9; 16]).unwrap()]), Err(Error::NotFound));
    assert_eq!(give(&[]), Err(Error::Transfer(TransferError::NothingSelected)));
}

#[test]
fn a_locked_wallet_transfers_nothing_without_its_pin() {
    let old = Phone::new();
    let new = Phone::new();
    let (mut from, chosen, _) = filled(&old);
    let cheap = Argon2Params::new(8, 1, 1).unwrap();
    from.payments().set_pin(&mut PaymentUnlock::without_lock(), PIN, cheap).unwrap();
    let request = new.open().transfer().request().unwrap();
    let number = number(&request);
    let locked = Err(Error::PaymentsLocked);
    assert_eq!(from.transfer().seal(OPEN, &request, number, &chosen), locked);
    let other = Phone::new();
    let (mut wallet, ..) = filled(&other);
    let mut theirs = PaymentUnlock::without_lock();
    wallet.payments().set_pin(&mut theirs, PIN, cheap).unwrap();
    assert_eq!(from.transfer().seal(&theirs, &request, number, &chosen), locked);
    let unlock = from.payments().unlock(UnlockMethod::Pin(PIN)).unwrap();
    let text = from.transfer().seal(&unlock, &request, number, &chosen).unwrap();
    assert_eq!(new.open().transfer().receive(&text).unwrap().len(), 3);
}

#[test]
fn a_substituted_request_has_another_number() {
    let old = Phone::new();
    let new = Phone::new();
    let attacker = Phone::new();
    let (mut from, chosen, _) = filled(&old);
    let shown = new.open().transfer().request().unwrap();
    let theirs = attacker.open().transfer().request().unwrap();
    let given = from.transfer().seal(OPEN, &theirs, number(&shown), &chosen);
    assert_eq!(given, Err(Error::Transfer(TransferError::NumberMismatch)));
}

#[test]
fn a_refused_text_changes_nothing() {
    let old = Phone::new();
    let new = Phone::new();
    let third = Phone::new();
    let (mut from, chosen, _) = filled(&old);
    let mut to = new.open();
    to.passes().add(&pass()).unwrap();
    let mut give = |request: &TransferRequest| {
        from.transfer().seal(OPEN, request, number(request), &chosen).unwrap()
    };
    let theirs = give(&third.open().transfer().request().unwrap());
    assert_eq!(
        to.transfer().receive(&theirs),
        Err(Error::Transfer(TransferError::NoPendingRequest))
    );

    let given_up = give(&to.transfer().request().unwrap());
    to.transfer().cancel_request().unwrap();
    to.transfer().cancel_request().unwrap();
    assert_eq!(
        to.transfer().receive(&given_up),
        Err(Error::Transfer(TransferError::NoPendingRequest))
    );
    let request = to.transfer().request().unwrap();
    let text = give(&request);
    let before = transferable(&mut to);
    let records = to.len();
    let last = if text.ends_with('A') { 'Q' } else { 'A' };
    let changed = format!("{}{last}", &text[..text.len() - 1]);
    for (text, why) in [
        (theirs.as_str(), TransferError::WrongRecipient),
        (&given_up, TransferError::WrongRecipient),
        (&changed, TransferError::Corrupt),
        (&text[..text.len() - 4], TransferError::Corrupt),
        (&format!("tegata-moved:1:{}", "A".repeat(1 << 20)), TransferError::TooLarge),
        (&request.to_string(), TransferError::InvalidAnswer),
        ("", TransferError::InvalidAnswer),
    ] {
        assert_eq!(to.transfer().receive(text), Err(Error::Transfer(why)), "{text:.60}");
        assert_eq!((transferable(&mut to), to.len()), (before.clone(), records), "{why}");
    }
    assert_eq!(to.transfer().receive(&text).unwrap().len(), 3);
}
