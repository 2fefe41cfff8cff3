//! `tegata wallet move`: transfers passes and one-time passwords to a new phone.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;
use tegata::symbol::Symbol;
use tegata::transfer::{TransferError, TransferNumber, TransferRequest};
use tegata::vault::RecordId;

use super::files::WalletFiles;
use super::items::{self, Item};
use crate::failure::Failure;
use crate::output::{Output, create_private_file};
use crate::secret::{SecretSource, ask_again, can_prompt, prompt_visible};

/// More than the longest text of a transfer.
const MAX_TEXT_BYTES: u64 = 1 << 20;

#[derive(Debug, Subcommand)]
pub(crate) enum TransferCommand {
    /// On the new phone: show the transfer request and the number to compare. The same until it is answered.
    #[command(after_help = "Example: tegata wallet move begin --anew")]
    Begin {
        /// Discard the pending request and create another.
        #[arg(long)]
        anew: bool,
    },
    /// On the old phone: encrypt passes and one-time passwords for the new one. They also stay here.
    ///
    /// Asks for the PIN of the payment lock, if set, and for the number that the new phone shows: a request that an attacker
    /// put in its place cannot have the same number. Payment credentials are not transferred.
    #[command(
        after_help = "Example: tegata wallet move give @request.txt \"Library card\" --out moved.txt"
    )]
    Give {
        /// The request that the new phone shows: its text, @FILE, or - for standard input.
        request: SecretSource,
        /// Names or ids, as with show. Default: everything that can be transferred.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// The number that the new phone shows. Prompted for if omitted.
        #[arg(long, value_name = "DIGITS")]
        number: Option<TransferNumber>,
        /// A new file to carry over, or - for a QR code here if it fits.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// On the new phone: import the transfer, all of it or nothing, once.
    #[command(after_help = "Example: tegata wallet move take moved.txt")]
    Take {
        /// The file, or - for standard input.
        file: PathBuf,
    },
}

impl TransferCommand {
    pub(super) fn run(&self, files: &WalletFiles, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Begin { anew } => begin(*anew, files, output),
            Self::Give { request, names, number, out } => {
                // Check the arguments before prompting for the passphrase.
                let text = request.read("the request")?;
                let request = TransferRequest::read(&text)
                    .map_err(|e| Failure::cannot("read the request")(&e))?;
                let number = number.map_or_else(prompt_number, Ok)?;
                give(&request, number, names, out, files, output)
            }
            Self::Take { file } => take(&read(file)?, files, output),
        }
    }
}

fn begin(anew: bool, files: &WalletFiles, output: &Output) -> Result<(), Failure> {
    let failed = |e: tegata::Error| Failure::cannot("begin a move")(&e);
    let mut wallet = files.open()?;
    let mut transfer = wallet.transfer();
    if anew {
        transfer.cancel_request().map_err(failed)?;
    }
    let request = transfer.request().map_err(failed)?;
    let number = request.number().map_err(|e| failed(e.into()))?;
    let text = request.to_string();
    let drawing = output.draw(&draw_qr(&text)?);
    output.print_drawing(
        ["", &drawing, &format!("{text}\n\nnumber  {number}")],
        &json!({ "request": text, "number": number.to_string() }),
    )
}

fn give(
    request: &TransferRequest,
    number: TransferNumber,
    names: &[String],
    out: &Path,
    files: &WalletFiles,
    output: &Output,
) -> Result<(), Failure> {
    let mut wallet = files.open()?;
    let mut chosen = items::items(&mut wallet)?;
    // The account's own second factor stays here, and so do payment credentials.
    chosen.retain(|item| match item {
        Item::Payment(_) => false,
        Item::Otp(otp) => !otp.is_own_factor,
        Item::Pass(..) => true,
    });
    if !names.is_empty() {
        let find = |name: &String| match items::find(&mut wallet, name)? {
            Item::Payment(_) => Err(items::payment_not_exportable()),
            item => Ok(item),
        };
        chosen = names.iter().map(find).collect::<Result<_, _>>()?;
    }
    let unlock = files.unlock(&mut wallet)?;
    let ids: Vec<RecordId> = chosen.iter().map(Item::record).collect();
    let text = wallet
        .transfer()
        .seal(&unlock, request, number, &ids)
        .map_err(|e| Failure::cannot("seal this")(&e))?;
    if out == Path::new("-") {
        let drawing = output.draw(&draw_qr(&text)?);
        let document = json!({ "moved": ids.len(), "text": text });
        return output.print_drawing(["", &drawing, &text], &document);
    }
    let shown = out.display();
    create_private_file(out)
        .and_then(|mut file| {
            writeln!(file, "{text}")?;
            file.sync_all()
        })
        .map_err(|e| Failure::Failed(format!("cannot write {shown}: {e}")))?;
    output.print(
        &format!(
            "{shown}: {} encrypted for the new phone: run tegata wallet move take there",
            ids.len()
        ),
        &json!({ "moved": ids.len(), "file": shown.to_string() }),
    )
}

fn take(text: &str, files: &WalletFiles, output: &Output) -> Result<(), Failure> {
    let mut wallet = files.open_with_given_pin()?;
    let ids = wallet.transfer().receive(text).map_err(|e| Failure::cannot("take this")(&e))?;
    let taken: Vec<Item> = items::items(&mut wallet)?
        .into_iter()
        .filter(|item| ids.contains(&item.record()))
        .collect();
    let lines: Vec<_> = taken.iter().map(Item::line).collect();
    let shown: Vec<_> = taken.iter().map(|item| item.record().to_string()).collect();
    output.print(&lines.join("\n"), &json!({ "ids": shown }))
}

fn prompt_number() -> Result<TransferNumber, Failure> {
    if !can_prompt() {
        let text = "no terminal for a prompt: give --number with what the new phone shows";
        return Err(Failure::Usage(text.to_owned()));
    }
    ask_again(true, || {
        let typed = prompt_visible(None, "number", "The number that the new phone shows: ")?;
        typed.parse().map_err(|e: TransferError| Failure::Mistyped(e.to_string()))
    })
}

fn draw_qr(text: &str) -> Result<Symbol, Failure> {
    Symbol::qr(text).map_err(|e| Failure::cannot("draw this")(&e))
}

fn read(file: &Path) -> Result<String, Failure> {
    let shown = file.display();
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(MAX_TEXT_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(file)
            .and_then(|file| file.take(MAX_TEXT_BYTES).read_to_string(&mut text))
    };
    read.map_err(|e| Failure::Usage(format!("cannot read {shown}: {e}")))?;
    Ok(text)
}
