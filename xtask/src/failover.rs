//! Failures of a primary while tills pay, which take too long for every run of the tests: issuer/tests/payments/failover.

use xshell::{Shell, cmd};

use crate::{progress::step, setup};

/// Fails a primary in each way, and prints how long tills had to wait and what was lost.
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    setup::install(shell, &[setup::POSTGRESQL])?;
    step(
        "a PostgreSQL primary fails while tills pay, in each way and with its hosts in both orders",
    );
    let test = "test -p tegata-issuer --test payments -- --include-ignored --nocapture --test-threads 1 failover::";
    Ok(cmd!(shell, "cargo").args(test.split(' ')).run()?)
}
