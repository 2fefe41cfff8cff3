//! The names that the issuer's database holds: a type or variant may be renamed, what is stored of it may not.

use serde::Serialize;
use tegata::UnixTime;

use crate::state::{Freeze, MailedCode, ResetStage, SignUpStep, Spending};
use crate::*;

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

#[test]
fn audit_events_keep_their_stored_names() {
    let names = [
        (AuditEvent::SignedUp, "signed_up"),
        (AuditEvent::LoggedIn, "logged_in"),
        (AuditEvent::LoggedInOnNewDevice, "logged_in_on_new_device"),
        (AuditEvent::LoginRefused, "login_refused"),
        (AuditEvent::LoggedOut, "logged_out"),
        (AuditEvent::SessionsEnded, "sessions_ended"),
        (AuditEvent::DeviceForgotten, "device_forgotten"),
        (AuditEvent::FactorEnrolled, "factor_enrolled"),
        (AuditEvent::FactorVerified, "factor_proved"),
        (AuditEvent::RecoveryCodeUsed, "recovery_used"),
        (AuditEvent::RecoveryCodesRenewed, "recovery_renewed"),
        (AuditEvent::AddressChanged, "address_moved"),
        (AuditEvent::ResetRequested, "reset_asked"),
        (AuditEvent::ResetCodeLimitReached, "reset_codes_used_up"),
        (AuditEvent::ResetRefused, "reset_refused"),
        (AuditEvent::ResetVerified, "reset_proved"),
        (AuditEvent::LogInCodeRequested, "log_in_code_requested"),
        (AuditEvent::LogInCodeRefused, "log_in_code_refused"),
        (AuditEvent::FreezeCodeRequested, "freeze_code_requested"),
        (AuditEvent::FreezeCodeRefused, "freeze_code_refused"),
        (AuditEvent::FreezeFactorRefused, "freeze_factor_refused"),
        (AuditEvent::FactorVoid, "factor_void"),
        (AuditEvent::PasswordReset, "password_reset"),
        (AuditEvent::Frozen, "frozen"),
        (AuditEvent::FrozenByOperator, "frozen_by_operator"),
        (AuditEvent::Unfrozen, "unfrozen"),
        (AuditEvent::UnfrozenByOperator, "unfrozen_by_operator"),
        (AuditEvent::ChangesReverted, "changes_taken_back"),
        (AuditEvent::DataExported, "exported"),
        (AuditEvent::DeletionScheduled, "closing"),
        (AuditEvent::DeletionCancelled, "kept"),
        (AuditEvent::AccountDeleted, "closed"),
        (AuditEvent::Provisioned, "provisioned"),
        (AuditEvent::CredentialWaits, "credential_waits"),
        (AuditEvent::CredentialConfirmed, "credential_confirmed"),
        (AuditEvent::CardAdded, "card_added"),
        (AuditEvent::DefaultCardSet, "card_chosen"),
        (AuditEvent::CardRemoved, "card_removed"),
    ];
    for (event, name) in names {
        assert_eq!(json(&event), format!("\"{name}\""));
        assert_eq!(serde_json::from_str::<AuditEvent>(&json(&event)).unwrap(), event);
    }
}

#[test]
fn notifications_keep_their_stored_form() {
    let code = SecretId(7);
    let known = Some("d".to_owned());
    let card = "visa 4242".to_owned();
    let forms = [
        (Notification::SignUpCode { code }, r#"{"SignUp":{"code":7}}"#),
        (Notification::AccountExists, r#""AlreadyHere""#),
        (Notification::ResetCode { code, device: known }, r#"{"Reset":{"code":7,"device":"d"}}"#),
        (Notification::ResetCode { code, device: None }, r#"{"Reset":{"code":7}}"#),
        (Notification::LogInCode { code }, r#"{"LogInCode":{"code":7}}"#),
        (Notification::FreezeCode { code }, r#"{"FreezeCode":{"code":7}}"#),
        (Notification::WrongFactors { left: 50 }, r#"{"WrongFactors":{"left":50}}"#),
        (Notification::PasswordReset, r#""WasReset""#),
        (Notification::NewDevice, r#""NewDevice""#),
        (Notification::AddressCode { code }, r#"{"Move":{"code":7}}"#),
        (
            Notification::EvidenceChanged { what: Change::Address, code },
            r#"{"Changed":{"what":"Address","code":7}}"#,
        ),
        (
            Notification::EvidenceChanged { what: Change::Factor, code },
            r#"{"Changed":{"what":"Factor","code":7}}"#,
        ),
        (
            Notification::EvidenceChanged { what: Change::Recovery, code },
            r#"{"Changed":{"what":"Recovery","code":7}}"#,
        ),
        (Notification::RecoveryCodeUsed { left: 9 }, r#"{"RecoveryUsed":{"left":9}}"#),
        (Notification::CardAdded { card: card.clone() }, r#"{"CardAdded":{"card":"visa 4242"}}"#),
        (
            Notification::CardAddedElsewhere { card: card.clone() },
            r#"{"CardAddedElsewhere":{"card":"visa 4242"}}"#,
        ),
        (Notification::CardRemoved { card }, r#"{"CardRemoved":{"card":"visa 4242"}}"#),
        (Notification::CredentialCreated, r#""Provisioned""#),
        (Notification::CredentialWaits, r#""CredentialWaits""#),
        (Notification::KnownDevice, r#""LoggedIn""#),
        (Notification::SessionsEnded, r#""SessionsEnded""#),
        (Notification::DeviceForgotten, r#""DeviceForgotten""#),
        (Notification::Frozen, r#""Frozen""#),
        (Notification::Unfrozen, r#""Unfrozen""#),
        (Notification::ChangesReverted, r#""Undone""#),
        (Notification::DataExported, r#""Exported""#),
        (Notification::DeletionScheduled, r#""Closing""#),
        (Notification::DeletionCancelled, r#""Kept""#),
        (Notification::AccountDeleted, r#""Closed""#),
    ];
    for (notification, form) in forms {
        assert_eq!(json(&notification), form);
        assert_eq!(serde_json::from_str::<Notification>(form).unwrap(), notification);
    }
}

#[test]
fn variants_of_the_state_keep_their_stored_names() {
    let since = UnixTime::new(1_800_000_000).unwrap();
    let code = || MailedCode { secret: SecretId(7), since, tries: 2 };
    let mailed = r#"{"secret":7,"since":1800000000,"tries":2}"#;
    let stored = [
        (json(&SignUpStep::CodeMailed(code())), format!(r#"{{"Mailed":{mailed}}}"#)),
        (
            json(&SignUpStep::CodeVerified { password: SecretId(3), factor: SecretId(4), since }),
            r#"{"Verified":{"password":3,"factor":4,"since":1800000000}}"#.to_owned(),
        ),
        (json(&Freeze::Session), r#""Session""#.to_owned()),
        (json(&Freeze::Notice), r#""Notice""#.to_owned()),
        (json(&Freeze::RecoveryCode), r#""RecoveryCode""#.to_owned()),
        (json(&Freeze::Operator), r#""Operator""#.to_owned()),
        (json(&Spending::Held), r#""Held""#.to_owned()),
        (
            json(&Spending::Open { low_until: since }),
            r#"{"Open":{"low_until":1800000000}}"#.to_owned(),
        ),
        (json(&ResetStage::CodeMailed(code())), format!(r#"{{"Asked":{mailed}}}"#)),
        (json(&ResetStage::LogInCodeMailed(code())), format!(r#"{{"LogIn":{mailed}}}"#)),
        (json(&ResetStage::FreezeCodeMailed(code())), format!(r#"{{"Freeze":{mailed}}}"#)),
        (json(&ResetStage::Verified(since)), r#"{"Proved":1800000000}"#.to_owned()),
        (json(&Account::Closed), r#""Closed""#.to_owned()),
    ];
    for (result, expected) in stored {
        assert_eq!(result, expected);
    }
}
