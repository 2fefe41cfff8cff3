//! An account is moved to another address, to the one it has, and back, over HTTP: whatever was done, it is found by the
//! addresses that it has, and by no other.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use tegata::protocol::Refusal;
use tegata::protocol::{
    Language, MoveAddress, MoveAddressCode, NoticeCode, Request, SecondFactor, TakeBack,
};

use crate::people::{NEW_PASSWORD, PASSWORD, Person, Town, code_in, refusal};

mod people;

people::on_both! {
    an_account_is_moved_and_its_owner_logs_in_by_the_new_address_alone_after_a_week,
    an_account_moved_to_the_address_it_has_speaks_another_language_and_is_found_after_a_week,
    an_account_moved_away_and_back_within_a_week_is_found_after_it,
    an_owner_who_takes_a_move_back_resets_her_password_by_the_address_as_it_was,
    an_owner_who_takes_a_move_to_the_same_address_back_is_found_by_it,
    an_address_of_another_account_is_not_moved_to,
    whatever_case_an_address_is_written_in_it_is_one_account_and_mail_goes_as_it_was_verified,
}

const HANAKO: &str = "hanako@example.org";
const NEW: &str = "hanako@example.com";
const DAY: u64 = 24 * 60 * 60;

/// The last mail to an address whose subject says so, once there are `nth`.
fn mail(town: &Town, to: &str, says: &str, nth: usize) -> String {
    for at_least in 1.. {
        let mails = town.mails(to, at_least);
        let mut those = mails.into_iter().filter(|(subject, _)| subject.contains(says));
        if let Some((_, body)) = those.nth(nth - 1) {
            return body;
        }
    }
    unreachable!()
}

const CODE: [&str; 2] = ["Confirm your new email address", "新しいメールアドレスの確認コード"];
const CHANGED: &str = "email address was changed";

/// Her `nth` mail of a code, there and in this language, and she has that address.
fn moves(person: &mut Person<'_>, to: &str, language: Language, nth: usize) {
    person.logs_in(PASSWORD).unwrap();
    person.in_session(&MoveAddress { address: to.parse().unwrap(), language }).unwrap();
    let says = CODE[usize::from(language == Language::Ja)];
    let code = code_in(&mail(person.town, to, says, nth));
    person.in_session(&MoveAddressCode { code }).unwrap();
    to.clone_into(&mut person.address);
}

/// Whether the account is found by that address.
fn is_found_by(person: &Person<'_>, address: &str) -> bool {
    let mut person = person.clone();
    address.clone_into(&mut person.address);
    let factor = Some(person.next_totp());
    match person.tries_to_log_in(PASSWORD, factor) {
        Ok(_) => true,
        told => {
            assert_eq!(refusal(told), Refusal::Wrong);
            false
        }
    }
}

fn takes_back(person: &Person<'_>, notice: &str, second_factor: SecondFactor) {
    let code = notice.lines().find_map(|line| NoticeCode::parse(line.trim()).ok()).unwrap();
    let call = TakeBack { handle: person.address.parse().unwrap(), code, second_factor };
    person.town.send(&Request::written(&call).unwrap()).unwrap();
}

fn an_account_is_moved_and_its_owner_logs_in_by_the_new_address_alone_after_a_week(town: &Town) {
    let mut hanako = town.shopper(HANAKO);
    moves(&mut hanako, NEW, Language::En, 1);
    assert_eq!(hanako.view().unwrap().address.address(), NEW);
    // Both hear of it, and either finds it for as long as it can be taken back.
    mail(town, HANAKO, CHANGED, 1);
    mail(town, NEW, CHANGED, 1);
    assert!(is_found_by(&hanako, NEW) && is_found_by(&hanako, HANAKO));
    town.passes(8 * DAY);
    assert!(is_found_by(&hanako, NEW));
    assert!(!is_found_by(&hanako, HANAKO));
    // Whoever has the old address by now can sign up with it.
    let mut other = town.person(HANAKO);
    let ticket = other.asks_to_sign_up().unwrap();
    let code = code_in(&mail(town, HANAKO, "verification code", 2));
    other.types_code_to_sign_up(&ticket, code).unwrap();
}

fn an_account_moved_to_the_address_it_has_speaks_another_language_and_is_found_after_a_week(
    town: &Town,
) {
    let mut hanako = town.shopper(HANAKO);
    moves(&mut hanako, HANAKO, Language::Ja, 1);
    assert!(is_found_by(&hanako, HANAKO));
    town.passes(8 * DAY);
    assert!(is_found_by(&hanako, HANAKO));
    assert!(is_found_by(&hanako, HANAKO), "and after the last of it was forgotten, too");
    hanako.asks_for_reset().unwrap();
    mail(town, HANAKO, "パスワード", 1);
}

fn an_account_moved_away_and_back_within_a_week_is_found_after_it(town: &Town) {
    let mut hanako = town.shopper(HANAKO);
    moves(&mut hanako, NEW, Language::En, 1);
    moves(&mut hanako, HANAKO, Language::En, 1);
    assert!(is_found_by(&hanako, HANAKO));
    assert!(!is_found_by(&hanako, NEW), "it goes back to the one from before all changes");
    town.passes(8 * DAY);
    assert!(is_found_by(&hanako, HANAKO));
    assert!(is_found_by(&hanako, HANAKO), "and after the last of it was forgotten, too");
}

fn an_owner_who_takes_a_move_back_resets_her_password_by_the_address_as_it_was(town: &Town) {
    let mut hanako = town.shopper(HANAKO);
    town.passes(8 * DAY);
    moves(&mut hanako, NEW, Language::En, 1);
    HANAKO.clone_into(&mut hanako.address);
    takes_back(&hanako, &mail(town, HANAKO, CHANGED, 1), hanako.next_totp());
    resets_by(&mut hanako, HANAKO);
    assert_eq!(hanako.view().unwrap().address.address(), HANAKO);
    assert!(!is_found_by(&hanako, NEW));
}

fn an_owner_who_takes_a_move_to_the_same_address_back_is_found_by_it(town: &Town) {
    let mut hanako = town.shopper(HANAKO);
    town.passes(8 * DAY);
    moves(&mut hanako, HANAKO, Language::Ja, 1);
    takes_back(&hanako, &mail(town, HANAKO, CHANGED, 1), hanako.next_totp());
    resets_by(&mut hanako, HANAKO);
}

/// A reset from the first to the last, with the code mailed there.
fn resets_by(person: &mut Person<'_>, address: &str) {
    let ticket = person.asks_for_reset().unwrap();
    let code = code_in(&mail(person.town, address, "password reset code", 1));
    person.proves_reset(&ticket, code, person.next_totp()).unwrap();
    person.finishes_reset(&ticket, NEW_PASSWORD).unwrap();
    person.logs_in(NEW_PASSWORD).unwrap();
}

fn an_address_of_another_account_is_not_moved_to(town: &Town) {
    let mut hanako = town.shopper(HANAKO);
    let taro = town.shopper(NEW);
    hanako.logs_in(PASSWORD).unwrap();
    let (address, language) = (NEW.parse().unwrap(), Language::En);
    hanako.in_session(&MoveAddress { address, language }).unwrap();
    let code = code_in(&mail(town, NEW, CODE[0], 1));
    assert_eq!(refusal(hanako.in_session(&MoveAddressCode { code })), Refusal::Wrong);
    assert_eq!(hanako.view().unwrap().address.address(), HANAKO);
    assert!(is_found_by(&hanako, HANAKO) && is_found_by(&taro, NEW));
}

fn whatever_case_an_address_is_written_in_it_is_one_account_and_mail_goes_as_it_was_verified(
    town: &Town,
) {
    let mut hanako = town.shopper(HANAKO);
    let written = ["Hanako@example.org", "HANAKO@EXAMPLE.ORG", "hanako@Example.Org"];
    for (nth, address) in written.into_iter().enumerate() {
        address.clone_into(&mut hanako.address);
        hanako.logs_in(PASSWORD).unwrap();
        assert_eq!(hanako.view().unwrap().address.address(), HANAKO);
        hanako.asks_for_reset().unwrap();
        mail(town, HANAKO, "password reset code", nth + 1);
        hanako.asks_to_sign_up().unwrap();
        mail(town, HANAKO, "already have an account", nth + 1);
    }
    let elsewhere = town.mailbox.mails().into_iter().find(|mail| mail.to.address() != HANAKO);
    assert!(elsewhere.is_none(), "all of it went to the address that was verified");
}
