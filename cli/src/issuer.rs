//! `tegata issuer`: the issuer's service, and what its operator does.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use tegata_issuer::config::{Config, Layers};
use tegata_issuer::{Routes, World, log, serve};

use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service until it is told to stop (SIGTERM or SIGINT). Its log goes to standard error.
    #[command(
        after_help = "What else can be set stands in docs/issuer.md; TEGATA_ISSUER_LISTEN and the like set it, too.\n\n\
                      Example: tegata issuer serve --listen 127.0.0.1:8080 --store sqlite:issuer.sqlite --check"
    )]
    Serve(Serve),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port; port 0 takes a free one. Without it 127.0.0.1:8080.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Where accounts are kept: `sqlite:FILE` or `postgres://USER@HOST/DATABASE`.
    #[arg(long)]
    store: Option<String>,
    /// A file of settings (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only say whether the settings are right.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Serve(serve) => serve.run(output),
    }
}

impl Serve {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let flags = [("listen", self.listen), ("store", self.store)];
        let layers = Layers {
            file: self.config,
            environment: std::env::vars_os().collect(),
            flags: flags.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        };
        let config = Config::load(&layers).map_err(|wrong| Failure::Usage(wrong.to_string()))?;
        if self.check {
            return output.answer("the settings are right", &json!({ "result": "right" }));
        }
        log::install(config.log, config.log_level, std::io::stderr);
        let scheme = if config.tls_certificate.is_some() { "https" } else { "http" };
        let service = serve(config, World::system(), Routes::new())
            .map_err(|error| Failure::to("start the service")(&error))?;
        let url = format!("{scheme}://{}", service.address());
        output.answer(&format!("listening on {url}"), &json!({ "url": url }))?;
        service.run_until_signal().map_err(|error| Failure::to("wait for signals")(&error))
    }
}
