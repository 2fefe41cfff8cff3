//! The composition root: store, keys, accounts, payments, mail and jobs are put together, and the service in front.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tegata::UnixTime;
use tegata::code::ShopName;
use tokio::runtime::Runtime;

use crate::accounts::{AccountError, Accounts};
use crate::admin::server_key::{self, ServerKeyError};
use crate::audit::{self, AuditError};
use crate::codes::{Codes, CodesError};
use crate::config::{Config, ConfigErrors, Mail};
use crate::crypto::Keys;
use crate::domain::Environment;
use crate::http::handlers;
use crate::http::readiness::Readiness;
use crate::http::router::Routes;
use crate::http::server::{self, RunningServer, ServeError, Sites};
use crate::http::state::AppState;
use crate::http::till;
use crate::http::{card_form, mailbox_page};
use crate::jobs::{JobCounts, Jobs};
use crate::key_store::KeyStoreError;
use crate::mail::{
    MailCounts, MailTemplates, MailTransport, Mailbox, OutboxWorker, SmtpError, SmtpTransport,
};
use crate::passwords::PasswordsUnavailable;
use crate::payments::{
    CardCharger, PaymentCounts, Payments, ProcessorCharger, SealedReceiptWriter,
};
use crate::processor::{self, CountedProcessor, ProcessorSetup, ProcessorSetupError};
use crate::store::{ReceiptWriter, Store, StoreError};

/// The issuer's name, as authenticators and tills' cards show it.
const NAME: &str = "Tegata";

/// Why the issuer did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The service cannot listen.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The threads that hash passwords cannot be started.
    #[error(transparent)]
    Passwords(#[from] PasswordsUnavailable),
    /// The store cannot be opened.
    #[error("cannot open the store: {0}")]
    Store(#[from] StoreError),
    /// The keys that the store's rows are sealed under cannot be opened.
    #[error("cannot open the store's keys: {0}")]
    Keys(#[from] KeyStoreError),
    /// The texts of mails cannot be read, which a test keeps from happening.
    #[error("cannot read the mail templates: {0}")]
    MailTemplates(toml::de::Error),
    /// There is no server key.
    #[error(transparent)]
    ServerKey(#[from] ServerKeyError),
    /// Payment codes cannot begin with what is set.
    #[error("cannot initialise payment codes: {0}")]
    Codes(#[from] CodesError),
    /// Mail cannot be sent.
    #[error("cannot send mail: {0}")]
    Smtp(#[from] SmtpError),
    /// Cards cannot be charged.
    #[error("cannot charge cards: {0}")]
    Processor(#[from] ProcessorSetupError),
    /// The store's payments are in another currency than the one that is set.
    #[error(
        "the store's payments are in {store}, but currency is {set}: a store keeps its currency; set \
         currency = \"{store}\", or use another store for {set}"
    )]
    OtherCurrency {
        /// The currency of the store's payments.
        store: String,
        /// The currency of the settings.
        set: String,
    },
    /// The settings are not those of a service.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The metrics cannot be registered, which a test keeps from happening.
    #[error("cannot register metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The checkpoints cannot be continued.
    #[error("cannot sign the log: {0}")]
    Audit(#[from] AuditError),
    /// The accounts cannot be made ready.
    #[error("cannot make the accounts ready: {0}")]
    Accounts(#[from] AccountError),
}

/// An issuer that runs, on threads of its own. Dropped, it stops at once; [`App::stop`] lets requests end.
#[derive(Debug)]
pub struct App {
    server: RunningServer,
}

impl App {
    /// Begins an issuer with these settings.
    #[must_use]
    pub fn builder(config: Config) -> AppBuilder {
        AppBuilder { config, environment: Environment::system(), mail: None, charger: None }
    }

    /// Starts the issuer that these settings describe.
    ///
    /// # Errors
    /// [`StartError`]; then nothing runs.
    pub fn from_config(config: Config) -> Result<Self, StartError> {
        Self::builder(config).start()
    }

    /// Gives the address that it listens on, with the port that it got.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Gives the address for whoever runs it, with the port that it got: metrics, and in development the mailbox.
    #[must_use]
    pub fn internal_address(&self) -> SocketAddr {
        self.server.internal_address()
    }

    /// Gives what its requests share.
    #[cfg(feature = "internals")]
    #[must_use]
    pub fn state(&self) -> &AppState {
        self.server.state()
    }

    /// Takes no more connections, lets requests under way end, for `stop_seconds` at most, and waits for it.
    pub fn stop(self) {
        self.server.stop();
    }

    /// Waits until the process is told to stop, by SIGTERM or SIGINT, and then stops. `ready` is called when a signal
    /// would be noticed: one that comes before would end the process.
    ///
    /// # Errors
    /// If the operating system does not let signals be waited for.
    pub fn run_until_signal(self, ready: impl FnOnce()) -> io::Result<()> {
        self.server.run_until_signal(ready)
    }
}

/// Makes whoever charges cards, from the store and the writer of receipts.
type MakeCharger = Box<dyn FnOnce(&Store, Arc<dyn ReceiptWriter>) -> Arc<dyn CardCharger>>;

/// An issuer before it runs. What is not given here is as the settings say, and time and randomness are the system's.
pub struct AppBuilder {
    config: Config,
    environment: Environment,
    mail: Option<Arc<dyn MailTransport>>,
    charger: Option<MakeCharger>,
}

impl std::fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}

impl AppBuilder {
    /// Takes time and randomness from here.
    #[must_use]
    pub fn environment(self, environment: Environment) -> Self {
        Self { environment, ..self }
    }

    /// Hands mail to this transport, whatever the settings say.
    #[must_use]
    pub fn mail_transport(self, transport: Arc<dyn MailTransport>) -> Self {
        Self { mail: Some(transport), ..self }
    }

    /// Has cards charged by somebody else than the processor of the settings, made when the store is open. The job that
    /// reconciles charges does not run then.
    #[cfg(feature = "internals")]
    #[must_use]
    pub fn charger(
        self,
        make: impl FnOnce(&Store, Arc<dyn ReceiptWriter>) -> Arc<dyn CardCharger> + 'static,
    ) -> Self {
        Self { charger: Some(Box::new(make)), ..self }
    }

    /// Starts the issuer. Returns when it listens.
    ///
    /// # Errors
    /// [`StartError`]; then nothing runs.
    pub fn start(self) -> Result<App, StartError> {
        let Self { config, environment, mail, charger } = self;
        let mut wrong = config.wrong_to_serve();
        if mail.is_some() {
            wrong.retain(|error| !["mail", "mail_from"].contains(&&*error.name));
        }
        if !wrong.is_empty() {
            return Err(ConfigErrors(wrong).into());
        }
        server_key::check(&config)?;
        let templates =
            MailTemplates::load(&config.payment_rules()).map_err(StartError::MailTemplates)?;
        let state = Arc::new(AppState::new(config, environment)?);
        let threads = server::threads()?;
        let services = threads.block_on(Services::open(&state, charger))?;
        // Within the threads: a pool of connections to a mail server wants to be made there.
        let entered = threads.enter();
        let (transport, internal) = match mail {
            Some(transport) => (transport, Routes::new()),
            None => transport_from_config(&state.config)?,
        };
        drop(entered);
        let keys = Arc::clone(&services.keys);
        let readiness = Readiness::new(services.store.clone(), keys, state.environment.clone());
        let public = services.run(&threads, &state, templates, transport);
        let sites = Sites { public, internal, readiness: Some(readiness) };
        Ok(App { server: server::listen(threads, state, sites)? })
    }
}

/// Makes the partitions that the first payments go to. A role that may not make tables serves all the same: rows go to the
/// default partition, and the job tells of it.
async fn make_partitions(store: &Store, now: UnixTime) {
    if let Err(error) = store.make_partitions(now).await {
        tracing::warn!(%error, "the partitions of this month and the next cannot be made");
    }
}

/// Has a new store remember the currency that is set, and refuses to mix two in one store.
async fn check_currency(config: &Config, store: &Store) -> Result<(), StartError> {
    let set = config.currency.as_str();
    let store = store.remember_currency(set).await?;
    if store == set {
        return Ok(());
    }
    Err(StartError::OtherCurrency { store, set: set.to_owned() })
}

/// Gives the mail transport that is set: a server, or, in development, a mailbox with the page `/dev/mailbox`, which is
/// served to whoever runs the service.
fn transport_from_config(config: &Config) -> Result<(Arc<dyn MailTransport>, Routes), StartError> {
    match config.mail() {
        None => Err(ConfigErrors(config.wrong_to_serve()).into()),
        Some(Mail::Smtp(server)) => {
            Ok((Arc::new(SmtpTransport::new(server, config)?), Routes::new()))
        }
        Some(Mail::Mailbox) => {
            let mailbox = Arc::new(Mailbox::default());
            let page = mailbox_page::routes(Arc::clone(&mailbox));
            Ok((mailbox, page))
        }
    }
}

/// Everything that is opened before the service listens.
struct Services {
    /// The id that this process is announced by.
    process: [u8; 16],
    store: Store,
    keys: Arc<Keys>,
    codes: Arc<Codes>,
    accounts: Accounts,
    payments: Payments,
    processor: ProcessorSetup,
    /// Who charges cards, if it is the processor of the settings.
    charger: Option<ProcessorCharger>,
    job_counts: JobCounts,
    mail_counts: MailCounts,
    payment_counts: PaymentCounts,
}

impl Services {
    async fn open(state: &AppState, make_charger: Option<MakeCharger>) -> Result<Self, StartError> {
        let AppState { config, environment, metrics, passwords, .. } = state;
        let Environment { clock, random, .. } = environment;
        let job_counts = JobCounts::new(metrics.registry())?;
        let mail_counts = MailCounts::new(metrics.registry())?;
        let payment_counts = PaymentCounts::new(metrics.registry())?;
        let store = Store::open(&config.store).await?.with_work_counter(metrics.work());
        store.register_pool_counts(metrics.registry())?;
        check_currency(config, &store).await?;
        make_partitions(&store, clock.now()).await;
        let server_key = server_key::find_or_make(config, &store, &**random).await?;
        let mut process = [0; 16];
        random.fill(&mut process).map_err(KeyStoreError::from)?;
        let opened = Keys::open_announced(&store, &server_key, &**random, process, clock.now());
        let keys = Arc::new(opened.await?);
        if let Some(file) = config.checkpoints_file() {
            audit::check_file(&file, &keys)?;
        }
        let codes = Arc::new(Codes::open(&store, &keys, config.scheme(), clock.now()).await?);
        let processor = processor::from_config(config, &**random).await?;
        let counted = CountedProcessor::new(processor.processor, metrics.registry())?;
        let processor = ProcessorSetup { processor: Arc::new(counted), ..processor };
        let receipts: Arc<dyn ReceiptWriter> =
            Arc::new(SealedReceiptWriter::new(Arc::clone(&keys), Arc::clone(random)));
        let (card_charger, charger): (Arc<dyn CardCharger>, _) = if let Some(make) = make_charger {
            (make(&store, receipts), None)
        } else {
            let processor = Arc::clone(&processor.processor);
            let charger =
                ProcessorCharger::new(store.clone(), processor, Arc::clone(clock), receipts);
            (Arc::new(charger.clone()), Some(charger))
        };
        let name = ShopName::new(NAME).map_err(|_| StoreError::Unreadable("the issuer's name"))?;
        let payments = Payments::open(
            store.clone(),
            Arc::clone(&keys),
            environment.clone(),
            config.payment_rules(),
            card_charger,
            name,
            payment_counts.clone(),
        );
        let payments = payments.await?;
        let accounts = Accounts::open(
            store.clone(),
            Arc::clone(&keys),
            Arc::clone(passwords),
            environment.clone(),
            Arc::clone(&codes),
            NAME.to_owned(),
            config,
        );
        let accounts = accounts.await?;
        Ok(Self {
            process,
            store,
            keys,
            codes,
            accounts,
            payments,
            processor,
            charger,
            job_counts,
            mail_counts,
            payment_counts,
        })
    }

    /// Starts the outbox's worker and the jobs; gives the routes of what is served.
    fn run(
        self,
        threads: &Runtime,
        state: &AppState,
        templates: MailTemplates,
        transport: Arc<dyn MailTransport>,
    ) -> Routes {
        let AppState { config, environment, metrics, .. } = state;
        let clock = Arc::clone(&environment.clock);
        let store = self.store.with_work_counter(metrics.work().by("mail"));
        let keys = Arc::clone(&self.keys);
        let counts = self.mail_counts;
        let outbox =
            OutboxWorker { store: store.clone(), keys, templates, transport, clock, counts };
        threads.spawn(outbox.work());
        let jobs = Jobs {
            process: self.process,
            accounts: self.accounts.clone().on(store.clone()),
            store,
            keys: self.keys,
            codes: self.codes,
            environment: environment.clone(),
            checkpoints: config.checkpoints_file(),
            counts: self.job_counts,
            payments: self.payment_counts,
            cursors: std::sync::Mutex::default(),
            processor: Arc::clone(&self.processor.processor),
            charger: self.charger,
        };
        threads.spawn(jobs.work());
        let ProcessorSetup { processor, sandbox } = self.processor;
        handlers::accounts::routes(self.accounts, processor, config.payment_rules().decimals)
            .merge(handlers::tills::routes(self.payments))
            .merge(till::pages())
            .merge(sandbox.map_or_else(Routes::new, card_form::routes))
    }
}
