//! The whole issuer, started: store, keys, accounts, mail, and the service in front.

use std::sync::Arc;

use crate::accounts::{self, Accounts};
use crate::config::Config;
use crate::issuer::{Issuer, World};
use crate::keys::Keys;
use crate::server::{self, Handle, StartError};
use crate::store::Store;

/// Starts the issuer. Returns when it listens.
///
/// # Errors
/// [`StartError`]; then nothing runs.
pub fn start(config: Config, world: World) -> Result<Handle, StartError> {
    let server_key = config.server_key.clone().ok_or(StartError::NoServerKey)?;
    let issuer = Arc::new(Issuer::new(config, world.clone())?);
    let threads = server::threads()?;
    let accounts = threads.block_on(async {
        let store = Store::open(&issuer.config.store).await?;
        let keys = Keys::open(&store, &server_key, &*world.random).await?;
        let passwords = Arc::clone(&issuer.passwords);
        let name = "Tegata".to_owned();
        let accounts = Accounts::open(store, Arc::new(keys), passwords, world, name).await;
        accounts.map_err(|_| StartError::Accounts)
    })?;
    server::listen(threads, issuer, accounts::routes(accounts))
}
