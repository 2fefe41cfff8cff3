//! Load on the issuer over HTTP: the row `payments` of its bench, with options.

use clap::{Args, ValueEnum, value_parser};
use xshell::{Shell, cmd};

use crate::{progress::step, setup};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Store {
    Sqlite,
    Postgres,
}

#[derive(Args)]
pub(crate) struct Load {
    /// Store to measure; both, one after the other, by default.
    #[arg(long, value_enum)]
    store: Option<Store>,
    /// Seconds that each measurement takes.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Number of credentials; 100, 10,000 and 1,000,000 by default.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(100..=10_000_000))]
    credentials: Option<u32>,
}

impl Load {
    pub(crate) fn run(&self, shell: &Shell) -> anyhow::Result<()> {
        setup::install(shell, &[setup::POSTGRESQL])?;
        step("measuring authorisations per second");
        let store = self.store.map(|store| match store {
            Store::Sqlite => "sqlite",
            Store::Postgres => "postgres",
        });
        let _seconds = shell.push_env("TEGATA_LOAD_SECONDS", self.seconds.to_string());
        let _store = store.map(|store| shell.push_env("TEGATA_LOAD_STORE", store));
        let _credentials =
            self.credentials.map(|n| shell.push_env("TEGATA_LOAD_CREDENTIALS", n.to_string()));
        let bench = "bench --quiet -p tegata-issuer --bench issuer -- payments";
        Ok(cmd!(shell, "cargo").args(bench.split(' ')).run()?)
    }
}
