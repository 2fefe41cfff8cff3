//! Accounts: what is asked of one is decided by [`tegata_policy::decide()`], here it is carried out.
//!
//! Each event is one transaction of the store, or a chain of them where something has to be verified: the counted attempt
//! is written first, then compared, then the outcome is decided on. An address that nobody has leads to a decoy, an account
//! like any other whose password, codes and factor nobody knows, so that there is no second path to tell from the first.
//!
//! | file | idea |
//! |---|---|
//! | `sign_up`, `log_in`, `reset`, `device_calls`, `freeze_code` | messages of a device |
//! | `settings`, `cards`, `payment_history`, `view` | messages of a session |
//! | `card_setups` | how a card comes to an account |
//! | `provision` | how a phone gets its payment credential |
//! | `challenges`, `signed_requests` | what devices sign beside each message; each message is carried out once |
//! | `session`, `sealed_answer`, `ticket`, `new_password`, `login_throttle`, `mail_budget` | what several messages need |
//! | `transaction` | load, decide, write |
//! | `verification` | comparing between two transactions |
//! | `request_secrets`, `stored_secrets`, `generated_secrets` | secrets that came, are stored, were made |
//! | `decoys` | accounts that nobody has |

mod card_setups;
mod cards;
mod challenges;
mod decoys;
mod device_calls;
mod error;
mod freeze_code;
mod generated_secrets;
mod log_in;
mod login_throttle;
mod mail_budget;
mod new_password;
mod payment_history;
mod provision;
mod request_secrets;
mod reset;
mod sealed_answer;
mod seen_generation;
mod session;
mod settings;
mod sign_up;
mod signed_requests;
mod stored_secrets;
mod ticket;
mod transaction;
mod verification;
mod view;

pub use error::AccountError;
pub(crate) use generated_secrets::GeneratedSecrets;
pub(crate) use request_secrets::RequestSecrets;
pub(crate) use session::{Admission, Caller};
pub(crate) use settings::SessionMessage;
pub(crate) use signed_requests::{Repetition, Requester, SignedRequest, Signer, StoredAnswer};

use std::sync::Arc;

use self::mail_budget::MailBudget;
use self::seen_generation::SeenGeneration;
use crate::codes::Codes;
use crate::config::Config;
use crate::crypto::Keys;
use crate::domain::{AccountId, Environment};
use crate::passwords::Passwords;
use crate::store::Store;

/// The accounts of an issuer. A clone is the same accounts.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    keys: Arc<Keys>,
    passwords: Arc<Passwords>,
    environment: Environment,
    codes: Arc<Codes>,
    /// What authenticators show beside the value.
    name: String,
    /// The domain that mail comes from, if it is sent.
    domain: Option<String>,
    /// The accounts that nobody has.
    decoy_ids: Arc<[AccountId]>,
    mails: Arc<MailBudget>,
    generation: Arc<SeenGeneration>,
}

impl Accounts {
    /// The same accounts, whose work is counted for who has this handle of the store.
    pub(crate) fn on(self, store: Store) -> Self {
        Self { store, ..self }
    }

    /// Opens the accounts of a store, and makes the decoys in it.
    ///
    /// # Errors
    /// [`AccountError`] of the store's.
    pub async fn open(
        store: Store,
        keys: Arc<Keys>,
        passwords: Arc<Passwords>,
        environment: Environment,
        codes: Arc<Codes>,
        name: String,
        config: &Config,
    ) -> Result<Self, AccountError> {
        let mails = MailBudget::new(config.network_mails(), config.total_sign_up_mails());
        let generation = store.global_state().await?.generation;
        let accounts = Self {
            generation: Arc::new(SeenGeneration::new(generation)),
            decoy_ids: decoy_accounts(&keys),
            domain: config.mail_from.as_ref().map(|sender| sender.domain().to_owned()),
            mails: Arc::new(mails),
            store,
            keys,
            passwords,
            environment,
            codes,
            name,
        };
        accounts.make_decoys().await?;
        Ok(accounts)
    }

    /// Gives the same accounts for an operator, who needs no decoys and makes no payment credentials.
    pub(crate) fn for_operator(
        store: Store,
        keys: Arc<Keys>,
        passwords: Arc<Passwords>,
        environment: Environment,
    ) -> Self {
        let config = Config::default();
        let mails = MailBudget::new(config.network_mails(), config.total_sign_up_mails());
        Self {
            codes: Arc::new(Codes::new(config.scheme())),
            generation: Arc::default(),
            decoy_ids: decoy_accounts(&keys),
            domain: None,
            mails: Arc::new(mails),
            name: String::new(),
            store,
            keys,
            passwords,
            environment,
        }
    }
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accounts")
    }
}

/// How many decoys there are. Strangers are counted by address, not by account, so that a decoy has no budget that the
/// addresses which lead to it could use up for each other.
const DECOYS: u8 = 64;

/// Gives the numbers of the decoys: the same after each start, and unlike any account's.
fn decoy_accounts(keys: &Keys) -> Arc<[AccountId]> {
    (0..DECOYS).map(|number| AccountId(keys.throttle("decoy", &[number]).first_bytes())).collect()
}

/// The policy's reply is not of the kind that belongs to the event.
fn unexpected_reply() -> AccountError {
    AccountError::internal("answering", &"the decision was of another kind")
}
