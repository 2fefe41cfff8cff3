//! The whole issuer, started: store, keys, accounts, mail, jobs, and the service in front.

use std::sync::Arc;

use tegata::code::ShopName;

use crate::accounts::{self, Accounts, Letters};
use crate::admin::server_key;
use crate::codes::Codes;
use crate::config::{Config, Mail};
use crate::crypto::Keys;
use crate::domain::Environment;
use crate::http::mailbox_page;
use crate::http::router::Routes;
use crate::http::server::{self, Handle, StartError};
use crate::http::state::Issuer;
use crate::http::till;
use crate::jobs::{Counts, Jobs};
use crate::mail::{self, Carrier, Mailbox, Smtp};
use crate::payments::{self, Charge, Charging, Notices, Payments};
use crate::processor;
use crate::store::{ReceiptWriter, Store, StoreError};

/// Who takes the mail.
pub type Post = Arc<dyn Carrier>;

/// Starts the issuer. Returns when it listens.
///
/// # Errors
/// [`StartError`]; then nothing runs.
pub fn start(config: Config, world: Environment, post: Post) -> Result<Handle, StartError> {
    start_with(config, world, |_| Ok(post), None, Routes::new())
}

/// The same, with somebody who charges cards: made when the store is open, with whom to tell of it.
///
/// # Errors
/// [`StartError`]; then nothing runs.
pub fn start_charging(
    config: Config,
    world: Environment,
    post: Post,
    charge: impl FnOnce(&Store, Arc<dyn ReceiptWriter>) -> Arc<dyn Charge>,
) -> Result<Handle, StartError> {
    start_with(config, world, |_| Ok(post), Some(Box::new(charge)), Routes::new())
}

/// Starts the issuer with the mail that is set: a server, or, on this machine alone, the page `/dev/mailbox`.
///
/// # Errors
/// [`StartError`]; then nothing runs.
pub fn start_as_set(config: Config, world: Environment) -> Result<Handle, StartError> {
    match config.mail.clone() {
        Mail::Smtp(server) => {
            let smtp = move |config: &Config| Ok(Arc::new(Smtp::new(&server, config)?) as Post);
            start_with(config, world, smtp, None, Routes::new())
        }
        Mail::Mailbox if config.listen.ip().is_loopback() => {
            let mailbox = Arc::new(Mailbox::default());
            let page = mailbox_page::page(Arc::clone(&mailbox));
            start_with(config, world, |_| Ok(mailbox), None, page)
        }
        Mail::Mailbox => Err(StartError::MailboxForAll),
    }
}

/// Somebody else who charges cards.
type Other<'a> = Box<dyn FnOnce(&Store, Arc<dyn ReceiptWriter>) -> Arc<dyn Charge> + 'a>;

/// `post` is made on the threads that serve: a pool of connections wants to be. Without `other`, cards are charged by the
/// processor that is set.
fn start_with(
    config: Config,
    world: Environment,
    post: impl FnOnce(&Config) -> Result<Post, StartError>,
    other: Option<Other<'_>>,
    routes: Routes,
) -> Result<Handle, StartError> {
    server_key::look(&config)?;
    let rules = config.rules();
    let letters = Letters::ours(&rules).map_err(StartError::Letters)?;
    let issuer = Arc::new(Issuer::new(config, world.clone())?);
    let counts = Counts::new(issuer.metrics.registry())?;
    let of_payments = payments::Counts::new(issuer.metrics.registry())?;
    let threads = server::threads()?;
    let (accounts, payments, processor) = threads.block_on(async {
        let (config, clock) = (&issuer.config, Arc::clone(&world.clock));
        let store = Store::open(&config.store).await?.with_work_counter(issuer.metrics.work());
        let server_key = server_key::find_or_make(config, &store, &*world.random).await?;
        let keys = Arc::new(Keys::open(&store, &server_key, &*world.random).await?);
        let (passwords, name) = (Arc::clone(&issuer.passwords), "Tegata".to_owned());
        let codes = Arc::new(Codes::open(&store, &keys, config.scheme(), clock.now()).await?);
        let (kept, shared) = (Arc::clone(&keys), Arc::clone(&codes));
        let accounts =
            Accounts::open(store.clone(), kept, passwords, world.clone(), shared, name.clone());
        let processor = processor::as_set(config, &*world.random).await?;
        let random = Arc::clone(&world.random);
        let tell: Arc<dyn ReceiptWriter> = Arc::new(Notices::new(Arc::clone(&keys), random));
        let (there, at) = (Arc::clone(&processor), Arc::clone(&clock));
        let ours = Charging::new(store.clone(), there, at, Arc::clone(&tell));
        let (charge, charging): (Arc<dyn Charge>, _) = match other {
            Some(other) => (other(&store, tell), None),
            None => (Arc::new(ours.clone()), Some(ours)),
        };
        let name = ShopName::new(&name).map_err(|_| StoreError::Unreadable("the issuer's name"))?;
        let (of_store, of_keys) = (store.clone(), Arc::clone(&keys));
        let counted = of_payments.clone();
        let payments =
            Payments::open(of_store, of_keys, world.clone(), rules.clone(), charge, name, counted);
        let payments = payments.await?;
        let accounts = accounts.await.map_err(|_| StartError::Accounts)?;
        let post = post(config)?;
        let store = store.with_work_counter(issuer.metrics.work().by("mail"));
        tokio::spawn(mail::work(store.clone(), accounts.clone(), letters, post, clock));
        let (checkpoints, marks) = (config.checkpoints_file(), std::sync::Mutex::default());
        let accounts_of_jobs = accounts.clone();
        let jobs = Jobs {
            store,
            accounts: accounts_of_jobs,
            keys,
            codes,
            world,
            checkpoints,
            counts,
            payments: of_payments,
            marks,
            charging,
        };
        tokio::spawn(jobs.work());
        Ok::<_, StartError>((accounts, payments, processor))
    })?;
    let all = accounts::routes(accounts, processor, rules.decimals)
        .merge(payments::routes(payments))
        .merge(till::pages());
    server::listen(threads, issuer, all.merge(routes))
}
