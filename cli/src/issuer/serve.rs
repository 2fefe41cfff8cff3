//! `tegata issuer serve`: runs the service.

use clap::Args;
use serde_json::json;

use tegata_issuer::{App, Config, ConfigErrors, check_start, install_log};

use super::process_protection;
use super::settings::Settings;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port to listen on; port 0 takes a free one. Default: 127.0.0.1:8080.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// For development: mails are shown on a page instead of sent, and cards are charged in a sandbox.
    #[arg(long)]
    development: bool,
    #[command(flatten)]
    settings: Settings,
    /// Only check everything that a start looks at, and report all that is wrong.
    #[arg(long)]
    check: bool,
}

impl Serve {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let listen = self.listen.map(|listen| ("listen", listen));
        let development = self.development.then(|| ("development", "true".to_owned()));
        let layers = self.settings.layers(listen.into_iter().chain(development));
        for name in layers.ignored() {
            eprintln!(
                "tegata: {name} is ignored: Kubernetes sets it for a Service, it is no setting"
            );
        }
        let usage = |wrong: ConfigErrors| Failure::Usage(wrong.to_string());
        if self.check {
            check_start(&layers).map_err(usage)?;
            return output.print("the configuration is valid", &json!({ "result": "right" }));
        }
        let config = Config::load_to_serve(&layers).map_err(usage)?;
        if !config.development {
            process_protection::forbid_core_dumps()?;
        }
        install_log(config.log, config.log_level, std::io::stderr);
        let scheme = if config.tls_certificate.is_some() { "https" } else { "http" };
        let service = App::from_config(config)
            .map_err(|error| Failure::cannot("start the service")(&error))?;
        let url = format!("{scheme}://{}", service.address());
        let internal = format!("http://{}", service.internal_address());
        let words = format!("listening on {url} and internally on {internal}");
        let document = json!({ "url": url, "internal_url": internal });
        let mut printed = Ok(());
        service
            .run_until_signal(|| printed = output.print(&words, &document))
            .map_err(|error| Failure::cannot("wait for signals")(&error))?;
        printed
    }
}
