//! Accounts: what is asked of one is decided by [`tegata::account::decide()`], here it is carried out.
//!
//! Each act is one transaction of the store, or a chain of them where something has to be compared: the counted try is
//! written first, then compared, then the outcome is decided on. An address that nobody has leads to a decoy, an account
//! like any other whose password, codes and factor nobody knows, so that there is no second path to tell from the first.

mod act;
mod compare;
mod decoys;
mod given;
mod kept;
mod letters;
mod made;
mod operator;
mod routes;
mod signing;
mod view;

pub use letters::{Kept, Letters, Posted};
pub use routes::{described, routes};
pub(crate) use signing::bearer;

use std::sync::Arc;

use crate::issuer::World;
use crate::keys::Keys;
use crate::passwords::Passwords;
use crate::problem::Problem;
use crate::store::Store;

/// The accounts of an issuer. A clone is the same accounts.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    keys: Arc<Keys>,
    passwords: Arc<Passwords>,
    world: World,
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
        world: World,
        name: String,
    ) -> Result<Self, Problem> {
        let accounts = Self { store, keys, passwords, world, name };
        accounts.make_decoys().await?;
        Ok(accounts)
    }

    /// The same accounts for an operator, who needs no decoys.
    pub(crate) fn for_operator(
        store: Store,
        keys: Arc<Keys>,
        passwords: Arc<Passwords>,
        world: World,
    ) -> Self {
        Self { store, keys, passwords, world, name: String::new() }
    }
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accounts")
    }
}
