//! Prints what the checker finds; `--long` searches longer runs with all controls on.

use std::process::ExitCode;

fn main() -> ExitCode {
    let long = std::env::args().any(|argument| argument == "--long");
    println!("The break-in of 2019:\n\n{}", tegata_model::breach_of_2019());
    println!("Each control switched off:\n\n{}", tegata_model::control_table());
    println!("Each control that keeps the owner in:\n\n{}", tegata_model::owner_table());
    println!("All controls on:\n");
    let report = tegata_model::verify_controls(long, |line| println!("{line}"));
    report.failures.iter().for_each(|line| println!("{line}"));
    println!("{} states in all", report.states);
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
