//! Payments under faults and kills, which prove that none is charged twice or forgotten: issuer/tests/money.

use xshell::{Shell, cmd};

use crate::{progress::step, setup};

/// Makes `payments` payments on each of the two stores, and prints the three sums.
pub(crate) fn run(shell: &Shell, payments: u32) -> anyhow::Result<()> {
    setup::install(shell, &[setup::POSTGRESQL])?;
    step(&format!("{payments} payments on each store, under faults and kills"));
    let _payments = shell.push_env("TEGATA_MONEY_PAYMENTS", payments.to_string());
    let test = "test -p tegata-issuer --test money -- --nocapture --test-threads 1";
    Ok(cmd!(shell, "cargo").args(test.split(' ')).run()?)
}
