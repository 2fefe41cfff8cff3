//! An account is moved to another address, to the one it has, and back, over HTTP: whatever was done, it is found by the
//! addresses that it has, and by no other.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use tegata::protocol::Refusal;
use tegata::protocol::{
    ChangeAddress, ConfirmAddressChange, Language, NoticeCode, Request, RevertChanges, SecondFactor,
};

use tegata_testkit::{
    TestIssuer, TestShopper,
    shopper::{NEW_PASSWORD, PASSWORD, code_in, refusal},
};

tegata_testkit::on_both! {
    a_week_after_a_change_only_the_new_address_logs_in,
    a_change_to_the_same_address_keeps_the_account_findable,
    an_address_changed_and_changed_back_stays_findable,
    after_a_reverted_change_the_old_address_resets_the_password,
    a_reverted_change_to_the_same_address_keeps_it_findable,
    an_address_of_another_account_is_not_moved_to,
    case_does_not_matter_in_an_address_and_mail_keeps_it,
}

const HANAKO: &str = "hanako@example.org";
const NEW: &str = "hanako@example.com";
const DAY: u64 = 24 * 60 * 60;

/// The last mail to an address whose subject says so, once there are `nth`.
fn mail(issuer: &TestIssuer, to: &str, says: &str, nth: usize) -> String {
    for at_least in 1.. {
        let mails = issuer.mails(to, at_least);
        let mut those = mails.into_iter().filter(|(subject, _)| subject.contains(says));
        if let Some((_, body)) = those.nth(nth - 1) {
            return body;
        }
    }
    unreachable!()
}

const CODE: [&str; 2] = ["Confirm your new email address", "新しいメールアドレスの確認コード"];
const CHANGED: &str = "email address was changed";

/// Changes to this address with the code of its `nth` mail, which is in this language.
fn moves(person: &mut TestShopper<'_>, to: &str, language: Language, nth: usize) {
    person.complete_log_in(PASSWORD).unwrap();
    person.call_in_session(&ChangeAddress { address: to.parse().unwrap(), language }).unwrap();
    let says = CODE[usize::from(language == Language::Ja)];
    let code = code_in(&mail(person.issuer, to, says, nth));
    person.call_in_session(&ConfirmAddressChange { code }).unwrap();
    to.clone_into(&mut person.address);
}

/// Whether the account is found by that address.
fn is_found_by(person: &TestShopper<'_>, address: &str) -> bool {
    let mut person = person.clone();
    address.clone_into(&mut person.address);
    let factor = Some(person.next_totp());
    match person.try_log_in(PASSWORD, factor) {
        Ok(_) => true,
        result => {
            assert_eq!(refusal(result), Refusal::InvalidCredentials);
            false
        }
    }
}

fn takes_back(person: &TestShopper<'_>, notice: &str, second_factor: SecondFactor) {
    let code = notice.lines().find_map(|line| NoticeCode::parse(line.trim()).ok()).unwrap();
    let call = RevertChanges { handle: person.address.parse().unwrap(), code, second_factor };
    person.issuer.send(&Request::written(&call).unwrap()).unwrap();
}

fn a_week_after_a_change_only_the_new_address_logs_in(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    moves(&mut hanako, NEW, Language::En, 1);
    assert_eq!(hanako.view().unwrap().address.address(), NEW);
    // Both addresses get a mail, and either finds the account for as long as the change can be reverted.
    mail(issuer, HANAKO, CHANGED, 1);
    mail(issuer, NEW, CHANGED, 1);
    assert!(is_found_by(&hanako, NEW) && is_found_by(&hanako, HANAKO));
    issuer.advance_clock(8 * DAY);
    assert!(is_found_by(&hanako, NEW));
    assert!(!is_found_by(&hanako, HANAKO));
    // Whoever has the old address by now can sign up with it.
    let mut other = issuer.new_shopper(HANAKO);
    let ticket = other.begin_sign_up().unwrap();
    let code = code_in(&mail(issuer, HANAKO, "verification code", 2));
    other.submit_sign_up_code(&ticket, code).unwrap();
}

fn a_change_to_the_same_address_keeps_the_account_findable(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    moves(&mut hanako, HANAKO, Language::Ja, 1);
    assert!(is_found_by(&hanako, HANAKO));
    issuer.advance_clock(8 * DAY);
    assert!(is_found_by(&hanako, HANAKO));
    assert!(is_found_by(&hanako, HANAKO), "and after the last of it was forgotten, too");
    hanako.begin_reset().unwrap();
    mail(issuer, HANAKO, "パスワード", 1);
}

fn an_address_changed_and_changed_back_stays_findable(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    moves(&mut hanako, NEW, Language::En, 1);
    moves(&mut hanako, HANAKO, Language::En, 1);
    assert!(is_found_by(&hanako, HANAKO));
    assert!(!is_found_by(&hanako, NEW), "it goes back to the one from before all changes");
    issuer.advance_clock(8 * DAY);
    assert!(is_found_by(&hanako, HANAKO));
    assert!(is_found_by(&hanako, HANAKO), "and after the last of it was forgotten, too");
}

fn after_a_reverted_change_the_old_address_resets_the_password(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    issuer.advance_clock(8 * DAY);
    moves(&mut hanako, NEW, Language::En, 1);
    HANAKO.clone_into(&mut hanako.address);
    takes_back(&hanako, &mail(issuer, HANAKO, CHANGED, 1), hanako.next_totp());
    resets_by(&mut hanako, HANAKO);
    assert_eq!(hanako.view().unwrap().address.address(), HANAKO);
    assert!(!is_found_by(&hanako, NEW));
}

fn a_reverted_change_to_the_same_address_keeps_it_findable(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    issuer.advance_clock(8 * DAY);
    moves(&mut hanako, HANAKO, Language::Ja, 1);
    takes_back(&hanako, &mail(issuer, HANAKO, CHANGED, 1), hanako.next_totp());
    resets_by(&mut hanako, HANAKO);
}

/// A reset from the first to the last, with the code mailed there.
fn resets_by(person: &mut TestShopper<'_>, address: &str) {
    let ticket = person.begin_reset().unwrap();
    let code = code_in(&mail(person.issuer, address, "password reset code", 1));
    person.submit_reset_proof(&ticket, code, person.next_totp()).unwrap();
    person.finish_reset(&ticket, NEW_PASSWORD).unwrap();
    person.complete_log_in(NEW_PASSWORD).unwrap();
}

fn an_address_of_another_account_is_not_moved_to(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let taro = issuer.signed_up_shopper(NEW);
    hanako.complete_log_in(PASSWORD).unwrap();
    let address = NEW.parse().unwrap();
    let language = Language::En;
    hanako.call_in_session(&ChangeAddress { address, language }).unwrap();
    let code = code_in(&mail(issuer, NEW, CODE[0], 1));
    assert_eq!(
        refusal(hanako.call_in_session(&ConfirmAddressChange { code })),
        Refusal::InvalidCredentials
    );
    assert_eq!(hanako.view().unwrap().address.address(), HANAKO);
    assert!(is_found_by(&hanako, HANAKO) && is_found_by(&taro, NEW));
}

fn case_does_not_matter_in_an_address_and_mail_keeps_it(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let written = ["Hanako@example.org", "HANAKO@EXAMPLE.ORG", "hanako@Example.Org"];
    for (nth, address) in written.into_iter().enumerate() {
        address.clone_into(&mut hanako.address);
        hanako.complete_log_in(PASSWORD).unwrap();
        assert_eq!(hanako.view().unwrap().address.address(), HANAKO);
        hanako.begin_reset().unwrap();
        mail(issuer, HANAKO, "password reset code", nth + 1);
        hanako.begin_sign_up().unwrap();
        mail(issuer, HANAKO, "already have an account", nth + 1);
    }
    let elsewhere = issuer.mailbox.mails().into_iter().find(|mail| mail.to.address() != HANAKO);
    assert!(elsewhere.is_none(), "all of it went to the address that was verified");
}
