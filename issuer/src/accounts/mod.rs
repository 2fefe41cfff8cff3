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
mod routes;
mod signing;
mod view;

pub use letters::{Kept, Letters, Posted};
pub use routes::routes;

use std::sync::Arc;

use crate::issuer::World;
use crate::keys::Keys;
use crate::passwords::Passwords;
use crate::store::Store;

/// The accounts of an issuer.
pub struct Accounts {
    store: Arc<dyn Store>,
    keys: Arc<Keys>,
    passwords: Arc<Passwords>,
    world: World,
    /// What authenticators show beside the value.
    issuer_name: String,
}
