//! `tegata wallet my-data`: exports all data that the issuer stores about the account's owner.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use tegata::protocol::{AccountExport, ExportAccount, ListCards, ListPayments};

use super::account_args::AccountArgs;
use super::history::fetch_earlier;
use super::log_in::LogInArgs;
use super::requests::execute_in_session;
use crate::failure::Failure;
use crate::output::{Output, create_private_file};
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct MyData {
    #[command(flatten)]
    account: AccountArgs,
    /// Write to a new file that only its owner can read. Default: standard output.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    #[command(flatten)]
    log_in: LogInArgs,
}

impl MyData {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        let (mut wallet, profile) = self.account.open(files)?;
        let mut all = self.log_in.execute_after_log_in(
            &mut wallet,
            &profile,
            &ExportAccount { before: None },
        )?;
        while all.earlier {
            let before = all.events.last().map(|event| event.event.clone());
            let page: AccountExport = execute_in_session(&mut wallet, &ExportAccount { before })?;
            all.earlier = page.earlier && !page.events.is_empty();
            all.events.extend(page.events);
        }
        let stored = execute_in_session(&mut wallet, &ListCards {})?;
        let mut paid = execute_in_session(&mut wallet, &ListPayments { before: None })?;
        fetch_earlier(&mut wallet, &mut paid)?;
        let document = json!({
            "account": all.account, "cards": stored.cards, "payments": paid.payments, "decimals": paid.decimals,
            "events": all.events,
        });
        let Some(file) = &self.to else { return Output::print_json(&document) };
        write(file, &document).map_err(|error| {
            Failure::Failed(format!("cannot write {}: {error}", file.display()))
        })?;
        output.print(
            &format!("{}: all data that {} holds about you", file.display(), profile.issuer),
            &json!({
                "written": file.display().to_string(), "cards": stored.cards.len(), "payments": paid.payments.len(),
                "events": all.events.len(),
            }),
        )
    }
}

fn write(file: &Path, document: &serde_json::Value) -> std::io::Result<()> {
    let mut file = create_private_file(file)?;
    serde_json::to_writer_pretty(&mut file, document)?;
    file.write_all(b"\n")?;
    file.sync_all()
}
