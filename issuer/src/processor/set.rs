//! The processor of the settings. The sandbox runs within the service, on this machine's own address, behind a key that is
//! made for this run: nobody else can charge cards there.

use std::sync::Arc;
use std::time::Duration;

use tegata::{Random, RandomUnavailable};
use tegata_sandbox::Sandbox;
use tokio::net::TcpListener;

use super::{Processor, Stripe, StripeError};
use crate::config::{self, Config, SecretSetting};

/// How long a request may take: three of them fit into what a till waits.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);

/// Why no card can be charged with these settings.
#[derive(Debug, thiserror::Error)]
pub enum ProcessorSetupError {
    /// The adapter cannot be made.
    #[error(transparent)]
    Stripe(#[from] StripeError),
    /// The sandbox cannot listen.
    #[error("the sandbox cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    /// There is no key for the sandbox.
    #[error("cannot create a key for the sandbox: {0}")]
    Random(#[from] RandomUnavailable),
    /// No processor is set.
    #[error("processor is missing")]
    NotSet,
    /// A processor is set, and its key is not, which the settings keep from happening.
    #[error("processor_key is missing")]
    NoKey,
}

/// The processor of the settings.
pub(crate) struct ProcessorSetup {
    pub(crate) processor: Arc<dyn Processor>,
    /// The sandbox, if that is what it is.
    pub(crate) sandbox: Option<Sandbox>,
}

/// Sets up the processor of these settings. A sandbox is served from here on, on the threads that this runs on.
pub(crate) async fn from_config(
    config: &Config,
    random: &dyn Random,
) -> Result<ProcessorSetup, ProcessorSetupError> {
    let (stripe, sandbox) = match config.processor().ok_or(ProcessorSetupError::NotSet)? {
        config::Processor::At(base) => {
            let key = config.processor_key.as_ref().ok_or(ProcessorSetupError::NoKey)?;
            (Stripe::new(base, key, REQUEST_TIMEOUT)?, None)
        }
        config::Processor::Sandbox(file) => {
            let mut key = [0; 32];
            random.fill(&mut key)?;
            let key = hex::encode(key);
            let file = file.clone().unwrap_or_else(|| config.sandbox_file());
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let base = format!("http://{}", listener.local_addr()?);
            tracing::info!(ledger = %file.display(), "cards are charged in the sandbox: no money moves");
            let sandbox = Sandbox::with_ledger_file(file, &key);
            tokio::spawn(sandbox.clone().serve(listener));
            (Stripe::new(&base, &SecretSetting::new(&key), REQUEST_TIMEOUT)?, Some(sandbox))
        }
    };
    Ok(ProcessorSetup { processor: Arc::new(stripe), sandbox })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The till's page, which says for how many milliseconds it waits.
    const TILL_PAGE: &str = include_str!("../../till/api.js");

    #[test]
    fn three_requests_fit_into_what_a_till_waits() {
        let (_, after) = TILL_PAGE.split_once("const TIMEOUT = ").unwrap();
        let (till, _) = after.split_once(';').unwrap();
        let till = Duration::from_millis(till.replace('_', "").parse().unwrap());
        assert!(
            3 * REQUEST_TIMEOUT < till,
            "a till that gives up sooner says that nobody is there"
        );
    }
}
