//! Tests of the session and the account's own second factor: under the payment lock, in memory, and gone.

use std::path::Path;

use super::error::Error;
use super::open::Wallet;
use super::profile::AccountProfile;
use super::recovery_codes::{ConfirmedRecoveryCodes, IssuedRecoveryCodes};
use super::test_phone::{TestPhone, cheap, sealed_response};
use crate::formats::otpauth;
use crate::protocol::{
    BeginFactorEnrolment, GetAccount, Handle, Language, LogOut, MailedCodeText, PasswordText,
    RecoveryCode, Response, SecretText, Ticket, TotpText,
};
use crate::transfer::TransferRequest;
use crate::vault::{
    AccountRecord, AccountSecret, OtpCredential, PaymentUnlock, RecordId, UnlockMethod,
};
use crate::{SecretBytes, SystemClock};

const KEY: [u8; 32] = [0x4b; 32];
const HERE: &str = "http://127.0.0.1:8080";
const URI: &str = "otpauth://totp/Tegata:hanako@example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tegata";

fn profile() -> AccountProfile {
    AccountProfile {
        handle: "hanako@example.org".parse().unwrap(),
        issuer: HERE.parse().unwrap(),
        device_name: "phone".to_owned().try_into().unwrap(),
    }
}

fn response(body: &str) -> Response {
    Response { status: 200, body: body.into(), retry_after: None, challenge: None }
}

fn log_in(wallet: &mut Wallet) -> Result<(), Error> {
    let password = PasswordText::new("four quiet herons").unwrap();
    let asked = wallet.account().log_in(&profile(), password, None)?;
    let body = r#"{"session":"CANARY-token","must_enrol":false}"#;
    wallet.account().complete(&asked, &sealed_response(asked.envelope(), body)).map(drop)
}

fn session(wallet: &mut Wallet) -> Result<String, Error> {
    let asked = wallet.account().session_request(&GetAccount {})?;
    Ok(asked.envelope().session().unwrap().expose().to_owned())
}

fn unlock(wallet: &mut Wallet) -> PaymentUnlock {
    wallet.payments().unlock(UnlockMethod::Key(&KEY)).unwrap()
}

fn set_lock(wallet: &mut Wallet) -> PaymentUnlock {
    let mut unlock = PaymentUnlock::without_lock();
    wallet.payments().set_pin(&mut unlock, b"739164", cheap()).unwrap();
    wallet.payments().set_unlock_key(&mut unlock, &KEY).unwrap();
    unlock
}

fn own_factor() -> OtpCredential {
    otpauth::parse(URI.as_bytes()).unwrap()
}

/// Recovery codes that were shown and typed back.
fn written() -> ConfirmedRecoveryCodes {
    let code = "000G-40R4-0M30-FZQZ";
    let codes = vec![RecoveryCode::parse(code).unwrap()];
    IssuedRecoveryCodes::new(codes).confirm(code).unwrap()
}

/// Seals records to another phone's request.
fn transfer(wallet: &mut Wallet, unlock: &PaymentUnlock, id: RecordId) -> Result<String, Error> {
    let other = TestPhone::new(SystemClock).open().transfer().request().unwrap();
    let request = TransferRequest::read(&other.to_string()).unwrap();
    let number = request.number().unwrap();
    wallet.transfer().seal(unlock, &request, number, &[id])
}

#[test]
fn without_a_lock_session_and_factor_are_in_memory_only() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    log_in(&mut wallet).unwrap();
    let factor = wallet.account().keep_factor(&SecretText::new(URI), &written()).unwrap();
    assert_eq!(wallet.otp_credentials().code(&factor).unwrap().digits().len(), 6);
    assert_eq!(session(&mut wallet).unwrap(), "CANARY-token");
    assert_eq!(wallet.len(), 1, "the account alone");
    wallet.close().unwrap();
    let mut wallet = phone.open();
    assert_eq!(session(&mut wallet), Err(Error::NotLoggedIn));
    assert!(!wallet.account().get().unwrap().unwrap().logged_in);
    assert!(wallet.otp_credentials().list().unwrap().is_empty());
    assert_eq!(wallet.otp_credentials().code(&factor).unwrap_err(), Error::NotFound);
}

#[test]
fn under_the_lock_they_are_used_while_a_token_lives() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    let token = set_lock(&mut wallet);
    log_in(&mut wallet).unwrap();
    let factor = wallet.account().keep_factor(&SecretText::new(URI), &written()).unwrap();
    assert!(session(&mut wallet).is_ok());
    let clone = token.clone();
    drop(token);
    assert!(session(&mut wallet).is_ok(), "a clone holds it open");
    let again = unlock(&mut wallet);
    drop(clone);
    assert!(session(&mut wallet).is_ok(), "a second unlock holds it open");
    drop(again);
    let refused = |wallet: &mut Wallet| {
        assert_eq!(session(wallet), Err(Error::PaymentsLocked));
        assert_eq!(log_in(wallet), Err(Error::PaymentsLocked));
        let totp = TotpText::new("123456").unwrap();
        let signed_up =
            wallet.account().finish_sign_up(&profile(), Ticket::new("AQ").unwrap(), totp);
        assert_eq!(signed_up.unwrap_err(), Error::PaymentsLocked);
        assert_eq!(wallet.account().provision().unwrap_err(), Error::PaymentsLocked);
        assert_eq!(wallet.otp_credentials().code(&factor).unwrap_err(), Error::PaymentsLocked);
        let kept = wallet.account().keep_factor(&SecretText::new(URI), &written());
        assert_eq!(kept, Err(Error::PaymentsLocked));
        assert!(wallet.otp_credentials().list().unwrap().is_empty());
        assert!(wallet.account().get().unwrap().unwrap().logged_in);
    };
    refused(&mut wallet);
    wallet.close().unwrap();
    let mut wallet = phone.open();
    refused(&mut wallet);
    let token = unlock(&mut wallet);
    assert_eq!(session(&mut wallet).unwrap(), "CANARY-token");
    let listed = wallet.otp_credentials().list().unwrap();
    assert!(listed.len() == 1 && listed[0].is_own_factor && listed[0].id == factor);
    assert_eq!(wallet.otp_credentials().code(&factor).unwrap().digits().len(), 6);
    // A log-out needs the session, and dropping it here needs nothing.
    let out = wallet.account().session_request(&LogOut {}).unwrap();
    drop(token);
    wallet.account().complete(&out, &response("{}")).unwrap();
    assert!(!wallet.account().get().unwrap().unwrap().logged_in);
    assert_eq!(session(&mut wallet), Err(Error::NotLoggedIn));
}

#[test]
fn setting_a_lock_takes_what_was_in_memory_and_removing_gives_it_back() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    log_in(&mut wallet).unwrap();
    let factor = wallet.account().keep_factor(&SecretText::new(URI), &written()).unwrap();
    let mut token = set_lock(&mut wallet);
    assert_eq!(wallet.vault.list::<AccountSecret>().unwrap().len(), 2);
    wallet.otp_credentials().code(&factor).unwrap();
    wallet.payments().remove_lock(&mut token).unwrap();
    assert!(wallet.vault.list::<AccountSecret>().unwrap().is_empty());
    assert_eq!(session(&mut wallet).unwrap(), "CANARY-token");
    wallet.otp_credentials().code(&factor).unwrap();
    drop(wallet);
    assert_eq!(session(&mut phone.open()), Err(Error::NotLoggedIn));
}

/// A vault of an earlier version: session and own factor are in records of kind 4 and 2.
fn older(wallet: &mut Wallet) -> RecordId {
    let account = AccountRecord {
        handle: "hanako@example.org".into(),
        issuer_address: HERE.into(),
        device_name: "phone".into(),
        session: Some(SecretBytes::new(b"older-token")),
    };
    wallet.vault.add(&account).unwrap();
    wallet.vault.add(&own_factor()).unwrap()
}

#[test]
fn what_an_older_vault_stored_open_is_moved_at_the_next_unlock() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    drop(set_lock(&mut wallet));
    let factor = older(&mut wallet);
    let mail = "otpauth://totp/Mail:hanako@example.org?secret=GEZDGNBVGY3TQOJQ&issuer=Mail";
    let mail = wallet.otp_credentials().add(&otpauth::parse(mail.as_bytes()).unwrap()).unwrap();
    drop(wallet);
    let mut wallet = phone.open();
    assert_eq!(session(&mut wallet), Err(Error::PaymentsLocked));
    assert_eq!(wallet.otp_credentials().code(&factor).unwrap_err(), Error::PaymentsLocked);
    assert!(matches!(wallet.otp_credentials().reveal_uri(&factor), Err(Error::Invalid(_))));
    let sealed = wallet.vault.len();
    let token = unlock(&mut wallet);
    assert_eq!(session(&mut wallet).unwrap(), "older-token");
    wallet.otp_credentials().code(&factor).unwrap();
    assert_eq!(wallet.vault.len(), sealed + 1, "the session has a record of its own");
    let open = wallet.vault.list::<AccountRecord>().unwrap();
    assert!(open[0].1.session.is_none());
    let open = wallet.vault.list::<OtpCredential>().unwrap();
    assert_eq!(open.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [mail], "another service's");
    wallet.otp_credentials().code(&mail).unwrap();
    drop(token);
    assert_eq!(session(&mut wallet), Err(Error::PaymentsLocked));
    wallet.otp_credentials().code(&mail).unwrap();
}

#[test]
fn dropping_the_lock_destroys_session_and_factor() {
    for moved in [false, true] {
        let phone = TestPhone::new(SystemClock);
        let mut wallet = phone.open();
        drop(set_lock(&mut wallet));
        let factor = older(&mut wallet);
        if moved {
            drop(unlock(&mut wallet));
        }
        wallet.payments().remove_all().unwrap();
        assert_eq!(session(&mut wallet), Err(Error::NotLoggedIn));
        assert_eq!(wallet.otp_credentials().code(&factor).unwrap_err(), Error::NotFound);
        assert!(wallet.otp_credentials().list().unwrap().is_empty());
        assert_eq!(wallet.vault.len(), 2, "whose wallet it was, and the end of its sessions");
        // Without the lock, logging in is possible again.
        log_in(&mut wallet).unwrap();
    }
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    log_in(&mut wallet).unwrap();
    let factor = wallet.account().keep_factor(&SecretText::new(URI), &written()).unwrap();
    wallet.payments().remove_all().unwrap();
    assert_eq!(session(&mut wallet), Err(Error::NotLoggedIn));
    assert_eq!(wallet.otp_credentials().code(&factor).unwrap_err(), Error::NotFound);
}

#[test]
fn no_export_and_no_transfer_carries_the_own_factor() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    let older = older(&mut wallet);
    let in_memory = wallet.account().keep_factor(&SecretText::new(URI), &written()).unwrap();
    let without = PaymentUnlock::without_lock();
    let refused = |wallet: &mut Wallet, unlock: &PaymentUnlock| {
        for id in [older, in_memory] {
            let exported = wallet.otp_credentials().reveal_uri(&id);
            assert!(matches!(exported, Err(Error::Invalid(_))));
            assert!(matches!(transfer(wallet, unlock, id), Err(Error::Invalid(_))));
        }
    };
    refused(&mut wallet, &without);
    let token = set_lock(&mut wallet);
    refused(&mut wallet, &token);
}

#[test]
fn a_factor_of_an_issuer_with_another_name_is_known_after_an_enrolment() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    log_in(&mut wallet).unwrap();
    let uri = "otpauth://totp/Sakura%20Pay:hanako@example.org?secret=GEZDGNBVGY3TQOJQ&issuer=Sakura%20Pay";
    let factor = otpauth::parse(uri.as_bytes()).unwrap();
    let asked = wallet.account().session_request(&BeginFactorEnrolment {}).unwrap();
    let answer = serde_json::json!({ "otpauth": uri }).to_string();
    wallet.account().complete(&asked, &response(&answer)).unwrap();
    drop(wallet);
    let mut wallet = phone.open();
    assert_eq!(wallet.otp_credentials().add(&factor), Err(Error::OwnFactor));
}

/// One-time passwords of another service, and one of a counter that names the account.
fn others() -> [OtpCredential; 2] {
    [
        "otpauth://totp/Mail:hanako@example.org?secret=GEZDGNBVGY3TQOJQ&issuer=Mail",
        "otpauth://hotp/Tegata:hanako@example.org?secret=GEZDGNBVGY3TQOJQ&issuer=Tegata&counter=1",
    ]
    .map(|uri| otpauth::parse(uri.as_bytes()).unwrap())
}

#[test]
fn the_own_factor_comes_in_with_a_recovery_code_alone() {
    for has_lock in [true, false] {
        let phone = TestPhone::new(SystemClock);
        let mut wallet = phone.open();
        let _token = has_lock.then(|| set_lock(&mut wallet));
        log_in(&mut wallet).unwrap();
        let before = wallet.len();
        let [mail, counted] = others();
        let same = OtpCredential { account: " Hanako@example.org".into(), ..own_factor() };
        let host = OtpCredential { issuer: "127.0.0.1:8080".into(), ..own_factor() };
        for own in [own_factor(), same, host] {
            assert_eq!(wallet.otp_credentials().add(&own), Err(Error::OwnFactor));
            let export = [mail.clone(), own.clone(), counted.clone()];
            assert_eq!(wallet.otp_credentials().add_all(&export), Err(Error::OwnFactor));
            // From another phone, on which it is one of any service.
            let request = wallet.transfer().request().unwrap();
            let other = TestPhone::new(SystemClock);
            let mut other = other.open();
            let ids = other.otp_credentials().add_all(&export).unwrap();
            let unlock = PaymentUnlock::without_lock();
            let number = request.number().unwrap();
            let sealed = other.transfer().seal(&unlock, &request, number, &ids).unwrap();
            assert_eq!(wallet.transfer().receive(&sealed), Err(Error::OwnFactor));
            let rest = other.transfer().seal(&unlock, &request, number, &[ids[0], ids[2]]).unwrap();
            let received = wallet.transfer().receive(&rest).unwrap();
            for id in &received {
                wallet.otp_credentials().remove(id).unwrap();
            }
        }
        assert!(wallet.otp_credentials().list().unwrap().is_empty());
        assert!(wallet.len() <= before + 1, "the request's record alone");
        wallet.account().keep_factor(&SecretText::new(URI), &written()).unwrap();
        assert!(wallet.otp_credentials().list().unwrap()[0].is_own_factor);
    }
}

#[test]
fn an_account_whose_factor_is_stored_here_is_not_taken() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    let token = set_lock(&mut wallet);
    wallet.otp_credentials().add_all(&others()).unwrap();
    let early = wallet.otp_credentials().add(&own_factor()).unwrap();
    assert_eq!(log_in(&mut wallet), Err(Error::OwnFactor));
    let begun = wallet.account().begin_sign_up(&profile(), Language::En);
    assert_eq!(begun.unwrap_err(), Error::OwnFactor);
    let totp = TotpText::new("123456").unwrap();
    let finished = wallet.account().finish_sign_up(&profile(), Ticket::new("AQ").unwrap(), totp);
    assert_eq!(finished.unwrap_err(), Error::OwnFactor);
    // It is one of any service still: its owner moves it to another device.
    let uri = wallet.otp_credentials().reveal_uri(&early).unwrap();
    let moved = otpauth::parse(uri.expose()).unwrap();
    assert_eq!(moved.secret.expose(), own_factor().secret.expose());
    wallet.otp_credentials().remove(&early).unwrap();
    log_in(&mut wallet).unwrap();
    wallet.account().keep_factor(&SecretText::new(URI), &written()).unwrap();
    // The same account may log in again, another one that has its factor here may not become the wallet's.
    log_in(&mut wallet).unwrap();
    let moved = OtpCredential { account: "hanako@example.com".into(), ..own_factor() };
    let moved = wallet.otp_credentials().add(&moved).unwrap();
    let to = "hanako@example.com".parse::<Handle>().unwrap();
    let code = MailedCodeText::new("31415926").unwrap();
    let change = |wallet: &mut Wallet| {
        wallet.account().confirm_address_change(to.clone(), code.clone()).map(drop)
    };
    assert_eq!(change(&mut wallet), Err(Error::OwnFactor));
    wallet.otp_credentials().remove(&moved).unwrap();
    change(&mut wallet).unwrap();
    drop(token);
}

#[test]
fn an_older_vault_logs_in_beside_its_factor() {
    let phone = TestPhone::new(SystemClock);
    let mut wallet = phone.open();
    let _token = set_lock(&mut wallet);
    let factor = older(&mut wallet);
    log_in(&mut wallet).unwrap();
    assert!(wallet.vault.list::<OtpCredential>().unwrap().is_empty(), "moved under the lock");
    wallet.otp_credentials().code(&factor).unwrap();
}

#[test]
fn the_fixture_of_format_1_moves_its_session() {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vault-format-1");
    for name in ["keystore", "vault"] {
        std::fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    let random = std::sync::Arc::new(crate::SystemRandom::new());
    let keystore = crate::vault::SoftwareKeystore::open(
        &folder.path().join("keystore"),
        b"correct horse battery staple",
        random.clone(),
    );
    let keystore = std::sync::Arc::new(keystore.unwrap());
    let clock = std::sync::Arc::new(SystemClock);
    let device = crate::Device { keystore, anchor: None, clock, random };
    let mut wallet = Wallet::open(&folder.path().join("vault"), &device).unwrap();
    let session = wallet.vault.list::<AccountRecord>().unwrap().pop().unwrap().1.session.unwrap();
    let token = wallet.payments().unlock(UnlockMethod::Pin(b"2468")).unwrap();
    assert!(wallet.vault.list::<AccountRecord>().unwrap().pop().unwrap().1.session.is_none());
    let (id, sealed) = wallet.vault.list::<AccountSecret>().unwrap().pop().unwrap();
    let opened = sealed.open(wallet.vault.id(), &id, token.open_lock().unwrap()).unwrap();
    assert_eq!(opened.expose(), session.expose());
    assert_eq!(wallet.otp_credentials().list().unwrap().len(), 2, "another service's stay");
}
