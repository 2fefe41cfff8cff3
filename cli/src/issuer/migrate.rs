//! `tegata issuer migrate`: the store's tables, without a service.

use clap::Args;
use serde_json::json;
use tegata_issuer::admin;

use super::settings::{Settings, cannot};
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    settings: Settings,
}

impl Migrate {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let config = self.settings.load()?;
        admin::migrate(&config).map_err(cannot("create the tables"))?;
        output.print("the tables are there", &json!({ "migrated": true }))
    }
}
