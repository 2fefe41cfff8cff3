//! The whole issuer, started: store, keys, accounts, mail, and the service in front.

use std::sync::Arc;

use crate::accounts::{self, Accounts, Letters};
use crate::config::Config;
use crate::issuer::{Issuer, World};
use crate::keys::Keys;
use crate::mail::{self, Carrier};
use crate::server::{self, Handle, StartError};
use crate::store::Store;

/// Who takes the mail.
pub type Post = Arc<dyn Carrier>;

/// Starts the issuer. Returns when it listens.
///
/// # Errors
/// [`StartError`]; then nothing runs.
pub fn start(config: Config, world: World, post: Post) -> Result<Handle, StartError> {
    let server_key = config.server_key.clone().ok_or(StartError::NoServerKey)?;
    let letters = Letters::ours().map_err(StartError::Letters)?;
    let issuer = Arc::new(Issuer::new(config, world.clone())?);
    let threads = server::threads()?;
    let clock = Arc::clone(&world.clock);
    let (store, accounts) = threads.block_on(async {
        let store = Store::open(&issuer.config.store).await?.counting(issuer.metrics.work());
        let keys = Keys::open(&store, &server_key, &*world.random).await?;
        let passwords = Arc::clone(&issuer.passwords);
        let name = "Tegata".to_owned();
        let accounts = Accounts::open(store.clone(), Arc::new(keys), passwords, world, name).await;
        Ok::<_, StartError>((store, accounts.map_err(|_| StartError::Accounts)?))
    })?;
    let store = store.counting(issuer.metrics.work().by("mail"));
    threads.spawn(mail::work(store, accounts.clone(), letters, post, clock));
    server::listen(threads, issuer, accounts::routes(accounts))
}
