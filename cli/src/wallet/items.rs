//! What a wallet holds: stored, listed, shown.

use std::num::NonZeroU8;

use serde_json::{Value, json};
use tegata::code::CredentialId;
use tegata::symbol::Symbol;
use tegata::vault::{Pass, PassFormat, RecordId};
use tegata::{NewPayment, Payment, Random, SystemRandom, Wallet};

use super::Add;
use super::open::WalletFiles;
use crate::failure::Failure;
use crate::output::Output;

/// Lines that a Code 128 takes.
const BAR_LINES: NonZeroU8 = NonZeroU8::MIN.saturating_add(6);

/// Something to store.
pub(super) enum NewItem {
    Payment(NewPayment),
    Pass(Pass),
}

/// Something stored.
pub(super) enum Item {
    Payment(Payment),
    Pass(RecordId, Pass),
}

pub(super) fn read(add: &Add) -> Result<NewItem, Failure> {
    Ok(match add {
        Add::Payment { label, scheme, seed } => {
            let mut credential = CredentialId([0; 16]);
            SystemRandom::new().fill(&mut credential.0).map_err(|e| Failure::No(e.to_string()))?;
            let (label, scheme, seed) = (label.clone(), scheme.scheme(), seed.read()?);
            NewItem::Payment(NewPayment { credential, label, scheme, seed })
        }
        Add::Pass { title, format, message, alternate_text } => {
            let pass = Pass {
                title: title.clone(),
                format: (*format).into(),
                message: message.clone(),
                alternate_text: alternate_text.clone(),
            };
            // What cannot be drawn cannot be shown at a door either.
            symbol(&pass)?;
            NewItem::Pass(pass)
        }
    })
}

pub(super) fn add(wallet: &mut Wallet, item: NewItem, output: &Output) -> Result<(), Failure> {
    let id = match item {
        NewItem::Payment(new) => wallet.payments().add(&new),
        NewItem::Pass(pass) => wallet.passes().add(&pass),
    };
    let id = hex::encode(id.map_err(|e| Failure::to("store this")(&e))?.as_bytes());
    output.answer(&id, &json!({ "id": id }))
}

pub(super) fn status(
    wallet: &mut Wallet,
    files: &WalletFiles,
    output: &Output,
) -> Result<(), Failure> {
    let (records, all) = (wallet.len(), items(wallet)?);
    let payments = all.iter().filter(|item| matches!(item, Item::Payment(_))).count();
    let passes = all.len() - payments;
    let vault = files.vault.display().to_string();
    output.answer(
        &format!(
            "{vault}: whole and open, format 1, {records} records ({payments} for payments, {passes} passes)"
        ),
        &json!({
            "vault": vault, "format": 1, "records": records, "payments": payments, "passes": passes,
        }),
    )
}

pub(super) fn list(wallet: &mut Wallet, output: &Output) -> Result<(), Failure> {
    let all = items(wallet)?;
    let lines: Vec<String> = all.iter().map(Item::line).collect();
    let words = if lines.is_empty() { "the wallet is empty".to_owned() } else { lines.join("\n") };
    output.answer(&words, &all.iter().map(Item::document).collect::<Vec<_>>())
}

pub(super) fn show(wallet: &mut Wallet, name: &str, output: &Output) -> Result<(), Failure> {
    let item = find(wallet, name)?;
    let words = match &item {
        Item::Payment(payment) => {
            let last = payment.last.map_or("none yet".to_owned(), |counter| counter.to_string());
            format!(
                "{}\nprefix       {}\nalias period {} s\nlast counter {last}\nclock        {} s off",
                item.line(),
                payment.scheme.prefix,
                payment.scheme.alias_period.seconds(),
                payment.offset.seconds(),
            )
        }
        Item::Pass(_, pass) => {
            let drawing = output.drawing(&symbol(pass)?, BAR_LINES);
            let below = pass.alternate_text.as_deref().unwrap_or_default();
            format!("{}\n{drawing}\n{below}", item.line()).trim_end().to_owned()
        }
    };
    output.answer(&words, &item.document())
}

/// The one thing that is called so, or whose id begins so.
pub(super) fn find(wallet: &mut Wallet, name: &str) -> Result<Item, Failure> {
    let is_meant = |item: &Item| item.name() == name || item.id().starts_with(name);
    let mut found = items(wallet)?.into_iter().filter(is_meant);
    match (found.next(), found.next()) {
        (Some(item), None) => Ok(item),
        (None, _) => Err(Failure::No(format!("nothing here is called {name} or has such an id"))),
        (Some(_), Some(_)) => Err(Failure::No(format!(
            "several things are called {name} or have such an id: give more of the id"
        ))),
    }
}

fn items(wallet: &mut Wallet) -> Result<Vec<Item>, Failure> {
    let failed = |e: tegata::Error| Failure::to("read the wallet")(&e);
    let payments = wallet.payments().list().map_err(failed)?.into_iter().map(Item::Payment);
    let passes = wallet.passes().list().map_err(failed)?;
    Ok(payments.chain(passes.into_iter().map(|(id, pass)| Item::Pass(id, pass))).collect())
}

impl Item {
    fn id(&self) -> String {
        let (Self::Payment(Payment { id, .. }) | Self::Pass(id, _)) = self;
        hex::encode(id.as_bytes())
    }

    fn name(&self) -> &str {
        match self {
            Self::Payment(payment) => &payment.label,
            Self::Pass(_, pass) => &pass.title,
        }
    }

    fn line(&self) -> String {
        let kind = match self {
            Self::Payment(_) => "payment",
            Self::Pass(..) => "pass",
        };
        format!("{}  {kind:7}  {}", self.id(), self.name())
    }

    fn document(&self) -> Value {
        match self {
            Self::Payment(payment) => json!({
                "id": self.id(), "kind": "payment", "label": payment.label,
                "prefix": payment.scheme.prefix.to_string(),
                "alias_period": payment.scheme.alias_period.seconds(),
                "last_counter": payment.last.map(tegata::code::Counter::number),
                "clock_offset": payment.offset.seconds(),
            }),
            Self::Pass(_, pass) => json!({
                "id": self.id(), "kind": "pass", "title": pass.title, "message": pass.message,
                "alternate_text": pass.alternate_text,
            }),
        }
    }
}

fn symbol(pass: &Pass) -> Result<Symbol, Failure> {
    let drawn = match pass.format {
        PassFormat::Qr => Symbol::qr(&pass.message),
        PassFormat::Code128 => Symbol::code128(&pass.message),
        PassFormat::Pdf417 | PassFormat::Aztec | PassFormat::DataMatrix => {
            return Err(Failure::No("this version draws QR codes and Code 128 only".to_owned()));
        }
    };
    drawn.map_err(|e| Failure::to("draw the pass")(&e))
}
