//! `tegata wallet cards`: the cards that payments are charged to.

use clap::{Args, Subcommand};
use tegata::protocol::{
    AccountCard, AddCard, CardNumber, CardToken, Cards as CardList, ListCards, RemoveCard,
    SetDefaultCard,
};
use tegata::text::escape;

use super::requests::execute_in_session;
use crate::failure::Failure;
use crate::output::Output;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct Cards {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the account's cards.
    #[command(after_help = "Example: tegata wallet cards list")]
    List,
    /// Add a card. Requires a recently verified second factor: log in with it.
    #[command(after_help = "Example: tegata wallet cards add pm_card_visa")]
    Add {
        /// The processor's token for the card, never its number. The sandbox has `pm_card_visa` and others.
        #[arg(value_name = "TOKEN", value_parser = token)]
        token: CardToken,
    },
    /// Choose the card to charge from now on. Requires a recently verified second factor.
    #[command(after_help = "Example: tegata wallet cards default 4242")]
    Default {
        /// The card's last four digits or its id.
        card: String,
    },
    /// Remove a card immediately.
    #[command(after_help = "Example: tegata wallet cards remove 4242")]
    Remove {
        /// The card's last four digits or its id.
        card: String,
    },
}

fn token(text: &str) -> Result<CardToken, String> {
    CardToken::new(text).map_err(|error| error.to_string())
}

impl Cards {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        let mut wallet = files.open_unlocked()?;
        let list = ListCards {};
        let cards = match self.action.as_ref().unwrap_or(&Action::List) {
            Action::List => execute_in_session(&mut wallet, &list)?,
            // Not idempotent: repeated, it would add the card twice.
            Action::Add { token } => {
                execute_in_session(&mut wallet, &AddCard { token: token.clone() })?
            }
            Action::Default { card } => {
                let cards = execute_in_session(&mut wallet, &list)?;
                let card = find_card(&cards, card)?;
                execute_in_session(&mut wallet, &SetDefaultCard { card })?
            }
            Action::Remove { card } => {
                let cards = execute_in_session(&mut wallet, &list)?;
                let card = find_card(&cards, card)?;
                execute_in_session(&mut wallet, &RemoveCard { card })?
            }
        };
        output.print(&describe(&cards), &cards)
    }
}

/// Finds the one card with this id or these last digits.
fn find_card(list: &CardList, name: &str) -> Result<CardNumber, Failure> {
    let is = |card: &&AccountCard| card.last4 == name || String::from(card.card) == name;
    let mut found = list.cards.iter().filter(is);
    let shown = escape(name);
    match (found.next(), found.next()) {
        (Some(card), None) => Ok(card.card),
        (None, _) => Err(Failure::Failed(format!("{shown}: no such card"))),
        _ => Err(Failure::Failed(format!(
            "{shown}: more than one card ends in these digits; give its id"
        ))),
    }
}

fn describe(list: &CardList) -> String {
    if list.cards.is_empty() {
        return "no card yet: to pay, run tegata wallet cards add TOKEN".to_owned();
    }
    let line = |card: &AccountCard| {
        let charged = if card.default { ", charged" } else { "" };
        format!("{} {}{charged}  {}", card.brand, card.last4, String::from(card.card))
    };
    list.cards.iter().map(line).collect::<Vec<_>>().join("\n")
}
