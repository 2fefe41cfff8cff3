//! Mails: what waits in the outbox, and its text in the shopper's language.

use serde::{Deserialize, Serialize};
use tegata::UnixTime;
use tegata::protocol::Handle;
use tegata::protocol::{Language, SecretText};
use tegata_policy::{Change, Notification, SecretId};

use super::Accounts;
use super::given::Address;
use super::made::Made;
use super::no_link::no_link;
use super::receipts::{Figures, Receipt};
use crate::crypto::Place;
use crate::domain::{AccountId, MailId, PaymentRules, Sealed};
use crate::http::problem::Problem;
use crate::store::LeasedMail;

/// A mail as it waits, sealed: whom it goes to, which it is, and the code that is in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    address: Address,
    letter: Notification,
    code: Option<SecretText>,
}

/// What a mail that waits holds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Waiting {
    Letter(Kept),
    Receipt(Receipt),
}

/// A mail as it goes out.
#[derive(Clone)]
pub struct Posted {
    /// Its number, the same each time it is tried.
    pub id: MailId,
    /// When it was made.
    pub made: UnixTime,
    /// Where to.
    pub to: Handle,
    /// Its subject, one line.
    pub subject: String,
    /// Its text.
    pub body: String,
}

impl std::fmt::Debug for Posted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Posted([redacted])")
    }
}

impl Kept {
    pub(super) fn new(address: Address, letter: &Notification, made: &Made) -> Self {
        let code = code_of(letter).and_then(|secret| made.codes.get(&secret)).cloned();
        Self { address, letter: letter.clone(), code }
    }

    /// As it goes out; `None` to a decoy, whose address is nobody's.
    #[must_use]
    pub fn posted(&self, id: MailId, made: UnixTime, letters: &Letters) -> Option<Posted> {
        let to = self.address.handle.clone()?;
        let text = letters.of(self.address.language).get(name(&self.letter))?;
        let fill = |text: &str| {
            let code = self.code.as_ref().map_or("", |code| code.expose());
            let (device, left) = match &self.letter {
                Notification::ResetCode { device, .. } | Notification::NewDevice { device } => {
                    (device.as_str(), 0)
                }
                Notification::RecoveryCodeUsed { left } => ("", *left),
                _ => ("", 0),
            };
            // The device's name last: what it contains is not looked at again.
            let text = text.replace("{code}", code).replace("{left}", &left.to_string());
            let card = match &self.letter {
                Notification::CardAdded { card } | Notification::CardRemoved { card } => {
                    card.as_str()
                }
                _ => "",
            };
            let text = text.replace("{card}", card);
            text.replace("{device}", &no_link(device))
        };
        let body = fill(text.body.trim_start());
        Some(Posted { id, made, to, subject: fill(&text.subject), body })
    }
}

fn code_of(letter: &Notification) -> Option<SecretId> {
    match letter {
        Notification::SignUpCode { code }
        | Notification::ResetCode { code, .. }
        | Notification::AddressCode { code }
        | Notification::EvidenceChanged { code, .. } => Some(*code),
        _ => None,
    }
}

/// The table of the letters' files that has its text.
fn name(letter: &Notification) -> &'static str {
    match letter {
        Notification::SignUpCode { .. } => "sign_up",
        Notification::AccountExists => "already_here",
        Notification::ResetCode { .. } => "reset",
        Notification::PasswordReset => "was_reset",
        Notification::NewDevice { .. } => "new_device",
        Notification::AddressCode { .. } => "move",
        Notification::EvidenceChanged { what: Change::Address, .. } => "changed_address",
        Notification::EvidenceChanged { what: Change::Factor, .. } => "changed_factor",
        Notification::EvidenceChanged { what: Change::Recovery, .. } => "changed_recovery",
        Notification::RecoveryCodeUsed { .. } => "recovery_used",
        Notification::CardAdded { .. } => "card_added",
        Notification::CardRemoved { .. } => "card_removed",
        Notification::Frozen => "frozen",
        Notification::Unfrozen => "unfrozen",
        Notification::ChangesReverted => "undone",
        Notification::DataExported => "exported",
        Notification::DeletionScheduled => "closing",
        Notification::DeletionCancelled => "kept",
        Notification::AccountDeleted => "closed",
    }
}

/// The texts of all letters.
#[derive(Clone, Debug)]
pub struct Letters {
    en: Texts,
    ja: Texts,
    figures: Figures,
}

type Texts = std::collections::BTreeMap<String, Text>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    subject: String,
    body: String,
}

impl Letters {
    /// Ours, of `issuer/letters`; amounts and times as these rules have them.
    ///
    /// # Errors
    /// If a file cannot be read, which a test keeps from happening.
    pub fn ours(rules: &PaymentRules) -> Result<Self, toml::de::Error> {
        let PaymentRules { decimals, day_offset: offset, .. } = *rules;
        Ok(Self {
            figures: Figures { decimals, offset },
            en: toml::from_str(include_str!("../../letters/en.toml"))?,
            ja: toml::from_str(include_str!("../../letters/ja.toml"))?,
        })
    }

    fn of(&self, language: Language) -> &Texts {
        match language {
            Language::En => &self.en,
            Language::Ja => &self.ja,
        }
    }
}

impl Accounts {
    /// A mail that waited, as it goes out; `None` if it cannot be read, or has nobody to go to any more.
    ///
    /// # Errors
    /// A problem of the store's: it is to be tried again.
    pub(crate) async fn posted(
        &self,
        mail: &LeasedMail,
        letters: &Letters,
    ) -> Result<Option<Posted>, Problem> {
        let place = Place::Mail(mail.account, mail.id);
        let json = self.keys.open_sealed(place, &mail.content).ok();
        match json.and_then(|json| serde_json::from_slice(&json).ok()) {
            None => Ok(None),
            Some(Waiting::Letter(letter)) => Ok(letter.posted(mail.id, mail.made, letters)),
            Some(Waiting::Receipt(receipt)) => self.receipt(mail, &receipt, letters).await,
        }
    }

    /// A receipt goes to where its owner is reached by now.
    async fn receipt(
        &self,
        mail: &LeasedMail,
        receipt: &Receipt,
        letters: &Letters,
    ) -> Result<Option<Posted>, Problem> {
        let paid = self.store.payment_of(mail.account, receipt.payment()).await;
        let Some(paid) = paid.map_err(Problem::of_store)? else { return Ok(None) };
        let Some(address) = self.address_of(mail.account).await? else { return Ok(None) };
        let Some(to) = address.handle else { return Ok(None) };
        let text = letters.of(address.language).get(receipt.name());
        let fill = |text: &str| receipt.fill(text, &paid, letters.figures);
        Ok(text.map(|text| Posted {
            id: mail.id,
            made: mail.made,
            to,
            subject: fill(&text.subject),
            body: fill(text.body.trim_start()),
        }))
    }

    pub(super) fn seal_letter(
        &self,
        account: AccountId,
        mail: MailId,
        letter: &Kept,
    ) -> Result<Sealed, Problem> {
        let json = serde_json::to_vec(letter).map(zeroize::Zeroizing::new);
        let json = json.map_err(|error| Problem::internal("writing a letter", &error))?;
        self.keys
            .seal(Place::Mail(account, mail), &json, &*self.world.random)
            .map_err(|error| Problem::internal("sealing a letter", &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const ID: MailId = MailId([7; 16]);

    fn ours() -> Letters {
        Letters::ours(&Config::default().rules()).unwrap()
    }

    fn each() -> Vec<Notification> {
        with_device("Hanako's {code} phone")
    }

    fn with_device(name: &str) -> Vec<Notification> {
        let (code, device) = (SecretId(1), name.to_owned());
        vec![
            Notification::SignUpCode { code },
            Notification::AccountExists,
            Notification::ResetCode { code, device: device.clone() },
            Notification::PasswordReset,
            Notification::NewDevice { device },
            Notification::AddressCode { code },
            Notification::EvidenceChanged { what: Change::Address, code },
            Notification::EvidenceChanged { what: Change::Factor, code },
            Notification::EvidenceChanged { what: Change::Recovery, code },
            Notification::RecoveryCodeUsed { left: 7 },
            Notification::CardAdded { card: "visa 4242".to_owned() },
            Notification::CardRemoved { card: "visa 4242".to_owned() },
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
    fn each_letter_is_written_in_both_languages_with_what_belongs_in_it_and_no_link() {
        let letters = ours();
        let mut made = Made::default();
        made.codes.insert(SecretId(1), SecretText::new("31415926"));
        for language in [Language::En, Language::Ja] {
            assert_eq!(
                letters.of(language).len(),
                each().len() + RECEIPTS.len(),
                "no text that nothing has"
            );
            for letter in each() {
                let handle = Some("hanako@example.org".parse().unwrap());
                let kept = Kept::new(Address { handle, language }, &letter, &made);
                let posted = kept.posted(ID, UnixTime::MAX, &letters).unwrap();
                let all = format!("{}\n{}", posted.subject, posted.body);
                assert!(!posted.subject.contains('\n') && posted.body.ends_with('\n'));
                assert_eq!(posted.body.contains("31415926"), code_of(&letter).is_some(), "{all}");
                let names_card = matches!(
                    letter,
                    Notification::CardAdded { .. } | Notification::CardRemoved { .. }
                );
                assert_eq!(all.contains("visa 4242"), names_card, "{all}");
                let names_device = matches!(
                    letter,
                    Notification::ResetCode { .. } | Notification::NewDevice { .. }
                );
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
    fn what_a_stranger_calls_his_device_is_no_link_in_a_letter_of_ours() {
        let (letters, made) = (ours(), Made::default());
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
                let kept = Kept::new(Address { handle, language }, &letter, &made);
                let posted = kept.posted(ID, UnixTime::MAX, &letters).unwrap();
                let all = format!("{}\n{}", posted.subject, posted.body);
                for link in
                    ["://", "www.", ".example", "evil.", "evil\u{3002}", "evil\u{ff0e}", "@"]
                {
                    assert!(!all.contains(link), "{all}");
                }
                let names_device = matches!(
                    letter,
                    Notification::ResetCode { .. } | Notification::NewDevice { .. }
                );
                assert_eq!(all.contains(plain), names_device, "{all}");
            }
        }
    }

    const RECEIPTS: [&str; 3] = ["payment_charged", "payment_voided", "payment_refunded"];

    #[test]
    fn each_receipt_is_written_in_both_languages_with_all_of_it_and_no_link() {
        for texts in [ours().en, ours().ja] {
            for name in RECEIPTS {
                let Text { subject, body } = &texts[name];
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
        let nobody = Address { handle: None, language: Language::En };
        let kept = Kept::new(nobody, &Notification::Frozen, &Made::default());
        assert!(kept.posted(ID, UnixTime::MAX, &ours()).is_none());
    }
}
