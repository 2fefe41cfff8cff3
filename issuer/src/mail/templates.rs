//! Mails about an account, from the templates in the shopper's language.

use serde::{Deserialize, Serialize};
use tegata::protocol::Handle;
use tegata::protocol::{Language, SecretText};
use tegata::{Random, UnixTime};
use tegata_policy::limits::MAILED_CODE_LIFE;
use tegata_policy::{Change, Notification, SecretId};

use super::address::StoredAddress;
use super::lifetime::after;
use super::no_link::no_link;
use super::receipt::ReceiptFormat;
use crate::crypto::{Keys, SealingContext};
use crate::domain::{AccountId, InternalError, MailId, PaymentRules, Sealed};

/// A notification that waits in the outbox: whom it goes to, which it is, and the code that is in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueuedMail {
    address: StoredAddress,
    #[serde(rename = "letter")]
    notification: Notification,
    code: Option<SecretText>,
}

/// A mail as it goes out.
#[derive(Clone)]
pub struct OutgoingEmail {
    /// The number of the mail, the same each time it is tried.
    pub id: MailId,
    /// When the mail was written into the outbox.
    pub made: UnixTime,
    /// The address that it goes to.
    pub to: Handle,
    /// The subject, in one line.
    pub subject: String,
    /// The text, without any markup.
    pub body: String,
}

impl std::fmt::Debug for OutgoingEmail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OutgoingEmail([redacted])")
    }
}

impl QueuedMail {
    /// Takes a notification with the code of the secret that [`code_of`] names.
    pub(crate) fn new(
        address: StoredAddress,
        notification: Notification,
        code: Option<SecretText>,
    ) -> Self {
        Self { address, notification, code }
    }

    /// Seals it as the outbox takes it.
    pub(crate) fn seal(
        &self,
        keys: &Keys,
        account: AccountId,
        mail: MailId,
        random: &dyn Random,
    ) -> Result<Sealed, InternalError> {
        let json = serde_json::to_vec(self).map(zeroize::Zeroizing::new);
        let json = json.map_err(|error| InternalError::new("writing a mail", &error))?;
        keys.seal(SealingContext::Mail(account, mail), &json, random)
            .map_err(|error| InternalError::new("sealing a mail", &error))
    }

    /// Writes it; `None` to a decoy, whose address is nobody's.
    pub(super) fn compose(
        &self,
        id: MailId,
        made: UnixTime,
        templates: &MailTemplates,
    ) -> Option<OutgoingEmail> {
        let to = self.address.handle.clone()?;
        let template =
            templates.of(self.address.language).get(template_name(&self.notification))?;
        let format = templates.format;
        let until = format.time(after(made, MAILED_CODE_LIFE));
        let fill = |text: &str| {
            let left = match &self.notification {
                Notification::RecoveryCodeUsed { left } => *left,
                Notification::WrongFactors { left } => usize::try_from(*left).unwrap_or(usize::MAX),
                _ => 0,
            };
            let text = text.replace("{until}", &until).replace("{left}", &left.to_string());
            let text = text.replace("{time}", &format.time(made));
            let card = match &self.notification {
                Notification::CardAdded { card }
                | Notification::CardAddedElsewhere { card }
                | Notification::CardRemoved { card } => card.as_str(),
                _ => "",
            };
            let text = text.replace("{card}", card);
            // The device's name last: what it contains is not looked at again.
            match &self.notification {
                Notification::ResetCode { device: Some(name), .. } => {
                    text.replace("{device}", &no_link(name))
                }
                _ => text,
            }
        };
        // Subjects are shown on locked screens and in lists: no code stands in one.
        let subject = fill(&template.subject);
        let code = self.code.as_ref().map_or("", |code| code.expose());
        let body = fill(&template.body.trim_start().replace("{code}", code));
        Some(OutgoingEmail { id, made, to, subject, body })
    }
}

/// Names the secret whose code a notification carries.
pub(crate) fn code_of(notification: &Notification) -> Option<SecretId> {
    match notification {
        Notification::SignUpCode { code }
        | Notification::ResetCode { code, .. }
        | Notification::LogInCode { code }
        | Notification::FreezeCode { code }
        | Notification::AddressCode { code }
        | Notification::EvidenceChanged { code, .. } => Some(*code),
        _ => None,
    }
}

/// Names the table of the templates\' files that has its text.
fn template_name(notification: &Notification) -> &'static str {
    match notification {
        Notification::SignUpCode { .. } => "sign_up",
        Notification::AccountExists => "already_here",
        Notification::ResetCode { device: Some(_), .. } => "reset",
        Notification::ResetCode { device: None, .. } => "reset_unknown",
        Notification::LogInCode { .. } => "log_in_code",
        Notification::FreezeCode { .. } => "freeze_code",
        Notification::WrongFactors { left: 0 } => "factor_void",
        Notification::WrongFactors { .. } => "wrong_factors",
        Notification::PasswordReset => "was_reset",
        Notification::NewDevice => "new_device",
        Notification::AddressCode { .. } => "move",
        Notification::EvidenceChanged { what: Change::Address, .. } => "changed_address",
        Notification::EvidenceChanged { what: Change::Factor, .. } => "changed_factor",
        Notification::EvidenceChanged { what: Change::Recovery, .. } => "changed_recovery",
        Notification::RecoveryCodeUsed { .. } => "recovery_used",
        Notification::CardAdded { .. } => "card_added",
        Notification::CardAddedElsewhere { .. } => "card_added_elsewhere",
        Notification::CardRemoved { .. } => "card_removed",
        Notification::CredentialCreated => "credential_created",
        Notification::CredentialWaits => "credential_waits",
        Notification::KnownDevice => "known_device",
        Notification::SessionsEnded => "sessions_ended",
        Notification::DeviceForgotten => "device_forgotten",
        Notification::Frozen => "frozen",
        Notification::Unfrozen => "unfrozen",
        Notification::ChangesReverted => "undone",
        Notification::DataExported => "exported",
        Notification::DeletionScheduled => "closing",
        Notification::DeletionCancelled => "kept",
        Notification::AccountDeleted => "closed",
    }
}

/// The texts of all mails.
#[derive(Clone, Debug)]
pub struct MailTemplates {
    en: Templates,
    ja: Templates,
    pub(super) format: ReceiptFormat,
}

pub(super) type Templates = std::collections::BTreeMap<String, Template>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    pub(super) subject: String,
    pub(super) body: String,
}

impl MailTemplates {
    /// Reads those of `issuer/letters`; amounts and times as these rules have them.
    ///
    /// # Errors
    /// If a file cannot be read, which a test keeps from happening.
    pub(crate) fn load(rules: &PaymentRules) -> Result<Self, toml::de::Error> {
        let PaymentRules { decimals, day_offset: offset, .. } = *rules;
        Ok(Self {
            format: ReceiptFormat { decimals, offset },
            en: toml::from_str(include_str!("../../letters/en.toml"))?,
            ja: toml::from_str(include_str!("../../letters/ja.toml"))?,
        })
    }

    pub(super) fn of(&self, language: Language) -> &Templates {
        match language {
            Language::En => &self.en,
            Language::Ja => &self.ja,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lifetime::expires;
    use super::*;
    use crate::config::Config;

    const ID: MailId = MailId([7; 16]);

    fn templates() -> MailTemplates {
        MailTemplates::load(&Config::default().payment_rules()).unwrap()
    }

    fn each() -> Vec<Notification> {
        with_device("Hanako's {code} phone")
    }

    fn with_device(name: &str) -> Vec<Notification> {
        let code = SecretId(1);
        vec![
            Notification::SignUpCode { code },
            Notification::AccountExists,
            Notification::ResetCode { code, device: Some(name.to_owned()) },
            Notification::ResetCode { code, device: None },
            Notification::LogInCode { code },
            Notification::FreezeCode { code },
            Notification::WrongFactors { left: 50 },
            Notification::WrongFactors { left: 0 },
            Notification::PasswordReset,
            Notification::NewDevice,
            Notification::AddressCode { code },
            Notification::EvidenceChanged { what: Change::Address, code },
            Notification::EvidenceChanged { what: Change::Factor, code },
            Notification::EvidenceChanged { what: Change::Recovery, code },
            Notification::RecoveryCodeUsed { left: 7 },
            Notification::CardAdded { card: "visa 4242".to_owned() },
            Notification::CardAddedElsewhere { card: "visa 4242".to_owned() },
            Notification::CardRemoved { card: "visa 4242".to_owned() },
            Notification::CredentialCreated,
            Notification::CredentialWaits,
            Notification::KnownDevice,
            Notification::SessionsEnded,
            Notification::DeviceForgotten,
            Notification::Frozen,
            Notification::Unfrozen,
            Notification::ChangesReverted,
            Notification::DataExported,
            Notification::DeletionScheduled,
            Notification::DeletionCancelled,
            Notification::AccountDeleted,
        ]
    }

    #[test]
    fn each_mail_is_complete_in_both_languages() {
        let templates = templates();
        let code = SecretText::new("31415926");
        for language in [Language::En, Language::Ja] {
            assert_eq!(
                templates.of(language).len(),
                each().len() + RECEIPTS.len(),
                "no text that nothing has"
            );
            for letter in each() {
                let handle = Some("hanako@example.org".parse().unwrap());
                let address = StoredAddress { handle, language };
                let code = code_of(&letter).map(|_| code.clone());
                let queued = QueuedMail::new(address, letter.clone(), code);
                let email = queued.compose(ID, UnixTime::MAX, &templates).unwrap();
                let all = format!("{}\n{}", email.subject, email.body);
                assert!(!email.subject.contains('\n') && email.body.ends_with('\n'));
                assert_eq!(email.body.contains("31415926"), code_of(&letter).is_some(), "{all}");
                assert!(!email.subject.contains("31415926"), "{all}");
                assert!(!all.contains('{') && !all.contains('}'), "{all}");
                let ends = expires(&letter, UnixTime::EPOCH).seconds() < 900;
                let says_until = all.contains("9999-12-31") && !all.contains("New login");
                assert!(!says_until || ends || letter == Notification::NewDevice, "{all}");
                let names_card = matches!(
                    letter,
                    Notification::CardAdded { .. }
                        | Notification::CardAddedElsewhere { .. }
                        | Notification::CardRemoved { .. }
                );
                assert_eq!(all.contains("visa 4242"), names_card, "{all}");
                let names_device =
                    matches!(letter, Notification::ResetCode { device: Some(_), .. });
                assert_eq!(all.contains("Hanako's -code- phone"), names_device, "{all}");
                assert_eq!(
                    all.contains('7'),
                    matches!(letter, Notification::RecoveryCodeUsed { .. }) || all.contains("7日")
                );
                for link in ["http", "www", "://", "<", "example.org"] {
                    assert!(!all.contains(link), "{all}");
                }
            }
        }
    }

    #[test]
    fn a_device_name_is_no_link_in_a_mail() {
        let templates = templates();
        let names = [
            ("http://evil.example/", "http---evil-example-"),
            ("www.evil.example", "www-evil-example"),
            ("see evil.example/a?b=c#d", "see evil-example-a-b-c-d"),
            ("tel:+81312345678 <a@evil.example>", "tel--81312345678 -a-evil-example-"),
            ("evil\u{3002}example evil\u{ff0e}example", "evil-example evil-example"),
            ("花子のスマホ-2, Hanako’s", "花子のスマホ-2- Hanako’s"),
        ];
        for (name, plain) in names {
            for (letter, language) in with_device(name)
                .into_iter()
                .flat_map(|l| [(l.clone(), Language::En), (l, Language::Ja)])
            {
                let handle = Some("hanako@example.org".parse().unwrap());
                let address = StoredAddress { handle, language };
                let queued = QueuedMail::new(address, letter.clone(), None);
                let email = queued.compose(ID, UnixTime::MAX, &templates).unwrap();
                let all = format!("{}\n{}", email.subject, email.body);
                for link in
                    ["://", "www.", ".example", "evil.", "evil\u{3002}", "evil\u{ff0e}", "@"]
                {
                    assert!(!all.contains(link), "{all}");
                }
                let names_device =
                    matches!(letter, Notification::ResetCode { device: Some(_), .. });
                assert_eq!(all.contains(plain), names_device, "{all}");
            }
        }
    }

    const RECEIPTS: [&str; 3] = ["payment_charged", "payment_voided", "payment_refunded"];

    #[test]
    fn each_receipt_is_complete_in_both_languages() {
        for texts in [templates().en, templates().ja] {
            for name in RECEIPTS {
                let Template { subject, body } = &texts[name];
                assert!(subject.contains("{amount}") && subject.contains("{shop}"), "{subject}");
                for part in ["{amount}", "{shop}", "{time}", "{reference}"] {
                    assert!(body.contains(part), "{name}: {part}");
                }
                assert_eq!(body.contains("{since}"), name != "payment_charged", "{name}");
                for link in ["http", "www", "://", "<", ".org"] {
                    assert!(!body.contains(link) && !subject.contains(link), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_decoy_is_sent_nothing() {
        let nobody = StoredAddress { handle: None, language: Language::En };
        let queued = QueuedMail::new(nobody, Notification::Frozen, None);
        assert!(queued.compose(ID, UnixTime::MAX, &templates()).is_none());
    }
}
