//! `tegata issuer serve`: runs the service.

use clap::Args;
use serde_json::json;

use tegata_issuer::{App, install_log};

use super::settings::Settings;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port to listen on; port 0 takes a free one. Default: 127.0.0.1:8080.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    #[command(flatten)]
    settings: Settings,
    /// Only check the configuration.
    #[arg(long)]
    check: bool,
}

impl Serve {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let config = self.settings.load(self.listen.map(|listen| ("listen", listen)))?;
        if self.check {
            return output.print("the configuration is valid", &json!({ "result": "right" }));
        }
        install_log(config.log, config.log_level, std::io::stderr);
        let scheme = if config.tls_certificate.is_some() { "https" } else { "http" };
        let service = App::from_config(config)
            .map_err(|error| Failure::cannot("start the service")(&error))?;
        let url = format!("{scheme}://{}", service.address());
        let words = format!("listening on {url}");
        let document = json!({ "url": url });
        let mut printed = Ok(());
        service
            .run_until_signal(|| printed = output.print(&words, &document))
            .map_err(|error| Failure::cannot("wait for signals")(&error))?;
        printed
    }
}
