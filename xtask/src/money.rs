//! The proof that no payment is charged twice and none is forgotten: issuer/tests/money.

use xshell::{Shell, cmd};

use crate::{setup, tree::step};

/// So many payments on each of the two stores; says the three sums.
pub(crate) fn run(shell: &Shell, payments: u32) -> anyhow::Result<()> {
    setup::install(shell, &[setup::POSTGRESQL])?;
    step(&format!("{payments} payments on each store while everything breaks"));
    let _payments = shell.push_env("TEGATA_MONEY_PAYMENTS", payments.to_string());
    let test = "test -p tegata-issuer --test money -- --nocapture --test-threads 1";
    Ok(cmd!(shell, "cargo").args(test.split(' ')).run()?)
}
