//! Failures of a primary while tills pay, which take too long for every run of the tests: issuer/tests/payments/failover.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use xshell::Shell;

use crate::{progress::step, setup};

/// Fails a primary in each way, and prints how long tills had to wait and what was lost; last the table of what happens
/// under Patroni.
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    setup::install(shell, &[setup::POSTGRESQL, setup::PATRONI, setup::ETCD, setup::HAPROXY])?;
    step(
        "a PostgreSQL primary fails while tills pay, in each way: a pair of servers, and three nodes under Patroni",
    );
    let test = "test -p tegata-issuer --test payments -- --include-ignored --nocapture --test-threads 1 failover::";
    let mut tests = Command::new("cargo");
    tests.args(test.split(' ')).current_dir(shell.current_dir()).stdout(Stdio::piped());
    let mut tests = tests.spawn()?;
    let mut seen = BTreeSet::new();
    let mut table = Vec::new();
    for line in BufReader::new(tests.stdout.take().context("no output")?).lines() {
        let line = line?;
        println!("{line}");
        // Each test prints the table's head above its own rows.
        if line.starts_with('|') && seen.insert(line.clone()) {
            table.push(line);
        }
    }
    step("under Patroni");
    println!("{}", table.join("\n"));
    anyhow::ensure!(tests.wait()?.success(), "a failover is not survived");
    Ok(())
}
