//! Accounts: what is asked of one is decided by [`tegata_policy::decide()`], here it is carried out.
//!
//! Each act is one transaction of the store, or a chain of them where something has to be compared: the counted try is
//! written first, then compared, then the outcome is decided on. An address that nobody has leads to a decoy, an account
//! like any other whose password, codes and factor nobody knows, so that there is no second path to tell from the first.

mod act;
mod cards;
mod compare;
mod decoys;
mod door;
mod given;
mod kept;
mod letters;
mod made;
mod no_link;
mod operator;
mod payments;
mod provision;
mod receipts;
mod routes;
mod signing;
mod view;

pub use letters::{Kept, Letters, Posted};
pub(crate) use receipts::Receipt;
pub use routes::{described, routes};

use std::sync::Arc;

use crate::codes::Codes;
use crate::config::Config;
use crate::crypto::Keys;
use crate::domain::Environment;
use crate::http::problem::Problem;
use crate::passwords::Passwords;
use crate::store::Store;

/// The accounts of an issuer. A clone is the same accounts.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    keys: Arc<Keys>,
    passwords: Arc<Passwords>,
    world: Environment,
    codes: Arc<Codes>,
    /// What authenticators show beside the value.
    name: String,
}

impl Accounts {
    /// Those of a store, with the decoys in it.
    ///
    /// # Errors
    /// A problem of the store's, told in the log.
    pub async fn open(
        store: Store,
        keys: Arc<Keys>,
        passwords: Arc<Passwords>,
        world: Environment,
        codes: Arc<Codes>,
        name: String,
    ) -> Result<Self, Problem> {
        let accounts = Self { store, keys, passwords, world, codes, name };
        accounts.make_decoys().await?;
        Ok(accounts)
    }

    /// The same accounts for an operator, who needs no decoys and gives nobody a payment credential.
    pub(crate) fn for_operator(
        store: Store,
        keys: Arc<Keys>,
        passwords: Arc<Passwords>,
        world: Environment,
    ) -> Self {
        let codes = Arc::new(Codes::new(Config::default().scheme()));
        Self { store, keys, passwords, world, codes, name: String::new() }
    }
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accounts")
    }
}
