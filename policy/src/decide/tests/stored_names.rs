//! The names that the issuer's database holds: a type or variant may be renamed, what is stored of it may not.

use serde::Serialize;
use tegata::UnixTime;

use crate::state::{Freeze, MailedCode, Spending, Stage, Step};
use crate::*;

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

#[test]
fn audit_events_keep_their_stored_names() {
    let names = [
        (Deed::SignedUp, "signed_up"),
        (Deed::LoggedIn, "logged_in"),
        (Deed::LoggedInOnNewDevice, "logged_in_on_new_device"),
        (Deed::LoginRefused, "login_refused"),
        (Deed::LoggedOut, "logged_out"),
        (Deed::SessionsEnded, "sessions_ended"),
        (Deed::DeviceForgotten, "device_forgotten"),
        (Deed::FactorEnrolled, "factor_enrolled"),
        (Deed::FactorProved, "factor_proved"),
        (Deed::RecoveryUsed, "recovery_used"),
        (Deed::RecoveryRenewed, "recovery_renewed"),
        (Deed::AddressMoved, "address_moved"),
        (Deed::ResetAsked, "reset_asked"),
        (Deed::ResetCodesUsedUp, "reset_codes_used_up"),
        (Deed::ResetRefused, "reset_refused"),
        (Deed::ResetProved, "reset_proved"),
        (Deed::PasswordReset, "password_reset"),
        (Deed::Frozen, "frozen"),
        (Deed::FrozenByOperator, "frozen_by_operator"),
        (Deed::Unfrozen, "unfrozen"),
        (Deed::UnfrozenByOperator, "unfrozen_by_operator"),
        (Deed::ChangesTakenBack, "changes_taken_back"),
        (Deed::Exported, "exported"),
        (Deed::Closing, "closing"),
        (Deed::Kept, "kept"),
        (Deed::Closed, "closed"),
        (Deed::Provisioned, "provisioned"),
        (Deed::CardAdded, "card_added"),
        (Deed::CardChosen, "card_chosen"),
        (Deed::CardRemoved, "card_removed"),
    ];
    for (event, name) in names {
        assert_eq!(json(&event), format!("\"{name}\""));
        assert_eq!(serde_json::from_str::<Deed>(&json(&event)).unwrap(), event);
    }
}

#[test]
fn notifications_keep_their_stored_form() {
    let code = SecretId(7);
    let (device, card) = ("d".to_owned(), "visa 4242".to_owned());
    let forms = [
        (Letter::SignUp { code }, r#"{"SignUp":{"code":7}}"#),
        (Letter::AlreadyHere, r#""AlreadyHere""#),
        (Letter::Reset { code, device: device.clone() }, r#"{"Reset":{"code":7,"device":"d"}}"#),
        (Letter::WasReset, r#""WasReset""#),
        (Letter::NewDevice { device }, r#"{"NewDevice":{"device":"d"}}"#),
        (Letter::Move { code }, r#"{"Move":{"code":7}}"#),
        (
            Letter::Changed { what: Change::Address, code },
            r#"{"Changed":{"what":"Address","code":7}}"#,
        ),
        (
            Letter::Changed { what: Change::Factor, code },
            r#"{"Changed":{"what":"Factor","code":7}}"#,
        ),
        (
            Letter::Changed { what: Change::Recovery, code },
            r#"{"Changed":{"what":"Recovery","code":7}}"#,
        ),
        (Letter::RecoveryUsed { left: 9 }, r#"{"RecoveryUsed":{"left":9}}"#),
        (Letter::CardAdded { card: card.clone() }, r#"{"CardAdded":{"card":"visa 4242"}}"#),
        (Letter::CardRemoved { card }, r#"{"CardRemoved":{"card":"visa 4242"}}"#),
        (Letter::Frozen, r#""Frozen""#),
        (Letter::Unfrozen, r#""Unfrozen""#),
        (Letter::Undone, r#""Undone""#),
        (Letter::Exported, r#""Exported""#),
        (Letter::Closing, r#""Closing""#),
        (Letter::Kept, r#""Kept""#),
        (Letter::Closed, r#""Closed""#),
    ];
    for (notification, form) in forms {
        assert_eq!(json(&notification), form);
        assert_eq!(serde_json::from_str::<Letter>(form).unwrap(), notification);
    }
}

#[test]
fn variants_of_the_state_keep_their_stored_names() {
    let since = UnixTime::new(1_800_000_000).unwrap();
    let code = || MailedCode { secret: SecretId(7), since, tries: 2 };
    let mailed = r#"{"secret":7,"since":1800000000,"tries":2}"#;
    let stored = [
        (json(&Step::Mailed(code())), format!(r#"{{"Mailed":{mailed}}}"#)),
        (
            json(&Step::Verified { password: SecretId(3), factor: SecretId(4), since }),
            r#"{"Verified":{"password":3,"factor":4,"since":1800000000}}"#.to_owned(),
        ),
        (json(&Freeze::Session), r#""Session""#.to_owned()),
        (json(&Freeze::Notice), r#""Notice""#.to_owned()),
        (json(&Freeze::Operator), r#""Operator""#.to_owned()),
        (json(&Spending::Held), r#""Held""#.to_owned()),
        (
            json(&Spending::Open { low_until: since }),
            r#"{"Open":{"low_until":1800000000}}"#.to_owned(),
        ),
        (json(&Stage::Asked(code())), format!(r#"{{"Asked":{mailed}}}"#)),
        (json(&Stage::Proved(since)), r#"{"Proved":1800000000}"#.to_owned()),
        (json(&Account::Closed), r#""Closed""#.to_owned()),
    ];
    for (found, expected) in stored {
        assert_eq!(found, expected);
    }
}
