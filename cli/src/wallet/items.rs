//! Lists, shows and exports the items of a wallet.

use serde_json::{Value, json};
use tegata::text::escape;
use tegata::vault::{Pass, PassFormat, RecordId};
use tegata::{OtpCredentialInfo, PaymentCredentialInfo, Wallet};

use super::files::WalletFiles;
use crate::failure::Failure;
use crate::otp;
use crate::output::Output;

/// An item of the wallet.
pub(super) enum Item {
    Payment(PaymentCredentialInfo),
    Otp(OtpCredentialInfo),
    Pass(RecordId, Pass),
}

pub(super) fn status(
    wallet: &mut Wallet,
    files: &WalletFiles,
    output: &Output,
) -> Result<(), Failure> {
    let records = wallet.len();
    let all = items(wallet)?;
    let count = |kind| all.iter().filter(|item| item.kind() == kind).count();
    let payments = count("payment");
    let otps = count("otp");
    let passes = count("pass");
    let vault = files.vault.display().to_string();
    let failed = |e: tegata::Error| Failure::cannot("read the wallet")(&e);
    let lock = wallet.payments().lock_status().map_err(failed)?;
    let tries = lock.and_then(|lock| lock.pin_tries_left);
    let locked = match (lock, tries) {
        (None, _) => "payments are not locked".to_owned(),
        (Some(_), None) => "payments are locked and the PIN is blocked".to_owned(),
        (Some(_), Some(tries)) => format!("payments are locked, {tries} PIN attempts left"),
    };
    output.print(
        &format!(
            "{vault}: intact, format 1, {records} records ({payments} payment credentials, \
             {otps} one-time passwords, {passes} passes); {locked}"
        ),
        &json!({
            "vault": vault, "format": 1, "records": records, "payments": payments, "otps": otps,
            "passes": passes, "locked": lock.is_some(), "pin_tries_left": tries,
        }),
    )
}

pub(super) fn list(wallet: &mut Wallet, output: &Output) -> Result<(), Failure> {
    let all = items(wallet)?;
    let lines: Vec<String> = all.iter().map(Item::line).collect();
    let words = if lines.is_empty() { "the wallet is empty".to_owned() } else { lines.join("\n") };
    output.print(&words, &all.iter().map(Item::document).collect::<Vec<_>>())
}

pub(super) fn show(wallet: &mut Wallet, name: &str, output: &Output) -> Result<(), Failure> {
    let item = find(wallet, name)?;
    let mut document = item.document();
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
        Item::Otp(shown) => {
            let code = wallet
                .otp_credentials()
                .code(&shown.id)
                .map_err(|e| Failure::cannot("make a code")(&e))?;
            document["code"] = code.digits().into();
            document["seconds_left"] = code.seconds_left().into();
            let left = match code.seconds_left() {
                Some(seconds) => format!("{seconds} s left"),
                None => "now used up; the next show gives the next code".to_owned(),
            };
            format!("{}\n{}  {left}", item.line(), code.digits())
        }
        Item::Pass(_, pass) => {
            let symbol = pass.symbol().map_err(|e| Failure::cannot("draw the pass")(&e))?;
            let drawing = output.draw(&symbol);
            let below = escape(pass.alternate_text.as_deref().unwrap_or_default());
            return output.print_drawing([&item.line(), &drawing, &below], &document);
        }
    };
    output.print(&words, &document)
}

/// Removes one item for good.
pub(super) fn remove(wallet: &mut Wallet, name: &str, output: &Output) -> Result<(), Failure> {
    let item = find(wallet, name)?;
    let removed = match &item {
        Item::Payment(payment) => wallet.payments().remove(&payment.id),
        Item::Otp(otp) => wallet.otp_credentials().remove(&otp.id),
        Item::Pass(id, _) => wallet.passes().remove(id),
    };
    removed.map_err(|e| Failure::cannot("remove it")(&e))?;
    output.print(&format!("{}: removed", item.line()), &json!({ "removed": item.id() }))
}

pub(super) fn export(wallet: &mut Wallet, name: &str, output: &Output) -> Result<(), Failure> {
    match find(wallet, name)? {
        Item::Otp(otp) => {
            let failed = |e: tegata::Error| Failure::cannot("export it")(&e);
            let secret_uri = wallet.otp_credentials().reveal_uri(&otp.id).map_err(failed)?;
            let uri = String::from_utf8_lossy(secret_uri.expose());
            output.print(&uri, &json!({ "uri": uri }))
        }
        Item::Payment(_) => Err(payment_not_exportable()),
        Item::Pass(..) => {
            Err(Failure::Failed("a pass has no secret: tegata wallet show shows all of it".into()))
        }
    }
}

pub(super) fn payment_not_exportable() -> Failure {
    Failure::Failed("a payment credential cannot leave its wallet: provision a new one".into())
}

/// Finds the one item with this name or id prefix.
pub(super) fn find(wallet: &mut Wallet, name: &str) -> Result<Item, Failure> {
    let is_match = |item: &Item| item.has_name(name) || item.id().starts_with(name);
    let mut found = items(wallet)?.into_iter().filter(is_match);
    let shown = escape(name);
    match (found.next(), found.next()) {
        (Some(item), None) => Ok(item),
        (None, _) => {
            Err(Failure::Failed(format!("nothing here has the name {shown} or such an id")))
        }
        (Some(_), Some(_)) => Err(Failure::Failed(format!(
            "several items have the name {shown} or such an id: give more of the id, as in tegata wallet list"
        ))),
    }
}

pub(super) fn items(wallet: &mut Wallet) -> Result<Vec<Item>, Failure> {
    let failed = |e: tegata::Error| Failure::cannot("read the wallet")(&e);
    let payments = wallet.payments().list().map_err(failed)?.into_iter().map(Item::Payment);
    let otps = wallet.otp_credentials().list().map_err(failed)?.into_iter().map(Item::Otp);
    let passes =
        wallet.passes().list().map_err(failed)?.into_iter().map(|(id, pass)| Item::Pass(id, pass));
    Ok(payments.chain(otps).chain(passes).collect())
}

impl Item {
    pub(super) fn record(&self) -> RecordId {
        let (Self::Payment(PaymentCredentialInfo { id, .. })
        | Self::Otp(OtpCredentialInfo { id, .. })
        | Self::Pass(id, _)) = self;
        *id
    }

    fn id(&self) -> String {
        self.record().to_string()
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Payment(_) => "payment",
            Self::Otp(_) => "otp",
            Self::Pass(..) => "pass",
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Payment(payment) => payment.label.clone(),
            Self::Otp(OtpCredentialInfo { issuer, account, .. }) if issuer.is_empty() => {
                account.clone()
            }
            Self::Otp(OtpCredentialInfo { issuer, account, .. }) => format!("{issuer}:{account}"),
            Self::Pass(_, pass) => pass.title.clone(),
        }
    }

    fn has_name(&self, name: &str) -> bool {
        let in_part = matches!(self, Self::Otp(otp) if otp.issuer == name || otp.account == name);
        let full = self.name();
        in_part || full == name || escape(&full) == name
    }

    pub(super) fn line(&self) -> String {
        format!("{}  {:7}  {}", self.id(), self.kind(), escape(&self.name()))
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
            Self::Otp(OtpCredentialInfo { issuer, account, algorithm, digits, kind, .. }) => {
                let mut document = json!({
                    "id": self.id(), "kind": "otp", "issuer": issuer, "account": account,
                    "algorithm": algorithm.name(), "digits": digits,
                });
                otp::add_kind(&mut document, *kind);
                document
            }
            Self::Pass(_, pass) => json!({
                "id": self.id(), "kind": "pass", "title": pass.title,
                "format": format_name(pass.format), "message": pass.message,
                "alternate_text": pass.alternate_text,
            }),
        }
    }
}

/// The symbol of a pass as `--format` names it.
fn format_name(format: PassFormat) -> &'static str {
    match format {
        PassFormat::Qr => "qr",
        PassFormat::Code128 => "code128",
        PassFormat::Pdf417 => "pdf417",
        PassFormat::Aztec => "aztec",
        PassFormat::DataMatrix => "datamatrix",
    }
}
