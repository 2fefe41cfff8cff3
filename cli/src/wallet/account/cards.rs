//! `tegata wallet cards`: the cards that payments are charged to.

use clap::{Args, Subcommand};
use tegata::Wallet;
use tegata::protocol::{
    AccountCard, AddCard, BeginCardSetup, CardNumber, Cards as CardList, ListCards, RemoveCard,
    SetDefaultCard,
};
use tegata::text::escape;

use super::requests::{account_failure, execute, execute_in_session};
use crate::card_form::{self, FormResult};
use crate::failure::Failure;
use crate::issuer_client::IssuerClient;
use crate::output::Output;
use crate::secret::{can_prompt, prompt_visible};
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
    /// Add a card of the sandbox. Requires a recently verified second factor: log in with it. A real card is added in an
    /// app, where the processor's form is.
    #[command(after_help = "Example: tegata wallet cards add pm_card_visa")]
    Add {
        /// The test card's name, such as `pm_card_visa`; never a card's number.
        #[arg(value_name = "CARD", value_parser = test_card)]
        card: String,
        /// Confirm the card if its bank asks.
        #[arg(long)]
        confirm: bool,
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

/// Refuses a card's number that was typed in place of a name.
fn test_card(text: &str) -> Result<String, String> {
    if text.starts_with("pm_card_") {
        Ok(text.to_owned())
    } else {
        Err("expected the name of a test card, such as pm_card_visa".to_owned())
    }
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
            Action::Add { card, confirm } => add(&mut wallet, card, *confirm)?,
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

/// Begins the registration of a card, fills in the sandbox's form as its holder, and adds it.
fn add(wallet: &mut Wallet, card: &str, confirm: bool) -> Result<CardList, Failure> {
    let request = wallet.account().session_request(&BeginCardSetup {}).map_err(account_failure)?;
    let client = IssuerClient::new(request.issuer())?;
    let setup = execute(Ok(request), &client, wallet)?;
    let mut result = card_form::fill_in(&client, &setup, card, confirm.then_some(true))?;
    if result == FormResult::Asks {
        if !can_prompt() {
            return Err(Failure::Usage("the bank asks for confirmation: give --confirm".into()));
        }
        let answer = prompt_visible(None, "confirm", "Your bank asks: add this card? yes or no: ")?;
        let is_confirmed = answer.trim().eq_ignore_ascii_case("yes");
        result = card_form::fill_in(&client, &setup, card, Some(is_confirmed))?;
    }
    match result {
        FormResult::Succeeded => {}
        FormResult::UnknownCard => {
            return Err(Failure::Failed(format!("{}: the sandbox has no such card", escape(card))));
        }
        FormResult::Asks | FormResult::Failed | FormResult::Closed => {
            return Err(Failure::Failed("the bank declined the card: use another one".into()));
        }
    }
    Ok(execute_in_session(wallet, &AddCard { setup: setup.setup })?)
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
        return "no card yet: to pay, run tegata wallet cards add CARD".to_owned();
    }
    let line = |card: &AccountCard| {
        let charged = if card.default { ", charged" } else { "" };
        format!("{} {}{charged}  {}", card.brand, card.last4, String::from(card.card))
    };
    list.cards.iter().map(line).collect::<Vec<_>>().join("\n")
}
