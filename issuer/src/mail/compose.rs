//! Writing a mail that waits in the outbox, when it is sent.

use serde::Deserialize;

use super::address::address_of;
use super::error::MailError;
use super::receipt::Receipt;
use super::templates::{MailTemplates, OutgoingEmail, QueuedMail};
use crate::crypto::{Keys, SealingContext};
use crate::store::{LeasedMail, Store};

/// What a mail that waits in the outbox is.
#[derive(Deserialize)]
#[serde(untagged)]
enum OutboxContent {
    Notification(QueuedMail),
    Receipt(Receipt),
}

/// What a mail that waits becomes.
pub(super) enum Composed {
    /// A mail to hand over.
    Email(OutgoingEmail),
    /// Nothing: nobody is at its address, or the account is gone.
    ToNobody,
    /// It cannot be opened or read.
    Unreadable,
}

impl From<Option<OutgoingEmail>> for Composed {
    fn from(email: Option<OutgoingEmail>) -> Self {
        email.map_or(Self::ToNobody, Self::Email)
    }
}

/// Writes a mail that waits.
///
/// # Errors
/// [`MailError`]: the mail is to be tried again.
pub(super) async fn compose(
    store: &Store,
    keys: &Keys,
    templates: &MailTemplates,
    mail: &LeasedMail,
) -> Result<Composed, MailError> {
    let place = SealingContext::Mail(mail.account, mail.id);
    let json = keys.open_sealed(place, &mail.content).ok();
    Ok(match json.and_then(|json| serde_json::from_slice(&json).ok()) {
        None => Composed::Unreadable,
        Some(OutboxContent::Notification(queued)) => {
            queued.compose(keys.mail_number(mail.id), mail.made, templates).into()
        }
        Some(OutboxContent::Receipt(receipt)) => {
            compose_receipt(store, keys, templates, mail, &receipt).await?.into()
        }
    })
}

/// Writes a receipt, to where the account's owner is reached by now.
async fn compose_receipt(
    store: &Store,
    keys: &Keys,
    templates: &MailTemplates,
    mail: &LeasedMail,
    receipt: &Receipt,
) -> Result<Option<OutgoingEmail>, MailError> {
    let payment = store.payment_of(mail.account, receipt.payment()).await?;
    let Some(payment) = payment else { return Ok(None) };
    let Some(address) = address_of(store, keys, mail.account).await? else { return Ok(None) };
    let Some(to) = address.handle else { return Ok(None) };
    let template = templates.of(address.language).get(receipt.template_name());
    let fill = |text: &str| receipt.fill(text, &payment, templates.format);
    Ok(template.map(|template| OutgoingEmail {
        id: keys.mail_number(mail.id),
        made: mail.made,
        to,
        subject: fill(&template.subject),
        body: fill(template.body.trim_start()),
    }))
}
